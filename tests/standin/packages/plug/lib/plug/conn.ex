defmodule Plug.Conn do
  @moduledoc """
  One request and its response. The adapter is `{module, payload}`; the module's
  `send_resp(payload, status, headers, body)` writes the response.
  """

  defstruct adapter: nil,
            assigns: %{},
            body_params: %{},
            halted: false,
            host: "localhost",
            method: "GET",
            params: %{},
            path_info: [],
            path_params: %{},
            port: 80,
            private: %{},
            query_params: %{},
            query_string: "",
            remote_ip: {127, 0, 0, 1},
            req_body: "",
            req_headers: [],
            request_path: "/",
            resp_body: nil,
            resp_headers: [{"cache-control", "max-age=0, private, must-revalidate"}],
            scheme: :http,
            script_name: [],
            secret_key_base: nil,
            state: :unset,
            status: nil

  @type t :: %__MODULE__{}

  @reasons %{
    ok: 200,
    created: 201,
    no_content: 204,
    moved_permanently: 301,
    found: 302,
    bad_request: 400,
    unauthorized: 401,
    forbidden: 403,
    not_found: 404,
    internal_server_error: 500,
    service_unavailable: 503
  }

  defmodule AlreadySentError do
    @moduledoc "Raised when a response is sent twice."
    defexception message: "the response was already sent"
  end

  def assign(conn, key, value) when is_atom(key), do: put_in(conn.assigns[key], value)

  def put_private(conn, key, value) when is_atom(key), do: put_in(conn.private[key], value)

  def halt(conn), do: %{conn | halted: true}

  def put_status(conn, status), do: %{unsent!(conn) | status: code(status)}

  def get_req_header(conn, name), do: for({^name, value} <- conn.req_headers, do: value)

  def put_req_header(conn, name, value) do
    %{conn | req_headers: List.keystore(conn.req_headers, name, 0, {name, value})}
  end

  def get_resp_header(conn, name), do: for({^name, value} <- conn.resp_headers, do: value)

  def put_resp_header(conn, name, value) when is_binary(name) and is_binary(value) do
    if String.contains?(value, ["\r", "\n"]), do: raise(ArgumentError, "newline in header #{name}")

    %{unsent!(conn) | resp_headers: List.keystore(conn.resp_headers, name, 0, {name, value})}
  end

  def put_resp_content_type(conn, type, charset \\ "utf-8")
  def put_resp_content_type(conn, type, nil), do: put_resp_header(conn, "content-type", type)

  def put_resp_content_type(conn, type, charset) do
    put_resp_header(conn, "content-type", "#{type}; charset=#{charset}")
  end

  def register_before_send(conn, callback) when is_function(callback, 1) do
    update_in(unsent!(conn).private[:before_send], &[callback | &1 || []])
  end

  def resp(conn, status, body) do
    %{unsent!(conn) | status: code(status), resp_body: body, state: :set}
  end

  def send_resp(conn, status, body), do: conn |> resp(status, body) |> send_resp()

  def send_resp(%{state: :set, adapter: {module, payload}} = conn) do
    conn = Enum.reduce(conn.private[:before_send] || [], conn, & &1.(&2))
    body = if conn.method == "HEAD", do: "", else: conn.resp_body
    module.send_resp(payload, conn.status, conn.resp_headers, body)
    # Only a test looks at it afterwards.
    %{conn | state: :sent, resp_body: if(module == Plug.Test, do: IO.iodata_to_binary(body))}
  end

  def send_resp(%{state: :unset}), do: raise(ArgumentError, "no response was set")
  def send_resp(conn), do: unsent!(conn)

  def fetch_query_params(conn, _opts \\ []) do
    query = URI.decode_query(conn.query_string)
    %{conn | query_params: query, params: Map.merge(query, conn.params)}
  end

  def read_body(conn, _opts \\ []), do: {:ok, conn.req_body, %{conn | req_body: ""}}

  defp code(status) when is_integer(status), do: status
  defp code(status) when is_atom(status), do: Map.fetch!(@reasons, status)

  defp unsent!(%{state: :sent}), do: raise(AlreadySentError)
  defp unsent!(conn), do: conn
end
