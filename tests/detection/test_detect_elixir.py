"""What detection says about Elixir projects: the generators' layouts, and odd but legal ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from copier_fly.detect.elixir import mixfile
from copier_fly.detect.examine import examine
from copier_fly.detect.project import App, ElixirApp, Endpoint, NextjsApp, Project, Repo, TcpPort, UmbrellaApp
from copier_fly.fly import platform
from tests.detection import projects
from tests.detection.projects import application_ex, below, endpoint_ex, mix_exs, phoenix, repo_ex, umbrella, write


def look_up(found: Any, path: str) -> Any:
    for name in path.split("."):
        found = getattr(found, name)
    return found


def said(found: Project) -> list[str]:
    return [f"{warning.place} {warning.code}" for warning in found.warnings]


def changed(files: dict[str, str], name: str, *replacements: tuple[str, str]) -> dict[str, str]:
    text = files[name]
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return {**files, name: text}


SINGLE = {
    "stack": "phoenix",
    "app_dir": ".",
    "warnings": [],
    "nextjs": NextjsApp(),
    "elixir.name": "shop",
    "elixir.app_module": "Shop",
    "elixir.web_module": "ShopWeb",
    "elixir.ecto": True,
    "elixir.db_adapter": "postgres",
    "elixir.repos": (Repo("shop", "Shop.Repo"),),
    "elixir.assets": "mix",
    "elixir.http_port": None,
    "elixir.tcp_ports": (),
    "elixir.release_name": "shop",
    "elixir.has_releases": False,
    "elixir.umbrella_apps": (),
    "elixir.app_lib": "lib/shop",
    "elixir.in_umbrella": False,
}
UMBRELLA = {
    "stack": "umbrella",
    "app_dir": ".",
    "apps": (App(".", "umbrella", "shop"),),
    "warnings": [],
    "elixir.name": "shop",
    "elixir.app_module": "Shop",
    "elixir.web_module": "ShopWeb",
    "elixir.web_app": "shop_web",
    "elixir.repos": (Repo("shop", "Shop.Repo"),),
    "elixir.assets": "mix",
    "elixir.http_port": None,
    "elixir.release_name": "shop",
    "elixir.app_lib": "apps/shop/lib/shop",
}

GENERATED = {
    **{f"single-{version}": (phoenix(version=version), SINGLE) for version in projects.PHOENIX},
    **{f"umbrella-{version}": (umbrella(version=version), UMBRELLA) for version in projects.PHOENIX},
    "no-ecto-no-assets": (
        phoenix(ecto=False, assets=False),
        {"elixir.ecto": False, "elixir.repos": (), "elixir.assets": "none"},
    ),
    "umbrella-no-ecto": (
        umbrella(ecto=False),
        {"elixir.ecto": False, "elixir.app_module": "Shop"},
    ),
    "sub-directory": (
        below("net_auto", phoenix("net_auto")),
        SINGLE
        | {
            "app_dir": "net_auto",
            "apps": (App("net_auto", "phoenix", "net_auto"),),
            "elixir.name": "net_auto",
            "elixir.app_module": "NetAuto",
            "elixir.web_module": "NetAutoWeb",
            "elixir.repos": (Repo("net_auto", "NetAuto.Repo"),),
            "elixir.release_name": "net_auto",
            "elixir.app_lib": "lib/net_auto",
        },
    ),
    "namespaced-module": (
        phoenix("greening_iot", module="GreeningIoT"),
        {"elixir.app_module": "GreeningIoT", "elixir.web_module": "GreeningIoTWeb"},
    ),
    "crlf": ({name: text.replace("\n", "\r\n") for name, text in phoenix().items()}, SINGLE),
    "byte-order-mark": (changed(phoenix(), "mix.exs", ("defmodule Shop.", "\ufeffdefmodule Shop.")), SINGLE),
}

MISLEADING = '''# apps_path: "apps", app: :wrong, releases: [wrong: []]
defmodule Shop.MixProject do
  @moduledoc """
  def project do
    [app: :heredoc, apps_path: "apps", releases: []]
  end
  not the end: """ def project do [app: :still_heredoc]
  """
  use Mix.Project
  @app :shop
  @version "2.3.4"
  @description ~S(app: :sigil \\) "#{not_code} do end)
  @charlist ~c"app: :charlist do" ++ 'def project do'
  @char [?", ?#, ?', ?[, ?\\]]
  @last %{end: 1}.end
  @nested "#{"app: #{"}"} do"}"

  def project() do
    # releases: [comment: []],
    version = @version

    [
      description: "releases: [string: []] do",
      app: @app,
      version: @version,
      elixir: "~> 1.17", deps: deps() ++ more(:prod),
      aliases: aliases()
    ]
  end

  def application, do: [mod: {Shop.Application, []}]

  defp deps, do: [{:phoenix, "~> 1.8"}, {:bcrypt_elixir, "~> 3.0"}]

  defp more(env) do
    common = [{:oban, "~> 2.18"}, {:credo, "~> 1.7", only: [:dev, :test], runtime: false}]
    if env == :prod, do: [{:postgrex, ">= 0.0.0"}] ++ common, else: common
  end

  defp aliases, do: ["assets.deploy": ["phx.digest"]]
end
'''

ODD = {
    "misleading-words": (
        {**phoenix(), "mix.exs": MISLEADING},
        SINGLE
        | {
            "elixir.deps": ("bcrypt_elixir", "credo", "oban", "phoenix", "postgrex"),
        },
    ),
    "project-on-one-line": (
        {
            **phoenix(),
            "mix.exs": "defmodule Shop.MixProject do\n  use Mix.Project\n"
            '  def project, do: [app: :shop, version: "1.0.0", deps: [{:phoenix, "1.8.1"}]]\n'
            "  def application, do: [mod: {Shop.Application, []}]\nend\n",
        },
        {"elixir.name": "shop", "elixir.assets": "none"},
    ),
    "two-projects-in-one-file": (
        {**phoenix(), "mix.exs": phoenix()["mix.exs"] + mix_exs("other")},
        {"stack": None, "warnings": ["mix.exs:1 mix-not-understood"]},
    ),
    "namespaced-module-without-application": (
        {
            **phoenix("greening_iot", module="GreeningIoT"),
            "mix.exs": mix_exs("greening_iot", deps=('{:phoenix, "1.8.1"}',), callback="GreeningIoT.Sup"),
        },
        {"elixir.app_module": "GreeningIoT"},
    ),
    "list-built-elsewhere": (
        changed(phoenix(), "mix.exs", ("def project do\n    [", "def project do\n    base() ++ [")),
        {"stack": "phoenix", "elixir.name": "shop", "elixir.has_releases": False},
    ),
    "releases-with-one-name": (
        changed(
            phoenix(),
            "mix.exs",
            ("deps: deps()\n", "deps: deps(),\n      releases: [store: [quiet: true]]\n"),
        ),
        {"elixir.has_releases": True, "elixir.release_name": "store"},
    ),
    "releases-elsewhere": (
        changed(phoenix(), "mix.exs", ("deps: deps()\n", "deps: deps(),\n      releases: releases()\n")),
        {"elixir.has_releases": True, "elixir.release_name": "shop"},
    ),
    "renamed-folder": (
        {
            **{name: text for name, text in phoenix().items() if not name.startswith("lib/shop/")},
            "lib/core/application.ex": projects.application_ex("Shop"),
            "lib/core/repo.ex": repo_ex("Shop.Repo", "shop"),
        },
        {"elixir.app_lib": "lib/core", "elixir.app_module": "Shop"},
    ),
    "nested-endpoint-module": (
        {
            **{name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")},
            "lib/shop_web.ex": "defmodule ShopWeb do\n  defmodule Endpoint do\n"
            "    use(Phoenix.Endpoint, otp_app: :shop)\n  end\nend\n",
        },
        {"elixir.web_module": "ShopWeb"},
    ),
    "two-endpoints-one-usual": (
        {**phoenix(), "lib/admin/endpoint.ex": endpoint_ex("AdminWeb", "shop")},
        {
            "elixir.web_module": "ShopWeb",
            "warnings": ["lib/admin/endpoint.ex:2 several-endpoints"],
        },
    ),
    "two-endpoints-in-usual-places": (
        {**phoenix(), "lib/shop/endpoint.ex": endpoint_ex("Shop", "shop")},
        {"elixir.web_module": "ShopWeb"},
    ),
    "two-endpoints-none-usual": (
        {
            **{name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")},
            "lib/a/endpoint.ex": endpoint_ex("AWeb", "shop"),
            "lib/b/endpoint.ex": endpoint_ex("BWeb", "shop"),
        },
        {"elixir.web_module": None},
    ),
    "endpoint-only-in-a-comment": (
        {
            **{name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")},
            "lib/shop/docs.ex": "defmodule Shop.Docs do\n  # use Phoenix.Endpoint, otp_app: :x\nend\n",
        },
        {"elixir.web_module": None},
    ),
    "read-only-replica": (
        {
            **{name: text for name, text in phoenix().items() if name != "config/config.exs"},
            "lib/shop/replica.ex": repo_ex("Shop.Replica", "shop", more=",\n    read_only: true"),
        },
        {
            "elixir.repos": (Repo("shop", "Shop.Repo"),),
            "elixir.further_repos": (Repo("shop", "Shop.Replica"),),
        },
    ),
    "ecto-repos-decide": (
        {
            **changed(phoenix(), "config/config.exs", ("[Shop.Repo]", "[Shop.Events, Shop.Repo]")),
            "lib/shop/events.ex": repo_ex("Shop.Events", "shop"),
            "lib/shop/legacy.ex": repo_ex("Shop.Legacy", "shop"),
        },
        {
            "elixir.repos": (
                Repo("shop", "Shop.Repo"),
                Repo("shop", "Shop.Events"),
            ),
            "elixir.further_repos": (Repo("shop", "Shop.Legacy"),),
        },
    ),
    "repo-left-over": (
        {
            **phoenix(),
            "config/config.exs": "import Config\n\nconfig :shop,\n  # ecto_repos: [Shop.Repo],\n  a: 1\n",
            "config/runtime.exs": "import Config\n\n# config :shop, Shop.Repo, ssl: true\n",
            "config/dev.exs": 'import Config\n\nconfig :shop, Shop.Repo, username: "postgres"\n',
            "lib/shop/application.ex": application_ex("Shop").replace("  def", "  # Shop.Repo, Ecto.Repo\n  def"),
        },
        {"elixir.ecto": False, "elixir.repos": (), "elixir.further_repos": ()},
    ),
    "repo-of-a-supervisor": (
        {
            **phoenix(),
            "config/config.exs": "import Config\n",
            "config/runtime.exs": "import Config\n",
            "lib/shop/application.ex": application_ex("Shop").replace("{:ok, self()}", "f([Shop.Repo])"),
        },
        {"elixir.ecto": True, "elixir.repos": (Repo("shop", "Shop.Repo"),)},
    ),
    "sqlite": (
        changed(phoenix(), "mix.exs", ("{:postgrex, ", "{:ecto_sqlite3, ")),
        {"elixir.db_adapter": "sqlite", "elixir.ecto": True},
    ),
    "child-of-an-umbrella-above": (
        {**phoenix(), "mix.exs": mix_exs("shop", deps=('{:phoenix, "1.8.1"}',), child=True)},
        {
            "elixir.in_umbrella": True,
            "warnings": ["mix.exs:11 inside-umbrella"],
        },
    ),
    "library-that-knows-phoenix": (
        {"mix.exs": mix_exs("lib", deps=('{:phoenix, "~> 1.8", optional: true}',), callback=None)},
        {"stack": None, "app_dir": None, "apps": (), "elixir": ElixirApp()},
    ),
    "syntax-error": (
        {
            **phoenix(),
            "mix.exs": "defmodule Shop.MixProject do\n  use Mix.Project\n  def project do\n    [app: :shop\n",
        },
        {
            "stack": None,
            "elixir": ElixirApp(),
            "warnings": ["mix.exs:4 mix-not-understood"],
        },
    ),
}

TOOLS = {
    "tool-versions": (
        {".tool-versions": "# tools\nelixir 1.18.3-otp-27\nerlang 27.3.4 # LTS\nnodejs 24.1.0\n"},
        ("1.18.3", "27.3.4"),
    ),
    "otp-from-the-suffix": ({".tool-versions": "elixir 1.18.3-otp-27\n"}, ("1.18.3", "27")),
    "mise": ({"mise.toml": '[tools]\nelixir = "1.19.1"\nerlang = {version = "28.1"}\n'}, ("1.19.1", "28.1")),
    "hidden-mise-with-a-list": ({".mise.toml": '[tools]\nerlang = ["28", "27"]\n'}, (None, "28")),
    "asdf-before-mise": (
        {".tool-versions": "elixir 1.17.0\n", "mise.toml": '[tools]\nelixir = "1.19.1"\n'},
        ("1.17.0", None),
    ),
    "no-number": ({".tool-versions": "elixir latest\nerlang ref:master\n"}, (None, None)),
}


@pytest.mark.parametrize("case", [*GENERATED, *ODD])
def test_what_a_project_says(case: str, tmp_path: Path) -> None:
    files, expected = (GENERATED | ODD)[case]
    found = examine(write(tmp_path / "target", files))
    assert {path: said(found) if path == "warnings" else look_up(found, path) for path in expected} == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), "0.1.0"),
        ((('version: "0.1.0"', 'version: File.read!("VERSION")'),), None),
        ((('version: "0.1.0",', 'version: "0.1.0",\n      version: "9.9.9",'),), "0.1.0"),
        ((("use Mix.Project", 'use Mix.Project\n  @v "2.3.4"'), ('version: "0.1.0"', "version: @v")), "2.3.4"),
        ((("use Mix.Project", 'use Mix.Project\n  @v "1"\n  @v "2"'), ('version: "0.1.0"', "version: @v")), None),
        ((("def project do\n    [", "def project do\n    base() ++ ["),), None),
    ],
    ids=["plain", "computed", "given-twice", "attribute", "attribute-set-twice", "list-built-elsewhere"],
)
def test_a_key_of_the_project(changes: tuple[tuple[str, str], ...], expected: str | None) -> None:
    text = changed({"mix.exs": mix_exs("shop")}, "mix.exs", *changes)["mix.exs"]
    assert mixfile.MixProject(text).string("version") == expected


@pytest.mark.parametrize("case", TOOLS)
@pytest.mark.parametrize("place", ["app", "above"])
def test_versions_of_elixir_and_otp(case: str, place: str, tmp_path: Path) -> None:
    files, expected = TOOLS[case]
    files = below("backend", files) if place == "app" else files
    elixir = examine(write(tmp_path, {**below("backend", phoenix()), **files})).elixir
    assert (elixir.elixir_version, elixir.otp_version) == expected


@pytest.mark.parametrize(
    ("elixir", "otp", "image"),
    [
        ("1.15.4", "26.0", "1.15-otp26"),
        ("1.16.3", "26.2.5", "1.16-otp26"),
        ("1.17.2", "27.1", "1.17-otp27"),
        ("1.18.1", "25.3", "1.18-otp26"),
        ("1.19.0", None, "1.19-otp28"),
        ("1.18.3", None, "1.18-otp27"),
        (None, "27.3", "1.18-otp27"),
        (None, None, "1.20-otp29"),
    ],
)
def test_the_image_nearest_to_the_versions_is_taken(elixir: str | None, otp: str | None, image: str) -> None:
    assert platform.nearest_elixir(elixir, otp) == image


def test_the_file_nearest_to_the_app_decides_the_version(tmp_path: Path) -> None:
    files = {".tool-versions": "elixir 1.15.0\n", "backend/.tool-versions": "elixir 1.18.0\n"}
    found = examine(write(tmp_path, {**below("backend", phoenix()), **files}))
    assert found.elixir.elixir_version == "1.18.0"


@pytest.mark.parametrize(
    ("locks", "expected"),
    [
        ((), "npm"),
        (("package-lock.json",), "npm"),
        (("pnpm-lock.yaml",), "pnpm"),
        (("yarn.lock",), "yarn"),
        (("bun.lock",), "bun"),
        (("yarn.lock", "package-lock.json"), "npm"),
    ],
)
def test_package_manager_of_assets(locks: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    files = {
        "assets/package.json": '{"dependencies": {"next": "16.0.0"}}',
        **{f"assets/{n}": "" for n in locks},
    }
    found = examine(write(tmp_path, {**phoenix(), **files}))
    assert found.elixir.assets == expected
    assert [app.stack for app in found.apps] == ["phoenix"]


def test_the_hex_package_of_bun_installs_by_itself(tmp_path: Path) -> None:
    files = phoenix() | {"assets/package.json": "{}", "assets/bun.lock": ""}
    assert files["mix.exs"].count("{:phoenix, ") == 1
    files["mix.exs"] = files["mix.exs"].replace("{:phoenix, ", '{:bun, "~> 1.4"}, {:phoenix, ')
    assert examine(write(tmp_path, files)).elixir.assets == "mix"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("config/runtime.exs", 'http: [port: String.to_integer(System.get_env("PORT") || "8080")]', 8080),
        ("config/runtime.exs", 'http: [port: System.get_env("PORT", "4000") |> String.to_integer()]', None),
        ("config/runtime.exs", "http: [ip: {0, 0, 0, 0}, port: 4000]", 4000),
        ("config/prod.exs", "http: [port: 5_000]", 5000),
        ("config/dev.exs", "http: [port: 5000]", None),
        ("config/runtime.exs", "http: [port: http_port]", 8081),
        ("config/runtime.exs", "http: http_options()", None),
        ("config/runtime.exs", 'http: [port: String.to_integer(System.get_env("PORT", "3000")) + 2000]', None),
        ("config/runtime.exs", "http: [port: 80]", None),
    ],
    ids=["fallback", "generator", "fixed", "prod", "dev", "variable", "call", "sum", "privileged"],
)
def test_http_port(file: str, text: str, expected: int | None, tmp_path: Path) -> None:
    variable = 'http_port = String.to_integer(System.get_env("PORT") || "8081")'
    files = {name: body for name, body in phoenix().items() if not name.startswith("config/")}
    files[file] = f"import Config\n{variable}\nconfig :shop, ShopWeb.Endpoint,\n  {text}\n"
    assert examine(write(tmp_path, files)).elixir.http_port == expected


def test_ports_of_dev_and_test_blocks_do_not_count(tmp_path: Path) -> None:
    text = """import Config
if config_env() in [:dev, :test] do
  config :shop, ShopWeb.Endpoint, http: [port: 7777]
end
"""
    found = examine(write(tmp_path, {**phoenix(), "config/runtime.exs": text}))
    assert found.elixir.http_port is None


LISTENER = "defmodule Listener do\n  def start(port), do: :gen_tcp.listen(port, [])\nend\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("config :shop, port: 6600", [("shop", 6600)]),
        ("config :shop, :auth_port, 6600", [("auth", 6600)]),
        ("config :shop, Shop.GameServer.Listener, port: 6600", [("game_server", 6600)]),
        (
            'config :shop, relay_ports: split.(System.get_env("RELAY_PORTS", "7001, 7002")), relay_port_tls: 7443',
            [("relay_7001", 7001), ("relay_7002", 7002), ("relay_tls", 7443)],
        ),
        ('config :shop, allowed: System.get_env("ALLOWED", "7001,7002"), port_range: 10', []),
        ("config :shop, tcp: [auth: [port: 6600], world: [port: 24000]]", [("auth", 6600), ("world", 24000)]),
        ("config :shop, ports: [auth: 6600, world: 24_000]", [("auth", 6600), ("world", 24000)]),
        (
            'config :shop, listeners: [[name: :auth, port: 6600], %{name: "world", port: 24000}]',
            [("auth", 6600), ("world", 24000)],
        ),
        ('config :shop, auth_port: String.to_integer(System.get_env("AUTH_PORT", "6600"))', [("auth", 6600)]),
        ('config :shop, Shop.Mailer, relay: "smtp.example.com", port: 2525', []),
        ('config :shop, cache: [host: "localhost", port: 6379]', []),
        ("config :shop, metrics_port: 9568", []),
        ("config :redix, port: 6379", []),
        ("config :shop, port: 443", []),
        ("config :shop, port: compute()", []),
    ],
)
def test_tcp_ports(text: str, expected: list[tuple[str, int]], tmp_path: Path) -> None:
    files = {**phoenix(), "config/prod.exs": f"import Config\n{text}\n", "lib/shop/listener.ex": LISTENER}
    found = examine(write(tmp_path, files)).elixir.tcp_ports
    assert [(service.name, service.port) for service in found] == expected


def test_no_tcp_port_is_suggested_where_no_code_listens(tmp_path: Path) -> None:
    files = {**phoenix(), "config/prod.exs": "import Config\nconfig :shop, auth_port: 6600\n"}
    assert examine(write(tmp_path, files)).elixir.tcp_ports == ()


def game() -> dict[str, str]:
    """An umbrella of the shape of a game server: listeners, a repository, tools for development."""

    def child(name: str, *deps: str, callback: str | None = "") -> dict[str, str]:
        files = {f"apps/{name}/mix.exs": mix_exs(name, deps=deps, child=True, callback=callback)}
        files[f"apps/{name}/lib/{name}/application.ex"] = projects.application_ex(projects.camel(name))
        return files

    settings = "".join(
        f"config :bezgelor_{name}, port: {port}\n"
        for name, port in (("auth", 6600), ("realm", 23115), ("world", 24000))
    )
    return {
        "mix.exs": umbrella("bezgelor")["mix.exs"].replace("Bezgelor.Umbrella", "Bezgelor"),
        "config/config.exs": f"import Config\nconfig :bezgelor_db, ecto_repos: [BezgelorDb.Repo]\n{settings}",
        **child("bezgelor_db", '{:ecto_sql, "~> 3.12"}', '{:postgrex, ">= 0.0.0"}'),
        "apps/bezgelor_db/lib/bezgelor_db/repo.ex": repo_ex("BezgelorDb.Repo", "bezgelor_db"),
        **child("bezgelor_auth", "{:bezgelor_core, in_umbrella: true}"),
        **child("bezgelor_realm", "{:bezgelor_core, in_umbrella: true}"),
        **child("bezgelor_world", "{:bezgelor_core, in_umbrella: true}"),
        **child("bezgelor_core", "{:bezgelor_db, in_umbrella: true}", callback=None),
        "apps/bezgelor_core/lib/bezgelor_core/listener.ex": LISTENER,
        **child(
            "bezgelor_portal",
            '{:phoenix, "~> 1.8"}',
            "{:bezgelor_core, in_umbrella: true}",
            "{:bezgelor_bench, in_umbrella: true, only: :dev}",
        ),
        "apps/bezgelor_portal/lib/bezgelor_portal_web/endpoint.ex": endpoint_ex("BezgelorPortalWeb", "bezgelor_portal"),
        **child("bezgelor_bench"),
        **child("bezgelor_dev", "{:bezgelor_core, in_umbrella: true}"),
        **child("bezgelor_scripts", callback=None),
    }


def test_an_umbrella_with_listeners(tmp_path: Path) -> None:
    elixir = examine(write(tmp_path, game())).elixir
    assert elixir.name == "bezgelor"
    assert (elixir.web_app, elixir.web_module) == ("bezgelor_portal", "BezgelorPortalWeb")
    assert [one.file for one in elixir.endpoints] == ["apps/bezgelor_portal/lib/bezgelor_portal_web/endpoint.ex"]
    assert elixir.repos == (Repo("bezgelor_db", "BezgelorDb.Repo"),)
    assert elixir.tcp_ports == (TcpPort("auth", 6600), TcpPort("realm", 23115), TcpPort("world", 24000))
    assert [app.name for app in elixir.umbrella_apps if app.has_endpoint] == ["bezgelor_portal"]
    assert [(app.name, app.lib) for app in elixir.umbrella_apps if app.repos] == [
        ("bezgelor_db", "apps/bezgelor_db/lib/bezgelor_db")
    ]


def test_umbrella_apps_that_no_release_needs(tmp_path: Path) -> None:
    apps = examine(write(tmp_path, game())).elixir.umbrella_apps
    assert {app.name for app in apps if app.dev_only} == {"bezgelor_bench", "bezgelor_dev", "bezgelor_scripts"}


def test_the_apps_of_an_umbrella(tmp_path: Path) -> None:
    assert examine(write(tmp_path, umbrella())).elixir.umbrella_apps == (
        UmbrellaApp("shop", "apps/shop", "Shop", "apps/shop/lib/shop", repos=("Shop.Repo",)),
        UmbrellaApp(
            "shop_web",
            "apps/shop_web",
            "ShopWeb",
            "apps/shop_web/lib/shop_web",
            has_endpoint=True,
            web_module="ShopWeb",
            needs=("shop",),
            has_assets=True,
        ),
    )


def admin(*needs: str, assets: bool = True) -> dict[str, str]:
    """An umbrella with a second web app, which needs these others."""
    deps = ('{:phoenix, "1.8.1"}', *(f"{{:{name}, in_umbrella: true}}" for name in needs))
    files = {
        "mix.exs": mix_exs("admin_web", deps=deps, assets=assets, child=True),
        "lib/admin_web/endpoint.ex": endpoint_ex("AdminWeb", "admin_web"),
    }
    return {**umbrella(), **below("apps/admin_web", files)}


@pytest.mark.parametrize(
    ("files", "web_app"),
    [
        (admin("shop"), "shop_web"),
        (admin("shop_web"), "admin_web"),
        (
            {**admin("middle"), **below("apps/middle", {"mix.exs": mix_exs("middle", deps=('{:shop_web, "1"}',))})},
            "admin_web",
        ),
        (
            {
                name.replace("shop_web", "store_web"): text.replace("shop_web", "store_web")
                for name, text in admin().items()
            },
            None,
        ),
    ],
    ids=["of the umbrella's name", "on top of the other", "by way of a third", "neither"],
)
def test_the_endpoint_of_several_web_apps(tmp_path: Path, files: dict[str, str], web_app: str | None) -> None:
    assert examine(write(tmp_path, files)).elixir.web_app == web_app


@pytest.mark.parametrize(
    ("more", "kind", "apps"),
    [
        ({}, "mix", ["shop_web"]),
        ({"apps/admin_web/assets/css/app.css": ""}, "mix", ["admin_web", "shop_web"]),
        ({"apps/admin_web/assets/package.json": "{}"}, "npm", ["admin_web", "shop_web"]),
        ({"apps/shop_web/assets/package.json": "{}", "apps/shop_web/assets/pnpm-lock.yaml": ""}, "pnpm", ["shop_web"]),
    ],
)
def test_the_assets_of_several_web_apps(tmp_path: Path, more: dict[str, str], kind: str, apps: list[str]) -> None:
    elixir = examine(write(tmp_path, {**admin(), **more})).elixir
    assert (elixir.assets, [app.name for app in elixir.umbrella_apps if app.has_assets]) == (kind, apps)


def test_the_umbrella_s_own_alias_builds_the_assets(tmp_path: Path) -> None:
    files = {name: text.replace('"assets.deploy"', '"assets.other"') for name, text in umbrella().items()}
    files = changed(
        files, "mix.exs", ('setup: ["cmd mix setup"]', '"assets.deploy": ["do --app shop_web assets.other"]')
    )
    elixir = examine(write(tmp_path, files)).elixir
    assert (elixir.assets, [app.name for app in elixir.umbrella_apps if app.has_assets]) == ("mix", [])


def test_the_place_of_an_endpoint(tmp_path: Path) -> None:
    found = examine(write(tmp_path, below("net", phoenix()))).elixir
    assert found.endpoints == (Endpoint("ShopWeb.Endpoint", "lib/shop_web/endpoint.ex", 2),)


def test_an_umbrella_may_keep_its_children_elsewhere_and_name_them(tmp_path: Path) -> None:
    files = {name.replace("apps/", "services/"): text for name, text in umbrella().items()}
    files |= below("services/stray", {"mix.exs": mix_exs("stray")})
    files = changed(files, "mix.exs", ('apps_path: "apps"', 'apps_path: "./services", apps: [:shop, :shop_web]'))
    found = examine(write(tmp_path, files))
    assert [app.dir for app in found.elixir.umbrella_apps] == ["services/shop", "services/shop_web"]
    assert [app.dir for app in found.apps] == ["."]


def test_two_repositories_in_an_umbrella(tmp_path: Path) -> None:
    files = {
        **umbrella(),
        **below(
            "apps/events",
            {"mix.exs": mix_exs("events"), "lib/events/repo.ex": repo_ex("Events.Repo", "events")},
        ),
    }
    files = changed(
        files,
        "config/config.exs",
        ("import Config", "import Config\nconfig :events, ecto_repos: [Events.Repo]"),
    )
    repos = examine(write(tmp_path, files)).elixir.repos
    # The first one's is DATABASE_URL's, in the order that the answer repo_apps has.
    assert repos == (Repo("shop", "Shop.Repo"), Repo("events", "Events.Repo"))


def test_an_umbrella_whose_function_of_aliases_is_empty(tmp_path: Path) -> None:
    files = umbrella()
    before, _, _ = files["mix.exs"].partition("  defp aliases do")
    files["mix.exs"] = f"{before}  defp aliases do\n    # [setup: []]\n  end\nend\n"
    found = examine(write(tmp_path, files))
    assert found.stack == "umbrella"
    assert [one.code for one in found.warnings] == []
