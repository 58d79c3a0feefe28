"""Packages of npm that no Node.js on offer runs, as both frameworks' rules look for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..expressions import expression

_INSTEAD = {
    "better-sqlite3": (11, 24, "better-sqlite3 12"),
    "canvas": (3, 22, "canvas 3, which brings its libraries"),
    "esm": (99, 22, "import and export as Node.js has them"),
    "fibers": (99, 22, "async functions"),
    "grpc": (99, 22, "@grpc/grpc-js"),
    "node-sass": (99, 22, "sass"),
}
"""Packages with no built file for a line of Node.js on offer, and none that a compiler makes: the first major version
that has one, the first line that the ones before lack, and what to take. Each was tried with Node.js 24 and Debian's
compilers; esm 3.2.25 stops at the first export."""

_LOCKED_WEBPACK = expression(
    r"(?:\"(?:node_modules/)?webpack\": \{\s*\"version\": \"|^\"?webpack@[^\n]*:\n\s+version:? \"?|^\s+'?/?webpack[@/])"
    r"(\d+)\.(\d+)",
    re.MULTILINE,
)
_RUNS_WEBPACK = {"4": 47, "5": 61}
"""The first minor version of each major one that hashes without MD4, which OpenSSL 3 refuses. Tried with Node.js 24."""


def without_node(versions: Mapping[str, str], line: str) -> Iterator[tuple[str, str, str]]:
    """Of these packages and versions those that this line of Node.js does not run: name, major version, and instead."""
    for name, (major, since, instead) in _INSTEAD.items():
        found = re.match(r"[\^~=v ]*(\d+)", versions.get(name, ""))
        if found and int(found[1]) < major and int(line) >= since:
            yield name, found[1], instead


def old_webpack(wanted: str, lock: str) -> str | None:
    """The version of webpack by a lock file, else by package.json, where no Node.js on offer runs it."""
    found = _LOCKED_WEBPACK.search(lock) or re.match(r"[\^~=v ]*(\d+)\.(\d+)", wanted)
    return f"{found[1]}.{found[2]}" if found and int(found[2]) < _RUNS_WEBPACK.get(found[1], 0) else None
