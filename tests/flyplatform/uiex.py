"""Fly's third API, /api/v1: organizations, builds, releases and logs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.flyplatform.registry import Registry
from tests.flyplatform.world import Organization, Refusal, Release, World


class Uiex:
    """The paths below /api/v1, without Managed Postgres."""

    def __init__(self, world: World, registry: Registry) -> None:
        self.world = world
        self.registry = registry

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/api/v1/organizations", self.organizations),
            web.get("/api/v1/organizations/{org}", self.organization),
            web.post("/api/v1/builds", self.build),
            web.post("/api/v1/builds/finish", self.build),
            web.post("/api/v1/releases", self.create_release),
            web.patch("/api/v1/releases/{release}", self.update_release),
            web.get("/api/v1/apps/{app}/releases", self.releases),
            web.get("/api/v1/apps/{app}/releases/current", self.current_release),
            web.get("/api/v1/apps/{app}/logs", self.logs),
        ]

    async def organizations(self, request: web.Request) -> web.Response:
        """All organizations."""
        del request
        return web.json_response({"organizations": [shown(each) for each in self.world.organizations.values()]})

    async def organization(self, request: web.Request) -> web.Response:
        """One organization."""
        found = self.world.organization(request.match_info["org"])
        if found is None:
            raise Refusal(404, "organization not found")
        return web.json_response({"organization": shown(found)})

    async def build(self, request: web.Request) -> web.Response:
        """Take note of a build."""
        del request
        return web.json_response({"id": self.world.number(), "status": "ok", "wallclock_time_ms": 1})

    async def create_release(self, request: web.Request) -> web.Response:
        """A new release."""
        asked = await request.json()
        app = self.world.app(asked["app_name"])
        number = len(app.releases) + 1
        image = self.registry.own_name(asked["image"])
        release = Release(f"rel-{self.world.id()}", number, image, asked["definition"], asked["strategy"])
        app.releases.append(release)
        return web.json_response({"release": self.show(release)}, status=201)

    async def update_release(self, request: web.Request) -> web.Response:
        """How a release goes on."""
        for app in self.world.apps.values():
            for release in app.releases:
                if release.id == request.match_info["release"]:
                    release.status = (await request.json())["status"]
                    return web.json_response(self.show(release))
        raise Refusal(404, "release not found")

    def show(self, release: Release) -> dict[str, Any]:
        """A release as this API writes it."""
        return {
            "id": release.id,
            "version": release.version,
            "stable": release.status == "complete",
            "in_progress": release.status == "running",
            "status": release.status,
            "strategy": release.strategy,
            "user": self.world.email,
            "created_at": release.created_at,
            "image_ref": release.image,
        }

    async def releases(self, request: web.Request) -> web.Response:
        """The newest releases first."""
        app = self.world.app(request.match_info["app"])
        listed = app.releases[::-1][: int(request.query.get("limit", 25))]
        return web.json_response({"releases": [self.show(release) for release in listed]})

    async def current_release(self, request: web.Request) -> web.Response:
        """The newest release."""
        app = self.world.app(request.match_info["app"])
        if not app.releases:
            raise Refusal(404, "no release")
        return web.json_response(self.show(app.releases[-1]))

    async def logs(self, request: web.Request) -> web.Response:
        """The lines after those that the token stands for."""
        app = self.world.app(request.match_info["app"])
        token = request.query.get("next_token") or "0"
        lines = app.logs[int(token) :]
        instance = request.query.get("instance")
        data = [
            {"id": str(index), "attributes": log_line(line)}
            for index, line in enumerate(lines)
            if not instance or line["instance"] == instance
        ]
        return web.json_response({"data": data, "meta": {"next_token": str(len(app.logs))}})


def log_line(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a log as this API writes it."""
    meta = {"instance": line["instance"], "region": line["region"], "event": {"provider": "app"}, "http": {}}
    return line | {"level": "info", "meta": meta}


def shown(organization: Organization) -> dict[str, Any]:
    """An organization as this API writes it."""
    return {
        "id": organization.id,
        "internal_numeric_id": organization.number,
        "slug": organization.slug,
        "raw_slug": organization.raw_slug,
        "name": organization.raw_slug,
        "paid_plan": True,
        "personal": organization.type == "PERSONAL",
        "billable": True,
        "billing_status": "CURRENT",
        "provisions_beta_extensions": False,
        "remote_builder_image": "",
    }
