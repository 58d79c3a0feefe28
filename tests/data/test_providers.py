"""What each provider keeps and brings back, in the words of its own tool, and what is said when something is amiss."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.data.places import ANSWERS, CLUSTER, PROVIDERS, Place, fill, neon_problems, shells
from tests.support.fake_fly import new_app

pytestmark = pytest.mark.needs("jq", "psql")

WAL_WAITS = "secrets list --app shop-db --json"
LIST = {
    "fly_managed": [f"mpg backup list {CLUSTER} --all"],
    "fly_postgres": [
        "volumes list --app shop-db --json",
        "volumes snapshots list vol_1 --app shop-db",
        WAL_WAITS,
        "postgres backup list --app shop-db",
    ],
    "neon": ["snapshots list"],
}
CREATE = {
    "fly_managed": [f"mpg backup create {CLUSTER} --type full"],
    "fly_postgres": [WAL_WAITS, "postgres backup list --app shop-db", "postgres backup create --app shop-db"],
    "neon": ["snapshots create"],
}
AT = "2026-06-01T12:00:00Z"
POINT_IN_TIME = {
    "fly_managed": [f"mpg restore {CLUSTER} --pitr-time {AT} --name shop-june"],
    "fly_postgres": [
        WAL_WAITS,
        "postgres backup list --app shop-db",
        f"postgres backup restore shop-june --app shop-db --restore-target-time {AT}",
        "machine list --app shop-june --json",
    ],
    "neon": [f"branches create --name shop-june --parent {AT} --no-secrets"],
}
ONE_BACKUP = {
    "fly_managed": [f"mpg restore {CLUSTER} --backup-id b-7 --name shop-june"],
    "fly_postgres": [
        WAL_WAITS,
        "postgres backup list --app shop-db",
        "postgres backup restore shop-june --app shop-db --restore-target-name b-7",
        "machine list --app shop-june --json",
    ],
    "neon": ["snapshots restore b-7 --name shop-june"],
}


@pytest.fixture
def own_database() -> bool:
    """Nothing here writes to it."""
    return False


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.123456Z")


def keep(place: Place, *ages: float) -> None:
    """Let the provider have finished backups of these ages in hours."""
    fly = place.fly
    volume = {"id": "vol_1", "size_gb": 10, "region": "fra"}
    fly.update(lambda state: state["apps"]["shop-db"].update(volumes=[volume]))
    fly.update(lambda state: state["apps"].update({"shop-june": new_app() | {"machines": [{"id": "2"}]}}))
    backups = [{"id": f"b-{age}", "status": "completed", "type": "full", "stop": hours_ago(age)} for age in ages]
    backups.append({"id": "b-failed", "status": "failed", "type": "full", "stop": hours_ago(0)})
    backups.append({"id": "b-now", "status": "in_progress", "type": "full", "stop": ""})
    fly.answer("mpg backup list", json.dumps(backups) if ages else f"No backups found for cluster {CLUSTER}")
    snapshots = [{"id": f"vs_{age}", "status": "created", "created_at": hours_ago(age)} for age in ages]
    fly.answer("volumes snapshots list", json.dumps(snapshots))
    (fly.folder / "snapshots.json").write_text(
        json.dumps([{"id": f"snap-{age}", "created_at": hours_ago(age)} for age in ages])
    )
    for command in (
        "postgres backup list",
        "postgres backup create",
        "postgres backup restore",
        "mpg restore",
        "volumes snapshots create",
        "mpg backup create",
    ):
        fly.answer(command, "done")


def asked(place: Place) -> list[str]:
    """What the provider was asked, without the looks who is logged in, and whether a copy is there."""
    if place.provider == "neon":
        assert neon_problems(place.neon_calls()) == []
        looks = re.compile("me$|branches get (?!.*json)")
        return [call for call in place.neon_calls() if not looks.match(call)]
    assert place.fly.refused() == []
    return [line for line in place.fly.lines() if not line.startswith(("auth ", "mpg list", "apps list"))]


def test_backups_are_listed(anywhere: Place) -> None:
    keep(anywhere, 1)
    done = anywhere.run("backup", "--list")
    assert done.returncode == 0, done.stderr
    assert asked(anywhere) == LIST[anywhere.provider]


def test_a_backup_is_made(anywhere: Place) -> None:
    keep(anywhere, 1)
    assert anywhere.run("backup", "--create").returncode == 3, "nobody said yes"
    assert asked(anywhere) == []
    done = anywhere.run("backup", "--create", "--yes")
    assert done.returncode == 0, done.stderr
    assert asked(anywhere) == CREATE[anywhere.provider]


@pytest.mark.parametrize(("ages", "words", "code"), [
    ([30, 1, 50], ["--check"], 0),
    ([27, 50], ["--check"], 1),
    ([27, 50], ["--check=48"], 0),
    ([3], ["--check=3"], 1),
    ([], ["--check"], 1),
], ids=["fresh", "stale", "stale but asked for less", "exactly as old", "none"])  # fmt: skip
def test_a_backup_that_is_too_old_is_a_failure(anywhere: Place, ages: list[float], words: list[str], code: int) -> None:
    keep(anywhere, *ages)
    done = anywhere.run("backup", *words)
    assert done.returncode == code, done.stderr
    assert ("hours old" if ages else "has no finished backup") in done.stdout + done.stderr
    assert ("ops/backup production --create" in done.stderr) == (code == 1)


@pytest.mark.parametrize(
    ("word", "calls"), [(f"--at={AT}", POINT_IN_TIME), ("--backup=b-7", ONE_BACKUP)], ids=["point in time", "backup"]
)
def test_the_provider_restores_into_something_new(anywhere: Place, word: str, calls: dict[str, list[str]]) -> None:
    keep(anywhere, 1)
    done = anywhere.run("restore", word, "--name=shop-june", "--yes")
    assert done.returncode == 0, done.stderr
    assert asked(anywhere) == calls[anywhere.provider]
    assert "shop-june" in done.stdout
    assert "fly secrets import -a shop" in done.stdout


def test_a_snapshot_of_a_volume_becomes_a_new_server_of_the_same_kind(at: Callable[[str], Place]) -> None:
    place = at("fly_postgres")
    keep(place, 1)
    machine = {
        "id": "1",
        "image_ref": {"registry": "registry-1.docker.io", "repository": "flyio/postgres-flex", "tag": "17.2"},
    }
    place.fly.update(lambda state: state["apps"]["shop-db"].update(machines=[machine]))
    place.fly.update(lambda state: state["apps"].pop("shop-june"))
    done = place.run("restore", "--backup=vs_9", "--name=shop-june", "--yes")
    assert done.returncode == 0, done.stderr
    assert asked(place)[-2] == (
        "postgres create --name shop-june --org personal --region fra --initial-cluster-size 1 --vm-size shared-cpu-1x"
        " --volume-size 10 --snapshot-id vs_9 --image-ref registry-1.docker.io/flyio/postgres-flex:17.2"
    )


def test_without_wal_backups_only_snapshots_are_offered(at: Callable[[str], Place]) -> None:
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.stub("postgres backup list", "echo 'Error: backups are not enabled' >&2; exit 1")
    listed = place.run("backup", "--list")
    assert listed.returncode == 0, listed.stderr
    assert "fly postgres backup enable -a shop-db" in listed.stdout
    assert place.run("backup", "--create", "--yes").returncode == 0
    assert asked(place)[-1] == "volumes snapshots create vol_1 --app shop-db"
    done = place.run("restore", f"--at={AT}", "--yes")
    assert done.returncode == 1
    assert "fly postgres backup enable -a shop-db" in done.stderr


def test_wal_backups_that_wait_for_their_secret_are_no_backups(at: Callable[[str], Place]) -> None:
    """`fly postgres backup enable` only stores a secret, and flyctl then takes them for enabled."""
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.answer("secrets list", '[{"name": "S3_ARCHIVE_CONFIG", "status": "Staged"}]')
    listed = place.run("backup", "--list")
    assert listed.returncode == 0, listed.stderr
    assert "are not switched on. To have them: fly secrets deploy -a shop-db" in listed.stdout
    assert "backup enable" not in listed.stdout
    assert place.run("backup", "--create", "--yes").returncode == 0
    assert asked(place)[-1] == "volumes snapshots create vol_1 --app shop-db"


DISK = """Filesystem     1024-blocks   Used Available Capacity Mounted on
/dev/vdc           1011672 930000     30000      97% /data"""


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (f"echo '{DISK}'", "disk         908 of 987 MB in use (97%)"),
        ("exit 1", "disk         unknown. See: fly ssh console"),
    ],
)
def test_how_full_the_disk_is(at: Callable[[str], Place], answer: str, says: str) -> None:
    place = at("fly_postgres")
    place.fly.stub("ssh console", answer)
    done = place.run("database", DATABASE_URL=place.url)
    assert (done.returncode, says in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize("words", [["--list"], ["--create", "--yes"], ["--check"]], ids=lambda words: words[0])
@pytest.mark.parametrize("volumes", ["echo '[]'", "echo null", "echo 'Error: lookup: no such host' >&2; exit 1"])
def test_a_question_that_fails_is_no_backup(at: Callable[[str], Place], words: list[str], volumes: str) -> None:
    """`ops/backup --create && ops/deploy` must not go on."""
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.stub("postgres backup list", "echo 'Error: backups are not enabled' >&2; exit 1")
    place.fly.stub("volumes list", volumes)
    done = place.run("backup", *words)
    assert done.returncode == 1
    assert "has no volume" in done.stderr or "Fly did not answer" in done.stderr
    assert "fly postgres backup enable" not in done.stdout


def test_a_failure_is_not_taken_for_something_that_is_missing(at: Callable[[str], Place]) -> None:
    place = at("fly_managed")
    place.fly.fail("mpg list", "network")
    assert "Fly did not answer" in place.run("backup", "--list").stderr
    place.fly.fail("machine list", "network")
    state = place.run("database", DATABASE_URL=place.url)
    assert (state.returncode, "Fly did not answer" in state.stderr) == (1, True)


def test_each_environment_has_its_own_branch_at_neon(at: Callable[[str], Place], render: Callable[..., Path]) -> None:
    place = replace(at("neon"), project=render({**ANSWERS, "database": "neon", "environments": [{"name": "staging"}]}))
    keep(place, 30)
    (place.fly.folder / "branch.json").write_text('{"id": "br-1", "name": "staging"}')
    snapshots = [
        {"id": "snap-1", "source_branch_id": "br-0", "created_at": hours_ago(1)},
        {"id": "snap-2", "source_branch_id": "br-1", "created_at": hours_ago(30)},
    ]
    (place.fly.folder / "snapshots.json").write_text(json.dumps(snapshots))
    assert place.run("backup", "staging", "--create", "--yes").returncode == 0
    old = place.run("backup", "staging", "--check")
    assert (old.returncode, "is 30 hours old" in old.stderr) == (1, True)
    assert place.run("backup", "--check").returncode == 0
    done = place.run("restore", "staging", f"--at={AT}", "--name=back", "--yes")
    assert done.returncode == 0, done.stderr
    assert asked(place) == [
        "snapshots create --branch staging",
        "branches get staging --output json",
        "snapshots list --output json",
        "snapshots list --output json",
        "branches create --name back --parent staging --no-secrets",
        f"branches restore back staging@{AT}",
    ]
    assert place.run("backup", "--create", "--yes", NEON_BRANCH="main").returncode == 0
    assert asked(place)[-1] == "snapshots create --branch main"


@pytest.mark.parametrize("machines", [[], [{"id": "1", "image_ref": {}}]], ids=["none", "odd"])
def test_a_snapshot_is_not_restored_into_a_server_of_no_kind(at: Callable[[str], Place], machines: list[Any]) -> None:
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.update(lambda state: state["apps"]["shop-db"].update(machines=machines))
    done = place.run("restore", "--backup=vs_9", "--name=shop-june", "--yes")
    assert (done.returncode, "no machine of shop-db tells its image" in done.stderr) == (1, True)
    assert not any(line.startswith("postgres create") for line in place.fly.lines())


def test_a_restore_that_started_no_server_is_no_success(at: Callable[[str], Place]) -> None:
    """flyctl ignores that the machine could not be launched."""
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.update(lambda state: state["apps"]["shop-june"].update(machines=[]))
    done = place.run("restore", f"--at={AT}", "--name=shop-june", "--yes")
    assert (done.returncode, "shop-june has no machine, so nothing was restored" in done.stderr) == (1, True)


def test_no_command_would_destroy_a_server_that_was_there_before(at: Callable[[str], Place]) -> None:
    place = at("fly_postgres")
    keep(place, 1)
    place.fly.stub("postgres backup restore", "echo 'Error: the target time is odd' >&2; exit 1")
    for name, says in (("shop-june", "there is an app shop-june already"), ("new", "fly apps destroy new, then: ")):
        done = place.run("restore", f"--at={AT}", f"--name={name}", "--yes")
        assert (done.returncode, says in done.stderr) == (1, True), done.stderr
        assert "destroy shop-june" not in done.stderr


@pytest.mark.parametrize("shell", shells())
def test_the_state_of_the_database(anywhere: Place, shell: str) -> None:
    anywhere.fly.update(lambda state: state["apps"]["shop"].update(machines=[{"id": "1"}, {"id": "2"}]))
    done = anywhere.run("database", shell=shell, DATABASE_URL=anywhere.url)
    assert done.returncode == 0, done.stderr
    pool = 5 if anywhere.provider == "neon" else 10
    assert f"2 machines with POOL_SIZE {pool}, and 2 for migrations: {2 * pool + 2} at most" in done.stdout
    assert " of 47 in use on the server" in done.stdout
    assert ("no LISTEN and NOTIFY" in done.stdout) == (anywhere.provider != "fly_postgres")


def test_more_connections_than_there_are_is_a_failure(at: Callable[[str], Place]) -> None:
    place = at("fly_postgres")
    place.fly.update(lambda state: state["apps"]["shop"].update(machines=[{"id": str(n)} for n in range(5)]))
    done = place.run("database", DATABASE_URL=place.url)
    assert done.returncode == 1
    assert "may open 52 connections, but the server has 47. Lower POOL_SIZE in fly.toml" in done.stderr


# --- Nothing is done, and everything is said -----------------------------------------------------------------


DRY = (
    ["backup"],
    ["backup", "--list"],
    ["backup", "--create"],
    ["backup", "--check"],
    ["restore", "--from={dump}"],
    ["restore", "--from={dump}", "--replace=shop"],
    ["restore", f"--at={AT}"],
    ["restore", "--backup=b-7"],
    ["database"],
)


@pytest.mark.parametrize("shell", shells())
def test_a_dry_run_shows_commands_and_runs_none(anywhere: Place, shell: str, tmp_path: Path) -> None:
    dump = tmp_path / "x.dump"
    _tiny_dump(anywhere, dump)
    for words in DRY:
        script, *options = [word.format(dump=dump) for word in words]
        done = anywhere.run(script, *options, "--dry-run", shell=shell)
        assert done.returncode == 0, done.stderr
        assert "+ " in done.stderr, words
    assert anywhere.fly.lines() == []
    assert anywhere.neon_calls() == []
    assert not (anywhere.home / "backups").exists()


def _tiny_dump(place: Place, file: Path) -> None:
    server = place.server
    server.psql("create table if not exists one ()")
    where = [f"--host={server.socket_folder}", f"--port={server.direct_port}", "--username=owner", server.database]
    subprocess.run(["pg_dump", "-Fc", f"--file={file}", *where], check=True)
    digest = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout
    Path(f"{file}.sha256").write_text(digest)


@pytest.mark.parametrize("script", ["backup", "restore", "rollback", "database"])
@pytest.mark.parametrize("shell", shells())
def test_help_is_printed(managed: Place, script: str, shell: str) -> None:
    done = managed.run(script, "--help", shell=shell)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: ops/{script} [ENV]")
    assert "Exit codes: 0 " in done.stdout
    assert managed.fly.calls() == []


# --- Bad input ------------------------------------------------------------------------------------------------


def test_no_flyctl(managed: Place, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    needed = ["sh", "dirname", "basename", "date", "id", "find", "mktemp", "rm", "printenv", "sed", "awk"]
    needed += ["psql", "pg_dump", "pg_restore", "pg_isready"]
    for name in needed:
        (tools / name).symlink_to(shutil.which(name) or "/missing")
    for words in (["backup"], ["backup", "--list"], ["restore", f"--at={AT}"], ["rollback"]):
        done = managed.run(*words, PATH=str(tools))
        assert done.returncode == 3
        assert done.stderr.startswith(f"{words[0]}: flyctl is not installed. See https://")


def test_no_postgres_tools(managed: Place, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mktemp", "rm", "printenv", "sed"):
        (tools / name).symlink_to(shutil.which(name) or "/missing")
    done = managed.run("backup", PATH=str(tools))
    assert done.returncode == 3
    assert "psql is not installed" in done.stderr
    assert "postgresql-client" in done.stderr


@pytest.mark.parametrize(
    "words", [["backup"], ["backup", "--list"], ["restore", f"--at={AT}"], ["rollback"]], ids=" ".join
)
def test_not_logged_in(managed: Place, words: list[str]) -> None:
    managed.fly.update(lambda state: state.update(email=None))
    done = managed.run(*words)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "fly auth login" in done.stderr


def test_nobody_logged_in_to_neon(at: Callable[[str], Place]) -> None:
    place = at("neon")
    (place.fly.folder / "neonctl.fails").touch()
    done = place.run("backup", "--list")
    assert done.returncode == 3
    assert "neonctl auth" in done.stderr


@pytest.mark.parametrize("words", [["--list"], ["--create", "--yes"], ["--check"]], ids=lambda words: words[0])
def test_what_neonctl_does_not_do_is_said_with_a_command_that_leads_on(
    at: Callable[[str], Place], words: list[str]
) -> None:
    place = at("neon")
    place.program("neonctl", '#!/bin/sh\n[ "$1" = me ] || { echo "ERROR: no such project" >&2; exit 4; }\n')
    done = place.run("backup", *words)
    assert (done.returncode, "backup: neonctl failed, see above" in done.stderr) == (1, True), done.stderr
    assert done.stderr.endswith(f"run again: ops/backup {' '.join(words)}\n")


LOSES = """#!/bin/sh
text=$(cat)
case $text in
  *"create database"*) {first}; echo 'ERROR:  permission denied to create database' >&2; exit 1 ;;
