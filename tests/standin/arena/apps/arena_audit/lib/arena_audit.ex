defmodule ArenaAudit do
  @moduledoc """
  What happened, kept in a database of its own.
  """
end
