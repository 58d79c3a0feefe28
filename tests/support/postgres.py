"""Real PostgreSQL servers and PgBouncer on loopback, in the shapes that Fly's databases have.

Each has its own data folder, port and processes, belongs to a user without privileges, and is stopped by
its pid.

| shape | made by |
| --- | --- |
| Fly Postgres over 6PN: a name with an IPv6 address only | `server(listen="::1", name="db.internal")` |
| Neon: TLS with a certificate worth verifying, and TLS only | `server(tls=True, name="db.localtest")` |
| Managed Postgres: a pooled URL beside a direct one | `server()` and `pgbouncer(server)` |
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support import needs
from tests.support.net import free_port


class ServerError(RuntimeError):
    """A server did not start or stop, or SQL failed; the message ends with what it printed."""


@dataclass
class _Process:
    """A server process that can be stopped and started again in the same place."""

    command: Sequence[str]
    folder: Path
    ready: Sequence[str]
    stop_signal: signal.Signals
    running: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, timeout: float = 30) -> None:
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C is for pytest, which then stops its servers in order.
                start_new_session=True,
                **_unprivileged(),
            )
        deadline = time.monotonic() + timeout
        while subprocess.run(self.ready, capture_output=True, check=False).returncode != 0:
            if self.running.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"{self.command[0]} does not start:\n{self.log[-4000:]}")
            time.sleep(0.05)

    def stop(self, timeout: float = 30) -> None:
        if self.running is None:
            return
        process, self.running = self.running, None
        process.send_signal(self.stop_signal)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            process.kill()
            process.wait()
            raise ServerError(f"{self.command[0]} did not stop in {timeout} s:\n{self.log[-4000:]}") from late


@dataclass
class Database:
    """What a deployment would be given: a database on a server, with the server's controls."""

    host: str
    """The name or address in the URL."""
    address: str
    port: int
    user: str
    password: str
    database: str
    socket_folder: Path
    """Where the server behind it listens for its owner, who needs no password."""
    direct_port: int
    """The server's own port, past the pooler if there is one."""
    ca_file: Path | None
    """The authority behind the certificate; None without TLS. Add it to a client's bundle."""
    _process: _Process = field(repr=False)

    @property
    def url(self) -> str:
        """The connection URL, as a provider would write it."""
        return _url(self.user, self.password, self.host, self.port, self.database)

    @property
    def direct_url(self) -> str:
        """The URL past the pooler; the same as `url` without one."""
        return _url(self.user, self.password, self.host, self.direct_port, self.database)

    @property
    def hosts(self) -> dict[str, str]:
        """The name in the URL for /etc/hosts: `docker.run(..., hosts=database.hosts)`."""
        return {} if self.host == self.address else {self.host: self.address}

    @property
    def log(self) -> str:
        """What the server printed so far."""
        return self._process.log

    def psql(self, sql: str, database: str | None = None) -> str:
        """Run SQL as the owner of the server, past TLS, pooler and passwords; bare rows, `|` between columns.

        Raises ServerError with PostgreSQL's complaint.
        """
        command = [
            _tool("psql"),
            "--no-psqlrc",
            "--quiet",
            "--no-align",
            "--tuples-only",
            "--set=ON_ERROR_STOP=1",
        ]
        command += [f"--host={self.socket_folder}", f"--port={self.direct_port}"]
        command += [f"--username={_OWNER}", f"--dbname={database or self.database}", "--file=-"]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise ServerError(done.stderr.strip())
        return done.stdout.strip()

    def fresh(self) -> Database:
        """A further, empty database on the same server, through the same pooler. The server stays shared."""
        name = f"app_{secrets.token_hex(4)}"
        self.psql(f'create database "{name}" owner "{self.user}"')
        return replace(self, database=name)

    def bundle(self, folder: Path) -> Path:
        """This machine's certificate authorities and the server's own in one file, written into `folder`.

        To be mounted over /etc/ssl/certs/ca-certificates.crt of a container.
        """
        authorities = [path.read_text() for path in (_MACHINE_BUNDLE, self.ca_file) if path and path.exists()]
        path = folder / "ca-certificates.crt"
        path.write_text("\n".join(authorities))
        path.chmod(0o644)
        return path

    def stop(self) -> None:
        """Take it down, as a crash or a maintenance would. Clients lose their connections."""
        self._process.stop()

    def start(self) -> None:
        """Bring it back, with the same data, at the same port."""
        self._process.start()


