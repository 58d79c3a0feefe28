"""ops/setup: from an empty account to an app that answers, and back to it after any failure."""

from __future__ import annotations

import pytest

from tests.platform.account import Account

pytestmark = pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl")


def test_from_nothing_to_a_verified_app(empty: Account) -> None:
    ran = empty.run("setup", "--yes")

    assert ran.code == 0, ran.text
    world = empty.platform.world
    assert set(world.apps) == {"shop"}
    assert [address.kind for address in empty.app.addresses] == ["shared_v4", "v6"]
    assert [cluster.name for cluster in world.clusters.values()] == ["shop-db"]
    assert {"DATABASE_URL", "SECRET_KEY_BASE"} <= set(empty.app.secrets)
    assert empty.app.images == {empty.image}
    assert [machine.state for machine in empty.app.fleet] == ["started"]
    assert [release.status for release in empty.app.releases] == ["complete"]
    assert ran.verdict.startswith("Done: production is shop")
