"""The Machines API: machines, their leases, and waiting for them."""

from __future__ import annotations

import asyncio
import shlex
import time
from typing import Any

from aiohttp import web

from tests.flyplatform.instant import Runner, note
from tests.flyplatform.registry import Registry
from tests.flyplatform.ssh import collect
from tests.flyplatform.world import App, Lease, Machine, Refusal, World, now

SETTLED = {"started", "stopped", "suspended", "failed", "destroyed"}


class Machines:
    """The paths below /v1/apps/APP/machines."""

    def __init__(self, world: World, registry: Registry, runner: Runner) -> None:
        self.world = world
        self.registry = registry
        self.runner = runner

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        one = "/v1/apps/{app}/machines/{machine}"
        return [
            web.get("/v1/apps/{app}/machines", self.list),
            web.post("/v1/apps/{app}/machines", self.launch),
            web.get(one, self.get),
            web.post(one, self.update),
            web.delete(one, self.destroy),
            web.get(f"{one}/lease", self.find_lease),
            web.post(f"{one}/lease", self.acquire_lease),
            web.delete(f"{one}/lease", self.release_lease),
            web.get(f"{one}/wait", self.wait),
            web.get(f"{one}/ps", self.processes),
            web.post(f"{one}/{{action:start|stop|suspend|restart|cordon|uncordon}}", self.act),
            web.post(f"{one}/exec", self.execute),
            web.get(f"{one}/metadata", self.metadata),
            web.post(f"{one}/metadata/{{key}}", self.set_metadata),
        ]

    def find(self, request: web.Request) -> tuple[App, Machine]:
        """The app and the machine of a path; a destroyed one goes on answering."""
        app = self.world.app(request.match_info["app"])
        machine = app.machines.get(request.match_info["machine"])
        if machine is None:
            raise Refusal(404, "machine not found")
        return app, machine

    def find_mine(self, request: web.Request) -> tuple[App, Machine]:
        """The same for a change, which a lease of somebody else forbids."""
        app, machine = self.find(request)
        lease = machine.lease
        if lease and lease.expires_at > time.time() and request.headers.get("fly-machine-lease-nonce") != lease.nonce:
            raise Refusal(409, f"machine ID {machine.id} lease currently held by dev@example.com")
        return app, machine

    def show(self, machine: Machine) -> dict[str, Any]:
        """A machine as the API writes it."""
        shown = {
            "id": machine.id,
            "name": machine.name,
            "state": machine.state,
            "region": machine.region,
            "image_ref": self.registry.reference(machine.image),
            "instance_id": machine.instance_id,
            "private_ip": machine.private_ip,
            "created_at": machine.created_at,
            "updated_at": machine.updated_at,
            "config": machine.config,
            "events": machine.events,
            "checks": machine.checks,
            "host_status": machine.host_status,
            "cordoned": machine.cordoned,
        }
        if machine.host_status != "ok":
            shown["incomplete_config"] = shown.pop("config")
        return shown

    def configure(self, app: App, machine: Machine, config: dict[str, Any]) -> None:
        """Give a machine a config, and the volumes in it."""
        machine.config = config
        machine.image = self.registry.own_name(config.get("image", ""))
        config["image"] = machine.image
        machine.instance_id = f"01{self.world.id()}".upper()
        machine.updated_at = now()
        # Results of the old version would pass the new one.
        machine.checks = []
        for mount in config.get("mounts") or []:
            if mount.get("volume") in app.volumes:
                app.volumes[mount["volume"]].machine = machine.id

    async def list(self, request: web.Request) -> web.Response:
        """All that are not destroyed."""
        app = self.world.app(request.match_info["app"])
        return web.json_response([self.show(machine) for machine in app.machines.values() if machine.alive])

    async def launch(self, request: web.Request) -> web.Response:
        """A new machine."""
        app = self.world.app(request.match_info["app"])
        asked = await request.json()
        region = asked.get("region") or "iad"
        if region in self.world.full_regions:
            raise Refusal(
                412, f"insufficient resources available to fulfill request: could not reserve resource in {region}"
            )
        machine = Machine(self.world.id(), asked.get("name") or "", region, {}, "")
        machine.name = machine.name or f"quiet-water-{machine.id[:4]}"
        machine.private_ip = f"fdaa:0:1:a7b:{self.world.number():x}::2"
        self.configure(app, machine, asked["config"])
        app.machines[machine.id] = machine
        note(machine, "launch", "created")
        if asked.get("skip_launch"):
            machine.state = "stopped"
        else:
            await self.runner.start(app, machine)
        return web.json_response(self.show(machine))

    async def get(self, request: web.Request) -> web.Response:
        """One machine."""
        return web.json_response(self.show(self.find(request)[1]))

    async def update(self, request: web.Request) -> web.Response:
        """A new config; it restarts the machine unless that is to be skipped."""
        app, machine = self.find_mine(request)
        asked = await request.json()
        await self.runner.stop(app, machine)
        self.configure(app, machine, asked["config"])
        note(machine, "update", "replacing")
        note(machine, "launch", "created")
        if asked.get("skip_launch"):
            machine.state = "stopped"
        else:
            await self.runner.start(app, machine)
        return web.json_response(self.show(machine))

    async def destroy(self, request: web.Request) -> web.Response:
        """Take it away; one that runs only by force."""
        app, machine = self.find_mine(request)
        if machine.state == "started" and request.query.get("kill") != "true":
            raise Refusal(
                412, "failed_precondition: unable to destroy machine, not currently stopped, suspended or failed"
            )
        await self.runner.stop(app, machine)
        await self.runner.remove(app, machine)
        machine.state = "destroyed"
        note(machine, "destroy", "destroyed")
        for volume in app.volumes.values():
            if volume.machine == machine.id:
                volume.machine = None
        return web.json_response({"ok": True})

    async def find_lease(self, request: web.Request) -> web.Response:
        """The lease that is held."""
        _, machine = self.find(request)
        if machine.lease is None or machine.lease.expires_at < time.time():
            raise Refusal(404, "lease not found")
        return web.json_response(lease_answer(machine.lease))

    async def acquire_lease(self, request: web.Request) -> web.Response:
        """A new lease, or the same one for longer."""
        _, machine = self.find_mine(request)
        ends = time.time() + float(request.query.get("ttl", 30))
        if machine.lease and request.headers.get("fly-machine-lease-nonce") == machine.lease.nonce:
            machine.lease.expires_at = ends
        else:
            machine.lease = Lease(self.world.id(), ends)
        return web.json_response(lease_answer(machine.lease), status=201)

    async def release_lease(self, request: web.Request) -> web.Response:
        """Give it back."""
        _, machine = self.find_mine(request)
        machine.lease = None
        return web.json_response({"ok": True})

    async def wait(self, request: web.Request) -> web.Response:
        """Answer when the machine is in one of the states, or the time is over."""
        _, machine = self.find(request)
        wanted = set(request.query.getall("state", ["started"]))
        if "settled" in wanted:
            wanted |= SETTLED
        deadline = time.monotonic() + float(request.query.get("timeout", 60))
        while machine.state not in wanted:
            # A machine that crashes has started and gone before it could be asked.
            if "started" in wanted and has_started(machine):
                break
            if machine.state == "destroyed":
                raise Refusal(404, "machine not found")
            if time.monotonic() > deadline:
                raise Refusal(408, "deadline_exceeded: timeout waiting for the state")
            await asyncio.sleep(0.02)
        return web.json_response({"ok": True})

    async def act(self, request: web.Request) -> web.Response:
        """Start, stop, suspend, restart, cordon or uncordon."""
        app, machine = self.find_mine(request)
        action = request.match_info["action"]
        before = machine.state
        match action:
            case "start" if before != "started":
                await self.runner.start(app, machine)
            case "stop":
                await self.runner.stop(app, machine)
            case "suspend":
                await self.runner.stop(app, machine, "suspended")
            case "restart":
                await self.runner.stop(app, machine)
                await self.runner.start(app, machine)
            case "cordon" | "uncordon":
                machine.cordoned = action == "cordon"
        return web.json_response({"ok": True, "previous_state": before, "migrated": False, "new_host": ""})

    async def processes(self, request: web.Request) -> web.Response:
        """The processes of a machine, which nobody here looks at."""
        self.find(request)
        return web.json_response([])

    async def execute(self, request: web.Request) -> web.Response:
        """Run a command in a machine; its exit code and what it printed."""
        app, machine = self.find(request)
        if request.headers.get("Authorization", "").partition(" ")[2] in self.world.read_only:
            raise Refusal(403, "unauthorized")
        if machine.state != "started":
            raise Refusal(412, "failed_precondition: machine not running")
        asked = await request.json()
        code, out, err = await collect(self.runner.shell(app, machine), shlex.split(asked["cmd"]))
        return web.json_response({"exit_code": code, "stdout": out, "stderr": err})

    async def metadata(self, request: web.Request) -> web.Response:
        """All metadata."""
        return web.json_response(self.find(request)[1].config.get("metadata") or {})

    async def set_metadata(self, request: web.Request) -> web.Response:
        """One value."""
        _, machine = self.find(request)
        asked = await request.json()
        machine.config.setdefault("metadata", {})[request.match_info["key"]] = asked["value"]
        return web.json_response({"ok": True})


def has_started(machine: Machine) -> bool:
    """Whether it started since it was given its config."""
    kinds = [event["type"] for event in machine.events]
    return "start" in kinds[: kinds.index("launch")] if "launch" in kinds else False


def lease_answer(lease: Lease) -> dict[str, Any]:
    """A lease as the API writes it."""
    data = {"nonce": lease.nonce, "expires_at": int(lease.expires_at), "owner": "dev@example.com", "description": ""}
    return {"status": "success", "data": data}
