"""ops/setup makes what is missing, once, and goes on where it was stopped."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.ops.conftest import SHELLS, Project, set_up

pytestmark = pytest.mark.needs("curl", "jq", "openssl")

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


def done(project: Project, steps: list[str] = STEPS) -> list[str]:
    """The names of the commands that changed something, in order."""
    return [name for line in project.fly.changes() for name in steps if line.startswith(name)]


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


ACCOUNTS = {
    "Managed Postgres, a name and a bucket": (
        {"database": "fly_managed", "hostname": "shop.example.com"},
        ["--bucket"],
        [
            "apps create",
            "ips allocate-v4",
            "ips allocate-v6",
            "mpg create",
            "mpg attach",
            "secrets import",
            "storage create",
            "certs add",
            "deploy",
        ],
    ),
    "own Postgres and raw TCP": (
        {"database": "fly_postgres", "tcp_services": [{"name": "auth", "port": 6600}]},
        [],
        [
            "apps create",
            "ips allocate-v4",
            "ips allocate-v6",
            "postgres create",
            "postgres attach",
            "secrets import",
            "deploy",
        ],
    ),
}


@pytest.mark.parametrize("how", ["network", "lost_answer"])
@pytest.mark.parametrize(("answers", "words", "steps"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_failure_at_each_step_in_turn_repeats_none_that_is_finished(
    make_project: Callable[..., Project], answers: dict[str, Any], words: list[str], steps: list[str], how: str
) -> None:
    project = make_project(**answers, environments=[])
    unfinished: list[str] = []
    lines: list[str] = []
    for step in steps:
        lines += project.fly.lines()
        project.fly.forget()
        project.fly.fail(step, how)
        failed = project.run("setup", *words, "--yes")
        assert (failed.returncode, "Run this, which looks before" in failed.stderr.splitlines()[-1]) == (1, True)
        assert done(project, steps) == [*unfinished, step]
        unfinished = [step] if how == "network" else []
    project.fly.forget()
    last = project.run("setup", *words, "--yes")
    assert last.returncode == 0, last.stderr
    assert done(project, steps) == unfinished
    # Behind `attach`, and known to nobody when that one's answer was lost.
    assert ("postgres connect --app shop-db" in lines) == ("postgres attach" in steps)
    project.fly.forget()
    assert project.run("setup", *words, "--yes").stdout.startswith("Nothing to do")
    assert project.fly.changes() == []


@pytest.mark.parametrize(
    ("command", "how", "code", "says"),
    [
        ("auth whoami", "not_logged_in", 3, "fly auth login"),
        ("auth whoami", "expired", 3, "fly auth login"),
        ("apps list", "expired", 3, "fly auth login"),
        ("apps list", "session_expired", 3, "fly auth login"),
        ("apps create", "name_taken", 3, "--ask fly_app"),
        ("apps create", "forbidden", 3, "Ask an admin of the organization personal"),
        ("apps create", "high_risk", 3, "https://fly.io/high-risk-unlock, then run: ops/setup --bucket --yes"),
        ("apps create", "payment", 3, "Run: fly dashboard, open Billing, then run: ops/setup --bucket --yes"),
        ("mpg create", "name_taken", 3, "--ask database_name"),
        ("mpg create", "no_capacity", 1, "--ask primary_region"),
        ("mpg create", "payment", 3, "open Billing"),
        ("storage create", "name_taken", 3, "ops/setup production --bucket=NAME"),
        ("certs add", "forbidden", 3, "Ask an admin"),
        ("deploy", "no_capacity", 1, "Try again later: ops/deploy production --yes, or choose another region"),
        ("deploy", "quota", 3, "See what uses it: fly apps list --org personal"),
        ("deploy", "release_command", 1, "Fix the error above, then run: ops/deploy production"),
        ("deploy", "health_checks", 1, "ops/deploy production"),
        ("deploy", "image_pull", 1, "ops/deploy production"),
    ],
)
def test_bad_luck_gets_one_sentence_and_the_command_to_type(
    make_project: Callable[..., Project], command: str, how: str, code: int, says: str
) -> None:
    project = make_project(hostname="shop.example.com", environments=[])
    project.fly.fail(command, how)
    failed = project.run("setup", "--bucket", "--yes")
    assert failed.returncode == code
    assert says in failed.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [["--yes"], ["--dry-run"]], ids=lambda words: words[0])
def test_what_is_not_committed_stops_it_before_anything_that_costs_money(project: Project, words: list[str]) -> None:
    (project.folder / "forgotten").touch()
    stopped = project.run("setup", *words)
    assert (stopped.returncode, project.fly.changes()) == (1, [])
    assert stopped.stderr == (f"setup: some changes are not committed. Commit them, then run: ops/setup {words[0]}\n")
    shutil.rmtree(project.folder / ".git")
    stopped = project.run("setup", *words)
    assert (stopped.returncode, project.fly.changes()) == (1, [])
    assert "git init" in stopped.stderr


def test_without_a_deploy_it_promises_no_app(make_project: Callable[..., Project]) -> None:
    project = make_project(database="none", environments=[])
    for first in ("Done", "Nothing to do"):
        made = project.run("setup", "--yes", "--no-deploy")
        last = made.stdout.splitlines()[-1]
        assert (made.returncode, last.startswith(first), "https://" in last) == (0, True, False), made.stderr
        assert last.endswith("Nothing is deployed yet. Run: ops/deploy production")


def test_a_secret_that_machines_do_not_have_yet_is_left_to_a_deploy(make_project: Callable[..., Project]) -> None:
    project = make_project(database="none", environments=[])
    assert project.run("setup", "--yes").returncode == 0
    settings = project.folder / "ops/settings.sh"
    settings.write_text(settings.read_text().replace("\nEOF", "\nVAULT_KEY\topenssl rand -hex 32\nEOF"))
    made = project.run("setup", "--yes")
    assert (made.returncode, "VAULT_KEY" in project.fly.state()["apps"]["shop"]["secrets"]) == (0, True), made.stderr
    assert "  - bring what was stored to the machines: ops/deploy production\n" in made.stdout


def test_what_is_left_to_do_is_said_when_the_deploy_fails(make_project: Callable[..., Project]) -> None:
    project = make_project(hostname="shop.example.com", environments=[])
    project.fly.fail("deploy", "release_command")
    failed = project.run("setup", "--yes")
    assert failed.returncode == 1
    assert "fly certs check shop.example.com" in failed.stdout


def test_an_environment_is_made_in_its_organization_and_names_the_token_of_its_app(
    make_project: Callable[..., Project],
) -> None:
    environments = [{"name": "staging", "org": "shop-staging"}]
    project = make_project(github=True, database="fly_managed", environments=environments)
    unknown = project.run("setup", "staging", "--yes")
    assert unknown.returncode == 3
    assert "this login has no organization shop-staging" in unknown.stderr
    project.fly.update(lambda state: state["orgs"].append("shop-staging"))
    made = project.run("setup", "staging", "--yes")
    assert made.returncode == 0, made.stderr
    state = project.fly.state()
    assert [app["org"] for app in state["apps"].values()] == ["shop-staging"]
    assert [cluster["organization"]["Slug"] for cluster in state["clusters"]] == ["shop-staging"]
    assert (
        "fly tokens create deploy -a shop-staging -x 2160h -n github | gh secret set FLY_API_TOKEN --env staging"
        in made.stdout
    )
    assert "personal" not in made.stdout


def test_an_environment_gets_the_questions_of_environments(project: Project) -> None:
    project.fly.fail("apps create", "name_taken")
    taken = project.run("setup", "staging", "--yes")
    assert taken.stderr.splitlines()[-1].endswith("copier update --trust -A -r :current: --ask environments")
    project.fly.fail("deploy", "no_capacity")
    full = project.run("setup", "staging", "--yes")
    assert full.stderr.splitlines()[-1].startswith("deploy: the region fra has no room for")
    assert full.stderr.splitlines()[-1].endswith("--ask environments")


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


@pytest.mark.parametrize("database", ["fly_postgres", "fly_managed"])
def test_a_server_is_made_and_attached_without_its_password_in_sight(
    make_project: Callable[..., Project], database: str
) -> None:
    project = make_project(database=database)
    made = project.run("setup", "--yes")
    assert made.returncode == 0, made.stderr
    assert "DATABASE_URL" in project.fly.state()["apps"]["shop"]["secrets"]
    assert "pw-" not in made.stdout + made.stderr


def test_what_only_a_person_knows_is_asked_for(make_project: Callable[..., Project]) -> None:
    project = make_project(database="neon")
    asked = project.run("setup", "--yes")
    assert asked.returncode == 3
    assert "ops/secrets production --file=FILE" in asked.stderr
    assert "  - make the secret SECRET_KEY_BASE\n" in asked.stdout
    assert "  - ask for DIRECT_DATABASE_URL, which" in asked.stdout
    (project.folder / ".git/secrets.env").write_text("DATABASE_URL=postgres://x\nDIRECT_DATABASE_URL=postgres://y\n")
    project.run("secrets", "--file=.git/secrets.env", "--yes")
    project.fly.forget()
    assert project.run("setup", "--yes").returncode == 0
    assert done(project) == ["secrets import", "deploy"]


TYPED = {
    "Ctrl-C": b"\x03",
    "a value": b'needle of $HOME: "one" #2\n',
    "several lines": b"-----BEGIN KEY-----\nneedle\n-----END KEY-----\n",
    "several lines, the last one open": b"-----BEGIN KEY-----\nneedle\n-----END KEY-----",
}


@pytest.mark.parametrize("how", TYPED)
def test_typing_a_secret_is_hidden_and_the_terminal_is_left_as_it_was(
    make_project: Callable[..., Project], how: str
) -> None:
    project = make_project(database="none", extra_secrets=[{"name": "TOKEN", "how": "ask the bank"}], environments=[])
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    # Who starts the tests in the background has all that they start ignore SIGINT.
    in_terminal = """import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp("sh", ["sh", *sys.argv[1:]])"""
    asking = subprocess.Popen(
        [sys.executable, "-c", in_terminal, "ops/setup", "--no-deploy", "--yes"],
        cwd=project.folder,
        env=project.fly.env(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    said = ""
    while "Typing is hidden" not in said:
        said += os.read(ours, 1024).decode()
    while termios.tcgetattr(theirs)[3] & termios.ECHO:
        time.sleep(0.05)
    os.write(ours, TYPED[how])
    code = asking.wait(60)
    assert termios.tcgetattr(theirs) == before
    assert fcntl.ioctl(theirs, termios.FIONREAD, bytes(4)) == bytes(4), "something is left for the shell"
    secrets = project.fly.state()["apps"]["shop"]["secrets"]
    if how == "Ctrl-C":
        assert (code, "TOKEN" in secrets) == (130, False)
    elif how != "a value":
        assert (code, "TOKEN" in secrets) == (3, False)
    else:
        assert (code, secrets["TOKEN"]["value"]) == (0, 'needle of $HOME: "one" #2')
    os.close(ours)
    os.close(theirs)


def test_a_secret_that_could_not_be_made_is_not_stored_empty(project: Project) -> None:
    (project.fly.bin / "openssl").write_text("#!/bin/sh\nexit 1\n")
    (project.fly.bin / "openssl").chmod(0o755)
    failed = project.run("setup", "--yes", "--no-deploy")
    assert (failed.returncode, "openssl rand -base64 48 failed" in failed.stderr) == (1, True)
    assert "SECRET_KEY_BASE" not in project.fly.state()["apps"]["shop"]["secrets"]


def test_a_bucket_for_machines_that_run_says_that_they_restart(project: Project) -> None:
    assert "restarts" not in project.run("setup", "--bucket", "--dry-run").stdout
    set_up(project)
    shown = project.run("setup", "--bucket", "--dry-run").stdout
    assert "make the bucket shop-uploads and store its keys as secrets, which restarts the machines" in shown


def test_a_hostname_and_a_bucket_when_asked_for(make_project: Callable[..., Project]) -> None:
    project = make_project(hostname="shop.example.com", database="none")
    made = project.run("setup", "--bucket", "--yes")
    assert made.returncode == 0, made.stderr
    app = project.fly.state()["apps"]["shop"]
    assert [cert["hostname"] for cert in app["certs"]] == ["shop.example.com"]
    assert project.fly.state()["buckets"] == ["shop-uploads"]
    project.fly.forget()
    assert "Nothing to do" in project.run("setup", "--bucket", "--yes").stdout
