defmodule ShopTest do
  use ExUnit.Case

  test "static files have no digest outside production" do
    assert ShopWeb.Endpoint.static_path("/robots.txt") == "/robots.txt"
  end
end
