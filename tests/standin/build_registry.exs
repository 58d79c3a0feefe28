# elixir build_registry.exs PACKAGES OUT
#
# Writes OUT/public, a Hex registry of the packages in PACKAGES, and OUT/mix.lock, the lock of a project that
# depends on each of them. Hex itself makes both.

[packages, out] = System.argv()
work = Path.join(System.tmp_dir!(), "standin-registry-#{System.pid()}")
tarballs = Path.join(out, "public/tarballs")
File.cp_r!(packages, work)
File.mkdir_p!(tarballs)

mix = fn args, dir, env ->
  case System.cmd("mix", args, cd: dir, env: env, stderr_to_stdout: true) do
    {_output, 0} -> :ok
    {output, _status} -> raise "mix #{Enum.join(args, " ")} in #{dir}:\n" <> output
  end
end

for name <- File.ls!(work), dir = Path.join(work, name) do
  # A version of its own for each content: a Hex cache, as in a Docker build's cache mount, outlives an edit.
  project = File.read!(dir <> "/mix.exs")
  sources = for path <- Path.wildcard(dir <> "/lib/**/*.ex"), do: File.read!(path)
  hash = :erlang.phash2([project | sources], 1_000_000)

  project =
    Regex.replace(~r/version: "(\d+\.\d+)\.(\d+)"/, project, fn _, minor, patch ->
      ~s(version: "#{minor}.#{String.to_integer(patch) * 1_000_000 + hash}")
    end)

  File.write!(dir <> "/mix.exs", project)
  mix.(["hex.build"], dir, [])
  [tarball] = Path.wildcard(Path.join(dir, "#{name}-*.tar"))
  File.cp!(tarball, Path.join(tarballs, Path.basename(tarball)))
end

key = :public_key.generate_key({:rsa, 2048, 65_537})
pem = :public_key.pem_encode([:public_key.pem_entry_encode(:RSAPrivateKey, key)])
File.write!(Path.join(work, "key.pem"), pem)
# Clients ask for the repository "hexpm", whatever its address.
mix.(["hex.registry", "build", "public", "--name=hexpm", "--private-key=#{work}/key.pem"], out, [])

# Hex looks here for a newer Hex.
File.mkdir_p!(Path.join(out, "public/installs"))
File.write!(Path.join(out, "public/installs/hex-1.x.csv"), "")

{:ok, _} = Application.ensure_all_started(:inets)

{:ok, server} =
  :inets.start(:httpd,
    port: 0,
    bind_address: {127, 0, 0, 1},
    server_name: ~c"registry",
    server_root: to_charlist(work),
    document_root: to_charlist(Path.join(out, "public"))
  )

deps = for tarball <- File.ls!(tarballs), do: ~s({:#{tarball |> String.split("-") |> hd()}, ">= 0.0.0"})
project = Path.join(work, "project")
File.mkdir!(project)

File.write!(Path.join(project, "mix.exs"), """
defmodule Lock.MixProject do
  use Mix.Project
  def project, do: [app: :lock, version: "0.1.0", deps: [#{Enum.join(deps, ", ")}]]
end
""")

mix.(["deps.get"], project, [
  {"HEX_MIRROR", "http://127.0.0.1:#{:httpd.info(server)[:port]}"},
  {"HEX_UNSAFE_REGISTRY", "1"},
  {"HEX_HOME", Path.join(work, "hex")}
])

File.cp!(Path.join(project, "mix.lock"), Path.join(out, "mix.lock"))
File.rm_rf!(work)
