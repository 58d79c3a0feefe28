defmodule Arena.Umbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "0.1.0",
      start_permanent: Mix.env() == :prod,
      deps: deps(),
      aliases: aliases()
    ]
  end

  # Only for the umbrella itself; each child app has dependencies of its own.
  defp deps do
    []
  end

  defp aliases do
    [
      # In every child app that has it.
      setup: ["cmd mix setup"]
    ]
  end
end
