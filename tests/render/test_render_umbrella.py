"""Umbrellas and raw TCP: what the files say for each of the answers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support import corpus
from tests.support import template as template_support

SERVICES = [
    {"name": "auth", "port": 6600, "grace_period": "90s", "proxy_proto": True},
    {"name": "world", "port": 24000},
]


def test_umbrellas_say_what_was_answered(renders: dict[str, Path], subtests: pytest.Subtests) -> None:
    for name, project in renders.items():
        if name.startswith("umbrella-"):
            with subtests.test(name):
                says_what_was_answered(project, corpus.given(project))


def says_what_was_answered(project: Path, answers: dict[str, Any]) -> None:
    app = project / answers["app_dir"]
    releases = (app / "rel/releases.exs").read_text()
    assert re.findall(r"(\w+): :permanent", releases) == answers["release_apps"]
    config = (app / "rel/overlays/fly.exs").read_text()
    for secret in answers["extra_secrets"]:
        how = secret["how"].replace('"""', '\\"""')
        assert f"{secret['name']}: {how}\n" in config
    has_repos = answers["database"] != "none"
    owner = answers["repo_apps"][0] if answers["repo_apps"] else "arena_web"
    module = "Arena" if owner == "arena" else "ArenaWeb"
    name = answers["release_module"]
    release = app / f"apps/{owner}/lib/{owner}/{'release' if name == 'Release' else 'fly_release'}.ex"
    assert release.exists() == has_repos
    assert not has_repos or release.read_text().startswith(f"defmodule {module}.{name} do")
    if answers["assets"] != "none":
        built = re.findall(r"\+ (do --app \w+ )?assets\.deploy\b", (project / "Dockerfile").read_text())
        assert built == ([f"do --app {name} " for name in answers["asset_apps"]] or [""])
    assert (app / "apps/arena_web/lib/arena_web/health_plug.ex").exists()
    assert (project / "docs/fly/tcp.md").exists() == bool(answers["tcp_services"])
    assert (project / "docs/fly/repos.md").exists() == (
        has_repos and answers["database"] != "sqlite" and len(answers["repo_apps"]) > 1
    )


def test_raw_services_are_what_was_asked_for(renders: dict[str, Path], subtests: pytest.Subtests) -> None:
    for name, project in renders.items():
        if name.startswith(("phoenix-", "umbrella-")):
            with subtests.test(name):
                has_the_services(project, corpus.given(project))


def has_the_services(project: Path, answers: dict[str, Any]) -> None:
    for file in sorted(set(project.glob("fly*.toml")) - {project / "fly.log_shipper.toml"}):
        fly = tomllib.loads(file.read_text())
        raw = fly.get("services", [])
        wanted = answers["tcp_services"]
        assert [one["internal_port"] for one in raw] == [service["port"] for service in wanted]
        for one, service in zip(raw, wanted, strict=True):
            assert one["auto_stop_machines"] == "off"
            assert one["min_machines_running"] >= 1
            assert one["ports"] == [
                {"port": service["port"], **({"handlers": ["proxy_proto"]} if service.get("proxy_proto") else {})}
            ]
            asked = service.get("grace_period", answers["grace_period"])
            assert one["tcp_checks"][0]["grace_period"] == ("30s" if asked == "30s" else "60s")
        ready = ",".join(f"{service['name']}:{service['port']}" for service in wanted)
        assert fly["env"].get("READY_TCP", "") == ready
    exposed = re.search(r"^EXPOSE (.*)$", (project / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed
    assert exposed[1].split()[1:] == [str(service["port"]) for service in wanted]


def test_the_game_of_the_examples(renders: dict[str, Path]) -> None:
    """A boot of two minutes, three raw services and the secrets they need."""
    project = renders["bezgelor"]
    fly = tomllib.loads((project / "fly.toml").read_text())
    assert [one["ports"] for one in fly["services"]] == [[{"port": 6600}], [{"port": 23115}], [{"port": 24000}]]
    assert fly["deploy"]["wait_timeout"] == "420s"
    assert fly["vm"] == [{"size": "shared-cpu-2x", "memory": "4gb"}]
    assert (fly["kill_signal"], fly["kill_timeout"]) == ("SIGTERM", "60s")
    assert (project / "apps/bezgelor_db/lib/bezgelor_db/release.ex").is_file()
    tcp = (project / "docs/fly/tcp.md").read_text()
    assert "fly ips allocate-v4 -a bezgelor\nfly ips allocate-v6 -a bezgelor\n" in tcp


def test_one_machine_may_have_raw_services_without_an_umbrella(template: Path, tmp_path: Path) -> None:
    project = template_support.render(
        template, tmp_path, {"stack": "phoenix", "app_name": "shop", "tcp_services": SERVICES}
    )
    assert tomllib.loads((project / "fly.toml").read_text())["services"][0]["internal_port"] == 6600
    assert (project / "docs/fly/tcp.md").is_file()


def test_addresses_come_before_the_first_deploy(template: Path, tmp_path: Path, capsys: Any) -> None:
    answers = {"stack": "umbrella", "app_name": "arena", "tcp_services": SERVICES, "environments": [{"name": "test"}]}
    template_support.run_copy(
        str(template), tmp_path, data=answers, defaults=True, unsafe=True, overwrite=True, skip_tasks=True
    )
    said = capsys.readouterr().err
    for app in ("arena", "arena-test"):
        assert f"fly ips allocate-v4 -a {app} && fly ips allocate-v6 -a {app}" in said
