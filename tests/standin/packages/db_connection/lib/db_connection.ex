defmodule DBConnection do
  @moduledoc """
  A stand-in for the `db_connection` package: a pool of processes that each keep one connection.

  A client checks a connection out for a query or a transaction. Connections are pinged every
  `:idle_interval` (1 s), replaced after `:max_lifetime` (a range of ms, or nil), and connect again for ever
  when the server is away; a client that gets none within two `:queue_interval`s (2 s each) has an error.
  """

  defmodule ConnectionError do
    @moduledoc "The connection, not the statement, failed."
    defexception [:message, reason: :error]
  end

  @callback connect(keyword) :: {:ok, state :: term} | {:error, Exception.t()}
  @callback query(statement :: iodata, params :: list, keyword, state :: term) ::
              {:ok, result :: term, state :: term}
              | {:error, Exception.t(), state :: term}
              | {:disconnect, Exception.t(), state :: term}
  @callback ping(state :: term) ::
              {:ok, state :: term} | {:disconnect, Exception.t(), state :: term}
  @callback disconnect(state :: term) :: term

  @doc "Starts the pool `opts[:name]` of `opts[:pool_size]` (10) connections of `module`."
  def start_link(module, opts) do
    name = Keyword.fetch!(opts, :name)

    connections =
      for n <- 1..Keyword.get(opts, :pool_size, 10) do
        spec = {DBConnection.Connection, {module, pool(name), opts}}
        Supervisor.child_spec(spec, id: n, shutdown: 1_000)
      end

    children = [{DBConnection.Pool, {pool(name), opts}} | connections]
    Supervisor.start_link(children, strategy: :one_for_one, max_restarts: 1_000, name: name)
  end

  def query(name, statement, params, opts) do
    run(name, fn connection ->
      GenServer.call(connection, {:query, statement, params, opts}, :infinity)
    end)
  end

  @doc "Runs `fun` between BEGIN and COMMIT; a raise or `rollback/1` rolls back."
  def transaction(name, fun, opts) do
    run(name, fn _connection ->
      with {:ok, _} <- query(name, "BEGIN", [], opts) do
        try do
          result = fun.()
          with {:ok, _} <- query(name, "COMMIT", [], opts), do: {:ok, result}
        catch
          :throw, {DBConnection, :rollback, reason} ->
            query(name, "ROLLBACK", [], opts)
            {:error, reason}

          kind, reason ->
            query(name, "ROLLBACK", [], opts)
            :erlang.raise(kind, reason, __STACKTRACE__)
        end
      end
    end)
  end

  def rollback(reason), do: throw({DBConnection, :rollback, reason})

  defp run(name, fun) do
    key = {__MODULE__, name}

    case Process.get(key) do
      nil ->
        with {:ok, connection, ref} <- GenServer.call(pool(name), :checkout, :infinity) do
          Process.put(key, connection)

          try do
            fun.(connection)
          after
            Process.delete(key)
            GenServer.cast(pool(name), {:checkin, ref})
          end
        end

      connection ->
        fun.(connection)
    end
  end

  defp pool(name), do: Module.concat(name, Pool)
end

