"""Real servers for the tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import postgres
from tests.support.postgres import Database


@pytest.fixture(scope="session")
def _plain_server() -> Iterator[Database]:
    with postgres.server() as found:
        yield found


@pytest.fixture(scope="session")
def _fly_server() -> Iterator[Database]:
    with postgres.server(listen="::1", name="db.internal") as found:
        yield found


@pytest.fixture(scope="session")
def _neon_server() -> Iterator[Database]:
    with postgres.server(tls=True, name="db.localtest") as found:
        yield found


@pytest.fixture(scope="session")
def _managed_pooler(_plain_server: Database) -> Iterator[Database]:
    with postgres.pgbouncer(_plain_server) as found:
        yield found


# The four below give each test an empty database of its own on servers that all tests share. A test that
# takes its server down starts one for itself: `with postgres.server() as own:`.


@pytest.fixture
def plain_postgres(_plain_server: Database) -> Database:
    """Without TLS, at an IPv4 address."""
    return _plain_server.fresh()


@pytest.fixture
def fly_postgres(_fly_server: Database) -> Database:
    """Fly Postgres over 6PN: a name that has an IPv6 address only, no TLS."""
    return _fly_server.fresh()


@pytest.fixture
def neon(_neon_server: Database) -> Database:
    """Neon: TLS only, with a certificate for the host's name."""
    return _neon_server.fresh()


@pytest.fixture
def managed_postgres(_managed_pooler: Database) -> Database:
    """Managed Postgres: PgBouncer in transaction mode at `url`, the server at `direct_url`."""
    return _managed_pooler.fresh()
