"""What a copy says of the project and of the answers, and what `ops/doctor` says again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from ..detect.project import ProjectWarning
from ..expressions import expression
from . import defaults
from .contradictions import contradictions

_AT_RUN_TIME = "variable-public-at-run-time"
_NAMING = (
    *("variable-public", "variable-public-required", "variable-unset", "variable-of-localhost", "example-of-env"),
    _AT_RUN_TIME,
)
"""Warnings whose sentence names the variables that an answer should have, of `_AT_RUN_TIME` not public_env."""
_NAME = expression(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b")


@pass_context
def survey_found(context: Context) -> list[str]:
    """List what the survey says of the project and what stays true once the files are written.

    Warnings on variables are left out where the answers name them all.
    """
    set_there = _names(context.get("extra_env")) | _names(context.get("extra_secrets"))
    named = set_there | _names(context.get("public_env"))

    def answered(warning: ProjectWarning) -> bool:
        whole = warning.code in _NAMING and " more" not in warning.sentence
        counted = set_there if warning.code == _AT_RUN_TIME else named
        return whole and counted.issuperset(_NAME.findall(warning.sentence))

    found = [*defaults.detected(context).warnings, *contradictions(context)]
    return [one.without_line for one in found if not one.once and not answered(one)]


def _names(answer: Any) -> set[str]:
    """The variables that an answer names, which may not have been checked yet."""
    entries = answer if isinstance(answer, (list, dict)) else []
    return {str(entry.get("name")) if isinstance(entry, dict) else str(entry) for entry in entries}


@pass_context
def survey_is_old(context: Context, stored: list[str]) -> str:
    """Refuse a stored answer for `survey` that the project outgrew, so that it is looked for again.

    Where no app is to be seen, as in the renders that an update compares, and where it is given, it is taken as it is.
    """
    given = "survey" in context["_copier_conf"]["data"]
    return (
        ""
        if given or not defaults.detected(context).app_dir or stored == survey_found(context)
        else "it is looked for again"
    )


_told: set[str] = set()


def tell(context: Context) -> None:
    """Print the answers that the project contradicts, once in a run: copier takes a default several times.

    An update renders into folders of its own, of which nothing is said; its last message has them.
    """
    conf = context["_copier_conf"]
    if conf["quiet"] or any(part.startswith("copier._main.") for part in Path(str(conf["dst_path"])).parts):
        return
    for one in contradictions(context):
        if str(one) not in _told:
            _told.add(str(one))
            print(f"\nWarning: {one}", file=sys.stderr)
