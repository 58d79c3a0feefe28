"""A rendered app, an account on Fly and a real server, for each provider that a database can be at."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import needs
from tests.support.fake_fly import RecordingFly, new_app
from tests.support.net import free_port
from tests.support.postgres import Database

TUNNEL = Path(__file__).with_name("tunnel.py")
NEON_HOST = "ep-cool-lab-1.eu-central-1.aws.neon.tech"
CLUSTER = "q49ypo4wvjpr17ln"
ANSWERS = {"stack": "phoenix", "app_name": "shop", "fly_app": "shop", "primary_region": "fra"}
PROVIDERS = ("fly_managed", "fly_postgres", "neon")

SCHEMA = r"""
set role "{user}";
create table users (id bigint generated always as identity primary key, email text not null unique, note text);
insert into users (email, note) select 'user' || n || '@example.com', md5(n::text) from generate_series(1, {rows}) n;
create schema "odd names";
create table "odd names"."it's ""this"" (one)" (words text);
insert into "odd names"."it's ""this"" (one)"
  values (E'\\.'), (E'COPY x FROM stdin;\nCOPY y (z) FROM stdin;'), (''), (null);
create table nothing ();
insert into nothing default values;
create table none_yet (id int);
create table events (day date, what text) partition by range (day);
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
insert into events select '2025-02-01', 'event ' || n from generate_series(1, 7) n;
create table parent (id int);
create table child (more text) inherits (parent);
insert into parent values (1); insert into child values (2, 'x'), (3, 'y');
create table secret (id int); alter table secret enable row level security; insert into secret values (1), (2);
create view recent as select * from users where id > 10;
create function shout(text) returns text language sql as $$ select upper($1) $$;
"""
TABLES = ("users", '"odd names"."it\'s ""this"" (one)"', "nothing", "none_yet", "events", "parent", "child", "secret")

# Every command and option of neonctl 5.0.1 that the scripts may use, from its --help.
NEONCTL = {
    "me": set(),
    "snapshots list": {"--project-id", "--output"},
    "snapshots create": {"--project-id", "--output", "--branch"},
    "snapshots restore": {"--project-id", "--name", "--output"},
    "branches create": {"--project-id", "--name", "--parent", "--no-secrets", "--output"},
    "branches get": {"--project-id", "--output"},
    "branches restore": {"--project-id", "--output"},
    "branches delete": {"--project-id", "--output"},
}


@dataclass
class Place:
    """Where the scripts run: the project, the stand-ins that come first on PATH, and the server behind them."""

    provider: str
    project: Path
    fly: RecordingFly
    server: Database
    home: Path
    port: int
    more: dict[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> str:
        """The password as the server knows it."""
        return self.server.password

    @property
    def url(self) -> str:
        """DATABASE_URL as this provider writes it."""
        account = f"{quote(self.server.user, safe='')}:{quote(self.server.password, safe='')}"
        name = self.server.database
        match self.provider:
            case "fly_managed":
                return f"postgresql://{account}@pgbouncer.{CLUSTER}.flympg.net/{name}"
            case "fly_postgres":
                return f"postgres://{account}@shop-db.flycast:5432/{name}?sslmode=disable"
            case _:
                host = NEON_HOST.replace(".", "-pooler.", 1)
                query = "sslmode=require&channel_binding=require"
                return f"postgresql://{account}@{host}:{self.server.port}/{name}?{query}"

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a user of the scripts, without anything of whoever runs the tests."""
        env = {name: value for name, value in self.fly.env().items() if not name.startswith(("PG", "NEON_", "DIRECT_"))}
        env |= {"HOME": str(self.home), "TMPDIR": str(self.home), "PROXY_PORT": str(self.port), "LC_ALL": "C.UTF-8"}
        if self.provider == "neon":
            env |= {"PGSSLROOTCERT": str(self.server.ca_file)}
        return env | self.more | more

    def run(self, script: str, *words: str, shell: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script of ops/, in `shell` ("dash", "busybox sh") or as its first line says."""
        command = [*shell.split(), str(self.project / "ops" / script), *words]
        return subprocess.run(
            command,
            cwd=self.project,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def backup(self, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
        """Run ops/backup with the URL in the environment."""
        return self.run("backup", *words, **{"DATABASE_URL": self.url, **options})

    def restore(self, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
        """Run ops/restore with the URL in the environment."""
        return self.run("restore", "--yes", *words, **{"DATABASE_URL": self.url, **options})

    def program(self, name: str, text: str) -> Path:
        """Put a program first on PATH."""
        path = self.fly.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def on(self, server: Database) -> Place:
        """The same place with another database."""
        found = replace(self, server=server)
        found.tell()
        return found

    def with_own_password(self) -> Place:
        """The same place, for a user whose odd password nothing else on this machine has."""
        password = f"it's\\a:{secrets.token_hex(8)}/@%"
        user = f"owner-{secrets.token_hex(4)}"
        quoted = password.replace("'", "''")
        self.server.psql(
            f"create role \"{user}\" login createdb password '{quoted}';"
            f'alter database "{self.server.database}" owner to "{user}"; grant create on schema public to "{user}"'
        )
        return self.on(replace(self.server, user=user, password=password))

    def tell(self) -> None:
        """Let the account know the server: its proxies lead there, its machines know its URL."""
        forward = f'exec "{sys.executable}" -IS "{TUNNEL}"'
        end = f"{self.server.address} {self.server.direct_port}"
        self.fly.stub("mpg proxy", f'{forward} "$5" {end}')
        self.fly.stub("proxy", f'{forward} "${{2%%:*}}" {end}')
        self.fly.stub(
            "mpg databases create",
            f"psql -qX -h {self.server.socket_folder} -p {self.server.direct_port} -U owner -d postgres"
            f' -c "create database \\"$6\\" owner \\"{self.server.user}\\""',
        )

    def neon_calls(self) -> list[str]:
        """What neonctl was asked to do."""
        calls = self.fly.folder / "neonctl.calls"
        return calls.read_text().splitlines() if calls.exists() else []


def place(provider: str, project: Path, server: Database, folder: Path) -> Place:
    """Set up an account for a project that is rendered for `provider`."""
    fly = RecordingFly.install(folder / "fly")
    home = folder / "home"
    home.mkdir()
    fly.update(
        lambda state: (
            state["apps"].update({"shop": new_app(), "shop-db": new_app() | {"postgres": True}}),
            state["clusters"].append(
                {
                    "id": CLUSTER,
                    "name": "shop-db",
                    "organization": {"Slug": "personal"},
                    "attached_apps": [{"name": "shop", "id": 1}],
                }
            ),
        )
    )
    found = Place(provider, project, fly, server, home, free_port())
    found.tell()
    if provider == "neon":
        # The name leads to this machine; the certificate is checked for the name all the same.
        for tool in ("psql", "pg_dump", "pg_restore", "pg_isready"):
            if real := shutil.which(tool):
                found.program(tool, f'#!/bin/sh\nPGHOSTADDR=127.0.0.1 exec {real} "$@"\n')
    # What a script waits for is there sooner on loopback; its seconds pass three times as fast.
    found.program("sleep", f"#!/bin/sh\nexec {shutil.which('sleep')} 0.3\n")
    found.program(
        "neonctl",
        f"""#!/bin/sh
printf '%s\\n' "$*" >>'{fly.folder}/neonctl.calls'
if [ -e '{fly.folder}/neonctl.fails' ]; then exit 1; fi
case $* in
  "snapshots list"*json*) cat '{fly.folder}/snapshots.json' ;;
  "branches get"*json*) cat '{fly.folder}/branch.json' ;;
  "branches get"*) [ -e "{fly.folder}/branch-$3" ] ;;
  "branches delete"*) rm "{fly.folder}/branch-$3" ;;
  "branches create"*) set -C; : >"{fly.folder}/branch-$4" ;;
  "branches restore"*) [ -e "{fly.folder}/branch-$3" ] && echo "$4" >"{fly.folder}/branch-$3" ;;
