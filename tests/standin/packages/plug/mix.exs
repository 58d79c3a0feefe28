defmodule Plug.MixProject do
  use Mix.Project

  def project do
    [
      app: :plug,
      version: "1.19.2",
      elixir: "~> 1.18",
      description: "A small stand-in for plug, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger, :crypto]]
end
