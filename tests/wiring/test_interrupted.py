"""A copy killed at any moment: the app's own files are as they were or wired, and the same command completes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.detection.projects import Files, below, nextjs, phoenix, umbrella, write
from tests.support.profiles import THOROUGH
from tests.support.template import rendered_files

KILLING = Path(__file__).parent / "killing"
OWN_DOCKERFILE = {"Dockerfile": "FROM scratch\n" * 400, "fly.toml": 'app = "mine"\nkill_timeout = 30\n[env]\nA = "b"\n'}


class Recipe(NamedTuple):
    """A command and the app that it is for."""

    app: Files
    options: tuple[str, ...] = ()
    wired: tuple[str, ...] = ("mix.exs", "lib/shop_web/endpoint.ex")


RECIPES = {
    "phoenix": Recipe(phoenix(), ("-d", "github=true", "-d", "environments=[{name: staging}]")),
    "phoenix-overwrite": Recipe({**phoenix(), **OWN_DOCKERFILE}, ("--overwrite",)),
    "umbrella": Recipe(umbrella(), wired=("mix.exs", "apps/shop_web/lib/shop_web/endpoint.ex")),
    "nextjs": Recipe(nextjs(), wired=("package.json",)),
    "nextjs-overwrite": Recipe(
        {**below("apps/web", nextjs()), **OWN_DOCKERFILE}, ("--overwrite",), ("apps/web/package.json",)
    ),
}
DAILY = ["phoenix", "nextjs-overwrite"]
TREE = dict[str, tuple[bytes, bool]]


def tree(folder: Path) -> TREE:
    """Every file: what it holds and whether it runs."""
    return {path: (file.read_bytes(), os.access(file, os.X_OK)) for path, file in rendered_files(folder).items()}


class Copy:
    """One recipe, its app anew for every run, and what it comes to when nobody interrupts it."""

    def __init__(self, template: Path, folder: Path, recipe: Recipe) -> None:
        self.app, self.recipe, self.moments_file = folder / "shop", recipe, folder / "moments"
        places = [*recipe.options, str(template), str(self.app)]
        self.command = [sys.executable, "-m", "copier", "copy", "--trust", "--defaults", *places]
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(KILLING),
            "TARGET": str(self.app),
            "MOMENTS": str(self.moments_file),
        }
        self.before = self.anew()
        began = time.monotonic()
        assert self.start(0).wait(600) == 0
        self.seconds = time.monotonic() - began
        self.moments = self.moments_file.read_text().splitlines()
        self.complete = tree(self.app)

    def anew(self) -> TREE:
        shutil.rmtree(self.app, ignore_errors=True)
        self.moments_file.unlink(missing_ok=True)
        return tree(write(self.app, self.recipe.app))

    def start(self, kill_at: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            env={**self.environment, "KILL_AT": str(kill_at)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def survived(self, moment: str) -> None:
        """The app's own files are whole, and the same command makes of it what it would have made at once."""
        now = tree(self.app)
        for path, (old, _) in self.before.items():
            allowed = {old, self.complete[path][0]}
            if path not in self.recipe.wired and path in self.recipe.app and self.complete[path][0] != old:
                continue  # a file of the template's in the place of the app's own, which --overwrite gave up
            assert now[path][0] in allowed, f"{path} is neither as it was nor wired: {moment}"
        process = self.start(0)
        assert process.wait(600) == 0, moment
        assert tree(self.app) == self.complete, moment


@pytest.fixture(scope="module", params=RECIPES if THOROUGH else DAILY)
def copy(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    yield Copy(template, tmp_path_factory.mktemp("killed"), RECIPES[request.param])


def chosen(moments: list[str], wired: tuple[str, ...]) -> list[int]:
    """Which moments to kill at, from 1: one of each kind that matters, in the thorough profile forty more."""

    def nth(step: str, path: str = "") -> int:
        return next(number for number, moment in enumerate(moments, 1) if moment.startswith(step) and path in moment)

    spread = range(1, len(moments) + 1, len(moments) // 40) if THOROUGH else []
    return [
        *spread,
        nth("empty", "Dockerfile"),
        nth("half", "ops/"),
        nth("whole", "ops/"),
        nth("half", ".copier-answers.yml"),
        nth("before replace", wired[0]),
        nth("after replace", wired[0]),
    ]


def test_killed_within_a_step(copy: Copy) -> None:
    assert {step.split()[0] for step in copy.moments} >= {"open", "empty", "half", "whole", "before", "after"}
    for number in chosen(copy.moments, copy.recipe.wired):
        copy.anew()
        assert copy.start(number).wait(600) == -signal.SIGKILL
        copy.survived(copy.moments[number - 1])


def spread(copy: Copy, kills: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What to wait for before each kill: times over the whole run, and more densely once files are written."""
    for number in range(kills):
        pause = copy.seconds * (number + 0.5) / kills
        yield f"after {pause:.2f} s", lambda pause=pause: time.sleep(pause)

    def written(pause: float) -> None:
        deadline = time.monotonic() + 600
        while not copy.moments_file.exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(pause)

    for number in range(kills):
        pause = 0.4 * copy.seconds * number / kills
        yield f"{pause:.3f} s into writing", lambda pause=pause: written(pause)


def test_killed_by_the_clock(copy: Copy) -> None:
    for moment, wait in spread(copy, 20 if THOROUGH else 2):
        copy.anew()
        process = copy.start(0)
        wait()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(600)
        copy.survived(moment)
