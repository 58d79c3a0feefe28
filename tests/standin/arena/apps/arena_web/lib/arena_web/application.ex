defmodule ArenaWeb.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([ArenaWeb.Endpoint], strategy: :one_for_one, name: ArenaWeb.Supervisor)
  end
end
