"""ops/review: a review app comes once and goes for good, with the real flyctl."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flyplatform.faults import Fault
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


@pytest.fixture
def review(make_account: Callable[..., Account]) -> Account:
    """A project with review apps that needs both addresses."""
    service = {"name": "auth", "port": 6600}
    return make_account(database="none", github=True, review_apps=True, tcp_services=[service])


def test_it_goes_although_the_list_of_apps_lacks_it(review: Account) -> None:
    review.platform.world.add_app("shop-pr-7", "personal")
    review.platform.faults.append(Fault(r"^graphql .*\bapps\b", odd=True, body={"data": None}))

    ran = review.run("review", "down", "--number=7")

    assert (ran.code, list(review.platform.world.apps)) == (0, []), ran.text
    again = review.run("review", "down", "--number=7")
    assert (again.code, again.out) == (0, "There is no shop-pr-7.\n"), again.text


def test_a_run_that_ended_between_the_addresses_is_completed(review: Account) -> None:
    fault = Fault(r"^graphql allocateIpAddress", times=1, after=1)
    review.platform.faults.append(fault)
    failed = review.run("review", "up", "--number=7")
    assert (failed.code, fault.hits) == (1, 1), failed.text
    assert "got no IPv6 address. Run again: ops/review up --number=7" in failed.verdict

    ran = review.run("review", "up", "--number=7")

    assert ran.code == 0, ran.text
    assert [address.kind for address in review.platform.world.apps["shop-pr-7"].addresses] == ["shared_v4", "v6"]
