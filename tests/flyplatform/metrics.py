"""Fly's Prometheus: how full the disks are, as https://fly.io/docs/monitoring/metrics/ has it."""

from __future__ import annotations

import re
import time

from aiohttp import web

from tests.flyplatform.world import World


class Metrics:
    """Answers the one query that the scripts ask, with what the world has in `disks`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [web.post("/prometheus/{org}/api/v1/query", self.query)]

    async def query(self, request: web.Request) -> web.Response:
        """The percentage in use of each file system of the apps in the query, for a token of `fly tokens create`."""
        if not request.headers.get("Authorization", "").startswith("FlyV1 fm2_"):
            return web.json_response({"error": "unauthorized"}, status=401)
        asked = re.search(
            r'fly_instance_filesystem_blocks_avail\{app=~"([\w|-]+)"\}', str((await request.post())["query"])
        )
        apps = asked[1].split("|") if asked else []
        mine = {app.name for app in self.world.apps.values() if app.organization == request.match_info["org"]}
        found = [
            {"metric": {"app": app, "mount": mount}, "value": [time.time(), str(used)]}
            for (app, mount), used in self.world.disks.items()
            if app in apps and app in mine
        ]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": found}})
