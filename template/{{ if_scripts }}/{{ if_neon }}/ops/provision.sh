# Neon: Fly cannot make the database, so ops/setup asks for its addresses. Sourced, never run.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/settings.sh and ops/lib.sh

plan_database() {
  for name in DATABASE_URL DIRECT_DATABASE_URL; do
    has_secret "$name" || todo "ask for $name, which Neon's console shows under Connect"
  done
}

make_database() {
  for name in DATABASE_URL DIRECT_DATABASE_URL; do
    has_secret "$name" || ask_secret "$name" "the connection string that Neon's console shows under Connect, $([ "$name" = DATABASE_URL ] && echo with || echo without) -pooler in its host"
  done
}
