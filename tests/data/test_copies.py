"""A copy of a database is whole or is none, and comes back beside what is running."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.data import places
from tests.data.places import TUNNEL, Place, alive, fill, fingerprints, shells, small_disk
from tests.support.postgres import Database

pytestmark = pytest.mark.needs("jq", "psql")


def databases(server: Database) -> set[str]:
    return set(server.psql("select datname from pg_database").splitlines())


@pytest.fixture(scope="module")
def good(
    plain_server: Database, projects: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Database, Path]:
    """A filled database and the dump that ops/backup made of it; neither is to be changed."""
    folder = tmp_path_factory.mktemp("good")
    place = places.place("fly_managed", projects("fly_managed"), plain_server.fresh(), folder)
    fill(place.server)
    done = place.backup(f"--to={folder}/shop.dump")
    assert done.returncode == 0, done.stderr
    return place.server, folder / "shop.dump"


@pytest.fixture
def dumped(managed: Place, good: tuple[Database, Path], tmp_path: Path) -> Path:
    """A good dump, with its checksum, of what the database at `managed` has."""
    database, dump = good
    name, user = managed.server.database, managed.server.user
    managed.server.psql(f'drop database "{name}"', "postgres")
    managed.server.psql(f'create database "{name}" template "{database.database}" owner "{user}"', "postgres")
    for ending in ("", ".sha256"):
        shutil.copy(f"{dump}{ending}", tmp_path)
    return tmp_path / dump.name


def test_a_million_rows_come_back_as_they_were(managed: Place, tmp_path: Path) -> None:
    fill(managed.server, rows=1_000_000)
    before = fingerprints(managed.server)

    done = managed.backup(f"--to={tmp_path}/shop.dump")
    assert done.returncode == 0, done.stderr
    assert "8 tables, 1000017 rows" in done.stdout
    managed.server.psql("drop table users cascade; drop table events, child, parent, secret")

    done = managed.restore(f"--from={tmp_path}/shop.dump", "--into=shop_again")
    assert done.returncode == 0, done.stderr
    assert "shop_again has all of it: 8 tables, 1000017 rows" in done.stdout
    assert fingerprints(managed.server, "shop_again") == before
    assert managed.server.psql("select shout('a'), count(*) from recent", "shop_again") == "A|999990"
    assert managed.fly.refused() == []


def test_each_provider_s_database_is_copied_and_brought_back(anywhere: Place, tmp_path: Path) -> None:
    fill(anywhere.server)
    file = tmp_path / "a copy.dump"
    assert (done := anywhere.backup(f"--to={file}")).returncode == 0, done.stderr
    assert oct(file.stat().st_mode & 0o777) == "0o600", "others on this machine could read the data"

    done = anywhere.restore(f"--from={file}")
    assert done.returncode == 0, done.stderr
    new = next(name for name in databases(anywhere.server) if name.startswith(f"{anywhere.server.database}_restored_"))
    assert fingerprints(anywhere.server, new) == fingerprints(anywhere.server)
    assert f"{new} has all of it" in done.stdout
    assert "To let production (shop) use it:" in done.stdout
    assert "fly secrets import -a shop" in done.stdout
    assert anywhere.fly.refused() == []


# What a user's shell may have for another server, or to reach that one in another way.
OF_ANOTHER_SERVER = {
    "PGHOST": "localhost",
    "PGHOSTADDR": "127.0.0.2",
    "PGPORT": "1",
    "PGDATABASE": "another",
    "PGUSER": "somebody",
    "PGPASSWORD": "of another server",
    "PGPASSFILE": "/nowhere",
    "PGSERVICE": "another",
    "PGOPTIONS": "-c search_path=nowhere",
    "PGSSLMODE": "verify-full",
    "PGSSLCERT": "/nowhere",
    "PGSSLCRL": "/nowhere",
    "PGREQUIREAUTH": "none",
    "PGCHANNELBINDING": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGGSSENCMODE": "require",
    "PGCLIENTENCODING": "SQL_ASCII",
}


def test_what_the_shell_has_for_another_server_leads_nowhere_else(anywhere: Place, tmp_path: Path) -> None:
    fill(anywhere.server, rows=10)
    authorities = {} if anywhere.provider == "neon" else {"PGSSLROOTCERT": "system"}
    done = anywhere.backup(f"--to={tmp_path}/shop.dump", **OF_ANOTHER_SERVER, **authorities)
    assert done.returncode == 0, done.stderr
    done = anywhere.restore(
        f"--from={tmp_path}/shop.dump", f"--into={anywhere.server.database}_again", **OF_ANOTHER_SERVER, **authorities
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shell", shells())
def test_it_works_in(shell: str, managed: Place, tmp_path: Path) -> None:
    fill(managed.server)
    assert (done := managed.backup(f"--to={tmp_path}/x.dump", shell=shell)).returncode == 0, done.stderr
    done = managed.restore(f"--from={tmp_path}/x.dump", "--into=in_another_shell_" + shell[:3], shell=shell)
    assert done.returncode == 0, done.stderr
    assert fingerprints(managed.server, "in_another_shell_" + shell[:3]) == fingerprints(managed.server)
    assert "8 tables, 517 rows" in managed.run("backup", f"--verify={tmp_path}/x.dump", shell=shell).stdout


def test_without_a_name_it_goes_into_the_home_folder_with_app_and_time(managed: Place) -> None:
    fill(managed.server)
    done = managed.backup()
    assert done.returncode == 0, done.stderr
    (file,) = (managed.home / "backups").glob("shop-20*.dump")
    assert managed.run("backup", f"--verify={file}").returncode == 0
    assert [path.name for path in (managed.home / "backups").iterdir() if path.suffix == ".partial"] == []


def test_the_app_itself_tells_its_url_when_the_shell_has_none(managed: Place, tmp_path: Path) -> None:
    fill(managed.server)
    # Fly ends the session with what the command ended with; the direct URL is not set here.
    tells = f"printf 'Connecting…\\r\\n%s\\r\\n' '{managed.url}'"
    managed.fly.stub("ssh console", f'case $* in *"printenv DATABASE_URL"*) {tells} ;; *) exit 1 ;; esac')
    done = managed.run("backup", f"--to={tmp_path}/x.dump")
    assert done.returncode == 0, done.stderr
    assert "URL from a machine of shop" in done.stdout
    assert managed.fly.refused() == []
    assert managed.secret not in done.stdout + done.stderr


def test_a_further_repo_s_database_is_found_by_its_variable(managed: Place, tmp_path: Path) -> None:
    audit = managed.on(managed.server.fresh())
    audit.server.psql("create table trail (id int); insert into trail values (1)")
    audit.server.psql('alter table trail owner to "fly-user"')
    # Of the app's other database.
    (tmp_path / "shop-20260101T000000Z.dump.rows").write_text("9000\tpublic.trail\n")
    url = {"SHOP_AUDIT_DATABASE_URL": audit.url}
    done = managed.run("backup", "--variable=SHOP_AUDIT_DATABASE_URL", BACKUP_DIR=str(tmp_path), **url)
    assert done.returncode == 0, done.stderr
    assert ("1 tables, 1 rows" in done.stdout, "Fewer rows" in done.stderr) == (True, False)
    command = done.stdout.splitlines()[-1].partition("database: ops/")[2]
    restored = managed.run(*shlex.split(command), "--yes", **url)
    assert restored.returncode == 0, restored.stderr
    stored = [line.strip().partition("=")[0] for line in restored.stdout.splitlines() if "PASSWORD" in line]
    assert stored == ["SHOP_AUDIT_DATABASE_URL", "SHOP_AUDIT_DIRECT_DATABASE_URL"]


def test_a_server_that_does_not_tell_is_not_said_to_lack_the_database(managed: Place, dumped: Path) -> None:
    real = shutil.which("psql")
    managed.program(
        "psql",
        f"""#!/bin/sh
