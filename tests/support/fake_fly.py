"""The recording fly: a stand-in for flyctl that knows its commands, keeps a state and writes down every call.

    fly = RecordingFly.install(tmp_path / "fly")     # its own folder: bin/flyctl, bin/fly, state.json
    fly.update(lambda state: state["apps"].update(...))   # or nothing: an empty account that is logged in
    fly.fail("deploy", "release_command")            # the next deploy ends the way flyctl ends then
    with fly.web() as address:                       # what the machines serve, on loopback
        run(["ops/deploy"], env=fly.env(APP_URL=address))
    assert fly.changes() == ["apps create shop --org personal", ...]
    assert fly.refused() == []                       # no command or flag that the real flyctl lacks

`calls()` gives every call as `{"argv", "stdin" (bytes), "exit"}`, `state()` the account afterwards. Values of secrets
are in the state alone (`state["apps"][APP]["secrets"][NAME]["value"]`): nothing that is printed or recorded has them,
but for the two commands of flyctl that print an address with its password, `mpg attach` and `postgres attach`.
A command without behaviour here ends with exit code 70; give it one with `fly.stub("mpg proxy", SHELL)`, which gets
flyctl's words as arguments, or `fly.answer("mpg backup list", TEXT)`.

A command line that the real flyctl does not have is refused as flyctl does, by the kept list of its commands. The
shapes of `--json` are those of flyctl v0.4.83: internal/command/*, internal/uiex/mpg and fly-go v0.9.3 (types.go,
machine_types.go, resource_ip_addresses.go). Where flyctl prints a sentence although `--json` was given (`mpg list` and
`mpg backup list` of nothing), so does this. Texts of errors that come from the platform are as users report them.

`fail(COMMAND, HOW, times)` knows, for any command: not_logged_in, expired, session_expired, forbidden, network,
payment, high_risk, quota, lost_answer (it is done, but the answer never arrives); for what has a name: name_taken;
for `deploy`, `mpg create`, `postgres create`: no_capacity; for `deploy`: build, release_command, smoke_checks,
health_checks, image_pull, half_way (one machine has the new image, then something that has no name),
image_pull_silent (flyctl says that all is well, superfly/flyctl#4921).

`ssh console` prints what an app's `says` has for the command, and fails where it has nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from tests.support.fly_truth import check_words, commands

State = dict[str, Any]

EMPTY: State = {
    "email": "dev@example.com",
    "orgs": ["personal"],
    "taken": [],
    "apps": {},
    "clusters": [],
    "buckets": [],
    "images": {},
    "regions_full": [],
    "failures": [],
    "stubs": {},
    "calls": [],
    "serial": 0,
}
DATE = "2026-11-21T12:00:00Z"

# Commands that only look.
LOOKING = (
    "auth whoami",
    "apps list",
    "status",
    "releases",
    "secrets list",
    "ips list",
    "certs list",
    "certs check",
    "certs setup",
    "machine list",
    "mpg list",
    "mpg status",
    "mpg backup list",
    "postgres list",
    "volumes list",
    "storage list",
    "tokens list",
    "config validate",
    "config show",
    "scale show",
    "image show",
    "logs",
    "ssh console",
    "checks list",
    "version",
    "orgs list",
    "platform regions",
)

_SHORT = {
    "-a": "--app",
    "-c": "--config",
    "-o": "--org",
    "-r": "--region",
    "-j": "--json",
    "-n": "--name",
    "-i": "--image",
    "-y": "--yes",
    "-e": "--env",
    "-t": "--access-token",
    "-q": "--quiet",
    "-s": "--size",
    "-C": "--command",
    "-p": "--password",
}


class RecordingFly:
    """The account of one test, and the folder with the `fly` that acts on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.file = folder / "state.json"

    @classmethod
    def install(cls, folder: Path) -> RecordingFly:
        """Make the folder, with an account that has nothing in it and is logged in."""
        fly = cls(folder)
        fly.bin.mkdir(parents=True)
        fly.file.write_text(json.dumps(EMPTY))
        # The program asks this process: a Python that reads the list of commands for every call takes ten times longer.
        server = ThreadingTCPServer(("127.0.0.1", 0), _desk(fly.file))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("flyctl", "fly"):
            (fly.bin / name).write_text(_PROGRAM.format(python=sys.executable, port=server.server_address[1]))
            (fly.bin / name).chmod(0o755)
        return fly

    def env(self, **more: str) -> dict[str, str]:
        """The environment for a script that is to use it: first on PATH, and no token or app of somebody's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLY_")}
        return kept | {"PATH": f"{self.bin}:{os.environ['PATH']}"} | more

    def state(self) -> State:
        """What the account has now."""
        return json.loads(self.file.read_text())

    def update(self, change: Callable[[State], object]) -> None:
        """Change the account by hand, as somebody on the dashboard would."""
        with _locked(self.file) as state:
            change(state)

    def fail(self, command: str, how: str, times: int = 1) -> None:
        """Let the next calls of a command fail in the way named."""
        self.update(lambda state: state["failures"].append({"command": command, "how": how, "times": times}))

    def stub(self, command: str, shell: str) -> None:
        """Let a command run this shell script."""
        self.update(lambda state: state["stubs"].update({command: shell}))

    def answer(self, command: str, text: str) -> None:
        """Let a command print this text."""
        marker = "END_OF_THE_ANSWER"
        self.stub(command, f"cat <<'{marker}'\n{text}\n{marker}\n")

    def calls(self) -> list[dict[str, Any]]:
        """Every call so far, in order."""
        return self.state()["calls"]

    def lines(self) -> list[str]:
        """Every call as a line."""
        return [" ".join(call["argv"]) for call in self.calls()]

    def changes(self) -> list[str]:
        """The calls that do more than look, refused and failed ones included."""
        return [line for line in self.lines() if not line.startswith(LOOKING)]

    def refused(self) -> list[str]:
        """What was said that the real flyctl would not understand."""
        return [problem for call in self.calls() for problem in call["refused"]]

    def forget(self) -> None:
        """Forget the calls, keep the account."""
        self.update(lambda state: state["calls"].clear())

    @contextmanager
    def web(self) -> Iterator[str]:
        """Serve each machine on loopback as Fly's proxy would; gives the address.

        `/livez` answers by itself; any other path answers what the machine has as `_page` (a status, 200 without one,
        0 for no answer at all).
        """
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


# No module that takes longer to import than Python takes to start: a test of ops/setup calls this fifty times.
_PROGRAM = """#!{python} -IS
import posix, sys
from _socket import socket
fed = sys.stdin.read() if sys.argv[1:3] == ["secrets", "import"] and not sys.stdin.isatty() else ""
app = posix.environ.get(b"FLY_APP", b"").decode()
desk = socket()
desk.connect(("127.0.0.1", {port}))
desk.sendall("\\0".join([posix.getcwd(), app, fed, *sys.argv[1:]]).encode())
desk.shutdown(1)
answer = b""
while part := desk.recv(65536):
    answer += part
