"""ops/doctor finds in the files and on Fly what would go wrong, and nothing where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.ops.conftest import SHELLS, Project, set_up
from tests.support.fake_fly import LOOKING


@pytest.fixture
def live(project: Project) -> Project:
    """A project that is set up and whose backups are fresh."""
    set_up(project)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    backup = {"id": "b1", "status": "completed", "type": "full", "start": now, "stop": now}
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


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_wrong_after_a_setup(live: Project, shell: tuple[str, ...]) -> None:
    live.shell = shell
    assert (
        findings(live)
        == [
            ("secrets", "warn", "DATABASE_URL is stored and not in use on every machine yet; the next deploy brings it")
        ]
        or findings(live) == []
    )
    assert all(line.startswith(LOOKING) for line in live.fly.lines())


@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        (lambda s: app(s)["secrets"].pop("SECRET_KEY_BASE"), "secrets", "SECRET_KEY_BASE is not on Fly"),
        (lambda s: app(s)["secrets"]["DATABASE_URL"].update(staged=True), "secrets", "not in use on every machine"),
        (lambda s: app(s)["ips"].clear(), "addresses", "there is no IPv4 address"),
        (lambda s: app(s)["machines"].clear(), "machines", "there is no machine"),
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
            "different images",
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
            "a token of shop ends on",
        ),
        (lambda s: s["apps"].clear(), "fly", "ops/setup production"),
        (lambda s: s.update(email=None), "fly", "fly auth login"),
    ],
)
def test_what_fly_has_is_compared(live: Project, change: Callable[[Any], object], check: str, says: str) -> None:
    live.fly.update(change)
    assert [found for found in findings(live) if found[0] == check and says in found[2]]


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


def test_a_shared_address_does_not_do_for_tcp(make_project: Callable[..., Project]) -> None:
    project = make_project(tcp_services=[{"name": "auth", "port": 6600}], database="none")
    assert project.run("setup", "--yes").returncode == 0
    project.fly.update(lambda state: app(state)["ips"][0].update(Type="shared_v4"))
    assert [found for found in findings(project) if "6600 cannot be reached" in found[2]]


def test_a_certificate_that_waits_for_dns_fails(make_project: Callable[..., Project]) -> None:
    project = make_project(hostname="shop.example.com", database="none")
    assert project.run("setup", "--yes").returncode == 0
    assert [found for found in findings(project) if found[:2] == ("certificate", "fail")]
    project.fly.update(lambda state: app(state)["certs"][0].update(configured=True))
    assert not [found for found in findings(project) if found[0] == "certificate"]


def test_offline_asks_nobody(live: Project) -> None:
    live.fly.forget()
    live.run("doctor", "--offline")
    assert live.fly.calls() == []


def test_an_image_without_a_version_is_named(live: Project) -> None:
    dockerfile = live.folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "\nFROM debian:latest\n")
    assert [found for found in findings(live, "--offline") if found[:2] == ("image", "fail")]
