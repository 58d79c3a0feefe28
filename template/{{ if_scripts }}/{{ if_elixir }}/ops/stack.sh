# What ops/doctor and ops/deploy have to know of a Phoenix app. Sourced, never run; it has the settings, and for
# check_stack `note` and `setting`.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

# migration_files: of the paths on stdin those that are migrations, each behind its version, name and a tab.
migration_files() {
  sed -n 's|^\(\(.*/\)\{0,1\}priv/[^/]*/migrations/\(.*/\)\{0,1\}\([0-9]\{1,\}_[^/]*\)\.exs\)$|\4	\1|p'
}

# applied_migrations: of what /app/bin/status says on stdin what the database has, as VERSION_NAME; as VERSION_ where
# that image has no file for it.
applied_migrations() {
  awk '{ for (i = 1; i < NF; i++) if ($i == "up" && $(i + 1) ~ /^[0-9]+$/) print $(i + 1) "_" ($(i + 2) ~ /^\*/ ? "" : $(i + 2)) }'
}

check_stack() {
  if grep -q 'rel/releases.exs' "$app_dir/mix.exs" 2>/dev/null; then
    note ok wiring "mix.exs uses rel/releases.exs"
  else
    note fail wiring 'mix.exs lacks, in the list of def project: releases: elem(Code.eval_file("rel/releases.exs", __DIR__), 0),'
  fi
  if [ -n "$(find "$app_dir/lib" "$app_dir/apps" -name '*.ex' -exec grep -l "^ *plug $health_plug" {} + 2>/dev/null)" ]; then
    note ok wiring "the endpoint answers health checks"
  else
    note fail wiring "$endpoint_module lacks the line: plug $health_plug, directly below use Phoenix.Endpoint"
  fi
  if [ ! -f "$app_dir/mix.lock" ]; then
    note fail lock "mix.lock is missing; type: mix deps.get, and commit it"
  elif git check-ignore -q "$app_dir/mix.lock" 2>/dev/null; then
    note fail lock "mix.lock is ignored by git; the image would be built from other versions than yours; take it out of .gitignore, and type: git add $app_dir/mix.lock"
  fi
  [ "$stack" != umbrella ] || check_children
}

# A child app that nothing names is left out of the release without a word.
check_children() {
  for mix in "$app_dir"/apps/*/mix.exs; do
    [ -f "$mix" ] || continue
    child=${mix%/mix.exs}
    child=${child##*/}
    grep -q "^ *$child: :permanent" "$app_dir/rel/releases.exs" 2>/dev/null ||
      note warn children "apps/$child is not started by the release; if it should be: copier update --trust -A -r :current: --ask release_apps"
  done
}
