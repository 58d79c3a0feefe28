"""ops/doctor finds in the files and on Fly what would go wrong, and nothing where all is well."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ops.conftest import ANSWERS, SHELLS, Project, set_up
from tests.support.fake_fly import LOOKING

NOW = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest.fixture
def live(project: Project) -> Project:
    """A project that is set up and whose backups are fresh."""
    set_up(project)
    backup = {"id": "b1", "status": "completed", "type": "full", "start": NOW, "stop": NOW}
    project.fly.answer("mpg backup list", json.dumps([backup]))
    return project


def findings(project: Project, *words: str) -> list[tuple[str, str, str]]:
    """What it says on Fly, without what the empty project's own files lack."""
    listed = json.loads(project.run("doctor", *words, "--json").stdout)
    return [
        (entry["check"], entry["status"], entry["message"])
        for entry in listed
        if entry["check"] not in ("wiring", "lock", "files") and entry["status"] != "ok"
    ]


def app(state: dict[str, Any]) -> dict[str, Any]:
    return state["apps"]["shop"]


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_wrong_after_a_setup(live: Project, shell: tuple[str, ...]) -> None:
    live.shell = shell
    assert findings(live) == []
    assert all(line.startswith(LOOKING) for line in live.fly.lines())


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (lambda s: app(s)["secrets"].pop("SECRET_KEY_BASE"), "secrets", "SECRET_KEY_BASE is not on Fly"),
        (lambda s: app(s)["secrets"]["DATABASE_URL"].update(staged=True), "secrets", "some machines do not use it yet"),
        (lambda s: app(s)["ips"].clear(), "addresses", "there is no IPv4 address"),
        (lambda s: app(s)["machines"].clear(), "machines", "shop has no machine. Run: ops/deploy production"),
        (lambda s: app(s)["machines"][0]["checks"][0].update(status="critical"), "machines", "fails its health check"),
        (
            lambda s: app(s)["machines"][0]["config"]["guest"].update(memory_mb=2048),
            "machines",
            "2048 MB, fly.toml says",
        ),
        (
            lambda s: app(s)["machines"].append(
                app(s)["machines"][0] | {"image_ref": app(s)["machines"][0]["image_ref"] | {"tag": "git-old"}}
            ),
            "machines",
            "git-old. Run: ops/deploy production",
        ),
        (
            lambda s: app(s)["tokens"].append(
                {
                    "id": "t",
                    "name": "github",
                    "expires": (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%d %H:%M:%S +0000 UTC"),
                }
            ),
            "tokens",
            "a token of shop or of the organization personal ends on",
        ),
        (lambda s: s["apps"].clear(), "fly", "ops/setup production"),
        (lambda s: s.update(email=None), "fly", "fly auth login"),
    ],
)
def test_what_fly_has_is_compared(live: Project, change: Callable[[Any], object], check: str, says: str) -> None:
    live.fly.update(change)
    assert [found for found in findings(live) if found[0] == check and says in found[2]]


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize(("status", "says"), [(500, "answers 500"), (0, "gave no answer")])
def test_a_front_page_that_fails_is_found(live: Project, status: int, says: str) -> None:
    live.fly.update(lambda state: app(state)["machines"][0].update(_page=status))
    [(check, found, message)] = findings(live)
    assert (check, found, says in message) == ("page", "fail", True)
    assert message.endswith("To see why: ops/logs production")


