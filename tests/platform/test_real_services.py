"""ops/setup with what an app has beside its database: one of each, whatever happens on the way, and no key in sight."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.flyplatform.faults import Fault
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "flyctl", "jq", "openssl")
KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "BUCKET_NAME"}


@pytest.fixture
def with_bucket(make_account: Callable[..., Account]) -> Account:
    """An empty account of an app that keeps files in a bucket."""
    return make_account(bucket="tigris", database="none")


@pytest.fixture
def with_redis(make_account: Callable[..., Account]) -> Account:
    """An empty account of a Next.js app that uses Redis by two names."""
    answers = {"stack": "nextjs", "app_name": "shop", "database": "none", "redis": "upstash"}
    return make_account(**answers, redis_env=["REDIS_URL", "QUEUE_REDIS_URL"])


def killed_at(account: Account, call: str) -> Fault:
    """What ends a script, as a closed laptop does, when flyctl makes a call."""

    def kill() -> None:
        assert account.process is not None
        os.killpg(account.process.pid, signal.SIGKILL)

    return Fault(call, action=kill, drop=True, times=1)


def test_each_environment_gets_one_bucket_and_a_second_run_makes_none(with_bucket: Account) -> None:
    world = with_bucket.platform.world
    for words in (["--no-deploy"], ["staging", "--no-deploy"]):
        ran = with_bucket.run("setup", "--yes", *words)
        assert ran.code == 0, ran.text
    assert {name: bucket["app"] for name, bucket in world.buckets.items()} == {
        "shop-uploads": "shop",
        "shop-staging-uploads": "shop-staging",
    }
    assert set(world.apps["shop"].secrets) == {*KEYS, "SECRET_KEY_BASE"}
    assert world.apps["shop-staging"].secrets["BUCKET_NAME"].value == "shop-staging-uploads"

    again = with_bucket.run("setup", "--yes", "--no-deploy")

    assert (again.code, again.verdict.startswith("Nothing to do")) == (0, True), again.text
    assert len(world.buckets) == 2


@pytest.mark.parametrize("field", ["createAddOn", "setSecrets"])
def test_a_run_that_was_killed_leads_to_one_bucket(with_bucket: Account, field: str) -> None:
    with_bucket.platform.faults.append(killed_at(with_bucket, rf"^graphql .*\b{field}\b"))
    assert with_bucket.run("setup", "--yes", "--no-deploy").code == -signal.SIGKILL
    with_bucket.platform.faults.clear()

    ran = with_bucket.run("setup", "--yes", "--no-deploy")

    if field == "setSecrets":
        # The bucket is there, and Fly shows its keys once.
        assert ran.code == 3, ran.text
        assert "fly storage dashboard shop-uploads" in ran.verdict
        assert "fly storage destroy shop-uploads, then: ops/setup --yes --no-deploy" in ran.verdict
        assert with_bucket.type("flyctl storage destroy shop-uploads --yes").code == 0
        ran = with_bucket.run("setup", "--yes", "--no-deploy")
    assert ran.code == 0, ran.text
    assert list(with_bucket.platform.world.buckets) == ["shop-uploads"]
    assert set(with_bucket.app.secrets) >= KEYS


def test_secrets_that_fly_does_not_list_cost_no_bucket(with_bucket: Account) -> None:
    """The keys are there all the same: without the bucket that they belong to, nothing would make one again."""
    assert with_bucket.type("flyctl apps create shop --org personal").code == 0
    asked = with_bucket.platform.calls
    empty = Fault(
        "GET .*/secrets", body={}, odd=True, when=lambda _call: any("createAddOn" in call.name for call in asked)
    )
    with_bucket.platform.faults.append(empty)

    ran = with_bucket.run("setup", "--yes", "--no-deploy")
    with_bucket.platform.faults.clear()

    assert (ran.code, "destroy" in ran.text) == (1, False), ran.text
    assert "Run again: ops/setup --yes --no-deploy" in ran.verdict
    again = with_bucket.run("setup", "--yes", "--no-deploy")
    assert again.code == 0, again.text
    assert list(with_bucket.platform.world.buckets) == ["shop-uploads"]
    assert set(with_bucket.app.secrets) >= KEYS


def test_keys_of_another_bucket_are_neither_lost_nor_mixed_with_new_ones(with_bucket: Account) -> None:
    assert with_bucket.type("flyctl apps create shop --org personal").code == 0
    stored = with_bucket.start(["flyctl", "secrets", "import", "--stage", "-a", "shop"], "AWS_REGION=eu-west-1\n")
    assert stored.code == 0, stored.text

    ran = with_bucket.run("setup", "--yes", "--no-deploy")

    assert ran.code == 3, ran.text
    assert "shop has the secret AWS_REGION, and not BUCKET_NAME" in ran.verdict
    assert "fly secrets unset AWS_REGION -a shop, then: ops/setup --yes --no-deploy" in ran.verdict
    assert with_bucket.platform.world.buckets == {}


def test_the_doctor_names_what_is_missing(with_bucket: Account) -> None:
    assert with_bucket.type("flyctl apps create shop --org personal").code == 0

    before = with_bucket.run("doctor")
    made = with_bucket.run("setup", "--yes", "--no-deploy")
    after = with_bucket.run("doctor")

    assert made.code == 0, made.text
    for name in KEYS:
        assert f"{name} is not on Fly. Run: ops/setup production" in before.out
        assert f"{name} is not on Fly" not in after.out


def test_each_environment_gets_one_redis_by_every_name_that_the_code_reads(with_redis: Account) -> None:
    world = with_redis.platform.world
    for words in (["--no-deploy"], ["staging", "--no-deploy"]):
        ran = with_redis.run("setup", "--yes", *words)
        assert ran.code == 0, ran.text
    assert {name: one["region"] for name, one in world.redis.items()} == {
        "shop-redis": "fra",
        "shop-staging-redis": "fra",
    }
    assert world.redis["shop-redis"]["options"] == {}  # no eviction, no ProdPack
    address = world.redis["shop-redis"]["url"] + "?family=6"
    assert {name: secret.value for name, secret in with_redis.app.secrets.items()} == {
        "REDIS_URL": address,
        "QUEUE_REDIS_URL": address,
    }

    again = with_redis.run("setup", "--yes", "--no-deploy")

    assert (again.code, again.verdict.startswith("Nothing to do")) == (0, True), again.text
    assert len(world.redis) == 2


@pytest.mark.parametrize(
    ("call", "made"),
    [(r"^graphql .*\bcreateAddOn\b", 0), (r"^graphql addOn\b", 1), (r"^POST /v1/apps/shop/secrets", 1)],
    ids=["made", "asked-for-its-address", "stored"],
)
def test_a_run_that_was_killed_at_redis_leads_to_one(with_redis: Account, call: str, made: int) -> None:
    with_redis.platform.faults.append(killed_at(with_redis, call))
    assert with_redis.run("setup", "--yes", "--no-deploy").code == -signal.SIGKILL
    assert len(with_redis.platform.world.redis) == made
    with_redis.platform.faults.clear()

    ran = with_redis.run("setup", "--yes", "--no-deploy")

    assert ran.code == 0, ran.text
    assert list(with_redis.platform.world.redis) == ["shop-redis"]
    assert set(with_redis.app.secrets) == {"REDIS_URL", "QUEUE_REDIS_URL"}


def test_no_sentence_tells_to_print_the_address_of_redis(with_redis: Account) -> None:
    with_redis.platform.faults.append(Fault(r"^graphql addOn\b", 200, "no such thing"))

    ran = with_redis.run("setup", "--yes", "--no-deploy")

    assert ran.code == 1, ran.text
    assert ran.verdict.endswith("ops/setup --yes --no-deploy") and "redis status" not in ran.verdict


def test_a_dry_run_shows_how_redis_is_made(with_redis: Account) -> None:
    shown = with_redis.run("setup", "--dry-run")
    assert shown.code == 0, shown.text
    assert (
        "+ flyctl redis create --name shop-redis --org personal --region fra "
        "--no-replicas --disable-eviction --enable-prodpack=false" in shown.err
    )
    assert with_redis.platform.world.redis == {}


def test_the_doctor_names_the_missing_address_of_redis(with_redis: Account) -> None:
    assert with_redis.type("flyctl apps create shop --org personal").code == 0
    assert "QUEUE_REDIS_URL is not on Fly. Run: ops/setup production" in with_redis.run("doctor").out


def test_sqlite_has_a_bucket_for_its_replica_before_it_is_deployed(make_account: Callable[..., Account]) -> None:
    answers = {"database": "sqlite", "database_env": "DATABASE_PATH", "database_file": "/data/shop.db"}
    account = make_account(bucket="none", **answers)

    ran = account.run("setup", "--yes", "--no-deploy")

    assert ran.code == 0, ran.text
    assert "make the bucket shop-uploads and store its keys as secrets" in ran.out
    assert set(account.app.secrets) == {*KEYS, "SECRET_KEY_BASE"}
