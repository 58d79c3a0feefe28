"""Encrypted dumps in a bucket: what goes there comes back whole, or somebody hears of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.data import places
from tests.data.offsite import Offsite, private, public
from tests.data.places import ANSWERS, Place, fill, fingerprints, shells
from tests.support.postgres import Database
from tests.support.s3 import S3
from tests.support.template import REPO, render

pytestmark = pytest.mark.needs("jq", "psql", "age", "aws")
WORKFLOW = ".github/workflows/fly-backup.yml"


# What the scripts want of the AWS CLI, which takes half a second for each: on the folder of the bucket itself.
QUICK_AWS = """#!/bin/sh
there() {{ printf %s "{folder}/${{1#s3://}}"; }}
while [ $# -gt 0 ]; do
  case $1 in
    s3api | --only-show-errors) ;;
    s3) shift; verb=$1 ;;
    list-objects-v2 | head-object) verb=$1 ;;
    --bucket) bucket=$2; shift ;;
    --key | --prefix) key=$2; shift ;;
    -*) shift ;;
    *) [ -z "${{from-}}" ] && from=$1 || to=$1 ;;
  esac
  shift
done
case $verb in
  list-objects-v2)
    cd "{folder}/$bucket" && [ -d "$key" ] || {{ echo None; exit; }}
    find "$key" -type f -printf '%p\t%s\n' | sed 's|//|/|'
    ;;
  head-object) wc -c <"{folder}/$bucket/$key" ;;
  rm) rm "$(there "$from")" ;;
  cp)
    case $to in
      s3://*) mkdir -p "$(dirname "$(there "$to")")" && cp "$from" "$(there "$to")" ;;
      *) cp "$(there "$from")" "$to" ;;
    esac
    ;;
esac
"""


@pytest.fixture
def offsite(at: Callable[[str], Place], project: Path, keys: list[Path], tmp_path: Path) -> Offsite:
    """With something quicker in the place of both."""
    folder = tmp_path / "buckets"
    folder.mkdir()
    store = S3("http://127.0.0.1:1", "KEYID", "needle-of-the-bucket", folder)
    place = replace(at("fly_managed"), project=project)
    place.program("aws", QUICK_AWS.format(folder=folder))
    return Offsite(place, store, store.bucket(), keys)


@pytest.fixture(scope="module")
def pushed(plain_server: Database, project: Path, keys: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump as --push wrote it, of a database that `fill` filled; not to be changed."""
    folder = tmp_path_factory.mktemp("pushed")
    place = places.place("fly_managed", project, plain_server.fresh(), folder)
    fill(place.server)
    place.program("aws", QUICK_AWS.format(folder=folder))
    (folder / "bucket").mkdir()
    made = Offsite(place, S3("http://127.0.0.1:1", "KEYID", "KEY", folder), folder / "bucket", keys)
    done = made.run("--push")
    assert done.returncode == 0, done.stderr
    [file] = made.objects()
    return file


