defmodule Phoenix.Controller do
  @moduledoc "Actions that answer with `text/2`, `html/2` or `json/2`, and two plugs for pipelines."

  import Plug.Conn

  defmacro __using__(_opts) do
    quote do
      @behaviour Plug
      import Phoenix.Controller
      import Plug.Conn

      def init(action), do: action
      def call(conn, action), do: apply(__MODULE__, action, [conn, conn.params])
    end
  end

  def accepts(conn, formats), do: put_private(conn, :phoenix_format, hd(formats))

  def put_secure_browser_headers(conn, _opts) do
    conn
    |> put_resp_header("x-content-type-options", "nosniff")
    |> put_resp_header("referrer-policy", "strict-origin-when-cross-origin")
  end

  def text(conn, body), do: answer(conn, "text/plain", to_string(body))
  def html(conn, body), do: answer(conn, "text/html", body)

  def json(conn, data) do
    answer(conn, "application/json", Phoenix.json_library().encode_to_iodata!(data))
  end

  defp answer(conn, type, body) do
    conn |> put_resp_content_type(type) |> send_resp(conn.status || 200, body)
  end
end
