defmodule Bandit do
  @moduledoc """
  A stand-in for the `bandit` package: an HTTP/1.1 server on `:gen_tcp`.

  The connections stand before the listener in the supervisor, so a shutdown first closes the port
  and then gives the requests in flight `:shutdown_timeout` (15 s) to end.
  """

  use Supervisor

  def start_link(opts), do: Supervisor.start_link(__MODULE__, opts)

  @impl true
  def init(opts) do
    connections = Module.concat(opts[:plug], Connections)

    Supervisor.init(
      [
        {Task.Supervisor, name: connections},
        {Bandit.Listener, Keyword.put(opts, :connections, connections)}
      ],
      strategy: :rest_for_one
    )
  end
end

defmodule Bandit.Listener do
  @moduledoc false

  use GenServer
  require Logger

  @acceptors 10

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @impl true
  def init(opts) do
    Process.flag(:trap_exit, true)
    ip = Keyword.get(opts, :ip, {0, 0, 0, 0})
    port = opts |> Keyword.get(:port, 4000) |> to_string() |> String.to_integer()
    family = if tuple_size(ip) == 8, do: :inet6, else: :inet

    tcp = [
      :binary,
      family,
      ip: ip,
      packet: :http_bin,
      active: false,
      reuseaddr: true,
      nodelay: true,
      backlog: 1024
    ]

    case :gen_tcp.listen(port, tcp) do
      {:ok, socket} ->
        version = Application.spec(:bandit, :vsn)
        {:ok, port} = :inet.port(socket)
        at = "#{:inet.ntoa(ip)}:#{port} (#{opts[:scheme]})"
        Logger.info("Running #{inspect(opts[:plug])} with Bandit #{version} at #{at}")
        for _ <- 1..@acceptors, do: spawn_link(fn -> accept(socket, opts) end)
        {:ok, socket}

      {:error, reason} ->
        {:stop, reason}
    end
  end

  @impl true
  def handle_info({:EXIT, _acceptor, reason}, socket), do: {:stop, reason, socket}

  @impl true
  def terminate(_reason, socket), do: :gen_tcp.close(socket)

  defp accept(listener, opts) do
    case :gen_tcp.accept(listener) do
      {:ok, socket} ->
        serve = fn -> Bandit.Connection.start(socket, opts) end
        shutdown = Keyword.get(opts, :shutdown_timeout, 15_000)
        {:ok, pid} = Task.Supervisor.start_child(opts[:connections], serve, shutdown: shutdown)
        :ok = :gen_tcp.controlling_process(socket, pid)
        send(pid, :go)
        accept(listener, opts)

      {:error, _closed} ->
        :ok
    end
  end
end

defmodule Bandit.Connection do
  @moduledoc false

  require Logger

  @idle 60_000
  @max_body 8_000_000

  def start(socket, opts) do
    # An exit signal must not cut a request off: it waits in the mailbox until the response is out.
    Process.flag(:trap_exit, true)

    receive do
      :go -> idle(socket, opts)
    end
  end

  defp idle(socket, opts) do
    :inet.setopts(socket, packet: :http_bin, active: :once)

    receive do
      {:http, ^socket, {:http_request, method, {:abs_path, target}, version}} ->
        request(socket, to_string(method), target, version, opts)

      {:EXIT, _supervisor, :shutdown} ->
        :gen_tcp.close(socket)

      # The end of a task that the app linked to the request.
      {:EXIT, _task, _reason} ->
        idle(socket, opts)

      {:tcp_closed, ^socket} ->
        :ok

      {:http, ^socket, _malformed} ->
        send_resp(socket, 400, [{"connection", "close"}], "")
        :gen_tcp.close(socket)
    after
      @idle -> :gen_tcp.close(socket)
    end
  end

  defp request(socket, method, target, version, opts) do
    with {:ok, headers} <- headers(socket, []), {:ok, body} <- body(socket, headers) do
      keep? = version == {1, 1} and header(headers, "connection") != "close"
      conn = conn(socket, method, target, headers, body)
      respond(conn, socket, opts)
      if keep? and not draining?(), do: idle(socket, opts), else: :gen_tcp.close(socket)
    else
      _ -> :gen_tcp.close(socket)
    end
  end

  defp respond(conn, socket, opts) do
    plug = opts[:plug]

    case plug.call(conn, plug.init([])) do
      %{state: :set} = conn -> Plug.Conn.send_resp(conn)
      %{state: :sent} -> :ok
    end
  rescue
    error ->
      Logger.error(Exception.format(:error, error, __STACKTRACE__))
      unless Process.delete(:sent), do: send_resp(socket, 500, [], "Internal Server Error")
  after
    Process.delete(:sent)
    Logger.reset_metadata()
  end

  @doc "The adapter's half of `Plug.Conn.send_resp/1`."
  def send_resp(socket, status, headers, body) do
    Process.put(:sent, true)
    connection = if draining?(), do: [{"connection", "close"}], else: []
    length = [{"content-length", to_string(IO.iodata_length(body))}]
    lines = for {name, value} <- headers ++ connection ++ length, do: [name, ": ", value, "\r\n"]

    first = "HTTP/1.1 #{status} #{:httpd_util.reason_phrase(status)}\r\n"
    :gen_tcp.send(socket, [first, lines, "\r\n", body])
  end

  defp draining? do
    receive do
      {:EXIT, _supervisor, :shutdown} = signal ->
        send(self(), signal)
        true
    after
      0 -> false
    end
  end

  defp headers(socket, acc) do
    case :gen_tcp.recv(socket, 0, @idle) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(socket, [{name |> to_string() |> String.downcase(), value} | acc])

      {:ok, :http_eoh} ->
        {:ok, Enum.reverse(acc)}

      _ ->
        :error
    end
  end

  defp body(socket, headers) do
    case Integer.parse(header(headers, "content-length") || "0") do
      {0, ""} ->
        {:ok, ""}

      {size, ""} when size in 1..@max_body ->
        :inet.setopts(socket, packet: :raw)
        :gen_tcp.recv(socket, size, @idle)

      _ ->
        :error
    end
  end

  defp header(headers, name) do
    with {_, value} <- List.keyfind(headers, name, 0), do: value
  end

  defp conn(socket, method, target, headers, body) do
    {path, query} =
      case String.split(target, "?", parts: 2) do
        [path] -> {path, ""}
        [path, query] -> {path, query}
      end

    {:ok, {ip, _port}} = :inet.peername(socket)
    authority = URI.parse("//" <> (header(headers, "host") || "localhost"))

    %Plug.Conn{
      adapter: {__MODULE__, socket},
      host: authority.host || "localhost",
      method: method,
      path_info: for(segment <- String.split(path, "/"), segment != "", do: URI.decode(segment)),
      port: authority.port || 80,
      query_string: query,
      remote_ip: ip,
      req_body: body,
      req_headers: headers,
      request_path: path
    }
  end
end
