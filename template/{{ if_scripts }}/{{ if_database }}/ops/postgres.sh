# What the scripts for the database do in the same way wherever it is: find it, reach it, write and read a dump. What differs
# from provider to provider is in ops/database.sh. Sourced after ops/lib.sh, never run.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

# Ports that flyctl's own proxies use by default are left to them.
proxy_port=${PROXY_PORT:-16543}
variable=DATABASE_URL
url=
host=
work=
children=
unfinished=

# begin: makes a folder that only this user can read, and sees to it that no process, password or half-written
# file of this run stays behind.
begin() {
  umask 077
  take_url
  scratch_folder
  work=$scratch
  trap finish EXIT
}

finish() {
  for child in $children; do
    kill "$child" 2>/dev/null || :
  done
  [ -z "$unfinished" ] || rm -f "$unfinished"
  rm -rf "$work"
}

need_postgres() {
  for tool in psql pg_dump pg_restore pg_isready; do
    need "$tool" "copy databases; on Debian and Ubuntu it is in postgresql-client, with Homebrew in libpq"
  done
}

# absolute FILE: as the user meant it, who may have been in another folder: $folder_of_user.
absolute() {
  case $1 in
    /*) printf %s "$1" ;;
    *) printf %s "$folder_of_user/$1" ;;
  esac
}

# --- Where the database is ---------------------------------------------------------------------------------

# check_variable: whether --variable can be the name of one; what follows relies on its letters.
check_variable() {
  case $variable in
    *[!A-Z0-9_]* | '') fail 2 "--variable takes the name of an environment variable, not $variable" ;;
    *DATABASE_URL) ;;
    *) fail 2 "--variable takes a name that ends with DATABASE_URL" ;;
  esac
}

# take_url: takes the URL out of the environment, if it is there; the commands that are started have no use for it.
take_url() {
  prefix=${variable%DATABASE_URL}
  names="${prefix}DIRECT_DATABASE_URL $variable"
  for name in $names; do
    [ -n "$url" ] || url=$(printenv "$name" || :)
    unset "$name"
  done
}

# find_url: puts the URL of the database into $url. It comes from this shell, so that a CI job can give it as a
# secret, or else from a machine of the app: Fly tells nobody but the app what its secrets are.
find_url() {
  url_from="$variable of this shell"
  if [ -z "$url" ] && [ -z "$dry_run" ]; then
    need_fly
    url_from="a machine of $app"
    for name in $names; do
      [ -n "$url" ] || url=$(flyctl ssh console --app "$app" --quiet --command "printenv $name" 2>"$work/ssh" |
        tr -d '\r' | sed -n '/^postgres[a-z]*:\/\//p' | tail -n 1)
    done
    ! grep -q 'ould not find App' "$work/ssh" 2>/dev/null || fail 3 "the app $app is not there yet; type: ops/setup $environment"
    [ -n "$url" ] || fail 3 "no machine of $app tells its $variable: $(tail -n 1 "$work/ssh" 2>/dev/null)
Start one (fly machine start -a $app), or give the URL to this shell: export $variable, without typing it into the command line"
  fi
}

# What takes a URL apart, a value on each line. Only libpq itself could do without, and takes a URL only as an
# argument, where everybody on this machine can read it.
# shellcheck disable=SC2016 # awk's
split_url='
function bad(why) { print why; failed = 1; exit 1 }
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
  count = split(query, pairs, "&")
  for (i = 1; i <= count; i++) {
    at = index(pairs[i], "=")
    value[substr(pairs[i], 1, at - 1)] = substr(pairs[i], at + 1)
  }
  print rest; print (port == "" ? 5432 : port); print decode(account); print decode(database)
  print decode(value["sslmode"]); print decode(value["channel_binding"]); print decode(password)
}'

# read_url: sets $host, $port, $user, $database_name, $sslmode and $channel_binding, and writes the password where
# libpq looks for it: a file, because others see arguments and the environment is handed on.
read_url() {
  if [ -z "$url" ]; then
    host=
    port=5432
    user=USER
    database_name=DATABASE
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
    IFS= read -r password || :
  } <<EOF
$parts
EOF
  own_host "$host" || fail 1 "the URL in $url_from leads to $host, which is not $provider.
Give the right URL, or change the answer: copier update --trust -A -r :current: --ask database"
  printf '*:*:*:*:%s\n' "$(printf %s "$password" | sed 's/[\\:]/\\&/g')" >"$work/pgpass"
  url=
  password=
  parts=
}

# connect: reaches the server in the way its provider has, and sees that the tools here can talk to it.
connect() {
  find_url
  read_url
  unset PGPASSWORD PGSERVICE PGSERVICEFILE PGOPTIONS
  PGHOST=$host PGPORT=$port PGUSER=$user PGDATABASE=$database_name PGPASSFILE=$work/pgpass
  PGCONNECT_TIMEOUT=20 PGAPPNAME=ops/${0##*/}
  export PGHOST PGPORT PGUSER PGDATABASE PGPASSFILE PGCONNECT_TIMEOUT PGAPPNAME
  if [ -n "${sslmode:-}" ]; then
    PGSSLMODE=$sslmode
    export PGSSLMODE
  fi
  if [ -n "${channel_binding:-}" ]; then
    PGCHANNELBINDING=$channel_binding
    export PGCHANNELBINDING
  fi
  reach
  [ -z "$dry_run" ] || return 0
  server=$(sql "show server_version_num" 2>"$work/refused") ||
    fail 1 "$provider does not let $user in: $(tail -n 1 "$work/refused")"
  server=$((server / 10000))
  mine=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
  [ "$mine" -ge "$server" ] || fail 3 "pg_dump here is version $mine, the server $server, and an older one cannot read it.
