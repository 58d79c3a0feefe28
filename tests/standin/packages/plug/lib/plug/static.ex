defmodule Plug.Static do
  @moduledoc "Serves files of `priv/static` whose first path segment is listed in `:only`."

  @behaviour Plug
  import Plug.Conn

  @types %{
    ".css" => "text/css",
    ".ico" => "image/x-icon",
    ".js" => "text/javascript",
    ".json" => "application/json",
    ".svg" => "image/svg+xml",
    ".txt" => "text/plain"
  }

  @impl true
  def init(opts), do: %{from: Keyword.fetch!(opts, :from), only: Keyword.fetch!(opts, :only)}

  @impl true
  def call(%{method: method, path_info: [first | _] = path} = conn, %{from: app, only: only})
      when method in ~w(GET HEAD) do
    file = Path.join([Application.app_dir(app, "priv/static") | path])

    if first in only and ".." not in path and File.regular?(file) do
      conn
      |> put_resp_content_type(Map.get(@types, Path.extname(file), "application/octet-stream"))
      |> send_resp(200, File.read!(file))
      |> halt()
    else
      conn
    end
  end

  def call(conn, _opts), do: conn
end
