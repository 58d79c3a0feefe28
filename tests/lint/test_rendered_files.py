"""What people get passes the linters that they have: each distinct rendered file once."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.lint import tools
from tests.support import corpus
from tests.support.corpus import Rendered
from tests.support.template import rendered_files

# Where the scripts are; which of the files there are scripts, their first lines say.
SCRIPTS = ("ops/*", "rel/*.sh", "rel/overlays/*.sh", "rel/overlays/bin/*", "rel/env.sh.eex", "fly/schedule.sh")
DOCS = ("docs/fly/*.md",)


@pytest.fixture(scope="module")
def scripts(renders: dict[str, Path]) -> list[Rendered]:
    found = corpus.distinct(renders, *SCRIPTS)
    return [script for script in found if tools.is_script(script.path, script.file.read_text())]


def test_dockerfiles(renders: dict[str, Path]) -> None:
    files = [found.file for found in corpus.distinct(renders, "Dockerfile")]
    assert len(files) > 10
    tools.clean(tools.run("hadolint", "--no-color", *files))


def test_no_program_is_written_in_a_dockerfile(renders: dict[str, Path]) -> None:
    """A here-document is nothing but text to hadolint, and no other linter reads it."""
    here = re.compile(r"^(COPY|RUN)\b.*<<", re.MULTILINE)
    assert [str(found) for found in corpus.distinct(renders, "Dockerfile") if here.search(found.file.read_text())] == []


def test_scripts_pass_shellcheck(scripts: list[Rendered]) -> None:
    assert {script.path for script in scripts} >= {"ops/deploy", "ops/settings.sh", "rel/overlays/bin/server"}
    plain = [script for script in scripts if not script.path.endswith(".eex")]
    found = [
        tools.run("shellcheck", "-x", "--color=never", *paths, cwd=project)
        for project, paths in corpus.by_project(plain).items()
    ]
    tools.clean(*found)


def test_templates_of_scripts_pass_shellcheck(scripts: list[Rendered]) -> None:
    """`mix release` fills in rel/env.sh.eex; here a word stands for what it puts there."""
    templates = [script for script in scripts if script.path.endswith(".eex")]
    assert templates
    for template in templates:
        tools.clean(tools.run("shellcheck", "--color=never", "-", stdin=without_eex(template)))


def without_eex(script: Rendered) -> str:
    return re.sub(r"<%.*?%>", "eex", script.file.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_scripts_can_be_read_by(scripts: list[Rendered], shell: str) -> None:
    """Debian's /bin/sh, and Alpine's."""
    program, *applet = shell.split()
    for script in scripts:
        tools.clean(tools.run(program, *applet, "-n", stdin=without_eex(script)))


def test_javascript(renders: dict[str, Path]) -> None:
    files = [found.file for found in corpus.distinct(renders, "fly/*.[cm]js")]
    assert {file.name for file in files} >= {"build.mjs", "database.mjs", "health.cjs", "migrate.mjs", "plan.mjs"}
    tools.clean(tools.run("oxlint", "--deny-warnings", *files))
    # A tsconfig may check every JavaScript file of the repository, and `next build` then stops at ours.
    assert [file.name for file in files if not file.read_text().startswith("// @ts-nocheck ")] == []


def test_toml(renders: dict[str, Path]) -> None:
    """Without schemas: they would be fetched, and tests/truth knows more about a fly.toml."""
    files = [found.file for found in corpus.distinct(renders, "*.toml")]
    assert files
    tools.clean(tools.run("taplo", "fmt", "--check", *files))
    tools.clean(tools.run("taplo", "lint", "--no-schema", *files))


def test_yaml(renders: dict[str, Path]) -> None:
    files = [found.file for found in corpus.distinct(renders, "*.yml", "*.yaml")]
    assert files
    for file in files:
        corpus.yaml_documents(file.read_text())
    # copier writes its answers file without indentation rules of ours.
    ours = [file for file in files if not file.name.startswith(".copier-answers")]
    if ours:
        tools.clean(tools.run("yamllint", "--strict", "-d", tools.YAMLLINT, *ours))


def test_workflows(renders: dict[str, Path]) -> None:
    files = corpus.distinct(renders, ".github/workflows/*.yml")
    tools.clean(tools.workflows(corpus.by_project(files)))


def test_compose_files(renders: dict[str, Path], tmp_path: Path) -> None:
    files = corpus.distinct(renders, "compose*.yaml")
    for number, rendered in enumerate(files):
        [document] = corpus.yaml_documents(rendered.file.read_text())
        (tmp_path / f"{number}-{rendered.render}.json").write_text(json.dumps(document))
    if files:
        found = sorted(tmp_path.iterdir())
        tools.clean(tools.run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *found))


@pytest.mark.needs("docker")
def test_compose_takes_them(renders: dict[str, Path], tmp_path: Path) -> None:
    """A cycle of what waits for what, and what a service inherits, only Compose itself sees."""
    values = {"DOMAIN": "shop.example.com", "POSTGRES_PASSWORD": "x", "SECRET_KEY_BASE": "x"}
    refused = {}
    for number, rendered in enumerate(corpus.distinct(renders, "compose*.yaml")):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(rendered.file, folder)
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        done = subprocess.run(
            ["docker", "compose", "-f", rendered.file.name, "config", "--format", "json"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            refused[str(rendered)] = done.stderr
            continue
        with_ports = [name for name, service in json.loads(done.stdout)["services"].items() if service.get("ports")]
        assert set(with_ports) <= {"caddy", "app"}, f"{rendered}: one machine has each port once"
    assert refused == {}


def test_no_directive_lacks_a_reason(renders: dict[str, Path]) -> None:
    found = {
        str(rendered): directives
        for rendered in corpus.distinct(renders, "*")
        if (directives := tools.unexplained(rendered.file.read_text()))
    }
    assert found == {}


@pytest.fixture(scope="module")
def docs(renders: dict[str, Path]) -> list[Rendered]:
    found = corpus.distinct(renders, *DOCS)
    assert found
    return found


def test_links_lead_somewhere(docs: list[Rendered]) -> None:
    broken = {str(doc): links for doc in docs if (links := tools.broken_links(doc.file))}
    assert broken == {}


def test_files_that_docs_name_are_there(docs: list[Rendered], renders: dict[str, Path]) -> None:
    """A file named in prose or to be typed is rendered by the same answers, when it is one of ours at all."""
    ours = {path for project in renders.values() for path in named_from_anywhere(project)}
    wrong = {
        str(doc): missing
        for doc in docs
        if (missing := sorted((tools.paths(doc.file.read_text()) & ours) - named_from_anywhere(doc.project)))
    }
    assert wrong == {}


def test_scripts_that_docs_name_exist(docs: list[Rendered]) -> None:
    """Everything below ops/ is ours, so a name there that nothing renders is one that was made up."""
    for doc in docs:
        named = {path for path in tools.paths(doc.file.read_text()) if path.startswith(("ops/", "docs/fly/"))}
        assert {path for path in named if not (doc.project / path).exists()} == set(), str(doc)


def named_from_anywhere(project: Path) -> set[str]:
    """The ways to name a render's files: from its root and, below the app's folder, from there."""
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    app = "" if answers["app_dir"] == "." else f"{answers['app_dir']}/"
    files = set(rendered_files(project))
    return files | {path.removeprefix(app) for path in files}
