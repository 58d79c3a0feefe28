"""What is rendered for a Next.js app: the right files in the right places, and scripts that linters accept."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import corpus
from tests.support import template as template_support
from tests.support.template import rendered_files


def test_each_app_has_its_files_and_no_others(renders: dict[str, Path], subtests: pytest.Subtests) -> None:
    for name, project in renders.items():
        if name.startswith("nextjs-"):
            with subtests.test(name):
                has_its_files(project, corpus.given(project))
                finds_package_json(project, corpus.given(project))


def has_its_files(project: Path, answers: dict[str, Any]) -> None:
    files = set(rendered_files(project))
    root = "" if answers["app_dir"] == "." else f"{answers['app_dir']}/"
    routes = f"{root}{'src/' if answers['src_dir'] else ''}{answers['router']}"
    ending = "ts" if answers["typescript"] else "js"
    wanted = (
        {f"{routes}/{name}/route.{ending}" for name in ("livez", "readyz")}
        if answers["router"] == "app"
        else {f"{routes}/api/{name}.{ending}" for name in ("livez", "readyz")}
    )
    assert {file for file in files if re.search(r"(livez|readyz)", file)} == wanted

    database, migrations = answers["database"] != "none", answers["orm"] != "none"
    assert ("fly/database.mjs" in files) == database
    assert ("fly/migrate.mjs" in files) == (database and migrations)
    assert ("fly/orm.config.mjs" in files) == (database and answers.get("migration_runner") == "cli")

    fly = tomllib.loads((project / "fly.toml").read_text())
    assert ("release_command" in fly["deploy"]) == (database and migrations)
    (check,) = fly["http_service"]["checks"]
    prefix = "" if answers["router"] == "app" else "/api"
    assert check["path"] == f"{prefix}/{answers['routing_check']}"
    assert set(fly["build"].get("args", {})) == set(answers["public_env"])


def finds_package_json(project: Path, answers: dict[str, Any]) -> None:
    root = project / answers["app_dir"]
    (route,) = [path for name, path in rendered_files(project).items() if "livez" in name]
    (imported,) = re.findall(r'import app from "(.*)"', route.read_text())
    assert (route.parent / imported).resolve() == (root / "package.json").resolve()


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
    answers = {"stack": "nextjs", "fly_app": "shop", "orm": "prisma", "database": "fly_managed", "typescript": True}
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
    ("path", "text", "finding"),
    [
        ("next.config.ts", "export default {\n  trailingSlash: true,\n};\n", r"^fail  health .*to /livez/;"),
        ("next.config.ts", "export default {\n  basePath: '/shop',\n};\n", r"^fail  health .*to /shop/livez;"),
        ("next.config.ts", "export default {\n  output: 'export',\n};\n", r"^fail  next.config .*output is export"),
        ("next.config.ts", "export default {\n  distDir: 'build',\n};\n", r"^fail  next.config .*distDir"),
        ("proxy.ts", "export const config = { matcher: ['/(.*)'] };\n", r"^warn  health .*proxy.ts may send"),
        ("yarn.lock", "", r"^warn  lock .*yarn.lock is of another package manager"),
        ("app/page.tsx", "process.env.NEXT_PUBLIC_NAME\n", r"^warn  public-env .*NEXT_PUBLIC_NAME is read"),
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
    ("path", "finding"),
    [
        ("package-lock.json", r"^fail  lock .*package-lock.json is missing"),
        ("prisma/migrations", r"^fail  migrations .*prisma/migrations is missing"),
        ("app/livez/route.ts", r"^fail  health .*app/livez/route.ts is missing"),
    ],
)
def test_doctor_misses(path: str, finding: str, project: Path) -> None:
    subprocess.run(["rm", "-r", str(project / path)], check=True)
    code, said = doctor(project)
    assert code == 1
    assert re.search(finding, said, re.M), said


def test_a_library_that_is_nowhere_is_named_in_the_build(tmp_path: Path) -> None:
    text = (template_support.REPO / "template/{{ if_nextjs }}/Dockerfile.jinja").read_text()
    lay = re.search(r'<<"EOF" /usr/local/bin/lay\n(.*?)\nEOF\n', text, re.S)
    assert lay
    package = tmp_path / "package.node"
    package.write_bytes(Path("/bin/cat").read_bytes().replace(b"libc.so.6", b"gone.so.6"))
    package.chmod(0o755)
    command = ["sh", "-c", lay[1], "lay", str(tmp_path / "out"), str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "gone.so.6" in done.stderr
