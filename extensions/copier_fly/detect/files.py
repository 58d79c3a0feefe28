"""Bounded reading of a folder that may hold anything: every access is limited, none raises."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pathspec import GitIgnoreSpec

from ..expressions import expression
from .limits import INDEX_LIMIT, LOCK_LIMIT, MAX_SOURCES, SOURCE_LIMIT
from .project import ProjectWarning
from .warnings import warning

LOCKFILES = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
"""Lock file → the package manager that writes it (yarn for classic and berry)."""


_DOCS = expression(r"@(?:module|type)?doc (?:~S)?\"\"\"\n.*?^[ \t]*\"\"\"", re.MULTILINE | re.DOTALL)


class Target:
    """The folder being read: every access is bounded and none raises.

    `warnings` has one entry for each file that is there and cannot be read or understood.
    """

    def __init__(self, root: str):
        self.root = root
        self.warnings: list[ProjectWarning] = []
        self._seen: dict[str, bytes | None] = {}
        self._peeked: dict[str, bytes] = {}
        self._sources: dict[str, str] = {}
        self._code: dict[str, str] = {}
        self._words: dict[tuple[str, re.Pattern[bytes]], frozenset[str]] = {}

    def path(self, relative: str) -> str:
        """The file system path of a posix path relative to the target."""
        return os.path.join(self.root, relative)  # noqa: PTH118 (also takes what pathlib refuses)

    def warn(self, found: ProjectWarning) -> None:
        """Record what is wrong with a file, once."""
        if found not in self.warnings:
            self.warnings.append(found)

    def _unreadable(self, relative: str, what: str, line: int | None = None) -> None:
        self.warn(warning("unreadable-file", (relative, line), what=what))

    def names(self, relative: str) -> dict[str, bool]:
        """Entries of a folder in order: name → whether it is a real folder, no link. {} when not there."""
        try:
            with os.scandir(self.path(relative)) as entries:
                found = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
        except (OSError, ValueError):
            return {}
        return {name: found[name] for name in sorted(found) if _printable(name)}

    def exists(self, relative: str) -> bool:
        """Whether anything that can be reached is there."""
        return os.path.exists(self.path(relative))  # noqa: PTH110

    def is_dir(self, relative: str) -> bool:
        """Whether a folder is there."""
        return os.path.isdir(self.path(relative))  # noqa: PTH112

    def is_file(self, relative: str) -> bool:
        """Whether a regular file is there."""
        return os.path.isfile(self.path(relative))  # noqa: PTH113

    def read(self, relative: str, limit: int = SOURCE_LIMIT) -> bytes | None:
        """The bytes of a file; None when it is not there, or (a problem) cannot be read or is too large."""
        if relative not in self._seen:
            self._seen[relative] = self._read(relative, limit)
        return self._seen[relative]

    def _read(self, relative: str, limit: int) -> bytes | None:
        path = self.path(relative)
        try:
            status = os.stat(path)  # noqa: PTH116
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > limit:
                self._unreadable(relative, f"is larger than {limit // 1_000_000} MB and was not read")
                return None
            with open(path, "rb") as file:  # noqa: PTH123
                return file.read(limit)
        except OSError as error:
            if os.path.lexists(path):
                self._unreadable(relative, f"cannot be read ({error.strerror})")
        except ValueError:
            return None
        return None

    def peek(self, relative: str) -> bytes:
        """The bytes of one of many source files; b"" when it cannot be read, which is no problem here."""
        if relative not in self._peeked:
            before = list(self.warnings)
            self._peeked[relative] = self._read(relative, SOURCE_LIMIT) or b""
            self.warnings = before
        return self._peeked[relative]

    def source(self, relative: str) -> str:
        """What `peek` gives, as text."""
        if relative not in self._sources:
            self._sources[relative] = self.peek(relative).decode(errors="replace")
        return self._sources[relative]

    def code(self, relative: str) -> str:
        """What `source` gives of a module of Elixir, with blanks for its documentation, whose examples do not run."""
        if relative not in self._code:
            text = self.source(relative)
            has_docs = 'doc """' in text or 'doc ~S"""' in text
            self._code[relative] = _DOCS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text) if has_docs else text
        return self._code[relative]

    def words(self, relative: str, known: re.Pattern[bytes], more: tuple[str, ...] = ()) -> frozenset[str]:
        """Which words of a pattern, and which further ones, one of many source files has; it is read through once."""
        if (relative, known) not in self._words:
            data = self.peek(relative)
            found = map(bytes.decode, set(known.findall(data)))
            self._words[relative, known] = frozenset([*found, *(word for word in more if word.encode() in data)])
        return self._words[relative, known]

    def tracked(self, relative: str) -> bool | None:
        """Whether git has a file, by the index of the repository at the top; None where that does not say so."""
        try:
            with open(self.path(".git/index"), "rb") as file:  # noqa: PTH123
                index = file.read(INDEX_LIMIT)
        except OSError:
            return None
        if index[:4] != b"DIRC" or index[7:8] not in (b"\2", b"\3"):
            return None  # version 4 shortens the names
        name = relative.encode()
        # An entry ends with its flags, which are the length of the name but for rare ones, and the name.
        return len(name).to_bytes(2, "big") + name + b"\0" in index

    def text(self, relative: str, limit: int = SOURCE_LIMIT) -> str | None:
        """A file as text without byte order mark; None as for `read`, or (a problem) when it is not UTF-8."""
        data = self.read(relative, limit)
        if data is None:
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self._unreadable(relative, "is not UTF-8 text")
            return None

    def parsed(self, relative: str, parse: Callable[[str], Any], what: str) -> dict[str, Any]:
        """A settings file as a dict; {} when it is not there or (a problem) is not what it should be."""
        text = self.text(relative)
        if text is None:
            return {}
        try:
            value = parse(text)
        except Exception as error:
            # PyYAML alone raises half a dozen kinds of error for broken text; all of them mean the same here.
            self._unreadable(relative, f"is not valid {what}", _error_line(error))
            return {}
        return value if isinstance(value, dict) else {}

    def where(self, names: Iterable[str], word: str) -> tuple[str, int | None]:
        """The first of these files that has a word in it, and the line of that word; else the first one there is."""
        there = [name for name in names if self.is_file(name)]
        for name in there:
            text = self.text(name, LOCK_LIMIT) or ""
            if word in text:
                return name, line_of(text, text.index(word))
        return (there or list(names) or [""])[0], None

    def sources(self, folder: str, ending: str | tuple[str, ...]) -> Iterator[str]:
        """Paths of the files below a folder with this ending, or one of these, in order; links are not followed."""
        pending, count = [folder], 0
        while pending:
            current = pending.pop(0)
            for name, is_folder in self.names(current).items():
                if is_folder and not name.startswith(".") and name != "node_modules":
                    pending.append(join(current, name))
                elif name.endswith(ending) and not is_folder:
                    count += 1
                    if count > MAX_SOURCES:
                        return
                    yield join(current, name)


def _error_line(error: Exception) -> int | None:
    """The line, from 1, that a JSON, YAML or TOML parser names in its error."""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    line = getattr(error, "lineno", None)
    named = re.search(r"at line (\d+)", str(error))
    return line if isinstance(line, int) else int(named[1]) if named else None


def line_of(text: str, offset: int) -> int:
    """The line, from 1, that an offset is in."""
    return text.count("\n", 0, offset) + 1


def _printable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def join(*parts: str) -> str:
    """Parts of a posix path as one; "." for none."""
    return "/".join(part for part in parts if part not in ("", ".")) or "."


NO_APPS = frozenset(
    """
    deps _build node_modules vendor bower_components venv __pycache__ dist build out target tmp log logs
    coverage cover doc docs priv spec test tests e2e cypress fixtures example examples
    """.split()  # noqa: SIM905
)
"""Folders that hold no app of the user's own; neither do those whose name begins with a dot."""


