"""Small projects with the shapes that the frameworks' generators write, as {path: text}."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from copier_fly.detect.examine import examine
from copier_fly.detect.project import ProjectWarning

Files = dict[str, str]


def write(root: Path, files: Files) -> Path:
    """Write the files below a folder."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return root


def told(folder: Path) -> tuple[ProjectWarning, ...]:
    """What is told of a project, save that it has no lock file: those of Next.js have none here."""
    return tuple(warning for warning in examine(folder).warnings if warning.code != "no-lock-file")


def below(folder: str, files: Files) -> Files:
    """The same files in a sub-directory."""
    return {f"{folder}/{name}": text for name, text in files.items()}


def camel(name: str) -> str:
    """shop_web → ShopWeb."""
    return "".join(word.capitalize() for word in name.split("_"))


PHOENIX = {
    "1.6": ("~> 1.12", '{:phoenix, "~> 1.6.16"}', "plug_cowboy"),
    "1.7": ("~> 1.14", '{:phoenix, "~> 1.7.14"}', "bandit"),
    "1.8": ("~> 1.15", '{:phoenix, "~> 1.8.1"}', "bandit"),
}


def mix_exs(
    app: str,
    version: str = "1.8",
    *,
    module: str | None = None,
    deps: tuple[str, ...] = (),
    assets: bool = False,
    child: bool = False,
    callback: str | None = "",
) -> str:
    """The mix.exs of an app; `child` gives it the paths of an umbrella's child."""
    module = module or camel(app)
    elixir = PHOENIX[version][0]
    paths = (
        '      build_path: "../../_build",\n      config_path: "../../config/config.exs",\n'
        '      deps_path: "../../deps",\n      lockfile: "../../mix.lock",\n'
    )
    compilers = {
        "1.6": "      compilers: [:gettext] ++ Mix.compilers(),\n",
        "1.7": "",
        "1.8": "      compilers: [:phoenix_live_view] ++ Mix.compilers(),\n",
    }[version]
    start = f"      mod: {{{callback or module + '.Application'}, []}},\n" if callback is not None else ""
    deploy = f',\n      "assets.deploy": ["esbuild {app} --minify", "phx.digest"]' if assets else ""
    listed = ",\n".join(f"      {dep}" for dep in deps)
    return f"""defmodule {module}.MixProject do
  use Mix.Project

  def project do
    [
      app: :{app},
      version: "0.1.0",
{paths if child else ""}      elixir: "{elixir}",
      elixirc_paths: elixirc_paths(Mix.env()),
{compilers}      start_permanent: Mix.env() == :prod,
      aliases: aliases(),
      deps: deps()
    ]
  end

  # What the OTP application needs; `mix help compile.app` tells more.
  def application do
    [
{start}      extra_applications: [:logger, :runtime_tools]
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]

  defp deps do
    [
{listed}
    ]
  end

  defp aliases do
    [
      setup: ["deps.get"]{deploy}
    ]
  end
end
"""


def application_ex(module: str) -> str:
    """The module that an app's `mod:` names."""
    return f"""defmodule {module}.Application do
  use Application

  def start(_type, _args), do: {{:ok, self()}}
end
"""


def repo_ex(module: str, app: str, adapter: str = "Ecto.Adapters.Postgres", more: str = "") -> str:
    """An Ecto repository."""
    return f"defmodule {module} do\n  use Ecto.Repo,\n    otp_app: :{app},\n    adapter: {adapter}{more}\nend\n"


def endpoint_ex(module: str, app: str, version: str = "1.8") -> str:
    """An endpoint as the generator of that version orders it."""
    static = {
        "1.6": "~w(assets robots.txt)",
        "1.7": f"{module}.static_paths()",
        "1.8": f"{module}.static_paths()",
    }
    glue = " " if version == "1.6" else "\n    "
    socket = f'  socket "/live", Phoenix.LiveView.Socket,{glue}websocket: [connect_info: [session: true]]\n'
    return f"""defmodule {module}.Endpoint do
  use Phoenix.Endpoint, otp_app: :{app}

  # The cookie is signed, not encrypted.
  @session_options [
    store: :cookie,
    key: "_{app}_key",
    signing_salt: "c0ffee"
  ]

{socket}
  plug Plug.Static,
    at: "/",
    from: :{app},
    gzip: false,
    only: {static[version]}

  if code_reloading? do
    plug Phoenix.CodeReloader
  end

  plug Plug.RequestId
  plug {module}.Router
end
"""