_MACHINE_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_OWNER = "owner"
_USER = "fly-user"
_PASSWORD = "p@ss/w0rd"
"""With characters that a URL must escape, because providers' passwords have them sooner or later."""


def _url(user: str, password: str, host: str, port: int, database: str) -> str:
    place = f"[{host}]" if ":" in host else host
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{place}:{port}/{database}"


@contextmanager
def server(
    *,
    tls: bool = False,
    listen: str = "127.0.0.1",
    name: str | None = None,
    hba: str | None = None,
    settings: dict[str, str] | None = None,
    database: str = "app",
) -> Iterator[Database]:
    """Start a PostgreSQL server that listens on `listen` only, with one database and one user who owns it.

    `name` is the host in the URL; without it that is the address, with TLS `localhost`. The certificate is
    made for this name alone. `hba` replaces the rules for TCP: scram-sha-256, over TLS only if `tls`.
    `settings` go into postgresql.conf. Skips where no PostgreSQL server is installed.
    """
    host = name or ("localhost" if tls else listen)
    port = free_port(listen)
    with _folder("postgres") as folder:
        data = folder / "data"
        shutil.copytree(_fresh_cluster(), data)
        lines = {
            "listen_addresses": listen,
            "port": str(port),
            "unix_socket_directories": str(folder),
            # The data is worth nothing; the time is.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "50",
            "shared_buffers": "32MB",
            "log_connections": "on",
            **(_certificate(folder / "tls", host) if tls else {}),
            **(settings or {}),
        }
        (data / "postgresql.conf").write_text("".join(f"{key} = '{value}'\n" for key, value in lines.items()))
        rule = "hostssl" if tls else "host"
        (data / "pg_hba.conf").write_text(f"local all all trust\n{hba or f'{rule} all all all scram-sha-256'}\n")
        _give(folder)
        process = _Process(
            command=[_tool("postgres"), "-D", str(data)],
            folder=folder,
            ready=[_tool("pg_isready"), "--quiet", f"--host={folder}", f"--port={port}"],
            stop_signal=signal.SIGINT,
        )
        found = Database(
            host=host,
            address=listen,
            port=port,
            user=_USER,
            password=_PASSWORD,
            database=database,
            socket_folder=folder,
            direct_port=port,
            ca_file=folder / "tls" / "ca.crt" if tls else None,
            _process=process,
        )
        process.start()
        try:
            found.psql(f"create role \"{_USER}\" login createdb password '{_PASSWORD}'", database="postgres")
            found.psql(f'create database "{database}" owner "{_USER}"', database="postgres")
            yield found
        finally:
            process.stop()


