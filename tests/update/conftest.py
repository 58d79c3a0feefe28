"""A template with a history, and projects made of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import template as template_support
from tests.update import history
from tests.update.history import NEWEST, git


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with every version of the template, see `history`."""
    return history.make(tmp_path_factory.mktemp("releases") / "template")


class Project:
    """A user's repository with the deployment in it."""

    def __init__(self, folder: Path, template: Path, answers: Mapping[str, Any], version: str) -> None:
        self.folder, self.template = folder, template
        template_support.render(template, folder, answers, vcs_ref=version, skip_tasks=True)
        if not any((parent / ".git").exists() for parent in folder.parents):
            git("init", "-q", "-b", "main", cwd=folder)
        self.commit("The deployment")

    def commit(self, message: str) -> None:
        git("add", "--all", cwd=self.folder)
        git("commit", "-q", "--allow-empty", "-m", message, cwd=self.folder)

    @property
    def answers(self) -> dict[str, Any]:
        """What the answers file holds."""
        return yaml.safe_load((self.folder / ".copier-answers.yml").read_text())

    @property
    def files(self) -> dict[str, bytes]:
        """Every file by its path, the answers without the version they were given to."""
        found = template_support.rendered_files(self.folder)
        return {
            path: b"".join(line for line in file.read_bytes().splitlines(True) if not line.startswith(b"_commit: "))
            for path, file in found.items()
        }

    def edit(self, mark: str = "# edited by its owner") -> dict[str, bytes]:
        """Add a line behind the first one of every file but the answers, and commit; the files before that."""
        before = self.files
        for path in before:
            if path != ".copier-answers.yml":
                self.edit_file(path, mark)
        self.commit("Edits")
        return before

    def edit_file(self, path: str, mark: str = "# edited by its owner") -> None:
        file = self.folder / path
        first, newline, rest = file.read_text().partition("\n")
        file.write_text(f"{first}{newline}{mark}\n{rest}")

    def update(self, version: str = NEWEST, **answers: Any) -> None:
        """Run `copier update --defaults --skip-answered`, to a version, with these answers changed."""
        template_support.update(self.folder, version, answers)

    @property
    def dropped(self) -> set[str]:
        """The files of the last commit that are no longer there."""
        return set(git("diff", "--name-only", "--diff-filter=D", "HEAD", cwd=self.folder).split("\n")) - {""}

    @property
    def in_conflict(self) -> set[str]:
        """The files that git says are in conflict."""
        lines = git("ls-files", "-u", cwd=self.folder).splitlines()
        return {line.split("\t", 1)[1] for line in lines}


@pytest.fixture
def project(releases: Path, tmp_path: Path) -> Callable[..., Project]:
    """Make a project of answers and a version of the template."""

    def make(answers: Mapping[str, Any], version: str = NEWEST) -> Project:
        shutil.rmtree(tmp_path / "project", ignore_errors=True)
        return Project(tmp_path / "project", releases, answers, version)

    return make


@pytest.fixture
def fresh(releases: Path, tmp_path: Path) -> Callable[[Mapping[str, Any]], dict[str, bytes]]:
    """What the newest version makes of answers where nothing was before."""

    def files(answers: Mapping[str, Any]) -> dict[str, bytes]:
        folder = tmp_path / "fresh"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return Project(folder, releases, answers, NEWEST).files

    return files
