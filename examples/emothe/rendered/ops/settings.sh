# The names that the scripts in ops/ use. Sourced by ops/lib.sh with $environment set.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # sets what others use and print, reads $environment

stack=phoenix
environments="production staging"

case $environment in
  production)
    app=emothe
    org=personal
    config=fly.toml
    hostname=emothe.fly.dev
    region=cdg
    machine="shared-cpu-1x with 1gb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 1gb 0.00, Neon by use, the log shipper 0.00; prices of DATE, traffic not included)"
    database_server=emothe-db
    github_token="fly tokens create org -o personal -x 2160h -n github"
    ;;
  staging)
    app=emothe-staging
    org=personal
    config=fly.staging.toml
    hostname=emothe-staging.fly.dev
    region=cdg
    machine="shared-cpu-1x with 512mb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 512mb 0.00, Neon by use; prices of DATE, traffic not included)"
    database_server=emothe-staging-db
    github_token="fly tokens create deploy -a emothe-staging -x 2160h -n github"
    ;;
  *)
    app=
    ;;
esac

alerts=webhook
review_org=personal
http_port=8080
ha=false
app_dir=.
# What the image of the app is built on and runs on.
images="docker.io/hexpm/elixir:TAG docker.io/debian:TAG"
release=emothe
endpoint_module=EmotheWeb.Endpoint
health_plug=EmotheWeb.HealthPlug
database=neon
# What prints the state of each migration inside a machine.
status_command="/app/bin/status"
# The app that sends the logs of production on.
log_shipper=emothe-logs
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports=""

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
SECRET_KEY_BASE	openssl rand -base64 48
DATABASE_URL	docs/fly/deploy.md says where it comes from
SMTP_PASSWORD	in the console of the mail provider
EOF
}
