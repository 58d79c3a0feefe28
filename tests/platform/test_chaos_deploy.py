"""ops/setup and ops/deploy, with a platform that fails at any call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.platform import chaos
from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def begin_empty(account: Account) -> None:
    """Nothing is there; the image is, so that no build takes its time."""
    account.platform.reset()
    account.platform.registry.add(f"shop:git-{account.revision}")


def begin_deployed(account: Account) -> None:
    """The account is set up, and another commit's image is there."""
    account.platform.reset(account.kept)
    account.platform.registry.add(f"shop:git-{account.revision}")


def test_setup(further: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(begin_empty, ("setup", "--yes", "--no-deploy"), chaos.goal)

    chaos.check(further, task, 3, 0, record_property)


def test_deploy(further: Account, record_property: Callable[[str, object], None]) -> None:
    task = chaos.Task(begin_deployed, ("deploy", "--yes", "--wait=0", "--image={image}"), chaos.goal)

    chaos.check(further, task, 4, 3, record_property)
