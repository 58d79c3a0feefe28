"""A whole life in one test: the real flyctl, machines that are containers, a real PostgreSQL."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.platform import small_app
from tests.platform.account import Account
from tests.support.net import free_port

pytestmark = [pytest.mark.system, pytest.mark.needs("curl", "docker", "flyctl", "jq", "openssl", "psql")]


@pytest.fixture
def account(make_small_app: Callable[..., Account]) -> Account:
    return make_small_app(github=True, review_apps=True)


def ask(account: Account, path: str, app: str = "shop") -> str:
    """What the app answers through the edge."""
    with urllib.request.urlopen(f"{account.platform.app_url(app)}{path}", timeout=10) as answer:
        return answer.read().decode().strip()


def migrate(account: Account, name: str, up: str, down: str) -> None:
    """Commit a migration."""
    path = small_app.write_migration(account.folder, name, up, down)
    account.git("add", str(path))
    account.git("commit", "-qm", f"Add {name}")


def test_a_whole_life(account: Account, tmp_path: Path) -> None:
    ran = account.run("setup", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    assert ask(account, "/users") == "0"
    server = account.platform.flypg.servers["shop-db"]
    server.psql("insert into users values ('ada@example.com'), ('alan@example.com')")

    # A release command that fails changes nothing.
    first = account.image
    migrate(account, "20260102000000_break", "alter table missing add column a int;", "select 1;")
    ran = account.run("deploy", "--yes", timeout=300)
    assert ran.code == 1, ran.text
    assert "release command" in ran.verdict
    assert "20260102000000_break" in ran.out, "the pending migration is named before"
    assert account.app.images == {first}
    account.git("revert", "--no-edit", "HEAD")

    # A check that fails names the way back, and the way back leads back.
    account.commit("priv/broken", "")
    ran = account.run("deploy", "--yes", timeout=300)
    assert ran.code == 1, ran.text
    assert "never passed its health check" in ran.text
    ran = account.run("rollback", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    assert account.app.images == {first}
    assert ask(account, "/users") == "2"
    account.git("revert", "--no-edit", "HEAD")

    # A good migration, and back to before it.
    up, down = "alter table users add column name text;", "alter table users drop column name;"
    migrate(account, "20260103000000_add_name", up, down)
    ran = account.run("deploy", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    ran = account.run("rollback", "--yes", "--migrations=20260103000000", "--to=v1", timeout=300)
    assert ran.code == 0, ran.text
    assert account.app.images == {first}
    assert server.psql("select count(*) from information_schema.columns where table_name = 'users'") == "1"

    # A rotated secret reaches the process.
    (account.folder / ".git/new.env").write_text("GREETING=hello-again\n")
    ran = account.run("secrets", "--file=.git/new.env", "--now", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    assert ask(account, "/greeting") == "hello-again"
    assert ask(account, "/users") == "2"

    # A backup comes back as a database of its own, and the one that runs is not touched.
    port = str(free_port())
    ran = account.run("backup", f"--to={tmp_path}/shop.dump", PROXY_PORT=port)
    assert ran.code == 0, ran.text
    server.psql("delete from users where email like 'alan@%'")
    ran = account.run("restore", "--yes", f"--from={tmp_path}/shop.dump", "--into=shop_again", PROXY_PORT=port)
    assert ran.code == 0, ran.text
    assert "shop_again has all of it" in ran.out
    assert server.psql("select count(*) from users", "shop_again") == "2"
    assert ask(account, "/users") == "1"

    # What staging proved is promoted, not built again.
    staging = account.platform.app_url("shop-staging")
    account.commit("priv/change", "")
    ran = account.run("setup", "staging", "--yes", timeout=300, APP_URL=staging)
    assert ran.code == 0, ran.text
    assert ask(account, "/users", "shop-staging") == "0", "staging has a database of its own"
    image = f"registry.fly.io/shop-staging:git-{account.revision}"
    assert account.platform.world.apps["shop-staging"].images == {image}
    ran = account.run("deploy", "--yes", f"--image={image}", timeout=300)
    assert ran.code == 0, ran.text
    assert account.app.images == {image}
    assert ask(account, "/users") == "1"

    # A second machine stays, and both are verified.
    ran = account.start(["fly", "scale", "count", "2", "--app", "shop", "--yes"])
    assert ran.code == 0, ran.text
    account.commit("priv/change", "2")
    ran = account.run("deploy", "--yes", timeout=300)
    assert ran.code == 0, ran.text
    assert [machine.state for machine in account.app.fleet] == ["started", "started"]
    assert all(f"{machine.id} serves git-{account.revision}" in ran.out for machine in account.app.fleet)

    # A review app has its own database and goes as it came.
    server.psql("create database review")
    url = f"postgresql://fly-user:{quote(server.password, safe='')}@{server.address}:5432/review"
    ran = account.run("review", "up", "--number=7", timeout=300, REVIEW_DATABASE_URL=url)
    assert ran.code == 0, ran.text
    assert ask(account, "/users", "shop-pr-7") == "0"
    ran = account.run("review", "down", "--number=7")
    assert ran.code == 0, ran.text
    assert set(account.platform.world.apps) == {"shop", "shop-staging"}
    assert ask(account, "/users") == "1"
