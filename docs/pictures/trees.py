"""What a copy wrote into an app, as a tree with a phrase for each file, as text with colours."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from rich.text import Text

_PHRASES = Path(__file__).with_name("phrases.yml")


class PhraseError(RuntimeError):
    """The files that are written and the phrases for them do not go together; the message says where."""


def phrases() -> dict[str, str]:
    """What each written file is, by a pattern for its path in which `*` stands for any characters."""
    return yaml.safe_load(_PHRASES.read_text())


def phrase(path: str, known: Mapping[str, str]) -> str:
    """What the file at a path is. Raises PhraseError unless one pattern, and only one, is for it."""
    found = [pattern for pattern in known if fnmatchcase(path, pattern)]
    if len(found) != 1:
        has = " and ".join(found) or "no pattern"
        raise PhraseError(f"docs/pictures/phrases.yml has {has} for {path}: say there in one phrase what it is")
    return known[found[0]]


def changes(project: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The path of each new file, with "", and of each changed one, with the text that was added."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=project, env=env, capture_output=True, text=True, check=True
        ).stdout

    git("add", "-A")
    found = dict.fromkeys(git("diff", "--cached", "--name-only", "--diff-filter=A").splitlines(), "")
    for path in git("diff", "--cached", "--name-only", "--diff-filter=M").splitlines():
        diff = git("diff", "--cached", "-U0", "--", path).splitlines()
        removed = {line[1:].strip() for line in diff if line.startswith("-")}
        # A comma after what was the last line is no news.
        added = [line[1:].strip() for line in diff if line.startswith("+") and not line.startswith("+++")]
        found[path] = " ".join(line for line in added if line and line.rstrip(",") not in removed)
    return found


def draw(project: Path, env: Mapping[str, str]) -> tuple[Text, set[str]]:
    """The tree of what a copy wrote into a committed project, and the patterns of the phrases in it.

    Raises PhraseError when a new file has no phrase.
    """
    found, known = changes(project, env), phrases()
    lines = [(Text(f"{project.name}/", style="bold blue"), Text())]
    for indent, name, path in rows(found):
        if path is None:
            lines.append((Text(indent).append(f"{name}/", "bold blue"), Text()))
        elif added := found[path]:
            lines.append((Text(indent).append(name, "yellow"), Text(f"+ {added}", "yellow")))
        else:
            lines.append((Text(indent).append(name, "bold"), Text(phrase(path, known), "bright_black")))
    width = max(left.cell_len for left, right in lines if right) + 2
    page = Text("\n").join(Text.assemble(left, " " * (width - left.cell_len), right) for left, right in lines)
    return page, {pattern for pattern in known if any(fnmatchcase(path, pattern) for path in found)}


def rows(paths: Iterable[str], indent: str = "") -> Iterable[tuple[str, str, str | None]]:
    """The rows of a tree: what leads to a name, the name, and a file's path (None for a folder).

    Folders come first; one that holds nothing but a folder shares its row.
    """
    tops: dict[str, list[str]] = {}
    for path in paths:
        tops.setdefault(path.split("/")[0], []).append(path)
    names = sorted(tops, key=lambda name: (tops[name] == [name], name))
    for number, name in enumerate(names):
        last = number == len(names) - 1
        branch, below = indent + ("└── " if last else "├── "), indent + ("    " if last else "│   ")
        if tops[name] == [name]:
            yield branch, name, name
            continue
        inner, folder = [path.removeprefix(f"{name}/") for path in tops[name]], name
        while len({path.split("/")[0] for path in inner}) == 1 and "/" in inner[0]:
            top = inner[0].split("/")[0]
            inner, folder = [path.removeprefix(f"{top}/") for path in inner], f"{folder}/{top}"
        yield branch, folder, None
        for row_indent, row_name, path in rows(inner, below):
            yield row_indent, row_name, f"{folder}/{path}" if path else None
