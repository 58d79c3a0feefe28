"""fly-scaffold-update.yml with a real copier on a template of two versions, and a `gh` that keeps what it is told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.delivery.runner import Runner
from tests.support import template as template_support
from tests.update.history import git, release

ANSWERS = {
    "stack": "phoenix",
    "app_name": "shop",
    "app_module": "Shop",
    "web_module": "ShopWeb",
    "fly_app": "shop",
    "database": "none",
    "github": True,
    "template_updates": True,
}
LOGS = "# Shows what the app writes, as it writes it."

# Stands for `uvx --from copier==…`: the copier of this environment, when that is the version asked for.
UVX = """#!{python}
import importlib.metadata, subprocess, sys
words = sys.argv[1:]
while words[0] in ("--from", "--with"):
    package, version = words[1].split("==")
    assert importlib.metadata.version(package) == version, words[1]
    words = words[2:]
assert words.pop(0) == "copier"
sys.exit(subprocess.run([sys.executable, "-m", "copier", *words]).returncode)
"""

# Stands for GitHub's gh: remembers what it was told, and finds what it made.
GH = """#!/bin/sh
set -eu
cd "{folder}"
printf '%s\\n' "$*" >>calls
case "$1 $2" in
  "pr list" | "issue list") grep -c "^$1 create" calls || : ;;
  "pr create" | "issue create") shift $(($# - 1)) && cp "$1" body ;;
esac
"""


@pytest.fixture(scope="module")
def releases(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as v1.0.0, and a v2.0.0 that edits ops/logs and no longer has docs/fly/costs.md."""
    folder = tmp_path_factory.mktemp("releases") / "template"
    shutil.copytree(template, folder)
    git("init", "-q", "-b", "main", cwd=folder)
    release(folder, "v1.0.0")
    logs = folder / "template/{{ ops(layers.scripts) }}/logs"
    logs.write_text(logs.read_text().replace(LOGS, "# Follows the app's logs."))
    (folder / "template/{{ docs(layers.scripts) }}/costs.md.jinja").unlink()
    release(folder, "v2.0.0")
    return folder


@dataclass
class Repository:
    """A user's repository, the one it was cloned from, and the stand-ins."""

    folder: Path
    origin: Path
    github: Path

    def run(self, token: str = "") -> Runner:
        """A run of the workflow, with a secret SCAFFOLD_TOKEN or without."""
        path = f"{self.github}:{os.environ['PATH']}"
        context = {
            "secrets.SCAFFOLD_TOKEN": token,
            "github.token": "its own",
            "github.repository": "me/shop",
        }
        return Runner(
            self.folder, "fly-scaffold-update.yml", lambda **env: {**os.environ, "PATH": path, **env}, **context
        )

    def told(self) -> list[str]:
        """What gh was told to do, without its looking around."""
        calls = self.github / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if " list " not in line]

    def body(self) -> str:
        """The text of the last issue or pull request."""
        return (self.github / "body").read_text()

    def branches(self) -> list[str]:
        """What is on the server."""
        return git("branch", "--format=%(refname:short)", cwd=self.origin).split()


@pytest.fixture
def repository(releases: Path, tmp_path: Path) -> Callable[..., Repository]:
    """Make a repository of a version of the template, with or without an edit where v2.0.0 has one."""

    def make(version: str = "v1.0.0", *, edited: bool = False, answers_file: str = ".copier-answers.yml") -> Repository:
        folder, origin, github = (tmp_path / name for name in ("project", "origin", "github"))
        template_support.render(releases, folder, ANSWERS, vcs_ref=version, skip_tasks=True, answers_file=answers_file)
        if edited:
            logs = folder / "ops/logs"
            logs.write_text(logs.read_text().replace(LOGS, "# Shows the logs of our shop."))
        if answers_file != ".copier-answers.yml":
            (folder / ".copier-answers.yml").write_text("_src_path: gh:somebody/else\n_commit: v1.0.0\n")
        git("init", "-q", "-b", "main", cwd=folder)
        git("add", "--all", cwd=folder)
        git("commit", "-qm", "Start", cwd=folder)
        git("clone", "-q", "--bare", str(folder), str(origin), cwd=tmp_path)
        git("remote", "add", "origin", str(origin), cwd=folder)
        github.mkdir()
        for name, text in (("uvx", UVX.format(python=sys.executable)), ("gh", GH.format(folder=github))):
            (github / name).write_text(text)
            (github / name).chmod(0o755)
        return Repository(folder, origin, github)

    return make


def test_nothing_happens_without_a_newer_version(repository: Callable[..., Repository]) -> None:
    newest = repository("v2.0.0")
    run = newest.run(token="a token")
    assert run.run("check"), run.said
    assert run.ran == ["Look for a newer version"]
    assert newest.told() == []


@pytest.mark.needs("jq")
def test_a_clean_update_becomes_a_branch_and_a_pull_request_once(repository: Callable[..., Repository]) -> None:
    old = repository()
    # What a run left that ended half-way: a branch of another history, and no pull request.
    git("commit", "--allow-empty", "-qm", "Half-way", cwd=old.folder)
    git("push", "-q", "origin", "HEAD:fly-scaffold-update-2.0.0", cwd=old.folder)
    git("reset", "-q", "--hard", "HEAD^", cwd=old.folder)
    run = old.run(token="a token")
    assert run.run("check"), run.said
    assert run.ran[-1] == "Open a pull request"
    assert old.branches() == ["fly-scaffold-update-2.0.0", "main"]
    changed = git("diff", "--name-status", "main", "fly-scaffold-update-2.0.0", cwd=old.origin).split("\n")
    assert changed == ["M\t.copier-answers.yml", "D\tdocs/fly/costs.md", "M\tops/logs", ""]
    assert old.told()[0] == "auth setup-git"
    assert old.told()[1].startswith("pr create --repo me/shop --head fly-scaffold-update-2.0.0 --title Update the Fly")
    assert "deleted here: docs/fly/costs.md" in old.body()

    git("switch", "-q", "main", cwd=old.folder)
    assert run.run("check", only="Open a pull request"), run.said
    assert "already" in run.said
    assert len(old.told()) == 2


@pytest.mark.needs("jq")
def test_without_a_token_an_issue_tells_what_the_update_does(repository: Callable[..., Repository]) -> None:
    old = repository(answers_file=".copier-answers.fly.yml")
    run = old.run()
    assert run.run("check"), run.said
    assert run.ran[-1] == "Open an issue"
    assert [line.split(" --title ")[0] for line in old.told()] == ["issue create --repo me/shop"]
    assert "copier update --trust --skip-answered --answers-file .copier-answers.fly.yml" in old.body()
    assert "merges without a conflict" in old.body()
    assert "the update deletes them: docs/fly/costs.md" in old.body()
    assert old.branches() == ["main"]
    assert run.run("check", only="Open an issue"), run.said
    assert len(old.told()) == 1


@pytest.mark.needs("jq")
def test_conflicts_are_named_in_an_issue_and_never_committed(repository: Callable[..., Repository]) -> None:
    old = repository(edited=True)
    run = old.run(token="a token")
    assert run.run("check"), run.said
    assert run.ran[-1] == "Open an issue"
    assert "choose between your edits and the template's: ops/logs" in old.body()
    assert old.branches() == ["main"]
    assert git("log", "--format=%s", "--all", cwd=old.folder) == "Start\n"


def test_a_version_that_cannot_be_had_fails_the_run(repository: Callable[..., Repository]) -> None:
    lost = repository()
    answers = lost.folder / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace("_src_path: ", "_src_path: /nowhere"))
    run = lost.run()
    assert not run.run("check")
    assert run.ran == ["Look for a newer version"]
    assert lost.told() == []
