defmodule Mix.Tasks.Esbuild.Install do
  @moduledoc "Stands in for the download of the bundler: there is none."
  use Mix.Task

  @impl true
  def run(_args), do: Mix.shell().info("esbuild #{Application.get_env(:esbuild, :version)} is installed")
end

defmodule Mix.Tasks.Esbuild do
  @moduledoc """
  Bundles what the configured profile names: its `:args` are `ENTRY… --outdir=DIR …`, relative to
  its `:cd`. An entry is copied as it is, with empty lines dropped under `--minify`.
  """
  use Mix.Task

  @impl true
  def run([profile | flags]) do
    config = Application.fetch_env!(:esbuild, String.to_existing_atom(profile))
    {options, entries} = Enum.split_with(config[:args] ++ flags, &String.starts_with?(&1, "--"))

    outdir =
      Enum.find_value(options, fn o -> with "--outdir=" <> dir <- o, do: dir, else: (_ -> nil) end)

    for entry <- entries do
      source = File.read!(Path.join(config[:cd], entry))
      target = Path.expand(Path.join(outdir, entry), config[:cd])
      File.mkdir_p!(Path.dirname(target))
      File.write!(target, if("--minify" in options, do: minify(source), else: source))
      Mix.shell().info("  #{Path.relative_to_cwd(target)}")
    end
  end

  defp minify(source) do
    source
    |> String.split("\n")
    |> Enum.map(&String.trim/1)
    |> Enum.reject(&(&1 == ""))
    |> Enum.join("\n")
  end
end
