"""The servers of tests/support/postgres.py are what they say, or tests on them prove nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.postgres import Database, ServerError

pytestmark = pytest.mark.needs("psql")


def connect(url: str, sql: str = "select current_database()") -> str:
    """Run SQL through a URL; what psql prints, complaint or rows."""
    command = ["psql", url, "--no-psqlrc", "--no-align", "--tuples-only", "--command", sql]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return (done.stdout + done.stderr).strip()


def over_tls(database: Database, trust: Path | None, mode: str = "verify-full") -> str:
    """The URL as libpq needs it where no resolver knows the host's name."""
    return f"{database.url}?sslmode={mode}&hostaddr={database.address}&sslrootcert={trust or '/nowhere'}"


def test_a_password_is_asked_for_and_must_be_right() -> None:
    with postgres.server() as server:
        assert connect(server.url) == "app"
        assert "password authentication failed" in connect(server.url.replace("p%40ss", "guess"))


def test_a_tls_server_shows_a_certificate_worth_verifying_and_takes_nothing_else(tmp_path: Path) -> None:
    with postgres.server(tls=True, name="db.localtest") as server:
        assert connect(over_tls(server, server.ca_file)) == "app"
        assert connect(over_tls(server, server.bundle(tmp_path))) == "app"
        assert "no encryption" in connect(over_tls(server, server.ca_file, mode="disable"))
        assert "certificate" in connect(over_tls(server, Path("/etc/ssl/certs/ca-certificates.crt")))
        elsewhere = over_tls(server, server.ca_file).replace("db.localtest", "other.localtest")
        assert "does not match host name" in connect(elsewhere)


def test_an_ipv6_server_is_not_there_for_ipv4() -> None:
    with postgres.server(listen="::1") as server:
        assert connect(server.url) == "app"
        # At 127.0.0.1 another test's server may have the same port.
        assert "Connection refused" in connect(server.url.replace("[::1]", "127.0.0.77"))


def test_a_pooler_in_transaction_mode_gives_each_transaction_any_connection() -> None:
    setting = "select count(*) from pg_prepared_statements"
    with postgres.server() as server, postgres.pgbouncer(server, pool_size=1) as pooled:
        assert pooled.url != pooled.direct_url == server.url
        connect(pooled.url, "prepare left_behind as select 1")
        assert connect(pooled.url, setting) == "1", "the next client gets the same server connection"
        assert connect(pooled.direct_url, setting) == "0"


def test_a_fresh_database_is_empty_and_its_own() -> None:
    with postgres.server() as server, postgres.pgbouncer(server) as pooled:
        one, other = pooled.fresh(), pooled.fresh()
        connect(one.url, "create table note (id int)")
        assert one.psql("select count(*) from note") == "0"
        assert connect(one.direct_url) == one.database
        with pytest.raises(ServerError, match='relation "note" does not exist'):
            other.psql("select count(*) from note")


def test_a_server_comes_back_with_its_data() -> None:
    with postgres.server() as server:
        connect(server.url, "create table note as select 7 as id")
        server.stop()
        assert "Connection refused" in connect(server.url)
        server.start()
        assert connect(server.url, "select id from note") == "7"
