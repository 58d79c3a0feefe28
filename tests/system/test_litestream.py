"""SQLite with a replica: real Litestream, a real S3 server, machines that are killed and volumes that are gone.

`KILLS=20 uv run pytest tests/system/test_litestream.py -k killed -s` does more rounds, and says what each one lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import sqlite3
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.nextjs.recipes import SQLITE
from tests.support import docker, images, nextjs, s3
from tests.support import template as template_support
from tests.support.net import free_port

pytestmark = [pytest.mark.system, pytest.mark.needs("versitygw")]

KILLS = int(os.environ.get("KILLS", "2"))
PROGRAM = Path(__file__).with_name("sqlite_release.py")


@dataclass(frozen=True)
class App:
    """An image with the template's files, and where its database is."""

    image: docker.Image
    database: str


@dataclass
class Volume:
    """A volume of Docker; like one of Fly's it belongs to the user of the image and outlives the machine."""

    name: str

    @classmethod
    def new(cls) -> Volume:
        name = f"copier-fly-test-{uuid.uuid4().hex[:12]}"
        docker.docker("volume", "create", name)
        return cls(name)

    def destroy(self) -> None:
        docker.docker("volume", "rm", "--force", self.name)

    def lose(self) -> None:
        """What a broken disk does: another, empty one is in its place."""
        self.destroy()
        self.name = Volume.new().name


@pytest.fixture(scope="module")
def nextjs_app(template: Path, tmp_path_factory: pytest.TempPathFactory) -> App:
    """The answers are the defaults but for the name."""
    folder = nextjs.make(SQLITE, tmp_path_factory.mktemp("replica") / "project")
    template_support.render(template, folder, {"fly_app": "web"})
    nextjs.ensure_images()
    images.ensure(images.LITESTREAM)
    return App(docker.build(folder, "copier-fly-test/nextjs-replica"), "/data/web.db")


@pytest.fixture(scope="module")
def phoenix_app(template: Path, tmp_path_factory: pytest.TempPathFactory) -> App:
    """The scripts of a release and the last lines of its Dockerfile, around a program that stands in for the release.

    Not every machine reaches the Hex registry, and no other package speaks SQLite to Ecto.
    """
    folder = tmp_path_factory.mktemp("replica") / "shop"
    answers = template_support.example("phoenix_sqlite") | {"sqlite_replica": "litestream"}
    template_support.render(template, folder, answers, skip_tasks=True)
    images.ensure(images.LITESTREAM)
    dockerfile = (folder / "Dockerfile").read_text()
    [last] = re.findall(r"^(COPY --from=\S*litestream.*?^CMD [^\n]*\n)", dockerfile, re.MULTILINE | re.DOTALL)
    (folder / "shop").write_text(PROGRAM.read_text())
    (folder / "shop").chmod(0o755)
    lines = [
        f"FROM {images.debian('trixie')}",
        "RUN apt-get update && apt-get install -y --no-install-recommends python3",
        "WORKDIR /app",
        "COPY rel/overlays ./",
        "COPY shop bin/",
    ]
    (folder / "standin.Dockerfile").write_text("\n".join(lines) + "\n" + last)
    (folder / "standin.Dockerfile.dockerignore").write_text("")
    image = docker.build(folder, "copier-fly-test/phoenix-replica", dockerfile="standin.Dockerfile")
    return App(image, "/data/shop.db")


@pytest.fixture(scope="module")
def store() -> Iterator[s3.S3]:
    with s3.server() as found:
        yield found