def config(
    app: str, web: str, module: str, *, version: str = "1.8", ecto: bool = True, umbrella: bool = False
) -> Files:
    """config/*.exs; where PORT is read has changed between the generator's versions."""
    endpoint = f"{module}Web.Endpoint" if not module.endswith("Web") else f"{module}.Endpoint"
    core = module.removesuffix("Web")
    repos = f"config :{app},\n  ecto_repos: [{core}.Repo],\n  generators: []\n" if ecto else ""
    fallback = 'String.to_integer(System.get_env("PORT", "4000"))'
    top = f"config :{web}, {endpoint}, http: [port: {fallback}]\n" if version == "1.8" else ""
    port = '  port = String.to_integer(System.get_env("PORT") || "4000")\n' if version != "1.8" else ""
    return {
        "config/config.exs": f"""import Config

{repos}
config :{web}, {endpoint},
  url: [host: "localhost"],
  pubsub_server: {core}.PubSub

import_config "#{{config_env()}}.exs"
""",
        "config/dev.exs": f"import Config\n\nconfig :{web}, {endpoint}, http: [port: 4001]\n",
        "config/runtime.exs": f"""import Config

{top}
if config_env() == :prod do
{port}
  config :{web}, {endpoint},
    http: [
      # All interfaces; {{0, 0, 0, 0, 0, 0, 0, 1}} would be port: 9999 of this machine only.
      ip: {{0, 0, 0, 0, 0, 0, 0, 0}}{"," if port else ""}
      {"port: port" if port else ""}
    ]
end
""",
    }


def phoenix(
    app: str = "shop",
    version: str = "1.8",
    *,
    module: str | None = None,
    ecto: bool = True,
    assets: bool = True,
    deps: tuple[str, ...] = (),
) -> Files:
    """A single app, as `mix phx.new` writes it."""
    module = module or camel(app)
    every = (PHOENIX[version][1],)
    every += ('{:ecto_sql, "~> 3.10"}', '{:postgrex, ">= 0.0.0"}') if ecto else ()
    every += ('{:esbuild, "~> 0.8", runtime: Mix.env() == :dev}',) if assets else ()
    every += (f'{{:{PHOENIX[version][2]}, "~> 1.5"}}', *deps)
    files = {
        "mix.exs": mix_exs(app, version, module=module, deps=every, assets=assets),
        "mix.lock": "%{\n}\n",
        f"lib/{app}.ex": f"defmodule {module} do\nend\n",
        f"lib/{app}/application.ex": application_ex(module),
        f"lib/{app}_web.ex": f"defmodule {module}Web do\nend\n",
        f"lib/{app}_web/endpoint.ex": endpoint_ex(f"{module}Web", app, version),
        **config(app, app, module, version=version, ecto=ecto),
    }
    if ecto:
        files[f"lib/{app}/repo.ex"] = repo_ex(f"{module}.Repo", app)
    if assets:
        files["assets/js/app.js"] = "import 'phoenix_html'\n"
    return files


