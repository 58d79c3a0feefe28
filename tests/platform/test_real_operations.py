"""ops/rollback, secrets, logs and doctor: what they say is what the platform knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flyplatform.faults import Fault
from tests.flyplatform.world import Behaviour
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def deployed(account: Account, text: str) -> str:
    """Deploy another commit; its image."""
    account.commit("lib/a.ex", text)
    ran = account.run("deploy", "--yes")
    assert ran.code == 0, ran.text
    return account.image


# --- rollback


def test_a_rollback_brings_back_the_image_before(account: Account) -> None:
    first = account.image
    deployed(account, "1")

    ran = account.run("rollback", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.images == {first}
    assert [machine.state for machine in account.app.fleet] == ["started"]


def test_a_rollback_of_a_failed_deploy_skips_what_never_worked(account: Account) -> None:
    good = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(check="critical")
    assert account.run("deploy", "--yes").code == 1

    ran = account.run("rollback", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.images == {good}


def test_a_rollback_with_nothing_before_it_changes_nothing(account: Account) -> None:
    before = account.app.images
    account.platform.calls.clear()

    ran = account.run("rollback", "--yes")

    assert ran.code == 1
    assert account.app.images == before
    assert account.platform.changes == []


def test_a_rollback_to_sleeping_machines_is_no_failure(account: Account) -> None:
    first = account.image
    deployed(account, "1")
    for machine in account.app.fleet:
        machine.state = "suspended"

    ran = account.run("rollback", "--yes")

    assert account.app.images == {first}
    assert "no machine of shop is running" not in ran.text
    assert f"fly machine start {account.app.fleet[0].id}" in ran.text


def test_a_rollback_to_pages_that_fail_is_no_success(account: Account) -> None:
    first = account.image
    deployed(account, "1")
    account.platform.world.behaviours[first.rpartition(":git-")[2]] = Behaviour(page=500)

    ran = account.run("rollback", "--yes", "--wait=0")

    assert ran.code == 1, ran.text
    assert account.app.images == {first}
    assert "Rolled back" not in ran.text
    assert "/ answers 500: machine" in ran.verdict and ran.verdict.endswith("To see why: ops/logs production")


def test_a_rollback_that_did_not_finish_is_repeated(account: Account) -> None:
    first = account.image
    deployed(account, "1")
    account.platform.faults.append(Fault("^POST /v1/apps/shop/machines/[^/]+$", 500, "internal server error"))
    ran = account.run("rollback", "--yes")
    assert (ran.code, account.app.images) == (1, {account.image}), ran.text
    account.platform.faults.clear()

    ran = account.run("rollback", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.images == {first}
    ran = account.run("rollback", "--yes")
    assert (ran.code, account.app.images) == (1, {first}), "there is nothing further back"


def test_a_rollback_that_left_a_machine_out_names_what_reaches_it(account: Account) -> None:
    first = account.image
    deployed(account, "1")
    # Told that there is no machine, flyctl makes one more.
    account.platform.faults.append(Fault("^GET /v1/apps/shop/machines$", odd=True, body=None, times=1))

    ran = account.run("rollback", "--yes", "--wait=0")

    assert (ran.code, account.app.images) == (1, {first, account.image}), ran.text
    account.platform.faults.clear()
    assert account.type(ran.verdict).code == 0
    assert account.app.images == {first}


def test_a_revert_that_was_lost_is_not_called_none(account: Account) -> None:
    deployed(account, "1")
    account.platform.faults.append(Fault("^POST /v1/apps/shop/machines$", 422, "no such thing"))

    ran = account.run("rollback", "--yes", "--migrations=20260102030405")

    assert ran.code == 1, ran.text
    assert "it is unknown which migrations are reverted" in ran.verdict
    assert ran.verdict.endswith("run again: ops/rollback --yes --migrations=20260102030405")


def test_a_list_without_a_word_is_no_list(account: Account) -> None:
    for name in ("fly", "flyctl"):
        wrapper = account.login.bin / name
        wrapper.write_text(wrapper.read_text().replace("\n", '\n[ "$1 $2" != "secrets list" ] || exit 0\n', 1))

    ran = account.run("deploy", "--yes", f"--image={account.image}")

    assert (ran.code, ran.verdict) == (
        1,
        "deploy: flyctl printed no list. Run it yourself: flyctl secrets list --app shop",
    ), ran.text


# --- secrets


def test_secrets_of_a_file_are_stored_for_the_next_deploy(account: Account) -> None:
    (account.folder / "prod.env").write_text('SMTP_PASSWORD="a # value, with words"\nOTHER_KEY=plain-value-2\n')
    account.platform.calls.clear()

    ran = account.run("secrets", "--file=prod.env", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.secrets["SMTP_PASSWORD"].value == "a # value, with words"
    assert account.app.secrets["OTHER_KEY"].value == "plain-value-2"
    assert [call for call in account.platform.changes if "/machines/" in call] == []


def test_secrets_with_now_restart_the_machines(account: Account) -> None:
    (account.folder / "prod.env").write_text("SMTP_PASSWORD=a-new-value\n")
    before = account.app.fleet[0].instance_id

    ran = account.run("secrets", "--file=prod.env", "--now", "--yes")

    assert ran.code == 0, ran.text
    assert account.app.fleet[0].instance_id != before
    assert account.app.images == {account.image}


def test_secrets_that_could_not_be_stored_are_not_called_stored(account: Account) -> None:
    (account.folder / "prod.env").write_text("SMTP_PASSWORD=a-new-value\n")
    account.platform.faults.append(Fault("^POST /v1/apps/shop/secrets", 500))

    ran = account.run("secrets", "--file=prod.env", "--yes")

    assert ran.code == 1
    assert "SMTP_PASSWORD" not in account.app.secrets
    assert "Stored" not in ran.text


# --- logs


def test_logs_print_what_is_there_and_end(account: Account) -> None:
    account.app.say("request took 3 ms", account.app.fleet[0].id, "fra")

    ran = account.run("logs", "--no-tail", timeout=30)

    assert ran.code == 0, ran.text
    assert "request took 3 ms" in ran.out


def test_logs_of_an_app_without_a_line_end(account: Account) -> None:
    account.app.logs.clear()

    ran = account.run("logs", "--no-tail", timeout=30)

    assert ran.code == 0, ran.text
    assert (
        ran.verdict == "No line came within 10 seconds. There may be none yet, or Fly is slow: https://status.flyio.net"
    )


# --- doctor


def test_a_doctor_finds_an_account_well(account: Account) -> None:
    ran = account.run("doctor", timeout=120)

    assert "fail" not in [line.split()[0] for line in ran.out.splitlines() if "machines" in line], ran.text
    assert account.platform.changes == []


@pytest.mark.parametrize("state", ["stopped", "suspended", "failed", "replacing"])
def test_a_doctor_does_not_call_a_stopped_machine_ok(account: Account, state: str) -> None:
    account.app.fleet[0].state = state

    ran = account.run("doctor", timeout=120)

    assert ran.code == 1, ran.text
    assert not any(line.split()[:2] == ["ok", "machines"] for line in ran.out.splitlines()), ran.text


def test_a_doctor_without_an_answer_does_not_say_that_the_app_is_missing(account: Account) -> None:
    account.platform.faults.append(Fault("shop|graphql app", drop=True))

    ran = account.run("doctor", timeout=120)

    assert ran.code == 1, ran.text
    assert "no app shop" not in ran.text


def test_no_daemon_is_left_behind(account: Account) -> None:
    account.run("logs", "--no-tail", timeout=60)

    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert [words for words in commands if b"agent\0run" in words and bytes(account.login.folder) in words] == []


def test_the_page_on_backups_gets_a_full_disk_larger(make_account: Callable[..., Account]) -> None:
    account = make_account(database="fly_postgres")
    assert account.run("setup", "--yes", "--no-deploy").code == 0
    page = (account.folder / "docs/fly/backup-and-restore.md").read_text()
    extend = re.search(r"`(fly volumes extend VOLUME_ID --size GB [^`]*)`", page)
    assert extend
    (volume,) = account.platform.world.apps["shop-db"].volumes.values()

    ran = account.type(extend[1].replace("VOLUME_ID", volume.id).replace("GB", "3"))

    assert ran.code == 0, ran.text
    assert volume.size_gb == 3
