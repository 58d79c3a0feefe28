# Unmanaged Fly Postgres: how ops/setup makes the database and gives the app its address. Sourced, never run.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

plan_database() {
  server=
  if [ -z "$blind" ] && has_app "$database_server"; then
    server=1
  fi
  [ -n "$server" ] || todo "make the Postgres server $database_server in $database_region (an app of its own, yours to look after)"
  has_secret DATABASE_URL || todo "attach $database_server to $app, which sets DATABASE_URL"
}

make_database() {
  if [ -z "$server" ]; then
    # What create prints has the password of the server's administrator in it.
    hidden flyctl postgres create --name "$database_server" --org "$org" --region "$database_region" \
      --initial-cluster-size 1 --vm-size shared-cpu-1x --volume-size 1 ||
      explain "the database could not be made; what is there now: fly postgres list"
    later "if you need the password of the server's administrator: fly ssh console -a $database_server -C 'printenv OPERATOR_PASSWORD'"
  fi
  has_secret DATABASE_URL && return 0
  # What attach prints has the app's password in it.
  hidden flyctl postgres attach "$database_server" --app "$app" --superuser=false --yes ||
    explain "the database could not be attached; see: fly secrets list -a $app"
}
