"""The questions as copier reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from .. import yaml_text

QUESTIONS = Path(__file__).parents[3] / "questions"


@cache
def all_questions() -> dict[str, dict[str, Any]]:
    """Every question by its name, read from `questions/*.yml`; those with `when: false` are derived values."""
    questions: dict[str, dict[str, Any]] = {}
    for file in sorted(QUESTIONS.glob("*.yml")):
        questions |= yaml_text.load(file.read_bytes())
    return questions