def stamp(hours: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y%m%dT%H%M%SZ")


def bring(offsite: Offsite, pushed: Path) -> Path:
    """Let the bucket have that dump."""
    offsite.folder.mkdir(parents=True)
    return Path(shutil.copy(pushed, offsite.folder))


# --- There and back ----------------------------------------------------------------------------------------


def test_what_is_pushed_comes_back_in_a_drill_and_by_hand(real: Offsite, tmp_path: Path) -> None:
    """With all that is real; what is too old goes, and nothing else; and no secret is in sight."""
    real.place = real.place.with_own_password()
    spy_on(real, tmp_path / "seen")
    (tmp_path / "private").mkdir()
    real.put("20200105T030000Z", "20200105T040000Z", "20200106T030000Z")
    strangers = {"README", "20200105T030000Z.tar", "20200105T030000Z.tar.age.old"}
    for name in strangers:
        (real.folder / name).write_text("not ours")
    said = there_and_back(real, tmp_path, OFFSITE_KEEP="2 0 0", TMPDIR=f"{tmp_path}/private")
    [old, new] = real.objects()
    assert (old.name, new.name > "2026") == ("20200106T030000Z.tar.age", True)
    assert {file.name for file in real.folder.iterdir()} == {old.name, new.name, *strangers}

    assert list((tmp_path / "private").iterdir()) == []
    seen = (tmp_path / "seen").read_text(errors="replace") + said
    assert "age --encrypt" in seen.replace("\n", " ")
    # The S3 server itself was started with its key on the command line.
    seen = seen.replace(f"--secret\n{real.store.key}\n", "")
    password = real.place.secret
    for secret in (private(real.keys[0]), real.store.key, password, quote(password, safe="")):
        assert secret not in seen


def spy_on(offsite: Offsite, file: Path) -> None:
    """Note every command line on this machine, and what is handed on, whenever a tool is started."""
    for tool in ("pg_dump", "pg_restore", "psql", "age", "tar", "aws"):
        # The AWS CLI takes its key from the environment, and it alone has it there.
        environ = ":" if tool == "aws" else "tr '\\0' '\\n' </proc/$$/environ"
        offsite.place.program(
            tool,
            f"""#!/bin/sh
{{ cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'; {environ}; }} >>'{file}' 2>/dev/null
exec {shutil.which(tool)} "$@"
""",
        )


@pytest.mark.parametrize("shell", shells())
def test_it_works_in(offsite: Offsite, tmp_path: Path, shell: str) -> None:
    there_and_back(offsite, tmp_path, shell)


def there_and_back(offsite: Offsite, tmp_path: Path, shell: str = "", **env: str) -> str:
    """Push, drill, fetch and restore; all that was said."""
    place = offsite.place
    fill(place.server)
    done = offsite.run("--push", shell=shell, **env)
    assert done.returncode == 0, done.stderr
    file = offsite.objects()[-1]
    assert "8 tables, 517 rows" in done.stdout
    assert b"user7@example.com" not in file.read_bytes()
    assert file.read_bytes().startswith(b"age-encryption.org/v1")

    before = offsite.databases()
    drilled = offsite.run("--drill", shell=shell, **env)
    assert drilled.returncode == 0, drilled.stderr
    assert "0 hours old, was restored with all of it: 8 tables, 517 rows" in drilled.stdout
    assert offsite.databases() == before, "the drill left its database behind"

    # The other key opens it as well; nobody but the owner of the key can.
    fetched = offsite.run("--fetch", f"--key={offsite.keys[1]}", f"--to={tmp_path}/back", shell=shell, **env)
    assert fetched.returncode == 0, fetched.stderr
    [dump] = (tmp_path / "back").glob("*.dump")
    assert oct(dump.stat().st_mode & 0o777) == "0o600"
    restored = place.restore(f"--from={dump}", f"--into=back_{place.server.database}")
    assert restored.returncode == 0, restored.stderr
    assert fingerprints(place.server, f"back_{place.server.database}") == fingerprints(place.server)
    assert place.fly.refused() == []
    return "".join(run.stdout + run.stderr for run in (done, drilled, fetched))


def test_a_database_of_another_variable_has_a_folder_of_its_own(offsite: Offsite) -> None:
    fill(offsite.place.server)
    url = {"SHOP_AUDIT_DATABASE_URL": offsite.place.url, "DATABASE_URL": ""}
    assert (done := offsite.run("--push", "--variable=SHOP_AUDIT_DATABASE_URL", **url)).returncode == 0, done.stderr
    assert [path.name for path in (offsite.bucket / "shop").iterdir()] == ["SHOP_AUDIT_DATABASE_URL"]
    assert "no dump of shop/DATABASE_URL" in offsite.run("--check").stderr
    checked = offsite.run("--check=0", "--variable=SHOP_AUDIT_DATABASE_URL")
    assert checked.stderr.endswith("make one: ops/offsite production --variable=SHOP_AUDIT_DATABASE_URL --push\n")


# --- What need not be kept -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "days"), [("", 400), ("3 0 0", 10), ("0 5 0", 60), ("0 0 40", 70), ("1 1 1", 3), ("all", 5)]
)
def test_the_newest_of_days_weeks_and_months_stay(offsite: Offsite, keep: str, days: int) -> None:
    server = offsite.place.server
    server.psql("create table one ()")
    server.psql('alter table one owner to "fly-user"')
    # Two on some days; one week without any, and the last a month ago: nothing goes because of that.
    end = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [end - timedelta(hours=12 * n) for n in range(2 * days) if not 20 <= n // 2 < 27 and (n % 2 == 0 or n < 9)]
    names = [f"{time:%Y%m%dT%H%M%SZ}" for time in times]
    offsite.put(*names)
    done = offsite.run("--push", OFFSITE_KEEP=keep)
    assert done.returncode == 0, done.stderr
    counts = [0, 0, 0] if keep == "all" else [max(int(number) - 1, 0) for number in (keep or "7 4 12").split()]
    stay = set(names) if keep == "all" else set()
    for count, period in zip(counts, ("%Y%m%d", "%G-%V", "%Y%m"), strict=True):
        newest: dict[str, str] = {}
        for when, name in zip(times, names, strict=True):
            newest.setdefault(when.strftime(period), name)
        stay |= set(list(newest.values())[:count])
    left = {file.name.removesuffix(".tar.age") for file in offsite.objects()} & set(names)
    # The new one is the newest of its own day, week and month.
    assert left == stay, sorted(stay ^ left)


def test_a_dump_that_has_shrunk_lets_no_earlier_one_go(offsite: Offsite) -> None:
    """The URL of another, emptier database would otherwise push the good dumps out, night by night."""
    fill(offsite.place.server)
    offsite.put("20200105T030000Z", "20200106T030000Z")
    (offsite.folder / "20200106T030000Z.tar.age").write_bytes(b"x" * 10_000_000)
    done = offsite.run("--push", OFFSITE_KEEP="1 0 0")
    assert (done.returncode, len(offsite.objects())) == (1, 3)
    assert "has less than half of the size of the one before, so no old one was deleted" in done.stderr
    again = offsite.run("--push", OFFSITE_KEEP="1 0 0")
    assert (again.returncode, len(offsite.objects())) == (0, 1), again.stderr


def test_a_full_disk_is_said_and_nothing_is_uploaded(offsite: Offsite, tmp_path: Path) -> None:
    fill(offsite.place.server, rows=50_000)
    with places.small_disk(tmp_path / "disk") as disk:
        done = offsite.run("--push", TMPDIR=str(disk))
        assert done.returncode == 1
        assert f"there is not enough room in {disk}/" in done.stderr
        assert "TMPDIR=FOLDER ops/offsite production --push" in done.stderr
        assert list(disk.iterdir()) == []
    assert offsite.objects() == []


@pytest.mark.parametrize(
    ("tool", "text", "words", "says"),
    [
        ("age", "", ["--push"], "the dump could not be encrypted"),
        ("tar", "", ["--drill"], "is not whole, see above. Try an earlier one: ops/offsite production --list"),
        ("tar", "echo null", ["--drill"], "is not whole, see above. Try an earlier one: ops/offsite production --list"),
    ],
)
def test_a_tool_that_writes_nothing_of_use(
    offsite: Offsite, pushed: Path, tool: str, text: str, words: list[str], says: str
) -> None:
    fill(offsite.place.server)
    bring(offsite, pushed)
    before = offsite.objects()
    offsite.place.program(tool, f"#!/bin/sh\n{text}\nexit 0\n")
    done = offsite.run(*words)
    assert (done.returncode, offsite.objects()) == (1, before)
    assert done.stderr.splitlines()[-1].startswith("offsite: ")
    assert says in done.stderr
    assert not re.search("number|No such file", done.stderr), done.stderr


# --- A drill that fails says so ------------------------------------------------------------------------------


def _flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def _cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-500])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _something_else(file: Path) -> None:
    file.write_text("<html>Service unavailable</html>\n")


