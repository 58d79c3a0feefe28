"""Copies, edits, other answers, updates and recopies in any order: no line that a user wrote is lost unsaid."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from copier import run_copy, run_recopy, run_update
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.detection.projects import nextjs, phoenix, write
from tests.support import template as template_support
from tests.support.profiles import THOROUGH, examples
from tests.update.history import copy_working_tree, git, release

ANSWERS_FILE = ".copier-answers.yml"
APPS = {"phoenix": phoenix(), "nextjs": nextjs()}
CHANGES = {
    "vm_memory": ["256mb", "1gb", "2gb"],
    "database": ["fly_managed", "neon", "none"],
    "primary_region": ["iad", "fra"],
    "github": [True, False],
    "compose": [True, False],
    "environments": [[], [{"name": "staging"}]],
}
MARKERS = ("<<<<<<< ", "=======\n", ">>>>>>> ", "||||||| ")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree as v1.0.0, and two releases with lines changed, files removed and files new."""
    folder = tmp_path_factory.mktemp("releases") / "template"
    copy_working_tree(folder)
    git("init", "-q", "-b", "main", cwd=folder)
    release(folder, "v1.0.0")
    for path in sorted((folder / "template").rglob("*")):
        if path.is_file() and "answers_file" not in path.name:
            first, newline, rest = path.read_text().partition("\n")
            path.write_text(f"{first}{newline}# new in 1.1\n{rest}# new at the end in 1.1\n")
    (folder / "template/docs/fly").mkdir(parents=True, exist_ok=True)
    (folder / "template/docs/fly/news.md").write_text("News\n\nThere is a page of news.\n")
    (folder / "template/{{ ops(layers.scripts) }}/logs").unlink()
    release(folder, "v1.1.0")
    for path in sorted((folder / "template").rglob("*")):
        if path.is_file() and path.suffix != ".toml" and "answers_file" not in path.name:
            lines = path.read_text().splitlines(True)
            del lines[len(lines) // 2]
            path.write_text("".join(lines) if "{%" not in "".join(lines) else path.read_text())
    (folder / "template/docs/fly/news.md").unlink()
    release(folder, "v1.2.0")
    return folder


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect all that is printed, by copier and by the processes that it starts."""
    said: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = [(number, os.dup(number)) for number in (1, 2)]
        streams, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), sys.__stdout__, sys.__stderr__
        try:
            for number, _ in kept:
                os.dup2(file.fileno(), number)
            sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
            yield said
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stdout, sys.stderr = streams
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            said.append(file.read().decode())


class User(RuleBasedStateMachine):
    """Somebody who has a deployment of this template in a repository, and knows every line that they wrote."""

    template: Path
    root: Path
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.folder = self.root / f"project{next(self.numbers)}"
        self.lines: dict[str, str] = {}
        """A line → the file it was written into."""
        self.version = 0
        self.accounted = True
        """Whether every line was found after the last update."""
        self.edited = True
        """Whether anything was committed since the last update: two in a row would show nothing new."""

    @initialize(stack=st.sampled_from(sorted(APPS)))
    def copy(self, stack: str) -> None:
        write(self.folder, APPS[stack])
        git("init", "-q", "-b", "main", cwd=self.folder)
        self.commit()
        data = {"stack": stack, "fly_app": "shop"}
        run_copy(str(self.template), self.folder, data=data, vcs_ref="v1.0.0", defaults=True, unsafe=True, quiet=True)
        self.commit()

    def teardown(self) -> None:
        """Whatever was done, the newest version comes last."""
        try:
            if self.edited and self.accounted:
                self.version = 2
                self.update("inline", {})
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self) -> None:
        git("add", "--all", cwd=self.folder)
        git("commit", "-q", "--allow-empty", "-m", "as it is", cwd=self.folder)
        self.edited = True

    def files(self) -> list[str]:
        """What a user edits: all but the answers, which are changed by updates."""
        return [path for path in git("ls-files", cwd=self.folder).splitlines() if path != ANSWERS_FILE]

    def text(self, path: str) -> str:
        file = self.folder / path
        return file.read_text() if file.is_file() else ""

    @rule(pick=st.integers(0, 10**6), at=st.integers(0, 400))
    def insert(self, pick: int, at: int) -> None:
        files = self.files()
        path = files[pick % len(files)]
        lines = self.text(path).splitlines(True)
        line = f"# mine {next(self.numbers)}"
        lines.insert(at % (len(lines) + 1), f"{line}\n")
        if not "".join(lines).endswith("\n") or (at % len(lines) and not lines[at % len(lines) - 1].endswith("\n")):
            return  # a file without a line break at its end
        if path.endswith((".json", ".toml")) or path == "mix.exs":
            return  # not to be broken: copying reads them
        (self.folder / path).write_text("".join(lines))
        self.lines[line] = path
        self.commit()

    @rule(pick=st.integers(0, 10**6), at=st.integers(0, 400))
    def delete_a_line(self, pick: int, at: int) -> None:
        files = [path for path in self.files() if path.startswith(("ops/", "docs/", "rel/", "fly/"))]
        path = files[pick % len(files)]
        lines = self.text(path).splitlines(True)
        if lines:
            gone = lines.pop(at % len(lines))
            (self.folder / path).write_text("".join(lines))
            self.lines.pop(gone.strip(), None)
            self.commit()

    @rule(pick=st.integers(0, 10**6))
    def delete_a_file(self, pick: int) -> None:
        files = [path for path in self.files() if path.startswith(("ops/", "docs/", "rel/", "fly/"))]
        path = files[pick % len(files)]
        (self.folder / path).unlink()
        self.lines = {line: file for line, file in self.lines.items() if file != path}
        self.commit()

    @rule(name=st.sampled_from(["ops/mine", "docs/fly/news.md", "docs/fly/mine.md", "fly.staging.toml", "rel/mine"]))
    def add_a_file(self, name: str) -> None:
        if not (self.folder / name).exists():
            line = f"# mine {next(self.numbers)}"
            write(self.folder, {name: f"{line}\n"})
            self.lines[line] = name
            self.commit()

    @precondition(lambda self: self.edited)
    @rule(
        change=st.sampled_from([(name, value) for name, values in CHANGES.items() for value in values]),
        conflict=st.sampled_from(["inline", "rej"]),
    )
    def change_an_answer(self, change: tuple[str, object], conflict: str) -> None:
        self.update(conflict, dict([change]))

    @precondition(lambda self: self.edited and self.version < 2)
    @rule(conflict=st.sampled_from(["inline", "rej"]))
    def take_the_next_version(self, conflict: str) -> None:
        self.version += 1
        self.update(conflict, {})

    def update(self, conflict: str, data: dict[str, object]) -> None:
        with listening() as said:
            template_support.update(self.folder, f"v1.{self.version}.0", data, conflict=conflict)
        self.settle(said[0], "git checkout HEAD -- {}\n")

    @precondition(lambda self: self.edited and self.lines)
    @rule()
    def recopy(self) -> None:
        with listening() as said:
            run_recopy(
                self.folder,
                vcs_ref=f"v1.{self.version}.0",
                defaults=True,
                overwrite=True,
                skip_answered=True,
                unsafe=True,
            )
        self.settle(said[0], "overwrite\x1b[39m\x1b[0m  {}\n")

    def settle(self, said: str, named: str) -> None:
        """Account for every line, then commit as a user would who keeps both sides of a conflict."""
        self.accounted = False
        tree = [path for path in template_support.rendered_files(self.folder) if path != ANSWERS_FILE]
        # A line in a .rej file has a plus before it.
        here = {line.strip().removeprefix("+") for path in tree for line in self.text(path).splitlines()}
        for line, path in list(self.lines.items()):
            if line not in here:
                assert named.format(shlex.quote(path)) in said, (
                    f"{line!r} of {path} is gone, and nothing said so:\n{said}"
                )
                del self.lines[line]
        for path in tree:
            text = self.text(path)
            if path.endswith(".rej"):
                (self.folder / path).unlink()
                lost = {line for line in self.lines if f"+{line}\n" in text and not self.somewhere(line)}
                write(
                    self.folder,
                    {
                        path.removesuffix(".rej"): self.text(path.removesuffix(".rej"))
                        + "".join(f"{line}\n" for line in sorted(lost))
                    },
                )
            elif any(line.startswith(MARKERS) for line in text.splitlines(True)):
                kept = [line for line in text.splitlines(True) if not line.startswith(MARKERS)]
                (self.folder / path).write_text("".join(kept))
        self.commit()
        self.accounted, self.edited = True, False

    def somewhere(self, line: str) -> bool:
        return any(line in self.text(path).splitlines() for path in template_support.rendered_files(self.folder))


def test_no_line_is_lost_unsaid(releases: Path, tmp_path: Path) -> None:
    User.template, User.root = releases, tmp_path
    steps = examples(3, 40)
    run_state_machine_as_test(User, settings=type(steps)(steps, stateful_step_count=30 if THOROUGH else 12))


def test_the_doctor_tells_an_edit_from_what_an_update_should_have_brought(releases: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    quiet = {"defaults": True, "overwrite": True, "unsafe": True, "quiet": True}
    write(folder, APPS["phoenix"])
    git("init", "-q", "-b", "main", cwd=folder)
    run_copy(str(releases), folder, data={"stack": "phoenix", "fly_app": "shop"}, vcs_ref="v1.0.0", **quiet)
    lines = (folder / "ops/deploy").read_text().splitlines(True)
    (folder / "ops/deploy").write_text("".join([*lines[:20], "# mine\n", *lines[20:]]))
    release(folder, "deployed")
    run_update(folder, vcs_ref="v1.1.0", **quiet)
    git("checkout", "HEAD", "--", "ops/backup", cwd=folder)
    (folder / "docs/fly/news.md").unlink()
    release(folder, "updated-but-for-two-files")
    said = subprocess.run(
        ["ops/doctor", "--scaffold", "--json"],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        check=False,
    )
    found = {(entry["check"], entry["message"].split(":")[0]) for entry in json.loads(said.stdout)}
    assert {entry for entry in found if entry[0] != "same"} == {
        ("edited", "ops/deploy"),
        ("lost", "ops/backup"),
        ("lost", "docs/fly/news.md"),
    }
    assert said.returncode == 1
