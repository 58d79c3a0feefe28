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
from allpairspy import AllPairs

from tests.support import template as template_support
from tests.support.template import rendered_files

AXES: dict[str, list[Any]] = {
    "package_manager": ["npm", "pnpm", "yarn", "yarn_berry", "bun"],
    "orm": ["prisma", "drizzle", "sql", "none"],
    "migration_runner": ["runner", "cli"],
    "database": ["fly_managed", "neon", "none"],
    "router": ["app", "pages"],
    "src_dir": [False, True],
    "typescript": [True, False],
    "app_dir": [".", "apps/web"],
    "node_version": ["22", "24", "26"],
    "public_env": [[], ["NEXT_PUBLIC_SITE_URL"]],
    "build_secrets": [[], ["SENTRY_AUTH_TOKEN"]],
}
MATRIX = [dict(zip(AXES, row, strict=True)) for row in AllPairs(list(AXES.values()))]


@pytest.fixture(scope="module", params=range(len(MATRIX)), ids=lambda number: f"row {number}")
def row(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    answers = {"stack": "nextjs", "fly_app": "shop", **MATRIX[request.param]}
    if answers["orm"] not in ("prisma", "drizzle"):
        del answers["migration_runner"]
    return answers, template_support.render(template, tmp_path_factory.mktemp("row"), answers)


def test_row_has_its_files_and_no_others(row: tuple[dict[str, Any], Path]) -> None:
    answers, project = row
    files = set(rendered_files(project))
    root = "" if answers["app_dir"] == "." else "apps/web/"
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
    assert check["path"] == ("/livez" if answers["router"] == "app" else "/api/livez")
    assert set(fly["build"].get("args", {})) == set(answers["public_env"])


def test_package_json_is_found_from_every_route(row: tuple[dict[str, Any], Path]) -> None:
    answers, project = row
    root = project / answers["app_dir"]
    (route,) = [path for name, path in rendered_files(project).items() if "livez" in name]
    (imported,) = re.findall(r'import app from "(.*)"', route.read_text())
    assert (route.parent / imported).resolve() == (root / "package.json").resolve()


def test_scripts_in_the_dockerfile_pass_shellcheck(row: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    text = (row[1] / "Dockerfile").read_text()
    scripts = dict(re.findall(r'^COPY --chmod=755 <<"EOF" /usr/local/bin/(\S+)\n(.*?)^EOF\n', text, re.M | re.S))
    assert set(scripts) == {"sort-source", "lay", "lay-system", "build-app"}
    for name, script in scripts.items():
        file = tmp_path / name
        file.write_text(script)
        checked = subprocess.run(["shellcheck", str(file)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout


def test_dockerfile_passes_hadolint(row: tuple[dict[str, Any], Path]) -> None:
    command = ["hadolint", "--failure-threshold", "error", str(row[1] / "Dockerfile")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


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
