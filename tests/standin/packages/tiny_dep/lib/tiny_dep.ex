defmodule TinyDep do
  @moduledoc "A dependency without dependencies, for tests that add one to an app."

  def hello, do: :world
end
