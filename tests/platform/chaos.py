"""Every call of a script can fail, get lost or be the last: what is said then is true, and what it prints leads on.

A point is a call of one command of flyctl; the same call again, as in a loop that waits, is no other point. By default
some points are tried, each with another kind of failure; the profile `thorough` tries every point with every kind. That
takes hours, so it can be done in parts, with a verdict for each point:

    HYPOTHESIS_PROFILE=thorough CHAOS_PART=3/12 uv run pytest -s -n 0 tests/platform/test_chaos_deploy.py
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.flyplatform.faults import Call, Fault
from tests.platform.account import Account, Ran
from tests.support.profiles import THOROUGH

PART = os.environ.get("CHAOS_PART", "1/1")
"""Of the profile `thorough`: which part of how many."""

BROKEN = (
    "jq: ",
    "parse error",
    "Traceback",
    "unbound variable",
    "yntax error",
    ": not found\n",
    "No such file",
    "bad number",
)
"""What a shell, jq or Python prints that nobody was meant to read."""

PRINTED = re.compile(
    r"(?:^ *|[:,] |\bwith |then )((?:ops/|fly |flyctl |neonctl branches delete )[^\n;,()]*?)"
    r"(?=[.,;)]?(?:$| with | then |, | \(|\. |;))",
    re.M,
)
"""A command in a sentence."""

NOT_TYPED = re.compile(
    r"[A-Z]{4}|…|^fly (auth|tokens|dashboard|machine|status|logs|ssh|postgres connect)|^ops/(logs|doctor)"
    r"|^flyctl (could|printed)"
)
"""What a person fills in, what asks for one, and what only looks."""


NAMED = re.compile(r"(?<![0-9a-f])[0-9a-f]{14}(?![0-9a-f])|(?<=upload-)[0-9a-f]{16}|(?<=deployment-)[0-9A-Z]{26}")
"""What is another one in every run: machines, uploads to the registry, the tags of builds."""


@dataclass
class Kind:
    """A way to fail at one call, and at all that follow where it lasts."""

    name: str
    options: dict[str, Any]
    lasts: bool = False
    signal: signal.Signals | None = None


KINDS = [
    Kind("outage", {"status": 503, "body": "service unavailable"}, lasts=True),
    Kind("denied", {"status": 401, "body": "unauthorized"}, lasts=True),
    Kind("error 500", {"status": 500}),
    Kind("unreachable", {"drop": True}),
    Kind("answer lost", {"done": True}),
    Kind("null", {"odd": True, "body": None}),
    Kind("empty", {"odd": True, "body": {}}),
    Kind("slow", {"delay": 1.5}),
    Kind("SIGINT", {}, signal=signal.SIGINT),
    Kind("SIGTERM", {}, signal=signal.SIGTERM),
    Kind("SIGKILL", {}, signal=signal.SIGKILL),
]


@dataclass(frozen=True)
class Point:
    """A call, by its name without identifiers, of the nth command of flyctl that a script runs."""

    command: int
    call: str

    @classmethod
    def of(cls, account: Account, call: Call) -> Point:
        """Where a script is."""
        return cls(len(account.login.commands), NAMED.sub("ID", call.name))


@dataclass
class Task:
    """A script from a known state, and what it is meant to reach."""

    begin: Callable[[Account], None]
    command: tuple[str, ...]
    reached: Callable[[Account], Any]
    env: dict[str, str] = field(default_factory=dict)
    once: bool = False
    """A second run after a success would do something else."""
    by_hand: Callable[[Account, Ran], None] | None = None
    """What a person does whom a script tells to."""
    ends: int = 0
    """Its exit code where nothing fails."""

    def run(self, account: Account, *more: str) -> Ran:
        """Run the script."""
        script, *words = (word.format(image=account.image) for word in self.command)
        # flyctl itself waits five minutes for a machine that a senseless answer does not name.
        return account.run(script, *words, *more, timeout=400, **self.env)


def goal(account: Account) -> Any:
    """What there should be in the end, however many attempts it took."""
    world, app = account.platform.world, account.platform.world.apps.get("shop")
    return {
        "apps": sorted(world.apps),
        "clusters": sorted(cluster.name for cluster in world.clusters.values()),
        "buckets": sorted(world.buckets),
        "redis": sorted(world.redis),
        "addresses": sorted(address.kind for address in app.addresses) if app else [],
        "secrets": sorted(app.secrets) if app else [],
        "volumes": sorted(volume.name for volume in app.volumes.values()) if app else [],
        "machines": sorted(
            (each.name, one.group, one.state, one.image.rpartition(":")[2])
            for each in world.apps.values()
            for one in each.fleet
        ),
        "databases": sorted(name for each in world.apps.values() for name in each.postgres_databases),
    }


def at(account: Account, point: Point, kind: Kind) -> Fault:
    """What strikes at a point."""
    struck = False

    def when(call: Call) -> bool:
        nonlocal struck
        if struck:
            return kind.lasts
        struck = Point.of(account, call) == point
        return struck

    def send() -> None:
        # Ctrl-C reaches all that runs in a terminal; a signal that somebody sends, the script alone.
        assert account.process is not None and kind.signal is not None
        alone = kind.signal == signal.SIGTERM
        (os.kill if alone else os.killpg)(account.process.pid, kind.signal)

    options: dict[str, Any] = {"action": send, "delay": 0.2} if kind.signal else kind.options
    return Fault("", when=when, **options)


def heed_ctrl_c() -> None:
    """Let what is started heed Ctrl-C: whoever starts the tests in the background has all that they start ignore it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def points(account: Account, task: Task) -> list[Point]:
    """The points of a task, in order."""
    found: dict[Point, None] = {}
    heed_ctrl_c()
    begin(account, task)

    def look(call: Call) -> bool:
        found.setdefault(Point.of(account, call))
        return False

    account.platform.faults.append(Fault("", when=look))
    ran = task.run(account)
    assert ran.code == task.ends, ran.text
    return list(found)


