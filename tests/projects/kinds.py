"""What real projects have that no generator writes, by kind: each as it was met, and siblings that say it otherwise.

`TOLD` are the kinds that a warning names. What is served is proven in test_kinds.py.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.detection import test_deployed_nextjs as deployed
from tests.detection import test_survey_elixir as elixir
from tests.detection import test_survey_nextjs as on_next
from tests.detection.projects import Files, below, endpoint_ex, mix_exs, nextjs, phoenix, repo_ex, umbrella
from tests.detection.test_survey_elixir import code, config, dep
from tests.detection.test_survey_nextjs import drizzle, prisma
from tests.projects import portable, taken


class Told(NamedTuple):
    """The codes of which each input has one, the inputs, and projects that do the same thing right."""

    codes: set[str]
    inputs: list[Files]
    silent: list[Files]


def cases(*names: str) -> list[Files]:
    """Inputs of the rules' own tests, by their names."""
    return [(elixir.CASES | on_next.CASES | deployed.CASES)[name][0] for name in names]


def controls(*names: str) -> list[Files]:
    """Projects of the rules' own tests that are right, by their names."""
    return [(elixir.SILENT | on_next.SILENT | deployed.SILENT)[name] for name in names]


def on(driver: str, app: str = "shop") -> Files:
    """A project with another database driver."""
    files = phoenix(app)
    return {**files, "mix.exs": files["mix.exs"].replace("{:postgrex, ", f"{{:{driver}, ")}


def strict(mix: str, when: str) -> str:
    """A mix.exs whose compiler takes warnings for errors."""
    return mix.replace("start_permanent:", f"elixirc_options: [warnings_as_errors: {when}],\n      start_permanent:")


def newer_otp(files: Files) -> Files:
    """A project that names an OTP whose regexes are references."""
    return {**files, ".tool-versions": "elixir 1.20.4-otp-28\n"}


STRICT = {**phoenix(), "mix.exs": strict(phoenix()["mix.exs"], "true")}
UP = ".github/workflows/up.yml"
DEPLOYS = "jobs:\n  up:\n    steps:\n      - uses: actions/checkout@v5\n      - run: flyctl deploy\n"
LAYOUT = "lib/shop_web/components/layouts/root.html.heex"
BUILT_BEFORE = {
    **elixir.dep('{:esbuild, "~> 0.10"}', elixir.NO_ALIAS),
    LAYOUT: '<link href={~p"/assets/app.css"} />\n<script src={Routes.static_path(@conn, "/assets/app.js")}>\n',
    "priv/static/assets/app.css": "a{}\n",
    "priv/static/assets/app.js": "1\n",
    ".gitignore": "/deps/\n",
}
ENDPOINT = "config :shop, ShopWeb.Endpoint, "
LISTENS_TCP = code("defmodule Shop.Dns do\n  def a(p), do: :gen_tcp.listen(p, [])\nend\n", "lib/shop/dns.ex")
S3 = dep('{:ex_aws_s3, "~> 2.5"}')
BUCKET = "config :shop, bucket: {}"
LIBRARY = '{"name": "kit", "peerDependencies": {"next": ">=14"}, "devDependencies": {"next": "15.3.0"}}'
LIBCLUSTER = dep('{:libcluster, "~> 3.5"}')
BY_NAME = config('config :libcluster, topologies: [a: [config: [node_basename: "till"]]]', "runtime", LIBCLUSTER)
ENV_SH = "#!/bin/sh\nexport RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE={}\n"
FLY_LAUNCH = (
    'export ERL_AFLAGS="-proto_dist inet6_tcp"\nexport ECTO_IPV6="true"\nexport RELEASE_DISTRIBUTION="name"\n'
    'export DNS_CLUSTER_QUERY="${FLY_APP_NAME}.internal"\n'
    'export RELEASE_NODE="${FLY_APP_NAME}-${FLY_IMAGE_REF##*-}@${FLY_PRIVATE_IP}"\n'
)
TASKS = "defmodule {} do\n  def migrate do\n    Ecto.Migrator.run(Shop.Repo, :up, all: true)\n  end\nend\n"
OURS = '  @moduledoc "Database tasks for a release, where there is no Mix."\n'
MIGRATES = """defmodule Shop.Release do
  def migrate do
    load_app()
    Logger.info("Migrates")

    for repo <- repos() do
      {:ok, _, _} = Ecto.Migrator.with_repo(repo, &Ecto.Migrator.run(&1, :up, all: true))
    end
  end

  MORE
end
"""
RELEASE = "defmodule {}.Release do\n  def migrate, do: :ok\n  def rollback(_, _), do: :ok\n{}end\n"
ASH_REPO = "defmodule Shop.Repo do\n  use AshPostgres.Repo, otp_app: :shop\nend\n"
TENANTS = "tenant_migrations/20260301000000_add_bills.exs"
VUE = code("defmodule A do\n  def a, do: {NodeJS.Supervisor, []}\nend\n")
BRUNCH = json.dumps({"scripts": {"deploy": "brunch build --production"}})
WEBPACK = json.dumps({"scripts": {"start": "webpack watch", "compile": "webpack build --mode=production"}})
VITE = json.dumps({"scripts": {"build": "vite build --outDir ../priv/static"}})
BUILDS = json.dumps({"scripts": {"build": "vite build"}})
SPA = {**elixir.NO_ALIAS, "assets/package.json": BUILDS, "assets/index.html": "<div id=app></div>\n"}
NO_ENDPOINT = {name: text for name, text in phoenix().items() if not name.endswith("endpoint.ex")}
YARN = {"package.json": json.dumps({"name": "acme", "private": True, "workspaces": ["web", "libs/*"]})}
DRIZZLE_WEB = {**YARN, **below("web", nextjs(dependencies={"drizzle-orm": "^0.45.0"}))}
FIXED_SCHEMA = 'datasource db {\n  provider = "sqlite"\n  url      = "file:./dev.db"\n}\n'
BETTER_SQLITE = nextjs(dependencies={"better-sqlite3": "^12.2.0"})
LIBSQL = nextjs(dependencies={"@libsql/client": "^0.17.4"})
HOOKS = nextjs(scripts={"prepare": "git config --local core.hooksPath tools/hooks", "build": "next build"})
CHILD = mix_exs("till", "1.7", deps=('{:phoenix, "~> 1.7"}',), child=True)

MIX = phoenix()["mix.exs"]
CARGO_LOCK = '[[package]]\nname = "rustler"\nversion = "{}"\n'
CARGO = '[package]\nname = "a"\n[dependencies]\nrustler = {}\n'
MACRO = "defmodule ShopWeb.Endpoint do\n  use SiteEncrypt.Phoenix.Endpoint, otp_app: :shop\nend\n"
AT_ROOT = {"package.json": nextjs()["package.json"]}
TABLES = 'export const goods = pgTable("goods", { id: serial("id").primaryKey() });\n'
PARTS = "new Pool({{ host: process.env.{}_HOST, password: process.env.{}_PASSWORD }})"


def version(code: str) -> Files:
    """A project whose version is computed."""
    assert 'version: "0.1.0"' in MIX
    return {**phoenix(), "mix.exs": MIX.replace('version: "0.1.0"', f"version: {code}")}


def bare(files: Files) -> Files:
    """A project without its migrations."""
    return {name: text for name, text in files.items() if not name.endswith(".sql")}


def locks(*names: str) -> Files:
    """Packages of the assets, with these lock files."""
    return {"assets/package.json": "{}", **{f"assets/{name}": "" for name in names}}


def releases(listed: str) -> str:
    """The mix.exs of an app with these releases."""
    return MIX.replace("      app: :shop,", f"      app: :shop,\n      releases: [{listed}],")


def alias(line: str) -> str:
    """The mix.exs of an app with one more alias."""
    return MIX.replace('      setup: ["deps.get"]', f'      {line},\n      setup: ["deps.get"]')


OWN_ENV = "defmodule Shop.Env do\n  def get(name, default \\\\ nil), do: System.get_env(name) || default\nend\n"


def runtime(text: str, files: Files | None = None) -> Files:
    """A project whose production settings at run time are these."""
    return config(f"if config_env() == :prod do\n{text}\nend", "runtime", files)


def repository(module: str, files: Files | None = None, adapter: str = "Postgres", more: str = "") -> Files:
    """A project with one more repository."""
    name = module.rpartition(".")[2].lower()
    text = repo_ex(module, "shop", f"Ecto.Adapters.{adapter}", more)
    return {**(files or phoenix()), f"lib/shop/{name}.ex": text}


LOADS = (
    'find = fn name -> System.get_env("SHOP_" <> String.upcase(name)) end\nload = fn name -> find.(name) || "" end\n'
)
SITE = 'site = System.get_env("APP_SITE", "") |> String.to_atom()\n'
SITE_LIVE = 'site = System.get_env("APP_SITE", "live")\n'
NO_BUILDER = {name: text.replace("{:esbuild,", "{:phx_builder,") for name, text in elixir.NO_ALIAS.items()}
STRIPE = 'import Config\nconfig :shop, key: System.get_env("STRIPE_KEY")\n'
MAIL = 'config :shop, Shop.Mailer, key: System.fetch_env!("MAIL_KEY")'
READ_ONLY = ",\n    read_only: true"
TO_REPLICA = 'config :shop, Shop.Replica, url: System.get_env("REPLICA_URL")'
BY_PARTS = 'config :shop, Shop.Repo, hostname: map["DB_HOST"], password: map["DB_PASS"], database: "shop"'
INIT = "  def init(_, config) do\n    {}\n  end\n"
PAGES = "defmodule Shop.Pages do\n  def keep(path) do\n    {}\n  end\nend\n"
PLUGS = """defmodule Shop.Pages do
  {}

    plug Plug.Static,
      at: "/assets",
      from: "assets/public"
  end
end
"""
LISTENS = "defmodule Shop.Pages do\n  def init(port), do: {}\nend\n"
FLY_ENV = 'app = "shop"\nprimary_region = "fra"\n\n[env]\n  {}\n'


REPLICAS = """defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres

  @replicas [{0}]

  def replica, do: Enum.random(@replicas)

  for repo <- {1} do
    defmodule repo do
      use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres, read_only: true
    end
  end
end
"""
BOTH = "config :shop, ecto_repos: [Shop.Repo, Shop.AuditRepo]"
AUDIT = "config :shop, Shop.AuditRepo, url: {}"


def further(text: str, name: str = "runtime") -> Files:
    """A project with a further repository that is migrated, whose address this line has."""
    return config(f"{text}", name, config(BOTH, "config", repository("Shop.AuditRepo")))


def served_by(call: str, files: Files | None = None) -> Files:
    """A project that has this among its children."""
    text = f"defmodule Shop.Application do\n  def start(_, _), do: Supervisor.start_link([{call}], [])\nend\n"
    return {**(files or phoenix()), **code(text, "lib/shop/application.ex")}


KEY_FILE = 'file = System.get_env("TLS_KEY_FILE", "/etc/ssl/#{name}.pem")\n'
UNLESS = 'unless File.exists?("/etc/shop/ca.pem") do\n  raise "no authority"\nend'
VAPOR = """defmodule Shop.Config do
  def endpoint, do: Vapor.load!([%Vapor.Provider.Env{{bindings: [{0}]}}])
end
"""
SKOGSRA = "defmodule Shop.Config do\n  use Skogsra\n\n  app_env :rate, :shop, :rate{}\nend\n"
PROVIDER = (
    "defmodule Shop.Config do\n  use Provider,\n    source: Provider.SystemEnv,\n    params: [\n      {}\n    ]\nend\n"
)
STARTS = "defmodule Shop.Application do\n  use Application\n\n  def start(_, _) do\n    {}\n  end\nend\n"
ASKS = 'ask = fn name -> System.get_env(name) || raise(name) end\nconfig :shop, key: ask.("MAIL_KEY")'


FIREBASE = nextjs(dependencies={"firebase-admin": "^13.4.0"})
CERT = "/* firebase-admin */ cert({ projectId: process.env.A_PROJECT_ID, privateKey: process.env.A_PRIVATE_KEY })"
EMPTY_STEP = {name: text.replace('"esbuild shop --minify"', '""') for name, text in phoenix().items()}
ASKING_PAGE = "export default async function Page() {{\n  const all = {}\n  return null\n}}\n"
AT_API = "`${process.env.NEXT_PUBLIC_API}/posts`"
EPMD = 'strategy: Cluster.Strategy.Epmd, config: [hosts: [:"a@127.0.0.1", :"b@127.0.0.1"]]'
ROOT_WEBPACK = json.dumps({"scripts": {"deploy": "webpack"}, "devDependencies": {"webpack": "^5.0.0"}})
PROXY = "config :shop, ShopWeb.{}Endpoint, http: [ip: {{0, 0, 0, 0}}, port: {}]"
SERVES = 'String.to_integer(System.get_env("PORT") || "4000")'
OLD_LOCK = '%{{\n  "ecto": {{:hex, :ecto, "{}", "abc", [:mix], [], "hexpm"}},\n}}\n'
STASH = OLD_LOCK.replace(
    "%{{\n",
    '%{{\n  "stash": {{:hex, :stash, "1.0.0", "a", [:mix], [{{:ecto, "~> 3.0", [hex: :ecto, repo: "hexpm", '
    'optional: false]}}], "hexpm"}},\n',
)
PORT_BY_CODE = "\n  def init(_, config) do\n    {{:ok, Keyword.put(config, :http, port: {})}}\n  end\nend\n"
FROM = "FROM hexpm/elixir AS build\n{}RUN mix release\nFROM debian\nCOPY bin/run.sh rel/prepare.sh /app/\n{}"

RELEASED = "COPY --from=build /app/_build/prod/rel/shop ./\n"


def image(start: str, build: str = "", files: Files | None = None) -> Files:
    """A project with a Dockerfile of its own, whose image starts so."""
    return {**(files or phoenix()), "Dockerfile": FROM.format(build, f"{start}\n")}


def by_code(port: str, files: Files | None = None) -> Files:
    """A project whose endpoint has a function for its options."""
    files = files or phoenix()
    file = next(name for name in files if name.endswith("endpoint.ex"))
    return {**files, file: files[file].removesuffix("end\n") + PORT_BY_CODE.format(port)}


def requires(elixir: str, files: Files | None = None) -> Files:
    """A project that requires this Elixir."""
    files = files or phoenix()
    return {name: text.replace('"~> 1.15"', f'"{elixir}"') for name, text in files.items()}


DISTILLERY = """use Distillery.Releases.Config
environment :prod do
  set {0}
end
"""


def init(body: str) -> Files:
    """A project whose repository has a function of its own for its options."""
    repo = repo_ex("Shop.Repo", "shop").replace("\nend\n", f"\n\n{INIT.format(body)}end\n")
    return {**phoenix(), "lib/shop/repo.ex": repo}


def pages(body: str, files: Files | None = None) -> Files:
    """A project with a function that keeps a file."""
    return {**(files or phoenix()), **code(PAGES.format(body))}


def starting(applications: str) -> Files:
    """A project that starts these applications of Erlang, too."""
    known = "extra_applications: [:logger, :runtime_tools"
    assert known in MIX
    return {**phoenix(), "mix.exs": MIX.replace(known, f"{known}, {applications}")}


def compiling(path: str) -> Files:
    """A module that compiles a setting in."""
    return code(f"defmodule Shop.Pages do\n  @from Application.compile_env(:shop, {path})\nend\n")


def by_alias(command: str) -> Files:
    """A project whose alias assets.deploy runs a command."""
    alias = '"assets.deploy": ['
    return {name: text.replace(alias, f'{alias}"{command}", ') for name, text in phoenix().items()}


def listens(call: str, files: Files | None = None) -> Files:
    """A project that starts a listener."""
    return {**(files or phoenix()), **code(LISTENS.format(call))}