[ ! -t 0 ] && input=$(cat)
case $input in *"pg_database where"*) echo 'server closed the connection' >&2; exit 2 ;; esac
printf '%s\\n' "$input" | exec {real} "$@"
""",
    )
    for word in ("--replace=shop", "--into=other"):
        done = managed.restore(f"--from={dumped}", word)
        assert (done.returncode, "there is no database" in done.stderr) == (1, False), done.stderr
        assert "did not tell whether there is a database" in done.stderr
        assert "server closed the connection. Run again: ops/restore --yes" in done.stderr


def test_a_server_that_tells_nothing_of_its_state_is_named(managed: Place) -> None:
    real = shutil.which("psql")
    managed.program(
        "psql",
        f"""#!/bin/sh
[ ! -t 0 ] && input=$(cat)
case $input in *max_connections*) exit 0 ;; esac
printf '%s\\n' "$input" | exec {real} "$@"
""",
    )
    done = managed.run("database", DATABASE_URL=managed.url)
    assert done.returncode == 1, done.stdout
    assert done.stderr.endswith(f" told nothing of the state of {managed.server.database}. Run again: ops/database\n")


def test_long_work_says_every_ten_seconds_what_it_is_at(managed: Place, tmp_path: Path) -> None:
    fill(managed.server)
    real = shutil.which("pg_dump")
    managed.program(
        "pg_dump",
        f"""#!/bin/sh
