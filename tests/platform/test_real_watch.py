"""ops/watch: each fault is told once when it begins and once when it is over.

flyctl is the real one, the webhook a real server; `gh` is a stand-in that records (tests/support/fake_gh.py).
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.runner import Runner
from tests.flyplatform.environment import TOKEN
from tests.flyplatform.faults import Fault
from tests.flyplatform.instant import note, note_exit
from tests.flyplatform.world import World
from tests.platform.account import Account, Ran
from tests.support.fake_gh import RecordingGh

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


@dataclass
class Watched:
    """An account with a watch, the issues on GitHub, and what the webhook was told."""

    account: Account
    gh: RecordingGh
    url: str
    told: list[dict[str, Any]] = field(default_factory=list)
    answers: int = 200

    def report(self, *words: str, **env: str) -> Ran:
        """Look once, and tell."""
        return self.account.run("watch", "--report", "--looks=1", *words, **{"ALERT_URL": self.url, **env})

    @property
    def calls(self) -> list[tuple[str, str]]:
        """What the webhook was told: check and status."""
        return [(call["check"], call["status"]) for call in self.told]


def back_up(account: Account) -> None:
    """Give each cluster a backup of now."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for cluster in account.platform.world.clusters.values():
        cluster.backups = [{"id": "b1", "status": "completed", "type": "full", "start": stamp, "stop": stamp}]


@pytest.fixture
def watch(make_account: Callable[..., Account]) -> Iterator[Callable[..., Watched]]:
    """A deployed app that is well, with the answers of a watch."""
    with _webhook() as server:

        def make(**answers: Any) -> Watched:
            account = make_account(github=True, environments=[], **{"alerts": "webhook", **answers})
            made = repr({name: answers[name] for name in ("database", "schedules") if name in answers})
            if made not in _SET_UP:
                ran = account.run("setup", "--yes")
                assert ran.code == 0, ran.text
                _SET_UP[made] = account.platform.keep()
            account.platform.reset(_SET_UP[made])
            back_up(account)
            account.platform.world.disks[("shop", "/")] = 21.5
            gh = RecordingGh.install(account.login.bin, account.login.home / "github.json")
            server.watched = Watched(account, gh, f"http://127.0.0.1:{server.server_address[1]}/hook")
            return server.watched

        yield make


_SET_UP: dict[str, World] = {}


class _Webhook(ThreadingHTTPServer):
    watched: Watched


