defmodule Arena do
  @moduledoc """
  The domain of the arena.
  """

  def name, do: "arena"
end