esac
printf '%s\\n' "$text" | '{real}' "$@"
"""


@pytest.mark.parametrize("provider", ["neon", "fly_postgres"])
def test_a_lost_answer_about_a_new_database_costs_nothing(
    at: Callable[[str], Place], tmp_path: Path, provider: str
) -> None:
    place = at(provider)
    place = place.on(place.server.fresh())
    fill(place.server, rows=20)
    assert place.backup(f"--to={tmp_path}/shop.dump").returncode == 0
    real = shutil.which("psql", path=place.env()["PATH"])
    assert real is not None
    if Path(real).parent == place.fly.bin:
        real = shutil.move(real, tmp_path / "psql")

    place.program("psql", LOSES.format(real=real, first=":"))
    refused = place.restore(f"--from={tmp_path}/shop.dump")
    place.program("psql", LOSES.format(real=real, first=f"printf '%s' \"$text\" | '{real}' \"$@\" >/dev/null 2>&1"))
    lost = place.restore(f"--from={tmp_path}/shop.dump")

    assert refused.returncode == 3
    last = refused.stderr.splitlines()[-1]
    assert "ERROR:  permission denied" in refused.stderr
    assert f". Then run: ops/restore --yes --from={tmp_path}/shop.dump --into={place.server.database}_restored_" in last
    assert (lost.returncode, "has all of it" in lost.stdout) == (0, True), lost.stderr


def test_the_copy_of_an_earlier_try_at_neon_goes_with_one_command(at: Callable[[str], Place]) -> None:
    place = at("neon")
    words = ["restore", f"--at={AT}", "--name=then", "--yes"]
    assert place.run(*words, NEON_PROJECT_ID="p-1").returncode == 0

    done = place.run(*words, NEON_PROJECT_ID="p-1")

    assert done.returncode == 1
    typed = f"neonctl branches delete then --project-id p-1 && ops/restore --at={AT} --name=then --yes"
    assert typed in done.stderr.splitlines()
    ran = subprocess.run(
        ["sh", "-c", typed], cwd=place.project, env=place.env(NEON_PROJECT_ID="p-1"), capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_the_app_is_missing(managed: Place) -> None:
    managed.fly.stub("ssh console", "echo 'Error: failed to get app: Could not find App \"shop\"' >&2; exit 1")
    done = managed.run("backup")
    assert done.returncode == 3
    assert done.stderr == "backup: Fly shows no app shop to this login. Run: ops/setup production\n"


def test_no_machine_tells_the_url(managed: Place) -> None:
    managed.fly.stub("ssh console", "echo 'Error: app shop has no started VMs.' >&2; exit 1")
    done = managed.run("backup")
    assert done.returncode == 3
    assert "Error: app shop has no started VMs." in done.stderr
    assert "no machine of shop tells its DATABASE_URL. Start one" in done.stderr
    assert "fly machine start -a shop" in done.stderr


def test_no_cluster_is_attached(managed: Place) -> None:
    managed.fly.update(lambda state: state["clusters"].clear())
    done = managed.run("backup", "--list")
    assert done.returncode == 3
    assert "no Managed Postgres cluster of the organization personal is attached to shop" in done.stderr


@pytest.mark.parametrize("script", ["backup", "rollback"])
def test_a_wrong_environment(managed: Place, script: str) -> None:
    done = managed.run(script, "stagging")
    assert done.returncode == 2
    assert "there is no environment called stagging; there are: production" in done.stderr


@pytest.mark.parametrize(("words", "says"), [
    (["backup", "--too=x"], "unknown option: --too=x"),
    (["backup", "--check=soon"], "--check takes whole hours"),
    (["backup", "--variable=x y"], "--variable takes the name"),
    (["backup", "--variable=URL"], "ends with DATABASE_URL"),
    (["restore"], "say what to restore"),
    (["restore", "--from=x", "--at=y"], "say what to restore"),
    (["restore", "--from=missing.dump"], "there is no file"),
    (["restore", "--from=x", "--into=a", "--replace=b"], "choose one of"),
    (["restore", "--from=x", "--into=a; drop"], "letters, digits, - and _ only"),
    (["restore", "--at=yesterday"], "--at takes a time in UTC like"),
    (["rollback", "--to=latest"], "--to takes a release like v12"),
    (["rollback", "--migrations=all"], "--migrations takes the version"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")  # fmt: skip
def test_wrong_use(managed: Place, words: list[str], says: str) -> None:
    done = managed.run(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert managed.fly.calls() == []


def test_a_pg_dump_that_is_older_than_the_server(managed: Place, tmp_path: Path) -> None:
    managed.program("pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3 (Debian 12.3-1)'\n")
    done = managed.backup(f"--to={tmp_path}/x.dump")
    assert done.returncode == 3
    assert "pg_dump here is version 12, too old for the server's version " in done.stderr
    assert "Install postgresql-client-" in done.stderr


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("url", [
    "postgresql://a:b@localhost:5432/shop_dev",
    "postgresql://a:b@direct.abc.flympg.net/fly-db",
    "postgres://a:b@shop-db.flycast:5432/shop",
    "postgresql://a:b@ep-x-1.eu-central-1.aws.neon.tech/neondb",
], ids=["laptop", "fly_managed", "fly_postgres", "neon"])  # fmt: skip
def test_a_url_that_leads_to_another_provider(at: Callable[[str], Place], provider: str, url: str) -> None:
    place = at(provider)
    host = urlsplit(url).hostname or ""
    own = {"fly_managed": "flympg", "fly_postgres": "flycast", "neon": "neon"}[provider] in host
    done = place.run("backup", "--dry-run", DATABASE_URL=url)
    assert (done.returncode == 0) == own, done.stderr
    if not own:
        assert f"leads to {host}, which is not " in done.stderr
        assert "--ask database" in done.stderr
        assert "a:b" not in done.stderr


@pytest.mark.parametrize(("url", "says"), [
    ("shop", "does not begin with postgresql://"),
    ("mysql://a:b@c/d", "does not begin with postgresql://"),
    ("postgresql://a:b@direct.x.flympg.net", "names no database"),
    ("postgresql://a:b@/db", "lacks a user, a host or a database"),
    ("postgresql://a@direct.x.flympg.net/db", "has no password"),
    ("postgresql://a:100%@direct.x.flympg.net/db", "has a % that is not followed"),
])  # fmt: skip
def test_a_url_that_is_none(managed: Place, url: str, says: str) -> None:
    done = managed.run("backup", DATABASE_URL=url)
    assert done.returncode == 1
    assert says in done.stderr
    assert "a:b" not in done.stderr


def test_a_server_that_refuses(managed: Place, tmp_path: Path) -> None:
    wrong = managed.url.replace("p%40ss%2Fw0rd", "wrong")
    done = managed.run("backup", f"--to={tmp_path}/x.dump", DATABASE_URL=wrong)
    assert done.returncode == 1
    assert "does not let fly-user in" in done.stderr
    assert "wrong" not in done.stderr


def test_a_proxy_that_ends(managed: Place, tmp_path: Path) -> None:
    managed.fly.stub("mpg proxy", "echo 'Error: cluster not found' >&2; exit 1")
    done = managed.backup(f"--to={tmp_path}/x.dump")
    assert done.returncode == 1
    assert "Error: cluster not found" in done.stderr


def test_a_port_that_leads_elsewhere(managed: Place, tmp_path: Path) -> None:
    done = managed.backup(f"--to={tmp_path}/x.dump", PROXY_PORT=str(managed.server.port))
    assert done.returncode == 1
    assert f"port {managed.server.port} on this machine is taken" in done.stderr
    assert not any("proxy" in line for line in managed.fly.lines())


# --- Attached to a server of one's own --------------------------------------------------------------------------


@pytest.fixture
def attached(at: Callable[[str], Place]) -> Place:
    """An account where `fly postgres` does on a real server what Fly's image for it does (fly-apps/postgres-flex)."""
    place = at("fly_postgres")
    server = place.server
    psql = f"psql -qX -h {server.socket_folder} -p {server.direct_port} -U owner"
    server.psql("drop database if exists shop; drop role if exists shop")
    place.fly.update(lambda state: state["apps"]["shop"].update(secrets={}))
    place.fly.update(lambda state: state["apps"]["shop-db"].update(machines=[{"id": "db1", "state": "started"}]))
    place.fly.stub(
        "postgres attach",
        f"""case " $* " in *' --superuser=false '*) ;; *) exit 1 ;; esac
{psql} -d postgres -c 'create database shop'
{psql} -d shop -c 'grant create on schema public to public'
{psql} -d postgres -c "create user shop with login password 'x'; grant pg_read_all_data, pg_write_all_data to shop"
""",
    )
    place.fly.stub("postgres connect", f"{psql} -d postgres 2>&1")
    return place


# In a database of another, a user of PostgreSQL 15 or newer may do none but the first of these.
MIGRATIONS = (
    "create table players (id int primary key)",
    "create extension if not exists citext",
    "create schema if not exists drizzle",
)


@pytest.mark.needs("openssl")
def test_migrations_of_the_app_s_user_can_make_what_they_need(attached: Place) -> None:
    done = attached.run("setup", "--yes", "--no-deploy")
    assert done.returncode == 0, done.stderr
    for migration in MIGRATIONS:
        attached.server.psql(f"set role shop; {migration}", "shop")
    assert attached.fly.refused() == []


@pytest.mark.needs("openssl")
def test_what_the_server_refuses_is_left_to_a_person(attached: Place) -> None:
    attached.fly.stub("postgres connect", "echo 'ERROR:  must be owner of database shop'")
    done = attached.run("setup", "--yes", "--no-deploy")
    assert done.returncode == 0, done.stderr
    assert 'fly postgres connect -a shop-db, and there: ALTER DATABASE "shop" OWNER TO "shop";' in done.stdout