@contextmanager
def _webhook() -> Iterator[_Webhook]:
    class Handler(BaseHTTPRequestHandler):
        server: _Webhook

        def do_POST(self) -> None:
            watched = self.server.watched
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if watched.answers == 200:
                watched.told.append(body)
            self.send_response(watched.answers)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = _Webhook(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_each_fault_is_told_once_when_it_begins_and_once_when_it_is_over(watch: Callable[..., Watched]) -> None:
    watched = watch()
    account = watched.account
    world = account.platform.world
    ran = watched.report()
    assert (ran.code, watched.gh.changes, watched.told) == (0, [], []), ran.text
    well = account.platform.keep()

    [machine] = account.app.fleet
    machine.checks[0]["status"] = "critical"
    note(machine, "exit", "stopped", exit_event={"exit_code": 137, "oom_killed": True, "requested_stop": False})
    for _ in range(2):
        note_exit(machine, 1, requested=False)
    world.disks[("shop", "/data")] = 91.2
    del account.app.secrets["SECRET_KEY_BASE"]
    account.app.addresses.clear()
    for cluster in world.clusters.values():
        cluster.backups.clear()
    account.platform.faults += [
        Fault("^GET /edge/shop/readyz", 503, '{"database": "down"}'),
        Fault("^GET /edge/shop/$", 500),
    ]
    names = {"readyz", "page", "machines", "restarts", "memory", "disk", "secrets", "addresses", "backups"}
    for _ in range(2):
        ran = watched.report()
        assert ran.code == 0, ran.text
        assert watched.gh.open == {f"shop: {name}" for name in names}
        assert sorted(watched.gh.changes) == sorted(f"create shop: {name}" for name in names)
        assert sorted(watched.calls) == sorted((name, "fail") for name in names)
    bodies = {issue["title"]: issue["body"] for issue in watched.gh.state["issues"]}
    assert "/data of shop (91 %)" in bodies["shop: disk"]
    assert machine.id in bodies["shop: memory"]
    assert "ended 3 times" in bodies["shop: restarts"]
    assert "answers 503" in bodies["shop: readyz"]
    assert all(call["issue"].startswith("https://github.com/") and call["text"] for call in watched.told)

    account.platform.faults.clear()
    account.platform.reset(well)
    for _ in range(2):
        ran = watched.report()
        assert ran.code == 0, ran.text
        assert watched.gh.open == set()
        assert len(watched.gh.changes) == len(watched.calls) == 2 * len(names)
    assert sorted(watched.calls[len(names) :]) == sorted((name, "ok") for name in names)


def test_the_workflow_hands_on_what_the_watch_needs(watch: Callable[..., Watched]) -> None:
    watched = watch()
    account = watched.account
    account.platform.faults.append(Fault("^GET /edge/shop/readyz", 503))
    assert watched.report().code == 0
    account.platform.faults.clear()
    secrets = {"secrets.ALERT_URL": watched.url, "github.token": "t", "github.repository": "me/shop"}
    runner = Runner(account.folder, "fly-watch.yml", account.env, **secrets)
    assert runner.run("watch"), runner.said
    assert (watched.calls, watched.gh.open) == ([("readyz", "fail"), ("readyz", "ok")], set())


def test_a_watch_that_cannot_ask_fly_says_so_and_closes_nothing(watch: Callable[..., Watched]) -> None:
    watched = watch(alerts="github")
    watched.account.platform.world.disks[("shop", "/")] = 97
    assert watched.report().code == 0
    assert watched.gh.open == {"shop: disk"}
    watched.account.platform.world.disks[("shop", "/")] = 20
    for _ in range(2):
        ran = watched.report(FLY_API_TOKEN="")
        assert ran.code == 0, ran.text
        assert watched.gh.open == {"shop: disk", "shop: fly"}
    ran = watched.report()
    assert (ran.code, watched.gh.open) == (0, set()), ran.text
    assert watched.told == [], "without the answer webhook nothing is called"


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        (Fault("^POST /prometheus/", 503), {"disk"}),
        (Fault("^GET /v1/apps/shop/machines$", odd=True, body=None), {"memory", "restarts"}),
    ],
    ids=["metrics", "machines"],
)
def test_what_fly_does_not_tell_is_not_called_well(
    watch: Callable[..., Watched], fault: Fault, names: set[str]
) -> None:
    watched = watch(alerts="github")
    platform = watched.account.platform
    well = platform.keep()
    [machine] = watched.account.app.fleet
    platform.world.disks[("shop", "/")] = 97
    note(machine, "exit", "stopped", exit_event={"exit_code": 137, "oom_killed": True, "requested_stop": False})
    for _ in range(2):
        note_exit(machine, 1, requested=False)
    assert watched.report().code == 0
    assert watched.gh.open == {"shop: disk", "shop: memory", "shop: restarts"}
    platform.reset(well)
    platform.faults.append(fault)
    ran = watched.report()
    assert ran.code == 0, ran.text
    assert watched.gh.open >= {f"shop: {name}" for name in names}, ran.text
    assert not any(re.match(rf"ok +{name} ", line) for name in names for line in ran.out.splitlines()), ran.text


def schedules(watched: Watched, **runs: str) -> None:
    """Let the machine of the schedules tell of these runs: NAME=EXIT_CODE, or - where one runs."""
    lines = [
        f"{name}\t2026-01-31T03:00:00Z\t{'-' if code == '-' else '2026-01-31T03:00:07Z'}\t{code}\n"
        for name, code in runs.items()
    ]
    watched.account.platform.world.commands["sh"] = ("".join(lines), 0)