code, stub, out, err = answer.decode().split("\\0")
if stub:
    posix.execve("/bin/sh", ["sh", "-c", stub, "fly", *sys.argv[1:]], posix.environ)
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(int(code))
"""


def _desk(file: Path) -> type[StreamRequestHandler]:
    class Desk(StreamRequestHandler):
        def handle(self) -> None:
            cwd, app, fed, *argv = self.rfile.read().decode().split("\0")
            answer = _answer(file, {"argv": argv, "stdin": fed, "cwd": cwd, "app": app})
            parts = (str(answer["exit"]), answer["stub"] or "", answer["stdout"], answer["stderr"])
            self.wfile.write("\0".join(parts).encode())

    return Desk


def _handler(fly: RecordingFly) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("fly-force-instance-id")
            running = [
                (machine, fly.state()["images"].get(_image_of(machine), {}))
                for app in fly.state()["apps"].values()
                for machine in app["machines"]
                if machine["state"] == "started" and wanted in (None, machine["id"])
            ]
            if not running:
                self.send_error(503)
                return
            machine, image = running[0]
            if not self.path.endswith("/livez"):
                if status := machine.get("_page", 200):
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                return
            answer = {
                "status": "ok",
                "version": "0.1.0",
                "revision": machine.get("_serves") or image.get("revision", "unknown"),
                "image": _image_of(machine),
                "machine": machine["id"],
            }
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    return Handler


def _image_of(machine: State) -> str:
    ref = machine["image_ref"]
    return f"{ref['registry']}/{ref['repository']}:{ref['tag']}"


# --- The program -----------------------------------------------------------------------------------------


@contextmanager
def _locked(file: Path) -> Iterator[State]:
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(file.read_text())
        yield state
        new = file.with_suffix(".new")
        new.write_text(json.dumps(state, indent=1))
        new.replace(file)


class FlyError(Exception):
    """A command that ends as flyctl does: `Error: …` on stderr, exit code 1."""


class UnknownBehaviourError(Exception):
    """A command of flyctl that nobody has taught to the recording fly."""


class LostAnswerError(Exception):
    """The command was carried out, and then the connection broke."""


@dataclass
class Call:
    """One call: the command, its flags by their long names, its other words, and what it was fed."""

    state: State
    command: str
    flags: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    stdin: str = ""
    output: list[str] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    cwd: Path = Path()
    env_app: str = ""

    def get(self, flag: str, default: str = "") -> str:
        """The last value of a flag."""
        return self.flags.get(flag, [default])[-1]

    def on(self, flag: str, default: bool = False) -> bool:
        """Tell whether a switch is on."""
        return self.get(flag, str(default).lower()) == "true"

    def print(self, text: str) -> None:
        """Print when all went well."""
        self.output.append(text)

    def json(self, value: object) -> None:
        """Print as `render.JSON` does."""
        self.print(json.dumps(value, indent=4))

    def serial(self) -> int:
        """A number that was not used yet."""
        self.state["serial"] += 1
        return int(self.state["serial"])

    def app_name(self) -> str:
        """The app by `--app`, FLY_APP or the configuration."""
        name = self.get("--app") or self.env_app or self.config().get("app", "")
        if not name:
            raise FlyError("the config for your app is missing an app name, add an app field to the fly.toml file")
        return name

    def app(self) -> State:
        """The app that the command is about."""
        name = self.app_name()
        if name not in self.state["apps"]:
            raise FlyError(f'Could not find App "{name}"')
        return self.state["apps"][name]

    def config(self) -> State:
        """The fly.toml that the command reads, empty without one."""
        file = self.cwd / self.get("--config", "fly.toml")
        return tomllib.loads(file.read_text()) if file.is_file() else {}


def new_app(org: str = "personal") -> State:
    """An app as `fly apps create` leaves it."""
    return {
        "org": org,
        "secrets": {},
        "machines": [],
        "releases": [],
        "ips": [],
        "certs": [],
        "volumes": [],
        "tokens": [],
        "postgres": False,
        "says": {},
    }


def _apps_create(call: Call) -> None:
    name = (call.words or [call.get("--name")])[0]
    _check_org(call)
    if name in call.state["taken"] or name in call.state["apps"]:
        raise FlyError("Validation failed: Name has already been taken")
    call.state["apps"][name] = new_app(call.get("--org", "personal"))
    call.print(f"New app created: {name}")


def _check_org(call: Call) -> None:
    if call.get("--org", "personal") not in call.state["orgs"]:
        raise FlyError("Could not find Organization")


def _apps_list(call: Call) -> None:
    call.json(
        [
            {
                "ID": name,
                "Name": name,
                "Status": "deployed" if app["machines"] else "pending",
                "Deployed": bool(app["releases"]),
                "Hostname": f"{name}.fly.dev",
                "Organization": {"Slug": app["org"]},
            }
            for name, app in call.state["apps"].items()
            if not call.get("--org") or app["org"] == call.get("--org")
        ]
    )


def _apps_destroy(call: Call) -> None:
    if not call.on("--yes"):
        raise FlyError("yes flag must be specified when not running interactively")
    for name in call.words:
        if name not in call.state["apps"]:
            raise FlyError(f'Could not find App "{name}"')
        del call.state["apps"][name]
        call.print(f"Destroyed app {name}")


def _status(call: Call) -> None:
    app = call.app()
    if call.on("--json"):
        call.json({"Name": call.app_name(), "Deployed": bool(app["releases"]), "Machines": app["machines"]})
    else:
        call.print(f"App\n  Name     = {call.app_name()}\n  Owner    = {app['org']}")


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _keep_secret(app: State, name: str, value: str, staged: bool = True) -> None:
    app["secrets"][name] = {"value": value, "digest": _digest(value), "staged": staged}


def parse_secrets(text: str) -> dict[str, str]:
    """Read what `fly secrets import` is fed, the way internal/command/secrets/parser.go does."""
    found: dict[str, str] = {}
    name, many = "", None
    for line in text.splitlines():
        if many is not None:
            if line.endswith('"""'):
                found[name], many = "\n".join([*many, line[:-3]]), None
            else:
                many.append(line)
            continue
        if line.startswith("#") or not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise FlyError(f"Secrets must be provided as NAME=VALUE pairs ({line} is invalid)")
        name, value = name.strip(), value.lstrip(" ")
        before, mark, _ = value.partition("#")
        if mark and before.count('"') % 2 == 0:
            value = before.rstrip(" ")
        if value.startswith('"""') and value.endswith('"""') and len(value) >= 6:
            found[name] = value[3:-3]
        elif value.startswith('"""'):
            many = [value[3:]]
        elif value[:1] == value[-1:] and value[:1] in ('"', "'"):
            found[name] = value[1:-1]
        else:
            found[name] = value
    return found


