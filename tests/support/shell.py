"""Shell scripts as shfmt reads them: commands, quoted strings and comments, each with its line, and functions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

# A node of shfmt's syntax tree: https://pkg.go.dev/mvdan.cc/sh/v3/syntax
Node = dict[str, Any]


@dataclass(frozen=True)
class Script:
    """What stands in a script.

    `commands` are the words of each simple command, quotes removed; a substitution in a word is "$(…)". `strings` are
    what is quoted, and each line of a here-document. `functions` have the commands in each function by its name.
    """

    commands: list[tuple[int, list[str]]] = field(default_factory=list)
    strings: list[tuple[int, str]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    functions: dict[str, list[list[str]]] = field(default_factory=dict)


@cache
def read(text: str) -> Script:
    """Read a script. Raises ValueError with shfmt's sentence, which has the line, when it is none."""
    program = Path(sys.executable).with_name("shfmt")
    done = subprocess.run(
        [program, "--to-json", "--language-dialect=bash"], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"this is no shell script: {done.stderr.strip()}\n{text}")
    script = Script()
    _collect(json.loads(done.stdout), text.encode(), script)
    return script


def _collect(node: Node, source: bytes, script: Script) -> None:
    kind, line = node.get("Type"), node.get("Pos", {}).get("Line", 0)
    if kind == "CallExpr" and "Args" in node:
        script.commands.append((line, [_text(word, source) for word in node["Args"]]))
    elif kind == "FuncDecl":
        body = Script()
        _collect(node["Body"], source, body)
        script.functions[node["Name"]["Value"]] = [words for _, words in body.commands]
    elif kind in ("SglQuoted", "DblQuoted"):
        script.strings.append((line, _text({"Parts": [node]}, source)))
    elif "Hash" in node:
        script.comments.append((line, node["Text"]))
    if here := node.get("Hdoc"):
        rows = _text(here, source).split("\n")
        script.strings.extend(enumerate(rows, here["Pos"]["Line"]))
    for child in _children(node):
        _collect(child, source, script)


def _children(node: Node) -> Iterator[Node]:
    for value in node.values():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict):
                yield child


def _text(word: Node, source: bytes) -> str:
    return "".join(_part(part, source) for part in word["Parts"])


def _part(part: Node, source: bytes, escapes: str = r".") -> str:
    """One piece of a word, as the command would be given it where that is known before it runs."""
    match part["Type"]:
        case "Lit":
            return re.sub(rf"\\({escapes})", r"\1", part["Value"].replace("\\\n", ""))
        case "SglQuoted":
            return part.get("Value", "")
        case "DblQuoted":
            return "".join(_part(inner, source, r'[$`"\\]') for inner in part.get("Parts", []))
        case "CmdSubst":
            return "$(…)"
        case "ArithmExp":
            return "$((…))"
        case _:
            return source[part["Pos"]["Offset"] : part["End"]["Offset"]].decode()
