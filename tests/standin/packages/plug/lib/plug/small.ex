defmodule Plug.RequestId do
  @moduledoc "Gives every request an id, in the log and in the `x-request-id` response header."

  @behaviour Plug

  @impl true
  def init(opts), do: opts

  @impl true
  def call(conn, _opts) do
    id =
      case Plug.Conn.get_req_header(conn, "x-request-id") do
        [id | _] when byte_size(id) in 20..200 -> id
        _ -> Base.url_encode64(:crypto.strong_rand_bytes(15))
      end

    Logger.metadata(request_id: id)
    Plug.Conn.put_resp_header(conn, "x-request-id", id)
  end
end

defmodule Plug.Telemetry do
  @moduledoc """
  Logs the two lines that a Phoenix app logs for a request. The real plug emits events and Phoenix
  logs them; without a telemetry package this does both.
  """

  @behaviour Plug
  require Logger

  @impl true
  def init(opts), do: Keyword.fetch!(opts, :event_prefix)

  @impl true
  def call(conn, _prefix) do
    start = System.monotonic_time(:millisecond)
    Logger.info([conn.method, " ", conn.request_path])

    Plug.Conn.register_before_send(conn, fn conn ->
      Logger.info("Sent #{conn.status} in #{System.monotonic_time(:millisecond) - start}ms")
      conn
    end)
  end
end

defmodule Plug.Parsers do
  @moduledoc "Query, urlencoded and JSON parameters."

  @behaviour Plug
  import Plug.Conn

  @impl true
  def init(opts), do: %{json: opts[:json_decoder]}

  @impl true
  def call(conn, %{json: json}) do
    conn = fetch_query_params(conn)

    body =
      case get_req_header(conn, "content-type") do
        ["application/x-www-form-urlencoded" <> _] -> URI.decode_query(conn.req_body)
        ["application/json" <> _] when conn.req_body != "" -> json.decode!(conn.req_body)
        _ -> %{}
      end

    %{conn | body_params: body, params: Map.merge(conn.params, body)}
  end
end

defmodule Plug.Head do
  @moduledoc "Lets a HEAD request meet the GET route; the body is dropped when it is sent."

  @behaviour Plug

  @impl true
  def init(opts), do: opts

  @impl true
  def call(%{method: "HEAD"} = conn, _opts) do
    conn
    |> Plug.Conn.register_before_send(&%{&1 | method: "HEAD"})
    |> Map.put(:method, "GET")
  end

  def call(conn, _opts), do: conn
end
