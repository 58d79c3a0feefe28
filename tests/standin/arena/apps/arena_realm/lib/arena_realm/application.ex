defmodule ArenaRealm.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    port = Application.fetch_env!(:arena_realm, :port)
    children = [{Arena.LineServer, name: ArenaRealm.Lines, port: port}]

    Supervisor.start_link(children, strategy: :one_for_one, name: ArenaRealm.Supervisor)
  end
end
