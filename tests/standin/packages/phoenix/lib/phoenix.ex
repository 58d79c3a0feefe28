defmodule Phoenix do
  @moduledoc """
  A small stand-in for the `phoenix` package: an endpoint with its config, a router and a controller,
  as far as an app without LiveView and channels uses them.
  """

  def json_library, do: Application.get_env(:phoenix, :json_library, Jason)
end

defmodule Phoenix.CodeReloader do
  @moduledoc "The Mix listener that a generated mix.exs names. Nothing is reloaded."
  use GenServer

  def start_link(_opts), do: GenServer.start_link(__MODULE__, nil)

  @impl true
  def init(nil), do: {:ok, nil}

  @impl true
  def handle_info(_event, nil), do: {:noreply, nil}
end
