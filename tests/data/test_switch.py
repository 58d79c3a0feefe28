"""Another provider is one answer: what depends on it changes, what the user wrote stays or is named."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from copier import VcsRef, run_copy, run_update

from tests.data.places import ANSWERS, PROVIDERS
from tests.support.template import rendered_files

PAIRS = list(itertools.permutations([*PROVIDERS, "none"], 2))
ANSWERS_FILE = ".copier-answers.yml"
# What only one provider's files say.
THEIRS = {
    "fly_managed": ("flympg", "fly mpg", "flyctl mpg"),
    "fly_postgres": (".flycast", "flyctl postgres"),
    "neon": ("neonctl", "neon.tech"),
    "none": (),
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def released(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a repository with one release, as an update needs it."""
    folder = tmp_path_factory.mktemp("released") / "template"
    shutil.copytree(template, folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Release")
    git(folder, "tag", "v0.1.0")
    return folder


@pytest.fixture(scope="module")
def copies(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a committed copy for a provider; each is made once and is not to be changed."""
    made: dict[str, Path] = {}

    def copy(database: str) -> Path:
        if database not in made:
            folder = tmp_path_factory.mktemp(database) / "shop"
            answers = {**ANSWERS, "github": True, "offsite_backups": True, "database": database}
            run_copy(str(released), folder, data=answers, defaults=True, unsafe=True, quiet=True)
            git(folder, "init", "-q")
            git(folder, "add", "-A")
            git(folder, "commit", "-qm", "Copy")
            made[database] = folder
        return made[database]

    return copy


def append(file: Path, line: str) -> None:
    file.write_text(f"{file.read_text()}{line}\n")


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda pair: pair)
def test_the_answer_changes_what_depends_on_it_and_nothing_else(
    copies: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    project = tmp_path / "shop"
    shutil.copytree(copies(before), project, symlinks=True)
    fresh = rendered_files(copies(after))
    # Each of these is in another place: a file that does not depend on it, ones that do, one that may go.
    edits = {"ops/lib.sh": "# mine: lib", "fly.toml": "# mine: fly", "docs/fly/deploy.md": "Mine: deploy"}
    edits |= {"ops/database.sh": "# mine: database"} if before != "none" else {}
    for name, line in edits.items():
        append(project / name, line)
    git(project, "commit", "-qam", "Edits")

    run_update(
        project,
        # While there is no database nobody is asked whether to keep dumps of it.
        data={"database": after, **({"offsite_backups": True} if before == "none" else {})},
        vcs_ref=VcsRef.CURRENT,
        defaults=True,
        unsafe=True,
        overwrite=True,
        quiet=True,
    )
    said = "".join(capfd.readouterr())

    files = rendered_files(project)
    assert set(files) == set(fresh)
    for name, file in files.items():
        if name in edits:
            kept = file.read_text()
            assert edits[name] in kept
            if "<<<<<<<" not in kept:
                assert kept == fresh[name].read_text() + edits[name] + "\n"
            else:
                assert name in said, "a conflict that is not named"
        elif name != ANSWERS_FILE:
            assert file.read_text() == fresh[name].read_text(), name
            left = [word for word in THEIRS[before] if word in file.read_text() and word not in fresh[name].read_text()]
            assert left == [], name
    for name in set(edits) - set(files):
        assert name in said, f"{name} is dropped and nobody says so"
        assert f"git checkout HEAD -- {name}\n" in said
    for name in ("docs/fly/database-migration.md", "ops/offsite", ".github/workflows/fly-backup.yml"):
        assert (name in files) == (after != "none")