def _secrets_import(call: Call) -> None:
    app = call.app()
    secrets = parse_secrets(call.stdin)
    if not secrets:
        raise FlyError("requires at least one SECRET=VALUE pair")
    for name, value in secrets.items():
        _keep_secret(app, name, value)
    _secrets_applied(call, app)


def _secrets_set(call: Call) -> None:
    app = call.app()
    for name, value in parse_secrets("\n".join(call.words)).items():
        _keep_secret(app, name, value)
    _secrets_applied(call, app)


def _secrets_unset(call: Call) -> None:
    app = call.app()
    for name in call.words:
        app["secrets"].pop(name, None)
    _secrets_applied(call, app)


def _secrets_applied(call: Call, app: State) -> None:
    if call.on("--stage"):
        call.print("Secrets have been staged, but not set on VMs.")
    else:
        _secrets_deploy(call)


def _secrets_deploy(call: Call) -> None:
    app = call.app()
    if not app["machines"]:
        call.print("Secrets are staged for the first deployment")
        return
    for secret in app["secrets"].values():
        secret["staged"] = False
    call.print("Updating existing machines")


def _secrets_list(call: Call) -> None:
    call.json(
        [
            {"name": name, "digest": secret["digest"], "status": "Staged" if secret["staged"] else "Deployed"}
            for name, secret in sorted(call.app()["secrets"].items())
        ]
    )


