"""README's two commands on a machine that has Python, git and uv, and nothing else.

Takes as long as the whole suite, so it is run by name: `uv run pytest -m bare`, as the nightly workflow does.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import docker, images, needs
from tests.support.template import REPO

pytestmark = [pytest.mark.system, pytest.mark.bare]

COMMANDS = """
git -c advice.detachedHead=false clone --quiet /from/repository.bundle .
{copy}
test -x ../my-app/ops/deploy
{test}
"""
HERE = {
    "what a container may not": r"this user (?:cannot|may) ",
}
"""Reasons to skip a test that are no missing tool."""


def test_the_commands_of_readme_pass_on_a_bare_machine(tmp_path: Path) -> None:
    machine = docker.build(
        images.RECIPES,
        "copier-fly/bare:latest",
        dockerfile="bare.Dockerfile",
        build_args={"BASE": images.debian("trixie")},
    )
    bundle = ["git", "bundle", "create", "--quiet", str(tmp_path / "repository.bundle"), "HEAD", "--tags"]
    subprocess.run(bundle, cwd=REPO, check=True)
    readme = (REPO / "README.md").read_text()
    [(copy, test)] = re.findall(r"^(uv run copier .*)\n(uv run pytest .*)$", readme, re.MULTILINE)
    # There is no terminal to answer in.
    commands = COMMANDS.format(copy=copy.replace("copier copy", "copier copy --defaults"), test=test)
    # bash waits for processes whose parents are gone, as a machine's first process does.
    done = docker.once(
        machine.tag,
        "bash",
        "-euc",
        f"{commands}:",
        volumes={tmp_path: "/from:ro"},
        timeout=3600,
        env={"CI": "true", "PYTEST_ADDOPTS": "-n 2"},
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    print(done.stdout)
    lines = done.stdout.strip().splitlines()
    assert re.fullmatch(r"=+ \d+ passed, \d+ skipped(, \d+ deselected)?(, \d+ warnings?)? in .*=+", lines[-1]), lines[
        -1
    ]
    reasons = {line.partition(": ")[2] for line in lines if line.startswith("SKIPPED [")}
    missing = {tool for reason in reasons if (tool := needs.missing_tool(reason))}
    assert {"jq", "busybox", "psql", "flyctl"} <= missing
    others = [reason for reason in reasons if not needs.missing_tool(reason)]
    assert [reason for reason in others if not any(re.search(known, reason) for known in HERE.values())] == []
    assert any("were skipped for want of: " in line and "jq (" in line for line in lines)