def folder_of(relative: str) -> str:
    """The folder of a path, "." at the top."""
    return relative.rpartition("/")[0] or "."


def resolved(folder: str, name: str) -> str | None:
    """A path of a file as seen from the target; None where it is above it or anywhere on the machine."""
    if name.startswith(("/", "~")):
        return None
    parts: list[str] = []
    for part in [*folder.split("/"), *name.split("/")]:
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."


def within(relative: str, folder: str) -> bool:
    """Whether a path is a folder or below it."""
    return folder in (".", relative) or relative.startswith(folder + "/")


def relative(path: str, folder: str) -> str:
    """A path that is in a folder, as seen from there."""
    return path if folder == "." else "." if path == folder else path[len(folder) + 1 :]


def ancestors(folder: str) -> list[str]:
    """The folder and those above it up to the target, nearest first."""
    found = [folder]
    while found[-1] != ".":
        found.append(folder_of(found[-1]))
    return found


def ignored(target: Target, folder: str) -> GitIgnoreSpec:
    """What the .gitignore files at the top and beside the app leave out of git."""
    lines: list[str] = []
    for place in dict.fromkeys((".", folder)):
        for line in (target.text(join(place, ".gitignore")) or "").splitlines():
            lines.append(line if place == "." or not line.startswith("/") else f"/{place}{line}")
    return GitIgnoreSpec.from_lines(lines)


MISE_FILES = (
    *("mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml"),
    ".config/mise/config.toml",
)
"""Where mise looks for its settings in a folder."""
TOOL_FILES = (".tool-versions", *MISE_FILES)


def tool_versions(target: Target, folder: str) -> dict[str, str]:
    """Tool → version from .tool-versions and the settings of mise, the nearest file first, up to the target's root."""
    found: dict[str, str] = {}
    for above in ancestors(folder):
        for line in (target.text(join(above, ".tool-versions")) or "").splitlines():
            words = line.partition("#")[0].split()
            if len(words) > 1:
                found.setdefault(words[0], words[1])
        for name in MISE_FILES:
            tools = target.parsed(join(above, name), tomllib.loads, "TOML").get("tools")
            for tool, value in tools.items() if isinstance(tools, dict) else ():
                first = value[0] if isinstance(value, list) and value else value
                first = first.get("version") if isinstance(first, dict) else first
                if isinstance(first, str | int | float) and not isinstance(first, bool):
                    found.setdefault(tool, str(first))
    return found
