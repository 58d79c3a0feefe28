# The names that the scripts in ops/ use. Sourced by ops/lib.sh with $environment set.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # sets what others use and print, reads $environment

stack=nextjs
environments="production"

case $environment in
  production)
    app=notes
    org=personal
    config=fly.toml
    hostname=notes.fly.dev
    region=iad
    machine="shared-cpu-1x with 512mb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 512mb 0.00, the database by its own provider; prices of DATE, traffic not included)"
    github_token="fly tokens create deploy -a notes -x 2160h -n github"
    ;;
  *)
    app=
    ;;
esac

http_port=3000
ha=false
app_dir=.
# What the image of the app is built on and runs on.
images="docker.io/node:TAG gcr.io/distroless/cc-debian13:debug"
lock_files="package-lock.json npm-shrinkwrap.json"
migrations_dir=
public_env=""
build_secrets="NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"
database=external
# What prints the state of each migration inside a machine.
status_command=""
database_env=DATABASE_URL
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports=""

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
DATABASE_URL	the address of the database, from its provider
EOF
}
