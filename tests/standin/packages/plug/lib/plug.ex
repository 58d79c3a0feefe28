defmodule Plug do
  @moduledoc """
  A small stand-in for the `plug` package: what an ordinary Phoenix endpoint and a hand-written
  plug use of it, with the same names and the same visible behaviour.
  """

  @type opts :: term

  @callback init(opts) :: opts
  @callback call(Plug.Conn.t(), opts) :: Plug.Conn.t()
end
