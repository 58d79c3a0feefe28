"""What stands for `flyctl agent`, which holds the WireGuard tunnel: a Unix socket, and ways to what is inside.

A message has two bytes of length, little endian, and words parted by single spaces.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.flyplatform import ssh
from tests.flyplatform.environment import VERSION
from tests.flyplatform.instant import Runner
from tests.flyplatform.managed_postgres import address
from tests.flyplatform.pipes import join
from tests.flyplatform.servers import Server
from tests.flyplatform.world import App, Machine, World

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PEER = {"peerip": "fdaa:0:1:a7b:1::2", "endpointip": "127.0.0.1", "pubkey": ""}


class Agent:
    """Answers one login's flyctl."""

    def __init__(self, world: World, runner: Runner, servers: dict[str, Server]) -> None:
        self.world = world
        self.runner = runner
        self.servers = servers
        self.address = ""
        """Where flypg answers, as well."""
        self.down = False
        """No tunnel can be built."""

    async def listen(self, path: Path) -> asyncio.Server:
        """Begin to answer on a socket."""
        return await asyncio.start_unix_server(self.talk, str(path))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: the token, then one command."""
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "little")
                words = (await reader.readexactly(size)).decode().split(" ")
                if words[0] == "connect":
                    await self.connect(words[2], (reader, writer))
                    return
                await send(writer, self.answer(words))
        except (asyncio.IncompleteReadError, ConnectionError):
            # The client closes when it has its answer.
            return
        finally:
            writer.close()

    def answer(self, words: list[str]) -> str:
        """The answer to every command but `connect`."""
        match words:
            case ["set-token", *_]:
                return "ok"
            case ["ping", *_]:
                return f"ok {json.dumps({'PID': os.getpid(), 'Version': VERSION, 'Background': False})}"
            case ["establish" | "reestablish" | "probe", *_] if self.down:
                return "err tunnel unavailable: i/o timeout"
            case ["establish" | "reestablish", *_]:
                return f"ok {json.dumps({'WireGuardState': {'peer': PEER}, 'TunnelConfig': None})}"
            case ["probe", *_]:
                return "ok"
            case ["resolve", _, host, *_]:
                return f"ok {self.resolve(host)}".strip()
            case ["instances", _, app, *_]:
                found = [m for m in self.world.apps[app].fleet if m.state == "started"]
                return f"ok {json.dumps({'Labels': [m.id for m in found], 'Addresses': [m.private_ip for m in found]})}"
            case _:
                return f"err {words[0]} is not known"

    def resolve(self, host: str) -> str:
        """The address of a name in the private network; nothing where there is none."""
        if ":" in host:
            return host
        found = re.fullmatch(r"(?:(?P<id>\w+)\.vm\.|[\w.-]+\.of\.)?(?P<app>[\w-]+)\.(?:internal|flycast)", host)
        app = self.world.apps.get(found["app"]) if found else None
        for machine in app.fleet if app and found else []:
            if machine.state == "started" and found["id"] in (None, machine.id):
                return machine.private_ip
        return ""

    def at(self, host: str) -> tuple[App, Machine] | None:
        """The machine with an address."""
        for app in self.world.apps.values():
            for machine in app.machines.values():
                if machine.private_ip == host and machine.state == "started":
                    return app, machine
        return None

    async def connect(self, target: str, stream: Stream) -> None:
        """Lead a connection to a port of a machine or a cluster."""
        host, _, port = target.rpartition(":")
        host = self.resolve(host.strip("[]"))
        there = self.at(host)
        server = self.server(host, there)
        way: Callable[[], Awaitable[None]] | None = None
        if there and port == "22":
            way = functools.partial(
                ssh.serve, *stream, self.runner.shell(*there), self.world.folders.get(there[0].name)
            )
        elif there and port == "5500":
            way = functools.partial(lead, stream, *self.address.split(":"))
        elif server and port in ("5432", "5433"):
            way = functools.partial(lead, stream, server.address, server.direct_port)
        if self.down or way is None:
            await send(stream[1], f"err dial tcp {target}: connection refused")
            return
        await send(stream[1], "ok")
        await way()

    def server(self, host: str, there: tuple[App, Machine] | None) -> Server | None:
        """The PostgreSQL behind an address of the private network."""
        if there:
            return self.servers.get(there[0].name)
        names = [cluster.name for cluster in self.world.clusters.values() if address(cluster) == host]
        return self.servers.get(names[0]) if names else None


async def lead(stream: Stream, host: str, port: str | int) -> None:
    """Let a connection end at a port of this machine."""
    await join(stream, await asyncio.open_connection(host, port))


async def send(writer: asyncio.StreamWriter, text: str) -> None:
    """Write one message."""
    data = text.encode()
    writer.write(len(data).to_bytes(2, "little") + data)
    await writer.drain()
