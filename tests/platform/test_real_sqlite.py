"""A file of SQLite on a volume, with the real flyctl: one machine, one volume, whatever is deployed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def test_every_deploy_keeps_the_one_machine_and_its_volume(make_account: Callable[..., Account]) -> None:
    account = make_account(database="sqlite", database_env="DATABASE_PATH", database_file="/data/shop.db")

    ran = account.run("setup", "--yes")

    assert ran.code == 0, ran.text
    assert "with the first deploy: make the volume data with 1 GB in fra, for /data/shop.db" in ran.out
    [machine] = account.app.fleet
    [volume] = account.app.volumes.values()
    assert (volume.name, volume.region, volume.size_gb, volume.machine) == ("data", "fra", 1, machine.id)
    [mount] = machine.config["mounts"]
    assert (mount["path"], mount["volume"]) == ("/data", volume.id)
    assert (mount["extend_threshold_percent"], mount["add_size_gb"], mount["size_gb_limit"]) == (80, 1, 10)
    assert set(account.app.secrets) >= {"SECRET_KEY_BASE", "BUCKET_NAME", "AWS_SECRET_ACCESS_KEY"}

    account.commit("lib/a.ex", "1")
    again = account.run("deploy", "--yes")
    assert again.code == 0, again.text
    assert [one.id for one in account.app.fleet] == [machine.id]
    assert [one.machine for one in account.app.volumes.values()] == [machine.id]
    assert account.app.images == {account.image}

    listed = account.run("backup", "--create", "--yes")
    assert listed.code == 0, listed.text
    assert account.run("backup", "--check").code == 0


@pytest.mark.needs("sqlite3")
def test_a_host_that_does_not_answer_is_no_reason_to_deploy(make_account: Callable[..., Account]) -> None:
    account = make_account(database="sqlite", database_env="DATABASE_PATH", database_file="/data/shop.db")
    assert account.run("setup", "--yes").code == 0
    [machine] = account.app.fleet
    machine.host_status = "unreachable"

    ran = account.run("backup")

    assert ran.code == 1, ran.text
    assert f"the host of machine {machine.id} does not answer" in ran.verdict
    assert "ops/deploy" not in ran.text
