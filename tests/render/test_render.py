"""Every example and a pairwise matrix of answers render whole."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from allpairspy import AllPairs

from tests.support import template as template_support
from tests.support.template import EXAMPLES, EXCLUSIVE_LAYERS, REPO, rendered_files

LEFTOVER = re.compile(r"\{\{ |\{%|%\}|\{#")
# What these begin with belongs to the file's own language.
THEIR_OWN = {".yml": re.compile(r"\$\{\{.*?\}\}"), ".ex": re.compile(r"(\{|\[)\{\w+, ")}

AXES: dict[str, list[Any]] = {
    "app_dir": [".", "net_auto"],
    "database": ["fly_managed", "fly_postgres", "neon", "none"],
    "assets": ["none", "mix", "npm", "pnpm", "yarn"],
    "runtime_base": ["debian", "alpine", "minimal"],
    "elixir_image": ["1.20-otp29", "1.19-otp28", "1.18-otp27"],
    "vm_memory": ["256mb", "1gb", "8gb"],
    "vm_size": ["auto", "performance-1x"],
    "auto_stop": ["off", "stop", "suspend"],
    "strategy": ["rolling", "bluegreen"],
    "memory_mode": ["embedded", "interactive"],
    "tcp_services": [[], [{"name": "game", "port": 6600, "proxy_proto": True}]],
    "metrics_port": [0, 9568],
    "environments": [[], [{"name": "staging", "region": "fra", "vm_memory": "2gb"}]],
    "extra_env": [{}, {"LOG_LEVEL": "info", "QUOTED": 'a "b" \\c', "ON": True}],
}


def possible(row: list[Any]) -> bool:
    answers = dict(zip(AXES, row, strict=False))
    memory, size = answers.get("vm_memory"), answers.get("vm_size")
    if size == "performance-1x" and memory in ("256mb", "1gb"):
        return False
    if answers.get("auto_stop") == "suspend" and memory == "8gb":
        return False
    return not (answers.get("tcp_services") and answers.get("auto_stop") in ("stop", "suspend"))


MATRIX = [dict(zip(AXES, row, strict=True)) for row in AllPairs(list(AXES.values()), filter_func=possible)]


@pytest.fixture(scope="session")
def matrix(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Render the rows of the matrix, each once in a worker."""
    done: dict[int, Path] = {}

    def row(number: int) -> Path:
        if number not in done:
            folder = tmp_path_factory.mktemp(f"row{number}")
            done[number] = template_support.render(template, folder, MATRIX[number])
        return done[number]

    return row


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(rendered_examples: dict[str, Path], name: str) -> None:
    whole(rendered_examples[name], template_support.example(name))


@pytest.mark.parametrize("number", range(len(MATRIX)))
def test_pairwise(matrix: Callable[[int], Path], number: int) -> None:
    whole(matrix(number), MATRIX[number])


def whole(project: Path, answers: dict[str, Any]) -> None:
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
            yaml.safe_load(text)
    environments = [environment["name"] for environment in answers.get("environments", [])]
    assert {path for path in files if re.fullmatch(r"fly\..*toml", path)} == {
        "fly.toml",
        *(f"fly.{name}.toml" for name in environments),
    }


def test_nothing_is_stored_but_answers(rendered_examples: dict[str, Path]) -> None:
    """No derived value: stored, it would freeze what should follow from the other answers."""
    derived = yaml.safe_load((REPO / "questions" / "derived.yml").read_text()).keys() | {"preflight"}
    for name, project in rendered_examples.items():
        stored = yaml.safe_load((project / ".copier-answers.yml").read_text())
        assert not derived & stored.keys(), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_second_copy_changes_nothing(template: Path, tmp_path: Path, name: str) -> None:
    answers = template_support.example(name)
    template_support.render(template, tmp_path, answers)
    before = {path: (file.read_bytes(), file.stat().st_mode) for path, file in rendered_files(tmp_path).items()}
    template_support.render(template, tmp_path, answers)
    assert before == {path: (file.read_bytes(), file.stat().st_mode) for path, file in rendered_files(tmp_path).items()}


def test_no_two_sources_render_one_path() -> None:
    """Two layers that are in at the same time would fight over a file, and copier would stop half-way."""
    layers: dict[str, list[frozenset[str]]] = {}
    for source in (REPO / "template").rglob("*"):
        if source.is_file():
            parts = source.relative_to(REPO / "template").parts
            conditions = frozenset(part for part in parts if part.startswith("{{ if_"))
            path = "/".join(part for part in parts if part not in conditions).removesuffix(".jinja")
            layers.setdefault(path, []).append(conditions)
    clashes = {
        path: [sorted(one) for one in sources]
        for path, sources in layers.items()
        if any(not exclusive(one, other) for n, one in enumerate(sources) for other in sources[n + 1 :])
    }
    assert clashes == {}


def exclusive(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the two sets of layers can never be in together; tests/questions shows that the groups hold."""
    return any(len({name for name in group if f"{{{{ {name} }}}}" in one | other}) > 1 for group in EXCLUSIVE_LAYERS)


def test_layers_are_no_questions() -> None:
    questions = {name for file in (REPO / "questions").glob("*.yml") for name in yaml.safe_load(file.read_text())}
    used = {
        part[3:-3]
        for source in (REPO / "template").rglob("*")
        for part in source.relative_to(REPO / "template").parts
        if part.startswith("{{ if_")
    }
    derived = yaml.safe_load((REPO / "questions" / "derived.yml").read_text()).keys()
    assert used <= derived
    assert {name for name in questions if name.startswith("if_")} <= derived


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
    project = render(template_support.example(name) | {"scripts": "none"})
    said = {path for path, file in rendered_files(project).items() if re.search(r"\bops/[a-z]", file.read_text())}
    assert said == set()
