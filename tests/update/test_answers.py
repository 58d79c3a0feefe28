"""An answer changed with `-r :current:`: what depends on it changes, what is dropped or moved is said, edits stay."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from copier.errors import UserMessageError

from tests.detection import projects
from tests.support import template as template_support
from tests.update.conftest import Project
from tests.update.history import NEWEST, git

EDIT = "# edited by its owner"


def shell(project: Project, command: str) -> None:
    """Type what a message said to type."""
    subprocess.run(["sh", "-euc", command], cwd=project.folder, capture_output=True, check=True)


def test_only_what_depends_on_it_changes(
    project: Callable[..., Project], fresh: Callable[..., dict[str, bytes]]
) -> None:
    answers = template_support.example("phoenix_managed")
    changed = project(answers)
    before = changed.edit()
    changed.update(vm_memory="1gb")
    expected = fresh({**answers, "vm_memory": "1gb"})
    after = changed.files
    assert after.keys() == expected.keys()
    assert changed.in_conflict == set()
    differ = {path for path in expected if expected[path] != before[path]}
    assert {"fly.toml", ".copier-answers.yml"} <= differ
    assert b'memory = "1gb"' in after["fly.toml"]
    assert not {"Dockerfile", "ops/deploy", "rel/overlays/fly.exs"} & differ
    assert {path for path in expected if after[path].replace(f"{EDIT}\n".encode(), b"") != expected[path]} == set()
    assert {path for path in expected if EDIT.encode() not in after[path]} == {".copier-answers.yml"}


@pytest.mark.parametrize(
    ("name", "answers", "gone"),
    [
        ("phoenix_managed", {"database": "none"}, "lib/shop/release.ex"),
        ("umbrella_two_repos", {"repo_apps": ["arena"]}, "docs/fly/repos.md"),
        ("nextjs_drizzle_neon", {"orm": "none"}, "fly/migrate.mjs"),
        ("phoenix_managed", {"stack": "nextjs"}, "rel/releases.exs"),
        ("ai_calendar_helper", {"environments": []}, "fly.development.toml"),
    ],
)
def test_what_is_dropped_is_named_and_comes_back(
    project: Callable[..., Project],
    capfd: pytest.CaptureFixture[str],
    name: str,
    answers: dict[str, object],
    gone: str,
) -> None:
    changed = project(template_support.example(name))
    changed.edit()
    capfd.readouterr()
    changed.update(**answers)
    said = capfd.readouterr().out
    assert gone in changed.dropped
    commands = [line.strip() for line in said.splitlines() if line.strip().startswith("git checkout HEAD -- ")]
    assert commands == [f"git checkout HEAD -- {shlex.quote(path)}" for path in sorted(changed.dropped)]
    [command] = [line for line in commands if line.endswith(f" {gone}")]
    shell(changed, command)
    assert EDIT in (changed.folder / gone).read_text()


def test_a_file_that_its_owner_deleted_stays_deleted(
    project: Callable[..., Project], capfd: pytest.CaptureFixture[str]
) -> None:
    changed = project(template_support.example("phoenix_managed"))
    (changed.folder / "ops/logs").unlink()
    changed.commit("Do without")
    capfd.readouterr()
    changed.update(vm_memory="1gb")
    assert not (changed.folder / "ops/logs").exists()
    assert "ops/logs" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("phoenix_managed", "docs", "docs/fly/deploy.md"),
        ("net_auto", "net_auto/rel", "net_auto/rel/env.sh.eex"),
    ],
)
def test_what_git_ignores_is_not_overwritten(
    project: Callable[..., Project], name: str, folder: str, file: str
) -> None:
    changed = project(template_support.example(name))
    (changed.folder / ".gitignore").write_text(f"/{folder}\n*.local\n")
    git("rm", "-rq", "--cached", folder, cwd=changed.folder)
    changed.commit("Keep it out")
    changed.edit_file(file, EDIT)
    before = changed.files
    with pytest.raises(UserMessageError) as refused:
        changed.update(vm_memory="1gb")
    assert changed.files == before
    [command] = [line for line in str(refused.value).splitlines() if line.startswith("  git add -f -- ")]
    assert file in command.split()
    shell(changed, command)
    changed.commit("Keep it in")
    changed.update(vm_memory="1gb")
    assert EDIT in (changed.folder / file).read_text()


def test_nothing_is_said_of_an_update_that_drops_nothing(
    project: Callable[..., Project], capfd: pytest.CaptureFixture[str]
) -> None:
    changed = project(template_support.example("phoenix_managed"))
    capfd.readouterr()
    changed.update(vm_memory="1gb")
    said = capfd.readouterr().out
    assert "Dropped" not in said
    assert "In conflict" not in said


def test_a_conflict_is_named(project: Callable[..., Project], capfd: pytest.CaptureFixture[str]) -> None:
    changed = project(template_support.example("phoenix_managed"))
    file = changed.folder / "fly.toml"
    file.write_text(file.read_text().replace('memory = "512mb"', 'memory = "2gb"'))
    changed.commit("More memory")
    capfd.readouterr()
    changed.update(vm_memory="1gb")
    assert changed.in_conflict == {"fly.toml"}
    assert '\nmemory = "2gb"\n' in file.read_text()
    assert '\nmemory = "1gb"\n' in file.read_text()
    said = capfd.readouterr().out
    assert "In conflict" in said
    assert "\n  fly.toml\n" in said


def app_in(folder: str) -> dict[str, object]:
    return {**template_support.example("net_auto"), "app_dir": folder}


MOVES = [("net_auto", "web"), ("net_auto", "."), (".", "net_auto"), ("net_auto", "net_auto/web"), ("apps/web", "apps")]


@pytest.mark.parametrize(("old", "new"), MOVES, ids=[f"{old}-to-{new}".replace("/", ":") for old, new in MOVES])
def test_a_move_is_refused_until_the_files_are_moved(
    project: Callable[..., Project], capfd: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    moved = project(app_in(old))
    app = projects.phoenix("net_auto")
    projects.write(moved.folder / old, app)
    moved.edit()
    before = moved.files
    with pytest.raises(UserMessageError) as refused:
        moved.update(app_dir=new)
    assert moved.files == before
    assert git("status", "--porcelain", cwd=moved.folder) == ""
    said = str(refused.value)
    assert f"still in {old}, and an update to {new} would lose your edits" in said
    shell(moved, "\n".join(line for line in said.splitlines() if line.startswith("  ")))
    assert git("status", "--porcelain", cwd=moved.folder) == ""

    moved.update(vm_memory="1gb")
    assert moved.answers["app_dir"] == new
    assert moved.in_conflict == set()
    assert moved.dropped == set()
    for path in ("mix.exs", "rel/releases.exs", "rel/overlays/fly.exs", "lib/net_auto_web/health_plug.ex"):
        assert EDIT in (moved.folder / new / path).read_text(), path
        assert not (moved.folder / old / path).exists()
    assert {path.name for path in moved.folder.iterdir()} >= {"ops", "docs", "Dockerfile", "fly.toml"}
    assert 'memory = "1gb"' in (moved.folder / "fly.toml").read_text()


def test_an_answer_that_was_wrong_from_the_start_is_corrected(
    project: Callable[..., Project], capfd: pytest.CaptureFixture[str]
) -> None:
    """The app is where the new answer says: nothing of it moves, and what goes is named."""
    corrected = project(app_in("."))
    projects.write(corrected.folder / "net_auto", projects.phoenix("net_auto"))
    corrected.edit()
    capfd.readouterr()
    corrected.update(app_dir="net_auto")
    assert (corrected.folder / "net_auto/rel/releases.exs").exists()
    assert "git checkout HEAD -- rel/releases.exs" in capfd.readouterr().out


def test_files_in_a_part_of_a_repository_are_named_from_there(
    releases: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git("init", "-q", "-b", "main", str(tmp_path), cwd=tmp_path)
    part = Project(tmp_path / "part", releases, template_support.example("phoenix_managed"), NEWEST)
    capfd.readouterr()
    part.update(database="none")
    assert "git checkout HEAD -- lib/shop/release.ex\n" in capfd.readouterr().out
