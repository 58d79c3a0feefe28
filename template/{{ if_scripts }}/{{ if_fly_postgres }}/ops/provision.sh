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
  if has_secret DATABASE_URL; then
    # Before the first deploy the answer of `attach` may have been lost, and with it the step behind it.
    [ -s "$scratch/machines" ] || give_database
    return 0
  fi
  # What attach prints has the app's password in it.
  hidden flyctl postgres attach "$database_server" --app "$app" --superuser=false --yes ||
    explain "the database could not be attached; see: fly secrets list -a $app"
  give_database
}

# give_database: makes the app's user the owner of the app's database. Attached without the rights of a superuser it may make
# tables there, but no extension, which a migration of phx.gen.auth does (citext), and no schema, which Drizzle does.
give_database() {
  # The names that attach made of the app's.
  name=$(printf %s "$app" | tr - _)
  statement="ALTER DATABASE \"$name\" OWNER TO \"$name\";"
  printf '+ %s\n' "flyctl postgres connect --app $database_server  # $statement" >&2
  [ -z "$dry_run" ] || return 0
  # psql on the server's side takes what is piped for typed in, so it is told to end, and its status says nothing.
  printf '%s\n\\q\n' "$statement" | flyctl postgres connect --app "$database_server" >"$scratch/owner" 2>&1 || echo ERROR >>"$scratch/owner"
  ! grep -q ERROR "$scratch/owner" ||
    later "let the migrations make extensions and schemas: fly postgres connect -a $database_server, and there: $statement"
}