case $1 in --version) exec {real} --version ;; esac
{real} "$@"
echo 'dumping contents of table "public.users"' >&2
{shutil.which("sleep")} 5
""",
    )
    done = managed.backup(f"--to={tmp_path}/x.dump")
    assert done.returncode == 0, done.stderr
    assert '  copying, 10 s: dumping contents of table "public.users"' in done.stdout


# --- A file that is not what it was ------------------------------------------------------------------------


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def _tamper(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _lose_checksum(file: Path) -> None:
    Path(f"{file}.sha256").unlink()


def _cut_off_before_its_checksum(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    _sign(file)


def _no_dump(file: Path) -> None:
    file.write_text("create table users (id int);")
    _sign(file)


def _sign(file: Path) -> None:
    sum_ = subprocess.run(["sha256sum", file.name], cwd=file.parent, capture_output=True, text=True, check=True)
    Path(f"{file}.sha256").write_text(sum_.stdout)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_truncate, "has changed since it was written"),
        (_tamper, "has changed since it was written"),
        (_empty, "is empty"),
        (_lose_checksum, "sha256 is missing"),
        (_cut_off_before_its_checksum, "cannot be read to its end"),
        (_no_dump, "is no dump that pg_restore can read"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_anything_is_touched(
    managed: Place, dumped: Path, harm: object, says: str
) -> None:
    before = databases(managed.server)
    harm(dumped)  # type: ignore[operator]
    for done in (
        managed.restore(f"--from={dumped}", "--into=never"),
        managed.restore(f"--from={dumped}", f"--replace={managed.server.database}"),
        managed.run("backup", f"--verify={dumped}"),
    ):
        assert done.returncode == 1
        assert says in done.stderr
    assert managed.fly.calls() == []
    assert databases(managed.server) == before


def test_a_database_without_a_table_is_no_backup(managed: Place, tmp_path: Path) -> None:
    """Such as that of a wrong name: it would be green every night."""
    done = managed.backup(f"--to={tmp_path}/out/x.dump")
    assert done.returncode == 1
    assert "has no table. Is DATABASE_URL the URL of the database that the app uses?" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_rows_that_did_not_arrive_are_named(managed: Place, dumped: Path) -> None:
    # A trigger that an extension or another session might bring: here, a pg_restore that loses a row.
    real = shutil.which("pg_restore")
    managed.program(
        "pg_restore",
        f"""#!/bin/sh
{real} "$@" || exit
for word; do case $word in --dbname=*) psql -qXc "delete from users where id = 7" "${{word#*=}}" ;; esac; done
""",
    )
    done = managed.restore(f"--from={dumped}", "--into=short_of_one")
    assert done.returncode == 1
    assert "public.users: 500 rows in the dump, 499 restored" in done.stdout
    assert "Do not switch over" in done.stderr


# --- Cut off, or no room ------------------------------------------------------------------------------------


def _slow_dump(place: Place) -> None:
    """Let pg_dump write half a file and stay there."""
    real = shutil.which("pg_dump")
    place.program(
        "pg_dump",
        f"""#!/bin/sh
