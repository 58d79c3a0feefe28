"""What rel/overlays/fly.exs makes of the repositories of an app, read by Elixir as a release reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import elixir
from tests.support.template import REPO

pytestmark = pytest.mark.system

READ = """
for {{module, options}} <- [{compiled}], do: Application.put_env(:shop, module, options)
Application.put_env(:shop, :ecto_repos, [Shop.AuditRepo, Shop.Repo])
settings = Config.Reader.read!("{file}", env: :prod)[:shop] || []
for repo <- [Shop.Repo, Shop.AuditRepo], do: IO.inspect({{repo, Enum.sort(settings[repo] || [])}}, width: 1_000)
"""
FIRST = "ecto://a:b@one.internal/shop"
OTHER = "ecto://a:b@two.internal/audit"
AT_RUN_TIME = 'import Config\nconfig :shop, Shop.AuditRepo, url: System.get_env("{}"), pool_size: 3\n'


def repositories(example: str, tmp_path: Path, runtime: str = "", compiled: str = "", **env: str) -> dict[str, str]:
    """The options that each repository gets on top of its own, as Elixir prints them."""
    file = REPO / "examples" / example / "rendered/rel/overlays/fly.exs"
    (tmp_path / "releases/1").mkdir(parents=True)
    (tmp_path / "releases/1/runtime.exs").write_text(runtime)
    (tmp_path / "fly.exs").write_text(file.read_text())
    script = READ.format(file=tmp_path / "fly.exs", compiled=compiled)
    env |= {"RELEASE_ROOT": str(tmp_path), "RELEASE_VSN": "1"}
    done = elixir.run(["elixir", "-e", script], tmp_path, env=env)
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("{Shop.")]
    return {line.partition(",")[0].removeprefix("{"): line for line in lines}


def test_a_repository_that_shares_the_address_is_reached_like_the_first(tmp_path: Path) -> None:
    env = {"DATABASE_URL": FIRST, "ECTO_IPV6": "true", "POOL_SIZE": "10", "SHOP_AUDIT_POOL_SIZE": "4"}
    found = repositories("phoenix_managed", tmp_path, AT_RUN_TIME.format("DATABASE_URL"), **env)
    assert "socket_options: [:inet6]" in found["Shop.Repo"]
    first, further = (found[name].partition("[")[2] for name in ("Shop.Repo", "Shop.AuditRepo"))
    assert further == first.replace("pool_size: 10", "pool_size: 4")


def test_a_repository_with_another_address_keeps_what_the_app_says(tmp_path: Path) -> None:
    env = {"DATABASE_URL": FIRST, "AUDIT_URL": OTHER}
    found = repositories("phoenix_managed", tmp_path, AT_RUN_TIME.format("AUDIT_URL"), **env)
    assert found["Shop.AuditRepo"] == "{Shop.AuditRepo, []}"


def test_an_address_of_its_own_goes_before_the_shared_one(tmp_path: Path) -> None:
    env = {"DATABASE_URL": FIRST, "SHOP_AUDIT_DATABASE_URL": OTHER}
    found = repositories("phoenix_managed", tmp_path, AT_RUN_TIME.format("DATABASE_URL"), **env)
    assert f'url: "{OTHER}"' in found["Shop.AuditRepo"]


def test_the_direct_address_of_the_first_is_that_of_who_shares_it(tmp_path: Path) -> None:
    env = {"DATABASE_URL": FIRST, "DIRECT_DATABASE_URL": OTHER, "DATABASE_DIRECT": "true"}
    found = repositories("phoenix_managed", tmp_path, AT_RUN_TIME.format("DATABASE_URL"), **env)
    assert [f'url: "{OTHER}"' in line for line in found.values()] == [True, True]


def test_without_any_address_nothing_is_set(tmp_path: Path) -> None:
    found = repositories("phoenix_managed", tmp_path, AT_RUN_TIME.format("DATABASE_URL"), DIRECT_DATABASE_URL=OTHER)
    assert [line.partition(",")[2] for line in found.values()] == [" []}", " []}"]


def test_sqlite_waits_longer_for_a_lock_than_its_driver_does(tmp_path: Path) -> None:
    found = repositories("phoenix_sqlite", tmp_path, DATABASE_PATH="/data/shop.db")
    assert found["Shop.Repo"] == '{Shop.Repo, [busy_timeout: 5000, database: "/data/shop.db"]}'
    assert found["Shop.AuditRepo"] == "{Shop.AuditRepo, [busy_timeout: 5000]}"


def test_a_wait_for_a_lock_that_the_app_sets_stays(tmp_path: Path) -> None:
    runtime = "import Config\nconfig :shop, Shop.Repo, busy_timeout: 9_000\n"
    found = repositories("phoenix_sqlite", tmp_path, runtime, "{Shop.AuditRepo, busy_timeout: 0}")
    assert [line.partition(",")[2] for line in found.values()] == [" []}", " []}"]
