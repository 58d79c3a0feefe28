defmodule Phoenix.MixProject do
  use Mix.Project

  def project do
    [
      app: :phoenix,
      version: "1.8.12",
      elixir: "~> 1.18",
      description: "A small stand-in for phoenix, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: [{:plug, "~> 1.19"}]
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