def _too_old(file: Path) -> None:
    file.rename(file.with_name(f"{stamp(51)}.tar.age"))


def _none(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_flip_a_byte, "cannot be decrypted: age: error: failed to decrypt and authenticate payload chunk"),
        (_cut_off, "cannot be decrypted: age: error: "),
        (_empty, "is empty"),
        (_something_else, "cannot be decrypted: age: error: "),
        (_too_old, "is 51 hours old"),
        (_none, "there is no dump of shop/DATABASE_URL"),
    ],
)
def test_a_drill_on_what_is_no_good_dump_fails(
    offsite: Offsite, pushed: Path, harm: Callable[[Path], None], says: str
) -> None:
    harm(bring(offsite, pushed))
    before = offsite.databases()
    done = offsite.run("--drill")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("offsite: ")
    assert says in done.stderr
    assert "was restored" not in done.stdout
    assert offsite.databases() == before


def test_a_drill_with_another_key_fails(offsite: Offsite, pushed: Path, tmp_path: Path) -> None:
    bring(offsite, pushed)
    subprocess.run(["age-keygen", "-o", tmp_path / "other"], capture_output=True, check=True)
    done = offsite.run("--drill", OFFSITE_KEY=private(tmp_path / "other"))
    assert done.returncode == 1
    assert "this private key does not open the dump of" in done.stderr
    assert done.stderr.endswith("in OFFSITE_KEY, then run: ops/offsite --drill\n")


