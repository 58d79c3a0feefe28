defmodule ShopWeb.HealthPlug do
  @moduledoc """
  Answers `/livez` and `/readyz`, before anything else of the endpoint: unlogged, without session or parsers.

  `/livez` says that this machine serves, and touches nothing. It decides about traffic, so a pause of the
  database does not take every machine out at once. Which machine and image it is only learns who asks from
  inside (loopback, Fly's private network), or knows the machine and names it in the header `x-machine-id`.

  `/readyz` says whether everything the app needs answers as well, 200 or 503:

    * `database`: the repo is asked `SELECT 1`; a further one such as Shop.AuditRepo is `database:shop_audit`
    * `tcp:NAME`: every service in `READY_TCP="auth:6600,world:24000"` accepts a connection

  The checks run side by side and none takes longer than a second.
  """

  @behaviour Plug

  import Plug.Conn

  @limit 1_000

  @impl Plug
  def init(options), do: options

  @impl Plug
  def call(%Plug.Conn{path_info: [path], method: method} = conn, _options)
      when path in ["livez", "readyz"] and method not in ["GET", "HEAD"] do
    conn |> put_resp_header("allow", "GET, HEAD") |> answer(405, %{error: "only GET and HEAD"})
  end

  def call(%Plug.Conn{path_info: ["livez"]} = conn, _options) do
    machine = if knows_machine?(conn), do: machine(), else: %{}
    answer(conn, 200, Map.merge(machine, version()))
  end

  def call(%Plug.Conn{path_info: ["readyz"]} = conn, _options) do
    results = check_all(checks())
    ready? = Enum.all?(results, fn {_, result} -> result.status == "ok" end)
    status = if ready?, do: "ok", else: "unavailable"

    answer(conn, if(ready?, do: 200, else: 503), %{status: status, checks: Map.new(results)})
  end

  def call(conn, _options), do: conn

  defp version do
    %{
      status: "ok",
      version: to_string(Application.spec(:shop, :vsn)),
      revision: System.get_env("REVISION", "unknown")
    }
  end

  defp machine do
    %{
      image: System.get_env("FLY_IMAGE_REF", "unknown"),
      machine: System.get_env("FLY_MACHINE_ID", "unknown")
    }
  end

  # Fly's proxy says in a header whom it asks for.
  defp knows_machine?(conn) do
    machine = System.get_env("FLY_MACHINE_ID")
    named? = machine != nil and get_req_header(conn, "x-machine-id") == [machine]
    named? or (inside?(conn.remote_ip) and get_req_header(conn, "fly-client-ip") == [])
  end

  defp inside?({127, _, _, _}), do: true
  defp inside?({0, 0, 0, 0, 0, 0, 0, 1}), do: true
  defp inside?({0, 0, 0, 0, 0, 0xFFFF, high, _}), do: div(high, 256) == 127
  defp inside?({0xFDAA, _, _, _, _, _, _, _}), do: true
  defp inside?(_), do: false

  defp checks, do: database_checks() ++ tcp_checks()

  @owners [
    :shop
  ]

  defp database_checks do
    # Shop.Repo comes before Shop.AuditRepo, in whichever order the app lists them.
    main_first = &Enum.sort_by(&1, fn repo -> List.last(Module.split(repo)) != "Repo" end)
    repos = Enum.flat_map(@owners, &main_first.(Application.get_env(&1, :ecto_repos, [])))

    for {repo, place} <- Enum.with_index(Enum.uniq(repos)) do
      words = Enum.map_join(Module.split(repo), "_", &Macro.underscore/1)
      name = if place == 0, do: "", else: ":" <> String.replace(words, ~r/_?repo$/, "")
      ask = fn -> repo.query("SELECT 1", [], timeout: @limit, log: false) end
      {"database#{name}", fn -> match?({:ok, _}, ask.()) end}
    end
  end

  defp tcp_checks do
    for service <- String.split(System.get_env("READY_TCP", ""), ",", trim: true) do
      [name, port] = String.split(service, ":")
      {"tcp:#{name}", fn -> listening?(String.to_integer(port)) end}
    end
  end

  defp listening?(port) do
    with {:ok, socket} <- :gen_tcp.connect(~c"localhost", port, [], @limit) do
      :gen_tcp.close(socket) == :ok
    else
      _ -> false
    end
  end

  # A check that crashes or hangs counts as unavailable; it must not take the answer down with it.
  defp check_all(checks) do
    tasks = for {_, check} <- checks, do: Task.async(fn -> measure(check) end)
    finished = Task.yield_many(tasks, timeout: @limit, on_timeout: :kill_task)

    for {{name, _}, {_task, result}} <- Enum.zip(checks, finished) do
      case result do
        {:ok, measured} -> {name, measured}
        _ -> {name, %{status: "unavailable", ms: @limit}}
      end
    end
  end

  defp measure(check) do
    started = System.monotonic_time(:millisecond)

    ok? =
      try do
        check.()
      catch
        _, _ -> false
      end

    status = if ok?, do: "ok", else: "unavailable"
    %{status: status, ms: System.monotonic_time(:millisecond) - started}
  end

  defp answer(conn, status, body) do
    conn
    |> put_resp_content_type("application/json")
    |> put_resp_header("cache-control", "no-store")
    |> send_resp(status, Phoenix.json_library().encode_to_iodata!(body))
    |> halt()
  end
end
