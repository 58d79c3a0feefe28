"""What is rendered, and what this repository says, names only commands, settings, actions and images that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import corpus, fly_toml, fly_truth
from tests.support.corpus import Rendered
from tests.support.template import REPO, is_golden, working_files

CATALOG = REPO / "extensions" / "copier_fly" / "fly" / "catalog"
ACTIONS = yaml.safe_load((CATALOG / "actions.yml").read_text())
# What users read, and what copier and the scripts print. The layer's own tests are full of false commands.
SAID = [
    path
    for path in (file.as_posix() for file in working_files() if not is_golden(file))
    if re.match(
        r"(README|CONTRIBUTING|CHANGELOG)\.md|copier\.yml|(docs|messages|questions|examples|extensions|tasks)/", path
    )
]
# A step is the action's name at a full commit, with the tag in a comment, as Renovate and Dependabot keep it.
USES = re.compile(r"^\s*(?:- )?uses: *(\S+?)@(\S+)(?: +# *(\S+))?", re.MULTILINE)
IMAGE = re.compile(
    r"(?:docker\.io/)?((?:gcr\.io/|ghcr\.io/|quay\.io/|registry\.fly\.io/)?[a-z][a-z0-9_.-]*(?:/[a-z0-9_.-]+)*:[\w][\w.-]*(?:@sha256:[0-9a-f]{64})?)"
)


def test_commands_in_rendered_files(renders: dict[str, Path]) -> None:
    wrappers = {
        project: {name for file in project.glob("ops/*") for name in fly_truth.wrappers(file.read_text())}
        for project in renders.values()
    }
    files = corpus.distinct(renders, "*")
    commands = [
        command for rendered in files for command in fly_truth.command_lines(rendered.file.read_text(), rendered.path)
    ]
    assert len(commands) > 300, "the checker sees too few commands to be worth its name"
    found = [
        f"{rendered.render}: {finding}"
        for rendered in files
        for finding in fly_truth.check_file(rendered.file, root=rendered.project, wrappers=wrappers[rendered.project])
    ]
    assert found == []


@pytest.mark.parametrize("path", SAID)
def test_commands_in_what_is_said(path: str) -> None:
    assert [str(finding) for finding in fly_truth.check_file(REPO / path, root=REPO)] == []


@pytest.fixture(scope="module")
def fly_files(renders: dict[str, Path]) -> list[Rendered]:
    found = corpus.distinct(renders, "fly.toml", "fly.*.toml")
    assert {rendered.path for rendered in found} >= {"fly.toml", "fly.staging.toml"}
    return found


def test_fly_files_say_what_fly_understands(fly_files: list[Rendered]) -> None:
    found = {str(rendered): faults for rendered in fly_files if (faults := fly_toml.check(rendered.file.read_text()))}
    assert found == {}


@pytest.mark.needs("flyctl")
def test_fly_files_pass_flyctl(fly_files: list[Rendered]) -> None:
    found = {str(rendered): said for rendered in fly_files if (said := fly_toml.flyctl_validate(rendered.file))}
    assert found == {}


def workflows(renders: dict[str, Path]) -> dict[str, str]:
    """Every workflow, rendered and of this repository, by a name for it."""
    rendered = corpus.distinct(renders, ".github/workflows/*.yml", ".github/actions/*/action.yml")
    own = {file.as_posix(): (REPO / file).read_text() for file in working_files() if file.parts[0] == ".github"}
    return own | {str(workflow): workflow.file.read_text() for workflow in rendered}


def test_actions_are_those_of_the_catalog(renders: dict[str, Path]) -> None:
    found = workflows(renders)
    assert ".github/workflows/ci.yml" in found
    wrong = [
        f"{workflow}: {action}@{commit} # {tag}"
        for workflow, text in found.items()
        for action, commit, tag in USES.findall(text)
        if not action.startswith("./")
        and (ACTIONS.get(action, {}).get("sha"), ACTIONS.get(action, {}).get("tag")) != (commit, tag)
    ]
    assert wrong == []


def test_every_step_that_uses_an_action_is_seen(renders: dict[str, Path]) -> None:
    """By a parser of YAML, so that no way of writing a step passes the test above unseen."""
    for workflow, text in workflows(renders).items():
        used = {value for key, value in scalars(yaml.safe_load(text)) if key == "uses"}
        assert used == {f"{action}@{commit}" if commit else action for action, commit, _ in USES.findall(text)} | {
            value for value in used if value.startswith("./")
        }, workflow


def scalars(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a YAML document, with the key it stands at."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from scalars(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item, key)
    elif isinstance(value, str):
        yield key, value


@cache
def known_images() -> set[str]:
    return {
        value
        for file in CATALOG.glob("*.yml")
        for _, value in scalars(yaml.safe_load(file.read_text()))
        if IMAGE.fullmatch(value)
    }


def images(rendered: Rendered) -> set[str]:
    """The images of a Dockerfile, a Compose file or a workflow, without Docker Hub's name and without build stages."""
    text = rendered.file.read_text()
    if rendered.file.suffix in {".yml", ".yaml"}:
        named = {value for key, value in scalars(corpus.yaml_documents(text)) if key == "image" and "$" not in value}
    else:
        arguments = dict(re.findall(r'^ARG (\w+)="?([^"\s]+)', text, re.MULTILINE))
        named = set(re.findall(r"^FROM (?:--\S+ )*(\S+)|^COPY .*--from=(\S+)", text, re.MULTILINE))
        named = {one for pair in named for one in pair if one}
        named = {arguments.get(one.strip("${}"), one) if one.startswith("$") else one for one in named}
        stages = set(re.findall(r"^FROM .* AS (\S+)", text, re.MULTILINE))
        named = {one for one in named if one not in stages and one.replace("${TARGETARCH}", "amd64") not in stages}
    # Docker's word for no image at all.
    return {name.removeprefix("docker.io/") for name in named} - {"scratch"}


def test_images_are_those_of_the_catalog(renders: dict[str, Path]) -> None:
    files = corpus.distinct(renders, "Dockerfile", "compose*.yaml", ".github/workflows/*.yml")
    assert len({image for rendered in files for image in images(rendered)}) > 5
    unknown = {str(rendered): wrong for rendered in files if (wrong := images(rendered) - known_images())}
    assert unknown == {}


def test_nothing_names_an_image_by_another_tag(renders: dict[str, Path]) -> None:
    """Scripts, docs and workflows name images in prose and commands; a tag there begins with a digit."""
    known = {image.partition("@")[0] for image in known_images()}
    repositories = {image.rpartition(":")[0] for image in known}
    wrong = {
        str(rendered): found
        for rendered in corpus.distinct(renders, "*")
        if (
            found := {
                image
                for image in re.findall(
                    r"(?<![\w./-])(?:docker\.io/)?([a-z][\w./-]*:\d[\w.-]*\w)", rendered.file.read_text()
                )
                if image.rpartition(":")[0] in repositories and image not in known
            }
        )
    }
    assert wrong == {}
