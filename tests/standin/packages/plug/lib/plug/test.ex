defmodule Plug.Test do
  @moduledoc "Requests for tests, without a server: the response stays in the conn."

  def conn(method, path) do
    %Plug.Conn{
      adapter: {__MODULE__, nil},
      method: method |> to_string() |> String.upcase(),
      path_info: String.split(path, "/", trim: true),
      request_path: path
    }
  end

  def send_resp(nil, _status, _headers, _body), do: :ok
end
