"""ops/offsite, and the scripts where the database is at Neon, while any call of a tool that they use fails.

Here a point is a call of such a tool: the AWS CLI, neonctl, a tool of PostgreSQL, age, tar. How to try all points with
all kinds is in tests/platform/chaos.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.data.offsite import Offsite
from tests.data.places import ANSWERS, Place, fill
from tests.platform.account import Ran
from tests.platform.chaos import BROKEN, PART, commands, heed_ctrl_c
from tests.support.profiles import THOROUGH

pytestmark = pytest.mark.needs("jq", "psql", "age", "aws")

TOOLS = ("aws", "neonctl", "psql", "pg_dump", "pg_restore", "pg_isready", "age", "tar")
KINDS = ("fails", "lost", "empty", "odd", "INT", "TERM", "KILL")

# Stands before a tool. Ctrl-C reaches all that runs in a terminal; TERM, the script alone. Where an answer names no
# branch, neonctl 5.0.1 fails to make or restore one; psql that ends well has done what it was told.
BEFORE = """#!/bin/sh
echo '{tool}' >>'{folder}/calls'
if [ -e '{folder}/struck' ] || [ "$(grep -cx '{tool}' '{folder}/calls')" != "${{CHAOS_{name}:-0}}" ]; then
  exec '{real}' "$@"
fi
touch '{folder}/struck'
group=$(cut -d ' ' -f 5 /proc/$$/stat)
case $CHAOS-${{1-}}-${{2-}} in
  fails-* | empty-branches-[cr]* | odd-branches-[cr]*) echo '{tool}: error: something went wrong' >&2; exit 1 ;;
  lost-*) '{real}' "$@" >/dev/null 2>&1; exit 1 ;;
  empty-* | odd-*)
    [ '{tool}' != psql ] || '{real}' "$@" >/dev/null
    [ "$CHAOS" = empty ] || echo null
    exit 0 ;;
  TERM-*) kill -TERM "$group" ;;
  *) kill "-$CHAOS" "-$group" ;;
