defmodule ArenaWeb.Router do
  use ArenaWeb, :router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers
  end

  scope "/", ArenaWeb do
    pipe_through :browser

    get "/", PageController, :home
    get "/players", PageController, :players
  end
end
