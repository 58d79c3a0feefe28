"""An app on SQLite, as it comes: copied, built, started on a volume, killed, copied, restored.

A named volume of Docker is like one of Fly's in what counts here: it belongs to the user of the image, and outlives the
machine.
"""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.nextjs.recipes import SQLITE
from tests.support import docker, nextjs
from tests.support import template as template_support
from tests.support.net import free_port

pytestmark = pytest.mark.system

ENV = {"FLY_MACHINE_ID": "m1", "FLY_APP_NAME": "web"}


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app with the template's files in it, every answer its default but the name and the replica."""
    folder = nextjs.make(SQLITE, tmp_path_factory.mktemp("sqlite") / "project")
    return template_support.render(template, folder, {"fly_app": "web", "sqlite_replica": "none"})


@pytest.fixture(scope="module")
def image(project: Path) -> docker.Image:
    nextjs.ensure_images()
    return docker.build(project, "copier-fly-test/nextjs-sqlite")


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"copier-fly-test-{uuid.uuid4().hex[:12]}"
    docker.docker("volume", "create", name)
    yield name
    docker.docker("volume", "rm", "--force", name)


@contextmanager
def machine(image: docker.Image, volume: str) -> Iterator[tuple[docker.Container, int]]:
    """The app on the volume, once it answers."""
    port = free_port()
    env = {**ENV, "PORT": str(port)}
    with docker.run(image.tag, env=env, volumes={Path(volume): "/data"}) as container:
        container.wait_for(lambda: get(port, "/livez") is not None, what="an answer of /livez")
        yield container, port


