"""A bucket, Redis, workers, a volume and its replica, with a platform that fails at any call."""

from __future__ import annotations

from collections.abc import Callable

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
