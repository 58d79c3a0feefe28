# Redis by Upstash, one database for each environment. Sourced by ops/setup. flyctl has no JSON for it.
# shellcheck shell=sh disable=SC2154 # reads what ops/settings.sh sets

redis_name=$app-redis

plan_redis() {
  redis_missing=
  for name in $redis_env; do
    has_secret "$name" || redis_missing="$redis_missing $name"
  done
  [ -z "$redis_missing" ] || todo "make the Redis database $redis_name in $region, where there is none, and store its address as$redis_missing" make_redis
}

make_redis() {
  if [ -z "$dry_run" ]; then
    ask_fly flyctl redis list --org "$org" >"$scratch/redis"
  else
    : >"$scratch/redis"
  fi
  if ! awk -v name="$redis_name" '$1 == name { found = 1 } END { exit !found }' "$scratch/redis"; then
    # All that it would ask is said: a queue must not lose what it holds, and the ProdPack costs 200 dollars a month.
    hidden flyctl redis create --name "$redis_name" --org "$org" --region "$region" \
      --no-replicas --disable-eviction --enable-prodpack=false ||
      explain 1 "the Redis database $redis_name could not be made. Try again: $again"
  fi
  if [ -z "$dry_run" ]; then
    # It shows the password, so no sentence tells to run it alone.
    NO_COLOR=1 flyctl redis status "$redis_name" >"$scratch/redis" 2>"$scratch/complaint" ||
      explain 1 "the address of $redis_name is unknown. Run again: $again"
  fi
  # No command stores the address; it stays in files that only this user can read.
  sed -n 's/^.*Private URL[^:]*[^a-z]\(rediss\{0,1\}:[^ ]*\).*/\1/p' "$scratch/redis" | head -n 1 >"$scratch/redis_url"
  [ -s "$scratch/redis_url" ] || [ -n "$dry_run" ] || fail 1 "flyctl printed no address for $redis_name. See: fly redis list --org $org, then run again: $again"
  for name in $redis_missing; do
    { tr -d '\n' <"$scratch/redis_url" && printf %s "$redis_query"; } | store_secret "$name"
  done
  rm -f "$scratch/redis" "$scratch/redis_url"
}
