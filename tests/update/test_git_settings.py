"""What an update merges does not depend on the git settings of whoever runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.template import REPO, example
from tests.update import history
from tests.update.conftest import Project

ANSWERS = example("phoenix_managed") | {"github": False, "deploy_on": "manual"}
FILE = "docs/fly/deploy.md"

UNFRIENDLY = {
    "hidden untracked files": {"status.showUntrackedFiles": "no"},
    "whitespace as an error": {"apply.whitespace": "error"},
    "whitespace fixed": {"apply.whitespace": "fix"},
    "three sections": {"merge.conflictStyle": "diff3"},
    "all untracked files": {"status.showUntrackedFiles": "all"},
}


def next_version(template: Path, folder: Path) -> Path:
    """A template whose newest version changes the second line of FILE."""
    subprocess.run(["git", "clone", "-q", str(template), str(folder)], check=True)
    (source,) = folder.glob("template/*docs(layers.scripts)*/deploy.md.jinja")
    first, second, rest = source.read_text().split("\n", 2)
    source.write_text(f"{first}\n{second}The new version says this.\n{rest}")
    history.release(folder, "v1000.0.0")
    return folder


def update(project: Project, settings: dict[str, str], tmp_path: Path) -> str:
    """Run `copier update` as a person whose git has these settings; what it says."""
    config = tmp_path / "gitconfig"
    for key, value in settings.items():
        subprocess.run(["git", "config", "--file", str(config), key, value], check=True)
    command = [sys.executable, "-m", "copier", "update", "--trust", "--defaults", "--vcs-ref", "v1000.0.0"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def versions(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next_version(releases, tmp_path_factory.mktemp("next") / "template")


@pytest.fixture
def made(versions: Path, tmp_path: Path) -> Callable[[], Project]:
    return lambda: Project(tmp_path / "project", versions, ANSWERS, history.NEWEST)


@pytest.mark.parametrize("settings", UNFRIENDLY.values(), ids=UNFRIENDLY)
def test_an_edit_is_merged_or_shown_whatever_git_is_set_to(
    made: Callable[[], Project], tmp_path: Path, settings: dict[str, str]
) -> None:
    project = made()
    deploy = project.folder / FILE
    first, _, rest = deploy.read_text().split("\n", 2)
    # The same line as the new version's, and, far below, one that ends in blanks.
    deploy.write_text(f"{first}\nThe owner says that.\n{rest}Ends in blanks:  \n")
    project.commit("Edits")
    said = update(project, settings, tmp_path)
    text = deploy.read_text()
    assert text.endswith("Ends in blanks:  \n")
    assert "The owner says that." in text
    assert "The new version says this." in text
    assert project.in_conflict == {FILE}
    assert text.count("\n=======\n") == 1
    assert "|||||||" not in text
    assert FILE in said
    assert list(project.folder.rglob("*.rej")) == []


def test_a_rejected_hunk_that_copier_left_is_found_on_disk(tmp_path: Path) -> None:
    """Also an ignored one: the message never says that all is merged beside it."""
    history.git("init", "-q", cwd=tmp_path)
    (tmp_path / ".git/info/exclude").write_text("*.rej\n")
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/logs.rej").write_text("a hunk\n")
    task = [sys.executable, str(REPO / "tasks/update.py")]
    said = subprocess.run(task, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "Not merged" in said
    assert "  ops/logs.rej\n" in said
