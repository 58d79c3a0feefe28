"""The recording fly says no where flyctl does, and keeps secrets to itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.fake_fly import RecordingFly, parse_secrets


@pytest.fixture
def fly(tmp_path: Path) -> RecordingFly:
    return RecordingFly.install(tmp_path / "fly")


def run(fly: RecordingFly, line: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line.split(), input=stdin, env=fly.env(), cwd=fly.folder, capture_output=True, text=True, check=False
    )


def test_a_made_up_flag_is_refused_and_remembered(fly: RecordingFly) -> None:
    assert run(fly, "fly deploy --dry-run").returncode == 1
    assert fly.refused() == ["fly deploy has no flag --dry-run"]


def test_an_app_is_made_once(fly: RecordingFly) -> None:
    assert run(fly, "fly apps create shop --org personal").returncode == 0
    again = run(fly, "flyctl apps create shop --org personal")
    assert (again.returncode, "Name has already been taken" in again.stderr) == (1, True)
    [app] = json.loads(run(fly, "fly apps list --json").stdout)
    assert (app["Name"], app["Organization"]["Slug"]) == ("shop", "personal")


def test_secrets_arrive_and_are_never_shown(fly: RecordingFly) -> None:
    run(fly, "fly apps create shop")
    said = run(fly, "fly secrets import --stage -a shop", "KEY=very-secret\n")
    listed = run(fly, "fly secrets list --json -a shop")
    assert fly.state()["apps"]["shop"]["secrets"]["KEY"]["value"] == "very-secret"
    assert "very-secret" not in said.stdout + said.stderr + listed.stdout + json.dumps(fly.calls())
    assert fly.calls()[1]["stdin"] == len("KEY=very-secret\n")


def test_an_answer_that_is_lost_leaves_the_work_done(fly: RecordingFly) -> None:
    fly.fail("apps create", "lost_answer")
    assert run(fly, "fly apps create shop").returncode == 1
    assert "shop" in fly.state()["apps"]


@pytest.mark.parametrize(
    ("fed", "arrives"),
    [
        ("plain", "plain"),
        ('"a#b"', "a#b"),
        ("a#b", "a"),
        ('"{"a": 1}"', '{"a": 1}'),
        ("'x y'", "x y"),
        ("a=b", "a=b"),
        ('a"b#c', 'a"b#c'),
    ],
)
def test_secrets_are_read_as_flyctl_reads_them(fed: str, arrives: str) -> None:
    assert parse_secrets(f"KEY={fed}\n") == {"KEY": arrives}


def test_what_nobody_taught_it_fails_loudly(fly: RecordingFly) -> None:
    assert run(fly, "fly scale count 3 -a shop").returncode == 70
    fly.answer("scale count", "done")
    assert run(fly, "fly scale count 3 -a shop").stdout == "done\n"