@dataclass
class Place:
    """An app on Fly: its bucket, as `fly storage create` names it, and its volume."""

    app: App
    bucket: Path
    secrets: dict[str, str]
    volume: Volume
    port: int = 0

    @contextmanager
    def machine(self, **env: str) -> Iterator[docker.Container]:
        """The app on the volume, once it answers."""
        self.port = free_port()
        env = {"FLY_MACHINE_ID": "m1", "FLY_APP_NAME": "shop", "PORT": str(self.port), **self.secrets, **env}
        mounts = {Path(self.volume.name): "/data"}
        with docker.run(self.app.image.tag, env=env, volumes=mounts) as container:
            container.wait_for(lambda: self.titles() is not None, what="an answer")
            yield container

    def get(self, path: str) -> Any:
        """What a GET answers as JSON; None where nothing does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return json.load(answer)
        except (OSError, HTTPException):
            return None

    def titles(self) -> list[str] | None:
        rows = self.get("/tasks")
        return None if rows is None else [row["title"] for row in rows]

    def add(self, title: str) -> None:
        """Write one row; a write that is refused is repeated."""
        until(lambda: self.get(f"/tasks?add={title}") is not None, "a write")

    def synced(self, container: docker.Container) -> None:
        """Wait until all that is written is in the bucket; ops/doctor asks the same way."""
        words = ["litestream", "sync", "-socket", "/tmp/litestream.sock", "-wait", self.app.database]
        container.exec(*words, user="0")


@pytest.fixture
def make_place(store: s3.S3) -> Iterator[Callable[[App], Place]]:
    made: list[Place] = []

    def make(app: App) -> Place:
        bucket = store.bucket()
        secrets = {
            "AWS_ACCESS_KEY_ID": store.key_id,
            "AWS_SECRET_ACCESS_KEY": store.key,
            "AWS_ENDPOINT_URL_S3": store.endpoint,
            "AWS_REGION": "us-east-1",
            "BUCKET_NAME": bucket.name,
        }
        made.append(Place(app, bucket, secrets, Volume.new()))
        return made[-1]

    yield make
    for place in made:
        place.volume.destroy()


@pytest.fixture(params=["nextjs_app", "phoenix_app"])
def place(request: pytest.FixtureRequest, make_place: Callable[[App], Place]) -> Place:
    return make_place(request.getfixturevalue(request.param))


@contextmanager
def writes(place: Place, named: str) -> Iterator[list[tuple[str, float]]]:
    """Rows that are written in a loop meanwhile: the title of each that was acknowledged, and when."""
    done: list[tuple[str, float]] = []
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            title = f"{named}-{number}"
            if place.get(f"/tasks?add={title}") is None:
                # The machine is gone, or the write failed: it is not acknowledged.
                time.sleep(0.02)
                continue
            time.sleep(0.005)
            done.append((title, time.monotonic()))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()


def until(true: Callable[[], bool], what: str, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, f"no {what} within {timeout} s"
        time.sleep(0.02)


def test_a_machine_that_is_killed_and_a_volume_that_is_gone_lose_the_last_moment_only(place: Place) -> None:
    """What was in the bucket at the time of the kill is back, with no gap before it, and the app goes on from there."""
    kept: list[str] = []
    acknowledged = lost = 0
    with place.machine():
        pass
    for kill in range(KILLS):
        place.volume.lose()
        with place.machine() as container:
            assert place.titles()[1:] == kept if kill else True
            before = place.titles()
            with writes(place, f"kill{kill}") as done:
                until(lambda written=done: len(written) > 5, "writes")
                sure = len(done)  # before the command: more is written while it runs, and before it has answered
                place.synced(container)
                # Somewhere in a round of Litestream's.
                time.sleep(random.uniform(0, 2.5))
                docker.docker("kill", "--signal", "KILL", container.id)
                at = time.monotonic()
        place.volume.lose()
        with place.machine() as container:
            after = place.titles()
            assert "no matching backups" not in container.logs()
            place.synced(container)
            docker.docker("kill", "--signal", "KILL", container.id)
        written = [title for title, _ in done]
        rest = after[len(before) :]
        # The row that was on its way when the machine died may be there.
        assert after[: len(before)] == before
        assert rest[: len(written)] == written[: len(rest)]
        assert sure <= len(rest) <= len(written) + 1
        gone = done[len(rest) :]
        acknowledged, lost = acknowledged + len(done), lost + len(gone)
        age = at - gone[0][1] if gone else 0
        print(f"kill {kill + 1}: {len(done)} acknowledged, {len(gone)} lost, the oldest {age:.2f} s before the kill")
        kept = after[1:]
    print(f"{KILLS} kills, {acknowledged} acknowledged, {lost} lost")


def test_a_machine_that_is_asked_to_end_loses_nothing(place: Place) -> None:
    with place.machine() as container:
        # From here on: Litestream looks at the database for the first time when it has run for a moment.
        place.synced(container)
        with writes(place, "row") as done:
            until(lambda: len(done) > 20, "writes")
            assert container.stop() == 0
        log = container.logs()
    assert "waiting for exec process to close" in log
    assert "litestream shut down" in log
    place.volume.lose()
    with place.machine():
        rows = place.titles()
        assert [title for title, _ in done] == [title for title in rows if title.startswith("row")][: len(done)]


def test_an_app_that_fails_ends_the_machine(place: Place) -> None:
    with place.machine() as container:
        # Litestream is the first process, the app its only child.
        container.exec("sh", "-c", "kill -9 $(cat /proc/1/task/*/children)", user="0")
        assert container.wait() == 1


def test_what_a_migration_writes_before_the_app_starts_is_in_the_replica(
    phoenix_app: App, make_place: Callable[[App], Place]
) -> None:
    place = make_place(phoenix_app)
    with place.machine() as container:
        place.add("before")
        place.synced(container)
        assert container.stop() == 0
    with place.machine(MIGRATION="later") as container:
        place.synced(container)
        docker.docker("kill", "--signal", "KILL", container.id)
    place.volume.lose()
    with place.machine():
        assert place.titles() == ["first", "before", "later"]


def test_a_copy_that_is_put_in_place_is_what_the_replica_has_then(place: Place, tmp_path: Path) -> None:
    with place.machine() as container:
        place.add("wrong")
        place.synced(container)
        assert container.stop() == 0
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(copy)) as db:
        db.execute("create table tasks (id integer primary key autoincrement, title text not null)")
        db.executemany("insert into tasks (title) values (?)", [("first",), ("right",)])
        if place.app.database.endswith("web.db"):
            # What Drizzle keeps of the migration that made the table.
            db.execute("create table __drizzle_migrations (id serial primary key, hash text, created_at numeric)")
            db.execute("insert into __drizzle_migrations (hash, created_at) values ('', 1767225600000)")
        db.commit()
    words = ("sh", "-c", f"cp /from/copy.db {place.app.database}.restore")
    volumes = {Path(place.volume.name): "/data", tmp_path: "/from"}
    assert docker.once(place.app.image.tag, *words, user="0", volumes=volumes).returncode == 0
    with place.machine() as container:
        assert "Restored the copy" in container.logs()
        place.add("later")
        place.synced(container)
        docker.docker("kill", "--signal", "KILL", container.id)
    place.volume.lose()
    with place.machine():
        assert place.titles() == ["first", "right", "later"]


def test_a_moment_comes_back(place: Place) -> None:
    with place.machine() as container:
        place.add("kept")
        place.synced(container)
        time.sleep(1.1)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        time.sleep(1.1)
        place.add("lost")
        place.synced(container)
        database = place.app.database
        container.exec("litestream", "restore", "-timestamp", moment, "-o", f"{database}.upload", database, user="0")
        container.exec("sh", "-c", f"chmod a+r {database}.upload && mv {database}.upload {database}.restore", user="0")
        assert container.stop() == 0
    with place.machine() as container:
        assert place.titles() == ["first", "kept"]


def test_without_a_bucket_the_app_runs_and_says_that_no_replica_is_kept(place: Place) -> None:
    with place.machine(BUCKET_NAME="") as container:
        assert "BUCKET_NAME is not set, so the database is on this volume alone" in container.logs()
        place.add("row")
        container.stop()
    assert list(place.bucket.iterdir()) == []
    # A bucket that comes later has what was written before.
    with place.machine() as container:
        place.synced(container)
    place.volume.lose()
    with place.machine():
        assert place.titles() == ["first", "row"]


def test_an_empty_volume_and_a_bucket_that_does_not_answer_start_nothing(place: Place) -> None:
    env = {"FLY_MACHINE_ID": "m1", "FLY_APP_NAME": "shop", **place.secrets, "AWS_SECRET_ACCESS_KEY": "wrong"}
    done = docker.once(place.app.image.tag, env=env, volumes={Path(place.volume.name): "/data"})
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stdout
    # The same on a volume that has the database: the app is worth more than its replica.
    with place.machine() as container:
        container.stop()
    with place.machine(AWS_SECRET_ACCESS_KEY="wrong") as container, contextlib.suppress(docker.DockerError):
        place.add("row")
        place.synced(container)
        pytest.fail("a wrong key is said to be a sync")
