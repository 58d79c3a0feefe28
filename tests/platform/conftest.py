"""Accounts on a Fly of our own: empty ones, and such that ops/setup has filled."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flyplatform import environment
from tests.flyplatform.containers import Containers
from tests.flyplatform.server import Platform
from tests.flyplatform.servers import ServerContainer
from tests.flyplatform.world import Cluster, World
from tests.platform import small_app
from tests.platform.account import DOCKERFILE, Account
from tests.support import images, needs
from tests.support.template import render

ANSWERS: dict[str, Any] = {
    "stack": "phoenix",
    "app_name": "shop",
    "app_module": "Shop",
    "web_module": "ShopWeb",
    "fly_app": "shop",
    "primary_region": "fra",
    "database": "fly_managed",
    "github": False,
    "environments": [{"name": "staging", "app": "shop-staging"}],
}


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform of this process, with machines that are records."""
    if reason := environment.missing():
        pytest.skip(reason)
    with Platform(tmp_path_factory.mktemp("fly")).running() as running:
        yield running


@pytest.fixture
def with_containers(tmp_path: Path) -> Iterator[Platform]:
    """A platform whose machines are containers, and whose clusters are real PostgreSQL servers."""
    if reason := environment.missing():
        pytest.skip(reason)
    # A dump needs a client that is no older than the server.
    found = re.search(r"\d+", subprocess.check_output([needs.require("psql"), "--version"], text=True))
    image = images.ensure(f"postgres:{found[0] if found else 17}")
    platform = Platform(tmp_path / "fly", Containers)
    servers: list[ServerContainer] = []

    def new_server(cluster: Cluster) -> ServerContainer:
        server = ServerContainer.start(image)
        servers.append(server)
        assert isinstance(platform.runner, Containers)
        for name in ("pgbouncer", "direct"):
            platform.runner.hosts[f"{name}.{cluster.id}.flympg.net"] = server.address
        return server

    platform.postgres.new_server = new_server
    try:
        with platform.running():
            yield platform
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="session")
def make_tree(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Render answers into a git repository; the same answers are rendered once."""
    made: dict[str, Path] = {}

    def make(answers: dict[str, Any]) -> Path:
        key = repr(sorted(answers.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("tree") / "project"
            render(template, folder, answers)
            (folder / "Dockerfile").write_text(DOCKERFILE)
            for config in folder.glob("fly*.toml"):
                # Minutes for a check or a release command that never ends are too long for a test.
                text = config.read_text().replace("[deploy]\n", '[deploy]\nwait_timeout = "2s"\n', 1)
                config.write_text(text.replace('release_command_timeout = "10m"', 'release_command_timeout = "5s"'))
            for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Start"]):
                subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
            made[key] = folder
        return made[key]

    return make


@pytest.fixture
def make_account(
    platform: Platform, make_tree: Callable[..., Path], tmp_path: Path
) -> Iterator[Callable[..., Account]]:
    """An empty account with a project of these answers."""
    platform.reset()
    # A Unix socket's path has room for 107 bytes, which pytest's folders use up.
    short = Path(tempfile.mkdtemp(prefix="fly-"))

    def make(**answers: Any) -> Account:
        folder = tmp_path / "project"
        shutil.copytree(make_tree(ANSWERS | answers), folder, symlinks=True)
        return Account(folder, platform, login)

    login = environment.Login(short, platform.url)
    with platform.serving_agent(login.socket):
        yield make
    shutil.rmtree(short)


@pytest.fixture
def make_small_app(
    with_containers: Platform, make_tree: Callable[..., Path], tmp_path: Path
) -> Iterator[Callable[..., Account]]:
    """An empty account with a project of these answers whose app is the small one; machines are containers."""
    images.ensure(small_app.IMAGE)
    short = Path(tempfile.mkdtemp(prefix="fly-"))
    login = environment.Login(short, with_containers.url)

    def make(**answers: Any) -> Account:
        folder = tmp_path / "project"
        shutil.copytree(make_tree(ANSWERS | answers), folder, symlinks=True)
        small_app.write(folder)
        account = Account(folder, with_containers, login)
        account.git("add", "-A")
        account.git("commit", "-qm", "Add the app")
        return account

    with with_containers.serving_agent(login.socket):
        yield make
    shutil.rmtree(short)


@pytest.fixture
def empty(make_account: Callable[..., Account]) -> Account:
    """An account without anything."""
    return make_account()


_SET_UP: dict[str, World] = {}


@pytest.fixture
def account(empty: Account) -> Account:
    """An account as `ops/setup --yes` leaves it; other tests show that it does."""
    if "world" not in _SET_UP:
        ran = empty.run("setup", "--yes")
        assert ran.code == 0, ran.text
        _SET_UP["world"] = empty.platform.keep()
    empty.platform.reset(_SET_UP["world"])
    empty.login.record.unlink(missing_ok=True)
    return empty


@pytest.fixture
def further(account: Account) -> Account:
    """An account with a further commit, and its world as it was set up."""
    account.kept = account.platform.keep()
    account.commit("lib/a.ex", "1")
    return account
