defmodule Mix.Tasks.Phx.Digest do
  @moduledoc "Copies each file of `priv/static` to a name with its digest and writes `cache_manifest.json`."
  use Mix.Task

  @root "priv/static"

  @impl true
  def run(_args) do
    File.mkdir_p!(@root)

    latest =
      for path <- Path.wildcard(@root <> "/**/*"),
          File.regular?(path),
          not digested?(path),
          into: %{} do
        digest = path |> File.read!() |> :erlang.md5() |> Base.encode16(case: :lower)
        target = Path.rootname(path) <> "-" <> digest <> Path.extname(path)
        File.cp!(path, target)
        {Path.relative_to(path, @root), Path.relative_to(target, @root)}
      end

    manifest = %{version: 1, latest: latest}
    File.write!(Path.join(@root, "cache_manifest.json"), JSON.encode!(manifest))
    Mix.shell().info("#{map_size(latest)} files of #{@root} digested")
  end

  defp digested?(path) do
    Path.basename(path) == "cache_manifest.json" or path =~ ~r/-[0-9a-f]{32}\.\w+$/
  end
end
