defmodule Arena.LineServer do
  @moduledoc """
  Answers each line that comes over TCP: `work MS` after so many milliseconds, anything else at once.

  When it is stopped it takes no new connections, and an exchange that is under way is answered first.
  """

  use Supervisor

  @exchange 30_000

  def start_link(options), do: Supervisor.start_link(__MODULE__, options, name: options[:name])

  @impl true
  def init(options) do
    port = Keyword.fetch!(options, :port)
    connections = Module.concat(options[:name], Connections)

    children = [
      {Task.Supervisor, name: connections},
      # The last to start is the first to stop: the door is shut before the rooms are cleared.
      Supervisor.child_spec({Task, fn -> listen(port, connections) end},
        id: :listener,
        restart: :permanent
      )
    ]

    Supervisor.init(children, strategy: :rest_for_one)
  end

  defp listen(port, connections) do
    options = [:binary, packet: :line, active: false, reuseaddr: true]
    {:ok, door} = :gen_tcp.listen(port, options)
    accept(door, connections)
  end

  defp accept(door, connections) do
    {:ok, socket} = :gen_tcp.accept(door)

    {:ok, pid} =
      Task.Supervisor.start_child(connections, fn -> serve(socket) end, shutdown: @exchange)

    :gen_tcp.controlling_process(socket, pid)
    send(pid, :yours)
    accept(door, connections)
  end

  defp serve(socket) do
    # A stop becomes a message, which is only looked at between two lines.
    Process.flag(:trap_exit, true)

    receive do
      :yours -> next(socket)
    end
  end

  defp next(socket) do
    :inet.setopts(socket, active: :once)

    receive do
      {:tcp, ^socket, line} ->
        :gen_tcp.send(socket, answer(line))
        next(socket)

      {:EXIT, _, :shutdown} ->
        :gen_tcp.close(socket)

      {:tcp_closed, ^socket} ->
        :ok
    end
  end

  defp answer("work " <> ms) do
    ms |> String.trim() |> String.to_integer() |> Process.sleep()
    "done\n"
  end

  defp answer(line), do: line
end
