# Fly Managed Postgres: how ops/setup makes the database and gives the app its address. Sourced, never run.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

# find_server: puts the cluster of this environment into $cluster, empty when there is none.
find_server() {
  ask_fly flyctl mpg list --org "$org" --json >"$scratch/clusters"
  # Where there is none, flyctl answers with a sentence even so.
  cluster=$(jq -r --arg name "$database_server" '[.[] | select(.name == $name) | .id] | first // empty' "$scratch/clusters" 2>/dev/null) || cluster=
}

plan_database() {
  cluster=
  [ -n "$blind" ] || find_server
  [ -n "$cluster" ] || todo "make the Managed Postgres cluster $database_server in $database_region (plan ${database_plan:-of your choice}); it takes some minutes"
  has_secret DATABASE_URL || todo "attach $database_server to $app, which sets DATABASE_URL"
}

make_database() {
  if [ -z "$cluster" ]; then
    # flyctl takes any plan that it does not know for Basic, and the largest one is such a plan.
    [ -n "$database_plan" ] || fail 3 "this plan is made on the dashboard only; type: fly dashboard, make a cluster called $database_server there, and then: ops/setup $environment"
    attempt flyctl mpg create --name "$database_server" --org "$org" --region "$database_region" --plan "$database_plan" ||
      explain "the database could not be made; what is there now: fly mpg list --org $org"
    cluster=CLUSTER_ID
    [ -n "$dry_run" ] || find_server
    [ -n "$cluster" ] || fail 1 "the cluster $database_server is not listed yet; wait a minute, and then: ops/setup $environment"
  fi
  has_secret DATABASE_URL && return 0
  # What attach prints has the password in it. Without the two names it would ask for them.
  hidden flyctl mpg attach "$cluster" --app "$app" --database fly-db --username fly-user ||
    explain "the database could not be attached; see: fly secrets list -a $app"
  later "choose the pooler's transaction mode (there is no command for it) and store DIRECT_DATABASE_URL for the migrations: docs/fly/deploy.md"
}
