defmodule Arena.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    children = [
      Arena.Repo,
      {DNSCluster, query: Application.get_env(:arena, :dns_cluster_query) || :ignore}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Arena.Supervisor)
  end
end
