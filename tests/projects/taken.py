"""What an Elixir project takes from the machine of its developer, or from the platform it was on, and Fly lacks.

Each kind has the codes that tell of it, at least three inputs, and projects that do it right.
"""

from __future__ import annotations

import json
import re

from tests.detection.projects import Files, below, phoenix, umbrella
from tests.detection.test_survey_elixir import code, config, dep

MIX = phoenix()["mix.exs"]
ENDPOINT = phoenix()["lib/shop_web/endpoint.ex"]
LOCAL = "config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Local"
NOTIFIER = code(
    "defmodule Shop.UserNotifier do\n  def a(m), do: with({:ok, _} <- Shop.Mailer.deliver(m), do: :ok)\nend\n",
    "lib/shop/user_notifier.ex",
)
BAMBOO = code("defmodule Shop.Mails do\n  def a(mail), do: Shop.Mailer.deliver_later(mail)\nend\n", "lib/shop/mails.ex")
MAILS = {**phoenix(), **NOTIFIER}
LOCKED = '%{\n  "guardian": {:hex, :guardian, "0.13.0", "abc", [:mix], [{:jose, "~> 1.8", [optional: false]}]},\n}\n'


def applications(listed: str, files: Files | None = None) -> Files:
    """A project that lists its applications, with guardian among its dependencies and a lock file."""
    files = {**(files or dep('{:guardian, "~> 0.13"}')), "mix.lock": LOCKED}
    return {**files, "mix.exs": files["mix.exs"].replace("extra_applications: [:logger, :runtime_tools]", listed)}


def migration(line: str) -> Files:
    """A project with a migration that runs this."""
    text = f"defmodule Shop.Repo.Migrations.A do\n  use Ecto.Migration\n  def change, do: execute({line!r})\nend\n"
    return {**phoenix(), "priv/repo/migrations/20260101000000_a.exs": text.replace("'", '"')}


def socket(origins: str) -> Files:
    """A project whose socket has these origins."""
    assert "websocket: [connect_info" in ENDPOINT
    changed = ENDPOINT.replace("websocket: [connect_info", f"websocket: [check_origin: {origins}, connect_info")
    return {**phoenix(), "lib/shop_web/endpoint.ex": changed}


def region(code: str) -> Files:
    """A project that was on Fly, in this region."""
    return {**phoenix(), "fly.toml": f"app = 'shop'\nprimary_region = '{code}'\n"}


PLUG = "defmodule ShopWeb.HealthPlug do\n  def init(o), do: o\n  def call(c, _), do: c\nend\n"
OURS = PLUG.replace("def init", '@moduledoc """\n  Answers `/livez` and `/readyz`, before all.\n  """\n  def init', 1)
READ = 'key = case System.get_env("STRIPE_KEY") do\n  nil -> raise "none"\n  key -> key\nend\nconfig :shop, key: key'

PEM = {"priv/keys/a.pem": "x"}
BY_SETTING = "config :shop, Shop.Repo, ssl: [cacertfile: {}]"
SIGNING = (
    '%{{\n  "phoenix": {{:hex, :phoenix, "1.5.8", "abc", [:mix], '
    '[{{:plug_crypto, "~> 1.1", [hex: :plug_crypto, repo: "hexpm", optional: false]}}], "hexpm", "def"}},\n'
    '  "plug_crypto": {{:hex, :plug_crypto, "{}", "abc", [:mix], [], "hexpm", "def"}},\n}}\n'
)
NPM = '"cmd --cd assets npm run deploy"'
JASON = dep('{:jason, "~> 1.2"}')
LOCK_OF_OLD_NPM = """{"packages": {"": {"devDependencies": {"esbuild": "^0.25.0"}},
"node_modules/esbuild": {"version": "0.25.0", "optionalDependencies": {"a": "1"}}%s}}"""
LOCK_1 = '{{\n  "dependencies": {{\n    "webpack": {{\n      "version": "{}",\n      "dev": true\n    }}\n  }}\n}}\n'
YARN = 'tapable@^1.0.0:\n  version "1.1.3"\n\nwebpack@^5.0.0:\n  version "{}"\n'
SASS = '{"devDependencies": {"node-sass": "^7.0.0"}}'
CUT = "use Phoenix.Endpoint, otp_app: :shop"


def reading(line: str, attribute: str = "", files: Files | None = None) -> Files:
    """A project with a key, and a function that runs this line."""
    module = f"defmodule Shop.Keys do\n  {attribute}\n\n  def key(conn \\\\ nil) do\n    {line}\n  end\nend\n"
    return {**(files or phoenix()), **PEM, **code(module, "lib/shop/keys.ex")}


