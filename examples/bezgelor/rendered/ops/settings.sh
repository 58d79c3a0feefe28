# The names that the scripts in ops/ use. Sourced by ops/lib.sh with $environment set.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # sets what others use and print, reads $environment

stack=umbrella
environments="production"

case $environment in
  production)
    app=bezgelor
    org=personal
    config=fly.toml
    hostname=bezgelor.fly.dev
    region=sjc
    machine="shared-cpu-2x with 4gb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-2x with 4gb 0.00, one small Postgres machine with 1 GB 0.00, a dedicated IPv4 address 0.00; prices of DATE, traffic not included)"
    database_server=bezgelor-db
    database_region=sjc
    ;;
  *)
    app=
    ;;
esac

http_port=4000
ha=false
app_dir=.
# What the image of the app is built on and runs on.
images="docker.io/hexpm/elixir:TAG docker.io/debian:TAG"
release=bezgelor
endpoint_module=BezgelorPortalWeb.Endpoint
health_plug=BezgelorPortalWeb.HealthPlug
database=fly_postgres
# What prints the state of each migration inside a machine.
status_command="/app/bin/status"
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports="6600 23115 24000"

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
SECRET_KEY_BASE	openssl rand -base64 48
DATABASE_URL	docs/fly/deploy.md says where it comes from
CLOAK_KEY	openssl rand -base64 32
WORLD_PUBLIC_ADDRESS	fly ips list -a bezgelor --json | jq -r '.[] | select(.Type == "v4") | .Address'
EOF
}
