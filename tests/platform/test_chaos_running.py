"""ops/rollback, ops/secrets and ops/review, with a platform that fails at any call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.platform import chaos
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def begin(account: Account) -> None:
    """Two commits were deployed, the second one runs, and there is a file of secrets."""
    account.platform.reset(account.kept)


@pytest.fixture
def deployed_twice(further: Account) -> Account:
    """An account where going back is possible."""
    ran = further.run("deploy", "--yes")
    assert ran.code == 0, ran.text
    further.kept = further.platform.keep()
    (further.folder / "new.env").write_text("SMTP_PASSWORD=a-new-value\n")
    return further


def test_rollback(deployed_twice: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(begin, ("rollback", "--yes", "--wait=0"), chaos.goal, once=True)

    chaos.check(deployed_twice, task, 4, 6, record_property)


def test_secrets(deployed_twice: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(begin, ("secrets", "--yes", "--now", "--file=new.env"), chaos.goal)

    chaos.check(deployed_twice, task, 3, 2, record_property)


def reviewed(account: Account) -> Any:
    """What there should be, but for the name that flyctl gives to each build."""
    there = chaos.goal(account)
    return there | {"machines": sorted(machine[:3] for machine in there["machines"])}


@pytest.fixture
def review(make_account: Callable[..., Account]) -> Account:
    """A project with review apps that have addresses of their own, and nothing on Fly."""
    service = {"name": "auth", "port": 6600}
    account = make_account(database="none", github=True, review_apps=True, tcp_services=[service])
    account.kept = account.platform.keep()
    return account


def test_a_review_app_comes(review: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(begin, ("review", "up", "--number=7"), reviewed)

    chaos.check(review, task, 3, 4, record_property)


def test_a_review_app_goes(review: Account, record_property: Callable[[str, object], None]) -> None:
    ran = review.run("review", "up", "--number=7")
    assert ran.code == 0, ran.text
    review.kept = review.platform.keep()
    task = chaos.Task(begin, ("review", "down", "--number=7"), reviewed)

    chaos.check(review, task, 2, 3, record_property)
