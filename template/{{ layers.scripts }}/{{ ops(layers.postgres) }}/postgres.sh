# What the scripts for the database share: finding it, reaching it, writing, reading and restoring a dump. What differs by
# provider is in ops/database.sh. Sourced after ops/lib.sh, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

# Not a port that flyctl's own proxies use by default.
proxy_port=${PROXY_PORT:-16543}
url=
host=

# begin [VARIABLE]: reads --variable, loads the provider's functions, and takes the URL, which VARIABLE or that one has, out
# of the environment, where the commands that are started would see it.
begin() {
  variable=$(option variable DATABASE_URL)
  case $variable in
    *[!A-Z0-9_]*) fail 2 "--variable takes the name of an environment variable, not $variable" ;;
    *DATABASE_URL) ;;
    *) fail 2 "--variable takes a name that ends with DATABASE_URL, not $variable" ;;
  esac
  # shellcheck source=ops/database.sh
  . "$root/ops/database.sh"
  umask 077
  scratch_folder
  # Commands that are printed, and the names of dumps, are for the same database.
  which=$environment
  dumps=$app
  if [ "$variable" != DATABASE_URL ]; then
    which="$environment --variable=$variable"
    dumps=$app-$variable
  fi
  variable=${1:-$variable}
  direct_variable=${variable%DATABASE_URL}DIRECT_DATABASE_URL
  names="$direct_variable $variable"
  for name in $names; do
    [ -n "$url" ] || url=$(printenv "$name" || :)
    unset "$name"
  done
}

need_postgres() {
  for tool in psql pg_dump pg_restore pg_isready; do
    need "$tool" "Install it: apt-get install postgresql-client (macOS: brew install libpq)"
  done
}

# --- Reaching the database ---------------------------------------------------------------------------------

# find_url: sets $url. It comes from this shell, so that a CI job can give it as a secret, or else from a machine of the
# app, because Fly shows the value of a secret to the app alone.
find_url() {
  url_from="$variable of this shell"
  if [ -z "$url" ] && [ -z "$dry_run" ]; then
    need_fly
    url_from="a machine of $app"
    for name in $names; do
      [ -z "$url" ] || break
      # printenv fails for a name that the machine does not have, which may be the first of the two.
      NO_COLOR=1 flyctl ssh console --app "$app" --quiet --command "printenv $name" >"$scratch/url" 2>"$scratch/complaint" || :
      url=$(tr -d '\r' <"$scratch/url" | sed -n '/^postgres[a-z]*:\/\//p' | tail -n 1)
      rm -f "$scratch/url"
    done
    [ -n "$url" ] || explain 3 "no machine of $app tells its $variable. Start one: fly machine start -a $app. Or give the URL to this shell: export $variable, without typing it into the command line"
  fi
}

