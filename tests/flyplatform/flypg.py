"""The HTTP server in every machine of unmanaged Postgres, which makes users and databases for `fly postgres attach`."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from tests.flyplatform.servers import Server
from tests.flyplatform.world import App, Refusal, World


class Flypg:
    """The paths below /commands; the address in the Host header says whose they are."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.servers: dict[str, Server] = {}
        """The PostgreSQL behind an app of Postgres or a cluster, by name; without one only notes are taken."""

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/commands/databases/list", self.databases),
            web.get("/commands/databases/{name}", self.database),
            web.post("/commands/databases/create", self.create_database),
            web.get("/commands/users/list", self.users),
            web.get("/commands/users/{name}", self.user),
            web.post("/commands/users/create", self.create_user),
        ]

    def find(self, request: web.Request) -> App:
        """The app whose machine was called."""
        host = request.host.rpartition(":")[0].strip("[]")
        for app in self.world.apps.values():
            if host in {machine.private_ip for machine in app.fleet}:
                return app
        raise Refusal(404, "no such server")

    async def run(self, app: App, sql: str) -> None:
        """Do it in the real server, too."""
        if app.name in self.servers:
            await asyncio.to_thread(self.servers[app.name].psql, sql, "postgres")

    async def databases(self, request: web.Request) -> web.Response:
        """All databases."""
        return result([shown_database(name) for name in self.find(request).postgres_databases])

    async def database(self, request: web.Request) -> web.Response:
        """One database."""
        name = request.match_info["name"]
        if name not in self.find(request).postgres_databases:
            raise Refusal(404, "database not found")
        return result(shown_database(name))

    async def create_database(self, request: web.Request) -> web.Response:
        """A new database."""
        app, name = self.find(request), (await request.json())["name"]
        await self.run(app, f'create database "{name}"')
        app.postgres_databases.append(name)
        return result(True)

    async def users(self, request: web.Request) -> web.Response:
        """All users."""
        return result([shown_user(name) for name in self.find(request).postgres_users])

    async def user(self, request: web.Request) -> web.Response:
        """One user."""
        name = request.match_info["name"]
        if name not in self.find(request).postgres_users:
            raise Refusal(404, "user not found")
        return result(shown_user(name))

    async def create_user(self, request: web.Request) -> web.Response:
        """A new user."""
        app, asked = self.find(request), await request.json()
        name, password = asked["username"], asked["password"]
        self.world.given_out.add(password)
        rights = "superuser" if asked["superuser"] else "nosuperuser"
        await self.run(app, f"""create role "{name}" login {rights} password '{password}'""")
        app.postgres_users.append(name)
        return result(True)


def result(value: Any) -> web.Response:
    """An answer as flypg wraps it."""
    return web.json_response({"result": value})


def shown_database(name: str) -> dict[str, Any]:
    """A database."""
    return {"name": name, "users": []}


def shown_user(name: str) -> dict[str, Any]:
    """A user."""
    return {"username": name, "superuser": False, "databases": []}