Install postgresql-client-$server or newer, and put its folder first in PATH"
}

# sql STATEMENT [DATABASE]: bare rows.
sql() {
  printf '%s\n' "$1" | psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 \
    --dbname="${2:-$PGDATABASE}"
}

# open_tunnel COMMAND…: runs a proxy until this script ends, waits until the server answers through it, and lets
# everything after this go through it.
open_tunnel() {
  PGHOST=127.0.0.1 PGPORT=$proxy_port
  printf '+ %s &\n' "$*" >&2
  [ -z "$dry_run" ] || return 0
  if pg_isready --quiet; then
    fail 1 "port $proxy_port on this machine is taken, by a proxy of another run perhaps; end that, or choose a port: PROXY_PORT=16544"
  fi
  "$@" </dev/null >"$work/proxy" 2>&1 &
  tunnel=$!
  children="$children $tunnel"
  tries=0
  until pg_isready --quiet; do
    sleep 1
    tries=$((tries + 1))
    kill -0 "$tunnel" 2>/dev/null || fail 1 "the way to the database ended: $(tail -n 2 "$work/proxy")"
    [ "$tries" -lt 60 ] || fail 1 "the database does not answer through the proxy: $(tail -n 2 "$work/proxy")"
  done
}

# follow WHAT COMMAND…: runs a long command, says every ten seconds what it is at, and returns its status. What it
# prints is in $work/log.
follow() {
  what=$1
  shift
  printf '+ %s\n' "$*" >&2
  [ -z "$dry_run" ] || return 0
  "$@" </dev/null >"$work/log" 2>&1 &
  long=$!
  children="$children $long"
  seconds=0
  while kill -0 "$long" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 10)) -ne 0 ] || say "  $what, $seconds s: $(tail -n 1 "$work/log")"
  done
  wait "$long"
}

# refusal: what the command that `follow` ran complained of, without its progress.
refusal() {
  awk '/error:|fatal:|FATAL|No space/ { on = 1 } on' "$work/log" | head -n 5
}

# exists DATABASE
exists() {
  [ "$(sql "select count(*) from pg_catalog.pg_database where datname = '$1'")" = 1 ]
}

# --- Writing a dump ----------------------------------------------------------------------------------------

