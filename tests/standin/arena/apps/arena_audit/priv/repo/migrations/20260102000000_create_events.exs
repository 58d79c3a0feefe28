defmodule ArenaAudit.Repo.Migrations.CreateEvents do
  use Ecto.Migration

  def change do
    create table(:events) do
      add :what, :string, null: false

      timestamps(type: :utc_datetime)
    end
  end
end
