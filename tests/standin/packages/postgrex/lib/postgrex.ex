defmodule Postgrex do
  @moduledoc """
  A stand-in for the `postgrex` package: a PostgreSQL client with a pool. Parameters and results travel as
  text; integers, booleans and floats are decoded, every other type stays a string.

  Every statement is a named prepared one by default and an unnamed one with `prepare: :unnamed`. (The real
  client names those that Ecto's query language makes; here is no query language, so `query` stands for them.)
  """

  defmodule Result do
    @moduledoc "What a statement returned."
    defstruct [:command, :columns, :rows, :num_rows]
  end

  defmodule Error do
    @moduledoc "What the server, or the talk before a session, refused."
    defexception [:message, :postgres]

    @names %{
      "23505" => :unique_violation,
      "25P02" => :in_failed_sql_transaction,
      "26000" => :invalid_sql_statement_name,
      "28P01" => :invalid_password,
      "3D000" => :invalid_catalog_name,
      "42501" => :insufficient_privilege,
      "42601" => :syntax_error,
      "42P01" => :undefined_table,
      "42P05" => :duplicate_prepared_statement,
      "42P07" => :duplicate_table,
      "57014" => :query_canceled
    }

    @impl true
    def exception(fields) when is_map(fields) do
      code = Map.get(@names, fields[:pg_code], fields[:pg_code])
      message = "#{fields[:severity]} #{fields[:pg_code]} (#{code}) #{fields[:message]}"
      %__MODULE__{message: message, postgres: Map.put(fields, :code, code)}
    end

    def exception(message), do: %__MODULE__{message: message}
  end

  def start_link(opts), do: DBConnection.start_link(Postgrex.Protocol, opts)

  def query(pool, statement, params, opts \\ []), do: DBConnection.query(pool, statement, params, opts)

  def transaction(pool, fun, opts \\ []), do: DBConnection.transaction(pool, fun, opts)
end