defmodule DBConnection.Pool do
  @moduledoc false
  use GenServer

  def start_link({name, opts}), do: GenServer.start_link(__MODULE__, opts, name: name)

  @impl true
  def init(opts) do
    {:ok, %{idle: [], busy: %{}, waiting: [], patience: 2 * Keyword.get(opts, :queue_interval, 2_000)}}
  end

  @impl true
  def handle_call(:checkout, from, %{idle: []} = state) do
    Process.send_after(self(), {:drop, from}, state.patience)
    {:noreply, %{state | waiting: state.waiting ++ [from]}}
  end

  def handle_call(:checkout, from, %{idle: [connection | idle]} = state) do
    {:noreply, lend(%{state | idle: idle}, connection, from)}
  end

  @impl true
  def handle_cast({:ready, connection}, %{waiting: []} = state) do
    {:noreply, %{state | idle: [connection | state.idle]}}
  end

  def handle_cast({:ready, connection}, %{waiting: [from | waiting]} = state) do
    {:noreply, lend(%{state | waiting: waiting}, connection, from)}
  end

  def handle_cast({:checkin, ref}, state) do
    Process.demonitor(ref, [:flush])
    {connection, state} = pop_in(state.busy[ref])
    if connection, do: send(connection, :checkin)
    {:noreply, state}
  end

  def handle_cast({:retire, connection}, state) do
    if connection in state.idle, do: send(connection, :reset)
    {:noreply, %{state | idle: List.delete(state.idle, connection)}}
  end

  @impl true
  def handle_info({:drop, from}, state) do
    if from in state.waiting do
      message =
        "connection not available and request was dropped from queue after #{state.patience}ms"

      GenServer.reply(
        from,
        {:error, %DBConnection.ConnectionError{message: message, reason: :queue_timeout}}
      )
    end

    {:noreply, %{state | waiting: List.delete(state.waiting, from)}}
  end

  # A client that died may have left a statement under way: its connection goes, another comes.
  def handle_info({:DOWN, ref, :process, _pid, _reason}, state) do
    {connection, state} = pop_in(state.busy[ref])
    Process.exit(connection, :kill)
    {:noreply, state}
  end

  defp lend(state, connection, {pid, _tag} = from) do
    ref = Process.monitor(pid)
    GenServer.reply(from, {:ok, connection, ref})
    put_in(state.busy[ref], connection)
  end
end

defmodule DBConnection.Connection do
  @moduledoc false
  use GenServer
  require Logger

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg)

  @impl true
  def init({module, pool, opts}) do
    Process.flag(:trap_exit, true)
    :timer.send_interval(Keyword.get(opts, :idle_interval, 1_000), :ping)
    {:ok, %{module: module, pool: pool, opts: opts, db: nil, expires: nil}, {:continue, :connect}}
  end

  @impl true
  def handle_continue(:connect, state), do: {:noreply, connect(state)}

  @impl true
  def handle_call({:query, _statement, _params, _opts}, _from, %{db: nil} = state) do
    {:reply, {:error, %DBConnection.ConnectionError{message: "connection is closed"}}, state}
  end

  def handle_call({:query, statement, params, opts}, _from, state) do
    case state.module.query(statement, params, opts, state.db) do
      {:ok, result, db} -> {:reply, {:ok, result}, %{state | db: db}}
      {:error, error, db} -> {:reply, {:error, error}, %{state | db: db}}
      {:disconnect, error, db} -> {:reply, {:error, error}, lost(%{state | db: db}, error)}
    end
  end

  @impl true
  def handle_info(:connect, state), do: {:noreply, connect(state)}
  def handle_info(:reset, state), do: {:noreply, state |> disconnect() |> connect()}
  def handle_info(:checkin, %{db: nil} = state), do: {:noreply, connect(state)}
  def handle_info(:checkin, state), do: {:noreply, ready(state)}
  def handle_info(:ping, %{db: nil} = state), do: {:noreply, state}

  def handle_info(:ping, state) do
    if state.expires && System.monotonic_time(:millisecond) > state.expires, do: retire(state)

    case state.module.ping(state.db) do
      {:ok, db} -> {:noreply, %{state | db: db}}
      {:disconnect, error, db} -> {:noreply, %{state | db: db} |> lost(error) |> retire()}
    end
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, state), do: disconnect(state)

  defp connect(%{db: nil} = state) do
    case state.module.connect(state.opts) do
      {:ok, db} ->
        ready(%{state | db: db, expires: expires(state.opts[:max_lifetime])})

      {:error, error} ->
        log(state, "failed to connect", error)
        Process.send_after(self(), :connect, Enum.random(1_000..3_000))
        state
    end
  end

  defp connect(state), do: state

  defp expires(nil), do: nil
  defp expires(range), do: System.monotonic_time(:millisecond) + Enum.random(range)

  defp ready(state) do
    GenServer.cast(state.pool, {:ready, self()})
    state
  end

  defp retire(state) do
    GenServer.cast(state.pool, {:retire, self()})
    state
  end

  defp lost(state, error) do
    log(state, "disconnected", error)
    disconnect(state)
  end

  defp disconnect(%{db: nil} = state), do: state

  defp disconnect(state) do
    state.module.disconnect(state.db)
    %{state | db: nil}
  end

  defp log(state, what, error) do
    Logger.error(
      "#{inspect(state.module)} (#{inspect(self())}) #{what}: " <>
        Exception.format_banner(:error, error)
    )
  end
end
