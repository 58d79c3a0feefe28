defmodule Esbuild.MixProject do
  use Mix.Project

  def project do
    [
      app: :esbuild,
      version: "0.10.0",
      elixir: "~> 1.18",
      description: "A small stand-in for esbuild, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
