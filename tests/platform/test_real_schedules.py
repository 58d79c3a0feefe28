"""Schedules on a machine of their own: the real flyctl, scripts, platform and supercronic."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.platform.account import Account, Ran
from tests.support import needs

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")

SCHEDULES = [
    {"name": "tick", "cron": "* * * * *", "command": "/app/bin/tick 'a  b'"},
    {"name": "broken", "cron": "* * * * *", "command": "/app/bin/broken"},
    {"name": "nightly", "cron": "0 3 * * *", "command": "/app/bin/tick"},
]
TICK = """#!/bin/sh
echo "tick in $FLY_PROCESS_GROUP of $FLY_APP_NAME, with $GREETING, ${SECRET_KEY_BASE:+a secret} and $1"
"""
BROKEN = """#!/bin/sh
echo "it breaks"
exit 3
"""


def groups(account: Account) -> Counter[str]:
    return Counter(machine.group for machine in account.app.fleet)


def findings(account: Account, check: str) -> list[tuple[str, str]]:
    """What the doctor says on one subject."""
    ran = account.run("doctor", "--json")
    return [(one["status"], one["message"]) for one in json.loads(ran.out) if one["check"] == check]


def well(ran: Ran) -> Ran:
    assert ran.code == 0, ran.text
    return ran


def test_there_is_one_machine_for_them_whatever_anyone_does(make_account: Callable[..., Account]) -> None:
    account = make_account(database="none", vm_memory="2gb", schedules=SCHEDULES)
    ran = well(account.run("setup", "--yes"))
    assert "deploy for the first time, with machines for cron" in ran.out
    assert groups(account) == {"app": 1, "cron": 1}
    [cron] = [machine for machine in account.app.fleet if machine.group == "cron"]
    assert cron.config["init"]["cmd"] == ["supercronic", "-passthrough-logs", "/etc/crontab"]
    assert cron.config["guest"]["memory_mb"] == 512
    assert not cron.config.get("services")

    account.commit("lib/a.ex", "1")
    ran = well(account.run("deploy", "--yes"))
    assert groups(account) == {"app": 1, "cron": 1}
    assert "flyctl scale" not in ran.text, "the number is right"

    well(account.type("flyctl scale count cron=2 --app shop --yes"))

    assert groups(account) == {"app": 1, "cron": 2}
    [warned] = [said for status, said in findings(account, "machines") if status == "warn"]
    assert warned.startswith("the answers ask for other numbers of machines: cron=1.")
    account.commit("lib/a.ex", "2")
    ran = well(account.run("deploy", "--yes"))
    assert "flyctl scale count cron=1 --app shop --yes" in ran.err
    assert groups(account) == {"app": 1, "cron": 1}


@pytest.mark.system
@pytest.mark.needs("psql", "supercronic")
def test_they_run_and_the_doctor_knows_how_each_ended(make_small_app: Callable[..., Account]) -> None:
    account = make_small_app(database="none", schedules=SCHEDULES, extra_env={"GREETING": "hello"})
    shutil.copy(needs.require("supercronic"), account.folder / "supercronic")
    crontab = account.folder / "rel/crontab"
    # Every second, as the seven fields of supercronic say it.
    crontab.write_text(re.sub(r"^\* (.*) sh ", r"* * \1 * sh ", crontab.read_text(), flags=re.MULTILINE))
    assert "\n* * * * * * * sh /etc/schedule.sh broken /app/bin/broken\n" in crontab.read_text()
    dockerfile = (account.folder / "Dockerfile").read_text()
    copied = "COPY --chmod=755 supercronic /usr/bin/\nCOPY rel/crontab rel/schedule.sh /etc/\nCOPY priv"
    (account.folder / "Dockerfile").write_text(dockerfile.replace("COPY priv", copied))
    for name, text in (("tick", TICK), ("broken", BROKEN)):
        (account.folder / "app/bin" / name).write_text(text)
    account.git("add", "-A")
    account.git("commit", "-qm", "Add the jobs")
    well(account.run("setup", "--yes", timeout=300))
    assert groups(account) == {"app": 1, "cron": 1}

    found = said(account, "tick (* * * * *, UTC) last ran", "broken (* * * * *, UTC) failed")

    by_name = {message.split()[0]: (status, message) for status, message in found}
    assert by_name["tick"][0] == "ok"
    assert re.search(r"last ran at 20\S+Z, and ended well$", by_name["tick"][1])
    [machine] = [machine.id for machine in account.app.fleet if machine.group == "cron"]
    assert by_name["broken"][0] == "fail"
    assert f"with exit code 3. To see why: fly logs -a shop --machine {machine}" in by_name["broken"][1]
    assert by_name["nightly"][0] == "ok"
    assert re.search(r"\(0 3 \* \* \*, UTC\) was not due since its machine started at 20\S+Z$", by_name["nightly"][1])
    logs = account.type(f"timeout 20 flyctl logs --app shop --machine {machine} --no-tail").out
    assert "tick in cron of shop, with hello, a secret and a  b" in logs
    assert "error running command: exit status 3" in logs


def said(account: Account, *sentences: str) -> list[tuple[str, str]]:
    """What the doctor says of the schedules as soon as it says all of this."""
    for _ in range(10):
        found = findings(account, "schedules")
        if all(any(message.startswith(one) for _, message in found) for one in sentences):
            return found
        time.sleep(0.5)
    pytest.fail(f"it says {found}")
