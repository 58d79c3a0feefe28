# Fly Postgres, unmanaged: how ops/setup makes the database, how the other scripts reach it, and which backups Fly itself keeps and
# restores. The files for other providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Fly Postgres"
pooler=
server=

# --- For ops/setup ----------------------------------------------------------------------------------------

plan_database() {
  [ -n "$logged_out" ] || ! has apps Name "$database_server" || server=1
  # flyctl makes the app before its machine.
  if [ -n "$server" ] && ! has_secret DATABASE_URL; then
    list_fly servers flyctl machine list --app "$database_server"
    ! jq -e '. == []' "$scratch/servers" >/dev/null ||
      fail 3 "$database_server has no machine, so the run that made it ended half-way. See whether it has a volume with data: fly volumes list -a $database_server. If not, remove it: fly apps destroy $database_server --yes, then: $again"
  fi
  [ -n "$server" ] || todo "make the Postgres server $database_server in $database_region (an app of its own, yours to look after)" make_database
  if ! has_secret DATABASE_URL; then
    todo "attach $database_server to $app, which sets DATABASE_URL" attach_database
  elif ! jq -e '. != []' "$scratch/fleet" >/dev/null; then
    # The answer of an earlier attach may have been lost, and with it the step after it.
    steps="${steps}give_database$newline"
  fi
}

make_database() {
  [ "$environment" != production ] || rename="copier update --trust -A -r :current: --ask database_name"
  # It prints the password of the server's administrator.
  hidden flyctl postgres create --name "$database_server" --org "$org" --region "$database_region" \
    --initial-cluster-size 1 --vm-size shared-cpu-1x --volume-size 1 || {
    see_owner "$database_server"
    explain 1 "the database could not be made. See: fly postgres list, then run again: $again"
  }
  later "if you need the password of the server's administrator: fly ssh console -a $database_server -C 'printenv OPERATOR_PASSWORD'"
}

# app_user: prints the name that attach gives the app's user and database.
app_user() {
  printf %s "$app" | tr - _
}

attach_database() {
  # It prints the app's password.
  hidden flyctl postgres attach "$database_server" --app "$app" --superuser=false --yes || {
    case $(complaint) in
      *"database user"*"already exists"*)
        fail 3 "$database_server has the user $(app_user) already, whose password is lost if an earlier run ended half-way. Drop it (Postgres refuses while it owns anything): fly postgres connect -a $database_server, and there: DROP USER \"$(app_user)\"; Then run: $again" ;;
      *"not compatible with this image"* | *"not a postgres app"*)
        fail 3 "$database_server is no Postgres server that flyctl knows. See what it is: fly status -a $database_server. Choose another name: copier update --trust -A -r :current: --ask $([ "$environment" = production ] && echo database_name || echo environments). Or, if nothing of yours is in it: fly apps destroy $database_server --yes, then: $again" ;;
    esac
    explain 1 "the database could not be attached. Run again: $again"
  }
  give_database
}

# give_database: makes the app's user the owner of the app's database. Attached without the rights of a superuser it may make
# tables there, but no extension, which a migration of phx.gen.auth makes (citext), and no schema, which Drizzle makes.
give_database() {
  name=$(app_user)
  statement="ALTER DATABASE \"$name\" OWNER TO \"$name\";"
  printf '+ %s\n' "flyctl postgres connect --app $database_server  # $statement" >&2
  [ -z "$dry_run" ] || return 0
  # psql on the server takes what is piped as if it were typed, so it is told to end, and its status says nothing.
  printf '%s\n\\q\n' "$statement" | flyctl postgres connect --app "$database_server" >"$scratch/owner" 2>&1 || echo ERROR >>"$scratch/owner"
  ! grep -q ERROR "$scratch/owner" ||
    later "let the migrations make extensions and schemas: fly postgres connect -a $database_server, and there: $statement"
}

# --- Reaching it ------------------------------------------------------------------------------------------

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    *.flycast | *.internal) ;;
    *) return 1 ;;
  esac
}