@pytest.mark.parametrize("content", ["another", "", "no key\n"])
def test_a_wrong_key_is_told_from_a_broken_dump(offsite: Offsite, pushed: Path, tmp_path: Path, content: str) -> None:
    bring(offsite, pushed)
    key = tmp_path / "other"
    key.write_text(content)
    if content == "another":
        key.unlink()
        subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    done = offsite.run("--fetch", f"--key={key}")
    stamp = offsite.objects()[-1].name.removesuffix(".tar.age")
    assert done.returncode == 1
    assert done.stderr.endswith(f"run: ops/offsite production --fetch={stamp} --key=FILE\n"), done.stderr


def test_rows_that_do_not_come_back_fail_the_drill(offsite: Offsite, pushed: Path) -> None:
    bring(offsite, pushed)
    real = shutil.which("pg_restore")
    offsite.place.program(
        "pg_restore",
        f"""#!/bin/sh
{real} "$@" || exit
for word; do case $word in --dbname=*) psql -qXc "delete from users where id = 7" "${{word#*=}}" ;; esac; done
""",
    )
    before = offsite.databases()
    done = offsite.run("--drill")
    assert done.returncode == 1
    assert "public.users: 500 rows in the dump, 499 restored" in done.stdout
    assert offsite.databases() == before


REFUSES = """#!/bin/sh
text=$(cat)
case $text in
  *"{said}"*) {first}; echo 'ERROR:  the connection was lost' >&2; exit 1 ;;
esac
printf '%s\\n' "$text" | '{real}' "$@"
"""


def test_a_drill_that_cannot_drop_its_copy_says_how_to(offsite: Offsite, pushed: Path) -> None:
    bring(offsite, pushed)
    before = offsite.databases()
    offsite.place.program("psql", REFUSES.format(real=shutil.which("psql"), said="drop database", first=":"))
    done = offsite.run("--drill")
    (left,) = offsite.databases() - before
    offsite.place.server.psql(f'drop database "{left}"')
    assert done.returncode == 1, done.stderr
    assert done.stderr.endswith(f"""Drop it: psql "$DRILL_DATABASE_URL" -c 'drop database "{left}"'\n""")


def test_the_copy_of_a_drill_that_was_killed_goes_with_the_next_one(offsite: Offsite, pushed: Path) -> None:
    """One whose process is there, one that is in use and a database of another kind stay."""
    bring(offsite, pushed)
    server = offsite.place.server
    killed = subprocess.Popen(["true"])
    killed.wait()
    gone, used = f"drill_20261127171750_{killed.pid}", f"drill_20261127171751_{killed.pid}"
    kept = {f"drill_20261127171752_{os.getpid()}", "drill_of_ours", used}
    for name in (gone, *kept):
        server.psql(f'create database "{name}" owner "{server.user}"')
    at_work = f"from pg_stat_activity where datname = '{used}'"
    with ThreadPoolExecutor() as pool:
        at_once = pool.submit(server.psql, "select pg_sleep(60)", used)
        while server.psql(f"select count(*) {at_work}") == "0":
            time.sleep(0.05)
        done = offsite.run("--drill")
        server.psql(f"select pg_terminate_backend(pid) {at_work}")
        assert at_once.exception()
    left = set(offsite.databases())
    for name in kept:
        server.psql(f'drop database "{name}"')
    assert done.returncode == 0, done.stderr
    assert re.findall("Dropped.*", done.stdout) == [f"Dropped {gone}, the copy of a drill that was killed"]
    assert gone not in left
    assert kept <= left


def test_a_lost_answer_about_the_database_of_a_drill_costs_nothing(offsite: Offsite, pushed: Path) -> None:
    bring(offsite, pushed)
    before, real = offsite.databases(), shutil.which("psql")
    made = f"printf '%s' \"$text\" | '{real}' \"$@\" >/dev/null 2>&1"
    offsite.place.program("psql", REFUSES.format(real=real, said="create database", first=made))
    done = offsite.run("--drill")
    assert (done.returncode, "was restored with all of it" in done.stdout) == (0, True), done.stderr
    assert offsite.databases() == before


