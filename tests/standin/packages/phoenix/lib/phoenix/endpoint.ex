defmodule Phoenix.Endpoint do
  @moduledoc """
  `use Phoenix.Endpoint, otp_app: :shop` makes the module a plug pipeline and a supervisor.

  As in the real one `:force_ssl` is compile-time config (a release refuses to boot with another value)
  and its `Plug.SSL` runs before every plug of the endpoint. Sockets are accepted and not served.
  """

  require Logger

  defmacro __using__(opts) do
    quote do
      @otp_app Keyword.fetch!(unquote(opts), :otp_app)
      use Plug.Builder
      import Phoenix.Endpoint, only: [socket: 2, socket: 3]

      var!(code_reloading?) = Application.compile_env(@otp_app, [__MODULE__, :code_reloader], false)
      _ = var!(code_reloading?)
      force_ssl = Application.compile_env(@otp_app, [__MODULE__, :force_ssl], false)

      plug(:put_secret_key_base)
      if force_ssl, do: plug(Plug.SSL, Keyword.put_new(force_ssl, :host, {__MODULE__, :host, []}))

      def child_spec(opts), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [opts]}, type: :supervisor}
      def start_link(_opts \\ []), do: Phoenix.Endpoint.start_link(__MODULE__, config())
      def config, do: Application.get_env(@otp_app, __MODULE__, [])
      def config(key, default \\ nil), do: Keyword.get(config(), key, default)
      def host, do: Keyword.get(config(:url, []), :host, "localhost")
      def url, do: Phoenix.Endpoint.url(config(:url, []), config(:http, []))
      def static_path(path), do: Phoenix.Endpoint.static_path(@otp_app, config(:cache_static_manifest), path)

      defp put_secret_key_base(conn, _opts), do: %{conn | secret_key_base: config(:secret_key_base)}
    end
  end

  defmacro socket(_path, _module, _opts \\ []), do: :ok

  def start_link(endpoint, config) do
    server? = Keyword.get(config, :server, Application.get_env(:phoenix, :serve_endpoints, false))
    children = if server?, do: Keyword.fetch!(config, :adapter).child_specs(endpoint, config), else: []

    with {:ok, pid} <- Supervisor.start_link(children, strategy: :one_for_one, name: endpoint) do
      Logger.info(
        if server?,
          do: "Access #{inspect(endpoint)} at #{endpoint.url()}",
          else:
            "Configuration :server was not enabled for #{inspect(endpoint)}, http/https services won't start"
      )

      {:ok, pid}
    end
  end

  def url(url, http) do
    scheme = Keyword.get(url, :scheme, "http")
    port = to_string(Keyword.get(url, :port) || Keyword.get(http, :port, 80))
    suffix = if {scheme, port} in [{"https", "443"}, {"http", "80"}], do: "", else: ":" <> port
    scheme <> "://" <> Keyword.get(url, :host, "localhost") <> suffix
  end

  def static_path(_otp_app, nil, path), do: path

  def static_path(otp_app, manifest, "/" <> file = path) do
    with {:ok, json} <- File.read(Application.app_dir(otp_app, manifest)),
         %{"latest" => %{^file => digested}} <- Phoenix.json_library().decode!(json) do
      "/" <> digested <> "?vsn=d"
    else
      _ -> path
    end
  end
end