# Splits a URL into its parts, a line for each. libpq could do that itself, but it takes a URL only as an argument, where
# every user of this machine can read it.
# shellcheck disable=SC2016 # awk's
split_url='
function bad(why) { print why; exit 1 }
function decode(text,   out, at, code) {
  while ((at = index(text, "%")) > 0) {
    code = 16 * (index(digits, toupper(substr(text, at + 1, 1))) - 1) + index(digits, toupper(substr(text, at + 2, 1))) - 1
    if (substr(text, at + 1, 2) !~ /^[0-9A-Fa-f][0-9A-Fa-f]$/ || code < 32) bad("has a % that is not followed by the code of a letter")
    out = out substr(text, 1, at - 1) sprintf("%c", code)
    text = substr(text, at + 3)
  }
  return out text
}
BEGIN { digits = "0123456789ABCDEF" }
{
  if ($0 !~ /^postgres(ql)?:\/\//) bad("does not begin with postgresql://")
  rest = substr($0, index($0, "://") + 3)
  if ((at = index(rest, "?")) > 0) { query = substr(rest, at + 1); rest = substr(rest, 1, at - 1) }
  if ((at = index(rest, "/")) == 0) bad("names no database")
  database = substr(rest, at + 1)
  rest = substr(rest, 1, at - 1)
  while ((at = index(rest, "@")) > 0) { account = account (account == "" ? "" : "@") substr(rest, 1, at - 1); rest = substr(rest, at + 1) }
  if ((at = index(account, ":")) > 0) { password = substr(account, at + 1); account = substr(account, 1, at - 1) }
  if (match(rest, /:[0-9]+$/)) { port = substr(rest, RSTART + 1); rest = substr(rest, 1, RSTART - 1) }
  gsub(/[][]/, "", rest)
  if (database == "" || rest == "" || account == "") bad("lacks a user, a host or a database")
  if (password == "") bad("has no password")
  count = split(query, pairs, "&")
  for (i = 1; i <= count; i++) {
    at = index(pairs[i], "=")
    value[substr(pairs[i], 1, at - 1)] = substr(pairs[i], at + 1)
  }
  print rest; print (port == "" ? 5432 : port); print decode(account); print decode(database)
  print decode(value["sslmode"]); print decode(value["channel_binding"]); print decode(password)
}'

# read_url: sets $host, $port, $user, $database_name, $sslmode and $channel_binding. The password goes into a file for
# libpq: arguments are visible to others, and the environment is passed on.
read_url() {
  if [ -z "$url" ]; then
    port=5432 user=USER database_name=DATABASE
    return 0
  fi
  parts=$(printf '%s\n' "$url" | LC_ALL=C awk "$split_url") || fail 1 "the URL in $url_from $parts"
  {
    read -r host
    read -r port
    read -r user
    read -r database_name
    read -r sslmode
    read -r channel_binding
    IFS= read -r password
  } <<EOF
$parts
EOF
  own_host "$host" || fail 1 "the URL in $url_from leads to $host, which is not $provider.
Give the right URL, or change the answer: copier update --trust -A -r :current: --ask database"
  printf '*:*:*:*:%s\n' "$(printf %s "$password" | sed 's/[\\:]/\\&/g')" >"$scratch/pgpass"
  url=
  password=
  parts=
}

# connect: reaches the server in the way of its provider, and checks that the tools here are new enough for it.
connect() {
  find_url
  read_url
  # What this shell has for other servers, such as PGHOSTADDR, would lead past the host below.
  for name in $(env | sed -n '/^PGSSLROOTCERT=/d; s/^\(PG[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
  PGHOST=$host PGPORT=$port PGUSER=$user PGDATABASE=$database_name PGPASSFILE=$scratch/pgpass
  PGCONNECT_TIMEOUT=20 PGAPPNAME=ops/${0##*/}
  export PGHOST PGPORT PGUSER PGDATABASE PGPASSFILE PGCONNECT_TIMEOUT PGAPPNAME
  [ -z "${sslmode:-}" ] || export PGSSLMODE="$sslmode"
  [ -z "${channel_binding:-}" ] || export PGCHANNELBINDING="$channel_binding"
  reach
  [ -z "$dry_run" ] || return 0
  server=$(sql "show server_version_num" 2>"$scratch/refused") && [ "$server" -gt 0 ] 2>>"$scratch/refused" ||
    fail 1 "$provider does not let $user in: $(tail -n 1 "$scratch/refused"). When that is fixed: $again"
  server=$((server / 10000))
  mine=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
  [ "$mine" -ge "$server" ] || fail 3 "pg_dump here is version $mine, too old for the server's version $server.
Install postgresql-client-$server or newer, and put its folder first in PATH"
}

# psql_quietly [OPTION…]: runs psql so that it prints bare rows and stops at the first error.
psql_quietly() {
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"
}

# sql STATEMENT [DATABASE]: prints bare rows.
sql() {
  printf '%s\n' "$1" | psql_quietly --dbname="${2:-$PGDATABASE}"
}

# database_size: of the database that `connect` reached, in words.
database_size() {
  sql "select pg_size_pretty(pg_database_size(current_database()))"
}

# in_background LOG COMMAND…: starts a command that ends with this script at the latest; sets $child.
in_background() {
  log=$1
  shift
  "$@" </dev/null >"$log" 2>&1 &
  child=$!
  children="$children $child"
}

# open_tunnel COMMAND…: runs a proxy until this script ends, and lets everything after this go through it.
open_tunnel() {
  PGHOST=127.0.0.1 PGPORT=$proxy_port
  unset PGSSLROOTCERT
  printf '+ %s &\n' "$*" >&2
  [ -z "$dry_run" ] || return 0
  if pg_isready --quiet; then
    fail 1 "port $proxy_port on this machine is taken, perhaps by a proxy of another run. End that one, then run again: $again. Or choose a port: PROXY_PORT=16544"
  fi
  in_background "$scratch/proxy" "$@"
  tries=0
  until pg_isready --quiet; do
    sleep 1
    tries=$((tries + 1))
    cp "$scratch/proxy" "$scratch/complaint"
    kill -0 "$child" 2>/dev/null || explain 1 "the connection to the database ended. Run again: $again"
    [ "$tries" -lt 60 ] || explain 1 "the database does not answer through the proxy. Run again: $again"
  done
}

# follow WHAT COMMAND…: runs a long command, reports every ten seconds, and returns its status. Its output is in
# $scratch/log.
follow() {
  what=$1
  shift
  printf '+ %s\n' "${shown:-$*}" >&2
  [ -z "$dry_run" ] || return 0
  in_background "$scratch/log" "$@"
  seconds=0
  while kill -0 "$child" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 10)) -ne 0 ] || say "  $what, $seconds s: $(tail -n 1 "$scratch/log")"
  done
  wait "$child"
}

