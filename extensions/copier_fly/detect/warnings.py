"""Makes warnings of their code, their place and what is filled into their text (`warnings.yml`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from .. import yaml_text
from .project import ProjectWarning

TEXTS = Path(__file__).with_suffix(".yml")


@cache
def _sections() -> dict[str, str]:
    """The YAML of each warning, by its code."""
    found = re.findall(r"^([a-z-]+):.*\n((?: .*\n|\n)*)", TEXTS.read_text("utf-8"), re.MULTILINE)
    return dict(found)


@cache
def text(code: str) -> dict[str, Any]:
    """What the warning with this code says. Raises `KeyError` where it has no text."""
    # One by one: to parse all of it takes as long as a small project takes to read.
    loaded: dict[str, Any] = yaml_text.load(_sections()[code])
    return loaded


def texts() -> dict[str, dict[str, Any]]:
    """What each warning says, by its code."""
    return {code: text(code) for code in _sections()}


def warning(code: str, place: tuple[str, int | None], **values: object) -> ProjectWarning:
    """The warning with this code at a file and line (None for the whole file), its text filled in with `values`.

    Raises `KeyError` for a code that has no text, and for a value that is missing.
    """
    said = text(code)
    sentence, consequence, action = (str(said[part]).format(**values) for part in ("sentence", "consequence", "action"))
    return ProjectWarning(
        code, *place, sentence, consequence, action, stops=bool(said.get("stops")), once=bool(said.get("once"))
    )
