"""Runs commands in turn and keeps what each took."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """A command to be measured: its words, its folder, what makes all ready before each time."""

    command: list[str]
    folder: Path
    prepare: Callable[[], None] = lambda: None


@dataclass
class Figure:
    """What one subject took: `samples` by what was measured ("wall", "cpu", in `unit`)."""

    name: str
    unit: str = "s"
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, what: str, value: float) -> None:
        """Keep one more sample."""
        self.samples.setdefault(what, []).append(value)

    def median(self, what: str) -> float:
        """The median of the samples, in `unit`."""
        return statistics.median(self.samples[what])


@dataclass(frozen=True)
class Target:
    """What a figure should be at most: an amount in its unit, or so many times that of another figure."""

    figure: str
    what: str
    limit: float
    times: str | None = None

    def judge(self, figures: Mapping[str, Figure]) -> tuple[float, bool]:
        """The figure's median, or its ratio to the other one's, and whether that is within the limit."""
        value = figures[self.figure].median(self.what)
        if self.times:
            value /= figures[self.times].median(self.what)
        return value, value <= self.limit

    def __str__(self) -> str:
        """Say the target in words."""
        return f"{self.figure}, {self.what}: at most {self.limit:g} {f'times {self.times}' if self.times else 's'}"


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
