defmodule ArenaAudit.Repo do
  use Ecto.Repo,
    otp_app: :arena_audit,
    adapter: Ecto.Adapters.Postgres
end