# find_server: sets $database_app to the app that the database runs in; its name is in the host of the URL.
find_server() {
  case $host in
    *.flycast) database_app=${host%.flycast} ;;
    *.internal)
      database_app=${host%.internal}
      database_app=${database_app##*.}
      ;;
    *) database_app=$database_server ;;
  esac
  missing_app="Fly shows no app $database_app, which should be the database. See: fly postgres list"
}

# reach: port 5432 leads to the leader; 5433 leads to any machine, which may be a replica.
reach() {
  need_fly
  find_server
  open_tunnel flyctl proxy "$proxy_port:5432" --app "$database_app"
}

# pooler_notice: what the pooled address cannot do; and how full the disk is, which here is the user's own to look after.
pooler_notice() {
  say "pooler       none; every connection is one of the server's"
  NO_COLOR=1 flyctl ssh console --app "$database_app" --quiet --command "df -Pk /data" </dev/null >"$scratch/disk" 2>"$scratch/complaint" || :
  awk '$NF == "/data" { printf "disk         %d of %d MB in use (%s); see docs/fly/backup-and-restore.md before it is full\n", $3 / 1024, $2 / 1024, $5; found = 1 }
    END { exit !found }' "$scratch/disk" || say "disk         unknown. See: fly ssh console -a $database_app -C 'df -h /data'"
}

# --- Backups of the provider ------------------------------------------------------------------------------

need_provider() {
  need_fly
  find_server
  say "$provider is not managed: Fly does not support it, and keeps the snapshots of its volume for 5 days unless you change that." >&2
}

# list_volumes: writes the ids of the volumes of the database's machines into $scratch/volume_ids.
list_volumes() {
  printf '+ %s\n' "flyctl volumes list --app $database_app --json" >&2
  if [ -n "$dry_run" ]; then
    echo VOLUME_ID >"$scratch/volume_ids"
    return 0
  fi
  list_fly volumes flyctl volumes list --app "$database_app"
  jq -r '.[].id' "$scratch/volumes" >"$scratch/volume_ids"
  [ -s "$scratch/volume_ids" ] || fail 1 "$database_app has no volume. Is it the app of the database? See: fly postgres list"
}

# has_wal_backups: whether they are switched on, with their list in $scratch/archive; without them there is no way back to a
# point in time. Ends the script if Fly does not answer.
has_wal_backups() {
  printf '+ %s\n' "flyctl postgres backup list --app $database_app" >&2
  if [ -n "$dry_run" ]; then
    : >"$scratch/archive"
    return 0
  fi
  # flyctl takes them for enabled as soon as their secret is stored, though the servers do not have it yet.
  list_fly server_secrets flyctl secrets list --app "$database_app"
  wal_waits=
  ! jq -e 'any(.[]; .name == "S3_ARCHIVE_CONFIG" and .status == "Staged")' "$scratch/server_secrets" >/dev/null || wal_waits=1
  [ -z "$wal_waits" ] || return 1
  NO_COLOR=1 flyctl postgres backup list --app "$database_app" >"$scratch/archive" 2>"$scratch/complaint" && return 0
  grep -qE 'not enabled|only supported' "$scratch/complaint" || explain 1 "flyctl could not list the WAL backups of $database_app. Run again: $again"
  return 1
}

enable_wal_backups() {
  how="fly secrets deploy -a $database_app"
  [ -n "$wal_waits" ] || how="fly postgres backup enable -a $database_app, then: $how"
  say "WAL backups, for any point in time, are not switched on. To have them: $how
A server with less than 512 MB needs more memory first: fly machine update MACHINE_ID --vm-memory 512 -a $database_app"
}

list_backups() {
  list_volumes
  while read -r volume <&3; do
    attempt flyctl volumes snapshots list "$volume" --app "$database_app" || explain 1 "the snapshots could not be listed. Run again: $again"
  done 3<"$scratch/volume_ids"
  if has_wal_backups; then
    cat "$scratch/archive"
  else
    enable_wal_backups
  fi
}

# newest_backup: sets $newest to the time of the newest snapshot, RFC 3339; to nothing where there is none.
newest_backup() {
  list_volumes
  : >"$scratch/snapshots"
  while read -r volume <&3; do
    look_at flyctl volumes snapshots list "$volume" --app "$database_app" || return 0
    cat "$scratch/backups" >>"$scratch/snapshots"
  done 3<"$scratch/volume_ids"
  newest=$(jq -rs '[.[][] | select(.status == "created") | .created_at] | max // ""' "$scratch/snapshots")
}

