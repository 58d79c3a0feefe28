"""A Phoenix app as its owner has it, the deployment copied into it, and what the container answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import docker, elixir, hex, images, needs, net
from tests.support.docker import Container, Image
from tests.support.postgres import Database

SECRET = "not-a-secret-" * 6
REVISION = "0123456789abcdef0123456789abcdef01234567"


def new_app(folder: Path, **variant: bool) -> Path:
    """Make the app `shop` in a fresh folder: by `mix phx.new` where Hex answers, else the stand-in."""
    if not hex.reachable():
        return hex.make_app(folder, **variant)
    options = [
        flag for flag, wanted in (("--no-ecto", "ecto"), ("--no-assets", "assets")) if not variant.get(wanted, True)
    ]
    command = f"mix archive.install hex phx_new --force && mix phx.new shop --app shop --install {' '.join(options)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = elixir.run(["sh", "-ec", command], folder.parent, timeout=900)
    assert done.returncode == 0, done.stdout
    shutil.rmtree(folder.parent / "shop" / "deps", ignore_errors=True)
    shutil.rmtree(folder.parent / "shop" / "_build", ignore_errors=True)
    return (folder.parent / "shop").rename(folder)


def commit(folder: Path) -> Path:
    """Make a git repository of it, everything committed, as README asks for before a copy."""
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "The app"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def copy_template(template: Path, project: Path, **answers: Any) -> str:
    """Run `copier copy` as a user does, tasks included; what it said."""
    data = [word for name, value in answers.items() for word in ("-d", f"{name}={_word(value)}")]
    done = subprocess.run(
        [sys.executable, "-m", "copier", "copy", "--trust", "--defaults", *data, str(template), str(project)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def build(project: Path, tag: str, **options: Any) -> Image:
    """Build the rendered Dockerfile, on the real base images or what stands in for them."""
    dockerfile = (project / "Dockerfile").read_text()
    if dockerfile.startswith(f"# syntax={images.FRONTEND}\n"):
        images.ensure(images.FRONTEND)
    bases = re.findall(r'^ARG \w+_IMAGE="(\S+)"|--from=(\S+\.io/\S+)', dockerfile, re.MULTILINE)
    env = {} if hex.reachable() else hex.registry() | npm_settings()
    replaced = {}
    for base in map("".join, bases):
        name = base.removeprefix("docker.io/")
        replaced[base] = images.ensure(name, env if name.startswith("hexpm/") else None)
    return docker.build(project, tag, images=replaced, **options)


def npm_settings() -> dict[str, str]:
    """Where this machine has npm look for packages, for builds on images that know nothing of the machine."""
    npm = needs.find("npm")
    if npm is None:
        return {}
    # From a folder without a package.json: npm reads the one it is started in.
    found = subprocess.run(
        [npm, "config", "get", "registry"],
        cwd=Path.home(),
        env=needs.machine_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if found.returncode != 0:
        return {}
    authorities = {name: os.environ[name] for name in ("NODE_EXTRA_CA_CERTS",) if name in os.environ}
    return {"NPM_CONFIG_REGISTRY": found.stdout.strip(), **authorities}


@dataclass
class App:
    """A running container of the app."""

    container: Container
    port: int

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 10, method: str = "GET"
    ) -> tuple[int, str]:
        """Status and body of a request; redirects are not followed, as Fly's checks do not."""
        sent = {"X-Forwarded-Proto": "https", **(headers or {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=sent, method=method)
        try:
            with _NO_REDIRECTS.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and decoded body of a GET."""
        status, body = self.get(path)
        return status, json.loads(body)

    def alive(self) -> bool:
        """Whether it answers /livez."""
        try:
            return self.get("/livez", timeout=2)[0] == 200
        except OSError:
            return False

    def ready_status(self) -> int:
        """Status of /readyz."""
        return self.get("/readyz")[0]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_NO_REDIRECTS = urllib.request.build_opener(_Stay)


def fly_env(project: Path, name: str = "fly.toml") -> dict[str, str]:
    """The [env] of a rendered fly file."""
    return tomllib.loads((project / name).read_text())["env"]


def environment(project: Path, database: Database | None, **more: str) -> dict[str, str]:
    """What a machine on Fly would have: [env] of fly.toml and the secrets."""
    secrets = {"SECRET_KEY_BASE": SECRET}
    # All of these machines are on the host's network, and epmd of one that stops would be gone for the others.
    own = {"ERL_EPMD_PORT": str(net.free_port())}
    if database:
        secrets["DATABASE_URL"] = database.url
        if database.direct_url != database.url:
            secrets["DIRECT_DATABASE_URL"] = database.direct_url
    return {**fly_env(project), **secrets, **own, **more}


def options(project: Path, database: Database | None, tmp_path: Path, **more: str) -> docker.RunOptions:
    """How to run a container of the app beside a database."""
    found: docker.RunOptions = {"env": environment(project, database, **more)}
    if database:
        found["hosts"] = database.hosts
        if database.ca_file:
            found["volumes"] = {database.bundle(tmp_path): "/etc/ssl/certs/ca-certificates.crt:ro"}
    return found


@contextmanager
def running(image: str, project: Path, database: Database | None, tmp_path: Path, **more: str) -> Iterator[App]:
    """Start the app and wait until it answers /livez."""
    port = net.free_port()
    with docker.run(image, **options(project, database, tmp_path, **{"PORT": str(port), **more})) as container:
        app = App(container, port)
        container.wait_for(app.alive, what="/livez")
        yield app


def once(image: str, project: Path, database: Database | None, tmp_path: Path, *command: str, **more: str) -> Any:
    """Run one command in a machine of its own, as Fly runs the release command."""
    return docker.once(image, *command, **options(project, database, tmp_path, **more))