def stop(state: dict[str, Any], **service: Any) -> None:
    machine = app(state)["machines"][0]
    machine["state"] = "stopped"
    machine["config"]["services"][0].update(service)


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_stopped_machine_is_no_machine_that_runs(live: Project) -> None:
    live.fly.update(stop)
    found = [finding[1:] for finding in findings(live) if finding[0] == "machines"]
    assert ("fail", "no machine of shop is started") in found
    assert any("Start it: fly machine start" in message for _, message in found)
    live.fly.update(lambda state: stop(state, autostop=True))
    listed = json.loads(live.run("doctor", "--json").stdout)
    assert [(one["status"], one["message"]) for one in listed if one["check"] == "machines"] == [
        ("ok", "0 of 1 machines started")
    ]


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_machine_that_ran_the_migrations_is_none_of_the_app(live: Project) -> None:
    def leave_one(state: dict[str, Any]) -> None:
        one = copy.deepcopy(app(state)["machines"][0])
        one["config"] = one["config"] | {"metadata": {"fly_process_group": "fly_app_release_command"}}
        app(state)["machines"].append(one | {"id": "release", "state": "stopped"})

    before = findings(live)
    live.fly.update(leave_one)
    assert findings(live) == before


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_machine_that_serves_another_revision_is_found(live: Project) -> None:
    live.fly.update(lambda state: app(state)["machines"][0].update(_serves="0" * 40))
    assert [found for found in findings(live) if found[:2] == ("machines", "fail") and "does not serve" in found[2]]


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize(
    ("how", "says"),
    [("network", "Fly did not answer"), ("forbidden", "lacks the permission"), ("expired", "Fly rejected the login")],
)
@pytest.mark.parametrize("command", ["secrets list", "ips list", "machine list"])
def test_a_question_that_fly_does_not_answer_is_a_finding(live: Project, command: str, how: str, says: str) -> None:
    live.fly.fail(command, how)
    assert [found for found in findings(live) if found[:2] == ("fly", "fail") and says in found[2]]


@pytest.mark.needs("curl", "jq", "openssl")
def test_revoked_tokens_are_left_out_and_those_of_the_organization_are_not(live: Project) -> None:
    soon = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    token = {"id": "t", "name": "github", "expires": soon}
    live.fly.update(lambda state: app(state)["tokens"].append(token | {"revoked": "2026-01-01 00:00:00 +0000 UTC"}))
    assert not [found for found in findings(live) if found[0] == "tokens"]
    live.fly.update(lambda state: state.update(org_tokens=[token]))
    [found] = [found for found in findings(live) if found[0] == "tokens"]
    assert "of the organization personal ends on" in found[2]


@pytest.mark.needs("curl", "jq", "openssl")
def test_old_backups_fail(live: Project) -> None:
    old = {
        "id": "b",
        "status": "completed",
        "type": "full",
        "start": "2026-01-01T00:00:00Z",
        "stop": "2026-01-01T00:00:00Z",
    }
    live.fly.answer("mpg backup list", json.dumps([old]))
    assert ("backups", "fail") in [found[:2] for found in findings(live)]


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_shared_address_does_not_do_for_tcp(make_project: Callable[..., Project]) -> None:
    project = make_project(tcp_services=[{"name": "auth", "port": 6600}], database="none")
    assert project.run("setup", "--yes").returncode == 0
    project.fly.update(lambda state: app(state)["ips"][0].update(Type="shared_v4"))
    assert [found for found in findings(project) if "does not reach the TCP ports 6600" in found[2]]


@pytest.mark.needs("curl", "jq", "openssl")
def test_a_certificate_that_waits_for_dns_fails(make_project: Callable[..., Project]) -> None:
    project = make_project(hostname="shop.example.com", database="none")
    assert project.run("setup", "--yes").returncode == 0
    assert [found for found in findings(project) if found[:2] == ("certificate", "fail")]
    project.fly.update(lambda state: app(state)["certs"][0].update(configured=True))
    assert not [found for found in findings(project) if found[0] == "certificate"]


@pytest.mark.needs("curl", "jq", "openssl")
def test_offline_asks_nobody(live: Project) -> None:
    live.fly.forget()
    live.run("doctor", "--offline")
    assert live.fly.calls() == []


@pytest.fixture
def wired(project: Project) -> Project:
    """A project with an app in it that is wired, of which the files alone are looked at."""
    for path, text in {
        "mix.exs": 'releases: elem(Code.eval_file("rel/releases.exs"), 0),\n',
        "mix.lock": "%{}\n",
        "lib/shop_web/endpoint.ex": "  plug ShopWeb.HealthPlug\n",
    }.items():
        (project.folder / path).parent.mkdir(parents=True, exist_ok=True)
        project.commit(path, text)
    return project


