"""ops/setup makes what is missing, once, and goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ops.conftest import SHELLS, Project

STEPS = [
    "apps create",
    "ips allocate-v4",
    "ips allocate-v6",
    "mpg create",
    "mpg attach",
    "secrets import",
    "config validate",
    "deploy",
]


def done(project: Project) -> list[str]:
    """The names of the commands that changed something, in order."""
    return [name for line in project.fly.changes() for name in STEPS if line.startswith(name)]


@pytest.mark.parametrize("shell", SHELLS)
def test_from_nothing_to_the_first_deploy_and_then_nothing(make_project: Callable[..., Project], shell: Any) -> None:
    project = make_project(shell)
    first = project.run("setup", "--yes")
    assert first.returncode == 0, first.stderr
    assert done(project) == [step for step in STEPS if step != "config validate"]
    app = project.fly.state()["apps"]["shop"]
    assert sorted(app["secrets"]) == ["DATABASE_URL", "SECRET_KEY_BASE"]
    assert len(app["secrets"]["SECRET_KEY_BASE"]["value"]) == 64
    assert [machine["image_ref"]["tag"] for machine in app["machines"]] == [f"git-{project.revision()[:12]}"]
    for value in (secret["value"] for secret in app["secrets"].values()):
        assert value not in first.stdout + first.stderr
        assert all(value not in line for line in project.fly.lines())

    project.fly.forget()
    second = project.run("setup", "--yes")
    assert (second.returncode, "Nothing to do" in second.stdout) == (0, True)
    assert project.fly.changes() == []


@pytest.mark.parametrize("how", ["network", "lost_answer"])
@pytest.mark.parametrize("step", [step for step in STEPS if step != "config validate"])
def test_it_goes_on_after_a_failure_at_any_step(project: Project, step: str, how: str) -> None:
    project.fly.fail(step, how)
    failed = project.run("setup", "--yes")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()[-1]) > 40
    assert done(project)[-1] == step
    so_far = done(project)[: None if how == "lost_answer" else -1]

    project.fly.forget()
    again = project.run("setup", "--yes")
    assert again.returncode == 0, again.stderr
    expected = [one for one in STEPS if one not in [*so_far, "config validate"]]
    assert done(project) == expected
    assert project.run("setup", "--yes").stdout.startswith("Nothing to do")


@pytest.mark.parametrize(
    ("command", "how", "code", "says"),
    [
        ("auth whoami", "not_logged_in", 3, "fly auth login"),
        ("auth whoami", "expired", 3, "fly auth login"),
        ("apps list", "expired", 3, "fly auth login"),
        ("apps create", "name_taken", 3, "--ask fly_app"),
        ("apps create", "forbidden", 3, "ask an admin of the organization personal"),
        ("mpg create", "no_capacity", 1, "--ask primary_region"),
        ("deploy", "no_capacity", 1, "--ask primary_region"),
    ],
)
def test_bad_luck_gets_one_sentence_and_the_command_to_type(
    project: Project, command: str, how: str, code: int, says: str
) -> None:
    project.fly.fail(command, how)
    failed = project.run("setup", "--yes")
    assert failed.returncode == code
    last = failed.stderr.splitlines()[-1]
    assert says in last


def test_without_a_terminal_it_waits_for_a_yes(project: Project) -> None:
    refused = project.run("setup")
    assert (refused.returncode, "--yes" in refused.stderr) == (3, True)
    assert "about" in refused.stdout and "38" in refused.stdout
    assert project.fly.changes() == []


def test_a_dry_run_needs_no_login_and_changes_nothing(project: Project) -> None:
    project.fly.update(lambda state: state.update(email=None))
    shown = project.run("setup", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert project.fly.changes() == []
    for step in STEPS:
        assert f"+ flyctl {step}" in shown.stderr


def test_an_unknown_environment_is_named_with_those_there_are(project: Project) -> None:
    refused = project.run("setup", "prod", "--yes")
    assert (refused.returncode, "production staging" in refused.stderr) == (2, True)


def test_each_environment_has_its_own_of_everything(project: Project) -> None:
    assert project.run("setup", "staging", "--yes").returncode == 0
    state = project.fly.state()
    assert list(state["apps"]) == ["shop-staging"]
    assert [(one["name"], one["region"]) for one in state["clusters"]] == [("shop-staging-db", "fra")]


def test_raw_tcp_gets_a_dedicated_address_before_the_deploy(make_project: Callable[..., Project]) -> None:
    project = make_project(tcp_services=[{"name": "auth", "port": 6600}], database="none")
    assert project.run("setup", "--yes").returncode == 0
    lines = project.fly.changes()
    assert lines.index("ips allocate-v4 --app shop --yes") < next(
        number for number, line in enumerate(lines) if line.startswith("deploy")
    )
    assert [ip["Type"] for ip in project.fly.state()["apps"]["shop"]["ips"]] == ["v4", "v6"]


def test_an_own_server_is_made_and_attached_without_its_password_in_sight(make_project: Callable[..., Project]) -> None:
    project = make_project(database="fly_postgres")
    made = project.run("setup", "--yes")
    assert made.returncode == 0, made.stderr
    assert "DATABASE_URL" in project.fly.state()["apps"]["shop"]["secrets"]
    assert "pw-" not in made.stdout + made.stderr


def test_what_only_a_person_knows_is_asked_for(make_project: Callable[..., Project]) -> None:
    project = make_project(database="neon")
    asked = project.run("setup", "--yes")
    assert asked.returncode == 3
    assert "ops/secrets production --file=FILE" in asked.stderr
    (project.folder / ".git/secrets.env").write_text("DATABASE_URL=postgres://x\nDIRECT_DATABASE_URL=postgres://y\n")
    project.run("secrets", "--file=.git/secrets.env", "--yes")
    project.fly.forget()
    assert project.run("setup", "--yes").returncode == 0
    assert done(project) == ["secrets import", "deploy"]


def test_a_hostname_and_a_bucket_when_asked_for(make_project: Callable[..., Project]) -> None:
    project = make_project(hostname="shop.example.com", database="none")
    made = project.run("setup", "--bucket", "--yes")
    assert made.returncode == 0, made.stderr
    app = project.fly.state()["apps"]["shop"]
    assert [cert["hostname"] for cert in app["certs"]] == ["shop.example.com"]
    assert project.fly.state()["buckets"] == ["shop-uploads"]
    project.fly.forget()
    assert "Nothing to do" in project.run("setup", "--bucket", "--yes").stdout
