defmodule DBConnection.MixProject do
  use Mix.Project

  def project do
    [
      app: :db_connection,
      version: "2.10.2",
      elixir: "~> 1.18",
      description: "A small stand-in for db_connection, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
