defmodule Ecto.Migration do
  @moduledoc """
  `execute`, and `create`/`drop` of tables and indexes. Each is kept as `{up, down}` SQL until the function
  of the migration returns, so that `change/0` can be run backwards.
  """

  defstruct [:kind, :name, :table, columns: [], unique: false, concurrently: false]

  @types %{
    string: "varchar(255)",
    text: "text",
    integer: "integer",
    bigint: "bigint",
    boolean: "boolean",
    utc_datetime: "timestamp(0)"
  }

  defmacro __using__(_opts) do
    quote do
      import Ecto.Migration
      @disable_ddl_transaction false
      @disable_migration_lock false
      @before_compile Ecto.Migration
    end
  end

  defmacro __before_compile__(_env) do
    quote do
      def __migration__ do
        [
          disable_ddl_transaction: @disable_ddl_transaction,
          disable_migration_lock: @disable_migration_lock
        ]
      end
    end
  end

  def table(name), do: %__MODULE__{kind: :table, name: to_string(name)}

  def index(table, columns, opts \\ []) do
    name = opts[:name] || Enum.join([table | columns] ++ ["index"], "_")

    struct!(
      %__MODULE__{kind: :index, name: to_string(name), table: to_string(table), columns: columns},
      opts
    )
  end

  def unique_index(table, columns, opts \\ []), do: index(table, columns, [unique: true] ++ opts)

  defmacro create(object, do: block) do
    quote do
      Process.put(:ecto_columns, [~s("id" bigserial PRIMARY KEY)])
      unquote(block)
      Ecto.Migration.create_table(unquote(object), Enum.reverse(Process.delete(:ecto_columns)))
    end
  end

  def create(%{kind: :index} = index) do
    concurrently = if index.concurrently, do: " CONCURRENTLY", else: ""
    unique = if index.unique, do: " UNIQUE", else: ""
    columns = Enum.map_join(index.columns, ", ", &~s("#{&1}"))

    execute(
      ~s[CREATE#{unique} INDEX#{concurrently} "#{index.name}" ON "#{index.table}" (#{columns})],
      ~s(DROP INDEX#{concurrently} "#{index.name}")
    )
  end

  def drop(%{kind: kind, name: name}), do: execute(~s(DROP #{kind} "#{name}"))

  def create_table(%{name: name}, columns) do
    execute(~s[CREATE TABLE "#{name}" (#{Enum.join(columns, ", ")})], ~s(DROP TABLE "#{name}"))
  end

  def add(column, type, opts \\ []) do
    not_null = if opts[:null] == false, do: " NOT NULL", else: ""
    sql = ~s("#{column}" #{Map.fetch!(@types, type)}#{not_null})
    Process.put(:ecto_columns, [sql | Process.get(:ecto_columns)])
  end

  def timestamps(opts \\ []) do
    for column <- [:inserted_at, :updated_at], do: add(column, opts[:type] || :utc_datetime, null: false)
  end

  def execute(up), do: push({up, nil})
  def execute(up, down), do: push({up, down})

  defp push(command), do: Process.put(:ecto_commands, [command | Process.get(:ecto_commands, [])])

  @doc "Runs the migration's function for the direction and gives its SQL statements in order."
  def statements(module, direction) do
    Process.put(:ecto_commands, [])
    change? = function_exported?(module, :change, 0)
    if change?, do: module.change(), else: apply(module, direction, [])
    commands = Process.delete(:ecto_commands)

    if change? and direction == :down do
      for {up, down} <- commands, do: down || raise("cannot reverse: #{up}")
    else
      for {up, _down} <- Enum.reverse(commands), do: up
    end
  end
end
