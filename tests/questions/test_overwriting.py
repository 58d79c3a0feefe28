"""Files that are there already: where copier can ask it asks, where it cannot nothing is written."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.detection.projects import nextjs, phoenix, write
from tests.support import template as template_support
from tests.support.template import rendered_files

DOCKERFILE = "FROM scratch\n"


def command(template: Path, target: Path, *options: str, verb: str = "copy") -> list[str]:
    places = [str(template), str(target)] if verb == "copy" else [str(target)]
    return [sys.executable, "-m", "copier", verb, "--trust", "--defaults", *options, *places]


def without_terminal(template: Path, target: Path, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run copier where nobody can be asked."""
    return subprocess.run(
        command(template, target, *options, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def in_terminal(template: Path, target: Path, *options: str, answer: str) -> tuple[int, str]:
    """Run copier in a terminal, give each question whether to overwrite the same answer, and return what it showed."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command(template, target, *options), stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    shown, asked = "", 0
    while select.select([ours], [], [], 600)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # what Linux says once the other side is closed
            break
        shown += part.decode(errors="replace")
        if "\x1b[6n" in part.decode(errors="replace"):
            os.write(ours, b"\x1b[1;1R")  # where a terminal says its cursor is
        if shown.count(" Overwrite ") > asked and "(Y/n)" in shown.rpartition(" Overwrite ")[2]:
            asked = shown.count(" Overwrite ")
            os.write(ours, answer.encode())
    os.close(ours)
    return process.wait(600), shown


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", {**phoenix(), "Dockerfile": DOCKERFILE, "rel/env.sh.eex": "#!/bin/sh\n# mine\n"})


def contents(folder: Path) -> dict[str, bytes]:
    return {path: file.read_bytes() for path, file in rendered_files(folder).items()}


def test_nothing_is_overwritten_unasked(template: Path, app: Path) -> None:
    before = contents(app)
    done = without_terminal(template, app)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    [last] = done.stderr.strip().splitlines()[-1:]
    assert last.startswith("Dockerfile, rel/env.sh.eex: already there")
    assert all(way in last for way in ("copier copy -n --overwrite", "--skip FILE", "--overwrite."))
    assert contents(app) == before


def test_the_ways_on_that_are_named(template: Path, app: Path) -> None:
    before = contents(app)
    looked = without_terminal(template, app, "-n", "--overwrite")
    assert (looked.returncode, contents(app)) == (0, before)
    skipped = without_terminal(template, app, "--skip", "Dockerfile", "--skip", "rel/env.sh.eex")
    assert skipped.returncode == 0, skipped.stderr
    assert {path for path in before if contents(app)[path] != before[path]} == {"mix.exs", "lib/shop_web/endpoint.ex"}
    overwritten = without_terminal(template, app, "--overwrite")
    assert overwritten.returncode == 0, overwritten.stderr
    assert contents(app)["Dockerfile"] != before["Dockerfile"]


def test_a_file_that_is_left_out_is_no_clash(template: Path, app: Path) -> None:
    done = without_terminal(template, app, "-x", "Dockerfile", "-x", "env.sh.eex")
    assert done.returncode == 0, done.stderr
    assert (app / "Dockerfile").read_text() == DOCKERFILE


def test_a_second_copy_of_the_same_needs_no_leave(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", phoenix())
    assert without_terminal(template, app).returncode == 0
    before = contents(app)
    again = without_terminal(template, app)
    assert again.returncode == 0, again.stderr
    assert contents(app) == before


def test_files_of_each_environment_are_looked_at(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", {**nextjs(), "fly.staging.toml": 'app = "mine"\n'})
    done = without_terminal(template, app, "-d", "environments=[{name: staging}]")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("fly.staging.toml: already there")


@pytest.mark.parametrize(("answer", "kept"), [("n", True), ("y", False)])
def test_a_terminal_is_asked(template: Path, app: Path, answer: str, kept: bool) -> None:
    code, shown = in_terminal(template, app, answer=answer)
    assert code == 0, shown
    assert "Overwrite Dockerfile?" in shown
    assert "already there" not in shown
    assert ((app / "Dockerfile").read_text() == DOCKERFILE) == kept
    assert (app / "fly.toml").is_file()


def test_what_an_interrupted_copy_left_is_completed_unasked(template: Path, tmp_path: Path) -> None:
    """An empty file, half a file, and a script without its run bit."""
    app = write(tmp_path / "shop", phoenix())
    assert without_terminal(template, app).returncode == 0
    whole = contents(app)
    (app / "Dockerfile").write_bytes(b"")
    (app / "ops/deploy").write_bytes(whole["ops/deploy"][:4096])
    (app / "ops/setup").chmod(0o644)
    (app / ".copier-answers.yml").unlink()
    again = without_terminal(template, app)
    assert again.returncode == 0, again.stderr
    assert contents(app) == whole
    assert os.access(app / "ops/setup", os.X_OK)


def test_a_refusal_leaves_what_an_interrupted_copy_left(template: Path, app: Path) -> None:
    (app / "fly.toml").write_bytes(b"")
    assert without_terminal(template, app).returncode == 1
    assert (app / "fly.toml").read_bytes() == b""


@pytest.mark.parametrize("verb", ["update", "recopy"])
def test_a_project_of_ours_is_brought_up_to_date_unasked(tmp_path: Path, verb: str) -> None:
    template = template_support.export(tmp_path / "template")
    app = write(tmp_path / "shop", phoenix())
    for folder in (template, app):
        if folder == app:
            assert without_terminal(template, app).returncode == 0
            (app / "Dockerfile").write_text((app / "Dockerfile").read_text() + "# mine\n")
        for git in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v1.0.0"]):
            subprocess.run(["git", *git], cwd=folder, check=True)
    options = ["--overwrite"] if verb == "recopy" else []
    done = without_terminal(template, app, *options, "-d", "vm_memory=1gb", verb=verb)
    assert done.returncode == 0, done.stderr
    assert ("# mine" in (app / "Dockerfile").read_text()) == (verb == "update")
    assert 'memory = "1gb"' in (app / "fly.toml").read_text()
