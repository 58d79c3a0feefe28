"""A bucket, Redis, workers, a volume, its copies and its replica, with a platform that fails at any call."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.platform import chaos
from tests.platform.account import Account, Ran

pytestmark = pytest.mark.needs("curl", "flyctl", "jq", "openssl")
WORKERS = [
    {"name": "worker", "command": "/app/bin/shop start", "count": 2},
    {"name": "mailer", "command": "/app/bin/shop eval 'Shop.Mailer.run()'"},
]
SQLITE = {"database": "sqlite", "database_env": "DATABASE_PATH", "database_file": "/data/shop.db"}
Record = Callable[[str, object], None]


def ready(account: Account) -> Account:
    """An account with all but machines, and an image."""
    ran = account.run("setup", "--yes", "--no-deploy")
    assert ran.code == 0, ran.text
    account.platform.registry.add(f"shop:git-{account.revision}")
    account.kept = account.platform.keep()
    return account


def begin(account: Account) -> None:
    """Go back to what was kept."""
    account.platform.reset(account.kept)


def test_setup_with_a_bucket_and_redis(make_account: Callable[..., Account], record_property: Record) -> None:
    account = make_account(database="none", bucket="tigris", redis="upstash", redis_env=["REDIS_URL"])
    task = chaos.Task(lambda account: account.platform.reset(), ("setup", "--yes", "--no-deploy"), chaos.goal)

    chaos.check(account, task, 3, 4, record_property)


def test_setup_with_unmanaged_postgres(make_account: Callable[..., Account], record_property: Record) -> None:
    account = make_account(database="fly_postgres")

    def by_hand(account: Account, ran: Ran) -> None:
        if 'DROP USER "shop";' in ran.text:
            account.platform.world.apps["shop-db"].postgres_users.remove("shop")

    task = chaos.Task(
        lambda account: account.platform.reset(), ("setup", "--yes", "--no-deploy"), chaos.goal, by_hand=by_hand
    )

    chaos.check(account, task, 3, 1, record_property)


def test_the_first_deploy_of_workers(make_account: Callable[..., Account], record_property: Record) -> None:
    account = ready(make_account(database="none", workers=WORKERS))
    task = chaos.Task(begin, ("deploy", "--yes", "--wait=0", "--image={image}"), chaos.goal)

    chaos.check(account, task, 3, 4, record_property)


def test_the_first_deploy_on_a_volume(make_account: Callable[..., Account], record_property: Record) -> None:
    account = ready(make_account(**SQLITE))
    task = chaos.Task(begin, ("deploy", "--yes", "--wait=0", "--image={image}"), chaos.goal)

    chaos.check(account, task, 2, 10, record_property)


def test_the_check_of_a_replica(make_account: Callable[..., Account], record_property: Record) -> None:
    account = ready(make_account(**SQLITE))
    ran = account.run("deploy", "--yes", f"--image={account.image}")
    assert ran.code == 0, ran.text
    account.platform.world.commands["litestream"] = ('[{"timestamp": "2026-01-31T14:05:00Z"}]', 0)
    account.kept = account.platform.keep()
    task = chaos.Task(begin, ("replica", "--check"), chaos.goal)

    chaos.check(account, task, 2, 5, record_property)


def write(file: Path, *names: str) -> None:
    """Make a database with these rows."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("create table items (name text)")
        db.executemany("insert into items values (?)", [(name,) for name in names])


def rows(file: Path) -> list[str]:
    """What a database has; nothing where there is none."""
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as db:
        return [name for (name,) in db.execute("select name from items")]


@pytest.fixture
def with_files(make_account: Callable[..., Account], tmp_path: Path) -> tuple[Account, Path]:
    """An app on SQLite, and the folder that its machine has for its files."""
    account = ready(make_account(**SQLITE))
    ran = account.run("deploy", "--yes", f"--image={account.image}")
    assert ran.code == 0, ran.text
    account.kept = account.platform.keep()
    return account, tmp_path / "machine"


def begin_with_files(account: Account, folder: Path) -> None:
    """Go back to what was kept, with a new database of two rows."""
    begin(account)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("data", "tmp"):
        (folder / name).mkdir(parents=True)
    write(folder / "data/shop.db", "first", "second")
    account.platform.world.folders["shop"] = folder


@pytest.mark.needs("sqlite3")
def test_a_copy_of_sqlite(with_files: tuple[Account, Path], tmp_path: Path, record_property: Record) -> None:
    account, folder = with_files
    copies = tmp_path / "copies"

    def begin_again(account: Account) -> None:
        begin_with_files(account, folder)
        shutil.rmtree(copies, ignore_errors=True)

    def complete(account: Account) -> Any:
        """What the copies have, and whether each has its checksum."""
        del account
        found = list(copies.glob("*.db"))
        return {tuple(rows(copy)) for copy in found}, all(Path(f"{copy}.sha256").exists() for copy in found)

    # Within the same second a second copy would have the name of the first, and none replaces another.
    task = chaos.Task(begin_again, ("backup",), complete, {"BACKUP_DIR": str(copies)}, once=True)

    chaos.check(account, task, 3, 2, record_property)


@pytest.mark.needs("sqlite3")
def test_a_copy_of_sqlite_comes_back(with_files: tuple[Account, Path], tmp_path: Path, record_property: Record) -> None:
    account, folder = with_files
    begin_with_files(account, folder)
    copy = tmp_path / "copy.db"
    ran = account.run("backup", f"--to={copy}")
    assert ran.code == 0, ran.text

    def begin_later(account: Account) -> None:
        begin_with_files(account, folder)
        with closing(sqlite3.connect(folder / "data/shop.db", isolation_level=None)) as db:
            db.execute("insert into items values ('later')")

    def restored(account: Account) -> Any:
        """What the database has, and the one of before beside it."""
        del account
        return rows(folder / "data/shop.db"), rows(folder / "data/shop.db.before")

    command = ("restore", "--yes", f"--from={copy}", "--wait=0")
    task = chaos.Task(begin_later, command, restored, once=True)

    chaos.check(account, task, 3, 4, record_property)
