"""The page on logs: its commands, as they are printed, make one machine that reads the logs of this app alone.

flyctl is the real one. What the shipper does with them is not looked at: its image cannot be had on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.flyplatform.registry import DOCKER_HUB
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def test_the_page_on_logs_makes_a_shipper_of_one_machine(make_account: Callable[..., Account]) -> None:
    account = make_account(log_shipper="axiom", database="none", environments=[])
    page = (account.folder / "docs/fly/logs.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    make, token, deploy, destroy = (block.replace("   ", "") for block in blocks)
    (account_at,) = re.findall(r"```\n   (fly secrets import .*?)```", page, re.DOTALL)
    command, *lines = (line.strip() for line in account_at.strip().splitlines())
    world = account.platform.world
    assert account.run("setup", "--yes").code == 0
    account.platform.registry.add(f"{DOCKER_HUB}/flyio/log-shipper:latest")

    # flyctl makes such a token out of a macaroon, which this platform does not sign.
    for step in (make, re.sub(r"fly tokens create readonly -o personal [^|]*", "echo FlyV1 fm2_x ", token)):
        ran = account.type(step)
        assert ran.code == 0, ran.text
    ran = account.start(command.split(), stdin="\n".join(lines).replace("…", "x-1"))
    assert ran.code == 0, ran.text
    ran = account.type(deploy)

    assert ran.code == 0, ran.text
    shipper = world.apps["shop-logs"]
    assert set(shipper.secrets) == {"ACCESS_TOKEN", "AXIOM_TOKEN", "AXIOM_DATASET"}
    (machine,) = shipper.fleet
    assert machine.config["env"]["SUBJECT"] == "logs.shop.>"
    assert machine.config["guest"]["memory_mb"] == 512
    assert shipper.addresses == []

    assert "a machine of shop-logs is started" in account.run("doctor").text
    machine.state = "stopped"
    assert "no machine of shop-logs is started" in account.run("doctor").text

    gone = account.type(destroy.splitlines()[0] + " --yes")
    assert gone.code == 0, gone.text
    assert "shop-logs" not in world.apps
    assert re.search(r"warn +logs +shop-logs did not tell .* docs/fly/logs.md makes it", account.run("doctor").text)
