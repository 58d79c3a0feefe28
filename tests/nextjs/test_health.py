"""fly/health.cjs before servers of Node.js: what Fly's checks get, whatever the app does with a request."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.nextjs import programs
from tests.support.net import free_port

pytestmark = pytest.mark.needs("node")

# An app that sends everybody to its login page.
REDIRECTS = """
import http from "node:http";
http.createServer((request, response) => {
  response.writeHead(307, { location: "/login" }).end();
}).listen(process.env.PORT, "::");
"""


class Server:
    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def serve(tmp_path: Path) -> Callable:
    """Start a server behind the checks; `files` are beside it, as the image's root and the app's folder are."""

    @contextmanager
    def start(code: str = REDIRECTS, env: dict[str, str] | None = None, **files: str) -> Iterator[Server]:
        programs.project(tmp_path, {"server.mjs": code, **files})
        (tmp_path / "fly/health.cjs").rename(tmp_path / "health.cjs")
        port = free_port()
        found = {"PORT": str(port), "FLY_MACHINE_ID": "m1", "FLY_IMAGE_REF": "registry/app:1", **(env or {})}
        command = ["node", "--require", str(tmp_path / "health.cjs"), "server.mjs"]
        with subprocess.Popen(command, cwd=tmp_path, env={"PATH": os.environ["PATH"], **found}, text=True) as process:
            server = Server(port, process)
            try:
                _wait(server)
                yield server
            finally:
                process.terminate()

    return start


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            server.ask("/anything")
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("no server")


LIVE = {"status": "ok", "version": "1.4.0", "revision": "abc"}


def test_checks_are_answered_before_the_app(serve: Callable) -> None:
    with serve(env={"REVISION": "abc"}, **{"package.json": '{"version": "1.4.0"}'}) as server:
        status, headers, text = server.ask("/livez?from=fly")
        assert (status, json.loads(text)) == (200, {**LIVE, "image": "registry/app:1", "machine": "m1"})
        assert (headers["cache-control"], headers["content-type"]) == ("no-store", "application/json")
        status, headers, text = server.ask("/livez", "HEAD")
        assert (status, text) == (200, "")
        assert int(headers["content-length"]) > 0
        status, _, text = server.ask("/readyz")
        assert (status, json.loads(text)) == (200, {"status": "ok", "checks": {"database": {"status": "none"}}})


@pytest.mark.parametrize("path", ["/", "/livez/", "/livezz", "/en/livez", "/api/readyz"])
def test_all_else_is_the_apps(path: str, serve: Callable) -> None:
    with serve() as server:
        status, headers, _ = server.ask(path)
        assert (status, headers["location"]) == (307, "/login")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_checks_are_only_read(method: str, serve: Callable) -> None:
    with serve() as server:
        status, headers, _ = server.ask("/livez", method)
        assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_image_and_machine_are_told_inside_only(serve: Callable) -> None:
    with serve() as server:
        for told, headers in (
            (True, {}),
            (False, {"fly_client_ip": "203.0.113.9"}),
            (True, {"fly_client_ip": "203.0.113.9", "x_machine_id": "m1"}),
            (False, {"fly_client_ip": "203.0.113.9", "x_machine_id": "m2"}),
        ):
            _, _, text = server.ask("/livez", **headers)
            assert ("machine" in json.loads(text)) == told, headers
            assert ("image" in json.loads(text)) == told, headers


def test_no_machine_id_opens_nothing(serve: Callable) -> None:
    with serve(env={"FLY_MACHINE_ID": ""}) as server:
        _, _, text = server.ask("/livez", fly_client_ip="203.0.113.9", x_machine_id="")
        assert "image" not in json.loads(text)


AWAY = """
import http from "node:http";
http.createServer((request, response) => {
  response.statusCode = 303;
  const location = decodeURIComponent(request.url.slice(1)).replaceAll("PORT", process.env.PORT);
  response.setHeader("location", location.includes("login") ? [location] : location); // Next.js sets a list
  response.end();
}).listen(process.env.PORT, "::");
"""


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://[::]:PORT/login?from=%2Fa", "/login?from=%2Fa"),
        ("http://localhost:PORT/login", "/login"),
        ("https://0.0.0.0:PORT", "/"),
        ("https://[::]:PORT?a=b", "/?a=b"),
        ("https://[::]:PORT//evil.example.com/a", "/evil.example.com/a"),
        ("https://[::]:9PORT/a", "https://[::]:9PORT/a"),
        ("https://shop.example.com:PORT/a", "https://shop.example.com:PORT/a"),
        ("https://pay.example.com/?back=https://[::]:PORT/a", "https://pay.example.com/?back=https://shop.fly.dev/a"),
        (
            "https://[::]:PORT/login?from=https%3A%2F%2F%5B%3A%3A%5D%3APORT%2Fcart%3Fa%3Db",
            "/login?from=https%3A%2F%2Fshop.fly.dev%2Fcart%3Fa%3Db",
        ),
        ("/login?from=http://%5B::%5D:PORT/cart", "/login?from=https://shop.fly.dev/cart"),
        ("/login?from=http%3A%2F%2Flocalhost%3A9PORT%2F", "/login?from=http%3A%2F%2Flocalhost%3A9PORT%2F"),
        ("/login", "/login"),
    ],
)
def test_a_redirect_to_the_servers_own_address_goes_out_as_a_path(
    location: str, expected: str, serve: Callable
) -> None:
    with serve(AWAY) as server:
        # As Fly's proxy passes it on.
        _, headers, _ = server.ask("/" + quote(location, safe=""), host="shop.fly.dev", x_forwarded_proto="https")
        assert headers["location"] == expected.replace("PORT", str(server.port))


SLOW = """
import http from "node:http";
const ready = new Promise((resolve) => setTimeout(resolve, 2500));
http.createServer(async (request, response) => {
  if (request.url === "/anything") return response.end();
  await ready;
  response.statusCode = 404;
  response.end();
}).listen(process.env.PORT, "127.0.0.1");
"""


def test_a_server_that_listens_is_not_alive_before_its_app_answers(serve: Callable) -> None:
    with serve(SLOW) as server:
        status, _, text = server.ask("/livez")
        assert (status, json.loads(text)) == (503, {"status": "unavailable"})
        deadline = time.monotonic() + 20
        while server.ask("/livez")[0] != 200:
            assert time.monotonic() < deadline


DATABASE = """
export const check = async () => {
  %s
};
"""


@pytest.mark.parametrize(
    ("says", "status", "expected"),
    [
        ('return { status: "ok", ms: 3 };', 200, {"status": "ok", "ms": 3}),
        ('return { status: "unavailable", ms: 9 };', 503, {"status": "unavailable", "ms": 9}),
        ('throw new Error("no URL");', 503, {"status": "unavailable", "ms": 0}),
    ],
)
def test_readiness_is_the_databases(says: str, status: int, expected: dict[str, object], serve: Callable) -> None:
    with serve(**{"migrate/database.mjs": DATABASE % says}) as server:
        got, _, text = server.ask("/readyz")
        overall = "ok" if status == 200 else "unavailable"
        assert (got, json.loads(text)) == (status, {"status": overall, "checks": {"database": expected}})
        assert server.ask("/livez")[0] == 200


@pytest.mark.parametrize(
    ("version", "listens"),
    [
        *(("13.1.6", "0.0.0.0"), ("13.4.9", "0.0.0.0"), ("13.4.14", "0.0.0.0"), (None, "::")),
        *((other, "::") for other in ("12.3.4", "13.0.7", "13.4.15", "13.5.1", "16.0.1")),
    ],
)
def test_next_listens_where_it_can_name_the_address(version: str | None, listens: str, tmp_path: Path) -> None:
    files = {"node_modules/next/package.json": json.dumps({"version": version})} if version else {}
    programs.project(tmp_path, files)
    command = ["node", "--require", "./fly/health.cjs", "-e", "console.log(process.env.HOSTNAME); process.exit()"]
    env = {"PATH": os.environ["PATH"], "HOSTNAME": "::"}
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{listens}\n"
