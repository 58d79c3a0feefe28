"""A Fly on 127.0.0.1, in a thread of the tests' own process, for the real flyctl."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.flyplatform.agent import Agent
from tests.flyplatform.apps import Apps
from tests.flyplatform.edge import Edge
from tests.flyplatform.faults import Call, Fault
from tests.flyplatform.flypg import Flypg
from tests.flyplatform.instant import Instant, Runner
from tests.flyplatform.machines import Machines
from tests.flyplatform.managed_postgres import ManagedPostgres
from tests.flyplatform.metrics import Metrics
from tests.flyplatform.queries import Queries
from tests.flyplatform.registry import Registry
from tests.flyplatform.schema import fields
from tests.flyplatform.uiex import Uiex
from tests.flyplatform.world import Refusal, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Platform:
    """The platform with what it knows (`world`), what it was asked (`calls`) and what goes wrong (`faults`)."""

    def __init__(self, folder: Path, runner: Callable[[World, Registry], Runner] | None = None) -> None:
        self.world = World()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.unknown: list[str] = []
        """Calls that nothing here answers."""
        self.registry = Registry(self.world, folder / "registry")
        self.runner: Runner = runner(self.world, self.registry) if runner else Instant(self.world)
        self.machines = Machines(self.world, self.registry, self.runner)
        self.queries = Queries(self.world, self.registry)
        self.flypg = Flypg(self.world)
        self.postgres = ManagedPostgres(self.world, self.flypg.servers)
        self.agent = Agent(self.world, self.runner, self.flypg.servers)
        self.address = ""
        self.loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        """Where all of its interfaces are."""
        return f"http://{self.address}"

    def app_url(self, app: str) -> str:
        """What stands for https://APP.fly.dev."""
        return f"{self.url}/edge/{app}"

    def reset(self, world: World | None = None) -> None:
        """Forget everything, or go back to a world that was kept with `keep`."""
        self.world.__dict__.update(copy.deepcopy(world or World()).__dict__)
        self.calls.clear()
        self.faults.clear()
        self.unknown.clear()
        self.queries.invalid.clear()
        self.agent.down = False
        self.flypg.servers.clear()

    def keep(self) -> World:
        """A copy of the world as it is now."""
        return copy.deepcopy(self.world)

    @property
    def complaints(self) -> list[str]:
        """What flyctl asked that this platform does not know; a test with such a line proves nothing."""
        return self.unknown + self.queries.invalid

    @property
    def changes(self) -> list[str]:
        """The calls that changed something, without queries and the registry."""
        looking = ("GET ", "HEAD ", "graphql ", "POST /api/v1/builds", "POST /commands")
        return [call.name for call in self.calls if not call.name.startswith(looking) and " /v2/" not in call.name]

    @contextmanager
    def running(self) -> Iterator[Platform]:
        """Serve until the block ends."""
        ready = threading.Event()

        async def serve() -> None:
            site = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.2)
            await site.setup()
            tcp = web.TCPSite(site, "127.0.0.1", 0)
            await tcp.start()
            host, port = site.addresses[0][:2]
            self.address = self.registry.address = self.agent.address = f"{host}:{port}"
            ready.set()
            try:
                await stop.wait()
            finally:
                await self.runner.close()
                await site.cleanup()

        stop = asyncio.Event()
        thread = threading.Thread(target=lambda: self.loop.run_until_complete(serve()), name="fly", daemon=True)
        thread.start()
        if not ready.wait(20):
            raise RuntimeError("the platform does not start")
        try:
            yield self
        finally:
            self.loop.call_soon_threadsafe(stop.set)
            thread.join(20)

    @contextmanager
    def serving_agent(self, path: Path) -> Iterator[None]:
        """Be the agent behind a socket, before flyctl starts one of its own."""
        server = asyncio.run_coroutine_threadsafe(self.agent.listen(path), self.loop).result(20)
        try:
            yield
        finally:
            self.loop.call_soon_threadsafe(server.close)
            path.unlink(missing_ok=True)

    def application(self) -> web.Application:
        """All interfaces behind the recording and the faults."""
        app = web.Application(middlewares=[self.record], client_max_size=1 << 34)
        parts = (
            Apps(self.world),
            self.machines,
            Uiex(self.world, self.registry),
            self.postgres,
            self.queries,
            self.registry,
            self.flypg,
            Metrics(self.world),
            Edge(self.world, self.registry, self.runner),
        )
        for part in parts:
            app.router.add_routes(part.routes())
        return app

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note each call, and let a fault have it."""
        call = await named(request)
        if not call.name.startswith(("GET /edge/", "HEAD /v2/")):
            self.calls.append(call)
        fault = next((fault for fault in self.faults if fault.strikes(call)), None)
        if fault is None:
            return await self.good_answer(request, handler, call)
        call.injected = True
        if fault.action:
            fault.action()
        await asyncio.sleep(fault.delay)
        if fault.done or fault.odd:
            await self.good_answer(request, handler, call)
        if fault.drop or fault.done:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault.harmless:
            return await self.good_answer(request, handler, call)
        call.status, body = (200, fault.body) if fault.odd else fault.answer(call)
        return web.json_response(body, status=call.status)

    async def good_answer(self, request: web.Request, handler: Handler, call: Call) -> web.StreamResponse:
        """What the platform itself says."""
        try:
            response = await handler(request)
            call.status = response.status
        except Refusal as refusal:
            call.status = refusal.status
            return web.json_response({"error": refusal.text}, status=refusal.status)
        except web.HTTPException as problem:
            call.status = problem.status
            if request.match_info.http_exception is not None:
                self.unknown.append(call.name)
            raise
        return response


async def named(request: web.Request) -> Call:
    """A call with its name; of JSON the body as well."""
    name = f"{request.method} {request.path}"
    if request.content_type != "application/json" or request.path.startswith(("/v2/", "/edge/")):
        return Call(name)
    text = await request.text()
    body: Any = json.loads(text) if text else None
    if request.path == "/graphql" and isinstance(body, dict):
        name = f"graphql {fields(body['query'])}"
    return Call(name, body)
