# Configuration that is only known where the release runs. Read at boot after config/runtime.exs, on top of it:
# what is not named here stays as the app configures it. Everything comes from the environment, so that one
# image serves every environment (see [env] in fly.toml and `fly secrets list`).
#
# Options that are compiled in (force_ssl, code_reloader, …) cannot be set here: the app would refuse to boot.
import Config

env = fn name -> if (value = System.get_env(name, "")) != "", do: value end

# The app's own settings: config/runtime.exs, read once more, on top of what is compiled in.
runtime = Path.join(env.("RELEASE_ROOT") || "", "releases/#{env.("RELEASE_VSN")}/runtime.exs")
read? = env.("RELEASE_VSN") != nil and File.exists?(runtime)
config = if read?, do: Config.Reader.read!(runtime, env: config_env(), target: :host), else: []
settings = fn app -> Config.Reader.merge([{app, Application.get_all_env(app)}], config)[app] end
{app, endpoint} = {:shop, ShopWeb.Endpoint}
own = settings.(app)[endpoint] || []

config app, endpoint, server: env.("PHX_SERVER") in ["true", "1"]

if port = env.("PORT") do
  # All interfaces, or the proxy in front of the app could not reach it.
  config app, endpoint, http: [ip: {0, 0, 0, 0, 0, 0, 0, 0}, port: String.to_integer(port)]
end

if host = env.("PHX_HOST") do
  # What users see: the proxy answers TLS on the standard port.
  config app, endpoint, url: [host: host, port: 443, scheme: "https"]
end

# LiveView refuses a browser that came by another name than these, what the app allows itself, and Fly's:
# PHX_ORIGINS="www.example.com,example.org" adds names.
fly_host = if name = env.("FLY_APP_NAME"), do: "#{name}.fly.dev"
added = [env.("PHX_HOST"), fly_host | String.split(env.("PHX_ORIGINS") || "", ",", trim: true)]
added = for name <- Enum.uniq(added), name, do: "//#{name}"
own_host = own[:url][:host]

allowed =
  case own[:check_origin] do
    list when is_list(list) -> list
    set when set in [nil, true] and own_host in [nil, "", "localhost", "example.com"] -> []
    set when set in [nil, true] -> ["//#{own_host}"]
    _function_or_none -> nil
  end

if allowed && added != [] do
  config app, endpoint, check_origin: Enum.uniq(allowed ++ added)
end

if secret = env.("SECRET_KEY_BASE") do
  config app, endpoint, secret_key_base: secret
end

# rel/env.sh.eex sets it on Fly.
if query = env.("DNS_CLUSTER_QUERY") do
  config :shop, dns_cluster_query: query
end

# Reading the authorities takes a moment, so only where they are needed.
verify = fn -> [cacerts: :public_key.cacerts_get()] end

# The first repo is DATABASE_URL's. A further one has variables that begin with its name: Shop.AuditRepo reads
# SHOP_AUDIT_DATABASE_URL, and SHOP_AUDIT_POOL_SIZE before POOL_SIZE. Without a URL of its own it keeps the
# configuration that the app gives it, and where that is DATABASE_URL too, it is reached like the first.
owners = [
  :shop
]

# Shop.Repo comes before Shop.AuditRepo, in whichever order the app lists them.
sorted = &Enum.sort_by(&1, fn repo -> List.last(Module.split(repo)) != "Repo" end)

repos =
  for app <- owners, repo <- sorted.(Application.get_env(app, :ecto_repos, [])), do: {app, repo}

for {{app, repo}, place} <- Enum.with_index(Enum.uniq_by(repos, &elem(&1, 1))) do
  words = Enum.map_join(Module.split(repo), "_", &Macro.underscore/1)
  name = String.upcase(String.replace(words, ~r/_?repo$/, ""))
  named = if place == 0, do: "", else: name <> "_"
  own = settings.(app)[repo][:url] || ""
  prefix = if own == env.("DATABASE_URL") and !env.(named <> "DATABASE_URL"), do: "", else: named
  setting = fn name -> env.(named <> name) || env.(name) end

  # bin/migrate asks for the direct connection, where there is one.
  direct = if env.("DATABASE_DIRECT"), do: env.(prefix <> "DIRECT_DATABASE_URL")

  if url = direct || env.(prefix <> "DATABASE_URL") do
    uri = URI.parse(url)
    query = URI.decode_query(uri.query || "")

    # Ecto takes the query for options of its own and would not know sslmode or channel_binding.
    known = Map.take(query, ~w(ssl timeout pool_size idle_interval))
    url = URI.to_string(%{uri | query: if(known != %{}, do: URI.encode_query(known))})

    ssl =
      case setting.("DATABASE_SSL") || query["sslmode"] do
        nil -> []
        off when off in ~w(false 0 disable allow) -> [ssl: false]
        on when on in ~w(true 1 prefer require verify-ca verify-full) -> [ssl: verify.()]
        other -> raise "DATABASE_SSL is #{inspect(other)}; use true or false"
      end

    # Prepared statements belong to one connection, which a pooler in transaction mode changes under them.
    pooled? =
      case if(direct, do: "none", else: setting.("DATABASE_POOLER")) do
        nil -> uri.host =~ ~r/^pgbouncer\.|-pooler\./
        "transaction" -> true
        mode when mode in ["session", "none"] -> false
        other -> raise "DATABASE_POOLER is #{inspect(other)}; use transaction, session or none"
      end

    # A sleeping Neon compute needs a moment to wake: longer than a checkout may wait by default.
    queue =
      if uri.host =~ ~r/\.neon\.tech$/, do: [queue_target: 1_000, queue_interval: 5_000], else: []

    options = [
      url: url,
      # With IPv6 only IPv6 addresses are looked up. Fly's private network has no others, the internet does.
      socket_options: if(setting.("ECTO_IPV6") in ["true", "1"], do: [:inet6], else: []),
      prepare: if(pooled?, do: :unnamed, else: :named),
      # Proxies drop connections that are older than ten minutes when they restart: be quicker than they are.
      max_lifetime: 480_000..540_000
    ]

    pool =
      if size = setting.("POOL_SIZE"), do: [pool_size: String.to_integer(size)], else: []

    config app, repo, options ++ ssl ++ queue ++ pool
  end
end
