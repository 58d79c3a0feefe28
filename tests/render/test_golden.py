"""What six examples render to is what `examples/*/rendered` shows, file by file."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from tests import golden
from tests.golden import File
from tests.support import template as template_support
from tests.support.questions import choices
from tests.support.template import REPO


@pytest.mark.parametrize("name", golden.SHAPES)
def test_render_is_the_golden_one(copie: Copie, template: Path, name: str) -> None:
    copied = copie.copy(extra_answers=template_support.example(name), template_dir=template)
    assert copied.exception is None, copied.exception
    kept, now = golden.files(golden.kept_in(name)), golden.files(copied.project_dir)
    if difference := golden.differences(kept, now):
        hint = f"If this is what the change is for, run `{golden.COMMAND}` and commit examples/{name}/rendered."
        pytest.fail(f"{difference}\n\n{hint}", pytrace=False)


def test_golden_renders_show_every_stack_and_database() -> None:
    shown = [template_support.example(name) for name in golden.SHAPES]
    for question in ("stack", "database"):
        assert {answers[question] for answers in shown} == set(choices(question))


def test_every_golden_render_is_compared() -> None:
    assert {folder.parent.name for folder in (REPO / "examples").glob("*/rendered")} == set(golden.SHAPES)


def test_what_linux_runs_keeps_its_line_endings_in_a_checkout_on_windows() -> None:
    """A carriage return in a script, or in what a program of the image reads line by line, breaks it."""
    run = [
        str(file.relative_to(REPO))
        for file in (REPO / "examples").glob("*/rendered/**/*")
        if file.is_file() and (file.suffix in {".sh", ".eex", ".mjs", ".cjs"} or file.read_bytes()[:2] == b"#!")
    ]
    asked = subprocess.run(
        ["git", "check-attr", "eol", "--", *run], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert len(run) > 50
    assert [line for line in asked.stdout.splitlines() if not line.endswith(": eol: lf")] == []


def test_a_newer_world_changes_no_golden_render(template: Path, tmp_path: Path) -> None:
    """Newer images, actions, tools and prices come in without a difference that a reviewer would have to read."""
    newer = shutil.copytree(template, tmp_path / "newer")
    for file in next(newer.rglob("catalog")).glob("*.yml"):
        text = file.read_text()
        text = re.sub(r"\b[0-9a-f]{40}\b", "c" * 40, text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "d" * 64, text)
        text = re.sub(r"-20\d{6}\b", "-20300101", text)
        text = re.sub(r"(?<=[ :-])(\d+\.\d+)\.\d+(\.\d+)*\b", r"\1.99", text)
        if file.name == "prices.yml":
            text = re.sub(r"(?<=: )\d+\.\d+\b", "9.87", text)
            text = re.sub(r"as_of: .*", 'as_of: "2030-01"', text)
        assert text != file.read_text() or file.name not in {"actions.yml", "elixir.yml", "node.yml", "prices.yml"}
        file.write_text(text)
    for name in ("emothe", "net_auto", "nextjs_drizzle_neon"):
        now = golden.render(newer, name, tmp_path / name)
        assert "9.87" in (tmp_path / name / "docs/fly/costs.md").read_text()
        assert golden.differences(golden.files(golden.kept_in(name)), now) == ""


def test_differences_are_named() -> None:
    kept = {
        "gone": File("a\n", False),
        "same": File("b\n", True),
        "text": File("one\ntwo\n", False),
        "run": File("", True),
    }
    now = {
        "new": File("a\n", False),
        "same": File("b\n", True),
        "text": File("one\n2\n", False),
        "run": File("", False),
    }
    assert golden.differences(kept, now).splitlines() == [
        "removed: gone",
        "added: new",
        "run can no longer be run",
        "--- kept/text",
        "+++ now/text",
        "@@ -1,2 +1,2 @@",
        " one",
        "-two",
        "+2",
    ]