def serving(place: str) -> Files:
    """A project whose endpoint serves files from there."""
    plug = f'{CUT}\n\n  plug Plug.Static, at: "/k", from: {place}'
    return {**phoenix(), **PEM, "lib/shop_web/endpoint.ex": ENDPOINT.replace(CUT, plug)}


def assets(packages: dict[str, str], files: Files | None = None, **more: str) -> Files:
    """A project whose assets are built by a script of npm, with these packages."""
    scripts = {"deploy": more.pop("script", "webpack --mode production")}
    text = json.dumps({"scripts": scripts, "devDependencies": packages}, indent=2)
    changed = {**(files or phoenix()), "assets/package.json": text, **more}
    return {**changed, "mix.exs": changed["mix.exs"].replace('"tailwind shop --minify", "esbuild shop --minify"', NPM)}


def hex_lock(version: str, needs: str, files: Files) -> Files:
    """A project whose lock file has this ssl_verify_fun, which the package `needs` brings."""
    line = '{{:hex, :{}, "{}", "abc", [:mix], [{}], "hexpm", "def"}}'
    brings = '{:ssl_verify_fun, "~> 1.1", [hex: :ssl_verify_fun, repo: "hexpm", optional: false]}'
    lock = {needs: line.format(needs, "1.18.1", brings), "ssl_verify_fun": line.format("ssl_verify_fun", version, "")}
    return {**files, "mix.lock": "%{{\n{}}}\n".format("".join(f'  "{a}": {b},\n' for a, b in lock.items()))}


def mix_lock(files: Files, **other: str | None) -> Files:
    """A project with each dependency of mix.exs locked in the least version that fits, but for these."""
    wanted = dict(re.findall(r'\{:(\w+), "[^\d"]*([\d.]+)', files["mix.exs"]))
    versions = {name: ".".join([*version.split("."), "0", "0"][:3]) for name, version in wanted.items()}
    line = '  "{0}": {{:hex, :{0}, "{1}", "abc", [:mix], [], "hexpm", "def"}},\n'
    lines = [line.format(name, version) for name, version in (versions | other).items() if version]
    return {**files, "mix.lock": "%{\n" + "".join(lines) + "}\n"}


def called(old: str, new: str, files: Files | None = None) -> Files:
    """A project whose mix.exs calls a function in another way."""
    files = files or phoenix()
    assert old in files["mix.exs"]
    return {**files, "mix.exs": files["mix.exs"].replace(old, new)}


