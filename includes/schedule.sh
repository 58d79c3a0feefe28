#!/bin/sh
# Runs the command of a schedule, and keeps when it ran and how it ended, until its machine starts again.
#   sh /etc/schedule.sh NAME COMMAND…
#   sh /etc/schedule.sh   prints a line for each that ran: name, start, end and exit code, or - and - while it runs
set -eu
folder=/tmp/schedules
if [ $# = 0 ]; then
  cat "$folder"/* 2>/dev/null || :
  exit
fi
name=$1
shift

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# keep END CODE: writes the line at once, as someone may be reading.
keep() {
  printf '%s\t%s\t%s\t%s\n' "$name" "$begun" "$1" "$2" >"$folder/.$name"
  mv "$folder/.$name" "$folder/$name"
}

# Someone in `fly ssh console` is root, and the next run is not.
mkdir -p "$folder"
chmod 777 "$folder" 2>/dev/null || :
begun=$(now)
keep - -
code=0
"$@" || code=$?
keep "$(now)" "$code"
exit "$code"