def in_files(project: Project) -> list[tuple[str, str, str]]:
    """What it says of the files, without what is well."""
    done = project.run("doctor", "--offline", "--json")
    found = [(entry["check"], entry["status"], entry["message"]) for entry in json.loads(done.stdout)]
    assert done.returncode == (1 if "fail" in [status for _, status, _ in found] else 0)
    return [finding for finding in found if finding[1] != "ok"]


def git(project: Project, *words: str) -> None:
    subprocess.run(["git", *words], cwd=project.folder, check=True)


def put(path: str, text: str) -> Callable[[Project], object]:
    return lambda project: project.commit(path, text)


def swap(path: str, old: str, new: str) -> Callable[[Project], object]:
    def change(project: Project) -> None:
        file = project.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))

    return change


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_wrong_with_the_files_of_a_wired_app(wired: Project, shell: tuple[str, ...]) -> None:
    wired.shell = shell
    assert in_files(wired) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_copy_said_is_said_again(make_project: Callable[..., Project], shell: tuple[str, ...]) -> None:
    lines = ['mix.exs: It isn\'t "served". $HOME `stays` \\n, %s.', "config/prod.exs: Another one."]
    found = in_files(make_project(shell=shell, survey=lines))
    assert [entry for entry in found if entry[0] == "survey"] == [("survey", "warn", line) for line in lines]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ops/Dockerfile", "FROM scratch\n"),
        ("ops/docker-compose.yml", "services: {}\n"),
        ("ops/report.py", "#!/usr/bin/env python3\n"),
        ("ops/.env", "A=1\n"),
        ("lib/shop_web/endpoint.ex", "  plug(ShopWeb.HealthPlug)\n"),
        (
            "mix.exs",
            'config_providers: [{Config.Reader, path: {:system, "RELEASE_ROOT", "/fly.exs"}, env: Mix.env()}]\n',
        ),
        ("lib/shop_web/endpoint.ex", "  plug( ShopWeb.HealthPlug )\n"),
    ],
)
def test_files_of_the_apps_own_are_no_finding(wired: Project, path: str, text: str) -> None:
    wired.commit(path, text)
    assert in_files(wired) == []


BROKEN = {
    "a-file-is-missing": (
        lambda project: (project.folder / ".dockerignore").unlink(),
        "files",
        "ops/doctor --scaffold",
    ),
    "a-script-cannot-run": (lambda project: (project.folder / "ops/logs").chmod(0o644), "files", "chmod +x ops/logs"),
    "another-app": (swap("fly.toml", 'app = "shop"', 'app = "store"'), "name", "--ask fly_app"),
    "another-port": (swap("fly.toml", "internal_port = 8080", "internal_port = 4000"), "ports", "is 4000. Set both"),
    "conflict": (put("a name.md", "<<<<<<< before\n"), "merge", "git add 'a name.md'"),
    "rejected": (put("a name.rej", "@@\n"), "merge", "rm 'a name.rej'"),
    "newest-image": (swap("Dockerfile", "${RUNNER_IMAGE}", "debian:latest"), "image", "docker.io/hexpm/elixir:"),
    "image-without-a-tag": (swap("Dockerfile", "${RUNNER_IMAGE}", "debian"), "image", "debian is another image"),
    "no-release": (put("mix.exs", "defmodule Shop\n"), "wiring", "releases: elem(Code.eval_file("),
    "no-health-check": (put("lib/shop_web/endpoint.ex", "\n"), "wiring", "plug ShopWeb.HealthPlug, directly below"),
    "no-lock": (lambda project: (project.folder / "mix.lock").unlink(), "lock", "mix deps.get"),
    "lock-is-ignored": (
        lambda project: (put(".gitignore", "mix.lock\n")(project), git(project, "rm", "-q", "--cached", "mix.lock")),
        "lock",
        "git add ./mix.lock",
    ),
}
DOUBTFUL = {
    "no-git": (lambda project: shutil.rmtree(project.folder / ".git"), "merge", "git cannot tell whether an update"),
    "exposed-port": (swap("Dockerfile", "EXPOSE 8080", "EXPOSE 4000"), "ports", "Dockerfile exposes 4000"),
    "unknown-image": (
        swap("Dockerfile", "${RUNNER_IMAGE}", "debian:trixie-20200101-slim"),
        "image",
        "docker manifest inspect debian:trixie-20200101-slim",
    ),
    "unknown-argument": (
        swap("Dockerfile", 'BUILDER_IMAGE="docker.io/hexpm/elixir:', 'BUILDER_IMAGE="docker.io/hexpm/elixir:9'),
        "image",
        "docker manifest inspect docker.io/hexpm/elixir:9",
    ),
    "procfile": (put("Procfile", "web: mix phx.server\n"), "leftovers", "git rm Procfile"),
    "start-script": (put("package.json", '{"scripts": {"start": "node ."}}\n'), "leftovers", "has a start script"),
}


