"""From an untouched umbrella with raw TCP services to a container that serves: one copy, one build, no hand edit."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import docker, hex, net, phoenix
from tests.support.docker import Image
from tests.support.phoenix import App
from tests.support.postgres import Database
from tests.support.quickest import quickest

pytestmark = pytest.mark.system

CHOSEN = {"arena", "arena_audit", "arena_auth", "arena_realm", "arena_web"}
SECRETS = [
    {"name": "CLOAK_KEY", "how": "openssl rand -base64 32"},
    {"name": "WORLD_PUBLIC_ADDRESS", "how": 'the address that "fly ips list" shows: #{dedicated}'},
]


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = phoenix.commit(hex.make_umbrella(tmp_path_factory.mktemp("apps") / "arena"))
    # Every compiled layer below is this run's own, so that what a build log says is of this run.
    (app / "apps/arena_web/mix.exs").open("a").write(f"# {uuid.uuid4()}\n")
    phoenix.commit(app)
    said = phoenix.copy_template(template, app, database="fly_postgres", extra_secrets=SECRETS)
    assert said.count(": added `") == 2, said
    return app


@pytest.fixture(scope="module")
def image(project: Path) -> Image:
    return phoenix.build(project, "copier-fly-test/arena", build_args={"REVISION": phoenix.REVISION})


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> tuple[Database, Database]:
    """An empty database for each of the two repos."""
    server: Database = request.getfixturevalue("_plain_server")
    return server.fresh(), server.fresh()


def settings(first: Database, second: Database, **more: str) -> dict[str, str]:
    return {
        "ECTO_IPV6": "false",
        "DATABASE_URL": first.url,
        "ARENA_AUDIT_DATABASE_URL": second.url,
        "CLOAK_KEY": "not-a-secret",
        "WORLD_PUBLIC_ADDRESS": "192.0.2.1",
        **more,
    }


class Arena:
    """A running container of the umbrella, with the ports of its two TCP services."""

    def __init__(self, app: App, ports: dict[str, int]):
        self.app, self.container, self.ports = app, app.container, ports

    def rpc(self, code: str) -> str:
        """What `code` prints inside the running node."""
        return self.container.exec("/app/bin/arena", "rpc", code)

    def connect(self, service: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[service]), timeout=30)

    def checks(self) -> tuple[int, dict[str, str]]:
        status, body = self.app.json("/readyz")
        return status, {name: check["status"] for name, check in body["checks"].items()}


@contextmanager
def arena(image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]) -> Iterator[Arena]:
    ports = {"auth": net.free_port(), "realm": net.free_port()}
    more = settings(
        *databases,
        AUTH_PORT=str(ports["auth"]),
        REALM_PORT=str(ports["realm"]),
        READY_TCP=",".join(f"{name}:{port}" for name, port in ports.items()),
    )
    with phoenix.running(image.tag, project, databases[0], tmp_path, **more) as app:
        yield Arena(app, ports)


def migrate(image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database], **more: str) -> Any:
    return phoenix.once(image.tag, project, databases[0], tmp_path, "/app/bin/migrate", **settings(*databases, **more))


def exchange(connection: socket.socket, line: str) -> str:
    connection.sendall(line.encode())
    return connection.makefile().readline()


# --- From a fresh umbrella to a container that serves -----------------------------------------------------


def test_a_copy_changes_two_lines_of_the_app(project: Path) -> None:
    changed = subprocess.run(
        ["git", "diff", "--numstat"], cwd=project, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert sorted(line.split()[::2] for line in changed) == [
        ["1", "mix.exs"],
        ["2", "apps/arena_web/lib/arena_web/endpoint.ex"],
    ]


def test_the_answers_are_read_from_the_umbrella(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert set(answers["release_apps"]) == CHOSEN
    assert answers["repo_apps"] == ["arena", "arena_audit"]
    assert answers["tcp_services"] == [{"name": "auth", "port": 6600}, {"name": "realm", "port": 23115}]
    assert (answers["app_module"], answers["web_app"], answers["web_module"]) == ("Arena", "arena_web", "ArenaWeb")


def test_every_chosen_child_runs(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    done = migrate(image, project, tmp_path, databases)
    assert done.returncode == 0, done.stdout
    with arena(image, project, tmp_path, databases) as running:
        started = running.rpc("for {app, _, _} <- Application.started_applications(), do: IO.puts(app)").split()
        assert {app for app in started if app.startswith("arena")} == CHOSEN
        assert running.checks() == (
            200,
            {"database": "ok", "database:arena_audit": "ok", "tcp:auth": "ok", "tcp:realm": "ok"},
        )
        status, live = running.app.json("/livez")
        assert (status, live["version"], live["revision"]) == (200, "0.1.0", phoenix.REVISION)
        assert running.app.json("/players") == (200, {"players": []})
        for service in running.ports:
            with running.connect(service) as connection:
                assert exchange(connection, "hello\n") == "hello\n"
        # What the generator of an umbrella leaves out.
        url = running.rpc("IO.inspect(ArenaWeb.Endpoint.config(:url))")
        assert 'host: "arena.fly.dev"' in url


def test_the_image_names_its_ports(image: Image) -> None:
    exposed = docker.docker("image", "inspect", "--format", "{{json .Config.ExposedPorts}}", image.tag)
    assert re.findall(r'"(\d+)/tcp"', exposed) == ["23115", "6600", "8080"]


# --- TCP --------------------------------------------------------------------------------------------------

STOP_AUTH = "IO.inspect(Supervisor.terminate_child(ArenaAuth.Lines, :listener))"


def test_a_service_that_dies_is_named_at_once(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    with arena(image, project, tmp_path, databases) as running:
        assert running.checks()[1]["tcp:auth"] == "ok"
        assert ":ok" in running.rpc(STOP_AUTH)
        assert running.app.ready_status() == 503
        status, seconds = quickest(running.app.ready_status)
        assert status == 503
        assert seconds < 2
        assert {name for name, state in running.checks()[1].items() if state != "ok"} == {"tcp:auth"}
        assert running.app.get("/livez")[0] == 200


def test_a_stop_lets_tcp_exchanges_finish(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    with arena(image, project, tmp_path, databases) as running:
        answers: dict[str, str] = {}

        def work(service: str, connection: socket.socket) -> None:
            answers[service] = exchange(connection, "work 3000\n")

        threads = [threading.Thread(target=work, args=(service, running.connect(service))) for service in running.ports]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        stopped: list[int] = []
        stop = threading.Thread(target=lambda: stopped.append(running.container.stop("SIGTERM", timeout=60)))
        stop.start()
        # The children stop in turn, each when its exchanges are done.
        running.container.wait_for(lambda: not all(map(_accepts, running.ports.values())), what="a closed door")
        for thread in (*threads, stop):
            thread.join()
        assert answers == {"auth": "done\n", "realm": "done\n"}
        assert stopped == [0]


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# --- Repos and secrets --------------------------------------------------------------------------------------


def versions(database: Database) -> list[str]:
    return database.psql("select version from schema_migrations order by 1").split()


def test_each_repo_has_a_database_and_a_rollback_finds_the_one_that_is_meant(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    first, second = databases
    assert migrate(image, project, tmp_path, databases).returncode == 0
    assert (versions(first), versions(second)) == (["20260101000000"], ["20260102000000"])

    def rollback(*words: str) -> Any:
        command = ("/app/bin/rollback", *words)
        return phoenix.once(image.tag, project, first, tmp_path, *command, **settings(first, second))

    refused = rollback("20260101000000", "ArenaAudit.Repo")
    assert refused.returncode == 1
    assert "Arena.Repo 20260101000000" in refused.stdout
    assert (versions(first), versions(second)) == (["20260101000000"], ["20260102000000"])
    assert rollback("20260102000000").returncode == 0
    assert (versions(first), versions(second)) == (["20260101000000"], [])
    status = phoenix.once(image.tag, project, first, tmp_path, "/app/bin/status", **settings(first, second))
    assert status.returncode == 3
    assert "Arena.Repo up 20260101000000 create_players\n" in status.stdout
    assert "ArenaAudit.Repo down 20260102000000 create_events\n" in status.stdout


def test_migrations_take_the_direct_connection_of_each_repo(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    nowhere = "ecto://a:b@127.0.0.1:1/x"
    first, second = databases
    done = migrate(
        image,
        project,
        tmp_path,
        databases,
        DATABASE_URL=nowhere,
        DIRECT_DATABASE_URL=first.url,
        ARENA_AUDIT_DATABASE_URL=nowhere,
        ARENA_AUDIT_DIRECT_DATABASE_URL=second.url,
    )
    assert done.returncode == 0, done.stdout
    assert (versions(first), versions(second)) == (["20260101000000"], ["20260102000000"])


def test_a_database_that_is_missing_is_named(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database]
) -> None:
    done = migrate(image, project, tmp_path, databases, ARENA_AUDIT_DATABASE_URL="")
    assert done.returncode == 1
    assert "ARENA_AUDIT_DATABASE_URL is not set, so ArenaAudit.Repo has no database." in done.stdout
    assert databases[0].psql("select to_regclass('schema_migrations')").strip() == ""


@pytest.mark.parametrize("command", ["/app/bin/server", "/app/bin/migrate"])
def test_each_missing_secret_has_its_sentence(
    image: Image, project: Path, tmp_path: Path, databases: tuple[Database, Database], command: str
) -> None:
    without = settings(*databases, CLOAK_KEY="", WORLD_PUBLIC_ADDRESS="")
    done = phoenix.once(image.tag, project, databases[0], tmp_path, command, **without)
    assert done.returncode == 1
    # Nothing else: no stack trace, no crash dump. (A stand-in's Erlang may warn of a library before.)
    said = [line for line in done.stdout.splitlines() if line and not line.startswith(("=ESOCK", "[UNIX-ESSIO]"))]
    assert said == [
        "CLOAK_KEY is not set; it comes from: openssl rand -base64 32",
        'WORLD_PUBLIC_ADDRESS is not set; it comes from: the address that "fly ips list" shows: #{dedicated}',
    ]


def test_the_secrets_are_listed_for_whoever_sets_them(project: Path) -> None:
    """For the scripts in ops/."""
    script = "environment=production; . ops/settings.sh; required_secrets"
    done = subprocess.run(["sh", "-euc", script], cwd=project, capture_output=True, text=True, check=True)
    listed = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    for secret in SECRETS:
        assert listed[secret["name"]] == secret["how"]
    assert {"SECRET_KEY_BASE", "DATABASE_URL"} <= listed.keys()


def test_doctor_names_the_child_that_is_left_out(project: Path) -> None:
    done = subprocess.run(["ops/doctor", "--json"], cwd=project, capture_output=True, text=True, check=False)
    [said] = [entry["message"] for entry in json.loads(done.stdout) if entry["check"] == "children"]
    assert "does not start apps/arena_bench." in said


# --- Builds -------------------------------------------------------------------------------------------------


def compiled(log: str) -> list[str]:
    """The packages and apps that were compiled, in order."""
    return re.findall(r"==> (\w+)\n#\d+ [\d.]+ Compiling", log)


def test_an_edit_in_a_child_ships_the_children_alone(image: Image, project: Path) -> None:
    source = project / "apps/arena_realm/lib/arena_realm/application.ex"
    builds = []
    for _ in range(2):
        source.write_text(source.read_text() + f"# {uuid.uuid4()}\n")
        revision = {"REVISION": phoenix.REVISION}
        builds.append(phoenix.build(project, "copier-fly-test/arena-edited", build_args=revision))
    # The first one brings up to date what an earlier run left in the mounts.
    before, built = builds
    assert compiled(built.log) == ["arena_realm"]
    # The topmost one is the check's, and empty.
    assert built.layers[:-2] == before.layers[:-2]


@pytest.mark.skipif(hex.reachable(), reason="adds a package to the lock that only the stand-in registry has")
def test_a_new_dependency_of_a_child_compiles_only_itself(image: Image, project: Path) -> None:
    # Something new, and mounts of its own, so that nothing of an earlier run answers for this one.
    with (project / "mix.exs").open("a") as text:
        text.write(f"# {uuid.uuid4()}\n")
    alone = {"BUILDKIT_CACHE_MOUNT_NS": uuid.uuid4().hex}
    phoenix.build(project, "copier-fly-test/arena-dependency", build_args=alone)
    hex.add_dep(project, child="apps/arena_web")
    built = phoenix.build(project, "copier-fly-test/arena-dependency", build_args=alone)
    assert set(compiled(built.log)) - CHOSEN == {"tiny_dep"}
    assert docker.once(built.tag, "sh", "-c", "ls -d /app/lib/tiny_dep-*").returncode == 0


# --- An umbrella without any of this --------------------------------------------------------------------------


def test_a_plain_umbrella(template: Path, tmp_path: Path, plain_postgres: Database) -> None:
    app = hex.make_umbrella(tmp_path / "arena", tcp=False, audit=False)
    # A second app with assets, whose alias does the least.
    (app / "apps/arena/assets").mkdir()
    (app / "apps/arena/assets/letter.css").write_text("p {}\n")
    mix = app / "apps/arena/mix.exs"
    alias = 'aliases: ["assets.deploy": ["cmd cp assets/letter.css priv/letter.css"]]'
    mix.write_text(mix.read_text().replace("deps: deps()", f"deps: deps(),\n      {alias}"))
    phoenix.commit(app)
    phoenix.copy_template(template, app, database="fly_postgres")
    assert not (app / "docs/fly/tcp.md").exists()
    image = phoenix.build(app, "copier-fly-test/arena-plain")
    built = docker.once(
        image.tag, "sh", "-c", "cat lib/arena-*/priv/letter.css && ls lib/arena_web-*/priv/static/assets/js"
    )
    assert built.stdout == "p {}\napp.js\n"
    done = phoenix.once(image.tag, app, plain_postgres, tmp_path, "/app/bin/migrate", ECTO_IPV6="false")
    assert done.returncode == 0, done.stdout
    with phoenix.running(image.tag, app, plain_postgres, tmp_path, ECTO_IPV6="false") as running:
        status, body = running.json("/readyz")
        assert (status, list(body["checks"])) == (200, ["database"])
