"""Each rule for Elixir on projects that it is for, on siblings that say it otherwise, and on ones that do it right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy

from copier_fly.detect.elixir import words
from tests.detection.projects import Files, below, endpoint_ex, mix_exs, phoenix, repo_ex, told, umbrella, write

ITS_VALUE = "its value for production, from the service that it is for or from where the app runs now"


def dep(line: str, files: Files | None = None) -> Files:
    """A project with one more dependency."""
    files = files or phoenix()
    file = "mix.exs" if "{:phoenix," in files["mix.exs"] else "apps/shop_web/mix.exs"
    old = files[file]
    at = old.index("{:phoenix,")
    return {**files, file: f"{old[:at]}{line},\n      {old[at:]}"}


def config(text: str, name: str = "prod", files: Files | None = None) -> Files:
    return {**(files or phoenix()), f"config/{name}.exs": f"import Config\n\n{text}\n"}


def code(text: str, file: str = "lib/shop/pages.ex") -> Files:
    return {file: text}


LOCK = "%{\n" + "".join(
    f'  "{name}": {{:hex, :{name}, "{".".join(f"{version}.0".split(".")[:3])}"}},\n'
    for name, version in re.findall(r'\{:(\w+), "(?:~>|>=) ([\d.]+)"', dep('{:swoosh, "~> 1.16"}')["mix.exs"])
)
"""What mix.lock has of an app with Swoosh."""


def migration(change: str) -> Files:
    """An app with one migration, whose change begins on line 3."""
    text = f"defmodule Shop.Repo.Migrations.A do\n  def change do\n    {change}\n  end\nend\n"
    return {**phoenix(), "priv/repo/migrations/1_a.exs": text}


ENDPOINT = "config :shop, ShopWeb.Endpoint, "
PACKAGE = json.dumps({"scripts": {"deploy": "webpack", "build": "webpack"}})
SSR = code('defmodule Shop.Pages do\n  def children, do: [{Inertia.SSR, path: "priv"}]\nend\n')
SVELTE = code('defmodule Shop.Pages do\n  def children, do: [{NodeJS.Supervisor, [path: "x"]}]\nend\n')
TASKS = "lib/shop/release_tasks.ex"
RELEASE = "defmodule Shop.Release do\n  def migrate, do: :ok\n  def rollback(_, _), do: :ok\n"
NO_ALIAS = {name: text.replace('"assets.deploy"', '"assets.other"') for name, text in phoenix().items()}
TZDATA = '{:tzdata, "~> 1.1"}'
IP = ", http: [ip: {0, 0, 0, 0}, port: 4000]"

# What the project has, the place (file, and line where it is one) and code of its one warning, and words of it.
CASES: dict[str, tuple[Files, str, list[str]]] = {
    "hex organization": (
        dep('{:acme, "~> 1.0", organization: "acme"}'),
        "mix.exs private-package-login",
        ["Hex organization acme", "HEX_ORGANIZATION_KEY (answer build_secrets)"],
    ),
    "organization as a repository": (
        dep('{:acme, "~> 1.0", repo: "hexpm:acme"}'),
        "mix.exs private-package-login",
        ["Hex organization acme"],
    ),
    "GitHub over ssh": (
        dep('{:ui, git: "git@github.com:acme/ui.git"}, {:kit, git: "ssh://git@github.com/acme/kit.git"}'),
        "mix.exs private-package-login",
        ["ui (git over ssh), kit (git over ssh)", "Set GITHUB_TOKEN in"],
    ),
    "hex repository": (
        dep('{:kit_pro, "~> 1.6", repo: "kit"}'),
        "mix.exs private-package",
        ["kit_pro", "repository kit"],
    ),
    "Oban Pro": (
        dep('{:oban_pro, "~> 1.6", repo: "oban"}'),
        "mix.exs private-package-login",
        ["oban_pro (Hex repository oban)", "OBAN_LICENSE_KEY"],
    ),
    "git over ssh": (
        dep('{:ui, git: "git@example.com:acme/ui.git"}'),
        "mix.exs private-package",
        ["ui (git over ssh)"],
    ),
    "ssh in an umbrella": (
        dep('{:ui, git: "ssh://git@example.com/ui.git"}', umbrella()),
        "apps/shop_web/mix.exs private-package",
        ["git over ssh"],
    ),
    "a sibling of the app": (
        below("web", dep('{:core, path: "../core"}')),
        "web/mix.exs path-outside",
        ["../core", "!FOLDER"],
    ),
    "above the repository": (
        dep('{:core, path: "../core"}'),
        "mix.exs path-outside-repository",
        ["Copy in the root of the repository"],
    ),
    "an absolute path": (dep('{:core, path: "/srv/core"}'), "mix.exs path-outside-repository", ["/srv/core"]),
    "fetch_env at compile time": (
        config('config :shop, :id, System.fetch_env!("CLIENT_ID")'),
        "config/prod.exs:3 variable-at-build",
        ["CLIENT_ID", "config/runtime.exs"],
    ),
    "raise in a nested file": (
        {
            **phoenix(),
            "config/parts/keys.exs": 'import Config\nconfig :shop, k: System.get_env("PRO_KEY") || raise "no"\n',
        },
        "config/parts/keys.exs:2 variable-at-build",
        ["PRO_KEY"],
    ),
    "variables at run time": (
        config('config :shop, a: System.fetch_env!("MAIL_KEY"), b: System.get_env("S3") || raise("x")', "runtime"),
        "config/runtime.exs:3 variable-at-run-time",
        ["MAIL_KEY, S3", "extra_secrets"],
    ),
    "what is asked for outside of tests": (
        config(
            'key =\n  if config_env() == :test do\n    System.get_env("A")\n  else\n'
            '    System.fetch_env!("MAIL_KEY")\n  end\nconfig :shop, key: key',
            "runtime",
        ),
        "config/runtime.exs:7 variable-at-run-time",
        ["MAIL_KEY"],
    ),
    "what is asked for unless it is a test": (
        config('if config_env() != :test do\n  config :shop, key: System.fetch_env!("MAIL_KEY")\nend', "runtime"),
        "config/runtime.exs:4 variable-at-run-time",
        ["MAIL_KEY"],
    ),
    "a variable that another one switches on": (
        config('if System.get_env("MAIL_HOST") do\n  config :shop, key: System.fetch_env!("MAIL_KEY")\nend', "runtime"),
        "config/runtime.exs:4 variable-on-condition",
        ["needs MAIL_KEY with MAIL_HOST"],
    ),
    "a function of PostgreSQL 18": (
        migration('create table(:tags, primary_key: false) do\n      add :id, :uuid, default: fragment("uuidv7()")'),
        "priv/repo/migrations/1_a.exs:4 function-of-newer-postgres",
        ["uuidv7()", "offers 16 and 17", "-d database=external"],
    ),
    "an address of localhost": (
        {
            **phoenix(),
            **code('defmodule Shop.Pages do\n  # the search\n\n  def a, do: Req.get!("http://localhost:9200")\nend\n'),
        },
        "lib/shop/pages.ex:4 localhost-in-code",
        ["http://localhost:9200", "extra_env."],
    ),
    "an old requirement": (
        {**phoenix(), "mix.exs": phoenix()["mix.exs"].replace('"~> 1.15"', '"~> 1.14.2"')},
        "mix.exs:8 elixir-requirement",
        ["~> 1.14.2", '"~> 1.14"'],
    ),
    "webpack without an alias": (
        {**NO_ALIAS, "assets/package.json": PACKAGE},
        "assets/package.json:1 assets-by-script",
        ["the script deploy", '["cmd --cd assets npm run deploy", "phx.digest"]'],
    ),
    "several scripts without an alias": (
        {
            **NO_ALIAS,
            "assets/package.json": json.dumps({"scripts": {"build:js": "x", "build:css": "x", "build:watch": 1}}),
        },
        "assets/package.json:1 assets-by-script",
        ["build:js and build:css", '"cmd --cd assets npm run build:js", "cmd --cd assets npm run build:css", "phx.'],
    ),
    "package.json beside mix.exs": (
        {**NO_ALIAS, "package.json": json.dumps({"scripts": {"build": "vite build"}})},
        "package.json:1 assets-elsewhere",
        ["(the script build)", "into assets/"],
    ),
    "esbuild without an alias": (
        dep('{:esbuild, "~> 0.10"}', NO_ALIAS),
        "mix.exs assets-not-built",
        ["esbuild", "phx.digest"],
    ),
    "inertia on the server": (
        {**dep('{:inertia, "~> 2.5"}'), **SSR},
        "lib/shop/pages.ex:2 node-at-run-time",
        ["inertia"],
    ),
    "svelte on the server": (
        {**dep('{:live_svelte, "~> 0.16"}'), **SVELTE},
        "lib/shop/pages.ex:2 node-at-run-time",
        ["live_svelte", "last stage"],
    ),
    "imagemagick": (dep('{:mogrify, "~> 0.9"}'), "mix.exs program-at-run-time", ["ImageMagick", "imagemagick"]),
    "a table that no migration makes": (
        migration("alter table(:images) do\n      add :a, :text\n    end"),
        "priv/repo/migrations/1_a.exs:3 table-not-made",
        ["the table images"],
    ),
    "a table that is referred to": (
        migration("create table(:tags) do\n      add :image_id, references(:images, on_delete: :nothing)\n    end"),
        "priv/repo/migrations/1_a.exs:4 table-not-made",
        ["the table images"],
    ),
    "a client of mails that is not locked": (
        {**dep('{:swoosh, "~> 1.16"}'), "mix.lock": LOCK},
        "mix.exs mail-client-missing",
        ["Swoosh.ApiClient.Hackney", "no hackney", "does not boot"],
    ),
    "no client of mails": (
        config(
            "config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Mailgun",
            "prod",
            config("config :swoosh, :api_client, false", "config", {**dep('{:swoosh, "~> 1.16"}'), "mix.lock": LOCK}),
        ),
        "config/config.exs:3 mail-client-off",
        ["Swoosh.Adapters.Mailgun"],
    ),
    "a library of C": (dep('{:fast_xml, "~> 1.1"}'), "mix.exs program-at-run-time", ["Expat", "libexpat1-dev"]),
    "ffmpeg": (dep('{:ffmpex, "~> 0.11"}'), "mix.exs program-at-run-time", ["FFmpeg"]),
    "tzdata": (dep(TZDATA), "mix.exs writes-own-folder", [":disabled"]),
    "force_ssl without rewrite_on": (
        config(f"{ENDPOINT}force_ssl: [hsts: true, host: nil]"),
        "config/prod.exs:3 force-ssl",
        ["rewrite_on: [:x_forwarded_proto]"],
    ),
    "force_ssl over several lines": (
        config(f'{ENDPOINT}\n  url: [host: "x"],\n  force_ssl: [\n    hsts: true\n  ]', "runtime"),
        "config/runtime.exs:5 force-ssl",
        ["endlessly"],
    ),
    "Plug.SSL in the endpoint": (
        {
            **phoenix(),
            "lib/shop_web/endpoint.ex": endpoint_ex("ShopWeb", "shop").replace(
                "  plug Plug.Static,", "  plug Plug.SSL, hsts: true\n\n  plug Plug.Static,", 1
            ),
        },
        "lib/shop_web/endpoint.ex force-ssl",
        ["Plug.SSL"],
    ),
    "libcluster by node name": (
        config("config :libcluster, topologies: [a: [node_basename: 1]]", files=dep('{:libcluster, "~> 3.4"}')),
        "config/prod.exs:3 node-names",
        ["APP-IMAGE@ADDRESS", "RELEASE_NODE in a rel/env.sh.eex of your own"],
    ),
    "a release module of its own": (
        {**phoenix(), "lib/shop/release.ex": f"{RELEASE}  def seed, do: :ok\n  def migrate_tenants, do: :ok\nend\n"},
        "lib/shop/release.ex:2 own-release",
        ["Shop.Release has a function migrate/0", "bin/migrate"],
    ),
    "migrations of tenants": (
        {**phoenix(), "priv/repo/tenant_migrations/1_a.exs": "x\n"},
        "priv/repo/tenant_migrations tenant-migrations",
        ["migrate/0 of Shop.Release"],
    ),
    "a release module of another name": (
        {**phoenix(), **code("defmodule Shop.ReleaseTasks do\n  def migrate, do: Ecto.Migrator.run(A)\nend\n", TASKS)},
        "lib/shop/release_tasks.ex:2 release-elsewhere",
        ["Shop.ReleaseTasks", "migrate/0 in Shop.Release"],
    ),
    "a health plug elsewhere": (
        {**phoenix(), **code("defmodule ShopWeb.HealthPlug do\nend\n", "lib/shop_web/plugs/health.ex")},
        "lib/shop_web/plugs/health.ex:1 health-plug-name",
        ["Rename yours."],
    ),
    "raw TCP in a single app": (
        {
            **config("config :shop, Shop.GameServer, port: 6600"),
            **code("defmodule Shop.GameServer do\n  def go, do: :gen_tcp.listen(6600, [])\nend\n", "lib/shop/game.ex"),
        },
        "config/prod.exs:3 tcp-port",
        ["port 6600", "tcp_services="],
    ),
}
SILENT: dict[str, Files] = {
    "a client of mails that production has": config(
        "config :swoosh,\n  local: false,\n  api_client: Swoosh.ApiClient.Req",
        "prod",
        config(
            "# config :swoosh, :api_client, Swoosh.ApiClient.Finch\nconfig :swoosh, :api_client, false",
            "config",
            {**dep('{:swoosh, "~> 1.16"}'), "mix.lock": LOCK + '  "req": {:hex, :req, "0.5.0"},\n'},
        ),
    ),
    "mails by SMTP": config(
        "config :swoosh, :api_client, false\nconfig :shop, Shop.Mailer, adapter: Swoosh.Adapters.SMTP",
        "prod",
        {**dep('{:swoosh, "~> 1.16"}'), "mix.lock": LOCK},
    ),
    "a function of PostgreSQL 18 that a migration makes": {
        **migration('create table(:tags) do\n      add :a, :uuid, default: fragment("uuidv7()")\n    end'),
        "priv/repo/migrations/0_a.exs": 'execute("CREATE OR REPLACE FUNCTION uuidv7() RETURNS uuid AS $$ … $$")\n',
    },
    "a function of PostgreSQL 18 that is one of Elixir": migration("create table(:tags)\n    flush(Ids.uuidv7())"),
    "a table that a migration makes": {
        **migration('create table(:pictures)\n    execute("CREATE TABLE IF NOT EXISTS public.tags (id int)")'),
        "priv/repo/migrations/2_b.exs": "rename table(:pictures), to: table(:images)\n"
        'alter table(:images) do\n  add :a, references(:tags)\nend\nalter table("pictures") do\nend\n',
    },
    "a table that only the way back changes": migration(
        "create table(:tags)\n  end\n\n  def down do\n    alter table(:tag) do\n    end"
    ),
    "a table that a library makes": migration("Oban.Migration.up()\n    alter table(:oban_jobs) do\n    end"),
    "a table whose name is computed": migration(
        "for a <- ~w(b)a, do: create table(a)\n    alter table(:b) do\n    end"
    ),
    "public packages": dep('{:ui, git: "https://example.com/ui.git"}'),
    "the public repository by name": dep('{:jason2, "~> 1.0", repo: "hexpm"}'),
    "a private package for tests": dep('{:acme, "~> 1.0", organization: "acme", only: :test}'),
    "a path inside the app": {**dep('{:core, path: "libs/core"}'), "libs/core/mix.exs": mix_exs("core")},
    "a default instead of a raise": config('config :shop, id: System.get_env("CLIENT_ID") || "none"'),
    "only in development": config('config :shop, id: System.fetch_env!("CLIENT_ID")', "dev"),
    "in a block for tests": config(
        'if config_env() == :test do\n  config :shop, id: System.fetch_env!("CLIENT_ID")\nend', "config"
    ),
    "in a block for all but production": config(
        'unless config_env() == :prod do\n  config :shop, id: System.fetch_env!("CLIENT_ID")\nend', "runtime"
    ),
    "in the other half of a block for production": config(
        'if config_env() == :prod do\n  config :shop, a: 1\nelse\n  config :shop, id: System.fetch_env!("ID")\nend',
        "runtime",
    ),
    "what the generator raises for": config(
        'config :shop, Shop.Repo, url: System.get_env("DATABASE_URL") || raise("x")', "runtime"
    ),
    "an alias that builds": {**phoenix(), "assets/package.json": PACKAGE},
    "no script to build with": {
        **NO_ALIAS,
        "mix.exs": NO_ALIAS["mix.exs"].replace("{:esbuild,", "{:phx_esbuild,"),
        "package.json": json.dumps({"scripts": {"lint": "eslint"}}),
    },
    "inertia in the browser alone": dep('{:inertia, "~> 2.5"}'),
    "svelte in a comment": {
        **dep('{:live_svelte, "~> 0.16"}'),
        **code("defmodule Shop.Pages do\n  # NodeJS.Supervisor is off\nend\n"),
    },
    "an empty tuple": config("config :shop, limits: {}"),
    "tzdata that stays as it is": config("config :tzdata, :autoupdate, :disabled", "config", dep(TZDATA)),
    "tzdata with a folder": config('config :tzdata, :data_dir, "/tmp/tz"', "runtime", dep(TZDATA)),
    "force_ssl behind a proxy": config(f"{ENDPOINT}force_ssl: [rewrite_on: [:x_forwarded_proto]]"),
    "force_ssl off": config(f"{ENDPOINT}force_ssl: false"),
    "force_ssl in a comment": config(f"# {ENDPOINT}force_ssl: [hsts: true]\nconfig :shop, a: 1"),
    "libcluster without names": dep('{:libcluster, "~> 3.4"}'),
    "a release module as generated": {**phoenix(), "lib/shop/release.ex": f"{RELEASE}  defp repos, do: []\nend\n"},
    "our own health plug": {
        **phoenix(),
        **code(
            'defmodule ShopWeb.HealthPlug do\n  @moduledoc "Answers `/livez` and `/readyz`."\nend\n',
            "lib/shop_web/health_plug.ex",
        ),
    },
    "an umbrella as generated": umbrella(),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_served_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    project, place, words = CASES[case]
    [warning] = told(write(tmp_path, project))
    file, code = place.split(" ")
    assert warning.code == code
    assert file in (warning.place, warning.file)
    assert [word for word in words if word not in str(warning)] == []
    assert all(part.endswith(".") for part in (warning.sentence, warning.consequence, warning.action))


@pytest.mark.parametrize("case", SILENT)
def test_what_is_right_hears_nothing(case: str, tmp_path: Path) -> None:
    assert [str(warning) for warning in told(write(tmp_path, SILENT[case]))] == []


def test_what_the_app_does_not_boot_without_is_asked_for_as_a_secret(template: Path, tmp_path: Path) -> None:
    project = config('config :shop, a: System.fetch_env!("MAIL_KEY")', "runtime")
    answers = copied(template, write(tmp_path / "shop", project))
    assert answers["extra_secrets"] == [{"name": "MAIL_KEY", "how": f"{ITS_VALUE}; config/runtime.exs reads it"}]


def test_a_name_of_its_own_for_the_address_has_the_value_of_database_url(template: Path, tmp_path: Path) -> None:
    address = 'address = System.get_env("SHOP_DB_URL") || raise("x")\nconfig :shop, Shop.Repo, url: address\n'
    audit = 'config :shop, audit: System.fetch_env!("AUDIT_DATABASE_URL")'
    answers = copied(template, write(tmp_path / "shop", config(address + audit, "runtime")))
    assert {one["name"]: one["how"] for one in answers["extra_secrets"]} == {
        "SHOP_DB_URL": "the same value as DATABASE_URL",
        "AUDIT_DATABASE_URL": f"{ITS_VALUE}; config/runtime.exs reads it",
    }


def test_programs_that_packages_run_are_the_default_of_an_answer(template: Path, tmp_path: Path) -> None:
    app = write(tmp_path / "shop", dep('{:thumbnex, "~> 0.5"}, {:mogrify, "~> 0.9"}'))
    assert copied(template, app)["apt_packages"] == ["ffmpeg", "imagemagick"]


@pytest.mark.parametrize("line", ['{:sentry, "~> 11.0"}', '{:sentinel, "~> 1.0"}'])
def test_sentry_is_told_which_commit_is_deployed(template: Path, tmp_path: Path, line: str) -> None:
    app = write(tmp_path / "shop", dep(line))
    assert copied(template, app)["sentry"] is (":sentry" in line)
    assert ("SENTRY_RELEASE=${REVISION}" in (app / "Dockerfile").read_text()) is (":sentry" in line)


def test_logins_for_packages_are_the_default_of_an_answer(template: Path, tmp_path: Path) -> None:
    private = """{:acme, "~> 1.0", organization: "acme"}, {:other, "~> 1.0", organization: "second"},
      {:ui, git: "git@gitlab.com:acme/ui.git", tag: "v1"}, {:kit, git: "git@example.com:kit.git"},
      {:open, git: "https://github.com/acme/open.git"}, {:dev, git: "git@github.com:acme/dev.git", only: [:dev]}"""
    app = write(tmp_path / "shop", dep(private))
    assert copied(template, app)["build_secrets"] == ["HEX_ORGANIZATION_KEY", "GITLAB_TOKEN"]


@pytest.mark.parametrize(
    ("driver", "variable", "database"),
    [
        ("myxql", "DATABASE_URL", "external"),
        ("ecto_sqlite3", "DATABASE_PATH", "sqlite"),
        ("ecto_sqlite3", "SHOP_DB_PATH", "sqlite"),
    ],
)
def test_an_app_on_another_database_is_given_no_postgres(
    template: Path, tmp_path: Path, driver: str, variable: str, database: str
) -> None:
    project = config(f'config :shop, Shop.Repo, url: System.get_env("{variable}") || raise("x")', "runtime")
    project["mix.exs"] = project["mix.exs"].replace("{:postgrex,", f"{{:{driver},")
    answers = copied(template, write(tmp_path / "shop", project))
    assert (answers["database"], answers["database_env"]) == (database, variable)
    assert answers["extra_secrets"] == []


def test_the_first_repository_says_which_of_two_drivers_is_the_database(template: Path, tmp_path: Path) -> None:
    project = dep('{:ecto_sqlite3, "~> 0.17"}')
    project["lib/shop/repo.ex"] = repo_ex("Shop.Repo", "shop", "Ecto.Adapters.SQLite3")
    assert copied(template, write(tmp_path / "shop", project))["database"] == "sqlite"


@pytest.mark.parametrize(
    ("locked", "named", "image"),
    [
        ({"cowlib": "2.12.0"}, "", "1.18-otp27"),
        ({"cowlib": "2.12.1", "mochiweb": "3.2.2"}, "", "1.20-otp29"),
        ({"cowlib": "2.11.0"}, "erlang 29.0.2", "1.20-otp29"),
        ({"cowlib": "2.11.0", "mochiweb": "3.2.1"}, "", "1.19-otp26"),
    ],
)
def test_locked_packages_say_which_otp_is_too_new(
    template: Path, tmp_path: Path, locked: dict[str, str], named: str, image: str
) -> None:
    line = '  "{}": {{:hex, :{}, "{}", "abc", [:make, :rebar3], [], "hexpm", "def"}},\n'
    lock = "%{{\n{}}}\n".format("".join(line.format(name, name, version) for name, version in locked.items()))
    app = write(tmp_path / "shop", {**phoenix(), "mix.lock": lock, ".tool-versions": f"{named}\n"})
    assert copied(template, app)["elixir_image"] == image


@pytest.mark.parametrize(
    ("wanted", "named", "image"),
    [
        ("~> 1.15", "", "1.18-otp27"),
        ("~> 1.19", "", "1.19-otp27"),
        ("~> 1.19", "elixir 1.20.1", "1.20-otp27"),
        ("~> 1.15", "erlang 28.1", "1.20-otp28"),
    ],
)
def test_a_regex_in_the_configuration_gets_an_otp_that_keeps_it(
    template: Path, tmp_path: Path, wanted: str, named: str, image: str
) -> None:
    files = config("config :cors_plug, origin: [~r/shop/]")
    mix = files["mix.exs"].replace("~> 1.15", wanted)
    app = write(tmp_path / "shop", {**files, "mix.exs": mix, ".tool-versions": f"{named}\n"})
    assert copied(template, app)["elixir_image"] == image


RELEASES = "jobs: [applications: [shop: :permanent]], site: [applications: [shop: :permanent, shop_web: :permanent]]"


@pytest.mark.parametrize(
    ("releases", "name"),
    [
        (RELEASES, "site"),
        (f"{RELEASES}, shop: [applications: [shop: :permanent]]", "site"),
        (f"{RELEASES}, shop: [applications: [shop: :permanent, shop_web: :permanent]]", "shop"),
        ("one: [], two: []], default_release: :two, other: [", "two"),
    ],
)
def test_of_several_releases_the_one_that_serves_is_built(
    template: Path, tmp_path: Path, releases: str, name: str
) -> None:
    project = umbrella()
    project["mix.exs"] = project["mix.exs"].replace(
        'apps_path: "apps",', f'apps_path: "apps",\n      releases: [{releases}],'
    )
    app = write(tmp_path / "shop", project)
    assert copied(template, app)["release_name"] == name
    assert f"+ release {name} --path /out" in (app / "Dockerfile").read_text()


def copied(template: Path, app: Path) -> dict[str, Any]:
    """The answers of a copy that asks nothing."""
    run_copy(str(template), app, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    return yaml.safe_load((app / ".copier-answers.yml").read_text())


def test_no_word_of_the_index_hides_another() -> None:
    hidden = [(one, other) for one in words.WORDS for other in words.WORDS if one != other and one in other]

    assert not hidden, "only the first of two words that lie over each other would be found"
