# Fly Postgres, unmanaged: how ops/backup, ops/restore and ops/database reach it, and what Fly itself keeps and brings back. The files
# for other providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Fly Postgres"
pooler=

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    *.flycast | *.internal) ;;
    *) return 1 ;;
  esac
}

# server_app: the app that the database runs in. It is in the host's name, whichever of the two kinds that is.
server_app() {
  case $host in
    *.flycast) database_app=${host%.flycast} ;;
    *.internal)
      database_app=${host%.internal}
      database_app=${database_app##*.}
      ;;
    *) database_app=$database_server ;;
  esac
}

# Port 5432 leads to the leader; 5433 is whichever machine answers, and may be a replica.
reach() {
  [ -n "$dry_run" ] || need_fly
  server_app
  open_tunnel flyctl proxy "$proxy_port:5432" --app "$database_app"
}

# pooler_notice: what the pooled address cannot do.
pooler_notice() {
  say "pooler       none; every connection is one of the server's"
}

need_provider() {
  need_fly
  server_app
  say "$provider is not managed: Fly does not support it, and its snapshots of the volume are kept for 5 days unless you changed that." >&2
}

# volumes: the ids of the volumes of the database's machines.
volumes() {
  printf '+ %s\n' "flyctl volumes list --app $database_app --json" >&2
  if [ -n "$dry_run" ]; then
    echo VOLUME_ID
    return 0
  fi
  need jq "read what flyctl answers"
  flyctl volumes list --app "$database_app" --json >"$work/volumes" ||
    fail 1 "there is no app $database_app with a database; its name is in ops/settings.sh, and: fly postgres list"
  jq -r '.[].id' "$work/volumes"
}

# archives: whether WAL backups are switched on, without which there is no way back to a point in time.
archives() {
  [ -n "$dry_run" ] || flyctl postgres backup list --app "$database_app" >"$work/archive" 2>&1
}

list_backups() {
  for volume in $(volumes); do
    run flyctl volumes snapshots list "$volume" --app "$database_app"
  done
  run flyctl postgres backup list --app "$database_app" ||
    say "To keep more than snapshots: fly postgres backup enable -a $database_app"
}

# newest_backup: when the newest snapshot was made, RFC 3339; nothing when there is none.
newest_backup() {
  for volume in $(volumes); do
    printf '+ %s\n' "flyctl volumes snapshots list $volume --app $database_app --json" >&2
    [ -z "$dry_run" ] || return 0
    flyctl volumes snapshots list "$volume" --app "$database_app" --json >>"$work/snapshots" ||
      fail 1 "flyctl cannot list the snapshots of $volume; see above"
  done
  jq -rs '[.[][]? | select(.status == "created") | .created_at] | max // empty' "$work/snapshots" 2>/dev/null || :
}

create_backup() {
  if archives; then
    run flyctl postgres backup create --app "$database_app"
  else
    for volume in $(volumes); do
      run flyctl volumes snapshots create "$volume" --app "$database_app"
    done
  fi
}

# restore_at_provider: into a new app. A snapshot is the whole volume; a point in time needs WAL backups.
restore_at_provider() {
  case $backup in
    vs_*) restore_snapshot ;;
    *)
      archives || fail 1 "$database_app keeps no WAL backups, so only a snapshot can be restored: ops/backup $environment --list, then --backup=vs_…
To have them from now on: fly postgres backup enable -a $database_app"
      if [ -n "$at" ]; then
        run flyctl postgres backup restore "$copy" --app "$database_app" --restore-target-time "$at"
      else
        run flyctl postgres backup restore "$copy" --app "$database_app" --restore-target-name "$backup"
      fi
      ;;
  esac
}

# The new server must be of the same kind and have a volume that is large enough.
restore_snapshot() {
  image=IMAGE
  gigabytes=GB
  if [ -z "$dry_run" ]; then
    volumes >/dev/null
    image=$(flyctl machine list --app "$database_app" --json | jq -r '.[0].image_ref | "\(.registry)/\(.repository):\(.tag)"')
    gigabytes=$(jq -r 'map(.size_gb) | max' "$work/volumes")
  fi
  run flyctl postgres create --name "$copy" --org "$org" --region "$region" --initial-cluster-size 1 \
    --vm-size shared-cpu-1x --volume-size "$gigabytes" --snapshot-id "$backup" --image-ref "$image"
}

# create_database NAME
create_database() {
  printf '+ %s\n' "psql: create database \"$1\"" >&2
  [ -n "$dry_run" ] || sql "create database \"$1\"" 2>"$work/refused" ||
    fail 3 "$user may not make a database: $(tail -n 1 "$work/refused")
Make it as the server's owner: fly postgres connect -a $database_app, then CREATE DATABASE \"$1\" OWNER \"$user\"; and repeat this with --into=$1"
}

# switch_to_database NAME
switch_to_database() {
  cat <<EOF

To let $environment use $1:
  1. Look at it:      fly postgres connect -a $database_app --database $1
  2. Give its URL:    fly secrets import -a $app
     Type this line with the password that DATABASE_URL has now, then Ctrl-D. Every machine restarts.
       DATABASE_URL=postgres://$user:PASSWORD@$database_app.flycast:5432/$1?sslmode=disable
  3. See it answer:   curl -fsS https://$hostname$health/readyz
What was written to $database_name since the dump is not in $1. Keep $database_name until nobody misses anything.
EOF
}

# switch_to_copy NAME
switch_to_copy() {
  cat <<EOF

To let $environment use the server $1, which has the users and passwords of the old one:
  1. Look at it:      fly postgres connect -a $1
  2. Give its URL:    fly secrets import -a $app
     Type this line with the user, password and database that DATABASE_URL has now, then Ctrl-D. Every machine restarts.
       DATABASE_URL=postgres://USER:PASSWORD@$1.flycast:5432/DATABASE?sslmode=disable
  3. See it answer:   curl -fsS https://$hostname$health/readyz
The old server $database_app stays, and is billed, until you say: fly apps destroy $database_app
EOF
}
