"""A rendered project in a git repository of its own, an empty account on Fly, and a way to run a script on both."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_fly import RecordingFly
from tests.support.template import render as render_template

SHELLS = [
    pytest.param(("dash",), id="dash"),
    pytest.param(("busybox", "sh"), id="busybox", marks=pytest.mark.needs("busybox")),
]

ANSWERS: dict[str, Any] = {
    "stack": "phoenix",
    "app_name": "shop",
    "app_module": "Shop",
    "web_module": "ShopWeb",
    "fly_app": "shop",
    "database": "fly_managed",
    "github": True,
    "environments": [{"name": "staging", "region": "fra"}],
}


@dataclass
class Project:
    """A project, its account, and where its machines answer."""

    folder: Path
    fly: RecordingFly
    address: str
    shell: tuple[str, ...] = ("sh",)

    def run(self, script: str, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run one of its scripts without a terminal."""
        done = subprocess.run(
            [*self.shell, f"ops/{script}", *words],
            cwd=self.folder,
            env=self.fly.env(APP_URL=self.address, **env),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert self.fly.refused() == []
        return done

    def revision(self) -> str:
        """The commit that is checked out."""
        return _git(self.folder, "rev-parse", "HEAD").strip()

    def required_secrets(self) -> list[str]:
        """The names of the secrets that production needs."""
        script = "environment=production; . ops/settings.sh; required_secrets | cut -f 1"
        done = subprocess.run(["sh", "-c", script], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.split()

    def commit(self, file: str, text: str) -> str:
        """Write a file, commit it, and return the revision."""
        (self.folder / file).write_text(text)
        _git(self.folder, "add", file)
        _git(self.folder, "commit", "-qm", f"Write {file}")
        return self.revision()


def set_up(project: Project) -> None:
    """Give the account what ops/setup made of the project of ANSWERS; other tests show that it does."""
    if not _ACCOUNTS:
        assert project.run("setup", "--yes").returncode == 0
        _ACCOUNTS.append(project.fly.state())
    project.fly.update(lambda state: state.update(copy.deepcopy(_ACCOUNTS[0])))
    project.fly.forget()


_ACCOUNTS: list[dict[str, Any]] = []


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def make_tree(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Render answers into a git repository; the same answers are rendered once."""
    made: dict[str, Path] = {}

    def make(answers: dict[str, Any]) -> Path:
        key = repr(sorted(answers.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("tree") / "project"
            render_template(template, folder, answers)
            _git(folder, "init", "-q", "-b", "main")
            _git(folder, "add", "-A")
            _git(folder, "commit", "-qm", "Start")
            made[key] = folder
        return made[key]

    return make


@pytest.fixture
def make_project(make_tree: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """A project of its own for one test, with the answers of ANSWERS or others."""
    fly = RecordingFly.install(tmp_path / "fly")
    with fly.web() as address:

        def make(shell: tuple[str, ...] = ("sh",), **answers: Any) -> Project:
            folder = tmp_path / "project"
            shutil.copytree(make_tree(ANSWERS | answers), folder, symlinks=True)
            return Project(folder, fly, address, shell)

        yield make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """The project of ANSWERS."""
    return make_project()
