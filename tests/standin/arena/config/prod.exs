import Config

config :arena_web, ArenaWeb.Endpoint,
  url: [host: "example.com", port: 80],
  cache_static_manifest: "priv/static/cache_manifest.json"

# Redirects to https and sets the Strict-Transport-Security header. Read while the app is compiled.
config :arena_web, ArenaWeb.Endpoint,
  force_ssl: [
    rewrite_on: [:x_forwarded_proto],
    exclude: [
      # paths: ["/health"],
      hosts: ["localhost", "127.0.0.1"]
    ]
  ]

config :logger, level: :info
