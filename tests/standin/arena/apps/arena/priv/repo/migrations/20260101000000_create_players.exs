defmodule Arena.Repo.Migrations.CreatePlayers do
  use Ecto.Migration

  def change do
    create table(:players) do
      add :name, :string, null: false

      timestamps(type: :utc_datetime)
    end
  end
end
