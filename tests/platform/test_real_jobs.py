"""Jobs while an app is deployed: the real flyctl, workers that are containers, a queue in a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.flyplatform.servers import Server
from tests.platform import small_app
from tests.platform.account import Account

pytestmark = [pytest.mark.system, pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl", "psql")]

# Takes one job after the other, marks it when it begins and when it ends, and ends between two when it is asked to.
WORKER = r"""#!/bin/sh
set -eu
[ "$FLY_PROCESS_GROUP" = worker ] || { echo "not a worker"; exit 1; }
sql() { psql -qXAt -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }
stop=
trap 'stop=1' TERM
while [ -z "$stop" ]; do
  job=$(sql "update jobs set begun = begun + 1, worker = '$FLY_MACHINE_ID' where id = (
    select id from jobs where begun = 0 order by id limit 1 for update skip locked) returning id")
  if [ -n "$job" ]; then
    sleep 0.2
    sql "update jobs set done = done + 1 where id = $job"
  fi
done
echo "no job is left half done"
"""
QUEUE = "create table jobs (id serial primary key, begun int default 0, done int default 0, worker text);"
DEPLOYS = 2


@contextmanager
def load(server: Server) -> Iterator[None]:
    """A new job ten times a second."""
    over = threading.Event()

    def feed() -> None:
        while not over.wait(0.1):
            server.psql("insert into jobs default values")

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        yield
    finally:
        over.set()
        feeding.join()


def wait_for(server: Server, condition: str) -> None:
    for _ in range(120):
        if server.psql(f"select {condition} from jobs") == "t":
            return
        time.sleep(0.5)
    pytest.fail(f"not within a minute: {condition}")


def test_every_job_is_done_once_whatever_is_deployed(
    make_small_app: Callable[..., Account], record_property: Callable[[str, object], None]
) -> None:
    account = make_small_app(workers=[{"name": "worker", "command": "/app/bin/worker", "count": 2}])
    account.git("add", str(small_app.write_migration(account.folder, "20260102000000_jobs", QUEUE, "drop table jobs;")))
    account.commit("app/bin/worker", WORKER)
    ran = account.run("setup", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    server = account.platform.flypg.servers["shop-db"]
    assert sorted(machine.group for machine in account.app.fleet) == ["app", "worker", "worker"]

    with load(server):
        wait_for(server, "count(distinct worker) = 2")
        for number in range(DEPLOYS):
            account.commit("priv/change", str(number))
            ran = account.run("deploy", "--yes", timeout=300)
            assert ran.code == 0, ran.text
            assert account.app.images == {account.image}
        ran = account.run("rollback", "--yes", timeout=300)
        assert ran.code == 0, ran.text
    wait_for(server, "every(begun > 0)")
    wait_for(server, "count(*) = count(*) filter (where done > 0)")

    done, twice, lost = server.psql(
        "select count(*) filter (where done = 1), count(*) filter (where begun > 1 or done > 1), "
        "count(*) filter (where done = 0) from jobs"
    ).split("|")
    record_property("jobs", f"{done} done, {twice} twice, {lost} lost in {DEPLOYS} deploys and a rollback")
    assert (twice, lost) == ("0", "0")
    assert int(done) > DEPLOYS, "the queue was in use all the time"
    said = [line for line in account.app.logs if "no job is left half done" in line["message"]]
    assert len(said) == 2 * (DEPLOYS + 1), "each worker was asked to end, and did in its time"
