"""ops/backup and ops/restore with a PostgreSQL server, and a platform that fails at any call."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flyplatform.managed_postgres import url
from tests.platform import chaos
from tests.platform.account import Account
from tests.support import postgres
from tests.support.net import free_port
from tests.support.postgres import Database

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl", "postgresql", "psql")


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """The server behind the cluster."""
    with postgres.server(database="fly-db") as found:
        found.psql(
            """set role "fly-user"; create table users (email text); insert into users values ('ada'), ('alan')"""
        )
        yield found


@pytest.fixture
def with_data(account: Account, server: Database) -> Account:
    """An account whose cluster is that server, with the URL known to the app's machines alone."""
    (cluster,) = account.platform.world.clusters.values()
    cluster.password = cluster.users["fly-user"] = server.password
    account.platform.world.given_out.add(server.password)
    account.app.secrets["DATABASE_URL"].value = url(cluster, "fly-user", "fly-db")
    account.kept = account.platform.keep()
    return account


def test_backup(
    with_data: Account, server: Database, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = tmp_path / "backups"

    def begin(account: Account) -> None:
        account.platform.reset(account.kept)
        account.platform.flypg.servers["shop-db"] = server
        shutil.rmtree(folder, ignore_errors=True)

    def complete(account: Account) -> Any:
        """Whether there is a dump, and each has its checksum."""
        del account
        dumps = list(folder.glob("*.dump"))
        return bool(dumps), all(dump.with_name(f"{dump.name}.sha256").exists() for dump in dumps)

    env = {"BACKUP_DIR": str(folder), "PROXY_PORT": str(free_port())}
    task = chaos.Task(begin, ("backup",), complete, env)

    chaos.check(with_data, task, 3, 4, record_property)


def test_restore(
    with_data: Account, server: Database, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    env = {"BACKUP_DIR": str(tmp_path), "PROXY_PORT": str(free_port())}
    with_data.platform.flypg.servers["shop-db"] = server
    ran = with_data.run("backup", f"--to={tmp_path}/shop.dump", **env)
    assert ran.code == 0, ran.text

    def begin(account: Account) -> None:
        account.platform.reset(account.kept)
        account.platform.flypg.servers["shop-db"] = server
        server.psql('drop database if exists "again" with (force)')

    def restored(account: Account) -> Any:
        """What the new database has."""
        del account
        if not server.psql("select 1 from pg_database where datname = 'again'"):
            return None
        return server.psql("select count(*) from pg_tables where tablename = 'users'", "again")

    task = chaos.Task(
        begin, ("restore", "--yes", f"--from={tmp_path}/shop.dump", "--into=again"), restored, env, once=True
    )

    chaos.check(with_data, task, 3, 7, record_property)


def test_a_copy_of_the_provider(with_data: Account, record_property: Callable[[str, object], None]) -> None:
    command = ("restore", "--yes", "--at=2026-06-01T12:00:00Z", "--name=shop-then")
    task = chaos.Task(lambda account: account.platform.reset(account.kept), command, chaos.goal, once=True)

    chaos.check(with_data, task, 3, 1, record_property)
