defmodule Phoenix.Router do
  @moduledoc """
  `pipeline` and flat `scope` blocks with `pipe_through`, `get` and `post`; `:name` is a path parameter.
  An unknown path is answered with 404.
  """

  defmacro __using__(_opts) do
    quote do
      @behaviour Plug
      @before_compile Phoenix.Router
      import Phoenix.Router
      Module.register_attribute(__MODULE__, :routes, accumulate: true)

      def init(opts), do: opts

      def call(conn, _opts) do
        {params, handle} = route(conn.method, conn.path_info)
        handle.(%{conn | path_params: params, params: Map.merge(conn.params, params)})
      end
    end
  end

  defmacro pipeline(name, do: block) do
    steps =
      for {:plug, _, [plug | opts]} <- expressions(block) do
        opts = List.first(opts) || []

        plug = Macro.expand(plug, __CALLER__)
        step(Atom.to_string(plug), plug, opts)
      end

    quote do
      defp unquote(name)(conn), do: Phoenix.Router.run(conn, unquote(steps))
    end
  end

  defmacro scope(prefix, alias \\ nil, do: block) do
    expressions = expressions(block)
    pipes = for {:pipe_through, _, [names]} <- expressions, name <- List.wrap(names), do: name

    for {verb, _, [path, controller, action]} when verb in [:get, :post] <- expressions do
      method = verb |> to_string() |> String.upcase()
      segments = String.split(prefix <> "/" <> path, "/", trim: true)

      quote do
        @routes {unquote(method), unquote(segments),
                 Module.concat(List.wrap(unquote(alias)) ++ [unquote(controller)]), unquote(action),
                 unquote(pipes)}
      end
    end
  end

  defmacro __before_compile__(env) do
    routes =
      for {method, segments, controller, action, pipes} <-
            Enum.reverse(Module.get_attribute(env.module, :routes)) do
        names = for ":" <> name <- segments, do: name
        pattern = Enum.map(segments, &pattern/1)

        params =
          {:%{}, [], for(name <- names, do: {name, Macro.var(String.to_atom(name), __MODULE__)})}

        pipes = for pipe <- pipes, do: quote(do: &unquote(pipe)(&1))
        last = quote(do: &unquote(controller).call(&1, unquote(action)))

        quote do
          defp route(unquote(method), unquote(pattern)) do
            {unquote(params), fn conn -> Phoenix.Router.run(conn, unquote(pipes ++ [last])) end}
          end
        end
      end

    quote do
      unquote(routes)
      defp route(_method, _path), do: {%{}, &Plug.Conn.send_resp(&1, 404, "Not Found")}
    end
  end

  @doc "Runs the steps in order until one halts."
  def run(conn, steps) do
    Enum.reduce_while(steps, conn, fn step, conn ->
      conn = step.(conn)
      {if(conn.halted, do: :halt, else: :cont), conn}
    end)
  end

  defp step("Elixir." <> _, module, opts) do
    quote(do: &unquote(module).call(&1, unquote(module).init(unquote(opts))))
  end

  defp step(_name, function, opts), do: quote(do: &unquote(function)(&1, unquote(opts)))

  defp pattern(":" <> name), do: Macro.var(String.to_atom(name), __MODULE__)
  defp pattern(segment), do: segment

  defp expressions({:__block__, _, expressions}), do: expressions
  defp expressions(expression), do: [expression]
end
