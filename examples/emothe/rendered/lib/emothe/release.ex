defmodule Emothe.Release do
  @moduledoc """
  Database tasks for a release, where there is no Mix.

      bin/migrate                        all that is missing; Fly runs it before a deploy replaces a machine
      bin/rollback 20260102030405        back to before that version
      bin/status                         what is applied, and what is missing

  A failure ends the command with a status other than 0, and Fly then leaves the running machines alone.
  """

  # Their repos, in the order of `ecto_repos`. The first repo is DATABASE_URL's.
  @apps [
    :emothe
  ]

  @doc "Runs the migrations that are missing, in every repo."
  def migrate do
    repos = repos()
    Enum.each(repos, &check_database/1)

    for repo <- repos do
      {:ok, _, _} = Ecto.Migrator.with_repo(repo, &Ecto.Migrator.run(&1, :up, all: true))
    end

    :ok
  end

  @doc """
  Takes migrations back, newest first, down to and including `version`, in the repo that has it.

  Without a version, with one that is not applied, or with one that several repos have while `repo` names none
  of them, nothing is changed and the command fails.
  """
  def rollback(version \\ env("ROLLBACK_TO"), repo \\ env("ROLLBACK_REPO")) do
    applied =
      for repo <- repos(), {:up, number, name} <- migrations(repo), do: {repo, number, name}

    wanted? = fn {found, number, _} ->
      to_string(number) == to_string(version) and repo in ["", inspect(found)]
    end

    case Enum.filter(applied, wanted?) do
      [{found, number, _}] ->
        {:ok, _, _} =
          Ecto.Migrator.with_repo(found, &Ecto.Migrator.run(&1, :down, to: number))

        :ok

      none_or_several ->
        what = if none_or_several == [], do: "no applied migration", else: "in several repos"
        list = for {found, number, name} <- applied, do: "  #{inspect(found)} #{number} #{name}\n"
        stop("#{inspect(version)} is #{what}; nothing was changed. Applied are:\n#{list}")
    end
  end

  @doc """
  Prints a line for each migration, `Shop.Repo up 20260102030405 add_price`, or `down` when it is missing.

  Where one is, the command ends with status 3; with 1 when a database cannot be asked.
  """
  def status do
    repos = repos()
    Enum.each(repos, &check_database/1)

    states =
      for repo <- repos, {state, version, name} <- migrations(repo) do
        IO.puts("#{inspect(repo)} #{state} #{version} #{name}")
        state
      end

    if :down in states, do: stop("Some migrations are missing.", 3)
    :ok
  end

  defp repos do
    # No app and no web server is started: only what a repo needs.
    {:ok, _} = Application.ensure_all_started(:ssl)
    for app <- @apps, do: :ok = Application.ensure_loaded(app)
    Enum.uniq(Enum.flat_map(@apps, &Application.get_env(&1, :ecto_repos, [])))
  end

  defp migrations(repo) do
    {:ok, migrations, _} = Ecto.Migrator.with_repo(repo, &Ecto.Migrator.migrations/1)
    migrations
  end

  # Only a repo behind the first can have none: rel/overlays/fly.exs tells where their URLs come from.
  defp check_database(repo) do
    config = repo.config()

    if !(config[:url] || config[:database]) do
      words = Enum.map_join(Module.split(repo), "_", &Macro.underscore/1)
      name = String.upcase(String.replace(words, ~r/_?repo$/, ""))
      stop("#{name}_DATABASE_URL is not set, so #{inspect(repo)} has no database.")
    end
  end

  defp env(name), do: System.get_env(name, "")

  defp stop(message, status \\ 1) do
    IO.puts(:stderr, message)
    System.halt(status)
  end
end
