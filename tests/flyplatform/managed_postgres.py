"""Managed Postgres: clusters, their users, databases and backups. A PostgreSQL on loopback can stand behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.flyplatform.servers import Server
from tests.flyplatform.world import REGIONS, Cluster, Refusal, World


class ManagedPostgres:
    """The paths below /api/v1/…/postgresv2; the list has the path of the first version."""

    def __init__(self, world: World, servers: dict[str, Server]) -> None:
        self.world = world
        self.servers = servers
        self.new_server: Callable[[Cluster], Server] | None = None
        """Starts the server of a new cluster; without it clusters are records."""

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        org, one = "/api/v1/organizations/{org}", "/api/v1/postgresv2/{cluster}"
        return [
            web.get(f"{org}/postgres", self.list),
            web.get(f"{org}/postgresv2/regions", self.regions),
            web.post(f"{org}/postgresv2", self.create),
            web.get(f"{org}/postgresv2/{{cluster}}", self.get),
            web.delete(f"{org}/postgresv2/{{cluster}}", self.destroy),
            web.get(one, self.get),
            web.get(f"{one}/databases", self.databases),
            web.post(f"{one}/databases", self.create_database),
            web.get(f"{one}/users", self.users),
            web.get(f"{one}/users/{{user}}/credentials", self.credentials),
            web.get(f"{one}/backups", self.backups),
            web.post(f"{one}/backups", self.create_backup),
            web.post(f"{one}/restore", self.restore),
            web.post(f"{one}/attachments", self.attach),
            web.get("/api/v1/postgres/{cluster}", self.first_version),
        ]

    def find(self, request: web.Request) -> Cluster:
        """The cluster of a path."""
        cluster = self.world.clusters.get(request.match_info["cluster"])
        if cluster is None:
            raise Refusal(404, "cluster not found")
        return cluster

    def show(self, cluster: Cluster) -> dict[str, Any]:
        """A cluster as this API writes it."""
        organization = self.world.organizations[cluster.organization]
        return {
            "id": cluster.id,
            "name": cluster.name,
            "status": cluster.status,
            "engine": "postgres",
            "plan": cluster.plan,
            "region": cluster.region,
            "organization": {"id": organization.id, "slug": organization.raw_slug, "name": organization.raw_slug},
            "mpgd_cluster_id": f"mpgd-{cluster.id}",
            "disk": cluster.disk,
            "replicas": 1,
            "ip_assignments": {"direct": address(cluster)},
            "attached_apps": [{"name": name, "id": number} for number, name in enumerate(cluster.attached, 1)],
            "version": 2,
        }

    async def list(self, request: web.Request) -> web.Response:
        """The clusters of an organization."""
        organization = self.world.organization(request.match_info["org"])
        if organization is None:
            raise Refusal(404, "organization not found")
        found = [self.show(c) for c in self.world.clusters.values() if c.organization == organization.slug]
        return web.json_response({"data": found})

    async def regions(self, request: web.Request) -> web.Response:
        """Where clusters can be."""
        del request
        listed = [{"code": code, "available": code in self.world.postgres_regions} for code in REGIONS]
        return web.json_response({"data": listed})

    async def add(self, name: str, organization: str, region: str, plan: str = "basic", disk: int = 10) -> Cluster:
        """A new cluster with one database and one user."""
        cluster = Cluster(self.world.id(), name, organization, region, plan, disk, self.world.secret())
        if self.new_server:
            server = await asyncio.to_thread(self.new_server, cluster)
            self.servers[name] = server
            cluster.password = server.password
            self.world.given_out.add(server.password)
        cluster.users["fly-user"] = cluster.password
        self.world.clusters[cluster.id] = cluster
        return cluster

    async def create(self, request: web.Request) -> web.Response:
        """A new cluster."""
        asked = await request.json()
        organization = self.world.organization(request.match_info["org"])
        if organization is None:
            raise Refusal(404, "organization not found")
        cluster = await self.add(
            asked["name"], organization.slug, asked["region"], asked["plan"], asked["storage_in_gb"]
        )
        return web.json_response({"ok": True, "data": self.show(cluster)}, status=201)

    async def get(self, request: web.Request) -> web.Response:
        """One cluster, with the credentials of its first user."""
        cluster = self.find(request)
        credentials = {"status": "ready", "user": "fly-user", "password": cluster.password, "dbname": "fly-db"}
        credentials["pgbouncer_uri"] = url(cluster, "fly-user", "fly-db")
        return web.json_response({"data": self.show(cluster), "credentials": credentials})

    async def first_version(self, request: web.Request) -> web.Response:
        """Clusters of the first version, of which there are none."""
        raise Refusal(404, f"cluster {request.match_info['cluster']} not found")

    async def destroy(self, request: web.Request) -> web.Response:
        """Take it away."""
        del self.world.clusters[self.find(request).id]
        return web.Response(status=204)

    async def databases(self, request: web.Request) -> web.Response:
        """All databases."""
        return web.json_response({"data": [{"name": name} for name in self.find(request).databases]})

    async def create_database(self, request: web.Request) -> web.Response:
        """A new database."""
        cluster, name = self.find(request), (await request.json())["name"]
        if cluster.name in self.servers:
            server = self.servers[cluster.name]
            await asyncio.to_thread(server.psql, f'create database "{name}" owner "{server.user}"', "postgres")
        cluster.databases.append(name)
        return web.json_response({"data": {}}, status=201)

    async def users(self, request: web.Request) -> web.Response:
        """All users."""
        return web.json_response(
            {"data": [{"name": name, "role": "schema_admin"} for name in self.find(request).users]}
        )

    async def credentials(self, request: web.Request) -> web.Response:
        """A user's password."""
        cluster, name = self.find(request), request.match_info["user"]
        if name not in cluster.users:
            raise Refusal(404, "user not found")
        return web.json_response({"data": {"username": name, "password": cluster.users[name]}})

    async def backups(self, request: web.Request) -> web.Response:
        """The newest backups first."""
        return web.json_response({"data": self.find(request).backups})

    async def create_backup(self, request: web.Request) -> web.Response:
        """A new backup, which is there at once."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kind = (await request.json()).get("type", "full")
        made = {"id": f"backup-{self.world.id()}", "status": "completed", "type": kind, "start": stamp, "stop": stamp}
        self.find(request).backups.insert(0, made)
        return web.json_response({"data": made}, status=201)

    async def restore(self, request: web.Request) -> web.Response:
        """A new cluster with the data of a backup or a time."""
        old, asked = self.find(request), await request.json()
        new = await self.add(
            asked.get("name") or f"{old.name}-restored", old.organization, old.region, old.plan, old.disk
        )
        new.restored_from = asked.get("backup_id") or asked.get("pitr_time") or ""
        return web.json_response({"data": self.show(new)}, status=201)

    async def attach(self, request: web.Request) -> web.Response:
        """Note that an app uses it."""
        cluster, name = self.find(request), (await request.json())["app_name"]
        if name not in cluster.attached:
            cluster.attached.append(name)
        data = {"id": 1, "app_id": 1, "managed_service_id": 1, "attached_at": datetime.now(UTC).isoformat()}
        return web.json_response({"data": data}, status=201)


def address(cluster: Cluster) -> str:
    """The address that leads to a cluster's server."""
    return f"fdaa:0:2::{int(cluster.id[:4], 16):x}"


def url(cluster: Cluster, user: str, database: str) -> str:
    """The URL that an app is given; it leads to the pooler."""
    return f"postgresql://{user}:{quote(cluster.users[user], safe='')}@pgbouncer.{cluster.id}.flympg.net/{database}"
