# What ops/doctor, ops/deploy and ops/rollback know about a Next.js app. Sourced, never run. check_stack uses `note` and
# `setting` of ops/doctor.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

# migration_files: of the paths on stdin, prints those that are migrations, each behind its name and a tab: a file, or a
# folder with a migration.sql.
migration_files() {
  awk -v folder="${migrations_dir#./}/" 'index($0, folder) == 1 && /\.sql$/ {
    name = substr($0, length(folder) + 1)
    if (!sub(/\/migration\.sql$/, "", name)) sub(/\.sql$/, "", name)
    if (name !~ /\//) print name "\t" $0
  }'
}

# applied_migrations: of the output of the migration runner on stdin, prints the names of the applied migrations.
applied_migrations() {
  sed -n 's/^applied  *//p' | sed 's/\.sql$//'
}

# next_config KEY: prints the value of KEY in next.config, if it is a plain string on a line of its own.
next_config() {
  # Without what it spreads where a variable of the build says so: ...(process.env.A ? { … } : {}).
  cat "$app_dir"/next.config.* 2>/dev/null |
    sed -e '/\.\.\.( *!*process\.env\..*}/d' -e '/\.\.\.( *!*process\.env\./,/}/d' |
    sed -n "s/^ *$1 *: *[\"'\`]\([^\"'\`]*\)[\"'\`] *,\{0,1\} *\$/\1/p" | head -n 1
}

check_stack() {
  grep -qs '"next" *:' "$app_dir/package.json" ||
    note fail package "$app_dir/package.json does not name next among its dependencies"
  grep -qs '"build" *:' "$app_dir/package.json" ||
    note fail package "$app_dir/package.json has no script called build. Add: next build"
  grep -qs '"deploy:fly" *:' "$app_dir/package.json" ||
    note warn wiring "package.json lacks the script deploy:fly, ops/deploy production"

  lock=
  for file in $lock_files; do
    for folder in . "$app_dir"; do
      [ ! -f "$folder/$file" ] || lock=$folder/$file
    done
  done
  if [ -z "$lock" ]; then
    note fail lock "${lock_files%% *} is missing. Install the packages once and commit it"
  elif git check-ignore -q "$lock" 2>/dev/null; then
    note fail lock "git ignores $lock, so the image would be built from other versions than yours. Take it out of .gitignore, then run: git add $lock"
  else
    note ok lock "the image gets the versions of ${lock#./}"
  fi
  for file in package-lock.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb; do
    case " $lock_files " in
      *" $file "*) ;;
      *) [ ! -f "$file" ] || note warn lock "$file belongs to another package manager than the one that builds the image. Delete one of the two" ;;
    esac
  done

  case $(next_config output) in
    export) note fail next.config "output is export, which makes plain files and no server. Remove that line, or use a host for static files" ;;
  esac
  [ -z "$(next_config distDir)" ] || note fail next.config "distDir is set, but the image is made from .next. Remove that line"
  path=$(setting "$config" path)
  case $path in
    /livez | /readyz) note ok health "Fly asks $path, which the image answers before the app" ;;
    *) note fail health "Fly asks $path, but the image answers /livez and /readyz, whatever next.config says. Change path in $config" ;;
  esac
  [ -f fly/health.cjs ] ||
    note fail health "fly/health.cjs is missing. To see why, and to bring it back, run: ops/doctor --scaffold"

  if [ -n "$migrations_dir" ] && [ ! -d "$migrations_dir" ]; then
    note fail migrations "$migrations_dir is missing, so the database would have no tables. Make the first migration and commit it"
  fi
  case $(setting "$config" release_command) in
    *"npx prisma"*) note fail migrations "release_command in $config would download the newest Prisma, whatever its version. Use: node /migrate/migrate.mjs" ;;
  esac

  for name in $public_env; do
    [ -n "$(setting "$config" "$name")" ] || note fail public-env "$name has no value in $config, below [build.args]"
  done
  lacking=
  for name in $(git grep -hoE 'NEXT_PUBLIC_[A-Z0-9_]+' -- '*.js' '*.jsx' '*.ts' '*.tsx' '*.mjs' 2>/dev/null | sort -u); do
    grep -q "^ARG $name\$" Dockerfile 2>/dev/null || lacking="$lacking $name"
  done
  [ -z "$lacking" ] ||
    note warn public-env "the code reads$lacking, but the image is built without a value. Add what it needs: $new_answer public_env"
  while IFS= read -r file; do
    case $file in
      '' | *.example | *.sample | *.template) ;;
      *) note warn env "$file is in git but never in the image. Give its values as public_env, extra_env or secrets" ;;
    esac
  done <<EOF
$(git ls-files -- '.env*' '*/.env*' 2>/dev/null || true)
EOF
}
