defmodule Bandit.MixProject do
  use Mix.Project

  def project do
    [
      app: :bandit,
      version: "1.12.5",
      elixir: "~> 1.18",
      description: "A small stand-in for bandit, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: [{:plug, "~> 1.19"}]
    ]
  end

  def application, do: [extra_applications: [:logger, :inets]]
end
