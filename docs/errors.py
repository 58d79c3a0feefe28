"""Writes docs/errors.md, the table of all sentences that end a command, from the places that say them.

uv run python -m docs.errors
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs/errors.md"
HEAD = """# What ends a command, and in which words

Every sentence has one form: what happened, why if that is known, and what to run. `…` stands for what is filled in.
`copier` ends with 1 and has written nothing. A script of `ops/` ends with 1 when it failed or refused, with 2 for wrong
words on its command line, with 3 when a person has to act (log in, pay, decide). A build ends with 1.

Warnings, which end nothing, are in [survey.md](survey.md). Written by `uv run python -m docs.errors`.
"""
_SHELL = re.compile(
    r"\b(?:(?:fail|explain) ([0-9]) |missing_app=)"
    r'"((?:[^"\\$]|\\.|\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}]*\}|\$\w+|\$.)*)"'
)
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
_FILLED = re.compile(r"\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}]*\}|\$[\w*@]+")
_STOP = re.compile(r"new Stop\((.*?)\);", re.DOTALL)
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
_ECHO = re.compile(r"\{ echo '([^']*)' >&2; exit 1; \}")
_ANSWER = re.compile(r"^ {4}\"(\w+)\": (_\w+),$", re.MULTILINE)


def _words(node: ast.expr) -> str:
    """The text of a string in Python, with … for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.IfExp):
        return _words(node.body) or _words(node.orelse)
    return ""


def answers() -> Iterator[tuple[str, str]]:
    """The question, and what is said of an answer that is not possible."""
    file = REPO / "extensions/copier_fly/answers/checks.py"
    text = file.read_text()
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    for question, function in _ANSWER.findall(text):
        for node in ast.walk(functions[function]):
            if isinstance(node, ast.Return) and node.value and (words := _words(node.value)):
                yield f"`{question}`", words


def copies() -> Iterator[tuple[str, str]]:
    """The file of the package, and what ends a copy or an update."""
    for file in sorted((REPO / "extensions/copier_fly").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "UserMessageError":
                words = _words(node.args[0])
                if words.replace("…", "").strip():
                    yield f"`{file.relative_to(REPO / 'extensions/copier_fly')}`", words


def scripts() -> Iterator[tuple[str, str]]:
    """The script with its exit code, and what ends it: by itself (`fail`), or after flyctl failed (`explain`)."""
    files = {file for file in (REPO / "template").glob("**/*ops(*/*") if file.is_file()}
    for file in sorted(files, key=lambda file: (file.name, str(file))):
        for code, words in _SHELL.findall(file.read_text()):
            text = _FILLED.sub("…", _DEFAULT.sub(r"\1", words)).replace("\\", "")
            if text.strip("… \n"):
                yield f"`ops/{file.name.removesuffix('.jinja')}` {code or 3}", text


def builds() -> Iterator[tuple[str, str]]:
    """The file that the image build runs, and what ends it."""
    for file in sorted((REPO / "template").rglob("*.mjs")):
        for stop in _STOP.findall(file.read_text()):
            parts = [quoted or template for quoted, template in _LITERAL.findall(stop)]
            if words := re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", "…", "".join(parts)):
                yield f"`fly/{file.name}`", words
    for file in sorted((REPO / "template").rglob("Dockerfile.jinja")):
        for words in _ECHO.findall(file.read_text()):
            yield "`Dockerfile`", re.sub(r"\{\{.*?\}\}", "…", words)


SECTIONS = {
    "Answers": ("question", answers),
    "Copies and updates": ("file", copies),
    "Scripts": ("script, exit code", scripts),
    "Image builds": ("file", builds),
}


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for title, (first, rows) in SECTIONS.items():
        parts.append(f"\n## {title}\n\n| {first} | says |\n| --- | --- |\n")
        for where, words in dict.fromkeys(rows()):
            lines = words.replace("|", "\\|").replace("<", "&lt;").splitlines()
            text = "; ".join(" ".join(line.split()) for line in lines)
            parts.append(f"| {where} | {text} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
