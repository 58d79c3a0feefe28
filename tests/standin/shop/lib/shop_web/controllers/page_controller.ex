defmodule ShopWeb.PageController do
  use ShopWeb, :controller

  def home(conn, _params) do
    html(conn, """
    <!DOCTYPE html>
    <title>Shop</title>
    <link rel="stylesheet" href="#{ShopWeb.Endpoint.static_path("/assets/css/app.css")}">
    <h1>Shop</h1>
    """)
  end

  # Answers after `ms` milliseconds, for a look at what a shutdown does to a request under way.
  def slow(conn, params) do
    params |> Map.get("ms", "1000") |> String.to_integer() |> Process.sleep()
    text(conn, "done\n")
  end
end
