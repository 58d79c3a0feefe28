defmodule Ecto.Migrator do
  @moduledoc """
  Runs the migrations of `priv/repo/migrations`, each in a transaction, under a lock on `schema_migrations`
  that another connection of the pool holds (so the pool needs two).
  """

  require Logger

  @doc "Starts what the repo needs, and the repo unless it runs, for `fun`."
  def with_repo(repo, fun, opts \\ []) do
    apps = [:ecto_sql, repo.__adapter__().app()]

    started =
      for app <- apps, {:ok, new} = Application.ensure_all_started(app), name <- new, do: name

    case repo.start_link(pool_size: Keyword.get(opts, :pool_size, 2)) do
      {:ok, _pid} ->
        try do
          {:ok, fun.(repo), started}
        after
          repo.stop()
        end

      {:error, {:already_started, _pid}} ->
        {:ok, fun.(repo), started}

      {:error, reason} ->
        {:error, reason}
    end
  end

  def migrations_path(repo, directory \\ "migrations") do
    config = repo.config()
    priv = config[:priv] || "priv/#{repo |> Module.split() |> List.last() |> Macro.underscore()}"
    Path.join(Application.app_dir(config[:otp_app], priv), directory)
  end

  @doc "`{:up | :down, version, name}` of each migration, oldest first."
  def migrations(repo, directory \\ nil) do
    create_table(repo)
    done = versions(repo)
    files = files(directory || migrations_path(repo))
    here = for {version, name, _} <- files, do: {if(version in done, do: :up, else: :down), version, name}
    missing = Enum.reject(done, &List.keymember?(files, &1, 0))
    gone = for version <- missing, do: {:up, version, "** FILE NOT FOUND **"}
    Enum.sort_by(here ++ gone, &elem(&1, 1))
  end

  def run(repo, direction, opts), do: run(repo, migrations_path(repo), direction, opts)

  @doc "Migrates up or down by `all: true`, `to: version` or `step: n`; gives the versions that ran."
  def run(repo, directory, direction, opts) do
    create_table(repo)

    case pending(repo, directory, direction, opts) do
      [] ->
        Logger.info("Migrations already #{direction}")
        []

      pending ->
        modules = for {version, _name, file} <- pending, do: {version, load(file)}
        free? = Enum.any?(modules, fn {_, module} -> module.__migration__()[:disable_migration_lock] end)
        work = fn -> migrate_all(repo, modules, direction) end
        if free?, do: work.(), else: locked(repo, work)
    end
  end

  defp locked(repo, fun) do
    lock = fn ->
      repo.query!("LOCK TABLE schema_migrations IN SHARE UPDATE EXCLUSIVE MODE", [], log: false)
      # Another process has another connection.
      fun |> Task.async() |> Task.await(:infinity)
    end

    case repo.transaction(lock) do
      {:ok, versions} -> versions
      {:error, error} -> raise error
    end
  end

  # Who had to wait for the lock finds the work done.
  defp migrate_all(repo, modules, direction) do
    done = versions(repo)
    still = Enum.filter(modules, fn {version, _} -> version in done == (direction == :down) end)
    for {version, module} <- still, do: migrate(repo, version, module, direction)
  end

  defp migrate(repo, version, module, direction) do
    way = if direction == :up, do: "forward", else: "backward"
    Logger.info("== Running #{version} #{inspect(module)} #{way}")
    start = System.monotonic_time(:millisecond)

    work = fn ->
      for sql <- Ecto.Migration.statements(module, direction) do
        Logger.info(["execute ", inspect(sql)])
        repo.query!(sql, [], log: false, timeout: :infinity)
      end

      record(repo, version, direction)
    end

    alone? = module.__migration__()[:disable_ddl_transaction]
    result = if alone?, do: {:ok, work.()}, else: repo.transaction(work)
    with {:error, error} <- result, do: raise(error)
    Logger.info("== Migrated #{version} in #{(System.monotonic_time(:millisecond) - start) / 1_000}s")
    version
  end

  defp record(repo, version, :up) do
    now = NaiveDateTime.utc_now(:second)

    sql = "INSERT INTO schema_migrations (version, inserted_at) VALUES ($1, $2)"
    repo.query!(sql, [version, now], log: false)
  end

  defp record(repo, version, :down) do
    repo.query!("DELETE FROM schema_migrations WHERE version = $1", [version], log: false)
  end

  defp pending(repo, directory, direction, opts) do
    done = versions(repo)

    files =
      if direction == :up,
        do: for({version, _, _} = file <- files(directory), version not in done, do: file),
        else: for({version, _, _} = file <- Enum.reverse(files(directory)), version in done, do: file)

    cond do
      to = opts[:to] ->
        Enum.filter(files, fn {v, _, _} -> if direction == :up, do: v <= to, else: v >= to end)

      step = opts[:step] ->
        Enum.take(files, step)

      opts[:all] ->
        files

      true ->
        raise ArgumentError, "expected :all, :to or :step"
    end
  end

  defp create_table(repo) do
    columns = "version bigint PRIMARY KEY, inserted_at timestamp(0)"
    repo.query!("CREATE TABLE IF NOT EXISTS schema_migrations (#{columns})", [], log: false)
  end

  defp versions(repo) do
    repo.query!("SELECT version FROM schema_migrations", [], log: false).rows |> List.flatten() |> Enum.sort()
  end

  defp files(directory) do
    for path <- Path.wildcard(Path.join(directory, "**/*.exs")),
        {version, "_" <> name} <- [Integer.parse(Path.basename(path, ".exs"))],
        do: {version, name, path}
  end

  defp load(file) do
    modules = for {module, _binary} <- Code.compile_file(file), do: module
    Enum.find(modules, &function_exported?(&1, :__migration__, 0))
  end
end
