"""The variables that an app's code cannot boot without: by a library for configuration, or where the app starts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...expressions import expression
from .. import files
from ..project import Variable
from . import config, environment, mixfile

_BINDING = expression(r"\{\s*:\w+,\s*\"([A-Z][A-Z0-9_]*)\"([^{}]*)\}")
_APP_ENV = expression(r"^\s*app_env[ (]:\w+,\s*:(\w+),\s*:?(\w+)(.*?)(?=^\s*(?:app_env|@|defp?|end)\b|\Z)", re.M | re.S)
_PARAMETER = expression(r"^\s*(?:\{:(\w+)([^{}]*)\}|:(\w+)),?\s*(?:#.*)?$", re.MULTILINE)
_STARTS = expression(r"\buse[ (]+(?:Application|Phoenix\.Endpoint|Ecto\.Repo)\b")


def required(file: str, text: str) -> Iterator[Variable]:
    """The variables that a module requires, each with its place.

    Those are the bindings of Vapor, `app_env … required: true` of Skogsra and the parameters of Provider that have no
    default, and what a module that starts the app, its endpoint or its repository reads without another value.
    """
    for name, start in _required(text):
        if name not in config.SET_BY_US and not config.set_by_fly(name):
            yield Variable(name, file, files.line_of(text, start))


def _required(text: str) -> Iterator[tuple[str, int]]:
    if "Vapor" in text:
        for found in _BINDING.finditer(text):
            if not re.search(r"\bdefault:|required: false", found[2]):
                yield found[1], found.start(1)
    if "use Skogsra" in text:
        for found in _APP_ENV.finditer(text):
            named = re.search(r"os_env: \"(\w+)\"", found[3])
            if re.search(r"required: true", found[3]):
                yield named[1] if named else f"{found[1]}_{found[2]}".upper(), found.start(2)
    if listed := re.search(r"use Provider,.*?SystemEnv.*?params: \[(.*?)^\s*\]", text, re.MULTILINE | re.DOTALL):
        for found in _PARAMETER.finditer(listed[1]):
            if "default:" not in (found[2] or ""):
                yield (found[1] or found[3]).upper(), listed.start(1) + found.start()
    if "System." in text and _STARTS.search(text):
        try:
            modules = list(mixfile.modules(mixfile.parse(text)))
        except mixfile.UnparsableError:
            return
        for _, block in modules:
            bodies = [body for name in ("start", "init") for body in mixfile.functions(block, name)]
            for statement in (statement for body in bodies for statement in body):
                nodes = environment.always(statement)
                yield from ((str(token.value), token.start) for token in environment.required(nodes))
