defmodule Plug.Builder do
  @moduledoc """
  The `plug` macro. As with the real one `init/1` of a module plug runs while the app is compiled,
  so a plug that reads the environment in `init/1` sees the build machine's.
  """

  defmacro __using__(_opts) do
    quote do
      @behaviour Plug
      @before_compile Plug.Builder
      import Plug.Builder, only: [plug: 1, plug: 2]
      import Plug.Conn
      Module.register_attribute(__MODULE__, :plugs, accumulate: true)

      def init(opts), do: opts
      def call(conn, opts), do: plug_builder_call(conn, opts)
      defoverridable init: 1, call: 2
    end
  end

  defmacro plug(plug, opts \\ []) do
    quote do
      @plugs {unquote(plug), unquote(opts)}
    end
  end

  defmacro __before_compile__(env) do
    steps = env.module |> Module.get_attribute(:plugs) |> Enum.reverse()
    body = Enum.reduce(steps, quote(do: conn), &step/2)

    quote do
      defp plug_builder_call(conn, _opts), do: unquote(body)
    end
  end

  defp step({plug, opts}, acc) do
    call =
      case Atom.to_string(plug) do
        "Elixir." <> _ ->
          quote(do: unquote(plug).call(conn, unquote(Macro.escape(plug.init(opts)))))

        _function ->
          quote(do: unquote(plug)(conn, unquote(Macro.escape(opts))))
      end

    quote do
      case unquote(acc) do
        %{halted: true} = conn -> conn
        conn -> unquote(call)
      end
    end
  end
end
