"""ops/setup: from an empty account to an app that answers, and back to it after any failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.flyplatform.faults import Fault
from tests.flyplatform.world import Organization
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def test_from_nothing_to_a_verified_app(empty: Account) -> None:
    ran = empty.run("setup", "--yes")

    assert ran.code == 0, ran.text
    world = empty.platform.world
    assert set(world.apps) == {"shop"}
    assert [address.kind for address in empty.app.addresses] == ["shared_v4", "v6"]
    assert [cluster.name for cluster in world.clusters.values()] == ["shop-db"]
    assert {"DATABASE_URL", "SECRET_KEY_BASE"} <= set(empty.app.secrets)
    assert empty.app.images == {empty.image}
    assert [machine.state for machine in empty.app.fleet] == ["started"]
    assert [release.status for release in empty.app.releases] == ["complete"]
    assert ran.verdict.startswith("Done: production is shop")


@pytest.mark.parametrize(
    ("call", "way_out"),
    [
        (r"^POST /v1/apps/shop-db/machines$", "fly apps destroy shop-db --yes"),
        (r"^POST /v1/apps/shop/secrets$", 'DROP USER "shop";'),
    ],
    ids=["made", "attached"],
)
def test_a_server_that_a_killed_run_left_half_made(
    make_account: Callable[..., Account], call: str, way_out: str
) -> None:
    account = make_account(database="fly_postgres")
    world = account.platform.world

    def kill() -> None:
        assert account.process is not None
        os.killpg(account.process.pid, signal.SIGKILL)

    account.platform.faults.append(Fault(call, action=kill, drop=True, times=1))
    assert account.run("setup", "--yes", "--no-deploy").code == -signal.SIGKILL
    account.platform.faults.clear()

    ran = account.run("setup", "--yes", "--no-deploy")

    assert (ran.code, way_out in ran.verdict) == (3, True), ran.text
    if way_out.startswith("fly "):
        assert account.type(way_out).code == 0
    else:
        world.apps["shop-db"].postgres_users.remove("shop")
    ran = account.run("setup", "--yes", "--no-deploy")
    assert ran.code == 0, ran.text
    assert "DATABASE_URL" in account.app.secrets
    assert [len(app.fleet) for app in world.apps.values() if app.name == "shop-db"] == [1]


def test_no_secret_is_made_again_because_fly_lists_none(account: Account) -> None:
    account.platform.faults.append(Fault(r"^GET /v1/apps/shop/secrets", odd=True, body={}, times=1))
    before = {name: secret.value for name, secret in account.app.secrets.items()}

    refused = account.run("setup", "--yes")

    assert (refused.code, refused.out) == (1, ""), refused.text
    assert "Fly lists no secret of shop, although it has machines" in refused.verdict
    again = account.run("setup", "--yes")
    assert (again.code, again.out.startswith("Nothing to do")) == (0, True), again.text
    assert {name: secret.value for name, secret in account.app.secrets.items()} == before


def test_an_environment_of_another_organization_leaves_productions_alone(make_account: Callable[..., Account]) -> None:
    account = make_account(environments=[{"name": "staging", "app": "shop-staging", "org": "shop-staging"}])
    world = account.platform.world
    world.organizations["shop-staging"] = Organization("shop-staging", "shop-staging", 2)
    address = account.platform.app_url("shop-staging")

    ran = account.run("setup", "staging", "--yes", APP_URL=address)

    assert ran.code == 0, ran.text
    assert {name: app.organization for name, app in world.apps.items()} == {"shop-staging": "shop-staging"}
    clusters = [(cluster.name, cluster.organization) for cluster in world.clusters.values()]
    assert clusters == [("shop-staging-db", "shop-staging")]
    assert "personal" not in ran.text


@pytest.fixture
def missing_in_the_list() -> Callable[[int], Fault]:
    """What flyctl makes an empty list of: an answer without one, so many times."""
    return lambda times: Fault(r"^graphql .*\bapps\b", odd=True, body={"data": None}, times=times)


def test_an_app_that_the_list_left_out_is_no_one_elses(
    account: Account, missing_in_the_list: Callable[[int], Fault]
) -> None:
    account.platform.faults.append(missing_in_the_list(1))

    ran = account.run("setup", "--yes")

    assert (ran.code, "shop is there already, in the organization personal" in ran.verdict) == (1, True), ran.text
    account.platform.faults.clear()
    again = account.run("setup", "--yes")
    assert (again.code, "Nothing to do" in again.out) == (0, True), again.text


def test_a_server_that_the_list_left_out_is_no_one_elses(
    make_account: Callable[..., Account], missing_in_the_list: Callable[[int], Fault]
) -> None:
    account = make_account(database="fly_postgres")
    assert account.run("setup", "--yes", "--no-deploy").code == 0
    del account.platform.world.apps["shop"]
    account.platform.faults.append(missing_in_the_list(1))

    ran = account.run("setup", "--yes", "--no-deploy")

    assert (ran.code, "shop-db is there already, in the organization personal" in ran.verdict) == (1, True), ran.text


def test_a_server_that_is_none_leads_on(make_account: Callable[..., Account]) -> None:
    account = make_account(database="fly_postgres")
    account.platform.faults.append(Fault(r"^graphql latestImageTag", odd=True, body={}))
    ran = account.run("setup", "--yes", "--no-deploy")
    account.platform.faults.clear()
    assert (ran.code, "shop-db is no Postgres server that flyctl knows." in ran.verdict) == (3, True), ran.text

    assert account.type(ran.verdict.partition("nothing of yours is in it: ")[2].partition(", then: ")[0]).code == 0
    ran = account.run("setup", "--yes", "--no-deploy")

    assert (ran.code, "DATABASE_URL" in account.app.secrets) == (0, True), ran.text


def test_an_app_in_another_organization_is_said_to_be_there(account: Account) -> None:
    world = account.platform.world
    world.organizations["work"] = Organization("work", "work", 2)
    account.app.organization = "work"

    ran = account.run("setup", "--yes")

    assert ran.code == 3, ran.text
    assert "shop is there already, in your organization work instead of personal. See: fly status" in ran.verdict
    assert "--ask fly_app" in ran.verdict


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [(None, 3, "the name is taken on Fly. Choose another one"), (403, 1, "did not tell whether by an app of yours")],
    ids=["told", "not told"],
)
def test_the_app_of_someone_else(empty: Account, fault: int | None, code: int, says: str) -> None:
    empty.platform.world.taken.add("shop")
    if fault:
        empty.platform.faults.append(Fault(r"^graphql .*\bapp\b", fault))

    ran = empty.run("setup", "--yes")

    assert (ran.code, says in ran.verdict) == (code, True), ran.text