SCHEDULES = [
    {"name": name, "cron": "0 3 * * *", "command": "/app/bin/shop eval Shop.Release.nightly"}
    for name in ("nightly", "weekly")
]


def test_a_schedule_is_told_when_a_run_fails_and_when_one_ends_well(watch: Callable[..., Watched]) -> None:
    watched = watch(database="none", schedules=SCHEDULES)
    told = watched.calls

    def report(*wanted: tuple[str, str]) -> None:
        ran = watched.report()
        assert ran.code == 0, ran.text
        assert watched.calls == [*told, *wanted], ran.text
        told.extend(wanted)

    schedules(watched, nightly="3", weekly="0")
    report(("schedule nightly", "fail"))
    assert "with exit code 3" in watched.told[-1]["message"]
    schedules(watched, nightly="3", weekly="1")
    report(("schedule weekly", "fail"))
    schedules(watched, nightly="-", weekly="0")
    report(("schedule weekly", "ok"))
    # As after a deploy: their machine has forgotten.
    schedules(watched)
    report()
    # As with another shell.
    watched.account.platform.world.commands["sh"] = ("cat: not found", 127)
    report()
    schedules(watched, nightly="0")
    report(("schedule nightly", "ok"))
    assert watched.gh.open == set()


def test_the_machine_of_the_schedules_is_told_when_it_stops(watch: Callable[..., Watched]) -> None:
    watched = watch(database="none", schedules=SCHEDULES)
    schedules(watched, nightly="3")
    assert watched.report().code == 0
    [cron] = [machine for machine in watched.account.app.fleet if machine.group == "cron"]
    for state, status in (("stopped", "fail"), ("started", "ok")):
        cron.state = state
        assert watched.report().code == 0
        assert watched.calls[-1] == ("machines", status)
    assert watched.calls == [("schedule nightly", "fail"), ("machines", "fail"), ("machines", "ok")]
    assert "no machine of cron is started" in watched.told[1]["message"]


def test_schedules_need_a_token_that_may_ask_for_them(watch: Callable[..., Watched]) -> None:
    watched = watch(database="none", schedules=SCHEDULES, alerts="github")
    schedules(watched, nightly="3", weekly="0")
    assert watched.report().code == 0
    assert watched.gh.open == {"shop: schedule nightly"}
    schedules(watched, nightly="0", weekly="0")
    watched.account.platform.world.read_only.add(TOKEN.removeprefix("FlyV1 "))

    ran = watched.report()

    assert (ran.code, watched.gh.open) == (0, {"shop: schedule nightly"}), ran.text
    assert "warn  schedules     not checked, because machine" in ran.out
    secrets = {"secrets.FLY_EXEC_TOKEN": "another-token", "github.token": "t", "github.repository": "me/shop"}
    runner = Runner(watched.account.folder, "fly-watch.yml", watched.account.env, **secrets)
    assert runner.run("watch"), runner.said
    assert watched.gh.open == set()


def test_a_doctor_that_ends_before_its_time_is_a_fault(watch: Callable[..., Watched]) -> None:
    account = watch(alerts="github").account
    (account.folder / "ops/doctor").write_text("#!/bin/sh\nexit 1\n")
    ran = account.run("watch", "--looks=1")
    assert (ran.code, "fail  fly           ops/doctor ended before its time" in ran.out) == (1, True), ran.text


