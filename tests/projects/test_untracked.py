"""A file that a module embeds, and that git does not have: a clone lacks it, while the folder has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from copier_fly.detect.examine import examine
from tests.detection.projects import phoenix, write

EMBEDS = {
    "an attribute": '  @external_resource "priv/words.txt"',
    "a path that is joined": '  @words File.read!(Path.join(__DIR__, "../../priv/words.txt"))',
    "a path that is expanded": '  @words File.read!(Path.expand("../../priv/words.txt", __DIR__))',
    "a template": '  EEx.function_from_file(:def, :render, "priv/words.txt", [:a])',
}
DOES_NOT = '  def words, do: File.read!("priv/words.txt")'


def told(folder: Path, line: str, *, ignored: bool) -> bool:
    """Whether a project is told of a file that its module reads by this line."""
    files = {**phoenix(), "lib/shop/words.ex": f"defmodule Shop.Words do\n{line}\nend\n"}
    write(folder, files)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    write(folder, {"priv/words.txt": "a\n", ".gitignore": "/priv/words.txt\n" if ignored else "/deps/\n"})
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    return "embeds-untracked" in {warning.code for warning in examine(folder).warnings}


@pytest.mark.parametrize("line", EMBEDS.values(), ids=EMBEDS)
def test_a_file_that_git_ignores_is_told(line: str, tmp_path: Path) -> None:
    assert told(tmp_path / "ignored", line, ignored=True)
    assert not told(tmp_path / "there", line, ignored=False)


def test_what_is_read_when_the_app_runs_is_another_thing(tmp_path: Path) -> None:
    assert not told(tmp_path, DOES_NOT, ignored=True)


def test_a_folder_without_git_is_not_told(tmp_path: Path) -> None:
    line = '  @external_resource "priv/words.txt"'
    write(
        tmp_path, {**phoenix(), "priv/words.txt": "a\n", "lib/shop/words.ex": f"defmodule Shop.Words do\n{line}\nend\n"}
    )
    assert "embeds-untracked" not in {warning.code for warning in examine(tmp_path).warnings}
