"""Measures and prints a table.

    uv run python -m benchmarks [SUBJECT…] [-n ROUNDS] [--output FOLDER]

With --output it also writes FOLDER/benchmarks.json, every sample with the machine's load, and draws
FOLDER/pictures/benchmarks.svg; what was not measured keeps the figures it had there. A subject is a module here with
`options(parser)` and `measure(scratch, rounds, options)`, which yields a result after each round or at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import copying, nextjs, phoenix, plot, table

DOCS = Path(__file__).resolve().parents[1] / "docs"
SUBJECTS: dict[str, ModuleType] = {"phoenix": phoenix, "nextjs": nextjs, "copying": copying}


def main() -> None:
    """Measure the subjects named on the command line, all without one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"one of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("-n", "--rounds", type=int, default=5, metavar="N", help="how often each is measured (5)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where to write benchmarks.json and the picture")
    parser.add_argument("--memory", default="512m", metavar="SIZE", help="of the machine that an image runs on (512m)")
    for subject in SUBJECTS.values():
        subject.options(parser)
    options = parser.parse_args()
    if unknown := set(options.subjects) - SUBJECTS.keys():
        parser.error(f"there is no subject {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}")
    recorded = read((options.output or DOCS) / "benchmarks.json")
    measured: dict[str, Any] = {}
    for name in options.subjects or SUBJECTS:
        found = None
        for found in measure(name, options):
            measured[name] = found
            # At once: what comes may take long, or fail.
            if options.output:
                write(options.output, recorded | measured)
        show(name, found or recorded.get(name), fresh=bool(found))


def measure(name: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One subject as `table.as_json` has it, after each round; nothing when this machine cannot measure it."""
    before, now = os.getloadavg()[0], datetime.now(UTC)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for result in SUBJECTS[name].measure(Path(scratch), options.rounds, options):
                load = [round(before, 2), round(os.getloadavg()[0], 2)]
                yield table.as_json(result, date=f"{now:%Y-%m-%d}", load=load, cpus=os.cpu_count())
        except phoenix.NotHereError as reason:
            print(f"{name} is not measured: {reason}")


def show(name: str, subject: dict[str, Any] | None, fresh: bool) -> None:
    """Print the table of a subject, its notes and its targets; with its date, when the figures are not of this run."""
    if subject is None:
        print(f"{name}: no figures are recorded\n")
        return
    origin = "measured now" if fresh else f"RECORDED on {subject['date']}, not measured now"
    load = " to ".join(map(str, subject["load"]))
    print(f"\n{name}: {origin}; medians of {subject['rounds']}; load average {load} on {subject['cpus']} cores\n")
    print(table.markdown(subject))
    print("".join(f"\n{note}" for note in subject["notes"]))
    for target in subject["targets"]:
        verdict = "unknown" if target["value"] is None else "met" if target["met"] else "NOT MET"
        to = f" times {' or '.join(target['times'])}" if target["times"] else ""
        value = f" ({target['value']:.2f})" if target["value"] is not None else ""
        print(f"{verdict:8} {target['figure']}, {target['what']}: at most {target['limit']:g}{to}{value}")


def read(file: Path) -> dict[str, Any]:
    """The figures recorded in a file, by subject; {} when there is none."""
    return json.loads(file.read_text()) if file.exists() else {}


def write(folder: Path, subjects: dict[str, Any]) -> None:
    """Write the figures and the picture of them."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    ordered = {name: subjects[name] for name in SUBJECTS if name in subjects}
    (folder / "benchmarks.json").write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    (folder / "pictures/benchmarks.svg").write_text(picture(ordered))


def picture(subjects: dict[str, Any]) -> str:
    """Draw the images that are in the figures."""
    panels = [("phoenix", "A Phoenix app", (phoenix.OFFICIAL,)), ("nextjs", "A Next.js app", nextjs.PEERS)]
    return plot.svg([(title, subjects[name], others) for name, title, others in panels if name in subjects])


if __name__ == "__main__":
    main()
