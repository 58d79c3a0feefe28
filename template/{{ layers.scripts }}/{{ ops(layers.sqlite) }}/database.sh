# SQLite on a volume: what ops/setup plans for it, and what ops/backup and ops/restore share. Sourced, never run.
# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, in the scripts that read this

# --- For ops/setup ----------------------------------------------------------------------------------------

plan_database() {
  # The first deploy makes the volume, as fly.toml describes it.
  [ -n "$(option no-deploy)" ] || jq -e '. != []' "$scratch/fleet" >/dev/null ||
    plan="$plan  - with the first deploy: make the volume $volume with 1 GB in $region, for $database_file$newline"
}

# --- For ops/backup and ops/restore -----------------------------------------------------------------------

# find_machine: sets $machine_id to the machine that has the database. Ends the script where there is none, or a second one.
find_machine() {
  printf '+ %s\n' "flyctl machine list --app $app --json" >&2
  if [ -n "$dry_run" ]; then
    machine_id=MACHINE_ID
    return 0
  fi
  list_machines
  jq -r --arg file "$database_file" '.[] | select(any(.config.mounts[]?; .path as $path | $file | startswith($path + "/"))) | .id' \
    "$scratch/fleet" >"$scratch/with_volume"
  count=$(wc -l <"$scratch/with_volume" | tr -d ' ')
  case $count in
    1) read -r machine_id <"$scratch/with_volume" ;;
    # Fly leaves out what a machine has while its host does not answer; a deploy would begin with an empty volume.
    0)
      machine_id=$(jq -r 'map(select(.config == null)) | first.id // ""' "$scratch/fleet")
      [ -z "$machine_id" ] || fail 1 "the host of machine $machine_id does not answer, so it is unknown whether the database is there. Do not deploy. See: fly status -a $app, and https://status.flyio.net"
      fail 1 "no machine of $app has a volume for $database_file. Run: ops/deploy $environment"
      ;;
    *) fail 1 "$count machines of $app have a volume, each with data of its own. Find out which one counts, and destroy the other: fly machine list -a $app" ;;
  esac
  state=$(awk -F '\t' -v id="$machine_id" '$1 == id { print $2 }' "$scratch/machines")
  [ "$state" = started ] || fail 3 "machine $machine_id, which has the database, is $state. Run: fly machine start $machine_id -a $app"
}

# inside COMMAND: runs a command on the machine that has the database, and prints what it says.
inside() {
  attempt flyctl ssh console --app "$app" --machine "$machine_id" --quiet --command "$1" </dev/null
}

# remove FILE: removes a copy from that machine. What an earlier command complained of stays for `explain`.
remove() {
  : >>"$scratch/complaint"
  cp "$scratch/complaint" "$scratch/kept"
  inside "rm -f $1" || say "The copy is still there. Remove it: fly ssh console -a $app --machine $machine_id -C 'rm -f $1'" >&2
  mv "$scratch/kept" "$scratch/complaint"
}

# find_volume: sets $volume_id to the volume of the database.
find_volume() {
  printf '+ %s\n' "flyctl volumes list --app $app --json" >&2
  if [ -n "$dry_run" ]; then
    volume_id=VOLUME_ID
    return 0
  fi
  list_fly volumes flyctl volumes list --app "$app"
  volume_id=$(jq -r --arg name "$volume" '[.[] | select(.name == $name)] | sort_by(.attached_machine_id == null) | .[0].id // ""' "$scratch/volumes")
  [ -n "$volume_id" ] || fail 1 "$app has no volume $volume. The first deploy makes it: ops/deploy $environment"
}

# read_copy FILE: reads all of a file of SQLite, and sets $summary. Ends the script if anything about it is wrong.
read_copy() {
  [ -s "$1" ] || fail 1 "$1 is missing or empty"
  verdict=$(sqlite3 -readonly "$1" 'pragma integrity_check' 2>&1) || :
  [ "$verdict" = ok ] || fail 1 "$1 is no whole database of SQLite: $(printf '%s\n' "$verdict" | head -n 1)"
  sqlite3 -readonly "$1" "select 'select count(*) from \"' || replace(name, '\"', '\"\"') || '\";' from sqlite_master
    where type = 'table' and name not like 'sqlite_%'" >"$scratch/count.sql"
  [ -s "$scratch/count.sql" ] || fail 1 "$1 has no table, so it holds no data of the app. Is $database_file the file that the app writes? See: fly ssh console -a $app -C 'ls -l $(dirname "$database_file")'"
  summary=$(sqlite3 -readonly "$1" <"$scratch/count.sql" | awk '{ rows += $1 } END { printf "%d tables, %.0f rows", NR, rows }')
}

# check_copy FILE: reads a file that was written earlier, and compares it with its checksum first.
check_copy() {
  check_file "$1"
  read_copy "$1"
}
