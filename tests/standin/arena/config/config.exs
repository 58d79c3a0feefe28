# Settings of every child app; the file of the environment is imported last.
import Config

config :arena, ecto_repos: [Arena.Repo]

config :arena_audit, ecto_repos: [ArenaAudit.Repo]

config :arena_auth, port: 6600

config :arena_realm, port: 23_115

config :arena_web,
  ecto_repos: [Arena.Repo],
  generators: [context_app: :arena]

config :arena_web, ArenaWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter

config :esbuild,
  version: "0.25.4",
  arena_web: [
    args: ~w(js/app.js css/app.css --bundle --target=es2022 --outdir=../priv/static/assets),
    cd: Path.expand("../apps/arena_web/assets", __DIR__)
  ]

config :logger, :default_formatter,
  format: "$time $metadata[$level] $message\n",
  metadata: [:request_id]

config :phoenix, :json_library, Jason

import_config "#{config_env()}.exs"
