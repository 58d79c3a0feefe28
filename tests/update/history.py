"""A git repository with earlier versions of the template and, as its newest, the working tree."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.support import template as template_support
from tests.support.template import REPO

NEWEST = "v999.0.0"
# What copier reads of the template. The rest of the repository would only be cloned, five times for each update.
PARTS = ("copier.yml", "extensions", "includes", "messages", "questions", "tasks", "template")
# How far apart the commits are that stand for releases, counted in commits that changed what is rendered.
STEPS = (1, 8, 20)


class Version(NamedTuple):
    """An earlier version: its tag in the repository made here, and the commit in this one."""

    tag: str
    commit: str

    @property
    def released(self) -> bool:
        """Whether users have it."""
        return self.tag == self.commit


def git(*arguments: str, cwd: Path = REPO) -> str:
    """Run git; what it prints."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


def versions() -> list[Version]:
    """The versions that users may have, the oldest first: every release.

    Before the first release, some commits that changed what is rendered stand for releases.
    """
    released = git("tag", "--list", "v*", "--sort=version:refname").split()
    if released:
        return [Version(tag, tag) for tag in released]
    changed = git("log", "--format=%H", f"--max-count={2 * max(STEPS)}", "--", "template", "includes").split()
    changed = [commit for commit in changed if not _clashes(commit)]
    chosen = [changed[step] for step in reversed(STEPS) if step < len(changed)] or ["HEAD"]  # of a shallow clone
    return [Version(f"v0.0.{number}", commit) for number, commit in enumerate(chosen, 1)]


def _clashes(commit: str) -> bool:
    """Whether its loader is one of two commits' that took a name of `sys.modules` from those before it.

    An update between them ended with a traceback, which the commit after them put right.
    """
    return "copier_fly_compiled" in git("show", f"{commit}:extensions/load.py")


def examples(version: Version) -> dict[str, dict[str, object]]:
    """The examples of a version, by name, as they were then."""
    names = git("ls-tree", "-r", "--name-only", version.commit, "examples/").split()
    found = [known for name in names if (known := re.fullmatch(r"examples/(\w+)(?:/answers)?\.yml", name))]
    return {known[1]: yaml.safe_load(git("show", f"{version.commit}:{known[0]}")) for known in found}


def make(folder: Path) -> Path:
    """Write the repository: a commit and a tag for each version, the newest from the working tree."""
    folder.mkdir()
    git("init", "-q", "-b", "main", cwd=folder)
    for version in versions():
        _empty(folder)
        present = git("ls-tree", "--name-only", version.commit, *PARTS).split()
        archive = subprocess.run(
            ["git", "archive", version.commit, *present], cwd=REPO, stdout=subprocess.PIPE, check=True
        )
        subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
        release(folder, version.tag)
    _empty(folder)
    copy_working_tree(folder)
    release(folder, NEWEST)
    return folder


def copy_working_tree(folder: Path) -> None:
    """Write what copier reads of the template as it is in the working tree."""
    for file in template_support.working_files():
        if file.parts[0] in PARTS:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / file, folder / file)


def release(folder: Path, tag: str) -> None:
    """Commit all that is in the folder, under a tag."""
    git("add", "--all", "--force", cwd=folder)
    git("commit", "-q", "--allow-empty", "-m", tag, cwd=folder)
    git("tag", tag, cwd=folder)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
