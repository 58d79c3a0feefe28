defmodule Jason do
  @moduledoc "A stand-in for the `jason` package on Elixir's own `JSON`."

  def encode(term, _opts \\ []), do: {:ok, encode!(term)}
  def encode!(term, _opts \\ []), do: JSON.encode!(term)
  def encode_to_iodata!(term, _opts \\ []), do: JSON.encode_to_iodata!(term)
  def decode(json, _opts \\ []), do: JSON.decode(json)
  def decode!(json, _opts \\ []), do: JSON.decode!(json)
end