def _ips_list(call: Call) -> None:
    call.json([{"ServiceName": "", "Network": None, **ip} for ip in call.app()["ips"]])


def _allocate(call: Call, kind: str) -> None:
    app = call.app()
    number = call.serial()
    address = f"2a09:8280:1::{number:x}" if kind == "v6" else f"203.0.113.{number % 250 + 1}"
    ip = {
        "ID": "" if kind == "shared_v4" else f"ip_{number}",
        "Address": address,
        "Type": kind,
        "Region": "global",
        "CreatedAt": DATE,
    }
    if kind != "shared_v4" or not any(one["Type"] == kind for one in app["ips"]):
        app["ips"].append(ip)
    call.print(f"{kind} {address}")


def _allocate_v4(call: Call) -> None:
    if not call.on("--shared") and not call.on("--yes"):
        raise FlyError("yes flag must be specified when not running interactively")
    _allocate(call, "shared_v4" if call.on("--shared") else "v4")


def _certs_add(call: Call) -> None:
    app, hostname = call.app(), call.words[0]
    if any(cert["hostname"] == hostname for cert in app["certs"]):
        raise FlyError(f"Hostname {hostname} already exists on app")
    app["certs"].append({"hostname": hostname, "configured": False})
    _certs_check(call)


def _certs_list(call: Call) -> None:
    call.json(
        [
            {
                "hostname": cert["hostname"],
                "status": "Ready" if cert["configured"] else "Awaiting configuration",
                "acme_dns_configured": cert["configured"],
                "acme_alpn_configured": cert["configured"],
                "acme_http_configured": cert["configured"],
                "ownership_txt_configured": False,
                "configured": cert["configured"],
                "acme_requested": True,
                "has_custom_certificate": False,
                "has_fly_certificate": cert["configured"],
                "created_at": DATE,
                "updated_at": DATE,
            }
            for cert in call.app()["certs"]
        ]
    )


def _certs_check(call: Call) -> None:
    app, hostname = call.app(), call.words[0]
    found = [cert for cert in app["certs"] if cert["hostname"] == hostname]
    if not found:
        raise FlyError(f"certificate for {hostname} not found")
    answer = {
        "hostname": hostname,
        "configured": found[0]["configured"],
        "acme_requested": True,
        "status": "Ready" if found[0]["configured"] else "Awaiting configuration",
        "certificates": [],
        "validation": dict.fromkeys(
            ("dns_configured", "alpn_configured", "http_configured", "ownership_txt_configured"), False
        ),
        "dns_requirements": {
            "a": [ip["Address"] for ip in app["ips"] if ip["Type"].endswith("v4")],
            "aaaa": [ip["Address"] for ip in app["ips"] if ip["Type"] == "v6"],
            "cname": f"abc123.{call.app_name()}.fly.dev",
            "acme_challenge": {"name": f"_acme-challenge.{hostname}", "target": f"{hostname}.abc123.flydns.net"},
            "ownership": {"name": f"_fly-ownership.{hostname}", "app_value": "app-abc123"},
        },
    }
    if call.on("--json"):
        call.json(answer)
    else:
        call.print(f"You can validate your ownership of {hostname} by adding DNS records")