def begin(account: Account, task: Task) -> None:
    """Go back to where the task begins."""
    task.begin(account)
    account.platform.faults.clear()
    account.platform.calls.clear()
    account.login.record.unlink(missing_ok=True)
    for left in account.login.home.glob("fly-ops.*"):
        shutil.rmtree(left)


def chosen(found: list[Point], tries: int, turn: int) -> list[tuple[Point, Kind]]:
    """What is tried: every point with every kind, or so many points with kinds that take turns."""
    if THOROUGH:
        part, parts = map(int, PART.split("/"))
        return [(point, kind) for point in found for kind in KINDS][part - 1 :: parts]
    step = len(found) / tries
    return [(found[int((n + 0.5) * step)], KINDS[(turn + n) % len(KINDS)]) for n in range(tries)]


def check(account: Account, task: Task, tries: int, turn: int, record: Callable[[str, object], None]) -> None:
    """Let a task fail at its points, one after the other, and hold what it says against what there is."""
    found = points(account, task)
    wanted = task.reached(account)
    tried = chosen(found, tries, turn)
    record("points", (len(tried), len(found) * len(KINDS)))
    wrong: list[str] = []
    for point, kind in tried:
        begin(account, task)
        fault = at(account, point, kind)
        account.platform.faults.append(fault)
        ran = task.run(account)
        where = f"{' '.join(task.command)}: {kind.name} at command {point.command}, {point.call}"
        problems = faults_of(account, point, kind, ran) + aftermath(account, task, wanted, ran, kind)
        verdict = "wrong" if problems else "green" if fault.hits else "missed"
        print(f"{verdict} {where}", *problems, sep="\n", flush=True)
        wrong += [f"{where}: {problem}" for problem in problems]
    assert not wrong, f"{len(wrong)} of {len(tried)}:\n" + "\n\n".join(wrong)


