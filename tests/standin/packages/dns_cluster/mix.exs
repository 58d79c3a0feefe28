defmodule DNSCluster.MixProject do
  use Mix.Project

  def project do
    [
      app: :dns_cluster,
      version: "0.2.0",
      elixir: "~> 1.18",
      description: "A small stand-in for dns_cluster, for tests without Hex",
      package: [licenses: ["MIT"], links: %{}, files: ~w(lib mix.exs .formatter.exs)],
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
