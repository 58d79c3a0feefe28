defmodule TinyDep.MixProject do
  use Mix.Project

  def project do
    [
      app: :tiny_dep,
      version: "0.1.0",
      elixir: "~> 1.18",
      description: "A small stand-in for tiny_dep, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: []]
end
