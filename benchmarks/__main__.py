"""Measures and prints a table.

    uv run python -m benchmarks [SUBJECT…] [--output FOLDER] [--rounds N]

With --output it also writes FOLDER/SUBJECT.json: every sample, and how the targets were met. A subject is a module
here with TARGETS and `measure(scratch, rounds)`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from benchmarks import copying
from benchmarks.measuring import Figure

SUBJECTS: dict[str, ModuleType] = {"copying": copying}


def main() -> None:
    """Measure the subjects named on the command line, all without one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"one of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="also write the samples there, as JSON")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each is measured (5)")
    options = parser.parse_args()
    if unknown := set(options.subjects) - SUBJECTS.keys():
        parser.error(f"there is no subject {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}")
    for name in options.subjects or SUBJECTS:
        subject = SUBJECTS[name]
        with tempfile.TemporaryDirectory() as scratch:
            figures = subject.measure(Path(scratch), options.rounds)
        show(figures, subject)
        if options.output:
            write(options.output / f"{name}.json", figures, subject)


def show(figures: Mapping[str, Figure], subject: ModuleType) -> None:
    """Print medians with the range of the samples, then the targets."""
    width = max(map(len, figures))
    for figure in figures.values():
        for what, samples in figure.samples.items():
            low, middle, high = min(samples), figure.median(what), max(samples)
            print(f"{figure.name:{width}}  {what:4}  {middle:8.2f} {figure.unit}  ({low:.2f} to {high:.2f})")
    for target in subject.TARGETS:
        value, met = target.judge(figures)
        print(f"{'met' if met else 'NOT MET':8} {target} ({value:.2f})")


def write(file: Path, figures: Mapping[str, Figure], subject: ModuleType) -> None:
    """Write samples, targets, and what machine it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    judged = {str(target): target.judge(figures) for target in subject.TARGETS}
    content = {
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "figures": {figure.name: {"unit": figure.unit, **figure.samples} for figure in figures.values()},
        "targets": {name: {"value": round(value, 3), "met": met} for name, (value, met) in judged.items()},
    }
    file.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
