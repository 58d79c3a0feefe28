defmodule Jason.MixProject do
  use Mix.Project

  def project do
    [
      app: :jason,
      version: "1.4.5",
      elixir: "~> 1.18",
      description: "A small stand-in for jason, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: []]
end