def faults_of(account: Account, point: Point, kind: Kind, ran: Ran) -> list[str]:
    """What is wrong with the way a script ended."""
    found = [f"the output has {words!r}" for words in BROKEN if words in ran.text]
    if kind.signal is None:
        if ran.code not in (0, 1, 3):
            found.append(f"it ended with {ran.code}")
        if ran.code in (1, 3) and not commands(ran):
            found.append("it names no command that leads on")
        if kind.name == "slow" and ran.code != 0:
            found.append(f"it ended with {ran.code} although nothing failed")
        # What the app itself answers, behind the edge, is no login of Fly's.
        denied = kind.name == "denied" and "/edge/" not in point.call
        if denied and ran.code != 0 and "fly auth login" not in ran.text and "401" in ran.err:
            found.append("it does not say that the login is refused")
    elif kind.signal != signal.SIGKILL:
        if ran.code not in (0, 1, 3, 128 + kind.signal):
            found.append(f"it ended with {ran.code}")
        if left := [path.name for path in account.login.home.glob("fly-ops.*")]:
            found.append(f"it leaves {left}")
    if alive(account):
        found.append("it leaves a process behind")
    return [f"{line}\n{ran.text[-1500:]}" for line in found]


def alive(account: Account, seconds: float = 10) -> bool:
    """Whether anything that a script started outlives it."""
    assert account.process is not None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(account.process.pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def commands(ran: Ran) -> list[str]:
    """The commands that a script names in the end, without those that are for a person's own values."""
    end = "\n".join(line for line in ran.err.splitlines() if not line.startswith("+ "))
    return [found.strip() for found in PRINTED.findall(end)]


def same(there: Any, wanted: Any, kind: Kind) -> bool:
    """Whether all is there that should be. Told that there is no machine or address, flyctl makes one more."""
    if kind.options.get("odd") and isinstance(there, dict):
        there, wanted = (
            {**of, **{name: set(of[name]) for name in ("addresses", "machines")}} for of in (there, wanted)
        )
    return bool(there == wanted)


def person_acts(account: Account, ran: Ran) -> bool:
    """Whether a person must act before a script leads on, or wait; here the time is over at once."""
    if "for two minutes at most" not in ran.text:
        return ran.code == 3
    for app in account.platform.world.apps.values():
        for machine in app.machines.values():
            machine.lease = None
    return True


def follow(account: Account, task: Task, ran: Ran, steps: int = 1) -> list[str]:
    """Type what a script prints that has failed; what is wrong. What only a person can do may come in between."""
    found: list[str] = []
    if task.by_hand:
        task.by_hand(account, ran)
    for command in commands(ran) if ran.code in (1, 3) else []:
        if NOT_TYPED.search(command):
            continue
        asks = re.match("ops/(setup|deploy|rollback|secrets|restore)|fly storage destroy", command)
        agreed = command + (" --yes" if asks else "")
        led = account.type(agreed, **task.env)
        if person_acts(account, led) and steps:
            found += follow(account, task, led, steps - 1)
        elif led.code != 0 and not (task.once and "already" in led.text):
            found.append(f"what it prints, {agreed}, ends with {led.code}\n{led.text[-800:]}")
    return found


def aftermath(account: Account, task: Task, wanted: Any, ran: Ran, kind: Kind) -> list[str]:
    """What is wrong after a script has ended: success that is none, or a command that does not lead on."""
    found: list[str] = []
    account.platform.faults.clear()
    if ran.code == 0 and not same(task.reached(account), wanted, kind):
        found.append(f"it says done, but there is {task.reached(account)}\n{ran.text[-1500:]}")
    found += follow(account, task, ran)
    if not same(task.reached(account), wanted, kind) or not task.once:
        again = task.run(account)
        if person_acts(account, again):
            found += follow(account, task, again)
            again = task.run(account)
        there = task.reached(account)
        if not same(there, wanted, kind) or (again.code != 0 and not task.once):
            found.append(f"the same command then ends with {again.code}: {there}\n{again.text[-1500:]}")
    return [f"{problem}\nafter\n{ran.text[-1500:]}" for problem in found]
