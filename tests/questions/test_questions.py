"""The question files themselves, and every answer that can be given to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier.errors import UserMessageError
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

import load
from copier_fly.detect.project import Project
from copier_fly.stacks import STACKS
from tests.support.profiles import examples
from tests.support.questions import ASKED, FILES, QUESTIONS
from tests.support.template import REPO, pretend

KEYS = {"type", "help", "choices", "multiselect", "default", "placeholder", "validator", "when", "ask"}


def test_copier_knows_every_key() -> None:
    """copier passes over a misspelt key without a word."""
    assert {name: question.keys() - KEYS for name, question in QUESTIONS.items() if question.keys() - KEYS} == {}


def test_every_file_is_included() -> None:
    assert sorted(FILES) == sorted((REPO / "questions").glob("*.yml"))
    assert (FILES[0].stem, FILES[-1].stem) == ("preflight", "derived")


def test_no_name_stands_for_two_things() -> None:
    names = [name for file in FILES for name in yaml.safe_load(file.read_text())]
    assert len(names) == len(set(names))


def test_every_question_asks_a_question() -> None:
    silent = {"scaffolded_on", "survey"}
    assert [
        name for name, question in ASKED.items() if "?" not in question.get("help", "") and name not in silent
    ] == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_question_fits_a_terminal_of_80_columns(template: Path, tmp_path: Path, stack: str) -> None:
    """A prompt for a text cuts its lines off, all but the last."""
    answers = pretend(template, tmp_path / "app", {"stack": stack, "fly_app": "mountain-shop"})
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    load.load_package().install(environment, load.COMPILED.of)
    lines = []
    for question in ASKED.values():
        asked = environment.from_string(question["help"]).render(answers).splitlines() if "help" in question else []
        # Before the first, copier writes a sign of two columns and a space.
        lines += [" " * 3 * (line is asked[0]) + line for line in asked]
    assert [line for line in lines if len(line) > 80] == []


def test_what_is_read_of_a_project_is_there() -> None:
    """A misspelt field fails when it is rendered; here also where no test renders it."""
    read = set()
    for folder in ("questions", "messages", "includes", "template"):
        for file in (REPO / folder).rglob("*.*"):
            text = file.read_text() if file.suffix in (".yml", ".jinja") and file.is_file() else ""
            read |= set(re.findall(r"detected\(\)\.([\w.]+)", text))
    assert len(read) > 10
    for path in read:
        value: Any = Project(folder="")
        for name in path.split("."):
            value = getattr(value, name)


def test_at_most_nine_are_always_asked() -> None:
    """The quick path: eight, one more for an umbrella and one more on GitHub."""
    always = [name for name, question in ASKED.items() if "ask" not in question]
    assert always == [
        "customise",
        "stack",
        "http_port",
        "fly_app",
        "primary_region",
        "vm_memory",
        "database",
        "scripts",
    ]
    assert "umbrella" in ASKED["tcp_services"]["ask"]
    assert "github" in ASKED["deploy_on"]["ask"]


FOLDER = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in {".", ".."} and len(name.encode()) < 200
)


@examples(50, 500)
@given(folder=FOLDER)
def test_any_folder_name_gives_defaults_that_pass(template: Path, tmp_path_factory: Any, folder: str) -> None:
    answers = pretend(template, tmp_path_factory.getbasetemp() / "folders" / folder, {})
    assert answers["fly_app"]
    assert answers["effective"]["hostname"] == f"{answers['fly_app']}.fly.dev"


@examples(25, 500)
@given(
    name=st.sampled_from(sorted(ASKED.keys() - {"preflight"})),
    value=st.text(max_size=30) | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2),
)
def test_no_answer_is_answered_with_a_traceback(
    template: Path, tmp_path_factory: Any, name: str, value: object
) -> None:
    """An answer is taken or refused by name; anything but copier's own error would be a traceback."""
    try:
        pretend(template, tmp_path_factory.getbasetemp() / "noise" / "app", {name: value})
    except UserMessageError as error:
        assert str(error).splitlines()[0].split(":")[0] in QUESTIONS, error


def test_quick_defaults_fit_a_fresh_phoenix_app(template: Path, tmp_path: Path) -> None:
    answers = pretend(template, tmp_path / "shop", {})
    assert {name: answers[name] for name in ("stack", "fly_app", "http_port", "vm_memory", "database", "app_dir")} == {
        "stack": "phoenix",
        "fly_app": "shop",
        "http_port": 8080,
        "vm_memory": "512mb",
        "database": "fly_managed",
        "app_dir": ".",
    }


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("256mb", "shared-cpu-1x"),
        ("2gb", "shared-cpu-1x"),
        ("4gb", "shared-cpu-2x"),
        ("8gb", "shared-cpu-4x"),
    ],
)
def test_auto_takes_the_smallest_size_that_fits(template: Path, tmp_path: Path, memory: str, size: str) -> None:
    assert pretend(template, tmp_path / "shop", {"vm_memory": memory})["effective"]["vm_size"] == size