def test_a_dump_whose_rows_are_not_those_that_were_counted_fails_the_drill(
    offsite: Offsite, pushed: Path, tmp_path: Path
) -> None:
    file = bring(offsite, pushed)
    age = ["age", "--decrypt", "--identity", offsite.keys[0], file]
    (tmp_path / "x.tar").write_bytes(subprocess.run(age, capture_output=True, check=True).stdout)
    subprocess.run(["tar", "-xf", "x.tar"], cwd=tmp_path, check=True)
    [rows] = tmp_path.glob("*.rows")
    rows.write_text(rows.read_text().replace("500\t", "501\t"))
    names = [path.name for path in tmp_path.glob("shop-*")]
    subprocess.run(["tar", "-cf", "y.tar", *names], cwd=tmp_path, check=True)
    again = ["age", "--encrypt", "--recipient", public(offsite.keys[0]), "--output", file, tmp_path / "y.tar"]
    subprocess.run(again, check=True)
    done = offsite.run("--drill")
    assert done.returncode == 1
    assert "differs from what was counted when it was made" in done.stderr


def test_the_age_of_the_newest_is_checked_without_a_key_for_the_dumps(offsite: Offsite) -> None:
    stamps = [stamp(30), stamp(200)]
    offsite.put(*stamps)
    assert "30 hours old" in (done := offsite.run("--check", OFFSITE_KEY="", DATABASE_URL="")).stdout
    assert done.returncode == 0
    stale = offsite.run("--check=26")
    assert stale.returncode == 1
    assert "ops/offsite production --push" in stale.stderr
    assert [line.split()[0] for line in offsite.run("--list").stdout.splitlines()] == stamps
    _empty(offsite.objects()[-1])
    empty = offsite.run("--check")
    assert (empty.returncode, "is empty" in empty.stderr) == (1, True)


@pytest.mark.parametrize(
    ("hours", "settings", "status", "says"),
    [
        (30, {}, "ok", "is 30 hours old"),
        (60, {}, "fail", "ops/offsite production --push"),
        (30, {"OFFSITE_BUCKET": ""}, "warn", "these are not set: OFFSITE_BUCKET."),
    ],
    ids=["fresh", "old", "not known"],
)
def test_the_doctor_looks_into_the_bucket(
    offsite: Offsite, hours: int, settings: dict[str, str], status: str, says: str
) -> None:
    offsite.put(stamp(hours))
    listed = json.loads(offsite.place.run("doctor", "--json", **offsite.settings | settings).stdout)
    assert [entry["status"] for entry in listed if entry["check"] == "backups" and says in entry["message"]] == [status]


# --- Bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "code", "says"),
    [
        ("OFFSITE_BUCKET", "", 3, "these are not set: OFFSITE_BUCKET."),
        ("OFFSITE_ENDPOINT", "s3.example.com", 2, "begins with https://"),
        ("OFFSITE_RECIPIENTS", "", 3, "age-keygen -o offsite.key"),
        ("OFFSITE_RECIPIENTS", "ssh-ed25519", 2, "no public key of age"),
        ("OFFSITE_RECIPIENTS", "AGE-SECRET-KEY-1NEEDLE", 2, "has a private key"),
        ("OFFSITE_KEEP", "7", 2, "takes three numbers"),
        ("OFFSITE_KEEP", "7 4 twelve", 2, "takes three numbers"),
        ("OFFSITE_KEEP", "0 0 0", 2, "takes three numbers"),
    ],
)
def test_a_setting_that_is_wrong(offsite: Offsite, setting: str, value: str, code: int, says: str) -> None:
    refused(offsite, setting, value, code, says)


@pytest.mark.parametrize(
    ("setting", "value", "code", "says"),
    [
        ("OFFSITE_ENDPOINT", "http://127.0.0.1:1", 1, "Check that it is up, then run: ops/offsite --push"),
        ("OFFSITE_SECRET_ACCESS_KEY", "wrong", 3, "rejects the key"),
        ("OFFSITE_ACCESS_KEY_ID", "WRONG", 3, "rejects the key"),
        ("OFFSITE_BUCKET", "no-such-bucket", 3, "there is no bucket no-such-bucket"),
    ],
)
def test_a_bucket_that_does_not_answer_as_it_should(
    real: Offsite, setting: str, value: str, code: int, says: str
) -> None:
    refused(real, setting, value, code, says)