@contextmanager
def pgbouncer(
    behind: Database, *, pool_mode: str = "transaction", max_prepared_statements: int = 0, pool_size: int = 10
) -> Iterator[Database]:
    """Start a PgBouncer before a server: `url` is the pooled one, `direct_url` the server's.

    `stop` and `start` are those of the pooler. Skips where PgBouncer is not installed, or where it is older
    than 1.21 and so cannot follow prepared statements although `max_prepared_statements` asks for it.
    """
    binary = str(needs.require("pgbouncer"))
    found = re.search(r"PgBouncer (\d+)\.(\d+)", subprocess.check_output([binary, "--version"], text=True))
    follows_statements = found is not None and (int(found[1]), int(found[2])) >= (1, 21)
    if max_prepared_statements and not follows_statements:
        pytest.skip(f"{found[0] if found else 'this PgBouncer'} does not know max_prepared_statements")
    port = free_port(behind.address)
    with _folder("pgbouncer") as folder:
        lines = {
            "listen_addr": behind.address,
            "listen_port": str(port),
            "unix_socket_dir": str(folder),
            "auth_type": "scram-sha-256",
            "auth_file": str(folder / "users"),
            "pool_mode": pool_mode,
            "default_pool_size": str(pool_size),
            "max_client_conn": "200",
            **({"max_prepared_statements": str(max_prepared_statements)} if follows_statements else {}),
        }
        (folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host={behind.socket_folder} port={behind.port}\n"
            "[pgbouncer]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
        )
        (folder / "users").write_text(f'"{behind.user}" "{behind.password}"\n')
        _give(folder)
        process = _Process(
            command=[binary, str(folder / "pgbouncer.ini")],
            folder=folder,
            ready=[_tool("pg_isready"), "--quiet", f"--host={folder}", f"--port={port}"],
            stop_signal=signal.SIGINT,
        )
        process.start()
        try:
            yield Database(
                host=behind.host,
                address=behind.address,
                port=port,
                user=behind.user,
                password=behind.password,
                database=behind.database,
                socket_folder=behind.socket_folder,
                direct_port=behind.port,
                ca_file=None,
                _process=process,
            )
        finally:
            process.stop()


def _tool(name: str) -> str:
    """A program of the newest PostgreSQL server on this machine; skips when there is none."""
    return str(_programs() / name)


@functools.cache
def _programs() -> Path:
    return needs.require("postgresql").resolve().parent


@functools.cache
def _account() -> pwd.struct_passwd | None:
    """Whom the servers run as: PostgreSQL refuses root. None is the user of the tests."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("no user but root to run a server as")


def _unprivileged() -> dict[str, object]:
    account = _account()
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _give(folder: Path) -> None:
    """Hand a folder and all in it to the servers' user."""
    account = _account()
    if account is None:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid)


@contextmanager
def _folder(purpose: str) -> Iterator[Path]:
    # Not pytest's: that one is closed to other users, and its path may be too long for a socket (107 bytes).
    folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir="/tmp"))
    # The CA file and the sockets are for whoever runs the tests and for containers of any user.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _fresh_cluster() -> Path:
    """A data folder as initdb leaves it, made once per process: copying it is ten times faster."""
    folder = Path(tempfile.mkdtemp(prefix="initdb-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _give(folder)
    command = [_tool("initdb"), "--pgdata", str(folder / "data"), "--username", _OWNER, "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_unprivileged())
    if done.returncode != 0:
        raise ServerError(done.stdout + done.stderr)
    return folder / "data"


def _certificate(folder: Path, host: str) -> dict[str, str]:
    """Make an authority and a certificate for a host name in `folder`; the settings that use it."""
    program = needs.require("openssl")
    folder.mkdir()

    def openssl(*args: str) -> None:
        done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServerError(done.stderr)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"]
    authority = ["-subj", "/CN=copier-fly test authority", "-addext", "basicConstraints=critical,CA:TRUE"]
    authority += ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "ca.key", "-out", "ca.crt"]
    openssl("req", "-x509", *key, "-days", "2", *authority)
    openssl("req", *key, "-subj", f"/CN={host}", "-keyout", "server.key", "-out", "server.csr")
    (folder / "server.ext").write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "server.ext"]
    openssl("x509", "-req", "-in", "server.csr", "-days", "2", "-sha256", *signed, "-out", "server.crt")
    (folder / "server.key").chmod(0o600)
    files = {"ssl_cert_file": folder / "server.crt", "ssl_key_file": folder / "server.key"}
    return {"ssl": "on", **{name: str(path) for name, path in files.items()}}
