defmodule Ecto.InvalidURLError do
  @moduledoc "The repo's `:url` is no database URL."
  defexception [:message]
end

defmodule Ecto.Adapters.Postgres do
  @moduledoc "The one adapter of the stand-in."

  def app, do: :postgrex
end

defmodule Ecto.Repo do
  @moduledoc """
  A stand-in for Ecto's repository (of the packages `ecto` and `ecto_sql`): it starts a pool from the app's
  config and runs SQL. It has no schemas and no query language.
  """

  require Logger

  defmacro __using__(opts) do
    quote do
      @otp_app Keyword.fetch!(unquote(opts), :otp_app)
      @adapter Keyword.fetch!(unquote(opts), :adapter)

      def __adapter__, do: @adapter
      def config, do: Ecto.Repo.config(@otp_app, __MODULE__, [])

      def child_spec(opts), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, type: :supervisor}

      def start_link(opts \\ []), do: Postgrex.start_link(Ecto.Repo.config(@otp_app, __MODULE__, opts))

      def stop(timeout \\ 5_000), do: Supervisor.stop(__MODULE__, :normal, timeout)
      def query(sql, params \\ [], opts \\ []), do: Ecto.Repo.query(__MODULE__, sql, params, opts)

      def query!(sql, params \\ [], opts \\ []) do
        case query(sql, params, opts) do
          {:ok, result} -> result
          {:error, error} -> raise error
        end
      end

      def transaction(fun, opts \\ []), do: Postgrex.transaction(__MODULE__, fun, opts)
      def rollback(reason), do: DBConnection.rollback(reason)
    end
  end

  def query(repo, sql, params, opts) do
    start = System.monotonic_time(:microsecond)
    result = Postgrex.query(repo, sql, params, opts)

    if Keyword.get(opts, :log, true) do
      ms = (System.monotonic_time(:microsecond) - start) / 1_000
      Logger.debug(["QUERY #{elem(result, 0)} db=#{ms}ms\n", sql])
    end

    result
  end

  def config(otp_app, repo, opts) do
    config = otp_app |> Application.get_env(repo, []) |> Keyword.merge(opts)
    {url, config} = Keyword.pop(config, :url)
    from_url = parse_url(url || "")

    from_url =
      if from_url[:ssl] == true and is_list(config[:ssl]) do
        Logger.warning("the url's ssl=true is ignored, as the config of #{inspect(repo)} has a list for :ssl")

        Keyword.delete(from_url, :ssl)
      else
        from_url
      end

    [otp_app: otp_app, name: repo] ++ Keyword.merge(config, from_url)
  end

  @doc """
  The options in a database URL. In the query `ssl=true|false` and three integers have a meaning; every
  other name becomes an option with a string, so `sslmode=require` turns no TLS on.
  """
  def parse_url(""), do: []

  def parse_url(url) do
    uri = URI.parse(url)
    if uri.host in [nil, ""], do: invalid!("the url has no host")
    if uri.path in [nil, "", "/"], do: invalid!("the path of the url must name the database")
    [username | password] = String.split(uri.userinfo || "", ":", parts: 2)

    options =
      [
        scheme: uri.scheme,
        username: username != "" && URI.decode(username),
        password: password != [] && URI.decode(hd(password)),
        database: uri.path |> String.trim_leading("/") |> URI.decode(),
        hostname: uri.host,
        port: uri.port
      ]

    Enum.filter(options, &elem(&1, 1)) ++ Enum.map(URI.decode_query(uri.query || ""), &option/1)
  end

  defp option({"ssl", "true"}), do: {:ssl, true}
  defp option({"ssl", "false"}), do: {:ssl, false}
  defp option({"ssl", _}), do: invalid!("ssl in the url must be true or false")

  defp option({name, value}) when name in ~w(timeout pool_size idle_interval) do
    case Integer.parse(value) do
      {number, ""} -> {String.to_atom(name), number}
      _ -> invalid!("#{name} in the url must be an integer")
    end
  end

  defp option({name, value}), do: {String.to_atom(name), value}

  defp invalid!(message), do: raise(Ecto.InvalidURLError, message: message)
end
