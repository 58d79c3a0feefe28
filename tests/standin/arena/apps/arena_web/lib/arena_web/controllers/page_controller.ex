defmodule ArenaWeb.PageController do
  use ArenaWeb, :controller

  def home(conn, _params) do
    html(conn, """
    <!DOCTYPE html>
    <title>#{Arena.name()}</title>
    <link rel="stylesheet" href="#{ArenaWeb.Endpoint.static_path("/assets/css/app.css")}">
    <h1>#{Arena.name()}</h1>
    """)
  end

  def players(conn, _params) do
    case Arena.Repo.query("SELECT name FROM players ORDER BY name") do
      {:ok, %{rows: rows}} ->
        json(conn, %{players: List.flatten(rows)})

      {:error, error} ->
        conn |> put_status(:internal_server_error) |> json(%{error: Exception.message(error)})
    end
  end
end