# refusal: the errors of the command that `follow` ran, without its progress.
refusal() {
  awk '/error:|fatal:|FATAL|ERROR|No space/ { on = 1 } on' "$scratch/log" | head -n 5
}

# exists DATABASE: whether the server has it. Ends the script if it does not tell.
exists() {
  found=$(sql "select count(*) from pg_catalog.pg_database where datname = '$1'" 2>"$scratch/refused") ||
    fail 1 "$provider did not tell whether there is a database $1: $(tail -n 1 "$scratch/refused"). Run again: $again"
  [ "$found" = 1 ]
}

# create_by_sql NAME HOW: makes a database; HOW says how its owner can do it instead. The answer may get lost.
create_by_sql() {
  printf '+ %s\n' "psql: create database \"$1\"" >&2
  [ -n "$dry_run" ] || sql "create database \"$1\"" 2>"$scratch/why" || exists "$1" ||
    fail 3 "$user could not make the database $1: $(tail -n 1 "$scratch/why")
Make it yourself: $2. Then run: $again"
}

# switch_over LOOK WHAT LINE…: prints how to let the app use another database: the command that LOOKs at it, and the
# LINEs to type, WHAT says with which values.
switch_over() {
  look=$1
  what=$2
  shift 2
  say "
To let $environment ($app) use it:
  1. Look at it:      $look
  2. Give its URL:    fly secrets import -a $app
     Type $what, then Ctrl-D. Every machine restarts."
  printf '       %s\n' "$@"
  say "  3. See it answer:   curl -fsS https://$hostname/readyz"
}

# keep_notice NAME: what is not in the database that was restored.
keep_notice() {
  say "$1 lacks what was written to $database_name since the dump. Keep $database_name until you are sure."
}

# look_at COMMAND…: shows a command and writes what it lists into $scratch/backups; false in a dry run.
look_at() {
  printf '+ %s --json\n' "$*" >&2
  [ -z "$dry_run" ] || return 1
  list_fly backups "$@"
}

# --- Writing a dump ----------------------------------------------------------------------------------------

