"""What is rendered for a Next.js app: the right files in the right places, and scripts that linters accept."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import corpus
from tests.support.template import rendered_files


def test_each_app_has_its_files_and_no_others(renders: dict[str, Path], subtests: pytest.Subtests) -> None:
    for name, project in renders.items():
        if name.startswith("nextjs-"):
            with subtests.test(name):
                has_its_files(project, corpus.given(project))
                has_its_settings(project, corpus.given(project))
                is_read_in_one_sitting(project / "Dockerfile", corpus.given(project))


def has_its_files(project: Path, answers: dict[str, Any]) -> None:
    files = set(rendered_files(project))
    assert {"fly/settings.json", "fly/plan.mjs", "fly/build.mjs", "fly/health.cjs"} <= files
    # Nothing of ours is in the app's own tree.
    assert not [file for file in files if file.startswith(("app/", "pages/", "src/", "web/"))]

    sqlite = answers["database"] == "sqlite"
    # A release machine has no volume, so the file is migrated where it is.
    released = migrates(answers) and not sqlite
    assert ("fly/database.mjs" in files) == (answers["database"] != "none")
    own = answers["database"] != "none" and answers["migration_command"] != ""
    assert ("fly/command.mjs" in files) == own
    assert ("fly/migrate.mjs" in files) == (sqlite or (released and not own))
    assert ("fly/orm.config.mjs" in files) == (released and not own and answers.get("migration_runner") == "cli")

    fly = tomllib.loads((project / "fly.toml").read_text())
    assert ("release_command" in fly["deploy"]) == released
    (check,) = fly["http_service"]["checks"]
    assert check["path"] == f"/{answers['routing_check']}"
    assert set(fly["build"].get("args", {})) == set(answers["public_env"])


def migrates(answers: dict[str, Any]) -> bool:
    """Whether a deploy runs migrations: on every database but one that is elsewhere and no PostgreSQL."""
    elsewhere = answers["database"] == "external" and answers["database_engine"] != "postgres"
    by_orm = answers["orm"] != "none" and not elsewhere
    return answers["database"] != "none" and (by_orm or answers["migration_command"] != "")


def has_its_settings(project: Path, answers: dict[str, Any]) -> None:
    settings = json.loads((project / "fly/settings.json").read_text())
    assert settings["appDir"] == answers["app_dir"]
    assert settings["orm"] == answers["orm"]
    assert settings["publicEnv"] == answers["public_env"]
    assert (settings["migrations"] is not None) == (migrates(answers) and not answers["migration_command"])


def is_read_in_one_sitting(dockerfile: Path, answers: dict[str, Any]) -> None:
    lines = [line for line in dockerfile.read_text().splitlines() if line.strip() and not line.startswith("#")]
    # A line for each name that was answered comes on top, and supercronic where there are schedules.
    asked = len(answers["public_env"]) + 2 * len(answers["build_secrets"]) + bool(answers["build_secrets"])
    asked += 11 * bool(answers["schedules"])
    assert len(lines) - asked <= 60
    instructions = re.split(r"(?<!\\)\n", "\n".join(lines))
    assert max(text.count("\n") + 1 for text in instructions if text.startswith("RUN")) <= 12
    assert not [text for text in instructions if "<<" in text]


# --- ops/doctor ------------------------------------------------------------------------------------------


@pytest.fixture
def project(render: Callable[..., Path], tmp_path: Path) -> Path:
    """A rendered app in which ops/doctor has nothing to say."""
    folder = tmp_path / "shop"
    (folder / "app").mkdir(parents=True)
    (folder / "package.json").write_text(
        '{\n  "dependencies": {\n    "next": "16.4.3"\n  },\n  "scripts": {\n    "build": "next build"\n  }\n}\n'
    )
    (folder / "package-lock.json").write_text("{}")
    (folder / "next.config.ts").write_text("export default {\n};\n")
    (folder / "prisma" / "migrations").mkdir(parents=True)
    answers = {"stack": "nextjs", "fly_app": "shop", "orm": "prisma", "database": "fly_managed"}
    render(answers, into=folder)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    return folder


def doctor(project: Path) -> tuple[int, str]:
    subprocess.run(["git", "add", "--all", "--force"], cwd=project, check=True)
    # Nobody's login: what it finds on Fly is not the matter here.
    env = {"PATH": os.environ["PATH"], "HOME": str(project)}
    done = subprocess.run(["ops/doctor"], cwd=project, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_doctor_has_nothing_against_a_fresh_copy(project: Path) -> None:
    code, said = doctor(project)
    assert code == 0, said
    assert not re.search(r"^(warn|fail)  (?!fly )", said, re.M), said


@pytest.mark.parametrize(
    "config",
    [
        "export default {\n  ...(process.env.A ? { distDir: 'out' } : {}),\n};\n",
        "export default {\n  ...(!process.env.A && {\n    output: 'export',\n  }),\n};\n",
    ],
)
def test_doctor_has_nothing_against_what_a_variable_of_the_build_switches_on(config: str, project: Path) -> None:
    (project / "next.config.ts").write_text(config)
    code, said = doctor(project)
    assert (code, "fail  next.config" in said) == (0, False), said


@pytest.mark.parametrize(
    ("path", "text", "finding"),
    [
        ("next.config.ts", "export default {\n  output: 'export',\n};\n", r"^fail  next.config .*output is export"),
        ("next.config.ts", "export default {\n  distDir: 'build',\n};\n", r"^fail  next.config .*distDir"),
        ("yarn.lock", "", r"^warn  lock .*yarn.lock belongs to another package manager"),
        (
            "app/page.tsx",
            "process.env.NEXT_PUBLIC_A + process.env.NEXT_PUBLIC_B\n",
            r"^warn  public-env .*NEXT_PUBLIC_A NEXT_PUBLIC_B,",
        ),
        (".env.production", "A=b\n", r"^warn  env .*\.env\.production is in git"),
        ("package.json", "{}\n", r"^fail  package .*does not name next"),
    ],
)
def test_doctor_finds(path: str, text: str, finding: str, project: Path) -> None:
    (project / path).write_text(text)
    code, said = doctor(project)
    assert re.search(finding, said, re.M), said
    assert (code == 1) == finding.startswith("^fail"), said


@pytest.mark.parametrize(
    "lines",
    [
        'distDir: process.env.NEXT_DIST_DIR || ".next",',
        "output: process.env.EXPORT ? 'export' : undefined,",
        'output: "standalone", // for the image',
        "// distDir: 'build',",
    ],
)
def test_doctor_takes_no_expression_for_a_value(lines: str, project: Path) -> None:
    (project / "next.config.ts").write_text(f"export default {{\n  {lines}\n}};\n")
    code, said = doctor(project)
    assert code == 0, said


@pytest.mark.parametrize(
    ("path", "finding"),
    [
        ("package-lock.json", r"^fail  lock .*package-lock.json is missing"),
        ("prisma/migrations", r"^fail  migrations .*prisma/migrations is missing"),
        ("fly/health.cjs", r"^fail  health .*fly/health.cjs is missing"),
    ],
)
def test_doctor_misses(path: str, finding: str, project: Path) -> None:
    subprocess.run(["rm", "-r", str(project / path)], check=True)
    code, said = doctor(project)
    assert code == 1
    assert re.search(finding, said, re.M), said