# write_dump FILE ELSEWHERE: dumps the database that `connect` reached, with its checksum in FILE.sha256, reads all of it
# back and leaves the rows of each table in $work/rows. ELSEWHERE tells how to choose another place.
write_dump() {
  folder=$(dirname -- "$1")
  # It has its name only when it is whole.
  unfinished=$1.partial
  follow "copying" pg_dump --format=custom --no-password --verbose --lock-wait-timeout=60000 --file="$unfinished" || {
    status=$?
    free=$(free_megabytes "$folder")
    # A shell reports the signal for a file that grew past a limit as 128 + 25.
    if [ "$status" -eq 153 ] || [ "$free" -lt 2 ] || grep -q 'No space left\|File too large' "$work/log"; then
      fail 1 "there is not enough room in $folder for the dump ($free MB are free there); nothing was kept. $2"
    fi
    fail 1 "pg_dump failed, and nothing was kept: $(refusal)"
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
    fail 1 "there is not enough room in $folder; nothing was kept. $2"
  }
  mv "$unfinished" "$1"
  unfinished=
}

free_megabytes() {
  df -Pk "$1" | awk 'NR == 2 { printf "%d", $4 / 1024 }'
}

# --- Reading a dump ----------------------------------------------------------------------------------------

# checksum FILE: its SHA-256.
checksum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1"
  else
    need openssl "compute a SHA-256"
    openssl dgst -sha256 -r <"$1"
  fi | sed 's/ .*//'
}

# Counts the rows of each table in what pg_restore writes: a row is a line between COPY and \.
# pg_dump writes one as escapes wherever it stands in the data, so neither can be mistaken.
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

# read_dump FILE: reads the whole file back and leaves the rows of each table in $work/rows. Ends the script when
# anything about the file is wrong; whatever would be restored has not been touched by then.
read_dump() {
  [ -s "$1" ] || fail 1 "$1 is empty; take another dump"
  pg_restore --list "$1" >"$work/list" 2>"$work/refused" || fail 1 "$1 is no dump that pg_restore can read: $(tail -n 1 "$work/refused")"
  {
    pg_restore --data-only --file=- "$1" 2>"$work/refused" || : >"$work/cut-off"
  } | LC_ALL=C awk "$count_rows" >"$work/rows" || : >"$work/cut-off"
  if [ -e "$work/cut-off" ]; then
    fail 1 "$1 cannot be read to its end: $(tail -n 1 "$work/refused")"
  fi
}

# check_dump FILE: what `read_dump` does, for a file that was written earlier, which must still be what it was.
check_dump() {
  [ -f "$1" ] || fail 2 "there is no file $1"
  [ -s "$1" ] || fail 1 "$1 is empty; take another dump"
  [ -f "$1.sha256" ] || fail 1 "$1.sha256 is missing, so nobody can tell whether $1 is whole.
If you know that it is: sha256sum '$1' > '$1.sha256'"
  [ "$(checksum "$1")" = "$(sed 's/ .*//' "$1.sha256")" ] ||
    fail 1 "$1 is not what it was when it was written: its checksum differs from $1.sha256. Use another dump"
  read_dump "$1"
}

# compare DATABASE: the rows of every table in it with $work/rows.
compare() {
  say "Comparing the rows of every table"
  # Not through row level security, and without the tables that inherit from a table.
  awk -F '\t' '
    BEGIN { print "set row_security = off;" }
    { text = $2; gsub(/\047/, "\047\047", text)
      printf "select (select count(*) from only %s) || chr(9) || \047%s\047;\n", $2, text }' "$work/rows" >"$work/count.sql"
  psql --no-psqlrc --no-password --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --dbname="$1" \
    --file="$work/count.sql" >"$work/restored" 2>"$work/refused" || fail 1 "cannot count the rows of $1: $(tail -n 1 "$work/refused")"
  awk -F '\t' '
    NR == FNR { wanted[$2] = $1; next }
    { if (wanted[$2] != $1) { printf "  %s: %s rows in the dump, %s restored\n", $2, wanted[$2], $1; differ = 1 } delete wanted[$2] }
    END { for (table in wanted) { printf "  %s: not restored\n", table; differ = 1 } exit differ }
  ' "$work/rows" "$work/restored" || fail 1 "$1 is not what the dump has, see above; do not switch over to it"
}

# summary: how much $work/rows counts.
summary() {
  awk '{ rows += $1 } END { printf "%d tables, %.0f rows", NR, rows }' "$work/rows"
}

# size FILE, in words
size() {
  du -k "$1" | awk '{ if ($1 > 10240) printf "%.0f MB", $1 / 1024; else printf "%d kB", $1 }'
}
