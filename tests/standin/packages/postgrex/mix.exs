defmodule Postgrex.MixProject do
  use Mix.Project

  def project do
    [
      app: :postgrex,
      version: "0.22.2",
      elixir: "~> 1.18",
      description: "A small stand-in for postgrex, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: [{:db_connection, "~> 2.10"}]
    ]
  end

  def application, do: [extra_applications: [:logger, :crypto, :ssl]]
end