def _cluster_named(call: Call, key: str) -> State:
    for cluster in call.state["clusters"]:
        if cluster["id"] == key:
            return cluster
    raise FlyError(f"failed retrieving cluster {key}: not found")


def _mpg_list(call: Call) -> None:
    org = call.get("--org", "personal")
    found = [cluster for cluster in call.state["clusters"] if cluster["organization"]["Slug"] == org]
    if found:
        call.json(found)
    else:
        call.print(f"No managed postgres clusters found in organization {org}")


def _mpg_create(call: Call) -> None:
    _check_org(call)
    if not call.get("--name") or not call.get("--region"):
        raise FlyError("name and region must be given when not running interactively")
    plan = call.get("--plan").lower()
    number = call.serial()
    call.state["clusters"].append(
        {
            "id": f"cluster{number:09d}",
            "mpgd_cluster_id": f"mpgd{number}",
            "version": 2,
            "name": call.get("--name"),
            "region": call.get("--region"),
            "status": "ready",
            "plan": plan if plan in ("basic", "starter", "launch", "scale") else "basic",
            "disk": int(call.get("--volume-size", "10")),
            "replicas": 1,
            "organization": {"Slug": call.get("--org", "personal")},
            "ip_assignments": {},
            "attached_apps": [],
        }
    )
    call.print(f"Waiting for cluster {call.get('--name')} (cluster{number:09d}) to be ready...")
    url = f"postgresql://fly-user:pw-cluster{number:09d}@pgbouncer.cluster{number:09d}.flympg.net/fly-db"
    call.print(f"  Connection string: {url}")


def _mpg_attach(call: Call) -> None:
    app, cluster = call.app(), _cluster_named(call, call.words[0])
    variable = call.get("--variable-name", "DATABASE_URL")
    if variable in app["secrets"]:
        raise FlyError(
            f"app {call.app_name()} already has {variable} set. Use 'fly secrets unset {variable}' to remove it first"
        )
    url = f"postgresql://fly-user:pw-{cluster['id']}@pgbouncer.{cluster['id']}.flympg.net/fly-db"
    _keep_secret(app, variable, url)
    cluster["attached_apps"].append({"name": call.app_name(), "id": 1})
    call.print(f"Postgres cluster {cluster['id']} is being attached to {call.app_name()}\n  {variable}={url}")


def _mpg_status(call: Call) -> None:
    call.json(_cluster_named(call, call.words[0]))


def _postgres_create(call: Call) -> None:
    _check_org(call)
    name = call.get("--name")
    if name in call.state["taken"] or name in call.state["apps"]:
        raise FlyError("Validation failed: Name has already been taken")
    machine = {"id": f"{call.serial():014x}", "state": "started", "image_ref": {}}
    call.state["apps"][name] = new_app(call.get("--org", "personal")) | {"postgres": True, "machines": [machine]}
    call.print(f"Postgres cluster {name} created\n  Username:    postgres\n  Password:    pw-of-{name}")


def _postgres_connect(call: Call) -> None:
    if not call.app().get("postgres"):
        raise FlyError(f"app {call.app_name()} is not a postgres app")
    call.print("psql (17.6)")


def _postgres_attach(call: Call) -> None:
    app, server = call.app(), call.words[0]
    variable = call.get("--variable-name", "DATABASE_URL")
    if not call.state["apps"].get(server, {}).get("postgres"):
        raise FlyError(f"app {server} is not a postgres app")
    if variable in app["secrets"]:
        raise FlyError(f'consumer app "{call.app_name()}" already contains a secret named {variable}')
    user = call.get("--database-user") or call.app_name().replace("-", "_")
    database = call.get("--database-name") or user
    url = f"postgres://{user}:pw-{server}@{server}.flycast:5432/{database}?sslmode=disable"
    _keep_secret(app, variable, url)
    call.print(f"Postgres cluster {server} is now attached to {call.app_name()}\n  {variable}={url}")


