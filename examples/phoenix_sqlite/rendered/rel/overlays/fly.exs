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

# The first repo has its file where DATABASE_PATH says. A further one, such as Shop.AuditRepo, reads
# SHOP_AUDIT_DATABASE_PATH; without it, it keeps the place that the app gives it.
owners = [
  :shop
]

# Shop.Repo comes before Shop.AuditRepo, in whichever order the app lists them.
sorted = &Enum.sort_by(&1, fn repo -> List.last(Module.split(repo)) != "Repo" end)

repos =
  for app <- owners, repo <- sorted.(Application.get_env(app, :ecto_repos, [])), do: {app, repo}

for {{app, repo}, place} <- Enum.with_index(Enum.uniq_by(repos, &elem(&1, 1))) do
  words = Enum.map_join(Module.split(repo), "_", &Macro.underscore/1)
  further = String.upcase(String.replace(words, ~r/_?repo$/, "")) <> "_DATABASE_PATH"

  if path = env.(if place == 0, do: "DATABASE_PATH", else: further) do
    config app, repo, database: String.replace_prefix(path, "file:", "")
  end

  # Backups hold the lock for writes now and then, for which the driver alone waits two seconds.
  if settings.(app)[repo][:busy_timeout] == nil, do: config(app, repo, busy_timeout: 5_000)
end
