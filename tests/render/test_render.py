"""Every example, and answers of each stack combined pair by pair, render whole."""

from __future__ import annotations

import re
import stat
import tomllib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from copier_fly import template_files
from copier_fly.answers import layers
from tests.support import corpus
from tests.support import template as template_support
from tests.support.template import EXAMPLES, EXCLUSIVE_LAYERS, REPO, rendered_files

LEFTOVER = re.compile(r"\{\{ |\{%|%\}|\{#")
# What these begin with belongs to the file's own language.
THEIR_OWN = {".yml": re.compile(r"\$\{\{.*?\}\}"), ".ex": re.compile(r"(\{|\[)\{\w+, ")}


def test_renders_are_whole(renders: dict[str, Path], subtests: pytest.Subtests) -> None:
    for name, project in renders.items():
        with subtests.test(name):
            whole(project)


def whole(project: Path) -> None:
    """A render has nothing left of the template, every file parses, scripts can be run."""
    files = rendered_files(project)
    for path, file in files.items():
        text = file.read_text("utf-8")
        cleaned = THEIR_OWN.get(file.suffix, re.compile(r"(?!)")).sub("", text)
        assert not LEFTOVER.search(cleaned), f"{path} has a piece of the template left"
        assert text.endswith("\n"), f"{path} does not end with a line break"
        assert not text.endswith("\n\n"), f"{path} ends with an empty line"
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{path} has white space at a line's end"
        assert "\n\n\n" not in text, f"{path} has two empty lines in a row"
        assert str(project) not in text, f"{path} names the folder it was rendered in"
        assert bool(file.stat().st_mode & stat.S_IXUSR) == text.startswith("#!/bin/sh"), path
        if file.suffix == ".toml":
            tomllib.loads(text)
        if file.suffix in {".yml", ".yaml"}:
            corpus.yaml_documents(text)
    given = corpus.given(project)
    apart = [environment["name"] for environment in given["environments"]]
    apart += ["log_shipper"] if given["log_shipper"] != "none" else []
    assert {path for path in files if re.fullmatch(r"fly\..*toml", path)} == {
        "fly.toml",
        *(f"fly.{name}.toml" for name in apart),
    }


def test_nothing_is_stored_but_answers(renders: dict[str, Path]) -> None:
    """No derived value: stored, it would freeze what should follow from the other answers."""
    derived = yaml.safe_load((REPO / "questions" / "derived.yml").read_text()).keys() | {"preflight"}
    for name, project in renders.items():
        assert not derived & corpus.given(project).keys(), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_second_copy_changes_nothing(template: Path, tmp_path: Path, name: str) -> None:
    answers = template_support.example(name)
    template_support.render(template, tmp_path, answers)
    before = {path: (file.read_bytes(), file.stat().st_mode) for path, file in rendered_files(tmp_path).items()}
    template_support.render(template, tmp_path, answers)
    assert before == {path: (file.read_bytes(), file.stat().st_mode) for path, file in rendered_files(tmp_path).items()}


def test_each_page_says_first_when_it_is_needed_and_has_at_most_200_lines(renders: dict[str, Path]) -> None:
    pages = [page for project in renders.values() for page in project.glob("docs/**/*.md")]
    openings = {page: page.read_text().split("\n\n")[1] for page in pages}
    assert [page for page, opening in openings.items() if not opening.startswith("You need this page ")] == []
    assert [page for page in pages if len(page.read_text().splitlines()) > 200] == []


def test_no_two_sources_render_one_path() -> None:
    """Two layers that are in at the same time would fight over a file, and copier would stop half-way."""
    layers: dict[str, list[set[str]]] = {}
    for source in template_files.sources():
        path, conditions = template_files.conditions(source)
        layers.setdefault(path, []).append(conditions)
    clashes = {
        path: [sorted(one) for one in sources]
        for path, sources in layers.items()
        if any(not exclusive(one, other) for n, one in enumerate(sources) for other in sources[n + 1 :])
    }
    assert clashes == {}


def exclusive(one: set[str], other: set[str]) -> bool:
    """Whether the two sets of layers can never be in together; tests/questions shows that the groups hold."""
    return any(len(group & (one | other)) > 1 for group in EXCLUSIVE_LAYERS)


def test_each_layer_that_is_named_is_there_and_each_that_is_there_is_named() -> None:
    files = [
        file for folder in ("template", "includes", "messages") for file in (REPO / folder).rglob("*") if file.is_file()
    ]
    texts = [f"{file.relative_to(REPO)}\n{file.read_text()}" for file in files]
    named = {name for text in texts for name in re.findall(r"\blayers\.(\w+)", text)}
    assert named == layers.wanted(defaultdict(str)).keys()


def test_paths_carry_no_statement_but_yield() -> None:
    with_statement = [str(source.relative_to(REPO)) for source in (REPO / "template").rglob("*") if "{%" in source.name]
    assert all("{% yield env from" in name for name in with_statement), with_statement


def test_without_scripts_a_fresh_phoenix_app_gets_at_most_20_files_and_900_lines(render: Callable[..., Path]) -> None:
    answers = template_support.example("phoenix_managed") | {"github": False, "deploy_on": "manual"}
    project = render({**answers, "scripts": "none"})
    files = rendered_files(project)
    lines = sum(len(file.read_text().splitlines()) for file in files.values())
    assert (len(files) <= 20, lines <= 900) == (True, True), f"{len(files)} files, {lines} lines"


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_scripts_no_file_sends_a_reader_to_one(render: Callable[..., Path], name: str) -> None:
    project = render(template_support.example(name) | {"scripts": "none", "alerts": "none"})
    said = {path for path, file in rendered_files(project).items() if re.search(r"\bops/[a-z]", file.read_text())}
    assert said == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_schedules_no_file_knows_what_starts_them(render: Callable[..., Path], name: str) -> None:
    files = rendered_files(render(template_support.example(name)))
    words = re.compile(r"supercronic|crontab|call\.mjs")
    assert {path for path, file in files.items() if words.search(file.read_text())} == set()


def test_without_a_replica_no_file_knows_of_one(render: Callable[..., Path]) -> None:
    project = render(template_support.example("phoenix_sqlite") | {"sqlite_replica": "none"})
    said = {path for path, file in rendered_files(project).items() if "litestream" in file.read_text().lower()}
    assert said == set()
    assert (project / "rel/overlays/bin/server").read_text().endswith("./migrate\nPHX_SERVER=true exec ./shop start\n")