esac
""",
    )
    return found


def neon_problems(calls: list[str]) -> list[str]:
    """What was asked of neonctl that the real one does not have."""
    problems = []
    for call in calls:
        words = call.split()
        name = " ".join(words[: 1 if words[0] == "me" else 2])
        if name not in NEONCTL:
            problems.append(f"no command {name}")
            continue
        problems += [f"{name} has no {word}" for word in words if word.startswith("--") and word not in NEONCTL[name]]
    return problems


def shells() -> list[object]:
    """The shells that a script must work in; each is a parameter for pytest."""
    busybox = pytest.param("busybox sh", id="busybox", marks=pytest.mark.needs("busybox"))
    return [pytest.param("dash", id="dash"), busybox]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk that a dump of 50,000 users fills. Skips where this user cannot mount one."""
    folder.mkdir()
    mount = [needs.require("mount"), "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user cannot mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run([needs.require("mount").with_name("umount"), str(folder)], check=True)


def alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def fill(server: Database, rows: int = 500) -> None:
    """Give a database tables of many kinds, with this many users."""
    server.psql(SCHEMA.replace("{rows}", str(rows)).replace("{user}", server.user))


def fingerprints(server: Database, name: str | None = None) -> list[str]:
    """Rows and a checksum over all of them, for every table."""
    checksum = "sum(hashtextextended(t::text, 0)::numeric)"
    count = " union all ".join(f"select count(*), {checksum} from only {table} t" for table in TABLES)
    return server.psql(count, name).splitlines()
