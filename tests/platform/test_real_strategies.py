"""Every way to replace machines: strategies, two machines, process groups and volumes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flyplatform.world import Behaviour
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")

STRATEGIES = ("rolling", "bluegreen", "canary", "immediate")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_machines_are_replaced(make_account: Callable[..., Account], strategy: str) -> None:
    account = make_account(strategy=strategy, ha=True, database="none")
    assert account.run("setup", "--yes").code == 0
    assert len(account.app.fleet) == 2
    account.commit("lib/a.ex", "1")

    ran = account.run("deploy", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.images == {account.image}
    assert [machine.state for machine in account.app.fleet] == ["started", "started"]
    assert all(machine.id in ran.out for machine in account.app.fleet), "each machine has a line of its own"
    assert not any(machine.cordoned for machine in account.app.fleet)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_failing_check_is_no_success(make_account: Callable[..., Account], strategy: str) -> None:
    account = make_account(strategy=strategy, ha=True, database="none")
    assert account.run("setup", "--yes").code == 0
    good = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(check="critical", serves=False)

    ran = account.run("deploy", "--yes", "--wait=0")

    assert ran.code == 1, ran.text
    if strategy == "bluegreen":
        assert "a new machine never passed its health check" in ran.text
        assert account.app.images == {good}, "the blue machines serve on"
    else:
        assert good in ran.text, "the way back names the good image"


def test_a_group_without_a_service_is_deployed_and_told_apart(account: Account) -> None:
    config = (account.folder / "fly.toml").read_text()
    worker = '[processes]\napp = "/app/bin/server"\nworker = "/app/bin/worker"\n\n[http_service]\nprocesses = ["app"]'
    account.commit("fly.toml", config.replace("[http_service]", worker))

    ran = account.run("deploy", "--yes")

    assert ran.code == 0, ran.text
    assert {machine.group for machine in account.app.fleet} == {"app", "worker"}
    assert all(machine.id in ran.out for machine in account.app.fleet)


def test_a_full_region_is_named_and_a_second_run_finishes(make_account: Callable[..., Account]) -> None:
    account = make_account(database="none")
    account.platform.world.full_regions.add("fra")

    ran = account.run("setup", "--yes")

    assert ran.code == 1
    assert "fra has no room" in ran.verdict
    account.platform.world.full_regions.clear()
    again = account.run("setup", "--yes")
    assert again.code == 0, again.text
    assert account.app.images == {account.image}
