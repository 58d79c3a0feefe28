"""fly/database.mjs of an app whose database is a server of another kind: does it accept a connection?"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nextjs import programs
from tests.support.net import free_port
from tests.support.template import render

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def program(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = {"stack": "nextjs", "app_name": "notes", "fly_app": "notes", "database": "external"}
    more = {"database_engine": "mongodb", "database_env": "MONGODB_URI"}
    return render(template, tmp_path_factory.mktemp("external") / "notes", answers | more) / "fly/database.mjs"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def check(program: Path, address: str) -> str:
    line = f"import {{ check }} from '{program}'; console.log(JSON.stringify(await check()));"
    env = {"PATH": os.environ["PATH"], "MONGODB_URI": address}
    done = programs.node("--input-type=module", "-e", line, env=env)
    assert done.returncode == 0, done.stdout
    return str(json.loads(done.stdout)["status"])


@pytest.mark.parametrize(
    "address",
    [
        "mongodb://127.0.0.1:{port}/shop",
        "mongodb://user:p%40ss:word@127.0.0.1:{port},127.0.0.2:27018/shop?replicaSet=a",
        "mysql://user@127.0.0.1:{port}",
    ],
)
def test_a_server_that_listens_is_there(address: str, program: Path, port: int) -> None:
    assert check(program, address.format(port=port)) == "ok"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("mongodb://127.0.0.1:{closed}/shop", "unavailable"),
        ("mongodb+srv://nowhere.invalid/shop", "unavailable"),
        ("mongodb://nowhere.invalid/shop", "unavailable"),
        ("Server=tcp:sql.example.com,1433;Database=shop", "none"),
        ("", "none"),
    ],
)
def test_what_cannot_be_reached_or_asked_is_said(address: str, status: str, program: Path) -> None:
    assert check(program, address.format(closed=free_port())) == status
