"""Which cron lines are possible, and that the real supercronic runs all of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from copier_fly.fly import cron
from tests.support import needs

GOOD = (
    "* * * * *",
    "0 3 * * *",
    "*/5 8-18/2 1,15 * *",
    "59 23 31 12 6",
    "00 09 01 01 *",
    "0 0 29 2 *",
    "0 0 31 2 mon",
    "15 6 * JAN-mar,dec Mon-FRI",
    "0-9,30-39/3 * * * sun",
)
# The line, and the part that is told.
BAD = {
    "": "is no cron line",
    "* * * *": "is no cron line",
    "* * * * * *": "is no cron line",
    "@daily": "is no cron line",
    "60 * * * *": "60 is no minute",
    "* 24 * * *": "24 is no hour",
    "* * 0 * *": "0 is no day;",
    "* * * 13 *": "13 is no month",
    "* * * * 7": "7 is no day of the week",
    "* * * * monday": "monday is no day of the week",
    "5-1 * * * *": "5-1 is no minute",
    "60-59 * * * *": "60-59 is no minute",
    "*/0 * * * *": "*/0 is no minute",
    "*-5 * * * *": "*-5 is no minute",
    "5/10 * * * *": "5/10 is no minute",
    "1, * * * *": "1, is no minute",
    "* * L * *": "l is no day;",
    "0 0 30 2 *": "no such month has a day 30",
    "0 0 31 4,6 *": "no such month has a day 31",
    "* * * * *\n": "is no cron line",
}


@pytest.mark.parametrize("line", GOOD)
def test_it_is_possible(line: str) -> None:
    assert cron.problem(line) == ""


@pytest.mark.parametrize("line", BAD)
def test_it_is_told_what_is_wrong_and_what_is_allowed(line: str) -> None:
    said = cron.problem(line)
    assert BAD[line] in said
    assert "use five fields, in quotes and in UTC" in said


@pytest.mark.parametrize("line", [None, 5, 0.5, ["* * * * *"], {"*": 1}])
def test_what_is_no_text_is_no_cron_line(line: object) -> None:
    assert "is no cron line" in cron.problem(line)


@pytest.mark.needs("supercronic")
def test_supercronic_runs_all_of_them(tmp_path: Path) -> None:
    """What it says of each line that it parsed shows that it took five fields, and no word of the command."""
    crontab = tmp_path / "crontab"
    crontab.write_text("CRON_TZ=UTC\n" + "".join(f"{line} sh /etc/schedule.sh a b\n" for line in GOOD))
    done = subprocess.run(
        [str(needs.require("supercronic")), "-test", "-debug", str(crontab)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "crontab is valid" in done.stderr
    taken = [line for line in done.stderr.splitlines() if "try parse (5 fields)" in line]
    assert len(taken) == len(GOOD)
