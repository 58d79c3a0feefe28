defmodule Shop do
  @moduledoc """
  The domain of the shop.
  """
end
