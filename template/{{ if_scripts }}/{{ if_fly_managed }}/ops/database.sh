# Fly Managed Postgres: how ops/backup, ops/restore and ops/database reach it, and what Fly itself keeps and brings back. The files
# for other providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Fly Managed Postgres"
pooler=transaction
cluster=

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    direct.*.flympg.net | pgbouncer.*.flympg.net) ;;
    *) return 1 ;;
  esac
}

# The proxy leads past the pooler: a dump needs one session from its beginning to its end.
reach() {
  [ -n "$dry_run" ] || need_fly
  find_cluster
  open_tunnel flyctl mpg proxy "$cluster" --local-port "$proxy_port"
}

# find_cluster: the id is in the host's name; without a URL it is the cluster that is attached to the app.
find_cluster() {
  cluster=${host#*.}
  cluster=${cluster%.flympg.net}
  [ -z "$cluster" ] || return 0
  if [ -n "$dry_run" ]; then
    cluster=CLUSTER_ID
    return 0
  fi
  need jq "read what flyctl answers"
  cluster=$(flyctl mpg list --org "$org" --json |
    jq -r --arg app "$app" '[.[] | select(any(.attached_apps[]?; .name == $app)) | .id] | first // empty' 2>/dev/null) || cluster=
  [ -n "$cluster" ] || fail 3 "no Managed Postgres cluster of the organization $org is attached to $app.
See: fly mpg list --org $org, and attach it: fly mpg attach CLUSTER_ID -a $app"
}

# pooler_notice: what the pooled address cannot do. Its mode is known to the dashboard alone.
pooler_notice() {
  say "pooler       pgbouncer.$cluster.flympg.net; its mode is on the dashboard, below Connect. Transaction mode, the one for
             many connections, has no LISTEN and NOTIFY (Oban: use Oban.Notifiers.PG where machines are clustered),
             no session advisory locks, no SET that lasts and no prepared statements by name; direct.$cluster.flympg.net has"
}

need_provider() {
  need_fly
  find_cluster
}

# Without --all it would list the last 24 hours only.
list_backups() {
  run flyctl mpg backup list "$cluster" --all
}

# newest_backup: when the newest finished one ended, RFC 3339; nothing when there is none.
newest_backup() {
  printf '+ %s\n' "flyctl mpg backup list $cluster --all --json" >&2
  [ -z "$dry_run" ] || return 0
  flyctl mpg backup list "$cluster" --all --json >"$work/backups" || fail 1 "flyctl cannot list the backups of cluster $cluster; see above"
  # Where there is none, flyctl answers with a sentence even so.
  jq -r '[.[] | select((.stop // "") != "" and (.status | test("fail|error"; "i") | not)) | .stop] | max // empty' \
    "$work/backups" 2>/dev/null || :
}

create_backup() {
  run flyctl mpg backup create "$cluster" --type full
}

# restore_at_provider: Fly restores into a new cluster, in the background.
restore_at_provider() {
  if [ -n "$at" ]; then
    run flyctl mpg restore "$cluster" --pitr-time "$at" --name "$copy"
  else
    run flyctl mpg restore "$cluster" --backup-id "$backup" --name "$copy"
  fi
}

# create_database NAME: Fly's command gives the users of the cluster their rights in it; SQL would not.
create_database() {
  run flyctl mpg databases create "$cluster" --name "$1"
}

# switch_to_database NAME
switch_to_database() {
  cat <<EOF

To let $environment use $1:
  1. Look at it:      fly mpg connect $cluster --database $1
  2. Give its URL:    fly secrets import -a $app
     Type these two lines with the password that DATABASE_URL has now, then Ctrl-D. Every machine restarts.
       DATABASE_URL=postgresql://$user:PASSWORD@pgbouncer.$cluster.flympg.net/$1
       DIRECT_DATABASE_URL=postgresql://$user:PASSWORD@direct.$cluster.flympg.net/$1
  3. See it answer:   curl -fsS https://$hostname$health/readyz
What was written to $database_name since the dump is not in $1. Keep $database_name until nobody misses anything.
EOF
}

# switch_to_copy NAME
switch_to_copy() {
  cat <<EOF

Fly fills the new cluster $1 in the background. To let $environment use it:
  1. Wait for ready:  fly mpg list --org $org
  2. Look at it:      fly mpg connect NEW_CLUSTER_ID
  3. Give its URLs:   fly secrets import -a $app
     Type two lines, then Ctrl-D: DATABASE_URL=… and DIRECT_DATABASE_URL=…, as its page on the dashboard has them
     under Connect, the pooled and the direct one. Every machine restarts.
  4. See it answer:   curl -fsS https://$hostname$health/readyz
  5. Set its pooler to the mode that the old one has, on the dashboard.
The old cluster $cluster stays, and is billed, until you say: fly mpg destroy $cluster
EOF
}
