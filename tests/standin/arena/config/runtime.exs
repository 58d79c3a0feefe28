import Config

# Read at boot in every environment, in a release as well. As the generator of an umbrella leaves it: neither
# PHX_SERVER nor PHX_HOST is looked at.

config :arena_web, ArenaWeb.Endpoint,
  http: [port: String.to_integer(System.get_env("PORT", "4000"))]

for {app, variable} <- [arena_auth: "AUTH_PORT", arena_realm: "REALM_PORT"],
    port = System.get_env(variable) do
  config app, port: String.to_integer(port)
end

if config_env() == :prod do
  database_url =
    System.get_env("DATABASE_URL") ||
      raise "DATABASE_URL is not set; it has the form ecto://USER:PASSWORD@HOST/DATABASE"

  maybe_ipv6 = if System.get_env("ECTO_IPV6") in ~w(true 1), do: [:inet6], else: []

  config :arena, Arena.Repo,
    # ssl: true,
    url: database_url,
    pool_size: String.to_integer(System.get_env("POOL_SIZE") || "10"),
    socket_options: maybe_ipv6

  secret_key_base =
    System.get_env("SECRET_KEY_BASE") ||
      raise "SECRET_KEY_BASE is not set; `openssl rand -base64 48` prints one"

  config :arena_web, ArenaWeb.Endpoint,
    http: [
      # Every address, IPv6 and IPv4.
      ip: {0, 0, 0, 0, 0, 0, 0, 0}
    ],
    secret_key_base: secret_key_base

  config :arena, :dns_cluster_query, System.get_env("DNS_CLUSTER_QUERY")
end
