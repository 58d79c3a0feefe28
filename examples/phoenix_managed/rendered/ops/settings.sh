# The names that the scripts in ops/ use. Sourced by ops/lib.sh with $environment set.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # sets what others use and print, reads $environment

stack=phoenix
environments="production"

case $environment in
  production)
    app=shop
    org=personal
    config=fly.toml
    hostname=shop.fly.dev
    region=iad
    machine="shared-cpu-1x with 512mb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 512mb 0.00, Managed Postgres Basic 0.00; prices of DATE, traffic not included)"
    database_server=shop-db
    database_region=iad
    github_token="fly tokens create deploy -a shop -x 2160h -n github"
    ;;
  *)
    app=
    ;;
esac

http_port=8080
ha=false
app_dir=.
# What the image of the app is built on and runs on.
images="docker.io/hexpm/elixir:TAG docker.io/debian:TAG"
release=shop
endpoint_module=ShopWeb.Endpoint
health_plug=ShopWeb.HealthPlug
database=fly_managed
# What prints the state of each migration inside a machine.
status_command="/app/bin/status"
database_plan=basic
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports=""

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
SECRET_KEY_BASE	openssl rand -base64 48
DATABASE_URL	docs/fly/deploy.md says where it comes from
EOF
}
