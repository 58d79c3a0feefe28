# Neon: how ops/backup, ops/restore and ops/database reach it, and what Neon itself keeps and brings back. The files for other
# providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Neon"
pooler=transaction

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    *.neon.tech) ;;
    *) return 1 ;;
  esac
}

# A dump needs one session from its beginning to its end, so it goes past the pooler; and it crosses the internet, so
# the certificate is verified, which sslmode=require would not do.
reach() {
  PGHOST=$(printf %s "${host:-HOST.REGION.aws.neon.tech}" | sed 's/^\([^.]*\)-pooler\./\1./')
  host=$PGHOST
  PGSSLMODE=require
  for bundle in "${PGSSLROOTCERT:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ "$PGSSLMODE" = require ] && [ -f "$bundle" ]; then
      PGSSLROOTCERT=$bundle
      PGSSLMODE=verify-full
    fi
  done
  export PGSSLMODE PGSSLROOTCERT
}

# pooler_notice: what the pooled address cannot do.
pooler_notice() {
  say "pooler       the address with -pooler is in transaction mode: no LISTEN and NOTIFY (Oban: use Oban.Notifiers.PG where
             machines are clustered), no session advisory locks, no SET that lasts; the address without -pooler has them"
}

need_provider() {
  need neonctl "ask Neon for its backups; install it with: npm install --global neonctl, then: neonctl auth (in CI: set NEON_API_KEY)"
  [ -n "$dry_run" ] || neonctl me >/dev/null 2>&1 || fail 3 "nobody is logged in to Neon; type: neonctl auth (in CI: set NEON_API_KEY)"
}

# neon WORDS…: neonctl finds the project by itself where there is one only.
neon() {
  if [ -n "${NEON_PROJECT_ID:-}" ]; then
    set -- "$@" --project-id "$NEON_PROJECT_ID"
  fi
  run neonctl "$@"
}

# Beside its snapshots Neon keeps a history to go back in: 6 hours on the Free plan, 1 day on others, more if you
# said so and pay for it.
list_backups() {
  neon snapshots list
}

# newest_backup: when the newest snapshot was made, RFC 3339; nothing when there is none.
newest_backup() {
  neon snapshots list --output json >"$work/snapshots" ||
    fail 1 "neonctl cannot list the snapshots; with several projects say which: NEON_PROJECT_ID=…"
  [ -n "$dry_run" ] || jq -r 'map(.created_at) | max // empty' "$work/snapshots"
}

create_backup() {
  neon snapshots create
}

# restore_at_provider: into a new branch, which shares what has not changed and so costs little.
restore_at_provider() {
  if [ -n "$at" ]; then
    neon branches create --name "$copy" --parent "$at" --no-secrets
  else
    neon snapshots restore "$backup" --name "$copy"
  fi
}

# create_database NAME
create_database() {
  printf '+ %s\n' "psql: create database \"$1\"" >&2
  [ -n "$dry_run" ] || sql "create database \"$1\"" 2>"$work/refused" ||
    fail 3 "$user may not make a database: $(tail -n 1 "$work/refused")
Make it yourself: neonctl databases create --name $1 --owner-name $user, and repeat this with --into=$1"
}

# switch_to_database NAME
switch_to_database() {
  cat <<EOF

To let $environment use $1:
  1. Look at it:      psql "\$(neonctl connection-string --database-name $1)"
  2. Give its URL:    fly secrets import -a $app
     Type these two lines with the password that DATABASE_URL has now, then Ctrl-D. Every machine restarts.
       DATABASE_URL=postgresql://$user:PASSWORD@$(printf %s "$host" | sed 's/\./-pooler./')/$1?sslmode=require
       DIRECT_DATABASE_URL=postgresql://$user:PASSWORD@$host/$1?sslmode=require
  3. See it answer:   curl -fsS https://$hostname$health/readyz
What was written to $database_name since the dump is not in $1. Keep $database_name until nobody misses anything.
EOF
}

# switch_to_copy NAME
switch_to_copy() {
  cat <<EOF

To let $environment use the branch $1:
  1. Look at it:      neonctl psql $1
  2. Give its URLs:   printf 'DATABASE_URL=%s\nDIRECT_DATABASE_URL=%s\n' "\$(neonctl connection-string $1 --pooled)" "\$(neonctl connection-string $1)" | fly secrets import -a $app
     Every machine restarts. Add --database-name and --role-name if the project has several.
  3. See it answer:   curl -fsS https://$hostname$health/readyz
The old branch stays until you delete it. Make $1 the default branch when you are sure: neonctl branches set-default $1
EOF
}
