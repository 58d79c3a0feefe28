"""The tools of this machine, and which of them a test sees.

A test that runs a tool of tests/machine/tools says so: `@pytest.mark.needs("jq", "psql")`, or `pytestmark` for a
whole file. Where a tool is missing the test is skipped. On Debian and its relatives every other tool is hidden from
the test, so that one that is used and not named fails on each machine, not only on those that lack it.

A helper that starts a tool itself calls `require`, which skips the test of whoever called, and runs the path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parents[1] / "machine" / "tools"
PREPARE = "tests/machine/prepare"
_ALWAYS = ("awk", "git", "python", "python3", "uv", "uvx")
"""What a test may use beside the commands of Debian's essential packages: what README asks for, and awk, which
Debian always has in one of several packages."""
_REASON = re.compile(r"needs (\S+), which this machine lacks")


@dataclass(frozen=True)
class Tool:
    """A line of tests/machine/tools."""

    name: str
    package: str
    commands: tuple[str, ...]

    def found(self) -> dict[str, Path]:
        """Its commands with their paths; empty when one of them is missing."""
        paths = {Path(command).name: _locate(command) for command in self.commands}
        return {name: path for name, path in paths.items() if path} if all(paths.values()) else {}


def cache_folder() -> Path:
    """Where tools, downloads and file systems are kept between runs (tests/machine/env.sh says the same)."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("COPIER_FLY_CACHE") or home / "copier-fly")


def _locate(command: str) -> Path | None:
    if command.startswith("/"):
        # The newest of several versions: Debian keeps PostgreSQL's server off PATH, in a folder for each.
        matches = sorted(Path("/").glob(command[1:]), key=lambda path: [*map(int, re.findall(r"\d+", str(path)))])
        if matches:
            return matches[-1]
    # tests/machine/prepare puts some into the cache, and Debian some where only root's PATH leads.
    places = [cache_folder() / "bin", machine_path(), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    path = shutil.which(Path(command).name, path=":".join(map(str, places)))
    return Path(path) if path else None


def table() -> dict[str, Tool]:
    """All tools that a test can name."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {name: Tool(name, package, tuple(commands)) for name, package, *commands in lines}


def find(name: str) -> Path | None:
    """The path of a tool's first command, None where the machine lacks it. KeyError for an unknown name."""
    return next(iter(table()[name].found().values()), None)


def require(name: str) -> Path:
    """The path of a tool's first command; skips the test where the machine lacks it."""
    path = find(name)
    if path is None:
        pytest.skip(reason(name))
    return path


def reason(name: str, detail: str = "") -> str:
    """Why a test is skipped; `missing_tool` reads it."""
    return f"needs {name}, which this machine lacks: {detail or f'{PREPARE} installs it'}"


def missing_tool(skipped: str) -> str | None:
    """The tool for want of which a test was skipped, by the reason; None for other reasons."""
    found = _REASON.search(skipped)
    return found[1] if found else None


# --- Hiding the others ------------------------------------------------------------------------------------------

_WHOLE = "COPIER_FLY_WHOLE_PATH"
"""The environment variable that keeps PATH as it was, for the workers too."""


def machine_path() -> str:
    """PATH as it was before the tests hid anything."""
    return os.environ.get(_WHOLE, os.environ["PATH"])


def machine_environment() -> dict[str, str]:
    """The environment with `machine_path`, for a helper that starts a tool of the machine by `require` or `find`."""
    return {**os.environ, "PATH": machine_path()}


@dataclass(frozen=True)
class Box:
    """What tests see of the machine: a folder of links for each tool, and `base` with those that all of them see."""

    folder: Path

    @classmethod
    def make(cls) -> Box | None:
        """Link what the machine has; None where dpkg does not say which commands are essential."""
        os.environ.pop(_WHOLE, None)
        essential = _essential()
        if not essential:
            return None
        box = cls(Path(tempfile.mkdtemp(prefix="tools-")))
        paths = {name: shutil.which(name) for name in {*essential, *_ALWAYS}}
        _link(box.folder / "base", {name: Path(path) for name, path in paths.items() if path})
        for tool in table().values():
            _link(box.folder / tool.name, tool.found())
        os.environ[_WHOLE] = os.environ["PATH"]
        return box

    def show(self, names: Iterable[str]) -> None:
        """Let PATH lead to these tools and to what every test sees; unknown names are passed over."""
        # What the virtual environment brings is a dependency of the tests, not a tool of the machine.
        here = [Path(sys.executable).parent] if sys.prefix != sys.base_prefix else []
        folders = [*here, *(self.folder / name for name in names), self.folder / "base"]
        os.environ["PATH"] = ":".join(map(str, folders))

    def remove(self) -> None:
        """Show everything again."""
        os.environ["PATH"] = os.environ.pop(_WHOLE)
        shutil.rmtree(self.folder, ignore_errors=True)


def _essential() -> set[str]:
    """The commands that no Debian lacks: those of the packages it calls essential."""
    if shutil.which("dpkg-query") is None:
        return set()

    def query(*words: str) -> list[str]:
        done = subprocess.run(["dpkg-query", *words], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    packages = [line.split()[1] for line in query("-W", "-f", "${Essential} ${Package}\n") if line.startswith("yes")]
    return {path.rpartition("/")[2] for path in query("-L", *packages) if re.match(r"(/usr)?/s?bin/.", path)}


def _link(folder: Path, commands: dict[str, Path]) -> None:
    folder.mkdir()
    for name, path in commands.items():
        (folder / name).symlink_to(path)
