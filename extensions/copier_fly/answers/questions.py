"""The questions as copier reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

QUESTIONS = Path(__file__).parents[3] / "questions"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def all_questions() -> dict[str, dict[str, Any]]:
    """Every question by its name, read from `questions/*.yml`; those with `when: false` are derived values."""
    questions: dict[str, dict[str, Any]] = {}
    for file in sorted(QUESTIONS.glob("*.yml")):
        questions |= yaml.load(file.read_bytes(), Loader=_LOADER)
    return questions
