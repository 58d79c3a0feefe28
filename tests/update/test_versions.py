"""An update from each earlier version is a fresh copy of the newest one, and the edits of its owner on top."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.profiles import THOROUGH
from tests.support.questions import ASKED
from tests.update import history
from tests.update.conftest import Project
from tests.update.history import Version

VERSIONS = history.versions()
SHAPES = {version: history.examples(version) for version in VERSIONS}


def cases() -> list[tuple[Version, str]]:
    """Releases are what users have, so each of them is updated in every shape.

    Commits that stand for releases take turns: each shape once.
    """
    if all(version.released for version in VERSIONS):
        return [(version, name) for version in VERSIONS for name in SHAPES[version]]
    names = sorted({name for shapes in SHAPES.values() for name in shapes})
    in_turn = [(VERSIONS[number % len(VERSIONS)], name) for number, name in enumerate(names)]
    return [(version if name in SHAPES[version] else VERSIONS[-1], name) for version, name in in_turn]


CASES = cases()
EDIT = b"# edited by its owner\n"


def made(project: Callable[..., Project], version: Version, name: str) -> Project:
    """A project of that version or, where a commit stands for it that was half-done, of the next one."""
    *earlier, last = VERSIONS[VERSIONS.index(version) :]
    for candidate in earlier:
        try:
            return project(SHAPES[candidate][name], candidate.tag)
        except Exception:
            if candidate.released:
                raise
    return project(SHAPES[last][name], last.tag)


def still_asked(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers to questions that the newest version asks; an update passes over the others, a copy refuses them."""
    return {name: value for name, value in answers.items() if name in ASKED}


def ids(cases: list[tuple[Version, str]]) -> list[str]:
    return [f"{version.tag}-{name}" for version, name in cases]


@pytest.mark.parametrize(("version", "name"), CASES, ids=ids(CASES))
def test_equals_a_fresh_copy(
    project: Callable[..., Project], fresh: Callable[..., dict[str, bytes]], version: Version, name: str
) -> None:
    updated = made(project, version, name)
    before = updated.answers
    updated.update()
    assert updated.files == fresh(still_asked(before))
    assert updated.in_conflict == set()


# One of each stack every day, every shape at night.
EDITED = (
    CASES
    if THOROUGH
    else [(VERSIONS[0], "phoenix_managed"), (VERSIONS[-1], "nextjs_monorepo"), (VERSIONS[-1], "umbrella_two_repos")]
)


@pytest.mark.parametrize(("version", "name"), EDITED, ids=ids(EDITED))
def test_edits_stay_on_top(
    project: Callable[..., Project],
    fresh: Callable[..., dict[str, bytes]],
    capfd: pytest.CaptureFixture[str],
    version: Version,
    name: str,
) -> None:
    updated = made(project, version, name)
    expected = fresh(still_asked(updated.answers))
    before = updated.edit()
    capfd.readouterr()
    updated.update()
    said = capfd.readouterr().out
    conflicts = updated.in_conflict
    kept = (before.keys() & expected.keys()) - {".copier-answers.yml"}
    assert len(kept) > 20
    after = updated.files
    without_edit = {path for path in kept if EDIT not in after[path]}
    assert without_edit == set()
    spoilt = {path for path in kept - conflicts if after[path].replace(EDIT, b"", 1) != expected[path]}
    assert spoilt == set()
    assert all(after[path] == expected[path] for path in expected.keys() - before.keys())
    assert updated.dropped == before.keys() - expected.keys()
    for path in updated.dropped:
        assert f"git checkout HEAD -- {shlex.quote(path)}\n" in said
    for path in conflicts:
        assert f"  {path}\n" in said