# write_dump FILE ELSEWHERE: dumps the database that `connect` reached, with its checksum in FILE.sha256, and reads all of
# it back. ELSEWHERE says how to choose another place.
write_dump() {
  folder=$(dirname -- "$1")
  # It gets its name when it is complete.
  unfinished=$1.partial
  for left in "$folder"/*.dump.partial; do
    [ ! -f "$left" ] || say "$left was left by a run that was killed, and is no backup. Unless another run writes it now: rm $(quoted "$left")" >&2
  done
  [ -n "$dry_run" ] ||
    say "Copying $database_name at ${host:-$provider} ($(database_size), URL from $url_from)"
  follow "copying" pg_dump --format=custom --no-password --verbose --lock-wait-timeout=60000 --file="$unfinished" || {
    status=$?
    free=$(free_megabytes "$folder")
    # A shell reports the signal for a file that grew past a limit as 128 + 25.
    if [ "$status" -eq 153 ] || [ "$free" -lt 2 ] || grep -qE 'No space left|File too large' "$scratch/log"; then
      fail 1 "there is not enough room in $folder for the dump ($free MB are free there). Nothing was kept. $2"
    fi
    fail 1 "pg_dump failed, and nothing was kept: $(refusal)
Run again: $again"
  }
  if [ -n "$dry_run" ]; then
    unfinished=
    return 0
  fi
  say "Reading it back"
  read_dump "$unfinished"
  # First the checksum: a dump without one could not be restored.
  printf '%s  %s\n' "$(checksum "$unfinished")" "$(basename -- "$1")" >"$1.sha256" || {
    rm -f "$1.sha256"
    fail 1 "there is not enough room in $folder. Nothing was kept. $2"
  }
  mv "$unfinished" "$1"
  unfinished=
  cp "$scratch/rows" "$1.rows"
}

# dwindled ROWS: prints the tables that have less than half of the rows that they have in ROWS, a file beside an earlier dump.
dwindled() {
  awk -F '\t' 'NR == FNR { now[$2] = $1; next }
    $1 >= 100 && $1 > 2 * now[$2] { printf "  %s: %d rows, %d in the dump before\n", $2, now[$2], $1 }' "$scratch/rows" "$1"
}

free_megabytes() {
  df -Pk "$1" | awk 'NR == 2 { printf "%d", $4 / 1024 }'
}

# --- Reading a dump ----------------------------------------------------------------------------------------

# Counts the rows of each table in what pg_restore prints: a row is a line between COPY and \. In the data itself pg_dump
# escapes both.
# shellcheck disable=SC2016 # awk's
count_rows='
function table_of(line,   at, quoted, letter) {
  line = substr(line, 6)
  for (at = 1; at <= length(line); at++) {
    letter = substr(line, at, 1)
    if (letter == "\"") quoted = !quoted
    if (letter == " " && !quoted) break
  }
  return substr(line, 1, at - 1)
}
inside && $0 == "\\." { print rows "\t" table; inside = 0; next }
inside { rows++; next }
/^COPY .* FROM stdin;$/ { table = table_of($0); rows = 0; inside = 1 }
END { exit inside }'

# read_dump FILE: reads the whole file and writes the rows of each table into $scratch/rows. Ends the script if anything
# about the file is wrong; no database has been touched by then.
read_dump() {
  [ -s "$1" ] || fail 1 "$1 is empty. Take another dump: ops/backup $which"
  pg_restore --list "$1" >"$scratch/list" 2>"$scratch/refused" || fail 1 "$1 is no dump that pg_restore can read: $(tail -n 1 "$scratch/refused"). Take another dump: ops/backup $which"
  rm -f "$scratch/cut-off"
  {
    pg_restore --data-only --file=- "$1" 2>"$scratch/refused" || : >"$scratch/cut-off"
  } | LC_ALL=C awk "$count_rows" >"$scratch/rows" || : >"$scratch/cut-off"
  [ ! -e "$scratch/cut-off" ] || fail 1 "$1 cannot be read to its end: $(tail -n 1 "$scratch/refused"). Take another dump: ops/backup $which"
  [ -s "$scratch/rows" ] || fail 1 "$1 has no table. Is $variable the URL of the database that the app uses? See: ops/database $which"
}

# check_dump FILE: reads a file that was written earlier, and compares it with its checksum first.
check_dump() {
  check_file "$1"
  read_dump "$1"
}

# compare DATABASE: compares the rows of every table with $scratch/rows.
compare() {
  say "Comparing the rows of every table"
  # Row level security would hide rows, and a table counts the rows of those that inherit from it.
  awk -F '\t' '
    BEGIN { print "set row_security = off;" }
    { text = $2; gsub(/\047/, "\047\047", text)
      printf "select (select count(*) from only %s) || chr(9) || \047%s\047;\n", $2, text }' "$scratch/rows" >"$scratch/count.sql"
  psql_quietly --dbname="$1" --file="$scratch/count.sql" >"$scratch/restored" 2>"$scratch/refused" ||
    fail 1 "the rows of $1 cannot be counted: $(tail -n 1 "$scratch/refused"). Run again: $again"
  awk -F '\t' '
    NR == FNR { wanted[$2] = $1; next }
    { if (wanted[$2] != $1) { printf "  %s: %s rows in the dump, %s restored\n", $2, wanted[$2], $1; differ = 1 } delete wanted[$2] }
    END { for (table in wanted) { printf "  %s: not restored\n", table; differ = 1 } exit differ }
  ' "$scratch/rows" "$scratch/restored" || fail 1 "$1 differs from the dump, see above. Do not switch over to it. Run again: $again"
}

# summary: how much $scratch/rows counts.
summary() {
  awk '{ rows += $1 } END { printf "%d tables, %.0f rows", NR, rows }' "$scratch/rows"
}