def get(port: int, path: str) -> Any:
    """What a GET answers as JSON; None where nothing does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return json.load(answer)
    except OSError:
        return None


def titles(port: int) -> list[str]:
    return [row["title"] for row in get(port, "/tasks")]


def test_the_defaults_give_it_a_volume_and_no_release_command(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert {name: answers[name] for name in ("database", "database_env", "database_file", "volume")} == {
        "database": "sqlite",
        "database_env": "DB_FILE_NAME",
        "database_file": "file:/data/web.db",
        "volume": "data",
    }
    config = (project / "fly.toml").read_text()
    assert "release_command" not in config
    assert 'destination = "/data"' in config


def test_rows_outlive_a_kill_and_migrations_run_once(image: docker.Image, volume: str) -> None:
    with machine(image, volume) as (container, port):
        assert "1 applied, 0 were there" in container.logs()
        assert titles(port) == ["first"]
        assert get(port, "/readyz")["checks"]["database"]["status"] == "ok"
        get(port, "/tasks?add=second")
        docker.docker("kill", "--signal", "KILL", container.id)
    with machine(image, volume) as (container, port):
        assert "0 applied, 1 were there" in container.logs()
        assert titles(port) == ["first", "second"]
        status = container.exec("node", "/migrate/migrate.mjs", "--status")
        assert re.fullmatch(r"applied +0000_init", status.strip())


def test_a_copy_of_the_running_app_comes_back(image: docker.Image, volume: str, tmp_path: Path) -> None:
    with machine(image, volume) as (container, port):
        get(port, "/tasks?add=kept")
        container.exec("node", "/migrate/backup.mjs", "/tmp/copy.db", user="0")
        docker.docker("cp", f"{container.id}:/tmp/copy.db", str(tmp_path / "copy.db"))
        with sqlite3.connect(tmp_path / "copy.db") as copy:
            assert copy.execute("select title from tasks").fetchall() == [("first",), ("kept",)]
        get(port, "/tasks?add=lost")
        # As ops/restore leaves it there: by root.
        docker.docker("cp", str(tmp_path / "copy.db"), f"{container.id}:/data/web.db.restore")
        assert container.stop() == 143
    with machine(image, volume) as (container, port):
        assert "Restored the copy" in container.logs()
        assert titles(port) == ["first", "kept"]
        get(port, "/tasks?add=again")
        assert titles(port) == ["first", "kept", "again"]
        before = container.exec("sh", "-c", "ls /data")
        assert "web.db.before\n" in before
        assert "restore" not in before


def test_a_machine_without_its_volume_ends_with_the_reason(image: docker.Image) -> None:
    done = docker.once(image.tag, env=ENV)
    assert done.returncode == 1
    assert "/data is no volume on machine m1, so all data would be gone with it" in done.stdout


def test_a_failed_migration_ends_the_machine_and_leaves_the_database(
    image: docker.Image, volume: str, tmp_path: Path
) -> None:
    with machine(image, volume):
        pass
    wrong = tmp_path / "migrations"
    (wrong / "meta").mkdir(parents=True)
    entries = [{"tag": "0001_wrong", "when": 1767225700000}]
    (wrong / "meta/_journal.json").write_text(json.dumps({"entries": entries}))
    (wrong / "0001_wrong.sql").write_text("DELETE FROM tasks;\n--> statement-breakpoint\nDROP TABLE absent;\n")
    wrong.chmod(0o755)
    done = docker.once(image.tag, env=ENV, volumes={Path(volume): "/data", wrong: "/migrate/migrations:ro"})
    assert done.returncode == 1
    assert "0001_wrong: no such table: absent. Nothing of it is left in the database" in done.stdout
    with machine(image, volume) as (_, port):
        assert titles(port) == ["first"]


PARENTS = """
CREATE TABLE "parent" ("id" INTEGER PRIMARY KEY, "name" TEXT);
CREATE TABLE "child" ("id" INTEGER PRIMARY KEY, "parent" INTEGER REFERENCES "parent" ("id") ON DELETE CASCADE);
INSERT INTO "parent" VALUES (1, 'a');
INSERT INTO "child" VALUES (1, 1);
"""
# As Prisma writes a change of a column: with foreign keys enforced, the DROP would delete the children.
REDEFINED = """
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_parent" ("id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL);
INSERT INTO "new_parent" SELECT "id", "name" FROM "parent";
DROP TABLE "parent";
ALTER TABLE "new_parent" RENAME TO "parent";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
"""
DANGLING = 'PRAGMA foreign_keys=OFF;\nDELETE FROM "parent";\n'


def migrate(image: docker.Image, volume: str, folder: Path, kind: str, *options: str) -> tuple[int, str]:
    """Run the migrations of a folder in a container of their own."""
    env = {**ENV, "MIGRATIONS_KIND": kind, "DB_FILE_NAME": f"file:/data/{kind}.db"}
    mounts = {Path(volume): "/data", folder: "/migrate/migrations:ro"}
    words = ("node", "--disable-warning=ExperimentalWarning", "/migrate/migrate.mjs", *options)
    done = docker.once(image.tag, *words, env=env, volumes=mounts)
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", ["prisma", "sql"])
def test_a_table_made_again_keeps_the_rows_that_refer_to_it(
    kind: str, image: docker.Image, volume: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "migrations"

    def put(name: str, text: str) -> None:
        file = folder / name / "migration.sql" if kind == "prisma" else folder / f"{name}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    put("0001_parents", PARENTS)
    assert migrate(image, volume, folder, kind) == (
        0,
        f"migrate: applied 0001_parents{'' if kind == 'prisma' else '.sql'}\nmigrate: 1 applied, 0 were there\n",
    )
    put("0002_redefined", REDEFINED)
    assert "1 applied, 1 were there" in migrate(image, volume, folder, kind)[1]
    put("0003_dangling", DANGLING)
    code, said = migrate(image, volume, folder, kind)
    assert code == 1
    assert "rows refer to others that are not there (PRAGMA foreign_key_check). Nothing of it is left" in said
    assert [line.split()[0] for line in migrate(image, volume, folder, kind, "--status")[1].splitlines()] == [
        "applied",
        "applied",
        "pending",
    ]
    script = (
        'const { DatabaseSync } = require("node:sqlite");'
        f'console.log(JSON.stringify(new DatabaseSync("/data/{kind}.db").prepare("select * from child").all()));'
    )
    words = ("node", "--disable-warning=ExperimentalWarning", "-e", script)
    assert json.loads(docker.once(image.tag, *words, volumes={Path(volume): "/data"}).stdout) == [
        {"id": 1, "parent": 1}
    ]
