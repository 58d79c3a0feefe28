"""ops/rollback and ops/secrets, with a platform that fails at any call."""

from __future__ import annotations

from collections.abc import Callable

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
