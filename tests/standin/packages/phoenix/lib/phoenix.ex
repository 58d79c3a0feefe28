defmodule Phoenix do
  @moduledoc """
  A small stand-in for the `phoenix` package: an endpoint with its config, a router and a controller,
  as far as an app without LiveView and channels uses them.
  """

  def json_library, do: Application.get_env(:phoenix, :json_library, Jason)
end

defmodule Phoenix.CodeReloader do
  @moduledoc "The plug and the Mix listener of that name. Nothing is reloaded."

  def init(opts), do: opts
  def call(conn, _opts), do: conn

  def child_spec(_opts), do: %{id: __MODULE__, start: {Task, :start_link, [Process, :sleep, [:infinity]]}}
end
