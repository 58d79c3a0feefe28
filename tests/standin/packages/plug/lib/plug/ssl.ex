defmodule Plug.SSL do
  @moduledoc """
  Redirects plain HTTP to HTTPS (301 for GET and HEAD, else 307) and sets HSTS. `:rewrite_on` takes
  `:x_forwarded_proto`, with which a request is as secure as that header says.

  `:exclude` is a list of hosts, or `[hosts: …, paths: …]` as since Plug 1.19; giving it replaces the default
  of `localhost` and `127.0.0.1`.
  """

  @behaviour Plug
  import Plug.Conn

  @impl true
  def init(opts) do
    exclude = Keyword.get(opts, :exclude, ["localhost", "127.0.0.1"])
    exclude = if Keyword.keyword?(exclude), do: exclude, else: [hosts: exclude]
    hsts = "max-age=#{opts[:expires] || 31_536_000}"
    hsts = if opts[:subdomains], do: hsts <> "; includeSubDomains", else: hsts

    %{
      rewrite_on: List.wrap(opts[:rewrite_on]),
      exclude: exclude,
      hsts: Keyword.get(opts, :hsts, true) && hsts,
      host: opts[:host]
    }
  end

  @impl true
  def call(conn, opts) do
    conn = Enum.reduce(opts.rewrite_on, conn, &rewrite/2)

    cond do
      excluded?(conn, opts.exclude) ->
        conn

      conn.scheme == :https and opts.hsts ->
        put_resp_header(conn, "strict-transport-security", opts.hsts)

      conn.scheme == :https ->
        conn

      true ->
        redirect(conn, opts.host)
    end
  end

  defp rewrite(:x_forwarded_proto, conn) do
    case get_req_header(conn, "x-forwarded-proto") do
      ["https"] -> %{conn | scheme: :https, port: if(conn.port == 80, do: 443, else: conn.port)}
      ["http"] -> %{conn | scheme: :http}
      _ -> conn
    end
  end

  defp excluded?(conn, exclude) do
    conn.host in Keyword.get(exclude, :hosts, []) or conn.request_path in Keyword.get(exclude, :paths, [])
  end

  defp redirect(conn, host) do
    host =
      case host do
        nil -> conn.host
        {module, function, args} -> apply(module, function, args)
        host -> host
      end

    query = if conn.query_string == "", do: "", else: "?" <> conn.query_string

    conn
    |> put_resp_header("location", "https://" <> host <> conn.request_path <> query)
    |> send_resp(if(conn.method in ~w(HEAD GET), do: 301, else: 307), "")
    |> halt()
  end
end