def _volumes_create(call: Call) -> None:
    app = call.app()
    if not call.on("--yes"):
        raise FlyError("yes flag must be specified when not running interactively")
    volume = {
        "id": f"vol_{call.serial()}",
        "name": call.words[0],
        "state": "created",
        "size_gb": int(call.get("--size", "1")),
        "region": call.get("--region"),
        "attached_machine_id": None,
        "created_at": DATE,
        "snapshot_retention": 5,
    }
    app["volumes"].append(volume)
    call.json(volume)


def _storage_create(call: Call) -> None:
    app = call.app()
    name = call.get("--name")
    if name in call.state["buckets"]:
        raise FlyError("Name has already been taken")
    call.state["buckets"].append(name)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUCKET_NAME", "AWS_REGION", "AWS_ENDPOINT_URL_S3"):
        _keep_secret(app, variable, f"{name}-{variable}")
    call.print(f"Your Tigris project ({name}) is ready.")


def _releases(call: Call) -> None:
    call.json(sorted(call.app()["releases"], key=lambda release: -release["Version"]))


def _machine_list(call: Call) -> None:
    call.json(call.app()["machines"])


def _tokens_list(call: Call) -> None:
    if call.get("--scope") == "org":
        tokens, what = call.state.get("org_tokens", []), f'organization "{call.get("--org")}"'
    else:
        tokens, what = call.app()["tokens"], f'app "{call.app_name()}"'
    call.print(f"Tokens for {what}:\n")
    call.print("ID\tNAME\tCREATED BY\tEXPIRES AT\tREVOKED AT\n")
    for token in tokens:
        ends = f"{token['expires']}\t{token.get('revoked', '')}"
        call.print(f"{token['id']}\t{token['name']}\tdev@example.com\t{ends}")


def _config_validate(call: Call) -> None:
    if not call.config():
        raise FlyError(f"{call.get('--config', 'fly.toml')} is not there or empty")
    call.print("✓ Configuration is valid")


def _image_ref(name: str, tag: str) -> str:
    return f"registry.fly.io/{name}:{tag}"


def _release(call: Call, app: State, image: str, status: str) -> None:
    version = max([release["Version"] for release in app["releases"]], default=0) + 1
    app["releases"].append(
        {
            "ID": f"release-{version}",
            "Version": version,
            "Stable": status == "complete",
            "InProgress": False,
            "Reason": "",
            "Description": "Release",
            "Status": status,
            "DeploymentStrategy": call.get("--strategy", "rolling"),
            "Metadata": None,
            "User": {"Email": "dev@example.com"},
            "EvaluationID": "",
            "CreatedAt": DATE,
            "ImageRef": image,
        }
    )


def _machine(call: Call, name: str, config: State) -> State:
    vm = (config.get("vm") or [{}])[0]
    return {
        "id": f"{call.serial():014x}",
        "name": name,
        "state": "started",
        "region": config.get("primary_region", "iad"),
        "image_ref": {},
        "instance_id": "01",
        "private_ip": "fdaa::1",
        "created_at": DATE,
        "updated_at": DATE,
        "config": {
            "env": {"FLY_PROCESS_GROUP": "app", **{key: str(value) for key, value in config.get("env", {}).items()}},
            "metadata": {"fly_process_group": "app"},
            "services": [_service(config.get("http_service", {}))],
            "guest": {
                "cpu_kind": "shared" if str(vm.get("size", "shared")).startswith("shared") else "performance",
                "cpus": int(str(vm.get("size", "shared-cpu-1x")).rpartition("-")[2].rstrip("x")),
                "memory_mb": _megabytes(str(vm.get("memory", "256mb"))),
            },
        },
        "checks": [{"name": "servicecheck-00-http-8080", "status": "passing"}],
        "host_status": "ok",
        "cordoned": False,
    }


def _service(config: State) -> State:
    # As fly-go v0.9.3 writes it, machine_types.go, MachineAutostop.MarshalJSON.
    autostop = {"off": False, "stop": True}
    wanted = config.get("auto_stop_machines", "off")
    return {
        "internal_port": config.get("internal_port"),
        "protocol": "tcp",
        "ports": [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["http", "tls"]}],
        "autostop": autostop.get(wanted, wanted),
        "autostart": config.get("auto_start_machines", True),
    }


def _megabytes(memory: str) -> int:
    digits = int("".join(char for char in memory if char.isdigit()))
    return digits * 1024 if memory.lower().endswith("gb") else digits


