"""Who judges answers, and when.

Three places call the checks of `checks.py`: a question's own validator while the user types, `preflight` before the
first question for what came from the command line or an answers file (copier would show a traceback for those), and
`cross_checks` after the last one for answers that only clash with each other.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from copier.errors import UserMessageError
from jinja2 import pass_context
from jinja2.runtime import Context

from .. import app_dir_change, yaml_text
from ..detect.elixir.app import MIX_NOT_UNDERSTOOD
from ..detect.examine import detect
from ..detect.nextjs import checks as nextjs_checks
from ..detect.project import Project
from . import checks, told
from .defaults import detected
from .questions import all_questions


@pass_context
def check(context: Context, name: str) -> str:
    """Validate a question while it is asked; answers from elsewhere are judged by `preflight` and `cross_checks`."""
    if name in context["_copier_conf"]["data"] or not _is_asked(name, context):
        return ""
    return checks.CHECKS[name](context[name], _with_umbrella_apps(context))


def _is_asked(name: str, context: Context) -> bool:
    # A default that its own validator refuses is a traceback where the question cannot be asked again.
    if context["_copier_conf"]["defaults"]:
        return False
    ask = str(all_questions()[name].get("ask", True))
    return bool(yaml_text.load(context.environment.from_string(ask).render(dict(context))))


@pass_context
def preflight(context: Context) -> str:
    """Stop with one sentence before the first question when the run cannot end well.

    Looks at every answer that is known already (`-d`, `--data-file`, the answers file of an earlier run) and at
    the target. Returns nothing. Raises `UserMessageError`, which copier prints as one line, exit code 1.
    """
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    questions = all_questions()
    # What update renders for comparison is none of the user's doing; a part of a repository is below it.
    if not any(part.startswith("copier._main.") for part in target.parts):
        _check_target(target, str(conf["answers_file"]))
        project = detected(context)
        _check_project(project, "stack" in context)
        if conf["defaults"] and "app_dir" not in context:
            _check_one_app(project)
        _check_names(conf["data"], questions)
    for name, question in questions.items():
        if name in context and question.get("when") is not False:
            _check_alone(name, context[name], question, context)
    return ""


def _check_target(target: Path, answers_file: str) -> None:
    if target.exists() and not target.is_dir():
        raise UserMessageError(f"{target} is a file; name the folder of the app.")
    existing = next(folder for folder in (target.absolute(), *target.absolute().parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserMessageError(f"{existing} cannot be written to; nothing was changed.")
    previous = target / answers_file
    if previous.is_file():
        try:
            stored = yaml_text.load(previous.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, OSError):
            raise UserMessageError(f"{answers_file} cannot be read as YAML; fix it first.") from None
        if not isinstance(stored, dict) or "fly_app" not in stored:
            raise UserMessageError(
                f"{answers_file} belongs to another template; add -a .copier-answers.fly.yml to keep both."
            )


_ANSWERED_BY_STACK = {MIX_NOT_UNDERSTOOD, "another-kind"}


def _check_project(project: Project, stack_is_known: bool) -> None:
    for warning in project.warnings:
        if warning.stops and not (stack_is_known and warning.code in _ANSWERED_BY_STACK):
            raise UserMessageError(f"{warning} Nothing was changed.")


def _check_one_app(project: Project) -> None:
    """Refuse to choose among several apps where no one is asked; an app at the top is the one that is meant."""
    if len(project.apps) > 1 and project.app_dir != ".":
        names = ", ".join(app.dir for app in project.apps)
        raise UserMessageError(
            f"There is more than one app here: {names}. Say which one: -d app_dir={project.apps[0].dir}. "
            "Nothing was changed."
        )


def _check_names(data: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    for name in data:
        if name not in questions:
            near = difflib.get_close_matches(name, questions, 1)
            hint = f"did you mean {near[0]}?" if near else "the README lists them all."
            raise UserMessageError(f"{name}: there is no such question; {hint}")


def _check_alone(name: str, raw: Any, question: Mapping[str, Any], context: Context) -> None:
    try:
        value = _parse(raw, question.get("type", "str"))
    except ValueError as error:
        raise UserMessageError(_refusal(name, raw, str(error))) from None
    if choices := question.get("choices"):
        if isinstance(choices, str):
            choices = yaml_text.load(context.environment.from_string(choices).render(dict(context)))
        allowed = list(choices.values()) if isinstance(choices, dict) else list(choices)
        if value not in allowed:
            problem = checks.CHECKS[name](value, {}) if name in checks.CHECKS else ""
            raise UserMessageError(_refusal(name, raw, problem or f"use one of {' '.join(map(str, allowed))}"))
    if name in checks.CHECKS and (problem := checks.CHECKS[name](value, _alone(context))):
        raise UserMessageError(_refusal(name, raw, problem))


def _alone(context: Context) -> dict[str, Any]:
    # The stack decides what a name may look like, so it goes along even where an answer is judged alone.
    return {"stack": context["stack"]} if "stack" in context else {}


@pass_context
def cross_checks(context: Context) -> str:
    """Stop with one sentence when answers that are fine by themselves clash with each other.

    Tells of those that the project contradicts. Returns nothing. Raises `UserMessageError`.
    """
    _check_move(context)
    answers = _with_umbrella_apps(context)
    if context["framework"] == "nextjs":
        _check_nextjs(context)
    asked = context["_copier_answers"]  # without the questions that this stack does not have
    for name, judge in checks.CHECKS.items():
        if name in asked and (problem := judge(context[name], answers)):
            raise UserMessageError(_refusal(name, context[name], problem))
    told.tell(context)
    return ""


def _check_move(context: Context) -> None:
    """Refuse another folder for the app while the app is in the old one; a first copy has none yet."""
    conf = context["_copier_conf"]
    target = Path(str(conf["dst_path"]))
    previous = target / str(conf["answers_file"])
    old = yaml_text.load(previous.read_text("utf-8")).get("app_dir") if previous.is_file() else None
    new = context["app_dir"]
    if old not in (None, new) and detect(str(target), new).stack is None:
        raise UserMessageError(app_dir_change.refusal(target, str(old), new, str(conf["answers_file"])))


def _check_nextjs(context: Context) -> None:
    conf = context["_copier_conf"]
    stored = Path(str(conf["dst_path"]), str(conf["answers_file"])).is_file()
    chosen = stored or context["customise"] or "package_manager" in conf["data"]
    app = detected(context).nextjs
    if problem := nextjs_checks.problem(app, context.get_all(), chosen):
        raise UserMessageError(f"{problem} Nothing was changed.")


def _with_umbrella_apps(context: Context) -> dict[str, Any]:
    return {**context.get_all(), "_umbrella_apps": [app.name for app in detected(context).elixir.umbrella_apps]}


def _refusal(name: str, value: Any, allowed: str) -> str:
    return f"{name}: {value!r} is not possible: {allowed}."


def _parse(raw: Any, kind: str) -> Any:
    """Read an answer as its question's type, raising `ValueError` with what is allowed."""
    text = str(raw)
    if kind == "int":
        if isinstance(raw, bool) or not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError("use a whole number")
        return int(text)
    if kind == "bool":
        value = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}.get(text.lower())
        if value is None:
            raise ValueError("use true or false")
        return value
    if kind == "yaml":
        try:
            return yaml_text.load(raw) if isinstance(raw, str) else raw
        except yaml.YAMLError:
            raise ValueError("it cannot be read as YAML") from None
    if isinstance(raw, dict | list) or raw is None:
        raise ValueError("use plain text")
    return text
