"""compose.production.yaml comes up: Postgres, migrations, the app, and Caddy over TLS, with nothing but Docker."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import time
import tomllib
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.nextjs.recipes import RECIPES
from tests.support import docker, images, needs, net, nextjs, phoenix
from tests.support import template as template_support

pytestmark = pytest.mark.system


@dataclass
class Stack:
    """A running project of Docker Compose."""

    folder: Path
    env: dict[str, str]
    port: int

    def compose(self, *words: str, check: bool = True) -> str:
        """Run `docker compose` on it; what it said, both streams."""
        done = subprocess.run(
            ["docker", "compose", "-f", "compose.production.yaml", *words],
            cwd=self.folder,
            env=os.environ | self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def get(self, path: str) -> str:
        """Ask over TLS, trusting Caddy's own authority and no other."""
        root = self.compose("exec", "-T", "caddy", "cat", "/data/caddy/pki/authorities/local/root.crt")
        context = ssl.create_default_context(cadata=root)
        for _ in range(60):
            try:
                with urllib.request.urlopen(
                    f"https://localhost:{self.port}{path}", context=context, timeout=30
                ) as answer:
                    return answer.read().decode()
            except OSError as error:  # Caddy listens before it has its certificate
                last = error
                time.sleep(0.5)
        pytest.fail(f"{last}\n{self.compose('logs', 'caddy', 'app')}")


@contextmanager
def up(folder: Path, dotenv: str) -> Iterator[Stack]:
    """Start all of it, with this .env, on ports of its own; nothing of it stays."""
    made = Stack(
        folder,
        {
            "COMPOSE_PROJECT_NAME": f"copier-fly-{uuid.uuid4().hex[:8]}",
            "HTTP_PORT": str(net.free_port()),
            "HTTPS_PORT": str(net.free_port()),
        },
        0,
    )
    made.port = int(made.env["HTTPS_PORT"])
    (folder / ".env").write_text(f"DOMAIN=localhost\nPOSTGRES_PASSWORD=abc123\n{dotenv}")
    try:
        made.compose("up", "--detach", "--wait", "--no-build", "--pull", "never")
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5", check=False)


