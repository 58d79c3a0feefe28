"""Machines that are records: they start, fail and end at once, as their image's behaviour says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

from asyncssh import SSHServerProcess

from tests.flyplatform.ssh import Execute, attach
from tests.flyplatform.world import App, Machine, World, now

SMOKE_SECONDS = 11
"""flyctl watches a new machine for 10 s; a start that is dated back by this much saves them."""


class Runner(Protocol):
    """Where machines run."""

    async def start(self, app: App, machine: Machine) -> None:
        """Start it, or resume it."""

    async def stop(self, app: App, machine: Machine, state: str = "stopped") -> None:
        """Stop it, or suspend it."""

    async def remove(self, app: App, machine: Machine) -> None:
        """Take away what is left of it."""

    def shell(self, app: App, machine: Machine) -> Execute:
        """What runs commands in it."""

    def place(self, machine: Machine) -> str:
        """Where it can be asked over HTTP; nothing where the edge answers in its place."""

    async def close(self) -> None:
        """Leave nothing running."""


def note(machine: Machine, kind: str, status: str, seconds_ago: float = 0, **request: Any) -> None:
    """Add an event; the newest comes first."""
    stamp = int((time.time() - seconds_ago) * 1000)
    event: dict[str, Any] = {"type": kind, "status": status, "source": "flyd", "timestamp": stamp}
    if request:
        event["request"] = request
    machine.events.insert(0, event)


def note_exit(machine: Machine, code: int, *, requested: bool, restarting: bool = False, restarts: int = 0) -> None:
    """Add the event of an end, where flyctl reads exit codes."""
    ended = {"exit_code": code, "guest_exit_code": code, "requested_stop": requested, "restarting": restarting}
    note(machine, "exit", "stopped", exit_event=ended | {"exited_at": now()}, restart_count=restarts)


def check_names(config: dict[str, Any]) -> list[str]:
    """The names of all health checks of a config, in Fly's writing."""
    names = list(config.get("checks") or {})
    count = 0
    for service in config.get("services") or []:
        for check in service.get("checks") or []:
            names.append(f"servicecheck-{count:02d}-{check.get('type', 'tcp')}-{service['internal_port']}")
            count += 1
    return names


def results(config: dict[str, Any], status: str, output: str) -> list[dict[str, Any]]:
    """The same result for every health check."""
    return [
        # flyctl reads there which server of a Postgres cluster may write.
        {"name": name, "status": status, "output": "primary" if name == "role" else output, "updated_at": now()}
        for name in check_names(config)
    ]


def ended(machine: Machine) -> None:
    """What becomes of a machine whose program has ended for good."""
    machine.state = "destroyed" if machine.config.get("auto_destroy") else "stopped"
    machine.checks = []


def inside(folder: Path, words: list[str]) -> list[str]:
    """A command with this folder as its root; the release's own one makes a copy of the database as its code does."""
    words = [f"{folder}{word}" if word.startswith(("/tmp/", "/data/")) else word for word in words]
    if words[0] == "/app/bin/backup":
        return ["sqlite3", f"{folder}/data/shop.db", f"vacuum into '{words[1]}'"]
    return words


def take_copies(folder: Path) -> None:
    """What rel/overlays/volume.sh does before the app starts."""
    for copy in folder.glob("data/*.restore"):
        database = copy.with_suffix("")
        database.replace(f"{database}.before")
        copy.replace(database)


class Instant:
    """Runs nothing, and knows at once how it went."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def start(self, app: App, machine: Machine) -> None:
        """Let the behaviour of the image happen."""
        does = self.world.behaviour(machine)
        machine.starts += 1
        if app.name in self.world.folders:
            take_copies(self.world.folders[app.name])
        for line in does.log:
            app.say(line, machine.id, machine.region)
        if machine.group == "fly_app_release_command":
            for line in does.release_output.splitlines():
                app.say(line, machine.id, machine.region)
            # flyctl reads on in the log until it finds this line of Fly's init.
            app.say(f" INFO Main child exited normally with code: {does.release_exit}", machine.id, machine.region)
            note(machine, "start", "started")
            note_exit(machine, does.release_exit, requested=False)
            ended(machine)
        elif does.exit_code is not None and not machine.group.startswith("fly_app_"):
            note(machine, "start", "started")
            note_exit(machine, does.exit_code, requested=False, restarting=True, restarts=10)
            machine.state = "stopped"
        else:
            passing = does.check == "passing"
            note(machine, "start", "started", SMOKE_SECONDS)
            machine.state = "started"
            machine.checks = results(machine.config, does.check, "ok" if passing else "connection refused")

    async def stop(self, app: App, machine: Machine, state: str = "stopped") -> None:
        """Stop or suspend it."""
        del app
        if machine.state == "started":
            note_exit(machine, 0, requested=True)
            ended(machine)
            if machine.alive:
                machine.state = state

    async def remove(self, app: App, machine: Machine) -> None:
        """Nothing is left of it."""

    def shell(self, app: App, machine: Machine) -> Execute:
        """Print what the world has for a command, and a secret where printenv is asked for one.

        Where the app has a folder, it is the root of what a command runs in.
        """
        del machine
        folder = self.world.folders.get(app.name)

        async def execute(words: list[str], process: SSHServerProcess[bytes]) -> int:
            if words[0] == "printenv" and words[1] in app.secrets:
                process.stdout.write(f"{app.secrets[words[1]].value}\n".encode())
                return 0
            if folder and words[0] not in self.world.commands:
                return await attach(process, inside(folder, words))
            output, code = self.world.commands.get(words[0], (f"{words[0]}: not found\n", 127))
            process.stdout.write(output.encode())
            return code

        return execute

    def place(self, machine: Machine) -> str:
        """The edge answers in its place."""
        del machine
        return ""

    async def close(self) -> None:
        """Nothing runs."""