def test_a_webhook_that_does_not_answer_is_told_by_the_next_run(watch: Callable[..., Watched]) -> None:
    watched = watch()
    disks = watched.account.platform.world.disks
    disks[("shop", "/")] = 97
    watched.answers = 500
    ran = watched.report()
    assert ran.code == 1 and "the next run tries again" in ran.verdict
    assert watched.url not in ran.text
    watched.answers = 200
    assert watched.report().code == 0
    assert (watched.calls, watched.gh.open) == ([("disk", "fail")], {"shop: disk"})
    disks[("shop", "/")] = 20
    watched.answers = 500
    assert watched.report().code == 1
    watched.answers = 200
    for _ in range(2):
        assert watched.report().code == 0
        assert (watched.calls, watched.gh.open) == ([("disk", "fail"), ("disk", "ok")], set())
    refused = watched.report(ALERT_URL="")
    assert refused.code == 3 and "ALERT_URL is empty" in refused.verdict


def test_what_is_over_at_the_second_look_is_no_fault(watch: Callable[..., Watched]) -> None:
    watched = watch()
    passing = Fault("^GET /edge/shop/readyz", 503, times=1)
    later = Fault("^GET /edge/shop/$", 500, after=1, times=1)
    watched.account.platform.faults += [passing, later]
    ran = watched.account.run("watch", "--report", "--looks=3", "--pause=0", ALERT_URL=watched.url)
    assert (ran.code, watched.gh.changes) == (0, []), ran.text
    assert passing.hits == 1 and "ok    readyz" in ran.out
    assert later.hits == 1 and "warn  page" in ran.out, "what the last look alone found is no fault yet"
    watched.account.platform.faults[:] = [Fault("^GET /edge/shop/readyz", 503)]
    ran = watched.account.run("watch", "--json", "--looks=2", "--pause=0")
    assert ran.code == 1
    assert [one["check"] for one in json.loads(ran.out) if one["status"] == "fail"] == ["readyz"]


def test_the_server_of_unmanaged_postgres_is_watched(watch: Callable[..., Watched]) -> None:
    watched = watch(database="fly_postgres", alerts="github")
    account = watched.account
    server = account.platform.world.apps["shop-db"]
    [machine] = server.fleet
    account.platform.world.disks[("shop-db", "/data")] = 88
    checks = {
        "role": ("passing", "primary"),
        "pg": ("passing", "[✓] connections: 280 used, 3 reserved, 300 max (4.2ms)"),
        "vm": ("passing", "[✓] checkDisk: 780 MB (78.0%) free space on /data/ (38µs)"),
    }
    machine.checks = [{"name": name, "status": status, "output": text} for name, (status, text) in checks.items()]
    ran = account.run("watch", "--looks=1")
    assert "94 % of the connections of shop-db are in use" in ran.text
    assert "nearly full: /data of shop-db (88 %)" in ran.text
    machine.checks[1]["output"] = "[✓] connections: 12 used, 3 reserved, 300 max (4.2ms)"
    machine.checks[2] |= {"status": "critical", "output": "[✗] checkDisk: 40 MB (4.0%) free space on /data/ (38µs)"}
    ran = account.run("watch", "--looks=1")
    assert f"fail  database      vm of {machine.id}: [✗] checkDisk: 40 MB" in ran.text
    machine.checks[2]["status"] = "passing"
    assert "ok    database" in account.run("watch", "--looks=1").text
    machine.checks = []
    assert "fail  database      no machine of shop-db has health checks" in account.run("watch", "--looks=1").text


@pytest.mark.parametrize(("days", "status"), [(3, "fail"), (60, "ok")])
def test_the_certificate_that_visitors_get_is_looked_at(
    watch: Callable[..., Watched], tmp_path: Path, days: int, status: str
) -> None:
    account = watch().account
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", str(days), "-subj", "/CN=127.0.0.1"]
    subprocess.run([*make, *files], check=True, capture_output=True)
    serve = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-key", str(key), "-cert", str(certificate), "-www"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout
        port = next(line.split(":")[-1].strip() for line in server.stdout if line.startswith("ACCEPT"))
        ran = account.run("watch", "--json", "--looks=1", APP_URL=f"https://127.0.0.1:{port}")
    finally:
        server.kill()
        server.wait()
    [found] = [one for one in json.loads(ran.out) if one["check"] == "certificate"]
    assert found["status"] == status, found
