# The names that the scripts in ops/ use. Sourced by ops/lib.sh with $environment set.
# shellcheck shell=sh disable=SC2016,SC2034,SC2154 # sets what others use and print, reads $environment

stack=nextjs
environments="production"

case $environment in
  production)
    app=landing
    org=personal
    config=fly.toml
    hostname=landing.fly.dev
    region=iad
    machine="shared-cpu-1x with 256mb"
    monthly_cost="0.00 dollars a month (1 x shared-cpu-1x with 256mb 0.00; prices of DATE, traffic not included)"
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
lock_files="bun.lock bun.lockb"
migrations_dir=
public_env=""
build_secrets="NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"
database=none
# What prints the state of each migration inside a machine.
status_command=""
# Raw TCP ports of the app; they need a dedicated IPv4 address.
tcp_ports=""

# required_secrets: prints NAME, tab, and how to make it, a secret on each line. ops/setup runs only `openssl rand`.
required_secrets() {
  cat <<'EOF'
EOF
}
