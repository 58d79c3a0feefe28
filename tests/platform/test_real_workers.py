"""Workers in process groups of their own, from the first deploy to the last: the real flyctl, scripts and platform."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.flyplatform.faults import Fault
from tests.flyplatform.world import Behaviour, Lease
from tests.platform.account import Account, Ran

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")

WORKERS = [
    {"name": "worker", "command": "/app/bin/shop start", "vm_memory": "1gb", "count": 2},
    {"name": "mailer", "command": "/app/bin/shop eval 'Shop.Mailer.run()'"},
]


@pytest.fixture
def busy(make_account: Callable[..., Account]) -> Account:
    """An account that `ops/setup` has filled, with workers."""
    account = make_account(database="none", workers=WORKERS)
    ran = account.run("setup", "--yes")
    assert ran.code == 0, ran.text
    assert "deploy for the first time, with machines for worker, mailer" in ran.out
    return account


def groups(account: Account) -> Counter[str]:
    return Counter(machine.group for machine in account.app.fleet)


def findings(account: Account) -> list[tuple[str, str]]:
    """What the doctor says of the machines."""
    ran = account.run("doctor", "--json")
    found = [one for one in json.loads(ran.out) if one["check"] == "machines"]
    return [(one["status"], one["message"]) for one in found]


def well(ran: Ran) -> Ran:
    assert ran.code == 0, ran.text
    return ran


def test_a_setup_makes_the_machines_of_every_group(busy: Account) -> None:
    assert groups(busy) == {"app": 1, "worker": 2, "mailer": 1}
    for machine in busy.app.fleet:
        config = machine.config
        assert config["env"]["FLY_PROCESS_GROUP"] == machine.group
        assert bool(config.get("services")) == (machine.group == "app")
        assert config["guest"]["memory_mb"] == {"app": 512, "worker": 1024, "mailer": 512}[machine.group]
        assert (
            config.get("init", {}).get("cmd")
            == {
                "app": None,
                "worker": ["/app/bin/shop", "start"],
                "mailer": ["/app/bin/shop", "eval", "Shop.Mailer.run()"],
            }[machine.group]
        )
    assert findings(busy) == [("ok", "4 of 4 machines started")]


def test_a_deploy_and_a_rollback_reach_every_group(busy: Account) -> None:
    first = busy.image
    busy.commit("lib/a.ex", "1")

    ran = well(busy.run("deploy", "--yes"))

    assert busy.app.images == {busy.image}
    assert all(machine.id in ran.out for machine in busy.app.fleet)
    assert ran.out.count(" serves git-") == 1 and ran.out.count(" has git-") == 3
    assert "flyctl scale" not in ran.text, "the number is right"
    well(busy.run("rollback", "--yes"))
    assert busy.app.images == {first}
    assert groups(busy) == {"app": 1, "worker": 2, "mailer": 1}


def test_a_worker_that_ends_at_once_is_no_success(busy: Account) -> None:
    good = busy.image
    busy.commit("lib/a.ex", "1")
    busy.platform.world.behaviours[busy.revision] = Behaviour(exit_code=1, group="mailer")

    ran = busy.run("deploy", "--yes")

    assert ran.code == 1, ran.text
    assert "[mailer] update failed: smoke checks" in ran.out
    assert f"--image {good} --skip-release-command" in ran.err, "the way back names the good image"
    well(busy.run("rollback", "--yes"))
    assert busy.app.images == {good}


def test_a_worker_with_another_image_is_found(busy: Account) -> None:
    first = busy.image
    busy.commit("lib/a.ex", "1")
    well(busy.run("deploy", "--yes"))
    [mailer] = [machine for machine in busy.app.fleet if machine.group == "mailer"]
    mailer.image = mailer.config["image"] = first

    assert any(status == "fail" and "different images" in said for status, said in findings(busy))


def test_the_doctor_tells_the_groups_apart(busy: Account) -> None:
    fleet = {group: [one for one in busy.app.fleet if one.group == group] for group in groups(busy)}
    fleet["worker"][0].config["guest"]["memory_mb"] = 512
    fleet["mailer"][0].state = "stopped"

    found = findings(busy)

    assert (
        "warn",
        "a machine of worker is shared-cpu-1x with 512 MB, fly.toml says shared-cpu-1x with 1024 MB. "
        "The next deploy changes it: ops/deploy production",
    ) in found
    assert ("fail", "no machine of mailer is started") in found
    assert len([said for status, said in found if status == "warn" and " with " in said]) == 1, found


def test_the_number_of_machines_is_an_answer(busy: Account) -> None:
    gone = next(machine for machine in busy.app.fleet if machine.group == "worker")
    del busy.app.machines[gone.id]
    [warned] = [said for status, said in findings(busy) if status == "warn"]
    assert warned.startswith("the answers ask for other numbers of machines: worker=2. The next deploy makes")
    busy.commit("lib/a.ex", "1")

    ran = well(busy.run("deploy", "--yes"))

    assert groups(busy) == {"app": 1, "worker": 2, "mailer": 1}
    assert "flyctl scale count worker=2 --app shop --yes" in ran.err
    assert busy.app.images == {busy.image}


def test_machines_that_could_not_be_made_are_told_with_a_command_that_makes_them(busy: Account) -> None:
    gone = next(machine for machine in busy.app.fleet if machine.group == "worker")
    del busy.app.machines[gone.id]
    busy.commit("lib/a.ex", "1")
    busy.platform.faults.append(Fault("^POST /v1/apps/shop/machines$", 422, "no such thing", times=1))

    ran = busy.run("deploy", "--yes")

    assert (ran.code, busy.app.images) == (1, {busy.image}), ran.text
    again = ran.verdict.partition("Run again: ")[2]
    # Of what flyctl left that crashed, the words of flyctl alone would not tell how long it lasts.
    [app] = [machine for machine in busy.app.fleet if machine.group == "app"]
    app.lease = Lease("of-the-crash", time.time() + 120)
    assert "for two minutes at most" in busy.type(again).err
    app.lease = None
    assert busy.type(again).code == 0
    assert groups(busy) == {"app": 1, "worker": 2, "mailer": 1}


def test_a_worker_that_works_hides_no_app_that_sleeps(busy: Account) -> None:
    [app] = [machine for machine in busy.app.fleet if machine.group == "app"]
    app.state = "suspended"
    busy.commit("lib/a.ex", "1")

    ran = busy.run("deploy", "--yes")

    assert "Deployed: https://" not in ran.text
    assert f"fly machine start {app.id} -a shop" in ran.text


def test_standbys_are_not_counted(make_account: Callable[..., Account]) -> None:
    account = make_account(database="none", ha=True, workers=WORKERS)

    well(account.run("setup", "--yes"))

    standbys = [machine for machine in account.app.fleet if machine.config.get("standbys")]
    assert Counter(machine.group for machine in standbys) == {"worker": 1, "mailer": 1}
    assert groups(account) == {"app": 2, "worker": 3, "mailer": 2}
    assert [status for status, _ in findings(account)] == ["ok"]
