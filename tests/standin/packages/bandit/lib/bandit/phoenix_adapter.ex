defmodule Bandit.PhoenixAdapter do
  @moduledoc "What `adapter: Bandit.PhoenixAdapter` in an endpoint's config starts."

  def child_specs(endpoint, config) do
    for scheme <- [:http], opts = config[scheme] do
      {Bandit, [plug: endpoint, scheme: scheme] ++ opts}
    end
  end
end