TOLD: dict[str, tuple[set[str], list[Files], list[Files]]] = {
    "mails that stay in memory": (
        {"mails-unsent"},
        [
            config(LOCAL, "config", MAILS),
            config("config :shop, Shop.Mailer, adapter: Bamboo.LocalAdapter", "prod", {**phoenix(), **BAMBOO}),
            config("config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Logger, level: :debug", "runtime", MAILS),
        ],
        [
            config(LOCAL, "config"),
            config(LOCAL, "dev", MAILS),
            config(
                "config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Mailgun", "runtime", config(LOCAL, "config", MAILS)
            ),
            config(
                "config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Postmark", "prod", config(LOCAL, "config", MAILS)
            ),
            config(f'{LOCAL}\nimport_config "prod.secret.exs"', "config", MAILS),
        ],
    ),
    "mails by sendmail": (
        {"mails-by-sendmail"},
        [
            config("config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Sendmail", "prod", MAILS),
            config('config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Sendmail, cmd_path: "/x"', "runtime", MAILS),
            config("config :shop, Shop.Mailer, adapter: Bamboo.SendmailAdapter", "config", {**phoenix(), **BAMBOO}),
            config('config :shop, Shop.Mailer, adapter: Swoosh.Adapters.SMTP, relay: "localhost"', "prod", MAILS),
            config('config :shop, Shop.Mailer, adapter: Bamboo.SMTPAdapter, server: "127.0.0.1"', "runtime", MAILS),
        ],
        [config('config :shop, Shop.Mailer, adapter: Swoosh.Adapters.SMTP, relay: "mail.example.com"', "prod", MAILS)],
    ),
    "a program that Debian lacks": (
        {"program-unpackaged"},
        [
            dep('{:pdf_generator, "~> 0.6"}'),
            dep('{:puppeteer_pdf, "~> 1.0"}'),
            dep('{:pdf_generator, ">= 0.0.0"}', umbrella()),
        ],
        [dep('{:chromic_pdf, "~> 1.17"}'), dep('{:pdf_generator, "~> 0.6", only: :dev}')],
    ),
    "a driver of tests in production": (
        {"driver-of-tests"},
        [
            dep('{:wallaby, "~> 0.30"}'),
            dep('{:wallaby, "~> 0.30", runtime: true}', umbrella()),
            dep('{:wallaby, github: "elixir-wallaby/wallaby"}'),
        ],
        [dep('{:wallaby, "~> 0.30", only: :test}'), dep('{:wallaby, "~> 0.30", only: [:dev, :test], runtime: false}')],
    ),
    "a package that needs SHELL": (
        {"shell-unset"},
        [
            dep('{:erlexec, "~> 2.0"}'),
            dep('{:exexec, "~> 0.2"}'),
            dep('{:erlexec, "~> 2.2"}', umbrella()),
        ],
        [
            dep('{:erlexec, "~> 2.0", only: :dev}'),
            {**dep('{:erlexec, "~> 2.0"}'), "fly.toml": 'app = "shop"\n[env]\nSHELL = "/bin/sh"\n'},
        ],
    ),
    "files beside the place where the app starts": (
        {"writes-files"},
        [
            {**phoenix(), **code('defmodule A do\n  def a(d), do: File.write!("export.csv", d)\nend\n')},
            {**phoenix(), **code('defmodule A do\n  def a do\n    File.mkdir_p("exports/today")\n  end\nend\n')},
            {**phoenix(), **code('defmodule A do\n  def a(n), do: File.touch!("locks/#{n}")\nend\n')},
        ],
        [
            {**phoenix(), **code('defmodule A do\n  def a(d), do: File.write!("/tmp/export.csv", d)\nend\n')},
            {**phoenix(), **code('defmodule A do\n  def a(p, d), do: File.write!("#{p}/export.csv", d)\nend\n')},
            {**phoenix(), **code('defmodule A do\n  # File.write!("a.csv", d)\n  def a, do: 1\nend\n')},
        ],
    ),
    "a Python that is fetched when the app runs": (
        {"python-at-run-time"},
        [
            dep('{:pythonx, "~> 0.4"}'),
            dep('{:pythonx, "~> 0.4.2"}', umbrella()),
            below("back", dep('{:pythonx, "~> 0.3"}')),
        ],
        [config('config :pythonx, :uv_init, pyproject_toml: "a"', "config", dep('{:pythonx, "~> 0.4"}'))],
    ),
    "programs by ports, transformations and the configuration": (
        {"program-called"},
        [
            {**phoenix(), **code('defmodule A do\n  def a, do: Exile.stream!(["ffmpeg", "-i", "-"])\nend\n')},
            {**phoenix(), **code("defmodule A do\n  def a, do: ExCmd.stream!(~w(pandoc -f md))\nend\n")},
            {
                **phoenix(),
                **code(
                    'defmodule A do\n  use Waffle.Definition\n  def transform(:t, _), do: {:convert, "-strip"}\nend\n'
                ),
            },
            config('config :shop, yt_dlp: System.find_executable("yt-dlp")', "config"),
        ],
        [
            {**phoenix(), **code('defmodule A do\n  def a, do: Exile.stream!(["cat"])\nend\n')},
            {**phoenix(), **code("defmodule A do\n  def a(unit), do: {:convert, unit}\nend\n")},
            {
                **dep('{:mogrify, "~> 0.9"}'),
                **code(
                    'defmodule A do\n  use Waffle.Definition\n  def transform(:t, _), do: {:convert, "-strip"}\nend\n'
                ),
            },
            config('config :shop, yt_dlp: System.find_executable("yt-dlp")', "dev"),
        ],
    ),
    "a node that has two names": (
        {"node-named-twice"},
        [
            {**phoenix(), "rel/vm.args.eex": "-name shop@127.0.0.1\n+sbwt none\n"},
            {**phoenix(), "rel/vm.args.eex": "## Own\n-sname shop\n"},
            below("back", {**phoenix(), "rel/vm.args.eex": "  -name   <%= @release.name %>@localhost\n"}),
        ],
        [
            {**phoenix(), "rel/vm.args.eex": "+sbwt none\n## -name shop\n"},
            {**phoenix(), "rel/vm.args.eex": "-named_table yes\n"},
        ],
    ),
    "a socket with origins of its own": (
        {"origins-of-socket"},
        [
            socket('["https://shop.example.com"]'),
            socket('["//shop.example.com", "//localhost"]'),
            socket('[\n    "//shop.herokuapp.com"\n  ]'),
        ],
        [
            socket("false"),
            socket(":conn"),
            socket('["//*.fly.dev", "//shop.example.com"]'),
            socket("[System.get_env()]"),
        ],
    ),
    "applications that are listed": (
        {"applications-listed"},
        [
            applications("applications: [:phoenix, :logger]"),
            applications("applications: [\n        :phoenix,\n        :logger\n      ]"),
            below("back", applications("applications: [:logger]")),
        ],
        [
            applications("extra_applications: [:logger]"),
            applications("applications: [:guardian, :phoenix, :bandit, :postgrex, :phoenix_ecto, :ecto_sql, :logger]"),
            {
                **phoenix(),
                "mix.lock": LOCKED,
                "mix.exs": MIX.replace(
                    "deps: deps()", "deps: deps(),\n      releases: [a: [applications: [shop: :permanent]]]"
                ),
            },
        ],
    ),
    "a region that is not on offer": (
        {"region-gone", "region-unknown"},
        [region("mad"), region("bog"), region("xyz")],
        [region("fra"), region("iad"), phoenix()],
    ),
    "a health plug of the app's own": (
        {"health-plug-replaced"},
        [
            {**phoenix(), "lib/shop_web/health_plug.ex": PLUG},
            {**umbrella(), "apps/shop_web/lib/shop_web/health_plug.ex": PLUG},
            below("back", {**phoenix(), "lib/shop_web/health_plug.ex": PLUG}),
        ],
        [
            {**phoenix(), "lib/shop_web/health_plug.ex": OURS},
            {**phoenix(), "lib/shop_web/health_plug.ex": PLUG.replace("HealthPlug", "Plugs.Health")},
        ],
    ),
    "packages of another platform": (
        {"own-image-packages"},
        [
            {**phoenix(), "Aptfile": "# for avatars\nimagemagick\n"},
            {**phoenix(), "nixpacks.toml": '[phases.setup]\naptPkgs = ["...", "ffmpeg"]\n'},
            {**phoenix(), "apt-packages": "ghostscript\n"},
            below("back", {**phoenix(), "Aptfile": "pandoc\n"}),
        ],
        [
            {**phoenix(), "Aptfile": "# nothing\n:repo:deb http://deb.example.com stable main\n"},
            {**phoenix(), "nixpacks.toml": '[phases.setup]\nnixPkgs = ["...", "erlang"]\n'},
            {**phoenix(), "Aptfile": "build-essential\ncurl\n"},
        ],
    ),
    "a build by another platform": (
        {"builds-elsewhere"},
        [
            {**phoenix(), "build.sh": "#!/usr/bin/env bash\nmix deps.get\nnpm run --prefix ./frontend build\n"},
            {**phoenix(), "elixir_buildpack.config": 'elixir_version=1.18\nhook_post_compile="npm run graphql"\n'},
            {
                **phoenix(),
                "render.yaml": "services:\n  - type: web\n    buildCommand: npm run codegen && mix release\n",
            },
        ],
        [
            {
                **phoenix(),
                "build.sh": "MIX_ENV=prod mix compile\nnpm run deploy --prefix ./assets\nmix phx.digest\n",
            },
            {**phoenix(), "elixir_buildpack.config": 'hook_post_compile="eval mix phx.digest"\n'},
            {**phoenix(), "render.yaml": "services:\n  - type: web\n    buildCommand: ./build.sh\n"},
        ],
    ),
    "a variable without which the build stops, by case": (
        {"variable-at-build"},
        [
            config(READ),
            config(READ, "config"),
            config('unless System.get_env("STRIPE_KEY") do\n  raise "STRIPE_KEY is missing"\nend'),
        ],
        [config(READ.replace('raise "none"', '"none"')), config(READ, "dev"), config(READ, "runtime")],
    ),
    "a variable without which the app does not boot, by case": (
        {"variable-at-run-time"},
        [
            config(READ, "runtime"),
            config(READ, "releases"),
            config(f"if config_env() == :prod do\n{READ}\nend", "runtime"),
        ],
        [config(READ.replace('raise "none"', '"none"'), "runtime")],
    ),
    "an extension in small letters": (
        {"extension-missing"},
        [
            migration("create extension if not exists pg_surgery"),
            migration("CREATE EXTENSION pg_surgery"),
            migration("CREATE EXTENSION IF NOT EXIST pg_surgery"),
        ],
        [
            migration("create extension if not exists citext"),
            migration("CREATE EXTENSION IF NOT EXIST citext"),
            migration("create extension if"),
        ],
    ),
    "a path from the folder of the source": (
        {"code-reads-files"},
        [
            reading('File.read!(Path.join(__DIR__, "../../priv/keys/a.pem"))'),
            reading('Path.join([File.cwd!(), "priv", "keys", "a.pem"]) |> File.read!()'),
            reading('File.cwd!()\n    |> Path.join("priv/keys/a.pem")\n    |> YamlElixir.read_from_file()'),
            reading('File.read!(Path.expand("../../priv/keys/a.pem", __DIR__))'),
            reading('JSON.decode(__DIR__ <> "/../../priv/keys/a.pem")'),
            below("back", reading('File.stream!(Path.join("priv", "keys/a.pem"))')),
            reading('File.read!(Path.expand("./priv/keys/a.pem"))'),
        ],
        [
            reading('File.read!(Application.app_dir(:shop, Path.join("priv", "keys/a.pem")))'),
            reading('Path.join(:code.priv_dir(:shop), "keys/a.pem")'),
            reading("@key", '@key File.read!(Path.join(__DIR__, "../../priv/keys/a.pem"))'),
            reading('Path.join(__DIR__, "none.pem")'),
            reading('# Path.join(__DIR__, "../../priv/keys/a.pem")\n    conn'),
        ],
    ),
    "a path in an attribute": (
        {"code-reads-files"},
        [
            reading("File.read!(@path)", '@path "priv/keys/a.pem"'),
            reading("@path |> File.read!()", '@path Path.join(__DIR__, "../../priv/keys/a.pem")'),
            reading("@path\n    |> File.stream!()", '@path Path.expand("priv/keys/a.pem")'),
        ],
        [
            reading("@key", '@path "priv/keys/a.pem"\n  @external_resource @path\n  @key File.read!(@path)'),
            reading("Application.app_dir(:shop, @path)", '@path "priv/keys/a.pem"'),
            reading("File.read!(@path)", '@path "/tmp/a.pem"'),
        ],
    ),
    "a file of the source that is sent": (
        {"code-reads-files"},
        [
            reading('send_file(conn, 200, "priv/keys/a.pem")'),
            reading('conn |> send_download({:file, "priv/keys/a.pem"})'),
            reading('EEx.eval_file("priv/keys/a.pem", a: 1)'),
            serving('"priv/keys"'),
            serving('Path.expand("./priv/keys")'),
        ],
        [
            serving(":shop"),
            serving('{:shop, "priv/keys"}'),
            serving('"/data/keys"'),
            reading('send_file(conn, 200, Application.app_dir(:shop, "priv/keys/a.pem"))'),
        ],
    ),
    "a file of the source in the configuration": (
        {"file-in-config"},
        [
            {**config(BY_SETTING.format('"priv/keys/a.pem"')), **PEM},
            {**config(BY_SETTING.format('Path.expand("../priv/keys/a.pem", __DIR__)'), "runtime"), **PEM},
            {**config('config :shop, Shop.APNS, key: "./priv/keys/a.pem", mode: :prod', "config"), **PEM},
        ],
        [
            {**config(BY_SETTING.format('Application.app_dir(:shop, "priv/keys/a.pem")'), "runtime"), **PEM},
            {**config(BY_SETTING.format('Path.join(:code.priv_dir(:shop), "priv/keys/a.pem")'), "runtime"), **PEM},
            {**config('config :shop, key: File.read!("priv/keys/a.pem")', "config"), **PEM},
            {**config(BY_SETTING.format('"priv/keys/a.pem"'), "dev"), **PEM},
            config(BY_SETTING.format('"priv/keys/none.pem"')),
        ],
    ),
    "a webpack that OpenSSL 3 stops": (
        {"webpack-too-old"},
        [
            assets({"webpack": "4.41.5"}),
            assets({"webpack": "^4.4.0"}, **{"assets/package-lock.json": LOCK_1.format("4.46.0")}),
            assets({"webpack": "^5.0.0"}, **{"assets/yarn.lock": YARN.format("5.60.0")}),
            below(
                "back", assets({"webpack": "^4.47.0"}, **{"assets/pnpm-lock.yaml": "packages:\n\n  webpack@4.46.0:\n"})
            ),
        ],
        [
            assets({"webpack": "^4.4.0"}, **{"assets/package-lock.json": LOCK_1.format("4.47.0")}),
            assets({"webpack": "^5.0.0"}, **{"assets/yarn.lock": YARN.format("5.99.1")}),
            assets({"webpack": "4.41.5"}, script="NODE_OPTIONS=--openssl-legacy-provider webpack"),
            assets({"webpack": "4.41.5"}, **{"assets/webpack.config.js": 'output: {hashFunction: "sha256"}'}),
            assets({"esbuild": "^0.25.0"}),
        ],
    ),
    "a mix.lock that is behind": (
        {"lock-behind"},
        [
            mix_lock(JASON, jason=None),
            mix_lock(JASON, jason="1.1.0"),
            mix_lock(dep('{:oban, "~> 2.17", repo: "oban"}'), oban="3.0.0"),
            below("back", mix_lock(JASON, jason="2.0.0")),
        ],
        [
            mix_lock(JASON),
            mix_lock(JASON, jason="1.4.4", left_over="0.1.0"),
            mix_lock(dep('{:credo, "~> 1.7", only: [:dev, :test]}'), credo=None),
            mix_lock(dep('{:own, "~> 1.0", path: "../own"}'), own=None),
            mix_lock(dep('{:tool, ">= 1.0.0 and < 2.0.0 or ~> 3.1"}'), tool="3.4.0-rc.1"),
        ],
    ),
    "assets whose lock file is behind": (
        {"lock-behind"},
        [
            assets({"esbuild": "^0.25.0"}, **{"assets/package-lock.json": LOCK_1.format("5.99.1")}),
            assets({"webpack": "^6.0.0"}, **{"assets/yarn.lock": YARN.format("5.99.1")}),
            below("back", assets({"webpack": "^6.0.0"}, **{"assets/package-lock.json": LOCK_1.format("5.99.1")})),
        ],
        [assets({"webpack": "^5.0.0"}, **{"assets/package-lock.json": LOCK_1.format("5.99.1")})],
    ),
    "assets whose lock file lacks optional packages": (
        {"lock-incomplete"},
        [
            assets({"esbuild": "^0.25.0"}, **{"assets/package-lock.json": LOCK_OF_OLD_NPM % ""}),
            below("back", assets({"esbuild": "^0.25.0"}, **{"assets/package-lock.json": LOCK_OF_OLD_NPM % ""})),
            assets({"esbuild": "^0.25.0"}, **{"assets/package-lock.json": LOCK_OF_OLD_NPM % ', "node_modules/b": {}'}),
        ],
        [assets({"esbuild": "^0.25.0"}, **{"assets/package-lock.json": LOCK_OF_OLD_NPM % ', "node_modules/a": {}'})],
    ),
    "assets by a package of an old Node.js": (
        {"package-of-old-node"},
        [
            assets({"node-sass": "^4.13.1"}),
            assets({"node-sass": "9.0.0"}, umbrella(), **{"apps/shop_web/assets/package.json": SASS}),
            below("back", assets({"fibers": "~5.0"})),
        ],
        [assets({"sass": "^1.80.0"})],
    ),
    "a locked package that no Elixir on offer compiles": (
        {"package-too-old"},
        [
            hex_lock("1.1.6", "hackney", dep('{:hackney, "~> 1.18"}')),
            hex_lock("1.1.4", "hackney", dep('{:hackney, "~> 1.9"}', umbrella())),
            below("back", hex_lock("1.1.0", "tesla", dep('{:tesla, "~> 1.4"}'))),
            {**phoenix(), "mix.lock": SIGNING.format("1.1.2")},
        ],
        [
            hex_lock("1.1.7", "hackney", dep('{:hackney, "~> 1.18"}')),
            hex_lock("1.1.6", "excoveralls", dep('{:excoveralls, "~> 0.14", only: :test}')),
            hex_lock("1.1.6", "hackney", phoenix()),
            {**phoenix(), "mix.lock": SIGNING.format("1.2.1")},
        ],
    ),
    "functions that mix.exs calls like variables": (
        {"call-without-parentheses"},
        [
            called("deps: deps()", "deps: deps"),
            called("aliases: aliases(),", "aliases: aliases,"),
            below("back", called("deps: deps()\n    ]", "deps: deps]")),
        ],
        [
            phoenix(),
            called("def project do\n", "def project do\n    # deps: deps\n"),
            called("def project do\n    [", 'def project do\n    version = "1.0"\n\n    [\n      version: version,'),
        ],
    ),
}
