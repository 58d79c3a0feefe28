defmodule ShopWeb.ProductController do
  use ShopWeb, :controller

  def index(conn, _params) do
    case Shop.Repo.query("SELECT name, price_cents FROM products ORDER BY name") do
      {:ok, %{columns: columns, rows: rows}} ->
        json(conn, %{products: Enum.map(rows, &Map.new(Enum.zip(columns, &1)))})

      {:error, error} ->
        conn |> put_status(:internal_server_error) |> json(%{error: Exception.message(error)})
    end
  end
end
