defmodule ArenaWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :arena_web

  plug Plug.Static,
    at: "/",
    from: :arena_web,
    gzip: not code_reloading?,
    only: ArenaWeb.static_paths()

  plug Plug.RequestId
  plug Plug.Telemetry, event_prefix: [:phoenix, :endpoint]

  plug Plug.Parsers,
    parsers: [:urlencoded, :json],
    pass: ["*/*"],
    json_decoder: Phoenix.json_library()

  plug Plug.Head
  plug ArenaWeb.Router
end
