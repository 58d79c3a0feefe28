defmodule Postgrex.Protocol do
  @moduledoc false
  # The frontend/backend protocol, version 3, as PostgreSQL's manual describes it.

  @behaviour DBConnection
  import Kernel, except: [send: 2]

  @timeout 15_000

  @impl true
  def connect(opts) do
    timeout = Keyword.get(opts, :timeout, @timeout)

    with {:ok, sock} <- tcp(opts, timeout),
         {:ok, sock} <- tls(sock, opts, timeout) do
      state = %{sock: sock, timeout: timeout, prepare: Keyword.get(opts, :prepare, :named), names: %{}}

      case startup(state, opts) do
        :ok ->
          {:ok, state}

        {:error, error} ->
          close(sock)
          {:error, error}
      end
    end
  end

  @impl true
  def disconnect(state) do
    send(state.sock, message(?X, ""))
    close(state.sock)
  end

  @impl true
  def ping(state) do
    with :ok <- send(state.sock, message(?S, "")),
         {:ok, _} <- collect(state, %{}) do
      {:ok, state}
    else
      {_kind, error} -> {:disconnect, error, state}
    end
  end

  @impl true
  def query(statement, params, opts, state) do
    state = %{state | timeout: Keyword.get(opts, :timeout, @timeout)}
    statement = IO.iodata_to_binary(statement)

    with {:ok, name, parse, state} <- prepare(statement, state),
         run = [parse, bind(name, params), message(?D, "P\0"), message(?E, <<0, 0::32>>), message(?S, "")],
         :ok <- send(state.sock, run),
         {:ok, result} <- collect(state, %{rows: []}) do
      {:ok, result(result), state}
    else
      {:refused, error} -> {:error, error, %{state | names: Map.delete(state.names, statement)}}
      {:error, error} -> {:disconnect, error, state}
    end
  end

  # A named statement is made in a round trip, and so in a transaction, of its own.
  defp prepare(statement, %{prepare: :named} = state) do
    case state.names do
      %{^statement => name} ->
        {:ok, name, [], state}

      names ->
        name = "ecto_#{map_size(names)}_#{System.unique_integer([:positive])}"

        with :ok <- send(state.sock, [parse(name, statement), message(?S, "")]),
             {:ok, _} <- collect(state, %{}) do
          {:ok, name, [], put_in(state.names[statement], name)}
        end
    end
  end

  defp prepare(statement, %{prepare: :unnamed} = state), do: {:ok, "", parse("", statement), state}

  defp parse(name, statement), do: message(?P, [name, 0, statement, 0, <<0::16>>])

  defp bind(name, params) do
    values = for param <- params, do: value(param)
    message(?B, [0, name, 0, <<0::16, length(params)::16>>, values, <<0::16>>])
  end

  defp value(nil), do: <<-1::32>>
  defp value(param), do: (text = to_string(param)) && [<<byte_size(text)::32>>, text]

  # Reads up to ReadyForQuery, also behind an error: only then may the next message be sent.
  defp collect(state, acc) do
    case receive_message(state) do
      {:ok, ?Z, _status} ->
        if acc[:error], do: {:refused, acc.error}, else: {:ok, acc}

      {:ok, ?E, body} ->
        collect(state, Map.put(acc, :error, error(body)))

      {:ok, ?T, <<_::16, body::binary>>} ->
        collect(state, Map.put(acc, :columns, columns(body)))

      {:ok, ?D, <<_::16, body::binary>>} ->
        collect(state, Map.update(acc, :rows, [], &[fields(body) | &1]))

      {:ok, ?C, tag} ->
        collect(state, Map.put(acc, :tag, String.trim_trailing(tag, "\0")))

      {:ok, _other, _body} ->
        collect(state, acc)

      {:error, error} ->
        {:error, error}
    end
  end

  defp result(%{columns: columns} = acc) do
    types = Enum.map(columns, &elem(&1, 1))
    rows = for row <- Enum.reverse(acc.rows), do: Enum.zip_with(types, row, &decode/2)
    names = Enum.map(columns, &elem(&1, 0))
    %Postgrex.Result{command: command(acc), columns: names, rows: rows, num_rows: length(rows)}
  end

  defp result(acc) do
    count = acc |> Map.get(:tag, "") |> String.split() |> List.last("") |> Integer.parse()
    %Postgrex.Result{command: command(acc), num_rows: if(count == :error, do: 0, else: elem(count, 0))}
  end

  defp command(%{tag: tag}), do: tag |> String.split() |> hd() |> String.downcase() |> String.to_atom()
  defp command(_empty), do: nil

  defp columns(""), do: []

  defp columns(body) do
    [name, <<_table::48, type::32, _size::16, _mod::32, _format::16, rest::binary>>] =
      :binary.split(body, "\0")

    [{name, type} | columns(rest)]
  end

  defp fields(""), do: []
  defp fields(<<-1::32-signed, rest::binary>>), do: [nil | fields(rest)]
  defp fields(<<size::32, value::binary-size(size), rest::binary>>), do: [value | fields(rest)]

  defp decode(_type, nil), do: nil
  defp decode(16, value), do: value == "t"
  defp decode(type, value) when type in [20, 21, 23, 26], do: String.to_integer(value)
  defp decode(type, value) when type in [700, 701], do: value |> Float.parse() |> elem(0)
  defp decode(_type, value), do: value

  defp error(body) do
    fields =
      for <<code, text::binary>> <- :binary.split(body, "\0", [:global]), into: %{}, do: {code, text}

    Postgrex.Error.exception(%{severity: fields[?S], pg_code: fields[?C], message: fields[?M]})
  end

  # --- the way to a session

  defp tcp(opts, timeout) do
    host = Keyword.get(opts, :hostname, "localhost")
    port = Keyword.get(opts, :port, 5432)
    tcp = [:binary, packet: :raw, active: false, nodelay: true] ++ Keyword.get(opts, :socket_options, [])

    case :gen_tcp.connect(to_charlist(host), port, tcp, timeout) do
      {:ok, socket} -> {:ok, {:gen_tcp, socket}}
      {:error, reason} -> failed("tcp connect (#{host}:#{port})", reason)
    end
  end

  defp tls({:gen_tcp, socket} = sock, opts, timeout) do
    host = to_charlist(Keyword.get(opts, :hostname, "localhost"))

    case tls_options(Keyword.get(opts, :ssl, false), host) do
      nil ->
        {:ok, sock}

      options ->
        with :ok <- send(sock, <<8::32, 80_877_103::32>>),
             {:ok, "S"} <- :gen_tcp.recv(socket, 1, timeout),
             {:ok, socket} <- :ssl.connect(socket, options, timeout) do
          {:ok, {:ssl, socket}}
        else
          {:ok, "N"} -> close(sock) && {:error, Postgrex.Error.exception("ssl not available")}
          {:error, reason} -> close(sock) && failed("ssl connect", reason)
        end
    end
  end

  defp tls_options(false, _host), do: nil

  defp tls_options(true, host), do: tls_options([cacerts: :public_key.cacerts_get()], host)

  # A list is laid over these and brings its own trust anchors, or the connection is refused.
  defp tls_options(list, host) do
    Keyword.merge(
      [
        verify: :verify_peer,
        server_name_indication: host,
        customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
      ],
      list
    )
  end

  defp startup(state, opts) do
    user = Keyword.get(opts, :username, "postgres")

    parameters =
      [user: user, database: Keyword.get(opts, :database, user)] ++ Keyword.get(opts, :parameters, [])

    pairs = for {key, value} <- parameters, do: [to_string(key), 0, value, 0]
    body = [<<196_608::32>>, pairs, 0]

    with :ok <- send(state.sock, [<<IO.iodata_length(body) + 4::32>>, body]),
         :ok <- authenticate(state, Keyword.get(opts, :password) || ""),
         {:ok, _} <- collect(state, %{}) do
      :ok
    else
      {_kind, error} -> {:error, error}
    end
  end

  defp authenticate(state, password) do
    case receive_message(state) do
      {:ok, ?R, <<0::32>>} ->
        :ok

      {:ok, ?R, <<3::32>>} ->
        send(state.sock, message(?p, [password, 0]))
        authenticate(state, password)

      {:ok, ?R, <<10::32, mechanisms::binary>>} ->
        if "SCRAM-SHA-256" in :binary.split(mechanisms, "\0", [:global]),
          do: scram(state, password),
          else: {:error, Postgrex.Error.exception("no authentication mechanism in common")}

      {:ok, ?R, _other} ->
        {:error, Postgrex.Error.exception("authentication method not supported")}

      {:ok, ?E, body} ->
        {:error, error(body)}

      {:error, error} ->
        {:error, error}
    end
  end

  # RFC 5802 and 7677, without channel binding.
  defp scram(state, password) do
    nonce = Base.encode64(:crypto.strong_rand_bytes(18))
    first = "n=,r=" <> nonce
    hello = ["SCRAM-SHA-256", 0, <<byte_size(first) + 3::32>>, "n,,", first]

    with :ok <- send(state.sock, message(?p, hello)),
         {:ok, ?R, <<11::32, challenge::binary>>} <- receive_message(state),
         %{"r" => ^nonce <> _ = both, "s" => salt, "i" => count} <- attributes(challenge),
         count = String.to_integer(count),
         salted = :crypto.pbkdf2_hmac(:sha256, password, Base.decode64!(salt), count, 32),
         client_key = hmac(salted, "Client Key"),
         final = "c=biws,r=" <> both,
         signed = Enum.join([first, challenge, final], ","),
         proof = :crypto.exor(client_key, hmac(:crypto.hash(:sha256, client_key), signed)),
         :ok <- send(state.sock, message(?p, final <> ",p=" <> Base.encode64(proof))),
         {:ok, ?R, <<12::32, answer::binary>>} <- receive_message(state),
         true <- attributes(answer)["v"] == Base.encode64(hmac(hmac(salted, "Server Key"), signed)) do
      authenticate(state, password)
    else
      {:ok, ?E, body} -> {:error, error(body)}
      {:error, error} -> {:error, error}
      _ -> {:error, Postgrex.Error.exception("the server does not know the password")}
    end
  end

  defp attributes(text),
    do: for(<<key, ?=, value::binary>> <- String.split(text, ","), into: %{}, do: {<<key>>, value})

  defp hmac(key, data), do: :crypto.mac(:hmac, :sha256, key, data)

  # --- the wire

  defp message(type, body), do: [type, <<IO.iodata_length(body) + 4::32>>, body]

  defp send({module, socket}, data) do
    with {:error, reason} <- module.send(socket, data), do: failed("tcp send", reason)
  end

  defp receive_message(%{sock: {module, socket}, timeout: timeout}) do
    with {:ok, <<type, size::32>>} <- module.recv(socket, 5, timeout),
         {:ok, body} <- if(size == 4, do: {:ok, ""}, else: module.recv(socket, size - 4, timeout)) do
      {:ok, type, body}
    else
      {:error, reason} -> failed("tcp recv", reason)
    end
  end

  defp close({module, socket}), do: module.close(socket)

  defp failed(what, {:tls_alert, {_alert, text}}), do: failed(what, to_string(text), "")

  defp failed(what, reason) when reason in [:closed, :timeout], do: failed(what, to_string(reason), "")

  defp failed(what, reason) when is_atom(reason),
    do: failed(what, :inet.format_error(reason), " - #{inspect(reason)}")

  defp failed(what, reason), do: failed(what, inspect(reason), "")

  defp failed(what, text, suffix) do
    {:error, %DBConnection.ConnectionError{message: "#{what}: #{text}#{suffix}"}}
  end
end