esac
sleep 1
exec '{real}' "$@"
"""


@dataclass
class Chaos:
    """A place whose tools fail when they are told to."""

    place: Place
    folder: Path
    settings: dict[str, str]

    @classmethod
    def at(cls, place: Place, settings: dict[str, str]) -> Chaos:
        """Put something before each tool."""
        folder = place.home.parent
        path = place.env()["PATH"]
        for tool in TOOLS:
            real = shutil.which(tool, path=path)
            if real is None:
                continue
            if Path(real).parent == place.fly.bin:
                real = shutil.move(real, folder / f"real-{tool}")
            words = {"tool": tool, "name": tool.upper(), "real": real, "folder": folder}
            place.program(tool, BEFORE.format(**words))
        return cls(place, folder, settings)

    @property
    def calls(self) -> list[str]:
        """The tools that were called, in order."""
        return (self.folder / "calls").read_text().split()

    def run(self, command: str, **env: str) -> Ran:
        """Run a script as it is typed, in a group of its own."""
        for name in ("calls", "struck"):
            (self.folder / name).unlink(missing_ok=True)
        process = subprocess.Popen(
            ["sh", "-c", command if "&&" in command else f"exec {command}"],
            cwd=self.place.project,
            env=self.place.env(**self.settings, **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Ran(124, *process.communicate())
        return Ran(process.returncode, out, err)

    def problems(self, ran: Ran, kind: str) -> list[str]:
        """What is wrong with the way a script ended."""
        found = [f"the output has {words!r}" for words in BROKEN if words in ran.text]
        secrets = {self.place.secret} | {self.settings[name] for name in self.settings if name.endswith("_KEY")}
        found += ["a secret is shown" for secret in secrets if secret in ran.text]
        signals = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "KILL": signal.SIGKILL}
        codes = {0, 1, 3} if kind not in signals else {0, 1, 3, 128 + signals[kind], -signals[kind]}
        if ran.code not in codes:
            found.append(f"it ended with {ran.code}")
        if kind not in signals and ran.code != 0 and not commands(ran):
            found.append("it names no command that leads on")
        left = list(self.place.home.glob("fly-ops.*"))
        if left and kind != "KILL":
            found.append(f"it leaves {left}")
        for path in left:
            shutil.rmtree(path)
        return found

    def check(
        self,
        command: str,
        begin: Callable[[], object],
        reached: Callable[[], Any],
        record: Callable[[str, object], None],
    ) -> None:
        """Let a command fail at its points, and hold what it says against what there is then."""
        heed_ctrl_c()
        begin()
        ran = self.run(command)
        assert ran.code == 0, ran.text
        wanted = reached()
        points = [(tool, nth + 1) for tool in dict.fromkeys(self.calls) for nth in range(self.calls.count(tool))]
        part, parts = map(int, PART.split("/"))
        chosen = [(*point, kind) for point in points for kind in KINDS]
        turn = len(command.split()[1]) % len(KINDS) if " " in command else 0
        tried = chosen[part - 1 :: parts] if THOROUGH else [chosen[len(points) // 2 * len(KINDS) + turn]]
        record("points", (len(tried), len(chosen)))
        wrong: list[str] = []
        for tool, nth, kind in tried:
            begin()
            ran = self.run(command, CHAOS=kind, **{f"CHAOS_{tool.upper()}": str(nth)})
            struck = (self.folder / "struck").exists()
            found = self.problems(ran, kind)
            if ran.code == 0 and reached() != wanted:
                found.append(f"it says done, but there is {reached()}")
            again = self.run(command) if ran.code != 0 else ran
            for typed in commands(again) if again.code == 1 else []:
                again = self.run(f"{typed} --yes")
            if again.code != 0 or reached() != wanted:
                found.append(f"the same command then ends with {again.code}: {reached()}\n{again.text}")
            verdict = "wrong" if found else "green" if struck else "missed"
            where = f"{command}: {kind} at {tool} {nth}"
            print(f"{verdict} {where}", *found, *([ran.text] if found else []), sep="\n", flush=True)
            wrong += [f"{where}: {problem}\n{ran.text[-1500:]}" for problem in found]
        assert not wrong, f"{len(wrong)} of {len(tried)}:\n" + "\n\n".join(wrong)


@pytest.fixture
def bucket(real: Offsite) -> tuple[Offsite, Chaos]:
    """A full database, a bucket, and tools that fail when they are told to."""
    fill(real.place.server, rows=20)
    return real, Chaos.at(real.place, real.settings)


def test_a_push(bucket: tuple[Offsite, Chaos], record_property: Callable[[str, object], None]) -> None:
    offsite, chaos = bucket

    def whole() -> str:
        """What the newest dump in the bucket has."""
        open_it = f"age --decrypt --identity {offsite.keys[0]} {offsite.objects()[-1]} | tar -t | sed 's/.*Z//'"
        return subprocess.run(["sh", "-c", open_it], capture_output=True, text=True, check=True).stdout

    chaos.check("ops/offsite --push", lambda: shutil.rmtree(offsite.folder, ignore_errors=True), whole, record_property)


@pytest.mark.parametrize("action", ["drill", "check", "fetch"])
def test_what_comes_out_of_the_bucket(
    action: str, bucket: tuple[Offsite, Chaos], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    offsite, chaos = bucket
    assert chaos.run("ops/offsite --push").code == 0
    command = f"ops/offsite --{action}"
    if action == "fetch":
        command += f" --key={offsite.keys[0]} --to={tmp_path}/fetched"

    def begin() -> None:
        shutil.rmtree(tmp_path / "fetched", ignore_errors=True)
        for name in offsite.databases():
            if name.startswith("drill_"):
                offsite.place.server.psql(f'drop database "{name}"')

    def reached() -> Any:
        """What came, and whether nothing is left on the server of the drill."""
        fetched = [(file.suffix, file.stat().st_size) for file in sorted(tmp_path.glob("fetched/*"))]
        return fetched, [name for name in offsite.databases() if name.startswith("drill_")]

    chaos.check(command, begin, reached, record_property)


@pytest.mark.parametrize("kind", ["INT", "TERM"])
def test_a_drill_that_is_stopped_while_it_drops_its_copy_leaves_nothing(
    kind: str, bucket: tuple[Offsite, Chaos]
) -> None:
    offsite, chaos = bucket
    heed_ctrl_c()
    assert [chaos.run(f"ops/offsite --{action}").code for action in ("push", "drill")] == [0, 0]
    # The fifth time that psql runs; the sixth is the look whether the copy is gone.
    ran = chaos.run("ops/offsite --drill", CHAOS=kind, CHAOS_PSQL="5")
    assert (chaos.folder / "struck").exists()
    assert chaos.problems(ran, kind) == []
    assert [name for name in offsite.databases() if name.startswith("drill_")] == [], ran.text


@pytest.fixture
def neon(at: Callable[[str], Place], render: Callable[..., Path]) -> Chaos:
    """A full database at Neon, and tools that fail when they are told to."""
    project = render({**ANSWERS, "database": "neon", "environments": [{"name": "staging"}]})
    place = replace(at("neon"), project=project)
    fill(place.server, rows=20)
    snapshot = {"id": "s", "created_at": datetime.now(UTC).isoformat()}
    (place.fly.folder / "snapshots.json").write_text(json.dumps([snapshot]))
    return Chaos.at(place, {"DATABASE_URL": place.url})


@pytest.mark.parametrize("words", ["backup --list", "backup --check", "backup --create --yes", "database"])
def test_a_look_at_neon(neon: Chaos, words: str, record_property: Callable[[str, object], None]) -> None:
    neon.check(f"ops/{words}", lambda: None, lambda: None, record_property)


def test_a_copy_by_neon(neon: Chaos, record_property: Callable[[str, object], None]) -> None:
    folder = neon.place.fly.folder

    def begin() -> None:
        for branch in folder.glob("branch-*"):
            branch.unlink()

    def reached() -> dict[str, str]:
        """The branches, and the time that each has come to."""
        return {branch.name: branch.read_text() for branch in folder.glob("branch-*")}

    neon.check("ops/restore staging --yes --at=2026-06-01T12:00:00Z --name=then", begin, reached, record_property)


def test_a_copy_of_neon(neon: Chaos, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    neon.settings["BACKUP_DIR"] = f"{tmp_path}/copies"

    def reached() -> bool:
        """Whether there is a dump, and each has its checksum."""
        dumps = list(tmp_path.glob("copies/*.dump"))
        return bool(dumps) and all(Path(f"{dump}.sha256").exists() for dump in dumps)

    neon.check("ops/backup", lambda: shutil.rmtree(tmp_path / "copies", ignore_errors=True), reached, record_property)


def test_a_copy_comes_back_to_neon(neon: Chaos, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    server = neon.place.server
    again = f"{server.database}_again"
    assert neon.run(f"ops/backup --to={tmp_path}/shop.dump").code == 0

    def rows() -> str:
        """What the restored database has."""
        there = server.psql(f"select 1 from pg_database where datname = '{again}'")
        return server.psql("select count(*) from users", again) if there else ""

    command = f"ops/restore --yes --from={tmp_path}/shop.dump --into={again}"
    neon.check(command, lambda: server.psql(f'drop database if exists "{again}"'), rows, record_property)
