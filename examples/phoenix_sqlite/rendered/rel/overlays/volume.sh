# Where the database is: sets $file and $folder, or ends with a sentence where no volume is. Sourced, never run.
# shellcheck shell=sh
file=${DATABASE_PATH:-}
file=${file#file:}
if [ -z "$file" ]; then
  echo "DATABASE_PATH is not set. The image has it: the path of the database on the volume." >&2
  exit 1
fi
folder=$(dirname -- "$file")
mounted=$folder
until [ "$mounted" = / ] || grep -q " $mounted " /proc/mounts; do
  mounted=$(dirname -- "$mounted")
done
if [ -n "${FLY_MACHINE_ID:-}" ] && [ "$mounted" = / ]; then
  echo "$folder is no volume on machine $FLY_MACHINE_ID, so all data would be gone with it. fly.toml mounts one ([[mounts]]); a command for the database runs on the machine that has it: fly ssh console -a ${FLY_APP_NAME:-APP}" >&2
  exit 1
fi
if [ ! -w "$folder" ]; then
  echo "$folder is not there, or user $(id -u) may not write to it. Run as root: mkdir -p $folder && chown $(id -u) $folder" >&2
  exit 1
fi

# restore_copy: puts $file.restore, a copy that is to come back, in the place of the database, while nothing has it open. The
# database as it was stays as $file.before. Stopped half-way, the next start goes on where this one ended.
restore_copy() {
  if [ -f "$file.restore" ]; then
    cp "$file.restore" "$file.part"
    sync
    rm -f "$file.before" "$file.before-wal" "$file.before-shm"
    mv "$file.part" "$file.next"
    rm -f "$file.restore"
  fi
  [ -f "$file.next" ] || return 0
  for end in "" -wal -shm; do
    [ ! -f "$file$end" ] || mv "$file$end" "$file.before$end"
  done
  mv "$file.next" "$file"
  rm -rf "$folder/.${file##*/}-litestream"
  echo "Restored the copy; the database as it was is $file.before"
}

# restore_replica: on an empty volume, brings the database back from the bucket. A bucket that does not answer ends the start
# then: an empty database would take the place of the real one there. Sets $replica where a bucket is named.
restore_replica() {
  replica=
  if [ -z "${BUCKET_NAME:-}" ]; then
    echo "BUCKET_NAME is not set, so the database is on this volume alone, with no replica" >&2
    return 0
  fi
  replica=yes
  litestream restore -if-db-not-exists -if-replica-exists "$file"
}

# run WORDS: becomes the app, under Litestream where a bucket is named. Litestream hands a signal on, waits for the app, syncs a
# last time and ends.
run() {
  [ -n "$replica" ] || exec "$@"
  exec litestream replicate -exec "$*"
}
