"""PostgreSQL servers behind clusters: a container for each, with an address of its own at the usual port."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import Protocol

from tests.support.docker import DockerError, docker


class Server(Protocol):
    """What the platform needs of a server; `tests.support.postgres.Database` is one as well."""

    address: str
    direct_port: int
    user: str
    password: str

    def psql(self, sql: str, database: str | None = None) -> str:
        """Run SQL as the owner of the server."""


@dataclass
class ServerContainer:
    """A server in a container on the engine's own network."""

    name: str
    address: str
    database: str
    password: str
    user: str = "fly-user"
    direct_port: int = 5432

    @classmethod
    def start(cls, image: str, database: str = "fly-db") -> ServerContainer:
        """Start one, and wait until it takes connections."""
        name = f"fly-{os.getpid()}-postgres-{secrets.token_hex(4)}"
        password = f"p@ss/{secrets.token_hex(8)}"
        variables = {"POSTGRES_USER": "fly-user", "POSTGRES_DB": database, "POSTGRES_PASSWORD": password}
        words = [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
        docker("run", "--detach", "--rm", "--name", name, *words, image)
        address = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name).strip()
        server = cls(name, address, database, password)
        deadline = time.monotonic() + 60
        while True:
            try:
                # Over TCP, as the server that prepares the data answers on its socket alone.
                docker("exec", name, "pg_isready", "-h", address, "-U", "fly-user")
                return server
            except DockerError:
                if time.monotonic() > deadline:
                    server.stop()
                    raise
                time.sleep(0.1)

    def psql(self, sql: str, database: str | None = None) -> str:
        """Run SQL as the owner of the server."""
        words = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-U", self.user, "-d", database or self.database]
        return docker("exec", "--interactive", self.name, *words, stdin=sql).strip()

    def stop(self) -> None:
        """Take it away with its data."""
        subprocess.run(["docker", "rm", "--force", "--volumes", self.name], capture_output=True, check=False)