case $1 in --version) exec {real} --version ;; esac
for word; do case $word in --file=*) file=${{word#--file=}} ;; esac; done
echo $$ >'{place.fly.folder}/pid'
{real} --format=custom | head -c 500 >"$file"
exec {shutil.which("sleep")} 60
""",
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
def test_a_backup_that_is_cut_off_leaves_nothing_that_looks_whole(
    managed: Place, tmp_path: Path, how: signal.Signals
) -> None:
    fill(managed.server)
    _slow_dump(managed)
    folder = tmp_path / "out"
    folder.mkdir()
    # Who starts the tests in the background, or by nohup, has them and all that they start ignore SIGINT or SIGHUP.
    command = ["env", "--default-signal", str(managed.project / "ops/backup"), f"--to={folder}/x.dump"]
    running = subprocess.Popen(
        command,
        env=managed.env(DATABASE_URL=managed.url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    started = managed.fly.folder / "pid"
    try:
        partial = folder / "x.dump.partial"
        deadline = time.monotonic() + 30
        while not (partial.exists() and partial.stat().st_size == 500):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(how)
        assert running.wait(20) != 0
    finally:
        running.kill()
        dumping = int(started.read_text())
        # A process that was told to end may need a moment on a busy machine.
        deadline = time.monotonic() + 10
        while how is not signal.SIGKILL and alive(dumping) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = alive(dumping)
        if left:
            os.kill(dumping, signal.SIGKILL)
        _end_tunnel(managed)
    files = {path.name for path in folder.iterdir()}
    if how is signal.SIGKILL:
        assert files == {"x.dump.partial"}
        assert managed.run("backup", f"--verify={partial}").returncode == 1
        # A day later the next run takes away what this one had in its own folder, and names the file.
        (left_folder,) = managed.home.glob("fly-ops.*")
        os.utime(left_folder, (0, 0))
        (managed.fly.bin / "pg_dump").unlink()
        again = managed.backup(f"--to={folder}/y.dump")
        assert again.returncode == 0, again.stderr
        assert f"{partial} was left by a run that was killed, and is no backup." in again.stderr
        assert list(managed.home.glob("fly-ops.*")) == []
    else:
        assert files == set()
        assert not left, "pg_dump goes on"


def _end_tunnel(place: Place) -> None:
    """End what a killed script could not end itself."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if str(TUNNEL) in words and str(place.port) in words:
            os.kill(int(folder.name), signal.SIGKILL)


def test_what_a_killed_run_left_is_never_taken_for_a_backup(managed: Place, dumped: Path) -> None:
    partial = dumped.rename(f"{dumped}.partial")
    Path(f"{dumped}.sha256").rename(f"{partial}.sha256")
    for script, word in (("backup", f"--verify={partial}"), ("restore", f"--from={partial}")):
        done = managed.run(script, word, "--yes")
        assert (done.returncode, "was left by a run that was killed, and is no backup" in done.stderr) == (1, True)


def test_tables_that_have_lost_most_of_their_rows_are_named(managed: Place, tmp_path: Path) -> None:
    fill(managed.server)
    # In the same folder, of another app.
    (tmp_path / "shop-2-20260101T000000Z.dump.rows").write_text("9000\tpublic.users\n")
    for name, sentence in (
        ("20260101T000000Z", ""),
        ("20260102T000000Z", "public.users: 10 rows, 500 in the dump before"),
    ):
        done = managed.backup(f"--to={tmp_path}/shop-{name}.dump")
        assert done.returncode == 0, done.stderr
        assert ("Fewer rows" in done.stderr) == bool(sentence)
        assert sentence in done.stderr
        managed.server.psql("delete from users where id > 10")
    assert f"ops/restore production --from={tmp_path}/shop-20260101T000000Z.dump" in done.stderr
    done = managed.backup(f"--to={tmp_path}/shop-20260103T000000Z.dump")
    assert (done.returncode, "Fewer rows" in done.stderr) == (0, False), "it is told once"


def test_a_pg_dump_that_fails_leaves_nothing(managed: Place, tmp_path: Path) -> None:
    managed.server.psql("create table not_yours (id int)")
    folder = tmp_path / "out"
    done = managed.backup(f"--to={folder}/x.dump")
    assert done.returncode == 1
    assert "permission denied for table not_yours" in done.stderr
    assert list(folder.iterdir()) == []


def test_no_room_is_said_and_leaves_nothing(managed: Place, tmp_path: Path) -> None:
    fill(managed.server, rows=50_000)
    folder = tmp_path / "out"
    # A limit for the size of files, in blocks of 512 bytes; no disk need be filled.
    script = f'ulimit -f 400; exec "{managed.project}/ops/backup" --to="{folder}/x.dump"'
    done = subprocess.run(
        ["dash", "-c", script],
        env=managed.env(DATABASE_URL=managed.url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"there is not enough room in {folder}" in done.stderr
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(managed: Place, tmp_path: Path) -> None:
    fill(managed.server, rows=50_000)
    with small_disk(tmp_path / "disk") as disk:
        done = managed.backup(f"--to={disk}/x.dump")
        assert done.returncode == 1
        assert f"there is not enough room in {disk}" in done.stderr
        assert list(disk.iterdir()) == []


def test_an_earlier_backup_is_not_overwritten(managed: Place, dumped: Path) -> None:
    before = dumped.read_bytes()
    done = managed.backup(f"--to={dumped}")
    assert done.returncode == 1
    assert "never replaces another" in done.stderr
    assert dumped.read_bytes() == before


# --- What is running is left alone --------------------------------------------------------------------------


def test_a_database_with_tables_is_not_restored_into(managed: Place, dumped: Path) -> None:
    managed.server.psql("insert into users (email) values ('new@example.com')")
    done = managed.restore(f"--from={dumped}", f"--into={managed.server.database}")
    assert done.returncode == 1
    assert "is not empty, so it is left alone" in done.stderr
    assert managed.server.psql("select count(*) from users") == "501"


def test_an_empty_database_is_filled(managed: Place, dumped: Path) -> None:
    empty = managed.server.fresh()
    done = managed.restore(f"--from={dumped}", f"--into={empty.database}")
    assert done.returncode == 0, done.stderr
    assert fingerprints(empty) == fingerprints(managed.server)


def test_a_database_is_replaced_when_it_is_named(managed: Place, dumped: Path) -> None:
    before = fingerprints(managed.server)
    managed.server.psql("delete from users where id < 300; update users set note = 'wrong'")
    done = managed.restore(f"--from={dumped}", f"--replace={managed.server.database}")
    assert done.returncode == 0, done.stderr
    assert fingerprints(managed.server) == before


def test_what_came_after_the_dump_is_gone_after_a_replacement(managed: Place, dumped: Path) -> None:
    before = fingerprints(managed.server)
    owner = f'set role "{managed.server.user}";'
    managed.server.psql(
        f"""{owner} create table newer (id bigint references users, mood text);
        create view later as select * from users; create type mood as enum ('glad');
        create function newest() returns int language sql as 'select 1';
        create schema other; create table other.one ()"""
    )
    done = managed.restore(f"--from={dumped}", f"--replace={managed.server.database}")
    assert done.returncode == 0, done.stderr
    assert fingerprints(managed.server) == before
    left = "select (select count(*) from pg_class where relname in ('newer', 'later')), to_regtype('mood'),"
    assert managed.server.psql(f"{left} to_regproc('newest'), to_regnamespace('other')") == "0|||"


def _fail_half_way(place: Place) -> None:
    """Let pg_restore write half of its SQL."""
    real = shutil.which("pg_restore")
    script = f"""#!/bin/sh
case $* in *--clean*) {real} "$@" | head -n 200; echo 'pg_restore: error: gone' >&2; exit 1 ;; esac
exec {real} "$@"
"""
    place.program("pg_restore", script)


def _refuse_a_row(place: Place) -> None:
    """Let the server refuse what comes."""
    script = f"sed 's/^1\\tuser1@/x\\tuser1@/' | {shutil.which('psql')} \"$@\""
    place.program("psql", f"#!/bin/sh\n{script}\n")


@pytest.mark.parametrize(("harm", "says"), [(_fail_half_way, "gone"), (_refuse_a_row, "invalid input syntax")])
def test_a_replacement_that_fails_changes_nothing(
    managed: Place, dumped: Path, harm: Callable[[Place], None], says: str
) -> None:
    managed.server.psql("delete from users where id < 300")
    before = fingerprints(managed.server)
    harm(managed)
    done = managed.restore(f"--from={dumped}", f"--replace={managed.server.database}")
    assert done.returncode == 1
    assert f"{managed.server.database} is as it was" in done.stderr
    assert says in done.stderr
    assert fingerprints(managed.server) == before


def test_nothing_is_restored_that_nobody_agreed_to(managed: Place, dumped: Path) -> None:
    before = databases(managed.server)
    done = managed.run("restore", f"--from={dumped}", DATABASE_URL=managed.url)
    assert done.returncode == 3
    assert "Add --yes" in done.stderr
    assert databases(managed.server) == before


# --- Secrets ------------------------------------------------------------------------------------------------


def test_no_password_is_on_a_command_line_in_the_output_handed_on_or_left_behind(
    anywhere: Place, tmp_path: Path
) -> None:
    place = anywhere.with_own_password()
    fill(place.server)
    (tmp_path / "private").mkdir()
    here = "PGHOSTADDR=127.0.0.1 " if place.provider == "neon" else ""
    for tool in ("pg_dump", "pg_restore", "psql", "pg_isready"):
        place.program(
            tool,
            f"""#!/bin/sh
{{ cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'; tr '\\0' '\\n' </proc/$$/environ; }} >>'{tmp_path}/seen' 2>/dev/null
{here}exec {shutil.which(tool)} "$@"
""",
        )
    done = place.backup(f"--to={tmp_path}/x.dump", TMPDIR=f"{tmp_path}/private")
    assert done.returncode == 0, done.stderr
    again = place.restore(f"--from={tmp_path}/x.dump", TMPDIR=f"{tmp_path}/private")
    assert again.returncode == 0, again.stderr
    seen = (tmp_path / "seen").read_text(errors="replace") + done.stdout + done.stderr + again.stdout + again.stderr
    assert "pg_restore" in seen
    assert "PGPASSFILE" in seen
    for written in (place.secret, quote(place.secret, safe="")):
        assert written not in seen
    assert list((tmp_path / "private").iterdir()) == []