def _give_image(machine: State, image: str) -> None:
    registry, _, rest = image.partition("/")
    repository, _, tag = rest.rpartition(":")
    machine["image_ref"] = {"registry": registry, "repository": repository, "tag": tag, "digest": f"sha256:{tag}"}


def _deploy(call: Call, how: str) -> None:
    name, app, config = call.app_name(), call.app(), call.config()
    if not config:
        raise FlyError("could not find a fly.toml")
    image = call.get("--image")
    if image and image not in call.state["images"]:
        raise FlyError(f'failed to fetch an image or build from source: Could not find image "{image}"')
    if not image:
        if how == "build":
            # A builder shows whatever the app's own tools say.
            call.progress.append("#9 1.2 payment method: no health checks in the manifest, release command failed")
            raise FlyError("failed to fetch an image or build from source: error building: failed to solve")
        image = _image_ref(name, call.get("--image-label") or f"deployment-{call.serial():026d}")
        arguments = dict(pair.partition("=")[::2] for pair in call.flags.get("--build-arg", []))
        if not call.on("--build-only") or call.on("--push"):
            call.state["images"][image] = {"revision": arguments.get("REVISION", "unknown")}
        call.print(f"image: {image}")
    if call.on("--build-only"):
        return
    if how == "no_capacity":
        raise FlyError("error creating a new machine: insufficient resources available to fulfill request")
    if config.get("deploy", {}).get("release_command") and not call.on("--skip-release-command"):
        if how == "release_command":
            _release(call, app, image, "failed")
            raise FlyError("release command failed - aborting deployment. error release_command machine exited with 1")
        app["migrated_with"] = image
    if not app["machines"]:
        app["machines"] = [_machine(call, f"{name}-{n}", config) for n in range(2 if call.on("--ha", True) else 1)]
        if not app["ips"] and not config.get("services"):
            _allocate(call, "shared_v4")
            _allocate(call, "v6")
        for machine in app["machines"]:
            _give_image(machine, image)
    if how == "image_pull":
        _release(call, app, image, "failed")
        raise FlyError("failed to update machine: failed to get manifest registry.fly.io: manifest unknown")
    if how == "half_way":
        _give_image(app["machines"][0], image)
        _release(call, app, image, "failed")
        raise FlyError("failed to release lease: machine not found")
    if how == "smoke_checks":
        _give_image(app["machines"][0], image)
        _release(call, app, image, "failed")
        raise FlyError(f"smoke checks for {app['machines'][0]['id']} failed: the app appears to be crashing")
    if how == "health_checks":
        _give_image(app["machines"][0], image)
        app["machines"][0]["checks"][0]["status"] = "critical"
        _release(call, app, image, "failed")
        machine = app["machines"][0]["id"]
        raise FlyError(f"timeout reached waiting for health checks to pass for machine {machine}")
    for machine in app["machines"]:
        if how != "image_pull_silent":
            _give_image(machine, image)
            machine["checks"][0]["status"] = "passing"
    for secret in app["secrets"].values():
        secret["staged"] = False
    _release(call, app, image, "complete")
    call.print(f"Visit your newly deployed app at https://{name}.fly.dev/")


def _ssh_console(call: Call) -> None:
    app, machine = call.app(), call.get("--machine")
    if not any(one["id"] == machine and one["state"] == "started" for one in app["machines"]):
        raise FlyError(f"app {call.app_name()} has no started VMs.")
    says = app.get("says", {})
    if call.get("--command") not in says:
        raise FlyError("ssh shell: Process exited with status 127")
    call.print(says[call.get("--command")])


def _whoami(call: Call) -> None:
    if call.on("--json"):
        call.json({"email": call.state["email"]})
    else:
        call.print(call.state["email"])


_BEHAVIOUR: dict[str, Callable[[Call], None]] = {
    "auth whoami": _whoami,
    "apps create": _apps_create,
    "apps list": _apps_list,
    "apps destroy": _apps_destroy,
    "status": _status,
    "secrets import": _secrets_import,
    "secrets set": _secrets_set,
    "secrets unset": _secrets_unset,
    "secrets deploy": _secrets_deploy,
    "secrets list": _secrets_list,
    "ips list": _ips_list,
    "ips allocate-v4": _allocate_v4,
    "ips allocate-v6": lambda call: _allocate(call, "private_v6" if call.on("--private") else "v6"),
    "certs add": _certs_add,
    "certs list": _certs_list,
    "certs check": _certs_check,
    "certs setup": _certs_check,
    "mpg list": _mpg_list,
    "mpg create": _mpg_create,
    "mpg attach": _mpg_attach,
    "mpg status": _mpg_status,
    "postgres create": _postgres_create,
    "postgres attach": _postgres_attach,
    "postgres connect": _postgres_connect,
    "volumes create": _volumes_create,
    "volumes list": lambda call: call.json(call.app()["volumes"]),
    "storage create": _storage_create,
    "releases": _releases,
    "machine list": _machine_list,
    "tokens list": _tokens_list,
    "config validate": _config_validate,
    "ssh console": _ssh_console,
    "version": lambda call: call.print("flyctl v0.4.83 linux/amd64"),
}

