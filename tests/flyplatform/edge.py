"""Fly's proxy, which passes a request on to a machine of an app: /edge/APP/PATH stands for https://APP.fly.dev/PATH."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from tests.flyplatform.instant import Runner
from tests.flyplatform.registry import Registry
from tests.flyplatform.world import App, Machine, World


class Edge:
    """Passes requests on to containers, and answers for instant machines as the scaffold's health module does."""

    def __init__(self, world: World, registry: Registry, runner: Runner) -> None:
        self.world = world
        self.runner = runner
        self.registry = registry

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [web.route("*", "/edge/{app}/{path:.*}", self.pass_on)]

    def choose(self, app: App, wanted: str | None) -> Machine | None:
        """The machine that a request is for, or any that has a service."""
        for machine in app.fleet:
            if machine.state == "started" and machine.config.get("services") and wanted in (None, machine.id):
                return machine
        return None

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Lead a request to a machine."""
        app = self.world.app(request.match_info["app"])
        machine = self.choose(app, request.headers.get("fly-force-instance-id"))
        if machine is None:
            return web.Response(status=503, text="no machine can take this request")
        place = self.runner.place(machine)
        if not place:
            return self.answer(machine, request.match_info["path"])
        headers = {**request.headers, "X-Forwarded-Proto": "https", "Fly-Client-IP": "192.0.2.1"}
        url = f"{place}/{request.match_info['path']}"
        try:
            async with (
                aiohttp.ClientSession(auto_decompress=False) as session,
                session.request(
                    request.method,
                    url,
                    params=request.query,
                    headers=headers,
                    data=await request.read(),
                    allow_redirects=False,
                ) as answer,
            ):
                kept = {name: answer.headers[name] for name in ("Content-Type", "Location") if name in answer.headers}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except (OSError, aiohttp.ClientError):
            return web.Response(status=502, text="could not proxy HTTP request")

    def answer(self, machine: Machine, path: str) -> web.Response:
        """What an instant machine serves."""
        does = self.world.behaviour(machine)
        if not does.serves:
            return web.Response(status=502, text="could not proxy HTTP request")
        if path != "livez":
            return web.Response(status=does.page)
        label = machine.image.rpartition(":git-")[2]
        revision = self.registry.labels(machine.image).get("org.opencontainers.image.revision") or label
        shown = {
            "status": "ok",
            "version": "0.1.0",
            "revision": revision,
            "image": machine.image,
            "machine": machine.id,
        }
        return web.json_response(shown)
