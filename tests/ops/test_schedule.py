"""The program that each line of a crontab starts: what it keeps of a run, and hands on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.ops.conftest import SHELLS
from tests.support.template import REPO

TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(params=SHELLS)
def schedule(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command, with a folder of its own."""
    program = tmp_path / "schedule.sh"
    text = (REPO / "includes/schedule.sh").read_text()
    assert "folder=/tmp/schedules\n" in text
    program.write_text(text.replace("/tmp/schedules", str(tmp_path / "schedules")))
    return [*request.param, str(program)]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_before_anything_ran_there_is_nothing(schedule: list[str]) -> None:
    done = run(*schedule)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_last_run_of_each_is_kept(schedule: list[str]) -> None:
    assert run(*schedule, "nightly", "sh", "-c", "exit 7").returncode == 7
    done = run(*schedule, "nightly", "echo", "a  b", "$HOME")
    assert (done.returncode, done.stdout) == (0, "a  b $HOME\n")
    assert run(*schedule, "digest", "no-such-program").returncode == 127

    digest, nightly = run(*schedule).stdout.splitlines()

    assert re.fullmatch(rf"digest\t{TIME}\t{TIME}\t127", digest)
    assert re.fullmatch(rf"nightly\t{TIME}\t{TIME}\t0", nightly)


def test_one_that_runs_is_told(schedule: list[str]) -> None:
    """It asks itself, in the middle of its run."""
    said = run(*schedule, "nightly", *schedule).stdout
    assert re.fullmatch(rf"nightly\t{TIME}\t-\t-\n", said)


def test_another_user_may_write_there_after_root(schedule: list[str], tmp_path: Path) -> None:
    run(*schedule, "nightly", "true")
    assert (tmp_path / "schedules").stat().st_mode & 0o777 == 0o777
