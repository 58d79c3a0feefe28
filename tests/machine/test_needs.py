"""What a run does where tools are missing: it skips what names them, says so, and lets nothing use others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import needs
from tests.support.template import REPO

TESTS = """
import shutil, subprocess
import pytest


@pytest.fixture(scope="session")
def of_all():
    subprocess.run(["jq"], check=True)


@pytest.fixture(scope="module")
def of_the_file():
    subprocess.run(["jq"], check=True)


@pytest.mark.needs("jq")
def test_names_it():
    subprocess.run(["jq"], check=True)


@pytest.mark.needs("busybox", "jq")
def test_names_two():
    pass


def test_needs_none():
    assert shutil.which("git")
    assert shutil.which("sed")


def test_names_none():
    subprocess.run(["jq"], check=True)


@pytest.mark.needs("jq")
@pytest.mark.parametrize("fixture", ["of_all", "of_the_file"])
def test_has_a_fixture_that_others_share(request, fixture):
    request.getfixturevalue(fixture)


@pytest.mark.needs("jqq")
def test_names_an_unknown_one():
    pass
"""
FILE = """
import subprocess
import pytest

pytestmark = pytest.mark.needs("jq")


@pytest.fixture(scope="module")
def of_the_file():
    subprocess.run(["jq"], check=True)


def test_file_names_it(of_the_file):
    pass
"""


def run(folder: Path, *options: str) -> tuple[dict[str, str], list[str]]:
    """Run TESTS and FILE on a machine that has a `bin` in this folder, and of the table's tools no other.

    Returns what became of each test, and the lines of the whole output.
    """
    (folder / "test_it.py").write_text(TESTS)
    (folder / "test_file.py").write_text(FILE)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -rA --strict-markers -p tests.support.plugin\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPO),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
            "COPIER_FLY_CACHE": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).strip().splitlines()
    became = (re.match(r"(PASSED|FAILED|ERROR) \S+::(\S+)", line) for line in lines)
    return {found[2]: found[1] for found in became if found}, lines


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], list[str]]:
    """A run without jq, in two processes."""
    return run(tmp_path_factory.mktemp("bare"), "-p", "xdist", "-n", "2")


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], list[str]]:
    """A run with jq and busybox."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "bin").mkdir()
    for name in ("jq", "busybox"):
        (folder / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "bin" / name).chmod(0o755)
    return run(folder)


def test_without_a_tool_what_names_it_is_skipped_with_the_reason(bare: tuple[dict[str, str], list[str]]) -> None:
    became, lines = bare
    reason = "needs jq, which this machine lacks: tests/machine/prepare installs it"
    assert sorted(line.partition(": ")[2] for line in lines if line.startswith("SKIPPED [")) == [
        "needs busybox, which this machine lacks: tests/machine/prepare installs it",
        reason,
    ]
    assert became == {
        "test_needs_none": "PASSED",
        "test_names_none": "FAILED",
        "test_names_an_unknown_one": "ERROR",
    }


def test_the_end_says_what_was_not_tested_and_what_installs_it(bare: tuple[dict[str, str], list[str]]) -> None:
    lines = bare[1]
    place = lines.index("5 tests were skipped for want of: jq (4), busybox (1)")
    assert lines[place + 1] == "On Debian and Ubuntu, tests/machine/prepare installs it all, as root or with sudo."
    assert re.fullmatch(r"=+ 1 failed, 1 passed, 5 skipped, 1 error in .*=+", lines[-1])


def test_with_the_tools_nothing_is_skipped_or_said(rich: tuple[dict[str, str], list[str]]) -> None:
    became, lines = rich
    assert {became[name] for name in ("test_names_it", "test_names_two", "test_file_names_it")} == {"PASSED"}
    assert not [line for line in lines if "SKIPPED" in line or "not tested" in line]


def test_a_tool_that_a_test_does_not_name_is_hidden_from_it(rich: tuple[dict[str, str], list[str]]) -> None:
    became, lines = rich
    assert became["test_names_none"] == "FAILED"
    assert any("This test names these tools: none." in line and '@pytest.mark.needs("…")' in line for line in lines)


def test_a_fixture_that_tests_share_sees_what_all_of_them_name(rich: tuple[dict[str, str], list[str]]) -> None:
    became, _ = rich
    assert became["test_has_a_fixture_that_others_share[of_all]"] == "FAILED"
    assert became["test_has_a_fixture_that_others_share[of_the_file]"] == "FAILED"
    assert became["test_file_names_it"] == "PASSED"


def test_a_name_that_no_tool_has_is_an_error(rich: tuple[dict[str, str], list[str]]) -> None:
    became, lines = rich
    assert became["test_names_an_unknown_one"] == "ERROR"
    assert any("no tool 'jqq' in tests/machine/tools, which has: actionlint, age" in line for line in lines)


def test_every_line_of_the_table_has_a_name_a_package_and_a_command() -> None:
    for tool in needs.table().values():
        assert re.fullmatch(r"[a-z][a-z0-9.-]*", tool.name)
        assert re.fullmatch(r"-|[a-z0-9.+-]+(,[a-z0-9.+-]+)*", tool.package)
        assert tool.commands, tool.name
