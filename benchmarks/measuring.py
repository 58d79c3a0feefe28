"""What was measured: samples, medians, and what they should be at most."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

_Thing = TypeVar("_Thing")


_UNITS = {"image": "MB", "shipped": "MB", "memory": "MiB", "lines": "lines", "request": "ms"}


def unit(what: str) -> str:
    """The unit of a measure by a word of its name: MB of images and what is shipped, MiB of memory, else seconds."""
    return next((_UNITS[word] for word in what.split() if word in _UNITS), "s")


@dataclass
class Figure:
    """What one of the compared things took: samples by what was measured, such as "cold cpu" or "boot"."""

    name: str
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, value: float) -> None:
        """Keep one more sample, in `unit(what)`."""
        self.samples.setdefault(what, []).append(value)

    def median(self, what: str) -> float | None:
        """The median of the samples; None where it was not measured."""
        return statistics.median(self.samples[what]) if self.samples.get(what) else None


@dataclass(frozen=True)
class Target:
    """What a figure should be at most: an amount, or so many times the best of other figures."""

    figure: str
    what: str
    limit: float
    times: tuple[str, ...] = ()

    def judge(self, figures: Mapping[str, Figure]) -> float | None:
        """The figure's median, or its ratio to the smallest of the others'; None where one of the two is missing."""
        value = figures[self.figure].median(self.what) if self.figure in figures else None
        if not self.times or value is None:
            return value
        others = [found for name in self.times if name in figures and (found := figures[name].median(self.what))]
        return value / min(others) if others else None

    def __str__(self) -> str:
        """Say the target in words."""
        to = f"times {' or '.join(self.times)}" if self.times else unit(self.what)
        return f"{self.figure}, {self.what}: at most {self.limit:g} {to}"


@dataclass
class Result:
    """All that one subject found out, with what has to be known to read it."""

    figures: dict[str, Figure]
    targets: list[Target]
    notes: list[str] = field(default_factory=list)


def in_turn(number: int, compared: Sequence[_Thing]) -> list[_Thing]:
    """The compared things in the order of one round: another one begins each, so that being first is nobody's fate."""
    return [*compared[number % len(compared) :], *compared[: number % len(compared)]]


@dataclass(frozen=True)
class Run:
    """A command to be measured: its words, its folder, what makes all ready before each time."""

    command: list[str]
    folder: Path
    prepare: Callable[[], None] = lambda: None


def interleaved(runs: Mapping[str, Run], rounds: int) -> dict[str, Figure]:
    """Run all of them in turn, `rounds` times, so that a slow minute of the machine is slow for each.

    Returns wall and CPU seconds (user and system, of the command and all it starts) by the runs' names. A first
    round only warms caches. Raises subprocess.CalledProcessError when a command fails.
    """
    figures = {name: Figure(name) for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            run.prepare()
            cpu, wall = _cpu(), time.perf_counter()
            subprocess.run(run.command, cwd=run.folder, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            wall, cpu = time.perf_counter() - wall, _cpu() - cpu
            if number:
                figures[name].add("wall", wall)
                figures[name].add("cpu", cpu)
    return figures


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
