"""ops/backup and ops/restore of a file of SQLite, on a machine that is a folder here, with the real sqlite3."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.ops.conftest import Project
from tests.support.fake_fly import new_app

pytestmark = pytest.mark.needs("jq", "sqlite3")

# Commands for the machine run here, on its folder; the release's own does what Shop.Release.backup/1 does.
CONSOLE = """
while [ "$1" != --command ]; do shift; done
line=$(printf %s "$2" | sed "s| /tmp/| {machine}/tmp/|g; s| /data/| {machine}/data/|g")
case $line in
  /app/bin/backup*) sqlite3 {machine}/data/shop.db "vacuum into '${{line#/app/bin/backup }}'" ;;
  *) sh -c "$line" ;;
esac
"""
GET = 'test ! -e "$5" && cp "{machine}$4" "$5"'
PUT = 'test ! -e "{machine}$5" && cp "$4" "{machine}$5"'


class Machine:
    """A project on SQLite, and its machine: a folder with data/, which is the volume, and tmp/."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder, self.database = project, folder, folder / "data/shop.db"
        for name in ("data", "tmp"):
            (folder / name).mkdir(parents=True)
        write(self.database, "pragma journal_mode = wal", "create table items (name text)")
        write(self.database, "insert into items values ('first'), ('second')")
        machine = {"id": "m1", "state": "started", "image_ref": {}, "config": {"mounts": [{"path": "/data"}]}}
        volume = {"id": "vol_1", "name": "data", "attached_machine_id": "m1"}
        app = new_app() | {"machines": [machine], "volumes": [volume]}
        project.fly.update(lambda state: state["apps"].update(shop=app))
        for command, shell in (("ssh console", CONSOLE), ("ssh sftp get", GET), ("ssh sftp put", PUT)):
            project.fly.stub(command, shell.format(machine=folder))
        self.starts(True)

    def starts(self, well: bool) -> None:
        """Whether a restart ends with what bin/server does before it starts the app."""
        script = self.project.folder / "rel/overlays/volume.sh"
        command = f"DATABASE_PATH={self.database} sh -euc '. {script}; restore_copy' >&2" if well else ":"
        self.project.fly.stub("machine restart", command)

    def run(self, script: str, *words: str) -> CompletedProcess[str]:
        """Run a script of ops/ with a home of its own."""
        return self.project.run(script, "--yes", *words, HOME=str(self.folder), TMPDIR=str(self.folder))

    def start(self) -> CompletedProcess[str]:
        """What bin/server does before it starts the app."""
        script = (self.project.folder / "rel/overlays/volume.sh").read_text()
        env = {"PATH": os.environ["PATH"], "DATABASE_PATH": str(self.database)}
        words = ["sh", "-euc", f"{script}\nrestore_copy"]
        return subprocess.run(words, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(make_project: Callable[..., Project], tmp_path: Path) -> Machine:
    answers = {"database": "sqlite", "database_env": "DATABASE_PATH", "database_file": "/data/shop.db"}
    return Machine(make_project(**answers), tmp_path / "machine")


def write(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def rows(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as db:
        return [name for (name,) in db.execute("select name from items")]


def test_two_copies_at_once_do_not_meet_on_the_machine(machine: Machine, tmp_path: Path) -> None:
    """Both begin in the same second; one would replace, or remove, the file of the other."""
    date = machine.project.fly.bin / "date"
    date.write_text("#!/bin/sh\necho 20260601T120000Z\n")
    date.chmod(0o755)
    for copy in ("one.db", "two.db"):
        assert machine.run("backup", f"--to={tmp_path / copy}").returncode == 0
    made = [line for line in machine.project.fly.lines() if "/app/bin/backup" in line]
    assert (len(made), len(set(made))) == (2, 2), made


def test_a_copy_is_whole_and_comes_back(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    done = machine.run("backup", f"--to={copy}")
    assert done.returncode == 0, done.stderr
    assert f"{copy}: 8 kB, 1 tables, 2 rows" in done.stdout
    assert rows(copy) == ["first", "second"]
    assert copy.stat().st_mode & 0o077 == 0
    assert list((machine.folder / "tmp").iterdir()) == []
    assert machine.run("backup", f"--verify={copy}").returncode == 0

    write(machine.database, "delete from items")
    done = machine.run("restore", f"--from={copy}")
    assert done.returncode == 0, done.stderr
    assert machine.project.fly.changes()[-1] == "machine restart m1 --app shop --signal SIGTERM"
    assert "Restored: 1 tables, 2 rows." in done.stdout
    assert rows(machine.database) == ["first", "second"]
    assert rows(machine.database.with_name("shop.db.before")) == []
    assert machine.start().stdout == ""


def test_no_database_of_before_is_promised_where_there_was_none(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    for file in machine.database.parent.iterdir():
        file.unlink()
    done = machine.run("restore", f"--from={copy}")
    assert (done.returncode, rows(machine.database)) == (0, ["first", "second"]), done.stderr
    assert ("Restored: 1 tables, 2 rows." in done.stdout, ".before" in done.stdout) == (True, False)


def test_a_copy_that_the_machine_did_not_take_is_not_called_restored(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    write(machine.database, "delete from items")
    machine.starts(False)
    done = machine.run("restore", f"--from={copy}", "--wait=0")
    assert (done.returncode, "Restored" in done.stdout) == (1, False)
    assert (
        "the machine did not put the copy in place, or does not answer. To see why: ops/logs production" in done.stderr
    )


def test_a_login_that_ends_meanwhile_is_told_as_such(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    refused = "case $line in\n  'ls '*) echo 'Error: server returned a non-200 status code: 401' >&2; exit 1 ;;\n"
    console = CONSOLE.replace("case $line in\n", refused).format(machine=machine.folder)
    machine.project.fly.stub("ssh console", console)

    done = machine.run("restore", f"--from={copy}", "--wait=0")

    assert done.returncode == 3, done.stderr
    *_, before, last = done.stderr.splitlines()
    assert (
        before == "Machine m1 has restarted. Restore nothing again before you have seen that the copy is not in place."
    )
    assert "Run: fly auth login" in last


def test_what_a_killed_restore_left_is_not_in_the_way(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    machine.database.with_name("shop.db.upload").write_bytes(b"half of it")
    done = machine.run("restore", f"--from={copy}")
    assert (done.returncode, "Restored: 1 tables, 2 rows." in done.stdout) == (0, True), done.stderr


def test_a_restart_without_an_answer_does_not_lead_to_a_second_restore(machine: Machine, tmp_path: Path) -> None:
    """That one would put the copy into .before, and the database as it was would be gone."""
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    machine.project.fly.stub("machine restart", "echo 'Error: failed to restart: unexpected EOF' >&2; exit 1")
    done = machine.run("restore", f"--from={copy}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(": fly machine restart m1 -a shop")
    assert "ops/restore" not in done.stderr.splitlines()[-1]


def test_a_copy_whose_answer_is_lost_is_not_left_on_the_machine(machine: Machine, tmp_path: Path) -> None:
    lost = CONSOLE.format(machine=machine.folder).replace("}'\" ;;", "}'\"; exit 1 ;;")
    machine.project.fly.stub("ssh console", lost)
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    assert (done.returncode, list((machine.folder / "tmp").iterdir())) == (1, []), done.stderr


def test_what_fly_said_is_told_although_the_copy_is_removed_after_it(machine: Machine, tmp_path: Path) -> None:
    console = CONSOLE.format(machine=machine.folder)
    refused = console.replace("case $line in", "case $line in\n  /app/*) echo 'Error: unauthorized' >&2; exit 1 ;;")
    machine.project.fly.stub("ssh console", refused)
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    assert (done.returncode, "Fly rejected the login. Run: fly auth login" in done.stderr) == (3, True), done.stderr


def test_a_copy_that_stays_on_the_machine_is_told_with_the_command_that_removes_it(
    machine: Machine, tmp_path: Path
) -> None:
    kept = CONSOLE.format(machine=machine.folder).replace("case $line in", "case $line in\n  rm*) exit 1 ;;")
    machine.project.fly.stub("ssh console", kept)
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    [copy] = (machine.folder / "tmp").iterdir()
    assert done.returncode == 0, done.stderr
    assert f"Remove it: fly ssh console -a shop --machine m1 -C 'rm -f /tmp/{copy.name}'" in done.stderr


def test_a_database_without_a_table_is_no_backup(machine: Machine, tmp_path: Path) -> None:
    write(machine.database, "drop table items")
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    assert done.returncode == 1
    assert "has no table, so it holds no data of the app" in done.stderr
    assert list(tmp_path.glob("copy*")) == []


def test_snapshots_that_cannot_be_listed_name_what_to_run(machine: Machine) -> None:
    machine.project.fly.fail("volumes snapshots list", "network")
    done = machine.run("backup", "--list")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("ops/backup --yes --list")


def test_a_copy_that_may_be_in_place_is_not_called_none(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    lost = CONSOLE.format(machine=machine.folder).replace("*) sh", 'mv*) sh -c "$line"; exit 1 ;;\n  *) sh')
    machine.project.fly.stub("ssh console", lost)
    done = machine.run("restore", f"--from={copy}")
    assert (done.returncode, machine.database.with_name("shop.db.restore").exists()) == (1, True), done.stderr
    assert "nothing was changed" not in done.stderr
    undo = "fly ssh console -a shop --machine m1 -C 'rm -f /data/shop.db.restore'"
    assert f"the machine takes it with its next start. Run again: ops/restore --yes --from={copy}" in done.stderr
    assert undo in done.stderr


def test_what_a_killed_run_left_is_named_and_never_taken(machine: Machine, tmp_path: Path) -> None:
    partial = tmp_path / "copy.db.partial"
    partial.write_bytes(b"half of it")
    done = machine.run("backup", f"--to={tmp_path}/new.db")
    assert (done.returncode, f"{partial} was left by a run that was killed" in done.stderr) == (0, True)
    (tmp_path / "new.db").rename(partial)
    (tmp_path / "new.db.sha256").rename(f"{partial}.sha256")
    done = machine.run("restore", f"--from={partial}")
    assert (done.returncode, "is no backup" in done.stderr) == (1, True)


@pytest.mark.parametrize("step", ["part", "restore", "next", "half"])
def test_a_start_that_was_cut_off_goes_on(step: str, machine: Machine, tmp_path: Path) -> None:
    """Wherever a restore was killed, the next start ends with the copy in place and the old file beside it."""
    copy = tmp_path / "copy.db"
    write(copy, "create table items (name text)", "insert into items values ('copy')")
    data = machine.database.parent
    match step:
        case "part":
            (data / "shop.db.part").write_bytes(b"half of it")
            (data / "shop.db.restore").write_bytes(copy.read_bytes())
        case "restore":
            (data / "shop.db.next").write_bytes(copy.read_bytes())
            (data / "shop.db.restore").write_bytes(copy.read_bytes())
        case "next":
            (data / "shop.db.next").write_bytes(copy.read_bytes())
        case "half":
            (data / "shop.db.next").write_bytes(copy.read_bytes())
            machine.database.rename(data / "shop.db.before")
    assert machine.start().returncode == 0
    assert rows(machine.database) == ["copy"]
    assert rows(data / "shop.db.before") == ["first", "second"]
    assert {file.name for file in data.iterdir()} <= {"shop.db", "shop.db.before"}


def test_what_is_no_whole_copy_is_refused(machine: Machine, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert machine.run("backup", f"--to={copy}").returncode == 0
    machine.project.fly.forget()
    copy.write_bytes(copy.read_bytes()[:-100] + b"x" * 100)
    done = machine.run("restore", f"--from={copy}")
    assert (done.returncode, machine.project.fly.changes()) == (1, [])
    assert "its checksum differs" in done.stderr
    copy.write_bytes(b"no database at all")
    sums = subprocess.run(["sha256sum", copy], capture_output=True, text=True, check=True)
    Path(f"{copy}.sha256").write_text(sums.stdout)
    done = machine.run("restore", f"--from={copy}")
    assert (done.returncode, machine.project.fly.changes()) == (1, [])
    assert "is no whole database of SQLite" in done.stderr


def test_a_copy_that_arrives_damaged_is_not_kept(machine: Machine, tmp_path: Path) -> None:
    machine.project.fly.stub("ssh sftp get", 'printf half >"$5"')
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    assert done.returncode == 1
    assert "arrived damaged, and nothing was kept" in done.stderr
    assert list(tmp_path.glob("copy*")) == []


def test_two_machines_with_a_volume_are_named(machine: Machine) -> None:
    fly = machine.project.fly
    fly.update(
        lambda state: state["apps"]["shop"]["machines"].append(state["apps"]["shop"]["machines"][0] | {"id": "m2"})
    )
    done = machine.run("backup")
    assert done.returncode == 1
    assert "2 machines of shop have a volume, each with data of its own" in done.stderr


def test_the_machine_is_the_one_whose_volume_has_the_database(machine: Machine, tmp_path: Path) -> None:
    other = {"id": "m0", "state": "started", "image_ref": {}, "config": {"mounts": [{"path": "/cache"}]}}
    machine.project.fly.update(lambda state: state["apps"]["shop"]["machines"].insert(0, other))
    done = machine.run("backup", f"--to={tmp_path}/copy.db")
    assert done.returncode == 0, done.stderr
    assert "--machine m1 " in done.stderr and "m0" not in done.stderr


@pytest.mark.parametrize(("hours", "code"), [(3, 0), (30, 1), (None, 1)])
def test_the_age_of_the_newest_snapshot_is_judged(hours: int | None, code: int, machine: Machine) -> None:
    made = (datetime.now(UTC) - timedelta(hours=hours or 0)).strftime("%Y-%m-%dT%H:%M:%SZ")
    snapshots = [] if hours is None else [f'{{"id": "vs_1", "status": "created", "created_at": "{made}"}}']
    machine.project.fly.answer("volumes snapshots list", f"[{','.join(snapshots)}]")
    done = machine.run("backup", "--check")
    assert done.returncode == code
    assert ("no finished snapshot" if hours is None else f"{hours} hours old") in done.stdout + done.stderr


def test_the_first_deploy_is_said_to_make_the_volume(machine: Machine) -> None:
    machine.project.fly.update(lambda state: state["apps"].clear())
    done = machine.project.run("setup", "--dry-run")
    assert "  - with the first deploy: make the volume data with 1 GB in iad, for /data/shop.db\n" in done.stdout
