# Neon: how ops/setup makes the database, how the other scripts reach it, and which backups Neon itself keeps and
# restores. The files for other providers have the same functions. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

provider="Neon"
pooler=transaction
# The branch of the database. Production uses the default branch of the project, any other environment the branch of its name.
branch=${NEON_BRANCH:-}
[ "$environment" = production ] || branch=${NEON_BRANCH:-$environment}

# --- For ops/setup ----------------------------------------------------------------------------------------

plan_database() {
  for name in DATABASE_URL DIRECT_DATABASE_URL; do
    has_secret "$name" || todo "ask for $name, which Neon's console shows under Connect" ask_url "$name"
  done
}

ask_url() {
  ask_secret "$1" "the connection string that Neon's console shows under Connect${branch:+, for the branch $branch}, $([ "$1" = DATABASE_URL ] && echo with || echo without) -pooler in its host"
}

# --- Reaching it ------------------------------------------------------------------------------------------

# own_host HOST: whether a URL with this host leads to this provider.
own_host() {
  case $1 in
    *.neon.tech) ;;
    *) return 1 ;;
  esac
}

# reach: goes past the pooler, because a dump needs one session from beginning to end. The connection crosses the internet,
# so the certificate is verified, which sslmode=require would not do.
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

# --- Backups of the provider ------------------------------------------------------------------------------

need_provider() {
  need neonctl "Install it: npm install --global neonctl, then run: neonctl auth (in CI: set NEON_API_KEY)"
  [ -n "$dry_run" ] || neonctl me >/dev/null 2>"$scratch/refused" ||
    fail 3 "neonctl does not tell who is logged in: $(grep . "$scratch/refused" | tail -n 1). Run: neonctl auth (in CI: set NEON_API_KEY), then: $again"
}

# neon WORDS…: runs neonctl, which finds the project by itself where there is one only. Ends the script if it fails.
neon() {
  [ -z "${NEON_PROJECT_ID:-}" ] || set -- "$@" --project-id "$NEON_PROJECT_ID"
  run neonctl "$@" || fail 1 "neonctl failed, see above. With several projects, say which: NEON_PROJECT_ID=…. Then run again: $again"
}

# neon_json FILE WORDS…: writes the answer of neonctl into $scratch/FILE.
neon_json() {
  file=$scratch/$1
  shift
  neon "$@" --output json >"$file"
  [ -n "$dry_run" ] || jq -e . "$file" >/dev/null 2>&1 || fail 1 "neonctl printed something else than JSON. Run it yourself: neonctl $*, then: $again"
}

# Beside its snapshots Neon keeps a history to go back in: 6 hours on the Free plan, 1 day on others, more if you set and
# pay for it. It takes snapshots by itself only on a schedule: neonctl snapshots schedule set --frequency daily --hour 3
list_backups() {
  neon snapshots list
}

# newest_backup: sets $newest to the time of the newest snapshot of the branch, RFC 3339; to nothing where there is none. The
# fields are those of https://neon.com/docs/reference/api/snapshots/list-snapshots
newest_backup() {
  id=
  if [ -n "$branch" ]; then
    neon_json branch branches get "$branch"
    [ -n "$dry_run" ] || id=$(jq -r .id "$scratch/branch")
  fi
  neon_json snapshots snapshots list
  [ -n "$dry_run" ] || newest=$(jq -r --arg id "$id" 'map(select($id == "" or .source_branch_id == $id) | .created_at) | max // ""' "$scratch/snapshots")
}

create_backup() {
  set -- snapshots create
  [ -z "$branch" ] || set -- "$@" --branch "$branch"
  neon "$@"
}

# restore_at_provider: into a new branch, which shares what has not changed and so costs little. The answer of an earlier try
# may have been lost, and its copy may not have come to its time.
restore_at_provider() {
  [ -n "$dry_run" ] || ! neonctl branches get "$copy" ${NEON_PROJECT_ID:+--project-id "$NEON_PROJECT_ID"} >/dev/null 2>&1 ||
    fail 1 "there is a branch $copy already. For another one give another name with --name=NAME. If it is the copy of an earlier try, run:
neonctl branches delete $copy${NEON_PROJECT_ID:+ --project-id $NEON_PROJECT_ID} && $again"
  if [ -n "$backup" ]; then
    neon snapshots restore "$backup" --name "$copy"
  elif [ -z "$branch" ]; then
    neon branches create --name "$copy" --parent "$at" --no-secrets
  else
    # A new branch has a time only of the default branch, so it gets the time of this one in a second step.
    neon branches create --name "$copy" --parent "$branch" --no-secrets
    neon branches restore "$copy" "$branch@$at"
  fi
}

# create_database NAME
create_database() {
  create_by_sql "$1" "neonctl databases create --name $1 --owner-name $user${branch:+ --branch $branch}"
}

# switch_to_database NAME
switch_to_database() {
  switch_over "psql \"\$(neonctl connection-string ${branch:+$branch }--database-name $1)\"" "these two lines with the password that $variable has now" \
    "$variable=postgresql://$user:PASSWORD@$(printf %s "$host" | sed 's/\./-pooler./')/$1?sslmode=require" \
    "$direct_variable=postgresql://$user:PASSWORD@$host/$1?sslmode=require"
  keep_notice "$1"
}

# switch_to_copy NAME
switch_to_copy() {
  switch_over "neonctl psql $1" "these two lines with what each command prints (--database-name and --role-name choose among several)" \
    "$variable=\$(neonctl connection-string $1 --pooled)" \
    "$direct_variable=\$(neonctl connection-string $1)"
  say "The old branch stays until you delete it."
  [ -n "$branch" ] || say "When you are sure, make $1 the default branch: neonctl branches set-default $1"
}
