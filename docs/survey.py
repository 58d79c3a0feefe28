"""Writes docs/survey.md, the table of all warnings, from the rules and their texts.

uv run python -m docs.survey
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[1]
DETECT = REPO / "extensions/copier_fly/detect"
ANSWERS = REPO / "extensions/copier_fly/answers/contradictions.py"
PAGE = REPO / "docs/survey.md"
HEAD = """# What a copy tells before it writes

A copy reads the project and says, before anything is written, what the deployment does not serve and what to do.
`ops/doctor` says it again later. *stops* ends the copy there. *served* is said because a person has something to do for
it, such as having a value at hand.

Written by `uv run python -m docs.survey`. The rules are in `extensions/copier_fly/detect/`, the texts in `warnings.yml`
there.
"""
TITLES = {"": "Any project", "elixir": "Elixir", "nextjs": "Next.js"}
READING = {
    "unreadable-file": ("", "A file that is read and is too large, no text, or broken."),
    "mix-not-understood": ("elixir", "A mix.exs that the reader of Elixir does not understand."),
    "rule-failed": ("", "A rule of the survey that fails on a project that its author did not think of."),
    "config-not-understood": ("elixir", "A file of config/ that the reader of Elixir does not understand."),
}
"""Warnings that no rule gives: they come up while the project is read."""


def texts() -> dict[str, dict[str, Any]]:
    """What each warning says, by its code."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((DETECT / "warnings.yml").read_text())
    return found


def given(node: ast.AST) -> set[str]:
    """The codes with which a piece of code calls `warning`."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and one.args]
    firsts = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id == "warning"]
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def rules() -> Iterator[tuple[str, str, str]]:
    """Code, framework (or ""), and the first sentence of the function that warns, of every code."""
    yield from ((code, *place) for code, place in READING.items())
    known, seen = texts().keys(), set(READING)
    files = [*DETECT.rglob("*.py"), ANSWERS]
    files.sort(key=lambda file: (len(file.parts), file))
    # The name of a tool can be a code too.
    direct = set().union(*(given(ast.parse(file.read_text())) for file in files))
    for file in files:
        framework = file.parent.name if file.parent.parent == DETECT else ""
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            words = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and one.value in known]
            for code in dict.fromkeys(str(word) for word in words):
                if code not in seen and (code not in direct or code in given(node)):
                    seen.add(code)
                    yield code, framework, (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")


def page() -> str:
    """The page as it should be."""
    said, found = texts(), list(rules())
    parts = [HEAD]
    for framework, title in TITLES.items():
        rows = [(code, looks_at) for code, of_one, looks_at in found if of_one == framework]
        parts.append(f"\n## {title}\n\n| code | looks at | says | |\n| --- | --- | --- | --- |\n")
        for code, looks_at in rows:
            text = said[code]
            words = " ".join(f"{text['sentence']} {text['consequence']} {text['action']}".split())
            words = re.sub(r"\{(?!\{)\w+\}", "…", words).replace("{{", "{").replace("}}", "}").replace("|", "\\|")
            outcome = "stops" if text.get("stops") else "served" if text.get("served") else "told"
            parts.append(f"| `{code}` | {looks_at} | {words} | {outcome} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
