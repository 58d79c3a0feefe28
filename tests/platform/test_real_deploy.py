"""ops/deploy: what it says is what the platform knows."""

from __future__ import annotations

import re
import time

import pytest

from tests.flyplatform.faults import Fault
from tests.flyplatform.world import Behaviour, Lease
from tests.platform.account import DOCKERFILE, Account, Ran

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def way_back(ran: Ran) -> str:
    """The command that the script printed for going back."""
    lines = re.findall(r"^  (flyctl deploy .*)$", ran.text, re.MULTILINE)
    assert len(lines) == 1, ran.text
    return lines[0].strip()


def test_a_commit_is_built_deployed_and_verified(account: Account) -> None:
    account.commit("lib/a.ex", "1")

    ran = account.run("deploy", "--yes")

    assert ran.code == 0, ran.text
    assert ran.verdict.startswith("Deployed: ")
    assert account.app.images == {account.image}
    assert [machine.state for machine in account.app.fleet] == ["started"]
    assert account.app.releases[-1].status == "complete"


def test_an_image_that_is_there_is_deployed_without_a_build(account: Account) -> None:
    account.commit("lib/a.ex", "1")
    account.platform.registry.add(f"shop:git-{account.revision}")

    ran = account.run("deploy", "--yes", f"--image={account.image}")

    assert ran.code == 0, ran.text
    assert account.app.images == {account.image}


def test_a_failing_release_command_changes_no_machine(account: Account) -> None:
    before = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(release_exit=1, release_output="column is missing")

    ran = account.run("deploy", "--yes")

    assert ran.code == 1
    assert "the migrations) failed, so no machine was changed" in ran.verdict
    assert account.app.images == {before}
    assert account.app.releases[-1].status == "failed"


def test_a_failing_check_names_the_way_back_which_leads_back(account: Account) -> None:
    before = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(check="critical")

    ran = account.run("deploy", "--yes")

    assert ran.code == 1
    assert "never passed its health check" in ran.text
    assert before in way_back(ran)
    assert account.app.images == {account.image}
    back = account.type(way_back(ran))
    assert back.code == 0, back.text
    assert account.app.images == {before}
    assert [machine.state for machine in account.app.fleet] == ["started"]


def test_after_two_failures_the_way_back_is_the_last_good_image(account: Account) -> None:
    good = account.image
    for text in "12":
        account.commit("lib/a.ex", text)
        account.platform.world.behaviours[account.revision] = Behaviour(check="critical")
        ran = account.run("deploy", "--yes")
        assert ran.code == 1, ran.text
        assert good in way_back(ran)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_a_failing_build_is_called_one_whatever_it_prints(account: Account, terminal: bool) -> None:
    before = account.app.images
    words = "COPY health-checks-manifest smoke-checks release_command-machine /\n"
    account.commit("Dockerfile", DOCKERFILE + words)

    ran = (account.run_on_terminal if terminal else account.run)("deploy", "--yes")

    assert ran.code == 1
    assert "the image could not be built, so nothing was changed" in ran.verdict
    assert account.app.images == before
    assert len(account.app.releases) == 1


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_a_crash_loop_is_called_one_whatever_the_app_logs(account: Account, terminal: bool) -> None:
    before = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(
        exit_code=1, log=("Error: failed to solve: no such table", "Error: could not find image in the cache")
    )

    ran = (account.run_on_terminal if terminal else account.run)("deploy", "--yes")

    assert ran.code == 1
    assert "a new machine starts and stops again" in ran.text
    assert before in way_back(ran)


def test_an_image_that_is_missing_changes_nothing(account: Account) -> None:
    before = account.app.images

    ran = account.run("deploy", "--yes", "--image=registry.fly.io/shop:git-0123456789ab")

    assert ran.code == 1
    assert "there is no image registry.fly.io/shop:git-0123456789ab, so nothing was changed" in ran.verdict
    assert account.app.images == before


def test_nothing_is_called_deployed_while_no_machine_runs(account: Account) -> None:
    account.app.fleet[0].state = "stopped"
    account.commit("lib/a.ex", "1")

    ran = account.run("deploy", "--yes")

    assert [machine.state for machine in account.app.fleet] == ["stopped"]
    assert ran.code == 1, ran.text
    assert "Deployed" not in ran.out.splitlines()[-1]
    assert f"fly machine start {account.app.fleet[0].id}" in ran.text


def test_a_machine_that_serves_something_else_is_not_believed(account: Account) -> None:
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(serves=False)

    ran = account.run("deploy", "--yes", "--wait=0")

    assert ran.code == 1
    assert "does not serve" in ran.text
    way_back(ran)


def test_pages_that_fail_are_told_with_the_way_back(account: Account) -> None:
    before = account.image
    account.commit("lib/a.ex", "1")
    account.platform.world.behaviours[account.revision] = Behaviour(page=500)

    ran = account.run("deploy", "--yes", "--wait=0")

    assert ran.code == 1, ran.text
    assert "/ answers 500: machine" in ran.err
    assert before in way_back(ran)


def test_an_app_that_is_missing_is_called_so(empty: Account) -> None:
    ran = empty.run("deploy", "--yes")

    assert ran.code == 3
    assert "ops/setup production" in ran.verdict


def test_a_token_that_is_worth_nothing_is_named(account: Account) -> None:
    account.platform.faults.append(Fault("^graphql viewer", 200, "You must be authenticated to view this."))

    ran = account.run("deploy", "--yes")

    assert ran.code == 3
    assert "fly auth login" in ran.verdict


def test_a_machine_that_another_run_holds_is_waited_for(account: Account) -> None:
    account.commit("lib/a.ex", "1")
    account.platform.registry.add(f"shop:git-{account.revision}")
    # What a run of flyctl leaves that is killed.
    account.app.fleet[0].lease = Lease("n", time.time() + 100)

    ran = account.run("deploy", "--yes", f"--image={account.image}")

    assert (ran.code, "for two minutes at most" in ran.verdict) == (1, True), ran.text
    account.app.fleet[0].lease = None
    assert account.type(ran.verdict.partition("then run: ")[2]).code == 0
    assert account.app.images == {account.image}


def test_a_deploy_that_loses_the_platform_half_way_says_so(account: Account) -> None:
    before = account.app.images
    account.commit("lib/a.ex", "1")
    account.platform.faults.append(Fault("^POST /v1/apps/shop/machines/[^/]+$", 500, "internal server error"))

    ran = account.run("deploy", "--yes")

    assert ran.code == 1
    assert "Deployed" not in ran.text
    assert account.app.images == before