def umbrella(name: str = "shop", version: str = "1.8", *, ecto: bool = True) -> Files:
    """An umbrella, as `mix phx.new --umbrella` writes it."""
    module = camel(name)
    core = ('{:ecto_sql, "~> 3.10"}', '{:postgrex, ">= 0.0.0"}') if ecto else ('{:phoenix_pubsub, "~> 2.1"}',)
    web = (PHOENIX[version][1], f"{{:{name}, in_umbrella: true}}", '{:jason, "~> 1.2"}')
    files = {
        "mix.exs": f"""defmodule {module}.Umbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "0.1.0",
      start_permanent: Mix.env() == :prod,
      deps: deps(),
      aliases: aliases()
    ]
  end

  # Dependencies here are for the root only:
  #
  #   {{:mydep, "~> 0.3.0"}}
  #
  defp deps do
    [
      # Formats .heex files from the root
      {{:phoenix_live_view, ">= 0.0.0"}}
    ]
  end

  defp aliases do
    [setup: ["cmd mix setup"]]
  end
end
""",
        "mix.lock": "%{\n}\n",
        f"apps/{name}/mix.exs": mix_exs(name, version, deps=core, child=True),
        f"apps/{name}/lib/{name}/application.ex": application_ex(module),
        f"apps/{name}_web/mix.exs": mix_exs(f"{name}_web", version, deps=web, assets=True, child=True),
        f"apps/{name}_web/lib/{name}_web/application.ex": application_ex(f"{module}Web"),
        f"apps/{name}_web/lib/{name}_web/endpoint.ex": endpoint_ex(f"{module}Web", f"{name}_web", version),
        f"apps/{name}_web/assets/js/app.js": "\n",
        **config(name, f"{name}_web", module, version=version, ecto=ecto),
    }
    if ecto:
        files[f"apps/{name}/lib/{name}/repo.ex"] = repo_ex(f"{module}.Repo", name)
    return files


NEXT = {"14": ("14.2.35", "^18", "mjs"), "15": ("15.5.29", "19.1.0", "ts"), "16": ("16.4.6", "19.3.1", "ts")}


NEXT_CONFIG = """const nextConfig = {
  /* config options here */
};

export default nextConfig;
"""


def package_json(name: str = "web-shop", major: str = "16", **more: Any) -> str:
    """The package.json of create-next-app; `dependencies` are added, every other key set."""
    version, react, _ = NEXT[major]
    package: dict[str, Any] = {
        "name": name,
        "version": "0.1.0",
        "private": True,
        "scripts": {"dev": "next dev", "build": "next build", "start": "next start"},
        "dependencies": {"next": version, "react": react, "react-dom": react},
        "devDependencies": {"typescript": "^5"},
    }
    package["dependencies"] |= more.pop("dependencies", {})
    return json.dumps(package | more, indent=2) + "\n"


def nextjs(name: str = "web-shop", major: str = "16", *, router: str = "app", **more: Any) -> Files:
    """A Next.js app, as create-next-app writes it, without a lock file."""
    page = f"{router}/page.tsx" if router.endswith("app") else f"{router}/index.tsx"
    return {
        "package.json": package_json(name, major, **more),
        f"next.config.{NEXT[major][2]}": NEXT_CONFIG,
        "tsconfig.json": "{}\n",
        page: "export default function Page() {\n  return null\n}\n",
        "public/next.svg": "<svg/>\n",
    }


def package_lock(versions: dict[str, str]) -> str:
    """A package-lock.json; keys are install places such as `node_modules/next`."""
    places = {place: {"version": version, "resolved": "x"} for place, version in versions.items()}
    return json.dumps({"name": "x", "lockfileVersion": 3, "packages": {"": {"name": "x"}, **places}}, indent=2)


def pnpm_lock(importers: dict[str, dict[str, tuple[str, str]]]) -> str:
    """A pnpm-lock.yaml: importer → package → (range, version)."""
    lines = ["lockfileVersion: '9.0'", "", "settings:", "  autoInstallPeers: true", "", "importers:", ""]
    for importer, packages in importers.items():
        lines += [f"  {importer}:", "    dependencies:"]
        for package, (wanted, version) in packages.items():
            quoted = f"'{package}'" if package.startswith("@") else package
            lines += [
                f"      {quoted}:",
                f"        specifier: {wanted}",
                f"        version: {version}(react@19.3.1)",
            ]
        lines += [""]
    return "\n".join([*lines, "packages:", "", "  next@1.0.0:", "    resolution: {integrity: sha512-x}", ""])
