"""What the platform knows: plain records that a test reads, and sets where it needs another past."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HOST = "registry.fly.io"
"""The registry's name in every image reference that the platform keeps and shows."""

REGIONS = {
    "ams": "Amsterdam, Netherlands",
    "cdg": "Paris, France",
    "fra": "Frankfurt, Germany",
    "iad": "Ashburn, Virginia (US)",
    "lax": "Los Angeles, California (US)",
    "lhr": "London, United Kingdom",
    "ord": "Chicago, Illinois (US)",
    "sjc": "San Jose, California (US)",
    "syd": "Sydney, Australia",
}


def now() -> str:
    """The time as Fly writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Refusal(Exception):  # noqa: N818
    """What the platform answers instead of what was asked: an HTTP status and a sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Organization:
    """An organization; `slug` is how the login calls it, `raw_slug` its real name."""

    slug: str
    raw_slug: str
    number: int
    type: str = "SHARED"

    @property
    def id(self) -> str:
        return f"org-{self.number}"


@dataclass
class Secret:
    """A secret of an app."""

    value: str
    created_at: str
    updated_at: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.value.encode()).hexdigest()[:16]


@dataclass
class Address:
    """An address of an app; `kind` is v4, v6, shared_v4 or private_v6."""

    address: str
    kind: str
    created_at: str = field(default_factory=now)


@dataclass
class Volume:
    """A volume, attached to a machine or free."""

    id: str
    name: str
    region: str
    size_gb: int
    machine: str | None = None
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    created_at: str = field(default_factory=now)


@dataclass
class Release:
    """A release; `status` goes from running to complete, failed or interrupted."""

    id: str
    version: int
    image: str
    definition: Any
    strategy: str
    status: str = "pending"
    created_at: str = field(default_factory=now)


@dataclass
class Lease:
    """The right to change a machine, for whoever has the nonce."""

    nonce: str
    expires_at: float


@dataclass
class Machine:
    """A machine; its config stays as it was sent."""

    id: str
    name: str
    region: str
    config: dict[str, Any]
    image: str
    state: str = "created"
    instance_id: str = ""
    private_ip: str = ""
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    events: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    lease: Lease | None = None
    cordoned: bool = False
    host_status: str = "ok"
    starts: int = 0

    @property
    def group(self) -> str:
        """Its process group, such as app or fly_app_release_command."""
        return str(self.config.get("metadata", {}).get("fly_process_group", ""))

    @property
    def alive(self) -> bool:
        return self.state != "destroyed"


@dataclass
class App:
    """An app with all that hangs on it."""

    id: str
    name: str
    number: int
    organization: str
    role: str = ""
    network: str = "default"
    created_at: str = field(default_factory=now)
    secrets: dict[str, Secret] = field(default_factory=dict)
    secrets_version: int = 0
    addresses: list[Address] = field(default_factory=list)
    certificates: dict[str, str] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    machines: dict[str, Machine] = field(default_factory=dict)
    logs: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    postgres_users: list[str] = field(default_factory=list)
    postgres_databases: list[str] = field(default_factory=list)

    @property
    def fleet(self) -> list[Machine]:
        """The machines that serve or work, without the destroyed ones and those that only run a command."""
        return [m for m in self.machines.values() if m.alive and not m.group.startswith("fly_app_")]

    @property
    def images(self) -> set[str]:
        """The images that its fleet has."""
        return {machine.image for machine in self.fleet}

    def say(self, message: str, machine: str = "", region: str = "") -> None:
        """Add a line to its log."""
        self.logs.append({"timestamp": now(), "message": message, "instance": machine, "region": region})


@dataclass
class Cluster:
    """A cluster of Managed Postgres."""

    id: str
    name: str
    organization: str
    region: str
    plan: str
    disk: int
    password: str
    status: str = "ready"
    attached: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=lambda: ["fly-db"])
    users: dict[str, str] = field(default_factory=dict)
    backups: list[dict[str, str]] = field(default_factory=list)
    restored_from: str = ""


@dataclass
class Behaviour:
    """What an image does on an instant machine."""

    check: str = "passing"
    """The result of all health checks."""
    exit_code: int | None = None
    """It ends with this at every start, until the platform gives up."""
    release_exit: int = 0
    release_output: str = ""
    serves: bool = True
    """It answers at all, /livez with its own revision."""
    page: int = 200
    """The status of any other path."""
    log: tuple[str, ...] = ()
    """What it writes when it starts."""
    group: str = ""
    """The process group whose machines do so, all where there is no name."""


@dataclass
class World:
    """One login's view of Fly."""

    email: str = "dev@example.com"
    organizations: dict[str, Organization] = field(
        default_factory=lambda: {"personal": Organization("personal", "dev-example", 1, "PERSONAL")}
    )
    apps: dict[str, App] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    redis: dict[str, dict[str, Any]] = field(default_factory=dict)
    org_tokens: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    """The digest of each image in the registry, by REPOSITORY:TAG."""
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    """By the end of the image's tag."""
    commands: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What a program prints in an instant machine, and its exit code."""
    folders: dict[str, Path] = field(default_factory=dict)
    """The root of the files of an app's instant machines, where they have any."""
    disks: dict[tuple[str, str], float] = field(default_factory=dict)
    """How full a file system is, in percent, by app and mount point."""
    read_only: set[str] = field(default_factory=set)
    """Tokens that may not run a command in a machine."""
    taken: set[str] = field(default_factory=set)
    """Names of other people's apps."""
    full_regions: set[str] = field(default_factory=set)
    postgres_regions: set[str] = field(default_factory=lambda: set(REGIONS))
    given_out: set[str] = field(default_factory=set)
    """Every secret value that the platform was told or told somebody."""
    last_number: int = 1000

    def number(self) -> int:
        """A number that nothing else has."""
        self.last_number += 1
        return self.last_number

    def id(self) -> str:
        """An identifier as machines have them."""
        return f"{self.number():04x}{secrets.token_hex(5)}"

    def secret(self, length: int = 20) -> str:
        """A new password, which is remembered as given out."""
        value = secrets.token_hex(length)
        self.given_out.add(value)
        return value

    def organization(self, slug: str) -> Organization | None:
        """The organization with this slug or real name."""
        for organization in self.organizations.values():
            if slug in (organization.slug, organization.raw_slug, organization.id):
                return organization
        return None

    def app(self, name: str) -> App:
        """The app; Refusal with the words of the Machines API where it is not this login's."""
        if name in self.taken:
            raise Refusal(401, "unauthorized")
        if name not in self.apps:
            raise Refusal(404, "app not found")
        return self.apps[name]

    def add_app(self, name: str, organization: str, role: str = "", network: str = "default") -> App:
        """A new app without anything."""
        app = App(f"app-{name}", name, self.number(), organization, role, network or "default")
        self.apps[name] = app
        return app

    def behaviour(self, machine: Machine) -> Behaviour:
        """What the image of this machine does; all is well where no test said otherwise."""
        for end, behaviour in self.behaviours.items():
            if machine.image.endswith(end) and behaviour.group in ("", machine.group):
                return behaviour
        return Behaviour()