@pytest.mark.parametrize(
    ("status", "change", "check", "says"),
    [("fail", *case) for case in BROKEN.values()] + [("warn", *case) for case in DOUBTFUL.values()],
    ids=[*BROKEN, *DOUBTFUL],
)
def test_what_the_files_say_is_told(
    wired: Project, status: str, change: Callable[[Project], object], check: str, says: str
) -> None:
    change(wired)
    [found] = in_files(wired)
    assert found[:2] == (check, status)
    assert says in found[2]


def test_json_is_valid_and_commands_work_whatever_a_file_is_called(wired: Project) -> None:
    names = [
        'a "quoted" one',
        "back\\slash",
        "tab\tand\nline",
        "ümlaut",
        "an ü's \\'s",
        "a 'b' $(c) %s",
        b"\xff".decode(errors="surrogateescape"),
    ]
    for name in names:
        (wired.folder / f"{name}.rej").touch()
    swap("fly.toml", 'app = "shop"', 'app = "s\x1b[31mh\\o\tp"')(wired)
    found = [message for check, _, message in in_files(wired) if check == "merge"]
    assert len(found) == len(names)
    assert any(message.startswith("a 'b' $(c) %s.rej holds") for message in found)
    for message in found:
        subprocess.run(["bash", "-c", message.partition("then run: ")[2]], cwd=wired.folder, check=True)
    assert list(wired.folder.glob("*.rej")) == []


@pytest.mark.needs("curl", "jq", "openssl")
@pytest.mark.parametrize(
    ("made", "status", "says"),
    [(NOW, "ok", "0 hours old"), (LONG_AGO, "fail", "ops/backup production --create")],
    ids=["fresh", "old"],
)
def test_snapshots_of_fly_postgres_are_looked_at(
    live: Project, make_tree: Callable[..., Path], made: str, status: str, says: str
) -> None:
    keep_data_at(live, make_tree, "fly_postgres")
    live.fly.answer("volumes list", json.dumps([{"id": "vol_1"}]))
    live.fly.answer("volumes snapshots list", json.dumps([{"id": "vs_1", "status": "created", "created_at": made}]))
    [found] = [entry for entry in json.loads(live.run("doctor", "--json").stdout) if entry["check"] == "backups"]
    assert found["status"] == status
    assert says in found["message"]


@pytest.mark.needs("curl", "jq", "openssl")
def test_backups_that_need_a_person_are_no_failure(live: Project, make_tree: Callable[..., Path]) -> None:
    keep_data_at(live, make_tree, "neon")
    [found] = [found for found in findings(live) if found[0] == "backups"]
    assert found[1] == "warn"
    assert "npm install --global neonctl" in found[2]


def keep_data_at(project: Project, make_tree: Callable[..., Path], provider: str) -> None:
    """Let the scripts of a project ask another provider of databases."""
    other = make_tree(ANSWERS | {"database": provider})
    for file in ("ops/settings.sh", "ops/database.sh"):
        shutil.copy(other / file, project.folder / file)
