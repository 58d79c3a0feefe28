# What ops/doctor, ops/deploy and ops/rollback know about a Phoenix app. Sourced, never run. check_stack uses `note` and
# `setting` of ops/doctor.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

# migration_files: of the paths on stdin, prints those that are migrations, each behind its VERSION_NAME and a tab.
migration_files() {
  sed -n 's|^\(\(.*/\)\{0,1\}priv/[^/]*/migrations/\(.*/\)\{0,1\}\([0-9]\{1,\}_[^/]*\)\.exs\)$|\4	\1|p'
}

# applied_migrations: of the output of /app/bin/status on stdin, prints the applied migrations as VERSION_NAME, or as VERSION_
# where that image has no file for one.
applied_migrations() {
  awk '{ for (i = 1; i < NF; i++) if ($i == "up" && $(i + 1) ~ /^[0-9]+$/) print $(i + 1) "_" ($(i + 2) ~ /^\*/ ? "" : $(i + 2)) }'
}

check_stack() {
  if grep -qE '"(rel/releases|/fly)\.exs"' "$app_dir/mix.exs" 2>/dev/null; then
    note ok wiring "the release reads rel/overlays/fly.exs"
  else
    note fail wiring 'mix.exs lacks, in the list of def project: releases: elem(Code.eval_file("rel/releases.exs"), 0),'
  fi
  if [ -n "$(find "$app_dir/lib" "$app_dir/apps" -name '*.ex' -exec grep -lE "^ *plug[ (]+$health_plug" {} + 2>/dev/null)" ]; then
    note ok wiring "the endpoint answers health checks"
  else
    note fail wiring "$endpoint_module lacks the line: plug $health_plug, directly below use Phoenix.Endpoint"
  fi
  if [ ! -f "$app_dir/mix.lock" ]; then
    note fail lock "mix.lock is missing. Run: mix deps.get, and commit it"
  elif git check-ignore -q "$app_dir/mix.lock" 2>/dev/null; then
    note fail lock "git ignores mix.lock, so the image would be built from other versions than yours. Take it out of .gitignore, then run: git add $app_dir/mix.lock"
  fi
  # The release leaves out a child app that it does not name.
  for mix in "$app_dir"/apps/*/mix.exs; do
    child=$(basename "${mix%/mix.exs}")
    if [ "$stack" = umbrella ] && [ -f "$mix" ] && ! grep -q "^ *$child: :permanent" "$app_dir/rel/releases.exs" 2>/dev/null; then
      note warn children "the release does not start apps/$child. If it should: $new_answer release_apps"
    fi
  done
}
