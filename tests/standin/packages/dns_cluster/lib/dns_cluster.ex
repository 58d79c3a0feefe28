defmodule DNSCluster do
  @moduledoc """
  A stand-in for the `dns_cluster` package: asks DNS for the addresses behind `:query` and connects
  to the node of the same base name on each. `query: :ignore` starts nothing.
  """

  use GenServer
  require Logger

  @interval 5_000

  def start_link(opts), do: GenServer.start_link(__MODULE__, Keyword.fetch!(opts, :query))

  @impl true
  def init(:ignore), do: :ignore

  def init(query) when is_binary(query) do
    if Node.alive?(), do: send(self(), :discover), else: Logger.warning("node is not distributed")
    {:ok, query}
  end

  @impl true
  def handle_info(:discover, query) do
    [name, _host] = node() |> to_string() |> String.split("@")
    for ip <- addresses(query), do: Node.connect(:"#{name}@#{ip}")
    Process.send_after(self(), :discover, @interval)
    {:noreply, query}
  end

  defp addresses(query) do
    for type <- [:a, :aaaa], ip <- :inet_res.lookup(to_charlist(query), :in, type), do: :inet.ntoa(ip)
  end
end
