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
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 512mb 0.00, a volume with 1 GB 0.00, Tigris by use; prices of DATE, traffic not included)"
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
database=sqlite
# What prints the state of each migration inside a machine.
status_command="/app/bin/status"
database_env=DATABASE_PATH
# The file of the database on the volume, and what copies it inside a machine into the file that is named behind it.
database_file=/data/shop.db
volume=data
backup_command="/app/bin/backup"
# Who makes the bucket for the replica of the database.
bucket=tigris
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports=""

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
SECRET_KEY_BASE	openssl rand -base64 48
EOF
}
