defmodule ShopWeb.HealthPlugTest do
  use ExUnit.Case, async: true

  import Plug.Conn
  import Plug.Test

  alias ShopWeb.HealthPlug

  @outside {203, 0, 113, 7}
  @fly {0xFDAA, 0, 0, 0, 0, 0, 0, 3}

  test "/livez says who it is to those inside" do
    assert %{"status" => "ok", "revision" => _, "image" => _} = body(ask(:get, "/livez", @fly))
    assert body(ask(:get, "/livez", {127, 0, 0, 1}))["machine"]
    refute body(ask(:get, "/livez", @outside))["machine"]
    refute body(ask(:get, "/livez", @fly, "203.0.113.7"))["image"]
  end

  test "/readyz names each check" do
    conn = ask(:get, "/readyz", @outside)
    assert conn.status in [200, 503]
    assert %{"status" => _, "checks" => %{"database" => %{"status" => _}}} = body(conn)
  end

  test "nothing but GET and HEAD" do
    assert ask(:head, "/livez", @outside).status == 200
    assert %{status: 405, halted: true} = ask(:post, "/livez", @outside)
  end

  test "other paths go on to the app" do
    assert %{halted: false, status: nil} = ask(:get, "/livez/x", @outside)
  end

  # Fly's proxy names its client in a header.
  defp ask(method, path, remote_ip, client \\ nil) do
    conn = %{conn(method, path) | remote_ip: remote_ip}
    conn = if client, do: put_req_header(conn, "fly-client-ip", client), else: conn
    HealthPlug.call(conn, HealthPlug.init([]))
  end

  defp body(conn), do: Phoenix.json_library().decode!(conn.resp_body)
end