TOLD: dict[str, Told] = {
    "variables that another one switches on": Told(
        {"variable-on-condition"},
        [
            runtime(f'if System.get_env("MAIL_HOST") do\n  {MAIL}\nend'),
            runtime(f'case System.get_env("MAILER", "local") do\n  "local" ->\n    :ok\n  _ ->\n    {MAIL}\nend'),
            runtime(f'case System.get_env("MAILER", "local") do\n  "smtp" ->\n    {MAIL}\n  _ -> :ok\nend'),
            runtime(f'mail = System.get_env("MAIL", "off") == "on"\nif mail do\n  {MAIL}\nelse\n  :ok\nend'),
            runtime(
                f'port = Env.get_integer("MAIL_PORT")\nkind = if port, do: :smtp, else: :log\n'
                f"if kind == :smtp do\n  {MAIL}\nend"
            ),
            below("back", runtime(f'unless System.get_env("MAIL") not in [nil, ""] do\n  :ok\nelse\n  {MAIL}\nend')),
            runtime(f'cond do\n  System.get_env("MAIL_HOST") ->\n    {MAIL}\n  true ->\n    :ok\nend', umbrella()),
        ],
        [
            runtime(MAIL),
            runtime(f'if System.get_env("MAIL", "on") == "on" do\n  {MAIL}\nend'),
            runtime(f'unless System.get_env("NO_MAIL") do\n  {MAIL}\nend'),
            runtime(f'if System.get_env("PHX_SERVER") do\n  {MAIL}\nend'),
            runtime(f'if System.get_env("MAIL") == "on" do\n  :ok\nend\n{MAIL}'),
            runtime('if System.get_env("MAIL_KEY") do\n  config :shop, key: System.fetch_env!("MAIL_KEY")\nend'),
            {
                **runtime(f'if System.get_env("MAIL_HOST") do\n  {MAIL}\nend'),
                "fly.toml": FLY_ENV.format('MAIL_HOST = "mail.shop.dev"'),
            },
        ],
    ),
    "variables that are always needed, said in other words": Told(
        {"variable-at-run-time"},
        [
            runtime('config :shop, port: String.to_integer(System.get_env("STATS_PORT"))'),
            runtime('config :shop, nodes:\n  System.get_env("NODES")\n  |> String.split(",")'),
            runtime('all = "SETTINGS" |> System.fetch_env!() |> Jason.decode!()\nconfig :shop, all: all'),
            runtime('config :shop, key: Map.fetch!(System.get_env(), "API_KEY")', umbrella()),
            runtime(
                'key = System.get_env("MAIL_KEY")\n\nif is_nil(key) do\n  raise """\n  MAIL_KEY is missing\n  """\nend'
            ),
            runtime('config :shop, site: "https://#{System.fetch_env!("SITE_HOST")}/"'),
            runtime('a = "#{"#{env!("SITE_HOST", :string!)}"}.example.org"\nconfig :shop, site: a'),
            runtime(f'if System.get_env("MAIL", "on") == "on" do\n  {MAIL}\nend'),
            runtime(f'{SITE}unless site in [:live, :test] do\n  raise "APP_SITE must be live or test"\nend'),
            {
                **runtime(f'if System.get_env("MAIL_HOST") do\n  {MAIL}\nend'),
                "fly.toml": FLY_ENV.format('MAIL_HOST = "mail.shop.dev"'),
            },
        ],
        [
            runtime('config :shop, port: String.to_integer(System.get_env("STATS_PORT", "9100"))'),
            runtime(
                'size = System.get_env("SIZE") && String.to_integer(System.get_env("SIZE"))\nconfig :shop, size: size'
            ),
            runtime('size = if(System.get_env("SIZE"), do: String.to_integer(System.get_env("SIZE")))'),
            runtime(f'{SITE_LIVE}unless a?(site) do\n  raise "APP_SITE!"\nend'),
            runtime('if System.get_env("APP_OLD_SITE") do\n  raise "APP_OLD_SITE is no longer read"\nend'),
            runtime('config :shop, port: String.to_integer(System.get_env("STATS_PORT") || "9100")'),
            runtime('config :shop, nodes: (System.get_env("NODES") || "") |> String.split(",")'),
            runtime('if System.get_env("APP_OLD_SITE") do\n  raise """\n  APP_OLD_SITE is no longer read\n  """\nend'),
            runtime('config :shop, site: "https://#{System.get_env("SITE_HOST", "example.org")}/#{1 + 1}"'),
            {**runtime(MAIL), "fly.toml": FLY_ENV.format('MAIL_KEY = "none"')},
            runtime(f'if System.get_env("MAIL_HOST") do\n  {MAIL}\nend'),
        ],
    ),
    "variables that code requires by a library, or where the app starts": Told(
        {"variable-at-run-time"},
        [
            {**phoenix(), **code(VAPOR.format('{:db, "DATABASE_URL"}, {:site, "SITE_HOST"}'))},
            {**phoenix(), **code(SKOGSRA.format(", required: true"))},
            {**phoenix(), **code(SKOGSRA.format(',\n    os_env: "RATE",\n    type: :integer,\n    required: true'))},
            below("back", {**phoenix(), **code(PROVIDER.format('{:mail_key, dev: "x"},'))}),
            {**phoenix(), **code(STARTS.format('System.fetch_env!("LICENCE")'), "lib/shop/application.ex")},
            runtime(ASKS),
        ],
        [
            {**phoenix(), **code(VAPOR.format('{:db, "DATABASE_URL"}, {:site, "SITE_HOST", default: "a"}'))},
            {**phoenix(), **code(VAPOR.format('{:site, "SITE_HOST", required: false}'))},
            {**phoenix(), **code(SKOGSRA.format(', os_env: "RATE"'))},
            {**phoenix(), **code(PROVIDER.format('{:mail_key, default: "x"},'))},
            {
                **phoenix(),
                **code(STARTS.format('if System.get_env("LICENCE"), do: :ok'), "lib/shop/application.ex"),
            },
            runtime(ASKS.replace(" || raise(name)", "")),
            runtime(f'way = if System.get_env("TLS") == "on", do: :a, else: :b\nif way == :a do\n  {MAIL}\nend'),
            {
                **phoenix(),
                **code(
                    "defmodule A do\n  use Application\n  if Mix.target() == :app do\n    def key, do: "
                    'System.fetch_env!("KIT")\n  end\nend\n'
                ),
            },
            {
                **phoenix(),
                **code('defmodule A do\n  use Application\n  def key, do: System.fetch_env!("KIT")\nend\n'),
            },
            {
                **phoenix(),
                **code(VAPOR.format('{:site, "SITE_HOST"}')),
                "fly.toml": FLY_ENV.format('SITE_HOST = "shop.dev"'),
            },
        ],
    ),
    "an Elixir that the project refuses": Told(
        {"elixir-requirement"},
        [
            requires("1.7.2"),
            requires("== 1.14.5"),
            requires(">= 1.4.0 and < 1.9.0"),
            requires("~> 1.10.0 or ~> 1.11.0"),
            {**umbrella(), "apps/shop/mix.exs": umbrella()["apps/shop/mix.exs"].replace('"~> 1.15"', '"~> 1.4.2"')},
        ],
        [
            requires("~> 1.4"),
            requires(">= 1.4.0"),
            requires("~> 1.10.0 or ~> 1.18.0"),
            requires(">= 1.14.0 and != 1.15.0"),
            requires("~> 1.18.0-rc.1 or ~> 1.18"),
        ],
    ),
    "what the template sets, read when it is compiled": Told(
        {"variable-at-build"},
        [
            config('key = System.get_env("SECRET_KEY_BASE") || raise("x")\nconfig :shop, key: key'),
            config('config :shop, Shop.Repo, url: System.fetch_env!("DATABASE_URL")', "config"),
            config('config :shop, secret: Map.fetch!(System.get_env(), "SECRET_KEY_BASE")', "prod", umbrella()),
        ],
        [
            config('config :shop, key: System.get_env("SECRET_KEY_BASE")'),
            runtime('config :shop, key: System.fetch_env!("SECRET_KEY_BASE")'),
            config('config :shop, home: System.fetch_env!("HOME")'),
        ],
    ),
    "variables when it is compiled that run time reads again": Told(
        {"variable-frozen"},
        [
            config('config :shop, key: System.get_env("MAPS_KEY")'),
            config('config :shop, key: System.get_env("MAPS_KEY")', "config", runtime("config :shop, a: 1")),
            config('config :shop, key: System.get_env("MAPS_KEY")', "prod", umbrella()),
        ],
        [
            config(
                'config :shop, key: System.get_env("MAPS_KEY")',
                "prod",
                runtime('config :shop, key: System.get_env("MAPS_KEY")'),
            )
        ],
    ),
    "a database elsewhere whose address is in parts": Told(
        {"address-unread"},
        [
            runtime(BY_PARTS, on("myxql")),
            runtime(BY_PARTS, on("tds")),
            below("back", config(BY_PARTS, "releases", on("myxql"))),
        ],
        [
            runtime(BY_PARTS),
            runtime('config :shop, Shop.Repo, hostname: "a", url: System.get_env("DATABASE_URL")', on("myxql")),
            runtime('config :shop, Shop.Repo, hostname: "a", url: Shop.Secrets.url()', on("myxql")),
            on("myxql"),
        ],
    ),
    "repositories on two kinds of database": Told(
        {"repo-of-another-kind"},
        [
            repository("Shop.Events", dep('{:ecto_ch, "~> 0.6"}'), adapter="ClickHouse"),
            repository("Shop.RepoMysql", dep('{:myxql, "~> 0.7"}'), adapter="MyXQL"),
            below("back", repository("Shop.Cache", dep('{:ecto_sqlite3, "~> 0.17"}'), adapter="SQLite3")),
        ],
        [
            repository("Shop.Events"),
            on("myxql"),
            # A second driver that no repository names: for a developer's machine, or left over.
            {
                **dep('{:ecto_sqlite3, "~> 0.17"}'),
                "lib/shop/repo.ex": repo_ex("Shop.Repo", "shop", "Ecto.Adapters.SQLite3"),
            },
        ],
    ),
    "a repository beside those that are migrated": Told(
        {"repo-not-migrated"},
        [
            runtime(TO_REPLICA, repository("Shop.Replica", more=READ_ONLY)),
            repository("Shop.Jobs", {**phoenix(), **code("defmodule A do\n  def a, do: [Shop.Jobs]\nend\n")}),
            below("back", runtime(TO_REPLICA, repository("Shop.Replica"))),
        ],
        [
            repository("Shop.Unused"),
            runtime(f"{TO_REPLICA}, socket_options: ipv6", repository("Shop.Replica", more=READ_ONLY)),
            runtime(TO_REPLICA, repository("Shop.Replica", on("myxql"), "MyXQL")),
        ],
    ),
    "replicas that a loop defines": Told(
        {"repo-not-migrated"},
        [
            {**phoenix(), "lib/shop/repo.ex": REPLICAS.format("Shop.Repo.One, Shop.Repo.Two", "@replicas")},
            {**phoenix(), "lib/shop/repo.ex": REPLICAS.format("__MODULE__.One", "@replicas")},
            below("back", {**phoenix(), "lib/shop/repo.ex": REPLICAS.format("Shop.Reads", "[Shop.Reads]")}),
        ],
        [
            {
                **runtime('config :shop, Shop.Repo.One, url: "x", socket_options: [:inet6]'),
                "lib/shop/repo.ex": REPLICAS.format("Shop.Repo.One", "@replicas"),
            },
            {**phoenix(), "lib/shop/repo.ex": REPLICAS.format("", "@replicas")},
        ],
    ),
    "a further repository with an address of its own": Told(
        {"further-repo"},
        [
            further(AUDIT.format('System.get_env("AUDIT_URL")')),
            further(AUDIT.format('System.get_env("DATABASE_URL")'), "prod"),
            {
                **config("config :shop_web, ecto_repos: [ShopWeb.Repo]", "prod", umbrella()),
                "apps/shop_web/lib/shop_web/repo.ex": repo_ex("ShopWeb.Repo", "shop_web"),
            },
        ],
        [
            further(AUDIT.format('System.get_env("DATABASE_URL")')),
            further(f'url = System.get_env("DATABASE_URL") || raise("x")\n{AUDIT.format("url")}', "releases"),
            further(AUDIT.format('System.get_env("AUDIT_URL", System.fetch_env!("DATABASE_URL"))')),
            phoenix(),
        ],
    ),
    "a web server that the code starts": Told(
        {"http-by-code"},
        [
            served_by("{Bandit, plug: Shop.Metrics, port: 9568}"),
            {
                **phoenix(),
                **code("case Mix.env() do\n  :dev ->\n    @more []\n\n  _ ->\n    @more [{Bandit, plug: A}]\nend\n"),
            },
            served_by("{\n      Plug.Cowboy,\n      scheme: :http, plug: Shop.Front, options: [port: port]}"),
            served_by("Plug.Adapters.Cowboy.child_spec(:http, Shop.Front, [], port: 4001)", umbrella()),
            below("back", pages(":cowboy.start_clear(:shop, [port: path], %{})")),
        ],
        [
            phoenix(),
            served_by("# {Bandit, plug: Shop.Metrics}\n"),
            {
                **phoenix(),
                **code(
                    "case Mix.env() do\n  :dev ->\n    @more [{Bandit, plug: A}]\n\n  :prod ->\n    @more []\nend\n"
                ),
            },
            served_by("{Plug.Cowboy.Drainer, refs: :all}"),
            {
                **phoenix(),
                **code("defmodule A do\n  def a, do: Plug.Cowboy.http(A, [])\nend\n", "lib/shop/fake_shop.ex"),
            },
            config("config :shop, ShopWeb.Endpoint, adapter: Bandit.PhoenixAdapter", "config"),
            {**phoenix(), **code("defmodule Mix.Tasks.Fake do\n  def run(_), do: Bandit.start_link(plug: A)\nend\n")},
        ],
    ),
    "another endpoint on the port": Told(
        {"endpoint-on-port"},
        [
            {**runtime(PROXY.format("Proxy", SERVES)), **code("defmodule ShopWeb.ProxyEndpoint do\nend\n")},
            {
                **runtime(f"port = {SERVES}\n{PROXY.format('Front.', 'port')}", umbrella()),
                "apps/shop/lib/front.ex": "defmodule ShopWeb.Front.Endpoint do\nend\n",
            },
            below(
                "back",
                {
                    **config(PROXY.format("Api", 'System.fetch_env!("PORT")'), "releases"),
                    **code("defmodule ShopWeb.ApiEndpoint do\nend\n"),
                },
            ),
            runtime(f"config :beacon, Beacon.ProxyEndpoint, http: [port: {SERVES}]", dep('{:beacon, "~> 0.5"}')),
        ],
        [
            runtime(PROXY.format("", SERVES)),
            runtime(PROXY.format("Admin", 'String.to_integer(System.get_env("ADMIN_PORT") || "4001")')),
            runtime(PROXY.format("Proxy", SERVES)),
            config(PROXY.format("Proxy", SERVES), "dev"),
        ],
    ),
    "a port that a function gives the endpoint": Told(
        {"endpoint-by-code"},
        [
            by_code('System.get_env("SERVE_PORT") || raise("x")'),
            below("back", by_code('String.to_integer(System.fetch_env!("HTTP_PORT"))')),
            by_code('System.get_env("WEB_PORT", "4000")', umbrella()),
        ],
        [by_code('System.get_env("PORT")'), by_code("4000"), phoenix()],
    ),
    "certificates of the app's own": Told(
        {"own-certificates"},
        [
            dep('{:site_encrypt, "~> 0.6"}'),
            below("back", dep('{:site_encrypt, github: "sasa1977/site_encrypt"}')),
            dep('{:site_encrypt, "~> 0.5"}', umbrella()),
        ],
        [dep('{:site_encrypt, "~> 0.6", only: :test}')],
    ),
    "files of the source at run time": Told(
        {"code-reads-files"},
        [
            {**pages('File.read!("data/plans.json")'), "data/plans.json": "{}"},
            {**pages('for name <- File.ls!("priv/terms") do\n      name\n    end'), "priv/terms/a.md": "x"},
            below("back", {**pages('path |> Path.join("x")\n    Path.wildcard("./data/*.csv")'), "data/a.csv": "x"}),
            {
                **umbrella(),
                **code('defmodule A do\n  def a, do: File.stream!("data/a.csv")\nend\n', "apps/shop/lib/shop/a.ex"),
                "apps/shop/data/a.csv": "x",
            },
        ],
        [
            {**pages('Application.app_dir(:shop, "priv/a.md") |> File.read!()'), "priv/a.md": "x"},
            {**pages('File.read!("test/fixtures/a.json")'), "test/fixtures/a.json": "x"},
            {
                **phoenix(),
                **code('defmodule A do\n  @plans File.read!("data/a.csv")\n  def a, do: @plans\nend\n'),
                "data/a.csv": "x",
            },
            {
                **phoenix(),
                **code(
                    'defmodule A do\n  for name <- File.ls!("data/a") do\n    def a(unquote(name)), do: 1\n  end\nend\n'
                ),
                "data/a/b": "x",
            },
            pages('File.read!("data/none.json")'),
            {**pages('# File.read!("data/a.csv")\n    path'), "data/a.csv": "x"},
        ],
    ),
    "an Ecto without migrations of a release": Told(
        {"ecto-too-old"},
        [
            {**phoenix(), "mix.lock": OLD_LOCK.format("2.2.11")},
            {**umbrella(), "mix.lock": OLD_LOCK.format("1.1.9")},
            below("back", {**phoenix(), "mix.lock": OLD_LOCK.format("2.0.5")}),
        ],
        [
            {**phoenix(), "mix.lock": OLD_LOCK.format("3.12.4")},
            {**phoenix(ecto=False), "mix.lock": OLD_LOCK.format("2.2.11")},
            {**phoenix(), "mix.lock": OLD_LOCK.format("2.2.11"), "lib/shop/release.ex": RELEASE.format("Shop", "")},
        ],
    ),
    "files beside the release": Told(
        {"own-release-files"},
        [
            image(f"{RELEASED}COPY --from=build /tools/fwup /usr/local/bin/fwup"),
            image(f"{RELEASED}COPY --chown=nobody filters/*.lua /app/filters/"),
            image(f'{RELEASED}COPY --from=build ["/app/model", "/app/model"]', files=umbrella()),
            below("back", image(f"COPY --from=build /root/ca.pem ./priv/ca.pem\n{RELEASED}")),
        ],
        [
            image(f'{RELEASED}COPY entrypoint.sh /\nENTRYPOINT ["/entrypoint.sh"]'),
            image(f"{RELEASED}COPY --from=build /app/priv/static ./priv/static\nCOPY bin/migrate.sh ."),
            image(f"{RELEASED}COPY --from=mwader/static-ffmpeg:7.1 /ffmpeg /usr/local/bin/"),
            image("COPY . /app"),
            image("COPY data /app/data"),
            {**phoenix(), "Dockerfile": f"FROM a\n{RELEASED}COPY data /app/data\nRUN mix phx.digest\n"},
            {**phoenix(), "Dockerfile": f"FROM a AS build\nCOPY data .\nFROM c\n{RELEASED}"},
        ],
    ),
    "programs of somebody else's image": Told(
        {"own-image-programs"},
        [
            image("COPY --from=mwader/static-ffmpeg:7.1 /ffmpeg /ffprobe /usr/local/bin/"),
            image("COPY --from=flyio/litefs:0.5 /usr/local/bin/litefs /usr/local/bin/litefs"),
            {**nextjs(), "Dockerfile": "FROM node:24\nCOPY --from=ghcr.io/astral-sh/uv:0.8 /uv /bin/\nCMD node a.js\n"},
        ],
        [
            image("COPY --from=node:24-slim /usr/local/bin/node /usr/local/bin/"),
            image("COPY --from=0 /opt/app/_build/prod/rel/shop ./"),
            {**phoenix(), "Dockerfile": "FROM a AS b\nCOPY --from=some/tool:1 /t /t\nRUN mix release\nFROM c\nCMD d\n"},
            {
                **nextjs(),
                "Dockerfile": "FROM node:24\nCOPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:0.9 /x /opt/x\n",
            },
        ],
    ),
    "an image that starts more than the release": Told(
        {"own-start-of-release"},
        [
            {
                **image('ENTRYPOINT ["/app/run.sh"]\nCMD ["start"]'),
                "bin/run.sh": "#!/bin/sh\nredis-server &\nbin/shop start\n",
            },
            image('CMD ["litefs", "mount"]'),
            image('CMD ["npm", "start"]'),
            image("CMD bin/shop eval Shop.Seeds.run && bin/shop start", files=umbrella()),
            below("back", image('CMD ["supervisord", "-n"]')),
        ],
        [
            image('CMD ["/app/bin/server"]'),
            image('ENTRYPOINT ["/sbin/tini", "--", "bin/shop"]\nCMD ["start"]'),
            image("CMD bin/shop eval Shop.Release.migrate && exec bin/shop start"),
            {
                **image('CMD ["/app/prepare.sh"]'),
                "rel/prepare.sh": "set -e\n# first\nbin/shop eval Shop.Release.migrate\nexec bin/shop start\n",
            },
            image('CMD ["mix", "phx.server"]'),
            image('ENTRYPOINT ["/app/bin/shop"]'),
            image('ENTRYPOINT ["shop", "start"]', "ENV PATH=/app/bin:$PATH\n"),
            phoenix(),
        ],
    ),
    "variables while the app is built": Told(
        {"own-build-env"},
        [
            image("CMD bin/server", "ENV MIX_ENV=prod NATIVE_BUILD=1\n"),
            image("CMD bin/server", "ARG SELF_HOSTED=0\nENV SELF_HOSTED=${SELF_HOSTED}\n"),
            below("back", image("CMD bin/server", "ENV CFLAGS -O2\n", umbrella())),
        ],
        [
            image("CMD bin/server", "ENV MIX_ENV=prod LANG=C.UTF-8 HEX_HTTP_TIMEOUT=20\n"),
            image("CMD bin/server", "ARG TOKEN\nENV TOKEN=${TOKEN}\n"),
            image("ENV TZ=UTC\nCMD bin/server"),
        ],
    ),
    "variables of an Elixir image": Told(
        {"own-image-env"},
        [
            image("ENV TZ=Europe/Paris\nCMD bin/server"),
            image("ENV MIX_ENV=prod LD_PRELOAD=/usr/lib/libjemalloc.so\nCMD bin/server"),
            below("back", image("ENV SITE_NAME shop\nCMD bin/server")),
        ],
        [
            image("ENV MIX_ENV=prod\nENV ECTO_IPV6 true\nENV PORT=4000 LANG=C.UTF-8\nCMD bin/server"),
            image("CMD bin/server", "ENV NATIVE_BUILD=1\n"),
            image("ENV MAIL_KEY=none\nCMD bin/server", files=runtime(MAIL)),
        ],
    ),
    "a regex in the configuration": Told(
        {"regex-in-config"},
        [
            newer_otp(config("config :codepages, :encodings, [:ascii, ~r[iso8859]i]", "config")),
            newer_otp(config("config :cors_plug,\n  origin: [~r/^https:.*shop\\.dev$/]")),
            newer_otp(config('if config_env() == :prod do\n  config :shop, a: {:b, ~r"c"}\nend', "prod", umbrella())),
        ],
        [
            config("config :codepages, :encodings, [:ascii, ~r[iso8859]i]", "config"),
            newer_otp(config("config :cors_plug, origin: [~r/shop/E, ~r{pages}iE]")),
            newer_otp(config("config :shop, a: Regex.source(~r/shop/), b: ~w(a b), c: 1 =~ ~r/1/")),
            newer_otp(config("config :shop, a: ~r/shop/", "dev")),
            newer_otp(config("if config_env() == :dev do\n  config :shop, a: ~r/shop/\nend", "config")),
            newer_otp(runtime("config :shop, a: ~r/shop/")),
        ],
    ),
    "a function in the configuration": Told(
        {"function-in-config"},
        [
            config('config :shop, :key, fn -> System.fetch_env!("MAIL_KEY") end', "config"),
            config('config :shop, mail: [key: fn _ -> "x" end]'),
            config("config :shop, Shop.Mailer, filter: fn one ->\n  one\nend", "prod", umbrella()),
        ],
        [
            runtime('config :shop, :key, fn -> System.get_env("MAIL_KEY") end'),
            config("config :shop, key: &Shop.Keys.mail/0", "config"),
            config("config :shop, all: Enum.map([1], fn one -> one end)"),
            config('config :shop, all: Enum.map([1], fn _ -> System.get_env("A", "b") end)'),
            config("config :shop, :key, fn -> 1 end", "dev"),
        ],
    ),
    "examples of the environment": Told(
        {"example-of-env"},
        [
            {**phoenix(), ".sample.env": "MAIL_KEY=\n"},
            {**phoenix(), ".envrc_template": "export MAIL_KEY=\n"},
            below("back", {**phoenix(), "env.example": "MAIL_KEY=x\n"}),
            {**phoenix(), "app.json": '{"env": {"MAIL_KEY": "x"}}'},
            {**below("web", nextjs()), "app.json": '{"env": {"MAIL_KEY": {"required": true}}}'},
            {**nextjs(), ".env.example": "DB_HOST=\n"},
            {**nextjs(), ".env.example": "DB_USER=\n", "lib/db.ts": "connect(process.env.DB_USER);\n"},
            {**phoenix(ecto=False), ".env.example": "DB_HOST=\n"},
        ],
        [
            {**phoenix(), ".env.test": "MAIL_KEY=\n"},
            {**phoenix(), ".env.example": "TEST_DATABASE_URL=\n"},
            {**runtime(MAIL), ".sample.env": "MAIL_KEY=\n"},
            {**phoenix(), ".env.example": "DATABASE_USERNAME=\nDB_HOST=\nexport PGPASSWORD=x\n"},
            {**phoenix(), ".env.example": "KAMAL_REGISTRY_PASSWORD=\nCOMPOSE_PROJECT_NAME=a\n"},
            {**nextjs(), ".env.example": "POSTGRES_USER=a\nPOSTGRES_PASSWORD=b\nDB_CONTAINER_NAME=c\n"},
        ],
    ),
    "files of the machine": Told(
        {"file-of-machine"},
        [
            runtime('config :shop, key: File.read!("/run/secrets/key")'),
            runtime(f'{KEY_FILE}key =\n  if File.exists?(file) do\n    file\n  else\n    raise "no key"\n  end'),
            below("back", runtime(UNLESS)),
            runtime('path = System.fetch_env!("CA_FILE")\nconfig :shop, ca: File.read!(path)', umbrella()),
            runtime('if !File.regular?("/srv/licence") do\n  raise "no licence"\nend'),
        ],
        [
            runtime('if File.exists?("/run/secrets/key") do\n  config :shop, k: File.read!("/run/secrets/key")\nend'),
            runtime('config :shop, cgroup: File.read!("/proc/self/cgroup")'),
            runtime('config :shop, plans: :shop |> Application.app_dir("priv/plans.json") |> File.read!()'),
            runtime(f'if System.get_env("TLS") do\n  {UNLESS}\nend'),
            runtime('config :shop, v: File.read!(Application.app_dir(:shop, "priv/plans.json"))'),
            config(UNLESS, "dev"),
            runtime('unless System.get_env("MAIL") do\n  raise "MAIL"\nend'),
        ],
    ),
    "hardware of a device": Told(
        {"hardware"},
        [
            dep('{:circuits_gpio, "~> 2.1"}'),
            dep('{:input_event, "~> 1.0"}', phoenix("till", ecto=False)),
            dep('{:nerves_runtime, "~> 0.13"}', umbrella()),
        ],
        [
            dep('{:circuits_i2c, "~> 2.0", targets: [:rpi4]}'),
            dep('{:circuits_uart, "~> 1.5", only: :dev}'),
            dep('{:nerves_hub_link, "~> 2.0"}'),
        ],
    ),
    "settings that Distillery gives a release": Told(
        {"distillery-settings"},
        [
            {**phoenix(), "rel/config.exs": DISTILLERY.format('config_providers: [{A, ["${ROOT}/etc/runtime.exs"]}]')},
            {**phoenix(), "rel/config.exs": DISTILLERY.format('pre_start_hooks: "rel/hooks/pre_start"')},
            below("back", {**phoenix(), "rel/config.exs": DISTILLERY.format('post_start_hook: "rel/seed.sh"')}),
        ],
        [
            {**phoenix(), "rel/config.exs": DISTILLERY.format("include_erts: true")},
            {**phoenix(), "rel/config.exs": '# set pre_start_hooks: "rel/hooks"\n'},
        ],
    ),
    "what another platform runs before each release": Told(
        {"release-phase-of-mix"},
        [
            {
                **phoenix(),
                "Procfile": "web: x\nrelease: mix ecto.migrate && mix run priv/repo/seeds.exs\n",
            },
            {**phoenix(), "heroku.yml": "release:\n  command:\n    - mix ecto.migrate\n    - mix shop.notify\n"},
            below("back", {**phoenix(), "Procfile": "release: sh bin/prepare.sh\n"}),
            {**umbrella(), "app.json": '{"scripts": {"dokku": {"predeploy": "bin/shop eval Shop.Tasks.seed"}}}'},
        ],
        [
            {**phoenix(), "Procfile": "release: POOL_SIZE=2 mix ecto.migrate\n"},
            {**phoenix(), "Procfile": 'release: _build/prod/rel/shop/bin/shop eval "Shop.Release.migrate()"\n'},
            {**phoenix(), "heroku.yml": "release:\n  command:\n    - mix do ecto.create, ecto.migrate --quiet\n"},
            {**phoenix(), "app.json": '{"scripts": {"postdeploy": "mix run priv/repo/seeds.exs"}}'},
            {**phoenix(), "app.json": "{"},
            {**phoenix(), "Procfile": "web: mix phx.server\n"},
        ],
    ),
    "a connection that a function gives": Told(
        {"repo-by-code"},
        [
            config("config :shop, Shop.Repo, configure: {Shop.Repo, :with_token, []}"),
            init('{:ok, Keyword.put(config, :url, System.get_env("SHOP_DB"))}'),
            below("back", init('{:ok, [hostname: System.fetch_env!("SHOP_DB_HOST")] ++ config}')),
        ],
        [
            init("{:ok, config}"),
            {
                **phoenix(),
                "lib/shop/events.ex": init('{:ok, [url: System.get_env("EVENTS")]}')["lib/shop/repo.ex"].replace(
                    "Adapters.Postgres", "Adapters.ClickHouse"
                ),
            },
            init('{:ok, Keyword.put(config, :url, System.get_env("DATABASE_URL"))}'),
        ],
    ),
    "the app's own host name": Told(
        {"host-in-configuration"},
        [
            config('config :shop, ShopWeb.Endpoint, url: [host: "shop.org", port: 443]'),
            config(
                "case config_env() do\n  :dev ->\n    nil\n\n  _ ->\n"
                '    config :shop, ShopWeb.Endpoint, url: [host: "shop.org"]\nend',
                "runtime",
            ),
            runtime('config :shop, ShopWeb.Endpoint, url: [scheme: "https", host: "www.till.co.uk"]'),
            config('config :shop_web, ShopWeb.Endpoint, url: [host: "shop.dev"]', "prod", umbrella()),
        ],
        [
            config('config :shop, ShopWeb.Endpoint, url: [host: "example.com", port: 80]'),
            config(
                "case config_env() do\n  :dev ->\n    port = 1\n"
                '    config :shop, ShopWeb.Endpoint, url: [host: "shop.org"]\n\n  :prod ->\n    nil\nend',
                "runtime",
            ),
            runtime('config :shop, ShopWeb.Endpoint, url: [host: System.get_env("PHX_HOST") || "shop.org"]'),
            {
                **config('config :shop, ShopWeb.Endpoint, url: [host: "shop.org"]'),
                "fly.toml": FLY_ENV.format('PHX_HOST = "shop.org"'),
            },
        ],
    ),
    "programs that the code runs": Told(
        {"program-called"},
        [
            pages('System.cmd("ffmpeg", ["-i", path])'),
            pages('{_, 0} = MuonTrap.cmd("git", ["init", path])'),
            below("back", pages('System.cmd(\n      "pdftotext",\n      [path]\n    )')),
        ],
        [
            pages('System.cmd("ls", [path])'),
            pages('{_, 0} = System.cmd("epmd", ["-daemon"])'),
            pages('# System.cmd("ffmpeg", [])\n    path'),
            {**phoenix(), **code('defmodule A do\n  @sha (case System.cmd("git", ["log"]) do {a, _} -> a end)\nend\n')},
            pages('System.cmd("ffmpeg", [path])', dep('{:ffmpex, "~> 0.11"}')),
            {
                **phoenix(),
                **code('defmodule Mix.Tasks.A do\n  use Mix.Task\n  def run(_), do: System.cmd("git", [])\nend\n'),
            },
        ],
    ),
    "files that the app keeps": Told(
        {"writes-files"},
        [
            pages('dest = Path.join(:code.priv_dir(:shop), "static/uploads")\n    File.cp!(path, dest)'),
            pages('File.mkdir_p!("uploads/pictures")'),
            pages('File.mkdir_p!(data_dir())\n  end\n\n  defp data_dir do\n    Application.app_dir(:shop, "data")'),
            pages('to = :code.priv_dir(:shop)\n    File.cp!(Path.join(path, "a"), Path.join(to, "a"))'),
            pages("{:ok, _} = :dets.open_file(:pages, type: :set)"),
            pages('File.write!(Path.join(Path.expand("~/shop/uploads"), "a"), path)'),
            pages("CubDB.start_link(data_dir: path)"),
            config("config :waffle, storage: Waffle.Storage.Local", "config"),
            config('config :shop, Shop.FileStore, path: "/var/lib/shop/files"'),
            below("back", config('config :shop, upload_dir: "./uploads"', "config")),
            runtime('config :shop, :uploads_dir_prefix, System.get_env("UPLOADS_DIR_PREFIX") || "/srv/shop"'),
            runtime('config :shop, media: System.get_env("MEDIA_PATH", "/var/lib/media")'),
            config(
                "config :waffle, storage: Waffle.Storage.Local",
                "config",
                runtime('if System.get_env("S3") do\n  config :waffle, storage: Waffle.Storage.S3\nend'),
            ),
        ],
        [
            pages("File.write!(Path.join(System.tmp_dir!(), path), <<>>)"),
            pages("# :dets.open_file(:pages) was slow\n    path"),
            pages('File.read!(Application.app_dir(:shop, "priv/terms.md"))'),
            pages('File.read!(Path.expand("~/shop/terms.md"))'),
            pages('File.ls!(data_dir())\n  end\n\n  defp data_dir do\n    Application.app_dir(:shop, "data")'),
            pages('File.cp_r!(Application.app_dir(:shop, "priv/terms"), path)'),
            pages(
                'from = Application.app_dir(:shop, "priv/terms")\n\n    for one <- File.ls!(from) do\n'
                "      File.cp!(Path.join(from, one), Path.join(path, one))\n    end"
            ),
            pages('File.cp!(path, "/tmp/a")\n  end\n\n  def terms do\n    :code.priv_dir(:shop)'),
            config(
                "config :waffle, storage: Waffle.Storage.Local",
                "config",
                runtime("config :waffle, storage: Waffle.Storage.S3"),
            ),
            config('config :shop, upload_dir: "/tmp/uploads"'),
            config(
                'config :shop, upload_dir: "/tmp/u"', "prod", config('config :shop, upload_dir: "./uploads"', "config")
            ),
            pages(':code.priv_dir(:shop)\n  end\n\n  def other(path) do\n    File.cp!(path, "/tmp/a")'),
            config('config :shop, upload_dir: "/uploads"', "dev"),
            runtime('config :shop, uploads_dir: System.get_env("UPLOADS_DIR", "/tmp/uploads")'),
            runtime('config :shop, ca: System.get_env("CA_CERT_PATH") || "/etc/ssl/certs/ca-certificates.crt"'),
            {
                **runtime('config :shop, media: System.get_env("MEDIA_PATH", "/data/media")'),
                "fly.toml": 'app = "shop"\n[mounts]\nsource = "data"\ndestination = "/data"\n',
            },
        ],
    ),
    "a listener whose port is not a number": Told(
        {"tcp-port-unknown"},
        [
            listens(":ranch.child_spec(:shop, :ranch_tcp, [port: port], Shop, [])"),
            listens("ThousandIsland.start_link(port: port, handler_module: Shop)"),
            below("back", listens("{GRPC.Server.Supervisor, endpoint: Shop, port: port}")),
            listens(":gen_tcp.listen(port, [:binary])"),
            listens("[{Till.Telnet.Listener, port: port}]"),
            listens(":ssh.daemon(port, [])"),
            config("config :grpc, start_server: true", "config"),
        ],
        [
            config("config :grpc, start_server: false", "config"),
            config("config :grpc, start_server: true", "dev"),
            listens(":gen_tcp.listen(0, [:binary])"),
            listens("# :gen_tcp.listen(port, [])"),
            listens("{Phoenix.Listener, port}"),
            listens(":gen_tcp.listen(port, [])", config("config :shop, Shop.Till, port: 7001")),
            listens(
                ":gen_tcp.listen(port, [])",
                runtime('config :shop, till_ports: split.(System.get_env("TILL_PORTS", "7001,7002"))'),
            ),
        ],
    ),
    "data on a server that is not made here": Told(
        {"database-elsewhere"},
        [
            *(on("myxql"), on("myxql", "till"), on("tds")),
            *(nextjs(dependencies={"mysql2": "^3.9"}), nextjs(dependencies={"mongoose": "^8.1"})),
            *(drizzle('dialect: "turso",'), prisma("mysql"), below("web", prisma("mongodb"))),
        ],
        [phoenix(ecto=False), prisma("postgresql"), prisma("sqlite"), on("ecto_sqlite3")],
    ),
    "a file of SQLite that the code names": Told(
        {"sqlite-fixed-file"},
        [
            {**prisma("sqlite"), "prisma/schema.prisma": FIXED_SCHEMA},
            {**BETTER_SQLITE, "lib/db.js": "module.exports = new Database('data/till.sqlite');\n"},
            below("web", {**BETTER_SQLITE, "src/db/index.ts": "export const db = new DatabaseSync(`till.db`);\n"}),
        ],
        [prisma("sqlite"), {**BETTER_SQLITE, "lib/db.js": "new Database(process.env.SQLITE_FILE);\n"}],
    ),
    "a driver of SQLite that waits for no lock": Told(
        {"sqlite-no-wait"},
        [
            {**LIBSQL, "lib/db.js": "exports.db = createClient({ url: process.env.TILL_DATABASE_URL });\n"},
            below("web", {**LIBSQL, "src/db/index.ts": "export const db = drizzle(process.env.DB_FILE_NAME!);\n"}),
            nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-sqlite": "^3.64.0"}),
        ],
        [
            {**LIBSQL, "lib/db.js": "createClient({\n  url: process.env.TILL_DATABASE_URL,\n  timeout: 10_000,\n});\n"},
            {**BETTER_SQLITE, "lib/db.js": "new Database(process.env.SQLITE_FILE);\n"},
        ],
    ),
    "machines that find each other by name": Told(
        {"node-names"},
        [
            BY_NAME,
            {**BY_NAME, "rel/env.sh.eex": FLY_LAUNCH},
            below("back", {**BY_NAME, "rel/env.sh.eex": "# export RELEASE_NODE=a@$POD_IP\n"}),
        ],
        [LIBCLUSTER],
    ),
    "assets of packages elsewhere": Told(
        {"assets-elsewhere"},
        [
            by_alias("cmd npm run build --prefix frontend"),
            by_alias("cmd --cd frontend pnpm build"),
            below("back", by_alias("cmd node build.js --deploy")),
        ],
        [by_alias("esbuild shop --minify"), {**by_alias("cmd --cd assets npm run build"), "assets/package.json": "{}"}],
    ),
    "variables of the code": Told(
        {"variable-in-code"},
        [
            pages('System.fetch_env!("STRIPE_KEY")'),
            pages('key = path || System.fetch_env!("API_TOKEN")'),
            below("back", pages('System.fetch_env! "MAIL_TOKEN"')),
            pages('System.get_env("AI_KEY") ||\n      raise "AI_KEY is not set"'),
            pages('case System.get_env("VAULT_KEY") do\n      nil ->\n        raise "none"\n      key -> key\n    end'),
        ],
        [
            pages('port = System.get_env("PORT") || raise "expected the PORT environment variable to be set"'),
            pages('path || System.get_env("SOCKET") || raise "none"'),
            pages('path() ||\n      System.get_env("SOCKET") || raise "none"'),
            pages('case System.get_env("VAULT_KEY") do\n      nil -> :none\n      key -> key\n    end'),
            pages('System.fetch_env!("HOME")'),
            pages('# System.fetch_env!("OLD_KEY") before 2.0'),
            {
                **phoenix(),
                **code(
                    'defmodule A do\n  @doc """\n  Put System.fetch_env!("A_KEY") there.\n  """\n  def a, do: 1\nend\n'
                ),
            },
            pages('System.fetch_env!("API_TOKEN")', runtime('config :shop, token: System.fetch_env!("API_TOKEN")')),
        ],
    ),
    "an address of the developer's machine in an Elixir app": Told(
        {"localhost-in-code"},
        [
            pages('Req.get!("http://localhost:9200/_search")'),
            pages('Tesla.post(:client, "https://localhost:8443")'),
            {**phoenix(), **code('defmodule Shop.X do\n  @base_url "http://localhost:8000/v1"\nend\n')},
            config('config :shop, search_url: "http://localhost:9200"', "config"),
            config('config :shop, :search, url: "http://127.0.0.1:9200"', "config"),
            below("back", config('config :shop, Shop.Search, url: "http://localhost:9200", size: 5')),
        ],
        [
            config('config :shop, search_url: "http://localhost:9200"', "dev"),
            further('config :shop, search_url: "http://localhost:9200"', "dev"),
            config(
                'config :shop, search_url: "http://localhost:9200"',
                "config",
                runtime('config :shop, search_url: System.get_env("SEARCH_URL", "http://x.internal")'),
            ),
            config('config :cors_plug, origin: "http://localhost:3000"', "config"),
            config('config :shop, :cors, origin: "http://localhost:3000", hosts: ["http://localhost:1"]', "config"),
            pages('# Req.get!("http://localhost:9200")'),
            {**phoenix(), **code('defmodule A do\n  @redirect_uri "http://localhost:1455/auth/callback"\nend\n')},
            pages('Req.get!(System.get_env("SEARCH_URL", "http://localhost:9200"))'),
            {**phoenix(), **code('defmodule Mix.Tasks.X do\n  use Mix.Task\n  @url "http://localhost:1"\nend\n')},
        ],
    ),
    "variables of an Elixir app that nothing sets": Told(
        {"variable-unset"},
        [
            runtime('config :stripity_stripe, api_key: System.get_env("STRIPE_KEY")'),
            pages('Req.get("https://x", auth: System.get_env("API_TOKEN"))'),
            config('config :shop, mail: [key: System.get_env("MAIL_KEY"), to: "a@b.c"]', "runtime", umbrella()),
            below("back", pages('key = System.get_env("MAIL_TOKEN")')),
            pages('Machines.stop(System.get_env("FLY_API_TOKEN"))'),
            {**runtime('config :shop, key: Shop.Env.fetch!("MAIL_KEY")'), "lib/shop/env.ex": OWN_ENV},
            runtime(OWN_ENV + 'config :shop, key: Env.get("MAIL_KEY")'),
        ],
        [
            {**runtime('config :shop, key: Shop.Env.fetch!("MAIL_KEY", "none")'), "lib/shop/env.ex": OWN_ENV},
            {**runtime('if Shop.Env.bool("MAIL"), do: 1'), "lib/shop/env.ex": OWN_ENV},
            {**runtime('if Shop.Env.get("MAIL"), do: Shop.Env.get("MAIL")'), "lib/shop/env.ex": OWN_ENV},
            {
                **runtime('config :shop, key: Shop.Words.get("GET")'),
                "lib/shop/env.ex": OWN_ENV,
                "lib/shop/words.ex": 'defmodule Shop.Words do\n  def get(a), do: a <> System.get_env("END", "")\nend\n',
            },
            config(OWN_ENV + 'if config_env() == :test do\n  config :shop, key: Env.get("MAIL_KEY")\nend', "runtime"),
            runtime('config :shop, key: System.get_env("MAIL_KEY", "none")'),
            runtime('config :shop, key: System.get_env("MAIL_KEY") || "none"'),
            runtime('if System.get_env("MAIL_KEY") do\n  config :shop, key: System.get_env("MAIL_KEY")\nend'),
            config('if config_env() == :test do\n  config :shop, key: System.get_env("KEY")\nend', "runtime"),
            runtime('config :shop, node: System.get_env("FLY_APP_NAME"), host: System.get_env("PHX_HOST")'),
            pages('# System.get_env("OLD_KEY")'),
            pages('if System.get_env("BETA"), do: 1'),
            pages('is_nil(System.get_env("BETA"))'),
            pages('System.get_env("API_TOKEN")', runtime('config :shop, token: System.fetch_env!("API_TOKEN")')),
            {**pages('System.get_env("API_TOKEN")'), ".env.example": "API_TOKEN=\n"},
            {**pages('System.get_env("API_TOKEN")'), "fly.toml": "app = 'x'\n[env]\n  API_TOKEN = 'a'\n"},
            runtime('config :shop, Shop.Repo, hostname: System.get_env("DB_HOST"), username: System.get_env("PGUSER")'),
        ],
    ),
    "variables of an Elixir app that stand for localhost": Told(
        {"variable-of-localhost"},
        [
            runtime('config :shop, relay: System.get_env("SMTP_RELAY") || "127.0.0.1"'),
            runtime('config :shop, search: System.get_env("SEARCH_URL", "http://localhost:9200")'),
            config(
                'if config_env() == :prod do\n  config :a, b: System.get_env("A_URL", "ws://localhost")\nend', "runtime"
            ),
            below("back", pages('Req.get!(System.get_env("SEARCH_URL", "http://localhost:9200"))')),
            config('config :shop, at: System.get_env("AMQP") || "amqp://a:b@localhost"', "runtime", umbrella()),
        ],
        [
            runtime('config :shop, relay: System.get_env("SMTP_RELAY") || "smtp.example.com"'),
            runtime('config :shop, Shop.Repo, hostname: System.get_env("DB_HOST") || "localhost"'),
            runtime('host = System.get_env("PHX_HOST") || "localhost"'),
            config(
                'if config_env() == :dev do\n  config :a, b: System.get_env("A_URL", "http://localhost")\nend',
                "runtime",
            ),
            config('config :shop, at: System.get_env("A_URL", "http://localhost:1")', "dev"),
            pages('# System.get_env("OLD_URL", "http://localhost")'),
            {**pages('System.get_env("A_URL", "http://localhost")'), ".env.example": "A_URL=\n"},
        ],
    ),
    "machines that find each other elsewhere": Told(
        {"nodes-found-elsewhere"},
        [
            config("config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Gossip]]", "runtime", LIBCLUSTER),
            {**LIBCLUSTER, "lib/shop/nodes.ex": "def a, do: [strategy: Cluster.Strategy.Kubernetes.DNS]\n"},
            below(
                "back",
                config("config :libcluster, topologies: [b: [strategy: Cluster.Strategy.Gossip]]", files=LIBCLUSTER),
            ),
            config(f"config :libcluster, topologies: [a: [{EPMD}]]", "runtime", LIBCLUSTER),
            {**LIBCLUSTER, "lib/shop/nodes.ex": f"def a, do: [{EPMD}]\n"},
        ],
        [
            config(f"config :libcluster, topologies: [a: [{EPMD}]]", "dev", LIBCLUSTER),
            {
                **LIBCLUSTER,
                "lib/shop/nodes.ex": "def a(b), do: [strategy: Cluster.Strategy.Epmd, config: [hosts: b]]\n",
            },
            config("config :libcluster, topologies: [a: [strategy: Cluster.Strategy.DNSPoll]]", "runtime", LIBCLUSTER),
            config("config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Gossip]]", "dev", LIBCLUSTER),
        ],
    ),
    "migrations of tenants": Told(
        {"tenant-migrations"},
        [
            {**phoenix(), f"priv/repo/{TENANTS}": "x\n", "lib/shop/repo.ex": ASH_REPO},
            {**phoenix("till"), f"priv/repo/{TENANTS}": "x\n"},
            {**umbrella(), f"apps/shop/priv/write_repo/{TENANTS}": "x\n"},
            {
                **phoenix(),
                f"priv/repo/{TENANTS}": "x\n",
                "lib/shop/release.ex": MIGRATES.replace("MORE", "def migrate_tenants, do: :ok"),
            },
        ],
        [
            {**phoenix(), "priv/repo/migrations/20260301000000_add_bills.exs": "x\n"},
            {
                **phoenix(),
                f"priv/repo/{TENANTS}": "x\n",
                "lib/shop/release.ex": RELEASE.format("Shop", "  def migrate_tenants, do: :ok\n"),
            },
        ],
    ),
    "a release module of its own": Told(
        {"own-release"},
        [
            {**phoenix(), "lib/shop/release.ex": RELEASE.format("Shop", "  def seed, do: :ok\n")},
            {
                **phoenix(),
                "lib/shop_web/release.ex": RELEASE.format("ShopWeb", "  def migrate_data(o \\\\ []), do: o\n"),
            },
            {**umbrella(), "apps/shop/lib/shop/release.ex": RELEASE.format("Shop", "  def make_admin!(id), do: id\n")},
            {
                **phoenix(),
                "lib/shop/release.ex": MIGRATES.replace("load_app()", "Shop.Roles.make()").replace(
                    "MORE", "def a, do: 1"
                ),
            },
        ],
        [
            {**phoenix(), "lib/shop/release.ex": RELEASE.format("Shop", "  defp load, do: :ok\n")},
            {**phoenix(), "lib/shop/release.ex": MIGRATES.replace("MORE", "def seed, do: :ok")},
        ],
    ),
    "events in a store of their own": Told(
        {"event-store"},
        [
            dep('{:eventstore, "~> 1.4"}'),
            dep('{:commanded_eventstore_adapter, "~> 1.4"}'),
            below("back", dep('{:commanded, "~> 1.4"}, {:commanded_eventstore_adapter, "~> 1.4"}')),
        ],
        [
            dep('{:commanded, "~> 1.4"}'),
            {
                **dep('{:eventstore, "~> 1.4"}'),
                "lib/shop/release.ex": RELEASE.format("Shop", "  def events, do: EventStore.Tasks.Migrate.exec([])\n"),
            },
        ],
    ),
    "a release module of another name": Told(
        {"release-elsewhere"},
        [
            {**phoenix(), "lib/shop/release_tasks.ex": TASKS.format("Shop.ReleaseTasks")},
            {
                **phoenix(),
                "lib/shop/tasks.ex": TASKS.format("Shop.Tasks").replace("migrate do", "migrate(args \\\\ []) do"),
            },
            {**phoenix("till"), "lib/till/release/commands.ex": TASKS.format("Till.Release.Commands")},
            {**umbrella(), "apps/shop/lib/shop/migrator.ex": TASKS.format("Shop.Migrator")},
        ],
        [
            {
                **phoenix(),
                "lib/shop/release_tasks.ex": TASKS.format("Shop.ReleaseTasks"),
                "lib/shop/release.ex": RELEASE.format("Shop", ""),
            },
            {**phoenix(), "lib/shop/fly_release.ex": TASKS.format("Shop.FlyRelease").replace("do\n", f"do\n{OURS}", 1)},
            {**phoenix(), "lib/mix/tasks/up.ex": TASKS.format("Mix.Tasks.Up\n  use Mix.Task")},
            {**phoenix(), "lib/shop/tasks.ex": TASKS.format("Shop.Tasks").replace("migrate do", "migrate(repo) do")},
        ],
    ),
    "Node.js at run time": Told(
        {"node-at-run-time"},
        [{**dep('{:live_vue, "~> 0.5"}'), **VUE}, *cases("inertia on the server", "svelte on the server")],
        controls("inertia in the browser alone"),
    ),
    "packages behind a login": Told(
        {"private-package", "private-package-login"},
        cases("hex organization", "hex repository", "git over ssh", "ssh in an umbrella"),
        controls("public packages"),
    ),
    "code beside the app": Told(
        {"path-outside", "path-outside-repository"},
        [
            below("services/web", dep('{:kit, path: "../../libs/kit"}')),
            *cases("a sibling of the app", "an absolute path"),
        ],
        controls("a path inside the app"),
    ),
    "force_ssl behind a proxy": Told(
        {"force-ssl"},
        [
            pages("path\n  end\n\n  plug Plug.SSL, @ssl\n\n  def other do\n    1"),
            pages(
                "path\n  end\n\n  plug Plug.SSL, hsts: true\n\n  def other do\n    1",
                config("config :shop, :secure, force_ssl: [rewrite_on: [:x_forwarded_proto]]"),
            ),
            runtime('if System.get_env("A") do\n  config :shop, ShopWeb.Endpoint,\n    force_ssl: [hsts: true]\nend'),
            *cases("force_ssl without rewrite_on", "force_ssl over several lines", "Plug.SSL in the endpoint"),
        ],
        [
            config('config :shop, canonical: "shop.dev", force_ssl: true'),
            pages(
                "path\n  end\n\n  plug(Plug.SSL, @ssl)\n\n  def other do\n    1",
                config("config :shop, :secure, force_ssl: [rewrite_on: [:x_forwarded_proto]]"),
            ),
            *controls("force_ssl behind a proxy", "force_ssl off"),
        ],
    ),
    "assets from before the alias": Told(
        {"assets-by-script", "assets-elsewhere", "assets-not-built"},
        [
            {**elixir.NO_ALIAS, "assets/package.json": BRUNCH},
            {**elixir.NO_ALIAS, "assets/package.json": VITE},
            {**elixir.NO_ALIAS, "assets/package.json": WEBPACK},
            {**NO_BUILDER, "package.json": json.dumps({"devDependencies": {"webpack": "^1.12.0"}})},
            {**elixir.NO_ALIAS, "assets/package.json": json.dumps({"scripts": {"webpack:build": "a", "lint": "b"}})},
            {**elixir.NO_ALIAS, "assets/package.json": json.dumps({"scripts": {"deploy:js": "a", "deploy:css": "b"}})},
            {**umbrella(), "package.json": ROOT_WEBPACK},
            {
                **umbrella(),
                **below(
                    "apps/admin_web",
                    {
                        "mix.exs": mix_exs("admin_web", child=True),
                        "lib/admin_web/endpoint.ex": endpoint_ex("AdminWeb", "admin_web"),
                        "assets/package.json": WEBPACK,
                    },
                ),
            },
            *cases("package.json beside mix.exs", "esbuild without an alias"),
            {**BUILT_BEFORE, ".gitignore": "/priv/static/assets/\n"},
        ],
        [
            phoenix(),
            {**umbrella(), "package.json": json.dumps({"scripts": {"build": "tsc -p tools"}})},
            {**NO_BUILDER, "package.json": json.dumps({"devDependencies": {"eslint": "^9.0.0"}})},
            BUILT_BEFORE,
        ],
    ),
    "variables when it is compiled": Told(
        {"variable-at-build"},
        [
            config('key = System.get_env("MAPS_KEY") || raise "MAPS_KEY"\nconfig :shop, key: key', "config"),
            config('config :shop, all: Enum.map([1], fn _ -> System.fetch_env!("MAPS_KEY") end)'),
            *cases("fetch_env at compile time", "raise in a nested file"),
        ],
        [
            config('config :shop, key: fn -> System.fetch_env!("MAPS_KEY") end'),
            *controls("only in development"),
        ],
    ),
    "two endpoints": Told(
        {"several-endpoints", "no-known-endpoint"},
        [
            {
                **NO_ENDPOINT,
                "lib/shop_api/endpoint.ex": endpoint_ex("ShopApi", "shop"),
                "lib/shop_admin/endpoint.ex": endpoint_ex("ShopAdmin", "shop"),
            },
            {**phoenix(), "lib/metrics/endpoint.ex": endpoint_ex("MetricsWeb", "shop")},
            {**umbrella(), "apps/shop/lib/shop/hooks.ex": endpoint_ex("Shop.Hooks.Endpoint", "shop")},
        ],
        [umbrella()],
    ),
    "one app of an umbrella": Told(
        {"inside-umbrella"},
        [
            {**phoenix(), "mix.exs": mix_exs("shop", deps=('{:phoenix, "~> 1.8"}',), child=True)},
            {**phoenix("till"), "mix.exs": CHILD},
            below("web", {**phoenix("till"), "mix.exs": CHILD}),
        ],
        [umbrella()],
    ),
    "the schema in another package": Told(
        {"schema-elsewhere"},
        [
            {**DRIZZLE_WEB, "libs/data/drizzle.config.ts": 'export default { dialect: "postgresql" }\n'},
            *cases("a schema in another package", "drizzle in another package"),
        ],
        [prisma("postgresql")],
    ),
    "a build that migrates": Told(
        {"build-needs-database", "build-without-database"},
        cases("build migrates", "build pushes", "prebuild seeds"),
        controls("a build that generates"),
    ),
    "Payload": Told(
        {"payload"},
        [
            nextjs(dependencies={"payload": "^3.64.0", "@payloadcms/db-postgres": "^3.64.0"}),
            nextjs(dependencies={"payload": "3.0.0", "@payloadcms/db-vercel-postgres": "3.0.0"}),
            below("cms", nextjs(dependencies={"payload": "^3.1.0", "@payloadcms/db-postgres": "^3.1.0"})),
        ],
        [nextjs()],
    ),
    "a Node.js that is not offered": Told(
        {"version-not-served"},
        [
            nextjs(engines={"node": "20.x"}),
            {**nextjs(), ".nvmrc": "18\n"},
            {**nextjs(), ".tool-versions": "nodejs 21.7.3\n"},
        ],
        [nextjs(engines={"node": ">=22"})],
    ),
    "a word for Node.js that is no version": Told(
        {"node-unknown"},
        [
            {**nextjs(), ".nvmrc": "system\n"},
            {**nextjs(), ".node-version": "# ours\nacme-node\n"},
            below("web", {**nextjs(), ".tool-versions": "nodejs path:/opt/node\n"}),
        ],
        [{**nextjs(), ".nvmrc": "# LTS\n\nlts/*\n"}, {**nextjs(), ".nvmrc": "node\n"}],
    ),
    "a build of Next.js in another folder": Told(
        {"build-elsewhere"},
        cases("a build in another folder", "a build that names a folder", "a build by a script in another folder"),
        [nextjs()],
    ),
    "a server that starts the app": Told(
        {"program-beside"},
        [
            {
                "package.json": json.dumps({"workspaces": [folder]}),
                **below(f"{at}/client", nextjs("client")),
                f"{at}/server/package.json": json.dumps(
                    {
                        "name": "server",
                        "scripts": {"start": command},
                        "dependencies": {"client": "*", "next": "16.0.0", "express": "5"},
                    }
                ),
            }
            for folder, at, command in (
                ("@shop/*", "@shop", "node dist/index.js"),
                ("code/*", "code", "NODE_ENV=production tsx index.ts"),
                ("packages/*", "packages", "node server.mjs"),
            )
        ],
        [nextjs()],
    ),
    "a module of Bun": Told(
        {"bun-at-run-time"},
        cases("SQLite of Bun", "files by Bun", "the shell of Bun"),
        [nextjs(), deployed.SILENT["tests by Bun"]],
    ),
    "next without a page": Told(
        {"no-pages"},
        [
            {"package.json": LIBRARY, "package-lock.json": "{}", "src/index.ts": "export const a = 1;\n"},
            {"package.json": LIBRARY, "package-lock.json": "{}", "examples/basic/app/page.tsx": "x\n"},
            below("kit", {"package.json": LIBRARY, "package-lock.json": "{}", "app/theme.css": "x\n"}),
        ],
        [nextjs(), {"package.json": LIBRARY, "package-lock.json": "{}", "src/app/(a)/page.tsx": "x\n"}],
    ),
    "a hook that needs git": Told(
        {"install-hook-git", "install-hook-left-out"},
        [{**YARN, **below("web", HOOKS)}, *cases("prepare needs git", "postinstall needs git")],
        controls("a hook that may fail", "husky"),
    ),
    "a table of Drizzle's own": Told(
        {"drizzle-records"},
        [
            drizzle("dialect: 'postgresql',\n  migrations: { schema: 'app', table: 'done' },"),
            *cases("drizzle's own table", "drizzle's own schema"),
        ],
        controls("drizzle on postgres"),
    ),
    "an app without a package.json": Told(
        {"nx-app"},
        [
            {**on_next.NX_ROOT, "apps/a/project.json": "{}", "apps/a/next.config.mjs": "export default {}\n"},
            {**on_next.NX_ROOT, "packages/a/web/project.json": "{}", "packages/a/web/next.config.ts": "x\n"},
            *cases("an integrated Nx workspace"),
        ],
        controls("Nx with a package of its own"),
    ),
    "an authority that stays out of the image": Told(
        {"hidden-file"},
        [
            {**nextjs(), "config/rds.pem": "x\n", "src/db/index.ts": 'readFileSync("./config/rds.pem")\n'},
            below("site", {**nextjs(), "ca.pem": "x\n", "server/pg.js": "fs.readFileSync('ca.pem')\n"}),
            *cases("a certificate that code reads"),
        ],
        [
            *controls("a certificate that no code names"),
            {
                **below("apps/web", nextjs()),
                "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
                "packages/db/package.json": '{"name": "@acme/db"}',
                "packages/db/src/index.ts": 'readFileSync("ca.pem")\n',
                "packages/db/src/ca.pem": "x\n",
            },
        ],
    ),
    "configuration that is not in git": Told(
        {"config-not-there"},
        [
            config('import_config "prod.secret.exs"'),
            {**config('import_config "secrets/prod.exs"'), ".gitignore": "/config/secrets/\n"},
            {**config('import_config "live.secret.exs"'), "config/live.secret.exs": "import Config\n"},
        ],
        [
            {**config('import_config "parts/log.exs"'), "config/parts/log.exs": "import Config\n"},
            config('if File.exists?("config/prod.secret.exs") do\n  import_config "prod.secret.exs"\nend'),
            config('import_config "dev.secret.exs"', "dev"),
        ],
    ),
    "files that the build does not get": Told(
        {"reads-outside"},
        [
            below("back", version('String.trim(File.read!("../VERSION"))')),
            version('File.read!(Path.join(__DIR__, "test/version"))'),
            below("apps/api", {**phoenix(), "mix.exs": f'Code.require_file("../../ci/mix.exs", __DIR__)\n{MIX}'}),
        ],
        [version('File.read!("VERSION")'), version('File.read!(Path.join([__DIR__, "..", name()]))')],
    ),
    "a version that git knows": Told(
        {"git-at-build"},
        [
            version('elem(System.cmd("git", ["describe", "--tags"]), 0)'),
            version('System.shell("git rev-parse HEAD") |> elem(0)'),
            {**phoenix(), **code('defmodule A do\n  @sha System.cmd("git", ["rev-parse", "HEAD"]) |> elem(0)\nend\n')},
        ],
        [{**phoenix(), **code('defmodule A do\n  def sha, do: System.cmd("git", ["log"])\nend\n')}],
    ),
    "a Rust that the image does not have": Told(
        {"rust-too-old"},
        [
            {**phoenix(), "native/a/Cargo.toml": CARGO.format('"0.38"')},
            {**phoenix(), "native/a/Cargo.toml": CARGO.format('{ version = "0.39.0", features = [] }')},
            {**phoenix(), ".tool-versions": "elixir 1.18.3\n", "native/a/Cargo.toml": CARGO.format('"0.36"')},
            {
                **phoenix(),
                "native/a/Cargo.toml": CARGO.format('"0.37"'),
                "native/a/Cargo.lock": CARGO_LOCK.format("0.37.4"),
            },
            {**phoenix(), "native/a/Cargo.toml": CARGO.format('"0.37"'), "Cargo.lock": CARGO_LOCK.format("0.37.2")},
        ],
        [
            {
                **phoenix(),
                "native/a/Cargo.toml": CARGO.format('"0.37"'),
                "native/a/Cargo.lock": CARGO_LOCK.format("0.37.1"),
            },
            {**phoenix(), "native/a/Cargo.toml": CARGO.format('"0.36"')},
            {**phoenix(), "native/a/Cargo.toml": CARGO.format('{ path = "../rustler" }')},
        ],
    ),
    "source files that a release does not have": Told(
        {"runtime-reads-files"},
        [
            {**config('Code.require_file("lib/a.ex")', "runtime"), "lib/a.ex": "x\n"},
            config('Code.require_file("common.ex", "#{__DIR__}/../lib/shop/")', "runtime"),
            {**config('config :shop, v: File.read!("config/plans.json")', "runtime"), "config/plans.json": "{}"},
            config('".env" |> Path.expand()\nFile.stream!(".env") |> Enum.each(&IO.puts/1)', "runtime"),
            config('if config_env() == :prod do\n  config :shop, key: File.read!("keys/jwt.pem")\nend', "runtime"),
        ],
        [
            {**config('config :shop, v: File.read!("plans.json")', "config"), "plans.json": "{}"},
            config('if config_env() == :dev do\n  File.stream!(".env") |> Enum.each(&IO.puts/1)\nend', "runtime"),
            config('if File.exists?(".env") do\n  File.read!(".env")\nend', "runtime"),
            config('with {:ok, text} <- File.read("VERSION"), do: IO.puts(text)', "runtime"),
            {**config('config :shop, v: File.read!("a.json")', "runtime"), "rel/overlays/a.json": "{}"},
        ],
    ),
    "files of the server that an app ran on": Told(
        {"runtime-reads-machine"},
        [
            config('config :shop, key: File.read!("/run/secrets/key")', "runtime"),
            config('"CONFIG" |> System.get_env("/etc/shop.exs") |> Code.eval_file()', "releases"),
            config('if config_env() == :prod do\n  Code.require_file("/opt/shop/secrets.exs")\nend', "runtime"),
            below("back", config('for one <- Config.Reader.read!("/etc/shop/config.exs"), do: one', "runtime")),
        ],
        [
            config('if File.exists?("/etc/shop.exs") do\n  Code.eval_file("/etc/shop.exs")\nend', "runtime"),
            config('config :shop, host: File.read!("/etc/hostname")', "runtime"),
            config('config :shop, folder: System.get_env("FOLDER", "/srv/shop/files")', "runtime"),
            config('config :shop, key: File.read!("/run/secrets/key")', "dev"),
            config('{:ok, text} = File.read("/etc/shop/a.txt")', "config"),
        ],
    ),
    "releases by Distillery": Told(
        {"distillery"},
        [
            dep('{:distillery, "~> 2.1"}'),
            dep('{:distillery, "~> 1.5", runtime: false}'),
            dep('{:distillery, "~> 2.0"}', umbrella()),
        ],
        [dep('{:distillery, "~> 2.1", only: :dev}')],
    ),
    "assets with two lock files": Told(
        {"asset-locks"},
        [
            {**phoenix(), **locks("package-lock.json", "yarn.lock")},
            {**phoenix(), **locks("bun.lock", "pnpm-lock.yaml")},
            {**umbrella(), **below("apps/shop_web", locks("npm-shrinkwrap.json", "yarn.lock"))},
        ],
        [{**phoenix(), **locks("yarn.lock")}, {**dep('{:bun, "~> 1.4"}'), **locks("bun.lock", "package-lock.json")}],
    ),
    "assets locked by a newer Yarn": Told(
        {"assets-newer-yarn"},
        [
            {**phoenix(), **locks("yarn.lock"), "assets/yarn.lock": "# generated\n\n__metadata:\n  version: 8\n"},
            {**phoenix(), **locks("yarn.lock"), "assets/package.json": '{"packageManager": "yarn@4.5.0"}'},
            {
                **umbrella(),
                **below(
                    "apps/shop_web", {**locks("yarn.lock"), "assets/package.json": '{"packageManager": "yarn@3.0.2"}'}
                ),
            },
        ],
        [
            {**phoenix(), **locks("yarn.lock"), "assets/yarn.lock": "# yarn lockfile v1\n"},
            {**phoenix(), **locks("yarn.lock"), "assets/package.json": '{"packageManager": "yarn@1.22.22"}'},
        ],
    ),
    "texts that Distillery filled in": Told(
        {"placeholder-in-config"},
        [
            config('config :shop, Shop.Guardian, secret_key: "${SECRET_KEY_BASE}"'),
            config('config :shop, mail: [host: "${SMTP_HOST}", port: 25]', "config"),
            config('config :shop, url: "https://${API_HOST}/v1"', "prod", umbrella()),
        ],
        [
            config('config :shop, ShopWeb.Endpoint, secret_key_base: "${SECRET_KEY_BASE}"'),
            config('config :shop, Shop.Repo, url: "${DATABASE_URL}"'),
            config('config :shop, key: "${API_KEY}"', "dev"),
            config('# config :shop, key: "${API_KEY}"\nhost = "a"\nconfig :shop, url: "https://#{host}"'),
            config('config :shop, format: "${name}"'),
        ],
    ),
    "scripts and styles of another host": Told(
        {"assets-of-another-host"},
        [
            {**nextjs(), "next.config.mjs": "export default {\n  assetPrefix: 'https://cdn.example.com',\n};\n"},
            {
                **nextjs(),
                "next.config.js": "module.exports = {\n  assetPrefix: isProd ? 'https://a.example' : undefined,\n};\n",
            },
            {
                **nextjs(),
                "next.config.mjs": "export default {\n"
                '  assetPrefix: process.env.NODE_ENV === "production" ? "https://cdn.example.com/x" : "",\n};\n',
            },
        ],
        [
            {**nextjs(), "next.config.mjs": "export default {\n  assetPrefix: process.env.CDN_URL,\n};\n"},
            {**nextjs(), "next.config.mjs": "export default {\n  assetPrefix: '/shop',\n};\n"},
            {
                **nextjs(),
                "next.config.mjs": "export default {\n  assetPrefix: process.env.CDN ? 'https://a.example' : '',\n};\n",
            },
            {**nextjs(), "next.config.mjs": "export default {\n  // assetPrefix: 'https://a.example',\n};\n"},
        ],
    ),
    "a build that removes .next": Told(
        {"build-removes-next"},
        [
            nextjs(scripts={"prebuild": "rimraf .next/", "build": "if [ -n $CI ]; then next build; fi"}),
            nextjs(
                scripts={
                    "clean": "rm -rf .next out",
                    "prebuild": "npm run clean",
                    "build": "for a in b; do next build; done",
                }
            ),
            nextjs(scripts={"build": "rm -fr ./.next/* && next build && if [ -e a ]; then rm a; fi"}),
        ],
        [
            nextjs(scripts={"build": "rimraf dist && next build"}),
            nextjs(scripts={"build": "rimraf dist .next && next build"}),
            nextjs(scripts={"build": "next build && rm -rf .next/trace"}),
            nextjs(scripts={"clean": "rm -rf .next", "build": "next build"}),
        ],
    ),
    "git in the script build": Told(
        {"program-at-build"},
        [
            nextjs(scripts={"build": "git submodule update --init && next build"}),
            nextjs(scripts={"pre": "git init", "build": "npm run pre && next build"}),
            nextjs(scripts={"prebuild": "git rev-parse HEAD > public/rev", "build": "next build"}),
        ],
        [nextjs(scripts={"postinstall": "next telemetry disable", "build": "next build"})],
    ),
    "a database in parts": Told(
        {"database-parts"},
        [
            config('config :shop, Shop.Repo, hostname: System.fetch_env!("DB_HOST")', "runtime"),
            config(
                'case config_env() do\n  :prod ->\n    host = System.fetch_env!("DB_HOST")\n'
                "    config :shop, Shop.Repo, hostname: host\n  _ -> nil\nend",
                "runtime",
            ),
            config('config :shop, Shop.Repo, hostname: Util.fetch_env!("DATABASE_HOST", all: "localhost")', "runtime"),
            config('config :shop, Shop.Repo, username: System.get_env("PGUSER") || raise("x")', "runtime"),
        ],
        [config('config :shop, Shop.Repo, hostname: System.get_env("DB_HOST", "localhost")', "runtime")],
    ),
    "an Ecto that OTP 26 does not compile": Told(
        {"ecto-before-otp"},
        [
            {**phoenix(), "mix.lock": OLD_LOCK.format("3.9.4")},
            {**umbrella(), "mix.lock": OLD_LOCK.format("3.7.2")},
            below("back", {**phoenix("till"), "mix.lock": OLD_LOCK.format("3.0.8")}),
            {**dep('{:stash, "~> 1.0"}', phoenix(ecto=False)), "mix.lock": STASH.format("3.9.4")},
        ],
        [
            {**phoenix(ecto=False), "mix.lock": STASH.format("3.9.4")},
            {**dep('{:stash, "~> 1.0", only: :test}', phoenix(ecto=False)), "mix.lock": STASH.format("3.9.4")},
            {**phoenix(), "mix.lock": OLD_LOCK.format("3.9.5")},
            {**phoenix(), "mix.lock": OLD_LOCK.format("3.10.0")},
            {**phoenix(), "mix.lock": OLD_LOCK.format("3.14.2")},
        ],
    ),
    "several releases": Told(
        {"several-releases"},
        [
            {**phoenix(), "mix.exs": releases("shop: [], till: []")},
            below("back", {**phoenix(), "mix.exs": releases("a: [applications: [shop: :load]], b: [], c: []")}),
            {**phoenix(), "mix.exs": releases("web: [applications: [shop: :permanent]], jobs: [include_erts: false]")},
        ],
        [phoenix(), {**phoenix(), "mix.exs": releases("shop: [include_executables_for: [:unix]]")}],
    ),
    "a variable of a name that is put together": Told(
        {"variable-joined"},
        [
            runtime('config :shop, key: System.fetch_env!("MAIL_KEY_#{config_env()}")'),
            runtime('config :shop, url: System.fetch_env!("#{prefix}_URL")', umbrella()),
            runtime('if config_env() == :prod do\n  config :shop, a: System.fetch_env!("A_#{config_env()}_B")\nend'),
        ],
        [
            runtime('config :shop, key: System.get_env("MAIL_KEY_#{config_env()}", "none")'),
            runtime('if System.get_env("MAIL") do\n  config :shop, key: System.fetch_env!("MAIL_#{1}")\nend'),
            config('config :shop, key: System.fetch_env!("MAIL_KEY_#{config_env()}")', "dev"),
        ],
    ),
    "settings by a function of the project's own": Told(
        {"settings-by-function"},
        [
            runtime(f'{LOADS}config :shop, a: load.("mail_key"), b: load.("mail_from"), c: load.("maps_key")'),
            runtime("config :shop, a: env_config!(:mail_key), b: env_config!(:mail_from), c: env_config!(:maps_key)"),
            runtime(
                "config :shop, a: Shop.Env.config!(:a_key), b: [Shop.Env.config!(:b_key), Shop.Env.config!(:c_key)]",
                umbrella(),
            ),
        ],
        [
            runtime(
                'get = fn name -> System.get_env(name) end\nconfig :a, b: get.("AA"), c: get.("BB"), d: get.("CC")'
            ),
            runtime("config :shop, a: env_config!(:mail_key), b: env_config!(:mail_from)"),
            runtime("config :shop, a: Keyword.fetch!(all, :mail_key), b: Map.fetch!(all, :a_key), c: x!(:b_key)"),
        ],
    ),
    "an alias that compiles with warnings as errors": Told(
        {"warnings-as-errors"},
        [
            {**phoenix(), "mix.exs": alias('compile: "compile --warnings-as-errors"')},
            {**phoenix(), "mix.exs": alias('compile: ["compile --warnings-as-errors --force"]')},
            below(
                "back", {**phoenix(), "mix.exs": alias('compile: ["gettext.extract", "compile --warnings-as-errors"]')}
            ),
        ],
        [
            phoenix(),
            {
                **phoenix(),
                "mix.exs": alias('compile: "compile --warnings-as-errors"'),
                ".tool-versions": "elixir 1.18.3\n",
            },
            {**phoenix(), "mix.exs": alias('precommit: ["compile --warnings-as-errors", "test"]')},
        ],
    ),
    "an alias of a task that the image runs": Told(
        {"alias-of-build"},
        [
            {**phoenix(), "mix.exs": alias('release: ["cmd npm run build --prefix web", "phx.digest", "release"]')},
            {**phoenix(), "mix.exs": alias('"deps.get": ["deps.get", "cmd npm ci --prefix assets"]')},
            {**phoenix(), "mix.exs": alias('compile: ["cmd make icons", "compile"]')},
        ],
        [
            {**phoenix(), "mix.exs": alias('release: ["assets.deploy", "release"]')},
            {**phoenix(), "mix.exs": alias('ship: ["cmd npm run build", "release"]')},
            {**phoenix(), "mix.exs": alias('compile: ["shop.gen.icons", "compile"]')},
        ],
    ),
    "a program of the source, run by a function": Told(
        {"code-reads-files"},
        [
            {**pages('Code.eval_file("priv/repo/seeds.exs")'), "priv/repo/seeds.exs": "x"},
            {**pages('Code.require_file("priv/plans.exs")'), "priv/plans.exs": "x"},
            {**phoenix(), **code(PLUGS.format("if Mix.env() in [:dev, :prod] do")), "assets/public/a.css": "x"},
            below("back", {**pages('Code.compile_file("data/rules.exs")'), "data/rules.exs": "x"}),
        ],
        [
            {**pages(':shop |> Application.app_dir("priv/plans.exs") |> Code.eval_file()'), "priv/plans.exs": "x"},
            {**phoenix(), **code(PLUGS.format("if Mix.env() == :dev do")), "assets/public/a.css": "x"},
            {**phoenix(), **code(PLUGS.format("if code_reloading? do")), "assets/public/a.css": "x"},
        ],
    ),
    "assets that are a web app of their own": Told(
        {"assets-apart"},
        [
            SPA,
            below("back", SPA),
            {**SPA, "assets/vite.config.ts": "export default { build: { outDir: 'dist' } };\n"},
        ],
        [
            {**SPA, "assets/vite.config.ts": "export default { build: { outDir: '../priv/static' } };\n"},
            {**elixir.NO_ALIAS, "assets/package.json": VITE},
        ],
    ),
    "Mix in a function": Told(
        {"mix-at-run-time"},
        [
            pages("if Mix.env() == :prod, do: path"),
            pages('Mix.Task.run("ecto.migrate")'),
            pages("Mix.env()", runtime("Shop.Pages.keep(1)")),
            {
                **pages("Mix.env()"),
                "lib/mix/tasks/a.ex": "defmodule Mix.Tasks.A do\n  def run(one), do: Shop.Pages.keep(one)\nend\n",
                "lib/shop/b.ex": "defmodule Shop.B do\n  def b(one), do: Shop.Pages.keep(one)\nend\n",
            },
            pages("Mix.env()", runtime("# Shop.Pages.keep(1)")),
            below("back", pages("Mix.Project.config()[:version]")),
            {**umbrella(), **code("defmodule A do\n  def a, do: Mix.target()\nend\n", "apps/shop/lib/a.ex")},
        ],
        [
            {**phoenix(), **code("defmodule A do\n  @env Mix.env()\n  def a, do: @env\nend\n")},
            {**phoenix(), **code("defmodule A do\n  if Mix.env() == :dev do\n    def a, do: 1\n  end\nend\n")},
            {**phoenix(), **code("defmodule A do\n  def a, do: unquote(Mix.env() == :dev)\nend\n")},
            pages("if Code.ensure_loaded?(Mix), do: Mix.env(), else: :prod"),
            {
                **pages("Mix.env()"),
                "mix.exs": phoenix()["mix.exs"].replace("[:logger, :runtime_tools]", "[:logger, :mix]"),
            },
            pages("# Mix.env() is not here\n    path"),
            {
                **pages("Mix.env()"),
                "lib/mix/tasks/a.ex": "defmodule Mix.Tasks.A do\n  def run(one), do: Shop.Pages.keep(one)\nend\n",
            },
            pages("Mix.env()", config("if config_env() in [:dev, :test] do\n  Shop.Pages.keep(1)\nend", "runtime")),
            {**phoenix(), **code('defmodule Mix.Tasks.A do\n  def run(_), do: Mix.shell().info("x")\nend\n')},
        ],
    ),
    "Erlang's windows": Told(
        {"graphical-applications"},
        [
            starting(":observer, :wx"),
            below("back", starting(":wx")),
            {**umbrella(), **below("apps/shop", {"mix.exs": starting(":observer")["mix.exs"]})},
        ],
        [starting(":os_mon"), phoenix()],
    ),
    "a variable in an attribute": Told(
        {"variable-in-attribute"},
        [
            {**phoenix(), **code('defmodule A do\n  @key System.get_env("API_KEY")\n  def a, do: @key\nend\n')},
            {**phoenix(), **code('defmodule A do\n  @key String.trim(System.fetch_env!("API_KEY"))\nend\n')},
            {**umbrella(), **code('defmodule A do\n  @key System.get_env("K")\nend\n', "apps/shop/lib/a.ex")},
        ],
        [
            {**phoenix(), **code('defmodule A do\n  @env System.get_env("MIX_ENV")\nend\n')},
            {**phoenix(), **code('defmodule A do\n  @size System.get_env("SIZE", "10")\nend\n')},
            pages('System.get_env("API_KEY")'),
        ],
    ),
    "a setting that is compiled in and set again": Told(
        {"setting-compiled"},
        [
            {**runtime('config :shop, :from, System.get_env("FROM")'), **compiling(":from")},
            {**runtime('config :shop, Shop.Mailer, from: "a"'), **compiling("[Shop.Mailer, :from]")},
            {**runtime('config :shop, Shop.Pages, from: "a"'), **compiling("__MODULE__")},
            below("back", {**runtime('config :shop, mail: [from: "a"]'), **compiling("[:mail, :from]")}),
        ],
        [
            {**runtime('config :shop, :to, System.get_env("TO")'), **compiling(":from")},
            {**runtime('config :shop, Shop.Mailer, to: "a"'), **compiling("[Shop.Mailer, :from]")},
            {**config("config :shop, from: 1"), **compiling(":from")},
        ],
    ),
    "a log in a file": Told(
        {"log-in-file"},
        [
            config('config :logger, :error_log, path: "log/error.log", level: :error'),
            config('config :logger, :default_handler, config: [file: ~c"log/shop.log"]', "runtime"),
            below("back", config("config :logger, :file, path: '/var/log/shop.log'")),
        ],
        [
            config('config :logger, :error_log, path: "log/error.log"', "dev"),
            config('config :logger, :error_log, path: "/tmp/error.log"'),
            config('config :shop, path: "log/error.log"'),
        ],
    ),
    "logical replication": Told(
        {"replication"},
        [
            {**phoenix(), **code("defmodule Shop.Feed do\n  use Postgrex.ReplicationConnection\nend\n")},
            {**phoenix(), **code("defmodule Shop.Pages do\n  def a, do: {Cainophile.Adapters.Postgres, []}\nend\n")},
            {**umbrella(), **code("defmodule Shop.Pages do\n  use WalEx.Event, name: A\nend\n", "apps/shop/lib/a.ex")},
        ],
        [
            phoenix(),
            {**phoenix(), **code("defmodule Shop.Pages do\n  # Postgrex.ReplicationConnection one day\nend\n")},
        ],
    ),
    "variables that are read for good": Told(
        {"variable-frozen"},
        [
            config('config :shop, key: System.get_env("STRIPE_KEY"), mode: :live'),
            config('config :joken, default_signer: System.get_env("SECRET_KEY_BASE")', "config"),
            {
                **umbrella(),
                "config/config.exs": 'import Config\nimport_config "../apps/shop/config/config.exs"\n',
                "apps/shop/config/config.exs": 'import Config\nconfig :shop, key: System.get_env("STRIPE_KEY")\n',
            },
            config('config :shop, key: System.get_env("STRIPE_KEY")'),
            config('config :stripe, :api_key, System.get_env("STRIPE_KEY")', "config"),
            {
                **config('import_config "s3.exs"'),
                "config/s3.exs": 'import Config\nconfig :a, b: [c: System.get_env("S3")]\n',
            },
        ],
        [
            config('config :shop, key: System.get_env("STRIPE_KEY")', "runtime"),
            config('config :shop, level: System.get_env("LEVEL") || "info", more: System.get_env("MORE", "x")'),
            config('config :shop, key: System.get_env("STRIPE_KEY")', "staging"),
            config('config :shop, ShopWeb.Endpoint, secret_key_base: System.get_env("SECRET_KEY_BASE")'),
            config('config :shop, live: if(System.get_env("STRIPE_KEY"), do: true, else: false)'),
            {
                **runtime('config :joken, default_signer: System.fetch_env!("SECRET_KEY_BASE")'),
                "config/prod.exs": 'import Config\nconfig :joken, default_signer: System.get_env("SECRET_KEY_BASE")\n',
            },
            {**config('import_config "dev/mail.exs"', "dev"), "config/dev/mail.exs": STRIPE},
        ],
    ),
    "variables in tuples": Told(
        {"variable-in-tuple"},
        [
            config('config :shop, key: {:system, "MAIL_KEY"}'),
            config('config :shop, A, size: {:system, :integer, "SIZE"}', "config"),
            config('config :ex_aws, access_key_id: [{:system, "AWS_KEY"}]', "runtime"),
            config('config :shop, Shop.Guardian, secret_key: {System, :get_env, ["GUARDIAN_KEY"]}'),
        ],
        [
            config('config :shop, key: {:system, "MAIL_KEY", "none"}'),
            config('config :shop, key: {System, :get_env, ["GUARDIAN_KEY", "none"]}'),
            config("config :shop, at: {System, :system_time, []}"),
            config('config :ex_aws, access_key_id: [{:system, "AWS_KEY"}, :instance_role]'),
            config('config :shop, ShopWeb.Endpoint, http: [port: {:system, "PORT"}]'),
            config(
                'config :ex_aws, access_key_id: [{:system, "AWS_ACCESS_KEY_ID"}]',
                "runtime",
                dep('{:ex_aws_s3, "~> 2.5"}'),
            ),
        ],
    ),
    "no name in a tuple": Told(
        {"value-in-tuple"},
        [
            config('config :recaptcha, secret: {:system, "6Lc-a1b2"}'),
            config('config :shop, key: {System, :fetch_env!, ["https://example.com"]}', "runtime"),
            config('config :shop, A, size: {:system, :integer, "5"}', "config", umbrella()),
        ],
        [config('config :recaptcha, secret: {:system, "RECAPTCHA_SECRET"}')],
    ),
    "assets by a profile that is not there": Told(
        {"assets-profile"},
        [
            config("config :esbuild, other: [args: []]", "config"),
            config('config :esbuild, version: "1"\nconfig :esbuild, :other, args: []', "config"),
            config('config :esbuild, version: "1"', "config", umbrella()),
        ],
        [
            config("config :esbuild, shop: [args: []]", "config"),
            config("config :esbuild, :shop, args: []", "config"),
            config("config :esbuild, Shop.Profiles.all()", "config"),
            EMPTY_STEP,
            config('config :tailwind, version: "4"', "config"),
        ],
    ),
    "variables by a library or a function": Told(
        {"variable-at-run-time"},
        [
            config('import Dotenvy\nconfig :shop, a: env!("MAIL_KEY", :string)', "runtime"),
            config('config :shop, a: Dotenvy.env!("MAIL_KEY", :integer!)', "runtime"),
            config('config :shop, a: Shop.Env.require_env!("MAIL_KEY")', "runtime"),
        ],
        [config('import Dotenvy\nconfig :shop, a: env!("MAIL_KEY", :string, "none")', "runtime")],
    ),
    "an endpoint behind a macro": Told(
        {"no-endpoint"},
        [
            {**phoenix(), "lib/shop_web/endpoint.ex": MACRO},
            {**phoenix("till"), "lib/till_web/endpoint.ex": MACRO},
            NO_ENDPOINT,
        ],
        [phoenix()],
    ),
    "no lock file": Told(
        {"no-lock-file"},
        [{"mix.exs": MIX, "lib/a.ex": ""}, below("web", nextjs()), nextjs()],
        [phoenix(), umbrella(), {**nextjs(), "yarn.lock": ""}],
    ),
    "something else that runs": Told(
        {"service-not-made"},
        [
            dep('{:redix, "~> 1.5"}'),
            nextjs(dependencies={"bullmq": "^5"}),
            dep('{:mongodb_driver, "~> 1.5"}'),
            dep('{:gnat, "~> 1.8"}'),
            nextjs(dependencies={"neo4j-driver": "^5"}),
        ],
        [dep('{:redix, "~> 1.5", only: :test}'), nextjs(devDependencies={"redis": "^5"})],
    ),
    "a workflow that deploys to Fly": Told(
        {"own-workflow"},
        [
            {**phoenix(), UP: DEPLOYS},
            {**phoenix(), UP: "jobs: [\nrun: fly deploy\n"},
            {**below("apps/web", nextjs()), UP: f"{DEPLOYS}        working-directory: ./apps/web\n"},
            {**phoenix(), UP: f"{DEPLOYS}        working-directory: docs\n      - run: fly deploy -c fly.prod.toml\n"},
        ],
        [
            {**phoenix(), UP: f"{DEPLOYS}        working-directory: docs\n"},
            {**below("apps/web", nextjs()), UP: DEPLOYS.replace("deploy", "deploy --config apps/api/fly.toml")},
            {**below("apps/web", nextjs()), UP: f"defaults:\n  run:\n    working-directory: apps/api\n{DEPLOYS}"},
        ],
    ),
    "steps of a Dockerfile of one's own": Told(
        {"own-build-steps"},
        [
            {**phoenix(), "Dockerfile": "FROM a\nRUN mix deps.get && \\\n    make content\n"},
            {**nextjs(), "Dockerfile": "FROM a\nRUN npm ci\nRUN npm run codegen && npm run build\n"},
            below("api", {**phoenix(), "Dockerfile": "FROM a\nRUN --mount=type=cache,target=/x mix shop.gen.pages\n"}),
            {**elixir.NO_ALIAS, "Dockerfile": "FROM node\nCOPY web .\nRUN npm ci && npm run build-production\n"},
        ],
        [
            {
                **phoenix(),
                "Dockerfile": "FROM a\nRUN mix local.hex --force && mix do deps.get + compile\nRUN mix release\n",
            },
            {**phoenix(), "Dockerfile": "FROM a\nRUN mix esbuild.install --if-missing && mix assets.deploy\n"},
            {**phoenix(), "Dockerfile": "FROM a\nRUN mix format --check-formatted && mix release\n"},
            {
                **nextjs(),
                "Dockerfile": "FROM a\nRUN corepack enable && pnpm install --frozen-lockfile\nRUN pnpm build\n",
            },
            {
                **nextjs(),
                "Dockerfile": "FROM a\nRUN yarn\nRUN yarn --immutable && yarn workspaces focus --production\n",
            },
            {**nextjs(), "Dockerfile": "FROM a\nRUN npx turbo prune web && pnpm -r build && pnpm run -r build\n"},
            {**nextjs(), "Dockerfile": "FROM a\nRUN pnpm prune --prod && pnpm pkg set scripts.prepare=x\n"},
            {**nextjs(), "Dockerfile": "FROM a\nRUN yarn turbo run build && npx turbo build && turbo build\n"},
            {
                **below("apps/web", nextjs()),
                "Dockerfile": "FROM a\nRUN pnpm turbo run build --filter=web... && yarn workspace web build\n",
            },
        ],
    ),
    "steps of a Dockerfile for production by another name": Told(
        {"own-build-steps"},
        [
            {**phoenix(), "docker/Dockerfile": "FROM a\nENV MIX_ENV=prod\nRUN make content\nRUN mix release\n"},
            {**nextjs(), "Dockerfile": "FROM a\n", "Dockerfile.prod": "FROM a\nRUN ./fetch && npx next build\n"},
            {
                **below("apps/web", nextjs()),
                "deploy/Dockerfile": "FROM a\nENV NODE_ENV=production\nRUN make icons\n",
            },
            {**below("apps/shop", nextjs()), "Dockerfile.shop": "FROM a\nRUN make icons\nRUN next build\n"},
            {**below("sites/public", nextjs()), "Dockerfile.sites.public": "FROM a\nRUN make icons\nRUN next build\n"},
            {**below("apps/shop", nextjs()), "docker/shop/Dockerfile": "FROM a\nRUN make icons\nRUN next build\n"},
            {**nextjs(), "web.Dockerfile": "FROM a\nRUN make icons\nRUN next build\n"},
            {**phoenix(), "docker/production/app/Dockerfile": "FROM a\nRUN make icons\nRUN mix release\n"},
        ],
        [
            {**phoenix(), "docker/Dockerfile": "FROM a\nENV MIX_ENV=dev\nRUN make content\n"},
            {**below("apps/shop", nextjs()), "Dockerfile.api": "FROM a\nRUN make icons\nRUN next build\n"},
            {**nextjs(), "docker/web/Dockerfile": "FROM nginx\nRUN make icons\n"},
            {
                **nextjs(),
                "Dockerfile": "FROM a\nRUN npm run build\n",
                "docker/Dockerfile": "FROM a\nRUN make a && next build\n",
            },
        ],
    ),
    "scripts that build a part, in a Dockerfile of one's own": Told(
        {"own-build-steps"},
        [
            {**phoenix(), "Dockerfile": "FROM a\nRUN yarn build:server\nRUN mix assets.deploy\nRUN mix release\n"},
            {**phoenix(), "Dockerfile": "FROM a\nRUN cd assets && node build.js --deploy\nRUN mix release\n"},
            {**nextjs(), "Dockerfile": "FROM node:24\nRUN npm ci && npm run build:docker\n"},
            {**nextjs(), "Dockerfile": "FROM node:24\nRUN pnpm -C ./icons build\n"},
            {**below("apps/web", nextjs()), "Dockerfile": "FROM node:24\nRUN pnpm --filter @acme/web-icons build\n"},
            {**below("apps/web", nextjs()), "Dockerfile": "FROM node:24\nRUN npx turbo build --filter=queue\n"},
            {
                **nextjs(scripts={"build": "next build", "build:all": "next build && node tools/pack.js"}),
                "Dockerfile": "FROM node:24\nRUN npm ci && npm run build:all\n",
            },
        ],
        [
            {
                **nextjs(
                    scripts={"build": "node icons.js && next build", "build:docker": "node icons.js && next build -d"}
                ),
                "Dockerfile": "FROM node:24\nRUN npm ci && npm run build:docker\n",
            },
            {
                **{name: text for name, text in phoenix().items() if name != "mix.exs"},
                "mix.exs": phoenix()["mix.exs"].replace(
                    '"assets.deploy": [', '"assets.deploy": ["cmd --cd assets npm run all", '
                ),
                "Dockerfile": "FROM a\nRUN npm run --prefix ./assets all\nRUN mix release\n",
            },
            {**phoenix(), "Dockerfile": "FROM a\nRUN npm --prefix assets run build && mix phx.digest\n"},
            {
                **below("apps/web", nextjs()),
                "Dockerfile": "FROM a\nRUN pnpm --filter @acme/web... install\nRUN pnpm -C apps/web build\n",
            },
        ],
    ),
    "packages of a Dockerfile of one's own": Told(
        {"own-image-packages"},
        [
            {
                **phoenix(),
                "Dockerfile": "FROM a\nRUN apt-get update && apt-get install -y --no-install-recommends pandoc\n",
            },
            {
                **nextjs(),
                "Dockerfile": "FROM a\nRUN apk add --no-cache libc6-compat \\\n  # for PDFs\n  poppler-utils\n",
            },
            below("api", {**phoenix(), "Dockerfile": "FROM a\nRUN apt install -y git graphviz\n"}),
        ],
        [
            {
                **phoenix(),
                "Dockerfile": "FROM a\nRUN apt-get install -y build-essential git libstdc++6 openssl locales\n",
            },
            {
                **nextjs(),
                "Dockerfile": "FROM a\nRUN apk add --no-cache libc6-compat & apk update & pnpm add turbo -g\n",
            },
        ],
    ),
    "next in the root alone": Told(
        {"next-at-the-root"},
        [
            {**AT_ROOT, "apps/admin/next.config.mjs": "export default {}\n", "apps/admin/package.json": "{}"},
            {**AT_ROOT, "web/next.config.js": "module.exports = {}\n"},
            {**AT_ROOT, "packages/site/app/next.config.ts": "export default {}\n"},
        ],
        [nextjs(), {**nextjs(), "examples/a/next.config.js": "x\n"}],
    ),
    "another folder for the build": Told(
        {"dist-dir"},
        [
            {**nextjs(), "next.config.ts": "export default {\n  distDir: 'build',\n};\n"},
            {**nextjs(), "next.config.mjs": 'const config = {\n  distDir: "../dist/web",\n};\n'},
            below("web", {**nextjs(), "next.config.js": "module.exports = {\n  distDir: `out`,\n}\n"}),
        ],
        [
            {**nextjs(), "next.config.ts": 'export default {\n  distDir: ".next",\n};\n'},
            {**nextjs(), "next.config.ts": 'export default {\n  distDir: process.env.DIST || ".next",\n};\n'},
        ],
    ),
    "a schema without a migration": Told(
        {"no-migrations"},
        [
            bare(prisma("postgresql")),
            {**bare(drizzle('dialect: "postgresql",')), "drizzle/meta/_journal.json": "{}"},
            below("web", bare(prisma("postgresql"))),
            {**nextjs(dependencies=on_next.DRIZZLE), "lib/db.ts": TABLES},
        ],
        [
            prisma("postgresql"),
            drizzle('dialect: "postgresql",'),
            {**nextjs(dependencies=on_next.DRIZZLE), "lib/db.ts": TABLES, "drizzle/0000_init.sql": "select 1;\n"},
            {
                **nextjs(dependencies=on_next.DRIZZLE),
                "lib/db.ts": f'{TABLES}await migrate(db, {{ migrationsFolder: "sql" }});\n',
            },
        ],
    ),
    "a script that wants an .env file": Told(
        {"script-reads-env"},
        [
            on_next.scripts(postinstall="cp .env.example .env"),
            on_next.scripts(build="cp -n .env.production .env && next build"),
            {**on_next.scripts(postinstall="cp .env.example .env"), ".gitignore": ".env*\n", ".env.example": "A=1\n"},
            on_next.scripts(prebuild="node --env-file=.env scripts/check.mjs"),
        ],
        [
            on_next.scripts(dev="cp .env.example .env && next dev"),
            on_next.scripts(postinstall="cp a b"),
            on_next.scripts(build="next build && rm -f .next/standalone/.env"),
            on_next.scripts(prebuild="if [ -f .env.local ]; then cat .env.local; fi"),
            on_next.scripts(prebuild="test -e ../.env && cp ../.env . ; true"),
        ],
    ),
    "programs that a hook installs": Told(
        {"install-hook-program"},
        [
            on_next.scripts(postinstall="playwright install --with-deps chromium"),
            on_next.scripts(prepare="sudo apt-get install -y graphviz"),
            on_next.scripts(postinstall="npx puppeteer browsers install chrome"),
        ],
        [on_next.scripts(pretest="playwright install")],
    ),
    "an address in parts": Told(
        {"database-address-parts"},
        [
            {**nextjs(dependencies={"pg": "^8"}), "lib/db.ts": PARTS.format("DB", "DB")},
            {**nextjs(dependencies={"mysql2": "^3"}), "src/db/index.ts": PARTS.format("MYSQL", "MYSQL")},
            drizzle(f'dialect: "postgresql",\n  dbCredentials: {PARTS.format("PG", "POSTGRES")},'),
        ],
        [
            {
                **nextjs(dependencies={"pg": "^8"}),
                "lib/db.ts": f"{PARTS.format('DB', 'DB')};process.env.DATABASE_URL\n",
            },
            {**nextjs(dependencies={"pg": "^8"}), "libs/db/prisma/seed.ts": PARTS.format("DB", "DB")},
            {
                **nextjs(dependencies={"pg": "^8"}),
                "lib/db.ts": f"const at = process.env.POSTGRES_URL ?? address({PARTS.format('DB', 'DB')});\n",
            },
        ],
    ),
    "variables of the browser": Told(
        {"variable-public"},
        [
            {**nextjs(), "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_SITE;\n"},
            {**nextjs(), "src/lib/a.js": "module.exports = process.env['NEXT_PUBLIC_SITE'];\n"},
            {**nextjs(), "pages/a.jsx": "fetch(process.env.NEXT_PUBLIC_API + '/x');\n"},
            {
                **nextjs(),
                "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_SITE;\n",
                "next.config.js": "module.exports = {\n  env: {\n"
                "    NEXT_PUBLIC_SITE: process.env.NEXT_PUBLIC_SITE,\n  },\n};\n",
            },
        ],
        [
            {
                **nextjs(),
                "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_BUILT;\n",
                "next.config.js": "module.exports = {\n  env: {\n    NEXT_PUBLIC_BUILT: version,\n  },\n};\n",
            },
            {**nextjs(), "app/a.tsx": "export const a = process.env.NEXT_PUBLIC_VERCEL_ENV;\n"},
            {**nextjs(), "app/a.tsx": "// process.env.NEXT_PUBLIC_SITE\nexport const a = 1;\n"},
            {**nextjs(), "app/a.test.ts": "process.env.NEXT_PUBLIC_SITE;\n"},
        ],
    ),
    "variables of the browser that are read where the app runs": Told(
        {"variable-public-at-run-time"},
        [
            {
                **nextjs(),
                "lib/a.ts": "const get = (key) => process.env[key];\nexport const a = get('NEXT_PUBLIC_SITE');\n",
            },
            {**nextjs(), "app/a.tsx": "import { env } from 'next-runtime-env';\nfetch(env('NEXT_PUBLIC_API'));\n"},
            {
                **nextjs(),
                "src/lib/env.js": "export function read(name) {\n  return process.env[name];\n}\n",
                "src/lib/a.js": "import { read } from './env';\nexport const a = () => read('NEXT_PUBLIC_SITE');\n",
            },
        ],
        [
            {**nextjs(), "app/a.tsx": "import { env } from './env';\nexport const a = env('NEXT_PUBLIC_SITE');\n"},
            {
                **nextjs(),
                "lib/a.ts": "const get = (key) => process.env[key];\nexport const a = all.get('NEXT_PUBLIC_A');\n",
            },
        ],
    ),
    "variables of the browser that are checked": Told(
        {"variable-public-required"},
        [
            {**nextjs(), "src/env.ts": on_next.ENV_OF_PAGES},
            {**nextjs(), "lib/pay.ts": "export const pay = loadEnv(process.env.NEXT_PUBLIC_PAY ?? fail('no key'));\n"},
            {**nextjs(), "lib/cms.ts": "const cms = createClient(process.env.NEXT_PUBLIC_CMS!, { cdn: true });\n"},
            {**nextjs(), "lib/base.ts": "export const base = new URL(process.env.NEXT_PUBLIC_BASE || '');\n"},
            {**nextjs(dependencies={"@clerk/nextjs": "^6"}), "proxy.ts": 'import "@clerk/nextjs/server";\n'},
        ],
        [
            {
                **nextjs(),
                "lib/base.ts": "export const base = new URL(process.env.NEXT_PUBLIC_BASE || 'http://a.example');\n",
            },
            {**nextjs(), "src/env.ts": on_next.ENV_OF_PAGES.replace("url()", "optional()")},
            {
                **nextjs(),
                "src/env.ts": on_next.ENV_OF_PAGES,
                ".env.production": "NEXT_PUBLIC_SITE=https://shop.example\n",
            },
            {**nextjs(), "lib/cms.ts": "const cms = () => createClient(process.env.NEXT_PUBLIC_CMS!);\n"},
        ],
    ),
    "settings of a release's environment": Told(
        {"own-env-sh"},
        [
            {**phoenix(), "rel/env.sh.eex": ENV_SH.format("shop@$HOST")},
            {**phoenix(), "rel/env.sh.eex": "if true; then\n  ERL_FLAGS='+S 1'\nfi\n"},
            {**umbrella(), "rel/env.sh.eex": "export RELEASE_COOKIE=$(cat /cookie)\n"},
            {**BY_NAME, "rel/env.sh.eex": ENV_SH.format('"till@${FLY_PRIVATE_IP}"')},
            {**phoenix(), "rel/env.sh.eex": f"{FLY_LAUNCH}export ERL_MAX_PORTS=1024\n"},
        ],
        [
            {**phoenix(), "rel/env.sh.eex": "#!/bin/sh\n# export RELEASE_NODE=<%= @release.name %>@127.0.0.1\n"},
            {**phoenix(), "rel/env.sh.eex": FLY_LAUNCH},
        ],
    ),
    "packages beside the app": Told(
        {"path-outside"},
        [
            below("app", {**phoenix(), "package.json": '{"dependencies": {"ui": "file:../ui"}}'}),
            below("app", {**phoenix(), "assets/package.json": '{"devDependencies": {"ui": "link:../../ui"}}'}),
            {**phoenix(), "assets/package.json": '{"dependencies": {"ui": "file:../../ui"}}'},
        ],
        [
            {**phoenix(), "assets/package.json": '{"dependencies": {"phoenix": "file:../deps/phoenix", "a": "^1"}}'},
            below("app", {**phoenix(), "package.json": '{"dependencies": {"ui": "file:./ui"}}'}),
        ],
    ),
    "pages that are made from the database": Told(
        {"pages-from-database"},
        [
            *cases("pages from the database", "paths from the database"),
            {
                **nextjs(dependencies={"pg": "^8"}),
                "src/pages/a.jsx": "import { pool } from 'pg';\n"
                "export async function getStaticProps() {\n  const a = await pool.query('x');\n}\n",
            },
        ],
        controls("pages from files", "pages from the database on request"),
    ),
    "pages that are made from an address that is not set": Told(
        {"pages-from-address"},
        [
            {**nextjs(), "src/app/posts/page.tsx": ASKING_PAGE.format(f"await fetch({AT_API})")},
            {
                **nextjs(),
                # A folder of another name, which a page imports from.
                "api/posts.ts": "export async function posts() {\n"
                f"  return (await fetch(\n    {AT_API},\n  )).json()\n}}\n",
                "app/page.tsx": "import { posts } from '@/api/posts'\n" + ASKING_PAGE.format("await posts()"),
            },
            {
                **nextjs(),
                "lib/env.ts": "export const API: string = process.env.API_URL!\n",
                "pages/[id].tsx": "export const getStaticPaths = async () => {\n  await axios.get(`${API}/all`)\n}\n",
            },
            {
                **nextjs(),
                "app/a/[id]/page.tsx": "export async function generateStaticParams() {\n"
                "  return await fetch(process.env.API_URL + '/ids')\n}\n",
            },
        ],
        [
            {
                **nextjs(),
                "app/page.tsx": f"export const dynamic = 'force-dynamic'\n{ASKING_PAGE.format(f'fetch({AT_API})')}",
            },
            {**nextjs(), "app/page.tsx": ASKING_PAGE.format(f"await fetch({AT_API}, {{ cache: 'no-store' }})")},
            {**nextjs(), "app/[id]/page.tsx": ASKING_PAGE.format(f"await fetch({AT_API})")},
            {
                **nextjs(),
                "app/page.tsx": ASKING_PAGE.format(f"await fetch({AT_API})"),
                ".env.production": "NEXT_PUBLIC_API=https://api.example.com\n",
            },
            {
                **nextjs(),
                "lib/env.ts": "export const API = process.env.API_URL ?? 'https://api.example.com'\n",
                "app/page.tsx": ASKING_PAGE.format("await fetch(`${API}/all`)"),
            },
            {
                **nextjs(),
                "pages/[id].tsx": "export async function getStaticProps() {\n  await fetch(process.env.API_URL!)\n}\n"
                "export async function getStaticPaths() {\n  return { paths: [], fallback: 'blocking' }\n}\n",
            },
        ],
    ),
    "a service account of Firebase": Told(
        {"service-account"},
        [
            {**FIREBASE, "lib/admin.ts": f"if (!getApps().length) {{\n  initializeApp({{ credential: {CERT} }})\n}}\n"},
            {
                **FIREBASE,
                "src/lib/admin.js": f"export const app = getApps()[0] ?? initializeApp({{ credential: {CERT} }});\n",
            },
            below("web", {**FIREBASE, "server/db.ts": f"const account = {CERT};\nexport const db = getFirestore();\n"}),
        ],
        [
            {
                **FIREBASE,
                "lib/admin.ts": f"export function admin() {{\n  return initializeApp({{ credential: {CERT} }})\n}}\n",
            },
            {**FIREBASE, "lib/admin.ts": f"const admin = () => {{\n  initializeApp({{ credential: {CERT} }})\n}}\n"},
            {
                **FIREBASE,
                "lib/admin.ts": f"if (process.env.A_PRIVATE_KEY) {{\n  initializeApp({{ credential: {CERT} }})\n}}\n",
            },
            {**FIREBASE, "lib/admin.ts": "initializeApp({ credential: applicationDefault() })\n"},
        ],
    ),
    "code that stops without a key": Told(
        {"variable-in-schema"},
        [
            {**nextjs(), "src/lib/pay.ts": "export const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)\n"},
            {**nextjs(), "next.config.mjs": "if (!process.env.CMS_URL) {\n  throw new Error('CMS_URL')\n}\n"},
            below("web", {**nextjs(), "lib/auth.js": "const key = requireEnv('SESSION_KEY')\n"}),
            {**nextjs(), "src/libs/Env.ts": on_next.ENV},
        ],
        [
            {**nextjs(), "src/lib/pay.ts": "export const pay = () => new Stripe(process.env.STRIPE_SECRET_KEY!)\n"},
            {**nextjs(), "tests/setup.ts": "if (!process.env.BASE_URL) {\n  throw new Error('BASE_URL')\n}\n"},
        ],
    ),
    "an address of another name in the code": Told(
        {"database-variable"},
        [
            {**nextjs(dependencies={"pg": "^8"}), "lib/db.ts": "new Pool({ connectionString: process.env.PG_URL });\n"},
            {**nextjs(dependencies={"postgres": "^3"}), "app/lib/a.ts": "postgres(process.env.POSTGRES_URL!, {});\n"},
            {
                **below("web", nextjs(dependencies={"@vercel/postgres": "^0.10"})),
                "web/lib/db.ts": 'import { sql } from "@vercel/postgres";\n',
            },
        ],
        [
            {
                **nextjs(dependencies={"pg": "^8"}),
                "lib/db.ts": "new Pool({ connectionString: process.env.DATABASE_URL });",
            }
        ],
    ),
    "two lock files of which one is in use": Told(
        {"lock-files"},
        cases("two lock files and a workflow", "two lock files and a page", "a lock file that was left behind"),
        [nextjs(), {**nextjs(), **on_next.NPM_LOCK}, on_next.TWO_LOCKS],
    ),
    "an extension that Managed Postgres lacks": Told(
        {"extension-missing", "extension-enabled-first"},
        [
            {
                **phoenix(),
                "priv/repo/migrations/1_a.exs": 'execute("CREATE EXTENSION IF NOT EXISTS earthdistance", "")',
            },
            {**umbrella(), "apps/shop/priv/repo/migrations/1_a.exs": 'execute "create extension \\"postgis\\""\n'},
            *cases("an extension that Managed Postgres lacks", "an extension that is enabled first"),
        ],
        [
            {**phoenix(), "priv/repo/migrations/1_a.exs": 'execute "CREATE EXTENSION IF NOT EXISTS citext"\n'},
            {**phoenix(), "priv/repo/migrations/1_a.exs": '# execute "CREATE EXTENSION postgis"\n'},
            {**on("ecto_sqlite3"), "priv/repo/migrations/1_a.exs": 'execute "CREATE EXTENSION postgis"\n'},
            *controls("an extension that migrations may make"),
        ],
    ),
    "an Elixir that is not offered": Told(
        {"version-not-served"},
        [
            {**phoenix(), "elixir_buildpack.config": "elixir_version=1.14.5\nerlang_version=25.3\n"},
            {**phoenix(), "Dockerfile": "ARG ELIXIR_VERSION=1.15.8\nARG OTP_VERSION=25.0.4\n"},
            {**phoenix(), "Dockerfile": "FROM elixir:1.13.4-alpine AS builder\n"},
            {**phoenix(), "Dockerfile": 'ARG BUILDER_IMAGE="hexpm/elixir:1.14.4-erlang-25.3.2-alpine-3.18.2"\n'},
            {**phoenix(), "Dockerfile": "FROM --platform=$BUILDPLATFORM docker.io/elixir:1.15.7-otp-24 AS a\n"},
        ],
        [
            {**phoenix(), "Dockerfile": "ARG ELIXIR_VERSION=1.18.2\nARG OTP_VERSION=27.2\nFROM a\n"},
            {**phoenix(), "Dockerfile": "FROM hexpm/elixir:1.18.2-erlang-27.2-debian-bookworm-20250113-slim AS a\n"},
            {**phoenix(), "Dockerfile": "FROM ghcr.io/acme/elixir-tools:1.9.0\nRUN echo hexpm/elixir:1.9\n"},
        ],
    ),
    "warnings that end the compilation": Told(
        {"warnings-as-errors"},
        [
            {**STRICT, ".tool-versions": "elixir 1.14.5\n"},
            below("back", {**STRICT, "elixir_buildpack.config": "elixir_version=1.13.4\n"}),
            {
                **umbrella(),
                "apps/shop/mix.exs": strict(umbrella()["apps/shop/mix.exs"], "Mix.env() == :prod"),
                "Dockerfile": "FROM elixir:1.14.2\n",
            },
        ],
        [
            {
                **phoenix(),
                "mix.exs": strict(phoenix()["mix.exs"], "Mix.env() == :test"),
                ".tool-versions": "elixir 1.14.5\n",
            },
            {**STRICT, ".tool-versions": "elixir 1.20.4\n"},
        ],
    ),
    "a configuration that asks git": Told(
        {"git-at-build"},
        [
            config('{hash, 0} = System.cmd("git", ["rev-parse", "HEAD"])\nconfig :sentry, release: hash'),
            config('{out, 0} = System.shell("git describe --tags")\nconfig :shop, version: out', "config"),
            below("web", config('{tag, 0} = System.cmd("git", ["tag"])\nconfig :shop, tag: tag', "parts/tag")),
        ],
        [
            config('{hash, _} = System.cmd("git", ["rev-parse", "HEAD"])\nconfig :shop, hash: hash'),
            config('{hash, 0} = System.cmd("git", ["rev-parse", "HEAD"])\nconfig :shop, hash: hash', "dev"),
        ],
    ),
    "what is reached over UDP": Told(
        {"udp"},
        [
            dep('{:ex_webrtc, "~> 0.15"}'),
            dep('{:membrane_webrtc_plugin, "~> 0.25"}', umbrella()),
            {**phoenix(), **code("defmodule Shop.Sip do\n  def init(_), do: :gen_udp.open(5060, [:binary])\nend\n")},
        ],
        [
            {**phoenix(), **code("defmodule Shop.Stats do\n  def init(_), do: :gen_udp.open(0, [:binary])\nend\n")},
            {**phoenix(), **code("defmodule Shop.Sip do\n  # :gen_udp.open(5060)\n  def a, do: 1\nend\n")},
            dep('{:ex_webrtc, "~> 0.15", only: :test}'),
        ],
    ),
    "models that are loaded": Told(
        {"models-loaded"},
        [
            dep('{:bumblebee, "~> 0.6"}'),
            dep('{:bumblebee, github: "elixir-nx/bumblebee"}', umbrella()),
            below("ai", dep('{:bumblebee, "~> 0.5.3"}')),
        ],
        [
            dep('{:bumblebee, "~> 0.6", only: :dev}'),
            {**dep('{:bumblebee, "~> 0.6"}'), "fly.toml": '[env]\nBUMBLEBEE_CACHE_DIR = "/models"\n'},
        ],
    ),
    "an endpoint that listens for HTTPS": Told(
        {"own-https"},
        [
            config(f'{ENDPOINT}https: [port: 443, keyfile: "priv/key.pem", certfile: "priv/cert.pem"]'),
            config(f'{ENDPOINT}https: [port: 8443, keyfile: System.fetch_env!("TLS_KEY")]', "runtime"),
            below("web", config(f"{ENDPOINT}http: [port: 80], https: [port: 4443, cipher_suite: :strong]")),
        ],
        [
            config(f'if System.get_env("TLS_KEY") do\n  {ENDPOINT}https: [port: 443]\nend', "runtime"),
            config(f"{ENDPOINT}https: [port: 4001]", "dev"),
            config(f"# {ENDPOINT}https: [port: 443]\nconfig :shop, a: 1"),
        ],
    ),
    "a listener on a port of root": Told(
        {"port-of-root"},
        [
            {**config("config :shop, Shop.Dns, port: 53"), **LISTENS_TCP},
            {**config('config :shop, whois_port: System.get_env("WHOIS_PORT") || "43"', "runtime"), **LISTENS_TCP},
            {**umbrella(), **config("config :shop, ports: [70]", files=umbrella()), **below("apps/shop", LISTENS_TCP)},
        ],
        [
            {**config("config :shop, Shop.Dns, port: 5353"), **LISTENS_TCP},
            config("config :shop, Shop.Mailer, port: 25"),
        ],
    ),
    "an image of the project's own": Told(
        {"own-base-image"},
        [
            {
                **phoenix(),
                "Dockerfile": "FROM ghcr.io/acme/ops:elixir-1.19 AS build\nRUN mix compile\nFROM debian:trixie\n",
            },
            {
                **phoenix(),
                "Dockerfile": "FROM elixir:1.18 AS build\nFROM registry.acme.io/run:2\nCOPY --from=build /a /a\n",
            },
            below(
                "web", {**phoenix(), "Dockerfile": 'ARG BASE="acme/erlang-gdal:27"\nFROM ${BASE} AS base\nFROM base\n'}
            ),
        ],
        [
            {
                **phoenix(),
                "Dockerfile": "ARG I=hexpm/elixir:1.18.3-a\nFROM ${I} AS build\nFROM docker.io/debian:trixie\n",
            },
            {**phoenix(), "Dockerfile": "FROM elixir:1.18 AS build\nFROM build AS app\nFROM gcr.io/distroless/base\n"},
            {**phoenix(), "Dockerfile": "ARG BASE\nFROM $BASE\n"},
        ],
    ),
    "a build in a Makefile": Told(
        {"builds-elsewhere"},
        [
            {**phoenix(), "Makefile": "release: ## all\n\tcd assets && npm install && \\\n\t\tnpm run graphql\n"},
            {**phoenix(), "compile": "npm --prefix ./frontend ci\nnpm --prefix ./frontend run build\n"},
            {
                **phoenix(),
                **code("defmodule Mix.Tasks.MakeSchema do\n  use Mix.Task\nend\n", "lib/mix/tasks/make_schema.ex"),
                "Makefile": "build:\n\tMIX_ENV=prod mix make_schema\n\tmix compile\n",
            },
        ],
        [
            {
                **phoenix(),
                "Makefile": "test:\n\tnpm run e2e\ndev:\n\tnpm run codegen\nbuild:\n\tmix do deps.get, compile\n",
            },
            {**phoenix(), "compile": 'npm run deploy\ncd $phoenix_dir\nmix "${phoenix_ex}.digest"\n'},
            {
                **phoenix(),
                "Makefile": "build:\n\tnpm run graphql\n",
                "Dockerfile": "FROM elixir:1.18\nRUN make build\n",
            },
        ],
    ),
    "a bucket whose variables are required": Told(
        {"bucket-there"},
        [
            config(BUCKET.format('System.get_env("S3_BUCKET_NAME") || raise("no bucket")'), "runtime", S3),
            config(BUCKET.format('System.get_env("ASSETS_BUCKET") ||\n    raise "none"'), "runtime", S3),
            config(BUCKET.format('System.fetch_env!("S3_BUCKET")'), "runtime", S3),
        ],
        [config(BUCKET.format('System.get_env("S3_BUCKET") || "shop"'), "runtime", S3)],
    ),
    "a folder of uploads": Told(
        {"writes-files"},
        [
            config('config :shop, Shop.Uploaders.Local, uploads: "uploads"'),
            config('config :shop, Shop.Store, uploads: "priv/uploads"', "runtime"),
            config('config :shop, Shop.Files, root: "data"', "config"),
        ],
        [config('config :shop, Shop.Uploaders.Local, uploads: "/tmp/uploads"')],
    ),
    "a token for Fly itself": Told(
        {"variable-at-run-time", "variable-in-code"},
        [
            config('config :flame, FLAME.FlyBackend, token: System.fetch_env!("FLY_API_TOKEN")', "runtime"),
            config('token = System.get_env("FLY_ACCESS_TOKEN") || raise "none"\nconfig :shop, t: token', "runtime"),
            {**phoenix(), **code('defmodule Shop.Fly do\n  def a, do: System.fetch_env!("FLY_API_TOKEN")\nend\n')},
        ],
        [
            config('config :shop, app: System.fetch_env!("FLY_APP_NAME")', "runtime"),
            {**phoenix(), **code('defmodule Shop.Fly do\n  def a, do: System.fetch_env!("FLY_MACHINE_ID")\nend\n')},
        ],
    ),
    "a program by a shell or a port": Told(
        {"program-called"},
        [
            {**phoenix(), **code('defmodule A do\n  def a, do: System.shell("pandoc a.md -o a.pdf")\nend\n')},
            {**phoenix(), **code('defmodule A do\n  def a, do: Port.open({:spawn, "sox -n a.wav"}, [])\nend\n')},
            {**phoenix(), **code('defmodule A do\n  def a, do: :os.cmd(~c"convert a b")\nend\n')},
            {
                **phoenix(),
                **code('defmodule A do\n  def a, do: MuonTrap.cmd(System.find_executable("sox"), [])\nend\n'),
            },
        ],
        [
            {**phoenix(), **code('defmodule A do\n  def a, do: System.shell("ls -l")\nend\n')},
            {
                **phoenix(),
                **code('defmodule A do\n  # System.shell("pandoc a")\n  def a, do: :os.cmd(~c"uname")\nend\n'),
            },
            {**phoenix(), **code("defmodule A do\n  def a(c), do: Port.open({:spawn, c}, [])\nend\n")},
        ],
    ),
}
TOLD.update({kind: Told(*case) for kind, case in (portable.TOLD | taken.TOLD).items()})
