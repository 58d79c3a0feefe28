defmodule EctoSQL.MixProject do
  use Mix.Project

  def project do
    [
      app: :ecto_sql,
      version: "3.14.0",
      elixir: "~> 1.18",
      description: "A small stand-in for ecto_sql, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: [{:postgrex, "~> 0.22", optional: true}]
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
