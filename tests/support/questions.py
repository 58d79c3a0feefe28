"""The questions of the template, in the order they are asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, UndefinedError, meta

from copier_fly.stacks import STACKS
from tests.support.template import REPO

FILES = [REPO / line.split()[1] for line in (REPO / "copier.yml").read_text().splitlines() if "!include" in line]
QUESTIONS: dict[str, dict[str, Any]] = {}
for _file in FILES:
    QUESTIONS |= yaml.safe_load(_file.read_text())
_JINJA = Environment(undefined=StrictUndefined, autoescape=False)
ASKED = {name: question for name, question in QUESTIONS.items() if question.get("when") is not False}


def choices(name: str) -> list[Any]:
    """The values that a question offers, [] where any text, number or list may be one or the catalog has them."""
    if name == "stack":
        return list(STACKS)
    question = ASKED[name]
    if question["type"] == "bool":
        return [False, True]
    offered = question.get("choices", [])
    return list(offered.values()) if isinstance(offered, dict) else [] if isinstance(offered, str) else offered


def is_for(name: str, answers: dict[str, Any]) -> bool:
    """Whether a question is one for these answers; yes, where it takes an answer that is not among them to know."""
    known = {"framework": STACKS[answers["stack"]].framework, **answers} if "stack" in answers else answers
    try:
        return _condition(name)(**known) is not False
    except UndefinedError:
        return True


def asked_by(name: str) -> set[str]:
    """The questions whose answers decide whether this one is asked."""
    return meta.find_undeclared_variables(_JINJA.parse(str(ASKED[name].get("when", ""))))


@cache
def _condition(name: str) -> Callable[..., Any]:
    condition = str(ASKED[name].get("when", True)).removeprefix("{{").removesuffix("}}")
    return _JINJA.compile_expression(condition, undefined_to_none=False)
