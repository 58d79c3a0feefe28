"""Addresses on the developer's own machine that the code asks wherever it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..expressions import expression
from . import files, unset
from .elixir import config, mixfile
from .elixir.survey import Look
from .files import Target
from .nextjs import environment
from .project import Project

_HERE = r"((?:https?|wss?)://(?:localhost|127\.0\.0\.1)(?::\d+)?)\b"
_IN_NEXTJS = expression(
    r"\b(?:fetch|axios(?:\.\w+)?|io|ky(?:\.\w+)?|got(?:\.\w+)?|useSWR|HttpLink|createHttpLink|GraphQLClient|WebSocket"
    rf"|EventSource)(?:<[^<>()]*>)?\(\s*[\"'`]{_HERE}"
    rf"|\b(?:baseURL|baseUrl|uri)\s*:\s*[\"'`]{_HERE}"
    r"|^(?:export )?const (?!\w*(?:local|dev|default|fallback|test|mock|example))\w*(?:url|uri|host|api|base|server"
    rf"|socket|endpoint)\w*(?:\s*:\s*string)?\s*=\s*[\"'`]{_HERE}[^\"'`\n]*[\"'`]\s*;?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
"""What is asked, what a client is made of, and a constant that is the address whatever the environment says."""
_OF_THE_APP = ":3000"
_IN_ELIXIR = expression(
    r"\b(?:Req|HTTPoison|Tesla|Finch|HTTPotion|Neuron|WebSockex|httpc)\.\w+[!?]?\(\s*(?::\w+,\s*)?"
    rf"\"{_HERE}|\bBaseUrl,\s*\"{_HERE}"
    r"|^[ \t]*@(?!\w*(?:redirect|callback|return|local|dev|default|fallback|test|mock|example))"
    rf"\w*(?:url|uri|host|endpoint|api|base)\w*[ \t]+\"{_HERE}",
    re.MULTILINE,
)
_A_VALUE = expression(_HERE)


_STANDS_FOR_IT = r"[\"'`](?:\w+://)?(?:[^@/\"'`\s]*@)?(?:localhost|127\.0\.0\.1)\b"
_BY_DEFAULT_IN_NEXTJS = expression(
    rf"{environment.READ.pattern}(?: as string)?\s*\)?\s*(?:\?\?|\|\|)\s*{_STANDS_FOR_IT}"
)
_BY_DEFAULT_IN_SCHEMA = expression(
    rf"^[ \t]+([A-Z][A-Z0-9_]*)\s*:\s*\w+\s*\.[^,{{}}]*?\.(?:default|prefault|catch)\(\s*{_STANDS_FOR_IT}", re.MULTILINE
)
_BY_DEFAULT_IN_ELIXIR = expression(
    rf"\bSystem\.get_env\(\s*\"([A-Z][A-Z0-9_]*)\"\s*(?:,\s*{_STANDS_FOR_IT}|\)\s*\|\|\s*{_STANDS_FOR_IT})"
)


def found(target: Target, project: Project) -> tuple[str, str, int] | None:
    """The first such address with its file and line; None where there is none."""
    if project.app_dir is None:
        return None
    places = _in_nextjs(target, project.app_dir) if project.stack == "nextjs" else _in_elixir(target, project)
    return next(places, None)


def by_default(target: Target, project: Project) -> unset.Places:
    """The variables that stand for such an address where they are not set."""
    if project.app_dir is None:
        return {}
    reads = _read_in_nextjs if project.stack == "nextjs" else _read_in_elixir
    return {name: place for name, place in reads(target, project).items() if not unset.of_no_app(name)}


def _read_in_nextjs(target: Target, project: Project) -> unset.Places:
    places: unset.Places = {}
    for file, text in unset.code_of_nextjs(target, project.app_dir or "."):
        in_schema = _BY_DEFAULT_IN_SCHEMA.finditer(text) if environment.checks(text) else ()
        for read in (*_BY_DEFAULT_IN_NEXTJS.finditer(text), *in_schema):
            name = next(filter(None, read.groups()))
            if not name.startswith("NEXT_PUBLIC_"):  # those are compiled in, which another rule tells
                places.setdefault(name, (file, files.line_of(text, read.start())))
    return places


def _read_in_elixir(target: Target, project: Project) -> unset.Places:
    places: unset.Places = {}
    for file, lines, always in unset.code_of_elixir(target, project):
        counted = None if always is None else {token.value for token in mixfile.flat(always) if token.kind == "string"}
        for read in _BY_DEFAULT_IN_ELIXIR.finditer(lines):
            if (counted is None or read[1] in counted) and read[1] not in config.SET_BY_US:
                places.setdefault(read[1], (file, files.line_of(lines, read.start())))
    return places


def _in_nextjs(target: Target, folder: str) -> Iterator[tuple[str, str, int]]:
    for file, text in environment.texts(target, folder).items():
        if not re.search(r"//(?:localhost|127\.)", text) or re.search(r"(?:^|/)(?:mocks?|__mocks__|scripts?)/", file):
            continue
        for match in _IN_NEXTJS.finditer(text):
            address = next(filter(None, match.groups()))
            statement = re.split(r";|\n[ \t]*\n", text[max(0, match.start() - 300) : match.start()])[-1]
            by_server = address.endswith(_OF_THE_APP) and "use client" not in text  # the app itself answers there
            of_development = re.search(r"NODE_ENV|\bis_?dev|development|isProd", statement, re.IGNORECASE)
            constant = match[3] and "NODE_ENV" in text
            if not (by_server or of_development or constant):
                yield address, file, files.line_of(text, match.start())


def _in_elixir(target: Target, project: Project) -> Iterator[tuple[str, str, int]]:
    look = Look(target, project)
    for file, text in look.having("localhost"):
        lines = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
        for match in _IN_ELIXIR.finditer(lines):
            yield next(filter(None, match.groups())), file, files.line_of(lines, match.start(match.lastindex or 0))
    decided: set[tuple[str, str | None, str]] = set()
    for setting in config.read(target, look.dir):
        for key, value in setting.values.items():
            place = (setting.app, setting.module, key)
            address = None if place in decided or "origin" in key else _address(value)
            decided.add(place)
            if address:
                file, line = target.where([name for name, _ in look.config()], address)
                yield address, file, line or 1


def _address(value: Any) -> str | None:
    if isinstance(value, dict):
        return next(filter(None, (_address(one) for key, one in value.items() if "origin" not in key)), None)
    match = _A_VALUE.match(value) if isinstance(value, str) else None
    return match[1] if match else None