create_backup() {
  if has_wal_backups; then
    attempt flyctl postgres backup create --app "$database_app" || explain 1 "there may be no new backup. See: ops/backup $which --list"
    return
  fi
  list_volumes
  while read -r volume <&3; do
    attempt flyctl volumes snapshots create "$volume" --app "$database_app" ||
      explain 1 "there may be no new snapshot. See: ops/backup $which --list"
  done 3<"$scratch/volume_ids"
}

# restore_at_provider: into a new app. A snapshot is the whole volume; a point in time needs WAL backups.
restore_at_provider() {
  taken=
  if [ -z "$dry_run" ]; then
    list_fly apps flyctl apps list --org "$org"
    ! has apps Name "$copy" || taken=1
  fi
  case $backup in
    vs_*)
      restore_snapshot
      return
      ;;
  esac
  has_wal_backups || fail 1 "$database_app keeps no WAL backups, so only a snapshot can be restored: ops/backup $which --list, then --backup=vs_…
$(enable_wal_backups)"
  set -- --restore-target-time "$at"
  [ -z "$backup" ] || set -- --restore-target-name "$backup"
  # It prints the password of the new server.
  hidden flyctl postgres backup restore "$copy" --app "$database_app" "$@" || restore_failed
  check_copy
}

# restore_snapshot: the new server must be of the same kind and have a volume that is large enough.
restore_snapshot() {
  image=IMAGE
  gigabytes=GB
  if [ -z "$dry_run" ]; then
    list_volumes
    gigabytes=$(jq -r 'map(.size_gb) | max' "$scratch/volumes")
    list_fly servers flyctl machine list --app "$database_app"
    image=$(jq -r '.[0].image_ref // {} | select(.repository and .tag) | "\(.registry)/\(.repository):\(.tag)"' "$scratch/servers")
    [ -n "$image" ] || fail 1 "no machine of $database_app tells its image, which the new server needs. See: fly machine list -a $database_app"
  fi
  # It prints the password of the new server.
  hidden flyctl postgres create --name "$copy" --org "$org" --region "$database_region" --initial-cluster-size 1 \
    --vm-size shared-cpu-1x --volume-size "$gigabytes" --snapshot-id "$backup" --image-ref "$image" || restore_failed
  check_copy
}

restore_failed() {
  [ -z "$taken" ] || fail 1 "there is an app $copy already, perhaps the copy of an earlier try. See: fly status -a $copy
For another one give another name with --name=NAME"
  rename="ops/restore $which --name=NAME, with --at or --backup as before"
  explain 1 "the server $copy could not be made, or not wholly. Run: fly apps destroy $copy, then: $again"
}

# check_copy: flyctl reports success even if the machine of the new server could not be launched.
check_copy() {
  [ -z "$dry_run" ] || return 0
  missing_app="the app $copy does not exist, so nothing was restored. Run again: $again"
  list_fly copies flyctl machine list --app "$copy"
  jq -e '. != []' "$scratch/copies" >/dev/null ||
    fail 1 "the app $copy has no machine, so nothing was restored. Run: fly apps destroy $copy, then: $again"
}

# create_database NAME
create_database() {
  create_by_sql "$1" "fly postgres connect -a $database_app, then CREATE DATABASE \"$1\" OWNER \"$user\";"
}

# switch_to_database NAME
switch_to_database() {
  switch_over "fly postgres connect -a $database_app --database $1" "this line with the password that $variable has now" \
    "$variable=postgres://$user:PASSWORD@$database_app.flycast:5432/$1?sslmode=disable"
  keep_notice "$1"
}

# switch_to_copy NAME: the new server has the users and passwords of the old one.
switch_to_copy() {
  switch_over "fly postgres connect -a $1" "this line with the user, password and database that $variable has now" \
    "$variable=postgres://USER:PASSWORD@$1.flycast:5432/DATABASE?sslmode=disable"
  say "The old server $database_app stays, and is billed, until you run: fly apps destroy $database_app"
}
