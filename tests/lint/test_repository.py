"""This repository keeps its own rules: Python, shell, YAML, TOML, workflows, and links in what it says of itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lint import tools
from tests.support.template import REPO, is_golden, rendered_files, working_files

# What is rendered is linted as rendered; the apps are as their frameworks write them.
NOT_OURS = ("template/", "tests/standin/arena/", "tests/standin/packages/", "tests/standin/shop/", "tests/nextjs/apps/")
OWN = [file.as_posix() for file in working_files() if not file.as_posix().startswith(NOT_OURS) and not is_golden(file)]
WORKFLOWS = [path for path in OWN if re.fullmatch(r"\.github/workflows/[^/]+\.yml", path)]
DOCS = [path for path in OWN if path.endswith(".md")]


def text(path: str) -> str:
    return (REPO / path).read_text()


def is_text(path: str) -> bool:
    return b"\0" not in (REPO / path).read_bytes()


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_python(arguments: list[str]) -> None:
    tools.clean(tools.run("ruff", *arguments, "--no-cache", ".", cwd=REPO))


@pytest.mark.parametrize(
    "paths", [["extensions/load.py", "extensions/copier_fly"], ["tasks"]], ids=["extensions", "tasks"]
)
def test_types(paths: list[str], tmp_path: Path) -> None:
    tools.clean(tools.run("mypy", f"--cache-dir={tmp_path}", *paths, cwd=REPO))


def test_shell() -> None:
    scripts = [path for path in OWN if is_text(path) and tools.is_script(path, text(path))]
    assert {".ci/run", "tests/machine/prepare"} <= set(scripts)
    tools.clean(tools.run("shellcheck", "-x", "--color=never", *scripts, cwd=REPO))


def test_yaml() -> None:
    files = [path for path in OWN if path.endswith((".yml", ".yaml"))]
    assert {"copier.yml", "questions/stack.yml", "examples/phoenix_managed/answers.yml"} <= set(files)
    tools.clean(tools.run("yamllint", "--strict", "-d", tools.YAMLLINT, *files, cwd=REPO))


def test_workflows() -> None:
    assert WORKFLOWS
    tools.clean(tools.workflows({REPO: WORKFLOWS}))


def test_no_directive_lacks_a_reason() -> None:
    found = {
        path: directives
        for path in OWN
        if is_text(path) and not path.startswith("tests/lint/") and (directives := tools.unexplained(text(path)))
    }
    assert found == {}


@pytest.mark.parametrize("path", DOCS)
def test_links_lead_somewhere(path: str) -> None:
    assert tools.broken_links(REPO / path) == []


@pytest.mark.parametrize("path", DOCS)
def test_files_that_it_names_are_there(renders: dict[str, Path], path: str) -> None:
    """In the repository, or in what it renders."""
    rendered = {found for project in renders.values() for found in rendered_files(project)}
    known = {*OWN, *(file.as_posix() for file in working_files()), *rendered}
    folders = {parent.as_posix() for file in known for parent in Path(file).parents if parent.name}
    tops = {folder for folder in folders if "/" not in folder}
    ours = {named for named in tools.paths(text(path)) if "/" in named and named.split("/")[0] in tops}
    # A last part in capitals stands for any name: ops/VERB.
    missing = {named for named in ours if named.rstrip("/") not in known | folders and not Path(named).name.isupper()}
    assert missing == set()


def test_no_two_test_files_share_a_name() -> None:
    """pytest imports them by that name, and would leave out the second one in a run of both."""
    names = [Path(path).name for path in OWN if re.fullmatch(r"tests/.*/test_\w+\.py", path)]
    assert sorted({name for name in names if names.count(name) > 1}) == []
