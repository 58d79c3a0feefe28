import Config

config :arena, Arena.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "arena_dev"

config :arena_audit, ArenaAudit.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "arena_audit_dev"

config :arena_web, ArenaWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}],
  check_origin: false,
  secret_key_base: String.duplicate("only-for-development", 4)
