"""ops/deploy: nothing wrong goes out, what went out is proven, and the way back is one line."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

import pytest

from tests.ops.conftest import SHELLS, Project, set_up


@pytest.fixture
def live(make_project: Callable[..., Project]) -> Project:
    """A project that was set up, with one more commit to deploy."""
    project = make_project(database="fly_managed")
    set_up(project)
    project.commit("NEWS.md", "one more thing\n")
    project.fly.forget()
    return project


def images(project: Project) -> list[str]:
    """What each machine has."""
    return [machine["image_ref"]["tag"] for machine in project.fly.state()["apps"]["shop"]["machines"]]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_commit_that_is_checked_out_runs_on_every_machine(live: Project, shell: tuple[str, ...]) -> None:
    live.shell = shell
    deployed = live.run("deploy", "--yes")
    assert deployed.returncode == 0, deployed.stderr
    label = f"git-{live.revision()[:12]}"
    assert images(live) == [label]
    assert deployed.stdout.splitlines()[-2:] == [
        f"{live.fly.state()['apps']['shop']['machines'][0]['id']} serves {label}",
        "Deployed: https://shop.fly.dev",
    ]


def test_the_image_of_staging_is_the_image_of_production(live: Project) -> None:
    assert live.run("setup", "staging", "--yes").returncode == 0
    image = f"registry.fly.io/shop-staging:git-{live.revision()[:12]}"
    live.fly.forget()
    promoted = live.run("deploy", f"--image={image}", "--yes")
    assert promoted.returncode == 0, promoted.stderr
    [line] = [line for line in live.fly.lines() if line.startswith("deploy")]
    assert line == f"deploy --config fly.toml --app shop --image {image} --ha=false"


def test_building_alone_changes_no_machine(live: Project) -> None:
    before = images(live)
    built = live.run("deploy", "--build-only")
    assert built.stdout.endswith(f"Built: registry.fly.io/shop:git-{live.revision()[:12]}\n")
    assert images(live) == before


def test_secrets_of_the_build_go_along_unseen(make_project: Callable[..., Project]) -> None:
    project = make_project(stack="nextjs", database="none", build_secrets=["SENTRY_AUTH_TOKEN"], environments=[])
    assert project.run("setup", "--no-deploy", "--yes").returncode == 0
    project.fly.forget()
    built = project.run("deploy", "--build-only", SENTRY_AUTH_TOKEN="sntrys_hidden")
    assert built.returncode == 0, built.stderr
    [line] = [line for line in project.fly.lines() if line.startswith("deploy")]
    assert "--build-secret SENTRY_AUTH_TOKEN=sntrys_hidden" in line
    assert "--build-secret SENTRY_AUTH_TOKEN=…" in built.stderr
    assert "sntrys_hidden" not in built.stdout + built.stderr
    assert "NEXT_SERVER_ACTIONS" not in line, "one that is not set is left out"


@pytest.mark.parametrize(
    ("how", "says", "way_back"),
    [
        ("build", "could not be built", False),
        ("release_command", "the migrations) failed, so no machine was changed", False),
        ("health_checks", "never passed its health check", True),
        ("image_pull", "cannot be fetched", True),
        ("image_pull_silent", "has the image", True),
        ("no_capacity", "has no room for", False),
        ("network", "Fly did not answer", False),
        ("expired", "does not accept the login", False),
    ],
)
def test_each_failure_says_what_it_means_and_how_to_go_back(live: Project, how: str, says: str, way_back: bool) -> None:
    [before] = set(images(live))
    live.fly.fail("deploy", how)
    failed = live.run("deploy", "--yes")
    assert failed.returncode in (1, 3)
    said = failed.stderr[failed.stderr.rindex("deploy: ") :]
    assert says in said
    commands = [line.strip() for line in said.splitlines() if line.startswith("  flyctl")]
    assert bool(commands) == way_back
    if way_back:
        env = live.fly.env()
        assert subprocess.run(shlex.split(commands[0]), cwd=live.folder, env=env, check=False).returncode == 0
        assert images(live) == [before]
        assert live.fly.refused() == []


def test_a_machine_that_serves_something_else_is_not_believed(live: Project) -> None:
    live.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(_serves="0" * 40))
    failed = live.run("deploy", "--yes", "--wait=0")
    assert failed.returncode == 1
    assert "does not serve git-" in failed.stderr
    assert "--skip-release-command" in failed.stderr


def test_machines_that_sleep_are_not_woken(live: Project) -> None:
    live.fly.update(lambda state: state["apps"]["shop"]["machines"][0].update(state="stopped"))
    deployed = live.run("deploy", "--yes")
    assert (deployed.returncode, "serves" in deployed.stdout) == (0, False)


def test_a_missing_secret_stops_it_before_the_build(live: Project) -> None:
    live.fly.update(lambda state: state["apps"]["shop"]["secrets"].pop("SECRET_KEY_BASE"))
    refused = live.run("deploy", "--yes")
    assert (refused.returncode, "SECRET_KEY_BASE; type: ops/setup production" in refused.stderr) == (3, True)
    assert live.fly.changes() == []


def test_changes_that_are_not_committed_stop_it(live: Project) -> None:
    (live.folder / "NEWS.md").write_text("not yet\n")
    refused = live.run("deploy", "--yes")
    assert (refused.returncode, "commit them, or add --allow-dirty" in refused.stderr) == (1, True)
    assert live.run("deploy", "--yes", "--allow-dirty").returncode == 0


def test_an_app_that_is_not_there_yet_leads_to_setup(project: Project) -> None:
    refused = project.run("deploy", "--yes")
    assert (refused.returncode, "type: ops/setup production" in refused.stderr) == (3, True)


@pytest.mark.parametrize("words", [["--nosuch"], ["--wait=soon"], ["a", "b"], ["--image=x", "--build-only"]])
def test_wrong_use_is_exit_code_2(project: Project, words: list[str]) -> None:
    refused = project.run("deploy", *words)
    assert refused.returncode == 2
    assert project.fly.calls() == []


@pytest.mark.parametrize("script", ["deploy", "setup", "secrets", "doctor", "logs"])
def test_help_needs_nothing(project: Project, script: str) -> None:
    shown = project.run(script, "--help")
    assert (shown.returncode, shown.stdout.startswith(f"Usage: ops/{script}")) == (0, True)
    assert "Exit codes:" in shown.stdout