@pytest.fixture(scope="module")
def app(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = phoenix.commit(phoenix.new_app(tmp_path_factory.mktemp("apps") / "shop"))
    phoenix.copy_template(template, folder, compose="true", database="fly_managed")
    phoenix.build(folder, "copier-fly-test/compose", build_args={"REVISION": phoenix.REVISION})
    for tag in ("postgres:17", "caddy:2"):
        images.ensure(tag)
    return folder


@pytest.fixture(scope="module")
def stack(app: Path) -> Iterator[Stack]:
    with up(app, f"SECRET_KEY_BASE={phoenix.SECRET}\nIMAGE=copier-fly-test/compose\n") as made:
        yield made


def test_it_serves_over_tls_and_has_migrated(stack: Stack) -> None:
    live = json.loads(stack.get("/livez"))
    assert (live["status"], live["revision"]) == ("ok", phoenix.REVISION)
    assert json.loads(stack.get("/readyz"))["checks"]["database"]["status"] == "ok"
    migrated = stack.compose(
        "exec", "-T", "postgres", "psql", "-U", "app", "-Atc", "select to_regclass('schema_migrations')"
    )
    assert migrated.strip() == "schema_migrations"


def test_data_outlives_the_containers(stack: Stack) -> None:
    psql = ("exec", "-T", "postgres", "psql", "-U", "app", "-d", "app", "-Atc")
    stack.compose(*psql, "create table kept (name text); insert into kept values ('kept')")
    stack.compose("down", "--timeout", "5")
    stack.compose("up", "--detach", "--wait", "--no-build", "--pull", "never")
    assert stack.compose(*psql, "select name from kept").strip() == "kept"
    assert json.loads(stack.get("/livez"))["status"] == "ok"


def test_a_migration_that_fails_leaves_the_app_that_runs(stack: Stack) -> None:
    docker.docker("tag", "copier-fly-test/compose", "copier-fly-test/compose-next")
    stack.env["IMAGE"] = "copier-fly-test/compose-next"
    before = stack.compose("ps", "--quiet", "app")
    stack.compose("exec", "-T", "postgres", "psql", "-U", "app", "-c", "alter role app password 'other'")
    said = stack.compose("run", "--rm", "--no-TTY", "--pull", "never", "migrate", check=False)
    assert "password authentication failed" in said
    assert stack.compose("ps", "--quiet", "app") == before
    assert json.loads(stack.get("/livez"))["status"] == "ok"


def test_nothing_is_served_before_the_migrations_have_run(stack: Stack) -> None:
    refused = stack.compose("up", "--detach", "--wait", "--no-build", "--pull", "never", check=False)
    assert "migrate" in refused and "didn't complete successfully" in refused
    assert stack.compose("ps", "--services", "--filter", "status=running").split() == ["caddy", "postgres"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("DOMAIN", "put DOMAIN="),
        ("SECRET_KEY_BASE", "openssl rand -base64 48"),
        ("POSTGRES_PASSWORD", "openssl rand -hex 24"),
    ],
)
def test_a_missing_value_is_named_before_anything_starts(app: Path, tmp_path: Path, line: str, says: str) -> None:
    kept = {"DOMAIN": "localhost", "SECRET_KEY_BASE": "x", "POSTGRES_PASSWORD": "y"}
    del kept[line]
    env_file = tmp_path / "env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))
    done = subprocess.run(
        ["docker", "compose", "-f", "compose.production.yaml", "--env-file", str(env_file), "config", "--quiet"],
        cwd=app,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert says in done.stderr


@pytest.fixture(scope="module")
def next_stack(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Next.js app with Drizzle, its migrations and its database."""
    folder = nextjs.make(RECIPES["drizzle"], tmp_path_factory.mktemp("apps") / "web")
    schedules = [{"name": "alive", "cron": "0 3 * * *", "command": "node /call.mjs /livez"}]
    template_support.render(template, folder, {"fly_app": "test-drizzle", "compose": True, "schedules": schedules})
    nextjs.ensure_images()
    # In the place of the stage that fetches it from its release.
    fetched = tmp_path_factory.mktemp("supercronic")
    shutil.copy(needs.require("supercronic"), fetched)
    docker.build(
        folder,
        "copier-fly-test/compose-nextjs",
        build_args={"REVISION": phoenix.REVISION},
        extra=["--build-context", f"supercronic={fetched}"],
    )
    for tag in ("postgres:17", "caddy:2"):
        images.ensure(tag)
    with up(folder, "IMAGE=copier-fly-test/compose-nextjs\n") as made:
        yield made


def test_a_nextjs_app_serves_what_its_migrations_made(next_stack: Stack) -> None:
    live = json.loads(next_stack.get("/livez"))
    assert (live["status"], live["revision"]) == ("ok", phoenix.REVISION)
    assert json.loads(next_stack.get("/readyz"))["checks"]["database"]["status"] == "ok"
    assert json.loads(next_stack.get("/tasks")) == [{"id": 1, "title": "first"}]


def test_a_worker_of_a_nextjs_app_runs_beside_it(next_stack: Stack) -> None:
    """The script `worker` of its package.json: its file and a package that the app does not use are in the image."""
    processes = tomllib.loads((next_stack.folder / "fly.toml").read_text())["processes"]
    assert processes["worker"] == "node worker/jobs.mjs"
    for _ in range(60):
        if "worker sees first" in (said := next_stack.compose("logs", "--no-color", "worker")):
            break
        time.sleep(0.5)
    assert "worker sees first" in said
    next_stack.compose("stop", "worker")
    assert "done with all" in next_stack.compose("logs", "--no-color", "worker"), "it is asked to end, and may"
    next_stack.compose("start", "worker")


def test_the_schedules_of_a_nextjs_app_run_beside_it(next_stack: Stack) -> None:
    """The line of the crontab, at another time than three at night: it asks the app inside of Compose's network."""
    assert "read crontab: /etc/crontab" in next_stack.compose("logs", "--no-color", "cron")
    line = next_stack.compose("exec", "-T", "cron", "tail", "-n", "1", "/etc/crontab").strip()
    command = line.removeprefix("0 3 * * * ").split()
    assert command[:3] == ["sh", "/etc/schedule.sh", "alive"], line
    said = next_stack.compose("exec", "-T", "cron", *command)
    assert "http://app:3000/livez answers 200: " in said
    assert next_stack.compose("exec", "-T", "cron", "sh", "/etc/schedule.sh").split()[-1] == "0"


def test_a_migration_of_a_nextjs_app_that_fails_leaves_the_app_that_runs(next_stack: Stack, tmp_path: Path) -> None:
    shutil.copytree(next_stack.folder / "drizzle", tmp_path / "drizzle")
    (tmp_path / "drizzle/0001_more.sql").write_text("alter table nowhere add column x int;\n")
    journal = tmp_path / "drizzle/meta/_journal.json"
    entries = json.loads(journal.read_text())
    entries["entries"].append({**entries["entries"][0], "idx": 1, "when": 1893456000000, "tag": "0001_more"})
    journal.write_text(json.dumps(entries))
    before = next_stack.compose("ps", "--quiet", "app")
    run = ("run", "--rm", "--no-TTY", "--pull", "never", "--volume", f"{tmp_path}/drizzle:/migrate/migrations:ro")
    said = next_stack.compose(*run, "migrate", check=False)
    assert 'FAILED: 0001_more: relation "nowhere" does not exist' in said
    assert next_stack.compose("ps", "--quiet", "app") == before
    assert json.loads(next_stack.get("/tasks")) == [{"id": 1, "title": "first"}]