def test_a_dump_that_is_not_there_is_not_called_a_bucket_that_is_down(real: Offsite, tmp_path: Path) -> None:
    key = f"--key={real.keys[0]}"
    done = real.run("--fetch=20260601T120000Z", key, f"--to={tmp_path}/there")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("does not have this dump. What it has: ops/offsite production --list")
    listed = real.run("--list")
    assert (listed.returncode, "There is no dump of shop/DATABASE_URL" in listed.stdout) == (0, True), listed.stderr


def refused(offsite: Offsite, setting: str, value: str, code: int, says: str) -> None:
    done = offsite.run("--push", **{setting: value})
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "NEEDLE" not in done.stdout + done.stderr
    assert offsite.place.fly.lines() == [], "the long work began all the same"


@pytest.mark.parametrize(
    ("words", "settings", "code", "says"),
    [
        (["--drill"], {"OFFSITE_KEY": ""}, 3, "OFFSITE_KEY is not set"),
        (["--drill"], {"DRILL_DATABASE_URL": ""}, 3, "DRILL_DATABASE_URL is not set"),
        (["--drill"], {"DRILL_DATABASE_URL": "postgresql://a:b@direct.x.flympg.net/fly-db"}, 2, "Fly Managed Postgres"),
        (["--drill=soon"], {}, 2, "takes whole hours"),
        (["--fetch"], {}, 2, "--key=FILE"),
        (["--fetch", "--key=none"], {}, 2, "there is no file"),
        (["--fetch=yesterday", "--key=x"], {}, 2, "like 20260601T120000Z"),
        (["--push", "--list"], {}, 2, "one thing at a time"),
        ([], {}, 2, "say what to do"),
        (["--push", "stagging"], {}, 2, "there are: production"),
        (["--push", "--pull"], {}, 2, "unknown option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(offsite: Offsite, words: list[str], settings: dict[str, str], code: int, says: str) -> None:
    done = offsite.run(*words, **settings)
    assert done.returncode == code, done.stderr
    assert says in done.stderr


@pytest.mark.parametrize("shell", shells())
def test_a_dry_run_shows_commands_and_runs_none(offsite: Offsite, shell: str) -> None:
    settings = dict.fromkeys(offsite.settings, "")
    for words in (["--push"], ["--list"], ["--check"], ["--drill"], ["--fetch", f"--key={offsite.keys[0]}"]):
        done = offsite.place.run("offsite", *words, "--dry-run", shell=shell, **settings)
        assert done.returncode == 0, done.stderr
        assert "+ aws s3api list-objects-v2 --bucket BUCKET --prefix shop/DATABASE_URL/" in done.stderr
    assert offsite.place.fly.lines() == []
    assert not (offsite.place.home / "backups").exists()
    assert offsite.place.run("offsite", "--help", shell=shell).stdout.startswith("Usage: ops/offsite [ENV] --push")


@pytest.mark.parametrize("tool", ["age", "aws"])
def test_a_tool_that_is_missing(offsite: Offsite, tmp_path: Path, tool: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    needed = ("sh", "dirname", "mktemp", "rm", "printenv", "sed", "psql", "pg_dump", "pg_restore", "pg_isready", "age")
    for name in needed:
        if name != tool:
            (tools / name).symlink_to(shutil.which(name) or "/missing")
    done = offsite.run("--push", PATH=str(tools))
    assert done.returncode == 3
    assert f"{tool} is not installed" in done.stderr
    assert "apt-get install" in done.stderr


# --- The workflow ----------------------------------------------------------------------------------------------


def steps(project: Path, job: str, context: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """What the steps of a job run, each with its environment, as GitHub fills it in."""
    workflow = yaml.safe_load((project / WORKFLOW).read_text())

    def value(text: Any) -> str:
        def fill_in(found: re.Match[str]) -> str:
            name, _, default = found[1].partition(" || ")
            return context.get(name, "") or default.strip("'")

        return re.sub(r"\$\{\{ (.*?) \}\}", fill_in, str(text))

    return [
        (step["run"], {name: value(text) for name, text in {**workflow["env"], **step.get("env", {})}.items()})
        for step in workflow["jobs"][job]["steps"]
        if "run" in step
    ]


def test_the_jobs_of_the_workflow_do_it(offsite: Offsite, tmp_path: Path) -> None:
    place = offsite.place
    fill(place.server)
    place.fly.stub("ssh console", f"case $* in *'printenv DATABASE_URL'*) echo '{place.url}' ;; *) exit 1 ;; esac")
    for tool in ("sudo", "gh"):
        place.program(tool, f"#!/bin/sh\necho {tool} \"$@\" >>'{tmp_path}/{tool}'\n")
    settings = offsite.settings
    context = {f"vars.{name}": value for name, value in settings.items() if "KEY" not in name}
    context |= {f"secrets.{name}": value for name, value in settings.items() if name.endswith("ACCESS_KEY")}
    context["secrets.OFFSITE_ACCESS_KEY_ID"] = settings["OFFSITE_ACCESS_KEY_ID"]

    def run(job: str, **more: str) -> subprocess.CompletedProcess[str]:
        for command, env in steps(place.project, job, context | more):
            # GitHub's runner keeps the job's own server at this address.
            server = {"DRILL_DATABASE_URL": settings["DRILL_DATABASE_URL"]} if "DRILL_DATABASE_URL" in env else {}
            done = subprocess.run(
                ["bash", "-e", "-c", command],
                cwd=place.project,
                env=place.env(GITHUB_PATH=f"{tmp_path}/path", GITHUB_REPOSITORY="me/shop", **env | server),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                break
        return done

    done = run("backup")
    assert done.returncode == 0, done.stderr
    assert "URL from a machine of shop" in done.stdout
    assert len(offsite.objects()) == 1
    done = run("drill", **{"secrets.OFFSITE_KEY": private(offsite.keys[0])})
    assert done.returncode == 0, done.stderr
    assert "was restored with all of it" in done.stdout
    assert "postgresql-client-17" in (tmp_path / "sudo").read_text()
    assert (tmp_path / "path").read_text().split() == ["/usr/lib/postgresql/17/bin"] * 2

    _empty(offsite.objects()[0])
    done = run("drill", **{"secrets.OFFSITE_KEY": private(offsite.keys[0])})
    assert done.returncode == 1
    assert run("alarm", **{"github.token": "t"}).returncode == 0
    assert "gh issue create --repo me/shop --title The backup of the database failed" in (tmp_path / "gh").read_text()


def test_the_private_key_is_nowhere_near_the_job_that_dumps(project: Path) -> None:
    workflow = yaml.safe_load((project / WORKFLOW).read_text())
    has_key = [name for name, job in workflow["jobs"].items() if "OFFSITE_KEY " in f"{job}".replace("}}", " ")]
    assert has_key == ["drill"]
    assert workflow["jobs"]["backup"]["environment"] != workflow["jobs"]["drill"]["environment"]
    scheduled = [entry["cron"] for entry in workflow[True]["schedule"]]
    assert all(any(cron in job.get("if", "") for job in workflow["jobs"].values()) for cron in scheduled)


def test_the_server_of_a_drill_is_that_of_the_catalog(project: Path) -> None:
    workflow = yaml.safe_load((project / WORKFLOW).read_text())
    image = yaml.safe_load((REPO / "extensions/copier_fly/fly/catalog/services.yml").read_text())["postgres"]
    assert workflow["jobs"]["drill"]["services"]["postgres"]["image"] == image
    assert workflow["env"]["POSTGRES"] == image.partition(":")[2]


def test_without_the_answer_none_of_it_is_there(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "shop", {**ANSWERS, "database": "fly_managed", "github": True})
    assert (project / ".github/workflows/fly-deploy.yml").exists()
    assert not (project / WORKFLOW).exists()
    assert not (project / "ops/offsite").exists()
    assert "offsite" not in (project / "docs/fly/backup-and-restore.md").read_text()


def test_its_actions_are_those_of_the_catalog(project: Path) -> None:
    catalog = yaml.safe_load((REPO / "extensions/copier_fly/fly/catalog/actions.yml").read_text())
    used = re.findall(r"uses: (.*)", (project / WORKFLOW).read_text())
    assert used
    for line in used:
        name = line.partition("@")[0]
        assert line == f"{name}@{catalog[name]['sha']} # {catalog[name]['tag']}"
