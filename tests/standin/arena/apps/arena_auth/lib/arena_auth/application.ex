defmodule ArenaAuth.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    port = Application.fetch_env!(:arena_auth, :port)
    children = [{Arena.LineServer, name: ArenaAuth.Lines, port: port}]

    Supervisor.start_link(children, strategy: :one_for_one, name: ArenaAuth.Supervisor)
  end
end
