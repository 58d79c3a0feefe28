"""ops/replica and ops/restore --at, with the real Litestream on a machine that is a folder here."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.ops.conftest import Project
from tests.ops.test_sqlite import Machine, rows, write
from tests.support import needs

pytestmark = pytest.mark.needs("jq", "sqlite3", "litestream")

CONFIG = """
socket: {{enabled: true, path: {folder}/tmp/litestream.sock}}
dbs:
  - path: {folder}/data/shop.db
    replica: {{type: file, path: {bucket}, sync-interval: 100ms}}
    monitor-interval: 200ms
"""


class Replicated(Machine):
    """A machine whose bucket is a folder too."""

    def __init__(self, project: Project, folder: Path) -> None:
        super().__init__(project, folder)
        self.bucket, self.config = folder / "bucket", folder / "litestream.yml"
        self.bucket.mkdir()
        self.config.write_text(CONFIG.format(folder=folder, bucket=self.bucket))
        project.fly.update(
            lambda state: state["apps"]["shop"]["secrets"].update(BUCKET_NAME={"digest": "d", "staged": False})
        )

    def run(self, script: str, *words: str) -> CompletedProcess[str]:
        home = str(self.folder)
        return self.project.run(script, "--yes", *words, HOME=home, TMPDIR=home, LITESTREAM_CONFIG=str(self.config))

    @contextmanager
    def replicating(self) -> Iterator[None]:
        command = [str(needs.require("litestream")), "replicate", "-config", str(self.config)]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not (self.folder / "tmp/litestream.sock").exists():
                assert running.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield
        finally:
            running.terminate()
            running.wait(30)


@pytest.fixture
def machine(make_project: Callable[..., Project]) -> Iterator[Replicated]:
    answers = {"database": "sqlite", "database_env": "DATABASE_PATH", "database_file": "/data/shop.db"}
    # A Unix socket's path has room for 107 bytes, which pytest's folders use up.
    with tempfile.TemporaryDirectory(prefix="machine-") as folder:
        yield Replicated(make_project(**answers), Path(folder))


@pytest.mark.parametrize("pieces", ["[]", ""])
def test_a_bucket_that_tells_of_nothing_has_no_complete_replica(machine: Replicated, pieces: str) -> None:
    console = f'while [ "$1" != --command ]; do shift; done; case $2 in *ltx*) echo "{pieces}" ;; esac'
    machine.project.fly.stub("ssh console", console)
    done = machine.run("replica", "--check")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "the bucket told of no piece of the database" in done.stderr


def test_a_replica_is_complete_or_the_check_fails(machine: Replicated) -> None:
    with machine.replicating():
        done = machine.run("replica", "--check")
        assert done.returncode == 0, done.stderr
        assert "The replica is complete; its newest piece is of 20" in done.stdout
        listed = machine.run("replica", "--list")
        assert listed.stdout.startswith("level"), listed.stdout
    done = machine.run("replica", "--check")
    assert done.returncode == 1
    assert "what is written does not reach the bucket. To see why: ops/logs production" in done.stderr


def test_the_doctor_asks_for_the_replica(machine: Replicated) -> None:
    with machine.replicating():
        assert "The replica is complete" in machine.run("doctor").stdout
    doctor = machine.run("doctor")
    assert (doctor.returncode, "what is written does not reach the bucket" in doctor.stdout) == (1, True)


def test_an_app_without_a_bucket_is_told_so(machine: Replicated) -> None:
    machine.project.fly.update(lambda state: state["apps"]["shop"]["secrets"].clear())
    done = machine.run("replica", "--check")
    assert done.returncode == 1
    assert "BUCKET_NAME is not among the secrets of shop, so no replica of the database is kept" in done.stderr
    assert "Run: ops/setup production" in done.stderr


def test_a_drill_reads_the_replica_and_leaves_nothing(machine: Replicated) -> None:
    with machine.replicating():
        assert machine.run("replica", "--check").returncode == 0
        done = machine.run("replica", "--drill")
    assert done.returncode == 0, done.stderr
    assert "The replica came back whole: " in done.stdout
    assert [file.name for file in (machine.folder / "tmp").iterdir() if "drill" in file.name] == []
    for piece in machine.bucket.rglob("*.ltx"):
        piece.write_bytes(piece.read_bytes()[:-40])
    done = machine.run("replica", "--drill")
    assert (done.returncode, "did not come back whole" in done.stderr) == (1, True)


def test_a_moment_comes_back(machine: Replicated) -> None:
    with machine.replicating():
        assert machine.run("replica", "--check").returncode == 0
        time.sleep(1.1)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1.1)
        write(machine.database, "delete from items")
        assert machine.run("replica", "--check").returncode == 0
    done = machine.run("restore", f"--at={moment}")
    assert done.returncode == 0, done.stderr
    assert f"Restored: the database of {moment}." in done.stdout
    assert rows(machine.database) == ["first", "second"]
    assert rows(machine.database.with_name("shop.db.before")) == []


def test_a_moment_that_is_not_there_changes_nothing(machine: Replicated) -> None:
    with machine.replicating():
        assert machine.run("replica", "--check").returncode == 0
    machine.project.fly.forget()
    done = machine.run("restore", "--at=2020-01-01T00:00:00Z")
    assert done.returncode == 1
    assert "the replica gave no database of 2020-01-01T00:00:00Z, and nothing was changed" in done.stderr
    assert not [line for line in machine.project.fly.changes() if "restart" in line]
    assert {file.name for file in machine.database.parent.iterdir()} <= {
        *("shop.db", "shop.db-wal", "shop.db-shm", ".shop.db-litestream")
    }


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--at=yesterday"], "--at takes a time in UTC such as 2026-01-31T14:05:00Z, not yesterday"),
        (["--at=2026-01-31T14:05:00Z", "--from=x"], "a file or a moment, not both"),
        ([], "say what to restore: --from=FILE or --at=TIME"),
    ],
)
def test_what_is_no_moment_is_refused(words: list[str], why: str, machine: Replicated) -> None:
    done = machine.run("restore", *words)
    assert (done.returncode, why in done.stderr) == (2, True), done.stderr
