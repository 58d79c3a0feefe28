# A database that is there already: ops/setup only stores its address. Sourced, never run.
# shellcheck shell=sh disable=SC2154 # set in the scripts that read this

plan_database() {
  # Any other name is among the secrets that ops/setup asks for anyway.
  [ "$database_env" = DATABASE_URL ] || return 0
  has_secret DATABASE_URL || todo "ask for DATABASE_URL, the address of the database that is there already" ask_secret DATABASE_URL
}
