defmodule ArenaAudit.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([ArenaAudit.Repo], strategy: :one_for_one, name: ArenaAudit.Supervisor)
  end
end
