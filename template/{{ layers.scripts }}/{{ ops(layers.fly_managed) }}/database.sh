# Fly Managed Postgres: how ops/setup makes the database, how the other scripts reach it, and which backups Fly itself keeps
# and restores. The files for other providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Fly Managed Postgres"
pooler=transaction
cluster=

# find_cluster [NAME]: sets $cluster to the id of the cluster of that name, or of the one that is attached to the app; to
# nothing where there is none.
find_cluster() {
  list_fly clusters flyctl mpg list --org "$org"
  cluster=$(jq -r --arg name "${1:-}" --arg app "$app" '
    map(select(if $name != "" then .name == $name else any(.attached_apps[]?; .name == $app) end)) | first.id // ""' "$scratch/clusters")
}

# --- For ops/setup -----------------------------------------------------------------------------------------

plan_database() {
  [ -n "$logged_out" ] || find_cluster "$database_server"
  [ -n "$cluster" ] || todo "make the Managed Postgres cluster $database_server in $database_region (plan ${database_plan:-of your choice}); it takes some minutes" make_database
  has_secret DATABASE_URL || todo "attach $database_server to $app, which sets DATABASE_URL" attach_database
}

make_database() {
  # flyctl takes any plan that it does not know for Basic, and the largest one is such a plan.
  [ -n "$database_plan" ] || fail 3 "only the dashboard makes this plan. Run: fly dashboard, make a cluster called $database_server there, then run: $again"
  [ "$environment" != production ] || rename="copier update --trust -A -r :current: --ask database_name"
  # It prints the URL with the password.
  hidden flyctl mpg create --name "$database_server" --org "$org" --region "$database_region" --plan "$database_plan" ||
    explain 1 "the database could not be made. See: fly mpg list --org $org, then run again: $again"
  cluster=CLUSTER_ID
  [ -n "$dry_run" ] || find_cluster "$database_server"
  [ -n "$cluster" ] || fail 1 "Fly does not list the cluster $database_server yet. Wait a minute, then run: $again"
}

attach_database() {
  # It prints the URL with the password. Without the two names it would ask for them.
  hidden flyctl mpg attach "$cluster" --app "$app" --database fly-db --username fly-user ||
    explain 1 "the database could not be attached. Run again: $again"
  later "choose the pooler's transaction mode (there is no command for it) and store DIRECT_DATABASE_URL for the migrations: docs/fly/deploy.md"
}

# --- Reaching it -------------------------------------------------------------------------------------------

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    direct.*.flympg.net | pgbouncer.*.flympg.net) ;;
    *) return 1 ;;
  esac
}

# reach: opens the way to the server, past the pooler: a dump needs one session from beginning to end.
reach() {
  need_provider
  open_tunnel flyctl mpg proxy "$cluster" --local-port "$proxy_port"
}

# pooler_notice: what the pooled address cannot do. Only the dashboard knows its mode.
pooler_notice() {
  say "pooler       pgbouncer.$cluster.flympg.net; its mode is on the dashboard, below Connect. Transaction mode, the one for
             many connections, has no LISTEN and NOTIFY (Oban: use Oban.Notifiers.PG where machines are clustered),
             no session advisory locks, no SET that lasts and no prepared statements by name; direct.$cluster.flympg.net has"
}

# --- Backups of the provider -------------------------------------------------------------------------------

# need_provider: sets $cluster; its id is in the host of the URL, and without a URL it is the one attached to the app.
need_provider() {
  cluster=${host#*.}
  cluster=${cluster%.flympg.net}
  if [ -n "$dry_run" ]; then
    cluster=${cluster:-CLUSTER_ID}
    return 0
  fi
  need_fly
  [ -n "$cluster" ] || find_cluster
  [ -n "$cluster" ] || fail 3 "no Managed Postgres cluster of the organization $org is attached to $app.
See: fly mpg list --org $org, and attach it: fly mpg attach CLUSTER_ID -a $app"
}

# Without --all it lists the last 24 hours only.
list_backups() {
  attempt flyctl mpg backup list "$cluster" --all || explain 1 "the backups could not be listed. Run again: $again"
}

# newest_backup: sets $newest to the time when the newest finished backup ended, RFC 3339; to nothing where there is none.
newest_backup() {
  look_at flyctl mpg backup list "$cluster" --all || return 0
  newest=$(jq -r 'map(select((.stop // "") != "" and (.status // "" | test("fail|error"; "i") | not)) | .stop) | max // ""' "$scratch/backups")
}

create_backup() {
  attempt flyctl mpg backup create "$cluster" --type full ||
    explain 1 "it is unknown whether Fly makes a backup. See: ops/backup $which --list"
}

# restore_at_provider: Fly restores into a new cluster, in the background.
restore_at_provider() {
  source=$cluster
  if [ -z "$dry_run" ]; then
    # The answer of an earlier try may have been lost, and a second copy would be billed as well.
    find_cluster "$copy"
    [ -z "$cluster" ] || fail 1 "there is a cluster $copy already, perhaps the copy of an earlier try. See: fly mpg status $cluster
For another one give another name with --name=NAME"
  fi
  cluster=$source
  set -- --pitr-time "$at"
  [ -z "$backup" ] || set -- --backup-id "$backup"
  attempt flyctl mpg restore "$cluster" "$@" --name "$copy" || explain 1 "the copy $copy could not be made. Run again: $again"
}

# create_database NAME: Fly's command gives the users of the cluster their rights in it; SQL would not.
create_database() {
  attempt flyctl mpg databases create "$cluster" --name "$1" || explain 1 "the database $1 could not be made. Run again: $again"
}

# switch_to_database NAME
switch_to_database() {
  switch_over "fly mpg connect $cluster --database $1" "these two lines with the password that $variable has now" \
    "$variable=postgresql://$user:PASSWORD@pgbouncer.$cluster.flympg.net/$1" \
    "$direct_variable=postgresql://$user:PASSWORD@direct.$cluster.flympg.net/$1"
  keep_notice "$1"
}

# switch_to_copy NAME
switch_to_copy() {
  say "Fly fills the new cluster $1 in the background. Wait until it is ready: fly mpg list --org $org"
  switch_over "fly mpg connect NEW_CLUSTER_ID" "two lines with the URLs that its page on the dashboard has under Connect, the pooled and the direct one" \
    "$variable=POOLED_URL" \
    "$direct_variable=DIRECT_URL"
  say "On the dashboard, set its pooler to the mode that the old one has.
The old cluster $cluster stays, and is billed, until you run: fly mpg destroy $cluster"
}
