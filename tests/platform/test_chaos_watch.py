"""ops/watch, and with it ops/doctor, while Fly fails at any call: nothing that is ill is called well."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from tests.flyplatform.instant import note, note_exit
from tests.flyplatform.world import Behaviour
from tests.platform import chaos
from tests.platform.account import Account, Ran

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")
ILL = {"readyz", "page", "machines", "restarts", "memory", "disk", "secrets", "addresses", "backups"}


@pytest.fixture
def ill(make_account: Callable[..., Account]) -> Account:
    """An account with every fault that a watch finds."""
    account = make_account(github=True, environments=[], alerts="github")
    ran = account.run("setup", "--yes")
    assert ran.code == 0, ran.text
    world, app = account.platform.world, account.app
    [machine] = app.fleet
    machine.checks[0]["status"] = "critical"
    note(machine, "exit", "stopped", exit_event={"exit_code": 137, "oom_killed": True, "requested_stop": False})
    for _ in range(2):
        note_exit(machine, 1, requested=False)
    world.disks[("shop", "/data")] = 91.2
    world.behaviours[account.revision] = Behaviour(page=500)
    del app.secrets["SECRET_KEY_BASE"]
    app.addresses.clear()
    for cluster in world.clusters.values():
        cluster.backups.clear()
    account.kept = account.platform.keep()
    return account


def checks(ran: Ran, *statuses: str) -> set[str]:
    """The checks with a finding of these statuses."""
    return {name for status, name in re.findall(r"^(ok|warn|fail) +(\w+)  ", ran.out, re.M) if status in statuses}


def test_watch(ill: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(lambda account: account.platform.reset(account.kept), ("watch", "--looks=1"), checks, ends=1)
    found = chaos.points(ill, task)
    unharmed = task.run(ill)
    assert checks(unharmed, "fail") == ILL, unharmed.text
    well = checks(unharmed, "ok") - ILL
    tried = chaos.chosen(found, 3, 1)
    record_property("points", (len(tried), len(found) * len(chaos.KINDS)))
    wrong: list[str] = []
    for point, kind in tried:
        chaos.begin(ill, task)
        fault = chaos.at(ill, point, kind)
        ill.platform.faults.append(fault)
        ran = task.run(ill)
        problems = [f"the output has {words!r}" for words in chaos.BROKEN if words in ran.text]
        if kind.signal is None and ran.code != 1:
            problems.append(f"it ended with {ran.code}")
        if kind.signal is None and kind.name != "denied" and not checks(ran, "fail"):
            problems.append("no check fails")
        # With an odd answer in its place, the app itself says that it is well.
        sound = {"readyz", "page"} if kind.options.get("odd") and "/edge/" in point.call else set()
        if kind.name == "denied" and point.call == "GET /edge/shop/":
            sound = {"page"}  # a front page may ask for a password
        if false := checks(ran, "ok") - checks(ran, "fail", "warn") - well - sound:
            problems.append(f"it calls well what is ill: {false}")
        if kind.signal != signal.SIGKILL and list(ill.login.home.glob("fly-ops.*")):
            problems.append("it leaves a folder")
        if chaos.alive(ill):
            problems.append("it leaves a process behind")
        if changes := [name for name in ill.platform.changes if "/prometheus/" not in name]:
            problems.append(f"it changes something: {changes}")
        where = f"watch: {kind.name} at command {point.command}, {point.call}"
        print("wrong" if problems else "green" if fault.hits else "missed", where, flush=True)
        wrong += [f"{where}: {problem}\n{ran.text[-3000:]}" for problem in problems]
    assert not wrong, f"{len(wrong)} of {len(tried)}:\n" + "\n\n".join(wrong)
