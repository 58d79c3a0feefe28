"""The Machines API: apps, and what hangs on them besides machines."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.flyplatform.world import REGIONS, Address, App, Refusal, Secret, Volume, World, now


class Apps:
    """The paths /v1/apps, /v1/apps/APP and below it secrets, ip_assignments, certificates and volumes."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        one = "/v1/apps/{app}"
        return [
            web.get("/v1/platform/regions", self.regions),
            web.get("/v1/apps", self.list),
            web.post("/v1/apps", self.create),
            web.get(one, self.get),
            web.delete(one, self.delete),
            web.get(f"{one}/secrets", self.secrets),
            web.post(f"{one}/secrets", self.set_secrets),
            web.get(f"{one}/ip_assignments", self.addresses),
            web.post(f"{one}/ip_assignments", self.assign),
            web.get(f"{one}/certificates", self.certificates),
            web.post(f"{one}/certificates/acme", self.request_certificate),
            web.get(f"{one}/certificates/{{hostname}}", self.certificate),
            web.post(f"{one}/certificates/{{hostname}}/check", self.certificate),
            web.delete(f"{one}/certificates/{{hostname}}", self.delete_certificate),
            web.get(f"{one}/volumes", self.volumes),
            web.post(f"{one}/volumes", self.create_volume),
            web.get(f"{one}/volumes/{{volume}}", self.volume),
            web.delete(f"{one}/volumes/{{volume}}", self.delete_volume),
            web.put(f"{one}/volumes/{{volume}}/extend", self.extend_volume),
            web.get(f"{one}/volumes/{{volume}}/snapshots", self.snapshots),
            web.post(f"{one}/volumes/{{volume}}/snapshots", self.create_snapshot),
        ]

    def find(self, request: web.Request) -> App:
        """The app of a path."""
        return self.world.app(request.match_info["app"])

    async def regions(self, request: web.Request) -> web.Response:
        """All regions."""
        del request
        listed = [region(code) for code in REGIONS]
        return web.json_response({"Regions": listed, "Nearest": "fra"})

    # --- apps

    def show(self, app: App) -> dict[str, Any]:
        """An app as the API writes it."""
        organization = self.world.organizations[app.organization]
        return {
            "id": app.id,
            "name": app.name,
            "internal_numeric_id": app.number,
            "network": app.network,
            "status": "deployed" if app.releases or app.fleet else "pending",
            "machine_count": len(app.fleet),
            "volume_count": len(app.volumes),
            "app_role": app.role,
            "organization": {
                "name": organization.raw_slug,
                "slug": organization.slug,
                "internal_numeric_id": organization.number,
            },
        }

    async def list(self, request: web.Request) -> web.Response:
        """The apps of an organization."""
        organization = self.world.organization(request.query.get("org_slug", ""))
        if organization is None:
            raise Refusal(404, "organization not found")
        apps = [self.show(app) for app in self.world.apps.values() if app.organization == organization.slug]
        return web.json_response({"total_apps": len(apps), "apps": apps})

    async def create(self, request: web.Request) -> web.Response:
        """A new app."""
        asked = await request.json()
        name = asked["name"]
        organization = self.world.organization(asked["org_slug"])
        if organization is None:
            raise Refusal(404, f"organization {asked['org_slug']} not found")
        if name in self.world.apps or name in self.world.taken:
            raise Refusal(422, "Validation failed: Name has already been taken")
        app = self.world.add_app(name, organization.slug, asked.get("app_role_id") or "", asked.get("network") or "")
        return web.json_response(self.show(app), status=201)

    async def get(self, request: web.Request) -> web.Response:
        """One app."""
        return web.json_response(self.show(self.find(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Take it away with all it has."""
        del self.world.apps[self.find(request).name]
        return web.Response(status=202)

    # --- secrets

    async def secrets(self, request: web.Request) -> web.Response:
        """Names and digests."""
        return web.json_response({"secrets": shown_secrets(self.find(request))})

    async def set_secrets(self, request: web.Request) -> web.Response:
        """Set and unset by name."""
        app = self.find(request)
        change_secrets(self.world, app, (await request.json())["values"])
        return web.json_response({"secrets": shown_secrets(app), "version": app.secrets_version})

    # --- addresses

    async def addresses(self, request: web.Request) -> web.Response:
        """All addresses."""
        return web.json_response({"ips": [shown_address(address) for address in self.find(request).addresses]})

    async def assign(self, request: web.Request) -> web.Response:
        """A new address."""
        app = self.find(request)
        kind = (await request.json())["type"]
        return web.json_response(shown_address(allocate(self.world, app, kind)))

    # --- certificates

    async def certificates(self, request: web.Request) -> web.Response:
        """All certificates."""
        listed = [certificate(name, state) for name, state in self.find(request).certificates.items()]
        return web.json_response({"certificates": listed, "next_cursor": "", "total_count": len(listed)})

    async def request_certificate(self, request: web.Request) -> web.Response:
        """Ask for one; it waits for the DNS records."""
        app = self.find(request)
        hostname = (await request.json())["hostname"]
        app.certificates[hostname] = "Awaiting configuration"
        return web.json_response(certificate(hostname, app.certificates[hostname]), status=201)

    async def certificate(self, request: web.Request) -> web.Response:
        """One certificate."""
        hostname = request.match_info["hostname"]
        state = self.find(request).certificates.get(hostname)
        if state is None:
            raise Refusal(404, "certificate not found")
        return web.json_response(certificate(hostname, state))

    async def delete_certificate(self, request: web.Request) -> web.Response:
        """Take it away."""
        self.find(request).certificates.pop(request.match_info["hostname"], None)
        return web.Response(status=204)

    # --- volumes

    def find_volume(self, request: web.Request) -> Volume:
        """The volume of a path."""
        volume = self.find(request).volumes.get(request.match_info["volume"])
        if volume is None:
            raise Refusal(404, "volume not found")
        return volume

    async def volumes(self, request: web.Request) -> web.Response:
        """All volumes."""
        return web.json_response([shown_volume(volume) for volume in self.find(request).volumes.values()])

    async def create_volume(self, request: web.Request) -> web.Response:
        """A new volume."""
        app, asked = self.find(request), await request.json()
        if asked["region"] in self.world.full_regions:
            raise Refusal(412, "insufficient resources available to fulfill request")
        volume = Volume(f"vol_{self.world.id()}", asked["name"], asked["region"], asked.get("size_gb") or 1)
        app.volumes[volume.id] = volume
        return web.json_response(shown_volume(volume))

    async def volume(self, request: web.Request) -> web.Response:
        """One volume."""
        return web.json_response(shown_volume(self.find_volume(request)))

    async def delete_volume(self, request: web.Request) -> web.Response:
        """Take it away."""
        volume = self.find_volume(request)
        del self.find(request).volumes[volume.id]
        return web.json_response(shown_volume(volume))

    async def extend_volume(self, request: web.Request) -> web.Response:
        """Make it larger."""
        volume = self.find_volume(request)
        volume.size_gb = (await request.json())["size_gb"]
        return web.json_response({"volume": shown_volume(volume), "needs_restart": False})

    async def snapshots(self, request: web.Request) -> web.Response:
        """Its snapshots."""
        return web.json_response(self.find_volume(request).snapshots)

    async def create_snapshot(self, request: web.Request) -> web.Response:
        """A new snapshot."""
        made = {"id": f"vs_{self.world.id()}", "size": 4096, "volume_size": 1 << 30, "digest": "0", "created_at": now()}
        self.find_volume(request).snapshots.append(made | {"status": "created", "retention_days": 5})
        return web.json_response({})


def region(code: str) -> dict[str, Any]:
    """A region as the API and GraphQL write it."""
    shown = {"code": code, "name": REGIONS[code], "latitude": 0.0, "longitude": 0.0}
    return shown | {"gatewayAvailable": True, "deprecated": False, "requiresPaidPlan": False}


def shown_secrets(app: App) -> list[dict[str, Any]]:
    """The secrets of an app without their values."""
    return [
        {"name": name, "digest": secret.digest, "created_at": secret.created_at, "updated_at": secret.updated_at}
        for name, secret in sorted(app.secrets.items())
    ]


def change_secrets(world: World, app: App, values: dict[str, str | None]) -> None:
    """Set values, unset the names that have none."""
    for name, value in values.items():
        if value is None:
            app.secrets.pop(name, None)
            continue
        world.given_out.add(value)
        before = app.secrets.get(name)
        app.secrets[name] = Secret(value, before.created_at if before else now(), now())
    app.secrets_version += 1


def allocate(world: World, app: App, kind: str) -> Address:
    """A new address of an app."""
    number = world.number()
    match kind:
        case "shared_v4":
            address = f"66.241.{number % 250}.{number // 250}"
        case "v4":
            address = f"137.66.{number % 250}.{number // 250}"
        case "private_v6":
            address = f"fdaa:0:1:0:1::{number:x}"
        case _:
            address = f"2a09:8280:1::{number:x}:0"
    app.addresses.append(Address(address, kind))
    return app.addresses[-1]


def shown_address(address: Address) -> dict[str, Any]:
    """An address as the API writes it."""
    shared = address.kind == "shared_v4"
    return {"ip": address.address, "region": "global", "shared": shared, "created_at": address.created_at}


def certificate(hostname: str, state: str) -> dict[str, Any]:
    """A certificate as the API writes it, with the records that it waits for."""
    ready = state == "Ready"
    return {
        "hostname": hostname,
        "status": state,
        "configured": ready,
        "acme_requested": True,
        "acme_dns_configured": ready,
        "acme_alpn_configured": ready,
        "acme_http_configured": ready,
        "has_fly_certificate": ready,
        "created_at": now(),
        "updated_at": now(),
        "certificates": [],
        "validation": {"dns_configured": ready, "alpn_configured": ready, "http_configured": ready},
        "dns_requirements": {
            "a": ["66.241.125.1"],
            "aaaa": ["2a09:8280:1::1"],
            "cname": f"{hostname.split('.', maxsplit=1)[0]}.fly.dev",
            "acme_challenge": {"name": f"_acme-challenge.{hostname}", "target": f"{hostname}.flydns.net"},
            "ownership": {"name": f"_fly-ownership.{hostname}", "app_value": "app-0", "org_value": "org-0"},
        },
    }


def shown_volume(volume: Volume) -> dict[str, Any]:
    """A volume as the API writes it; without the host's status it would not count."""
    return {
        "id": volume.id,
        "name": volume.name,
        "state": "created",
        "size_gb": volume.size_gb,
        "region": volume.region,
        "zone": "0000",
        "encrypted": True,
        "attached_machine_id": volume.machine,
        "attached_alloc_id": None,
        "created_at": volume.created_at,
        "snapshot_retention": 5,
        "auto_backup_enabled": True,
        "host_status": "ok",
    }
