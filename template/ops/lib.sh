# Shared by the scripts in ops/: they all take the same words, stop in the same way and find the same app.
# Sourced, never run. POSIX sh, so that it works in every shell a machine or a CI job has.
# shellcheck shell=sh

# Exit codes: 0 done, 1 failed or refused, 2 wrong use, 3 a person must act first (log in, pay, decide).
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd)
dry_run=
assume_yes=

# fail CODE SENTENCE…: says what went wrong and what to do next, and ends.
fail() {
  code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

say() {
  printf '%s\n' "$*"
}

# run COMMAND…: shows a command that changes something and runs it, or only shows it in a dry run.
run() {
  printf '+ %s\n' "$*" >&2
  [ -n "$dry_run" ] || "$@"
}

# start USAGE WORDS…: reads the words every script takes and loads the environment's settings. Words that
# are no option of all scripts are left in $rest, the environment in $environment.
start() {
  usage=$1
  shift
  environment=
  rest=
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        printf '%s\n' "$usage"
        exit 0
        ;;
      --dry-run) dry_run=1 ;;
      -y | --yes) assume_yes=1 ;;
      -*) rest="$rest $1" ;;
      *)
        [ -z "$environment" ] || fail 2 "one environment at a time, $environment or $1; see --help"
        environment=$1
        ;;
    esac
    shift
  done
  environment=${environment:-production}
  # shellcheck source=ops/settings.sh
  . "$root/ops/settings.sh"
  [ -n "$app" ] || fail 2 "there is no environment called $environment; there are: $environments"
  cd "$root" || exit 1
}

# no_more_options: for scripts that have no option of their own.
no_more_options() {
  [ -z "$rest" ] || fail 2 "unknown option:$rest; see --help"
}

# need COMMAND WHAT_FOR
need() {
  command -v "$1" >/dev/null 2>&1 || fail 3 "$1 is not installed; it is needed to $2"
}

# need_fly: flyctl is there and somebody is logged in.
need_fly() {
  if ! command -v flyctl >/dev/null 2>&1; then
    fail 3 "flyctl is not installed; see https://fly.io/docs/flyctl/install/"
  fi
  [ -n "$dry_run" ] || flyctl auth whoami >/dev/null 2>&1 ||
    fail 3 "nobody is logged in to Fly; type: fly auth login (in CI: set FLY_API_TOKEN)"
}

# confirm QUESTION: asks unless --yes was given; without a terminal nobody can answer.
confirm() {
  [ -z "$assume_yes$dry_run" ] || return 0
  [ -t 0 ] || fail 3 "$1 Add --yes to say so without a terminal."
  printf '%s [y/N] ' "$1"
  read -r answer
  case $answer in
    y | Y | yes) ;;
    *) fail 1 "nothing was done" ;;
  esac
}
