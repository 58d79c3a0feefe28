"""fly-ci.yml on real apps: what a push runs passes on an app as its framework makes it, and fails on each fault.

Next.js: an app of create-next-app with npm of this machine and its registry. Phoenix: the app and umbrella of
tests/standin, whose packages stand for the real ones, in the image that users build with. GitHub's actions are played:
a clone stands for checkout, what is installed for setup-node and setup-beam.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.delivery.runner import Runner
from tests.nextjs.recipes import NEXT_16
from tests.support import elixir, hex, nextjs, phoenix

pytestmark = [pytest.mark.system, pytest.mark.needs("jq", "node", "npm")]


def clone(project: Path, folder: Path) -> Path:
    """What checkout has: what is in git, and nothing that only stands in somebody's folder."""
    phoenix.commit(project)
    subprocess.run(["git", "clone", "-q", str(project), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def next_run(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The workflow on a fresh clone of an app of create-next-app, after a run of it."""
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"Node.js {version.strip()} is too old for Next.js 16, which needs 20")
    recipe = nextjs.Recipe(NEXT_16, "--yes --no-linter --no-tailwind --use-npm", "npm")
    folder = tmp_path_factory.mktemp("next")
    project = nextjs.make(recipe, folder / "project")
    package = json.loads((project / "package.json").read_text())
    package["scripts"] |= {"typecheck": "tsc --noEmit", "test": "node --test"}
    (project / "package.json").write_text(json.dumps(package))
    (project / "sum.test.mjs").write_text('import test from "node:test";\n\ntest("adds", () => {});\n')
    phoenix.copy_template(template, project, github="true", ci="true", ci_lint="true", database="none")
    quiet = {"NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
    return Runner(clone(project, folder / "clone"), "fly-ci.yml", lambda **env: {**os.environ, **quiet, **env})


def test_an_app_of_create_next_app_is_built_and_tested(next_run: Runner) -> None:
    assert next_run.run("test"), next_run.said
    assert next_run.ran == ["npm ci", "npm run build", "Lint, types, tests"]
    assert "> tsc --noEmit" in next_run.said
    assert "pass 1" in next_run.said


def test_a_test_that_fails_fails_it(next_run: Runner) -> None:
    (next_run.folder / "sum.test.mjs").write_text('import "./nothing.mjs";\n')
    assert not next_run.run("test", only="Lint, types, tests")
    assert "ERR_MODULE_NOT_FOUND" in next_run.said


APPS = {"phoenix": hex.make_app, "umbrella": hex.make_umbrella}


@pytest.fixture(scope="module", params=APPS)
def mix_run(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The workflow on a fresh clone of a Phoenix app or umbrella with the deployment in it."""
    folder = tmp_path_factory.mktemp(request.param)
    project = APPS[request.param](folder / "project")
    phoenix.copy_template(template, project, github="true", ci="true", ci_lint="true", database="neon")
    return Runner(clone(project, folder / "clone"), "fly-ci.yml", lambda **env: {**hex.registry(), **env})


def in_image(script: str, folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The shell of a step, where Elixir is."""
    done = elixir.run(["bash", "-e", "-c", script], folder, env=dict(env))
    done.stderr = ""
    return done


OLD = """grep -q '"hexpm"},$' mix.lock"""
DEPS = f"if {OLD}; then mix deps.get; else mix deps.get --check-locked; fi"


def test_a_phoenix_app_with_the_deployment_is_formatted_compiled_and_tested(mix_run: Runner) -> None:
    assert mix_run.run("test", shell=in_image), mix_run.said
    assert mix_run.ran == [
        DEPS,
        "mix format --check-formatted",
        "mix compile --warnings-as-errors",
        "mix test",
    ]


@pytest.mark.parametrize("mix_run", ["phoenix"], indirect=True)
def test_a_lock_file_of_an_old_hex_is_no_fault(mix_run: Runner) -> None:
    lock = mix_run.folder / "mix.lock"
    lock.write_text(re.sub(r', "[0-9a-f]{64}"\},', "},", lock.read_text()))
    assert mix_run.run("test", only=DEPS, shell=in_image), mix_run.said
    assert f"$({OLD} || echo --check-locked)" in (mix_run.folder / "Dockerfile").read_text()
    subprocess.run(["git", "checkout", "-q", "."], cwd=mix_run.folder, check=True)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    DEPS: (
        lambda app: (app / "mix.lock").write_text("%{}\n"),
        "lock",
    ),
    "mix format --check-formatted": (
        lambda app: (app / "config/config.exs").write_text((app / "config/config.exs").read_text() + "[ 1,2 ]\n"),
        "not formatted",
    ),
    "mix compile --warnings-as-errors": (
        lambda app: _first_module(app).write_text(_first_module(app).read_text() + "\nunused_name\n"),
        "unused_name",
    ),
}


def _first_module(app: Path) -> Path:
    return next(iter(sorted([*app.glob("lib/*.ex"), *app.glob("apps/*/lib/*.ex")])))


@pytest.mark.parametrize("mix_run", ["phoenix"], indirect=True)
@pytest.mark.parametrize(("step", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_fault_of_a_phoenix_app_fails_the_step_that_looks_for_it(
    mix_run: Runner, step: str, fault: tuple[Callable[[Path], object], str]
) -> None:
    spoil, said = fault
    spoil(mix_run.folder)
    assert not mix_run.run("test", only=step, shell=in_image)
    assert said in mix_run.said
    subprocess.run(["git", "checkout", "-q", "."], cwd=mix_run.folder, check=True)