_ANYWHERE = {
    "not_logged_in": "no access token available. Please login with 'flyctl auth login'",
    "expired": "failed retrieving current user: You must be authenticated to view this.",
    "session_expired": "Your session has expired, please log in to continue using flyctl.",
    "forbidden": "Not authorized to access this resource",
    "network": 'Post "https://api.fly.io/graphql": dial tcp: lookup api.fly.io: i/o timeout',
    "name_taken": "Validation failed: Name has already been taken",
    "no_capacity": "failed creating: insufficient resources available to fulfill request",
    # As users report them: superfly/flyctl#981, Kilo-Org/cloud#787, and the page that the last one names.
    "payment": "We need your payment information to continue! Add a credit card or buy credit: "
    "https://fly.io/dashboard/personal/billing",
    "quota": "your organization is over the allowed quota of memory in region iad",
    "high_risk": "Your account has been marked as high risk. Please go to https://fly.io/high-risk-unlock",
}


def _parse(state: State, argv: list[str]) -> Call:
    known = commands()
    command, rest = known[""], list(argv)
    while rest and rest[0] in command.children:
        command = known[command.children[rest.pop(0)]]
    call = Call(state, command.name)
    while rest:
        word = rest.pop(0)
        if word == "--":
            call.words += rest
            break
        if not word.startswith("-") or word == "-":
            call.words.append(word)
            continue
        flag, equals, value = word.partition("=")
        kind = command.flags.get(flag, "switch")
        if not equals:
            value = rest.pop(0) if kind == "value" else "true"
        call.flags.setdefault(_SHORT.get(flag, flag), []).append(value)
    return call


def _failure(state: State, command: str) -> str:
    for failure in state["failures"]:
        if failure["command"] in (command, "*") and failure["times"] > 0:
            failure["times"] -= 1
            return failure["how"]
    return ""


def _carry_out(call: Call) -> None:
    if call.state["email"] is None and call.command not in ("version", "auth login"):
        raise FlyError(_ANYWHERE["not_logged_in"])
    how = _failure(call.state, call.command)
    if how in _ANYWHERE and not (call.command == "deploy" and how == "no_capacity"):
        raise FlyError(_ANYWHERE[how])
    if call.command == "deploy":
        _deploy(call, how)
    elif call.command in _BEHAVIOUR:
        _BEHAVIOUR[call.command](call)
    else:
        raise UnknownBehaviourError(f"the recording fly has no behaviour for {call.command}; see its stub()")
    if how == "lost_answer":
        raise LostAnswerError


def _answer(file: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Act as flyctl on the state in `file`; return what it prints and its exit code, or the stub to run instead."""
    argv = asked["argv"]
    problems = check_words(argv)
    record: dict[str, Any] = {"argv": argv, "stdin": len(asked["stdin"].encode()), "exit": 1, "refused": problems}
    answer: dict[str, Any] = {"stdout": "", "stderr": "", "exit": 1, "stub": None}
    with _locked(file) as state:
        state["calls"].append(record)
        if problems:
            return answer | {"stderr": f"Error: {problems[0]}\n"}
        call = _parse(state, argv)
        call.stdin, call.cwd, call.env_app = asked["stdin"], Path(asked["cwd"]), asked["app"]
        stub = state["stubs"].get(call.command)
        if stub is not None:
            record["exit"] = None
            return answer | {"stub": stub}
        try:
            _carry_out(call)
        except FlyError as failed:
            return answer | {"stderr": "".join(f"{line}\n" for line in [*call.progress, f"Error: {failed}"])}
        except UnknownBehaviourError as unknown:
            record["exit"] = 70
            return answer | {"stderr": f"{unknown}\n", "exit": 70}
        except LostAnswerError:
            return answer | {"stderr": "Error: unexpected EOF\n"}
        record["exit"] = 0
    return answer | {"stdout": "".join(f"{text}\n" for text in call.output), "exit": 0}
