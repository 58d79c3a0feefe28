"""`ops/VERB --help` fits a terminal of 80 columns and 24 lines, for every script that any app can get."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.template import REPO


def scripts(root: Path, pattern: str) -> dict[str, Path]:
    """Each executable file by its text: apps share most scripts."""
    return {path.read_text(): path for path in sorted(root.glob(pattern)) if path.stat().st_mode & stat.S_IXUSR}


RENDERED = scripts(REPO / "examples", "*/rendered/ops/*")


def test_every_script_of_the_template_is_in_an_example() -> None:
    found = scripts(REPO / "template", "**/*ops(*/*")
    static = {text for text, path in found.items() if path.suffix != ".jinja"}
    assert static <= RENDERED.keys()
    names = {path.name.removesuffix(".jinja") for path in found.values()}
    assert names == {path.name for path in RENDERED.values()}


@pytest.mark.parametrize("script", RENDERED.values(), ids=lambda path: path.relative_to(REPO / "examples").as_posix())
def test_help_fits_one_screen(script: Path) -> None:
    shown = subprocess.run(
        ["sh", script, "--help"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(f"Usage: ops/{script.name}")
    assert [line for line in lines if len(line) > 80] == []
    # The prompt needs the last one.
    assert len(lines) < 24
