"""The pins in pyproject.toml are exact, complete and go together; no lock file says it a second time."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.template import REPO, working_files

PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
WRITTEN = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["tool"]["uv"]["constraint-dependencies"],
]
PINS = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in WRITTEN}


def needed() -> dict[str, list[Requirement]]:
    """What the packages that we name need on this machine, and what those need, each with the demands on it."""
    found: dict[str, list[Requirement]] = {}
    queue = [Requirement(line) for line in WRITTEN[: -len(PROJECT["tool"]["uv"]["constraint-dependencies"])]]
    seen: set[str] = set()
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        found.setdefault(name, []).append(wanted)
        key = f"{name}{sorted(wanted.extras)}"
        if key in seen:
            continue
        seen.add(key)
        for line in metadata.requires(name) or []:
            further = Requirement(line)
            extras = wanted.extras or {""}
            if further.marker is None or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(further)
    return found


def test_each_pin_is_exact_and_there_once() -> None:
    loose = [line for line in WRITTEN if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    assert loose == []
    assert len(PINS) == len(WRITTEN)


def test_all_that_is_needed_is_pinned() -> None:
    assert needed().keys() - PINS.keys() == set()


@pytest.mark.parametrize("name", sorted(needed()))
def test_pins_go_together(name: str) -> None:
    """What is installed is what is pinned, and what every package that needs it asks for."""
    installed = metadata.version(name)
    assert installed == PINS[name]
    refused = [str(demand) for demand in needed()[name] if not demand.specifier.contains(installed, prereleases=True)]
    assert refused == []


def test_nothing_is_pinned_in_vain() -> None:
    """Save what only other systems need: their packages are not installed here."""
    elsewhere = {"colorama", "tzdata"}
    assert PINS.keys() - needed().keys() <= elsewhere


def test_no_lock_file_is_in_git() -> None:
    assert [file for file in working_files() if file.name == "uv.lock"] == []
