"""tools/release tags what is ready, and refuses the rest with what to do.

A recording stub stands in for uv, as the tests that it runs take minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.template import REPO

CHANGELOG = "# Changes\n\n## 0.2.0 (2026-11-21)\n\n- Better.\n# not a comment\n\n## 0.1.0 (2026-10-01)\n\n- First.\n"
UV = '#!/bin/sh\necho "$*" >>"$0.calls"\nexit "$(cat "$0.exit" 2>/dev/null || echo 0)"\n'


class Repository:
    """A clone that is ready for version 0.2.0."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.uv = folder / "clone", folder / "programs" / "uv"
        self.uv.parent.mkdir()
        self.uv.write_text(UV)
        self.uv.chmod(0o755)
        (self.folder / "tools").mkdir(parents=True)
        shutil.copy(REPO / "tools/release", self.folder / "tools")
        self.git("init", "-q", "-b", "main")
        self.write("CHANGELOG.md", CHANGELOG)
        self.git("tag", "v0.1.0")
        self.write("pyproject.toml", '[project]\nname = "copier-fly"\nversion = "0.2.0"\n')

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text)
        self.git("add", "--all")
        self.git("commit", "-qm", f"Write {file}")

    def release(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "tools/release", *words],
            cwd=self.folder.parent,
            env={**os.environ, "PATH": f"{self.uv.parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def tested(self) -> list[str]:
        """What uv was asked for."""
        calls = self.uv.with_name("uv.calls")
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def tags(self) -> list[str]:
        return self.git("tag").split()


@pytest.fixture
def ready(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_what_is_ready_is_tagged_with_its_changes(ready: Repository) -> None:
    done = ready.release("0.2.0")
    assert done.returncode == 0, done.stderr
    assert ready.tested == ["run pytest tests/update tests/policy"]
    assert ready.git("cat-file", "-t", "v0.2.0") == "tag"
    assert ready.git("tag", "--list", "--format=%(contents)", "v0.2.0") == "- Better.\n# not a comment"
    assert ready.git("rev-parse", "v0.2.0^{commit}") == ready.git("rev-parse", "HEAD")
    assert done.stdout.endswith("To publish it: git push --atomic origin main v0.2.0\n")


def test_a_dry_run_tests_and_tags_nothing(ready: Repository) -> None:
    done = ready.release("--dry-run", "0.2.0")
    assert done.returncode == 0
    assert ready.tested
    assert ready.tags == ["v0.1.0"]


def branch_off(ready: Repository) -> None:
    ready.git("switch", "-q", "-c", "work")


REFUSED = {
    "another-branch": (branch_off, "work is checked out; type: git switch main"),
    "no-branch": (lambda ready: ready.git("switch", "-q", "--detach"), "no branch is checked out"),
    "uncommitted": (lambda ready: (ready.folder / "new").touch(), "something is not committed; see: git status"),
    "tag-exists": (lambda ready: ready.git("tag", "v0.2.0"), "v0.2.0 exists, and a tag is never moved"),
    "lower": (lambda ready: ready.git("tag", "v0.10.0"), "0.2.0 is not above the last release, v0.10.0"),
    "unreleased": (
        lambda ready: ready.write("CHANGELOG.md", CHANGELOG.replace("2026-11-21", "unreleased")),
        'CHANGELOG.md begins with "0.2.0 (unreleased)"; let its first heading be: ## 0.2.0 (',
    ),
    "another-version": (
        lambda ready: ready.write("CHANGELOG.md", CHANGELOG.replace("0.2.0", "0.20.0")),
        'CHANGELOG.md begins with "0.20.0 (2026-11-21)"',
    ),
    "no-changes": (lambda ready: ready.write("CHANGELOG.md", "# Changes\n"), 'CHANGELOG.md begins with ""'),
    "pyproject": (
        lambda ready: ready.write("pyproject.toml", 'version = "0.1.0"\n'),
        'pyproject.toml has version = "0.1.0"; let it be: version = "0.2.0"',
    ),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_ready_is_refused_before_the_tests(ready: Repository, change: object, sentence: str) -> None:
    assert callable(change)
    change(ready)
    before = ready.tags
    done = ready.release("0.2.0")
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith(f"release: {sentence}")], done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ready.tested == []
    assert ready.tags == before


def test_everything_that_is_missing_is_said_at_once(ready: Repository) -> None:
    branch_off(ready)
    assert len(ready.release("0.3.0").stderr.splitlines()) == 3


def test_nothing_is_tagged_when_a_test_fails(ready: Repository) -> None:
    ready.uv.with_name("uv.exit").write_text("1")
    done = ready.release("0.2.0")
    assert done.returncode == 1
    assert "v0.2.0 is not made" in done.stderr
    assert ready.tags == ["v0.1.0"]


@pytest.mark.parametrize("words", [[], ["v0.2.0"], ["0.2"], ["0.2.0-rc1"], ["01.2.0"], ["0.2.0", "0.3.0"], ["--force"]])
def test_wrong_use(ready: Repository, words: list[str]) -> None:
    assert ready.release(*words).returncode == 2
    assert ready.tags == ["v0.1.0"]


def test_the_first_release_has_none_below_it(ready: Repository) -> None:
    ready.git("tag", "--delete", "v0.1.0")
    assert ready.release("0.2.0").returncode == 0
