import Config

config :arena, Arena.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "arena_test"

config :arena_audit, ArenaAudit.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "arena_audit_test"

config :arena_web, ArenaWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4002],
  secret_key_base: String.duplicate("only-for-the-tests", 4),
  server: false

config :logger, level: :warning
