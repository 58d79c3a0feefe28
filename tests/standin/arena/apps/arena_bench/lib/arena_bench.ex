defmodule ArenaBench do
  @moduledoc """
  Load for the servers, from a developer's machine.
  """

  def run(port) do
    {:ok, socket} = :gen_tcp.connect(~c"localhost", port, packet: :line, active: false)
    :ok = :gen_tcp.send(socket, "#{Arena.name()}\n")
    :gen_tcp.recv(socket, 0)
  end
end
