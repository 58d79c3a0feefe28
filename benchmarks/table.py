"""Figures as a table of Markdown, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measuring import Figure, Result, unit

TITLES = {
    "dockerfile lines": "Dockerfile, lines without blanks and comments",
    "image unpacked": "image, unpacked",
    "image compressed": "image, compressed",
    "cold cpu": "cold build, CPU",
    "cold wall": "cold build, wall",
    "line cpu": "one line of source, CPU",
    "line wall": "one line of source, wall",
    "line shipped": "one line of source, compressed bytes that are new",
    "asset cpu": "one asset, CPU",
    "asset wall": "one asset, wall",
    "setting cpu": "one setting, CPU",
    "setting wall": "one setting, wall",
    "dependency cpu": "one new dependency, CPU",
    "dependency wall": "one new dependency, wall",
    "dependency shipped": "one new dependency, compressed bytes that are new",
    "boot": "boot to first 200",
    "memory after boot": "memory after boot",
    "memory after requests": "memory after 1,000 requests",
    "stop": "stop",
    "request": "a request that the checks let pass",
    "wall": "wall",
    "cpu": "CPU",
}
"""What is measured, in the order of the table."""


def amount(value: float, what: str) -> str:
    """A figure with its unit, to as many digits as it is good for."""
    kind = unit(what)
    exact = kind in ("s", "ms") or what.endswith("shipped")
    digits = 0 if not exact or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {kind}"


def markdown(subject: Mapping[str, Any]) -> str:
    """One subject of `as_json` as a table: a row for each measure, a column for each that was measured.

    Below a figure of another one stands nothing; beside ours, its ratio to the best of those it is compared with.
    """
    names = list(subject["figures"])
    limits = {(target["figure"], target["what"]): target for target in subject["targets"] if target["times"]}
    lines = [f"| | {' | '.join(names)} |", f"| --- {'| --- ' * len(names)}|"]
    for what, title in TITLES.items():
        medians = [subject["figures"][name].get(what, {}).get("median") for name in names]
        if all(median is None for median in medians):
            continue
        cells = []
        for name, median in zip(names, medians, strict=True):
            cell = "-" if median is None else amount(median, what)
            target = limits.get((name, what))
            if target and target["value"] is not None:
                cell += f" ({target['value']:.2f}, at most {target['limit']:g})"
            cells.append(cell)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(result: Result, **about: Any) -> dict[str, Any]:
    """Everything about one subject: `about` it, samples and medians by name and measure, targets with their values."""
    rounds = max(len(samples) for figure in result.figures.values() for samples in figure.samples.values())
    return {
        **about,
        "rounds": rounds,
        "notes": result.notes,
        "figures": {name: _measures(figure) for name, figure in result.figures.items()},
        "targets": [
            {
                "figure": target.figure,
                "what": target.what,
                "limit": target.limit,
                "times": list(target.times),
                "value": None if (value := target.judge(result.figures)) is None else round(value, 3),
                "met": value is not None and value <= target.limit,
            }
            for target in result.targets
        ],
    }


def _measures(figure: Figure) -> dict[str, Any]:
    return {
        what: {"unit": unit(what), "median": _rounded(figure.median(what)), "samples": _rounded_all(samples)}
        for what, samples in figure.samples.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _rounded_all(values: Sequence[float]) -> list[float]:
    return [round(value, 3) for value in values]
