defmodule ShopWeb.Router do
  use ShopWeb, :router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers
  end

  scope "/", ShopWeb do
    pipe_through :browser

    get "/", PageController, :home
    get "/slow", PageController, :slow
    get "/products", ProductController, :index
  end
end
