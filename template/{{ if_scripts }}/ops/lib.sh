# Shared by the scripts in ops/: they all take the same words, stop in the same way and find the same app.
# Sourced, never run. POSIX sh, so that it works in every shell a machine or a CI job has.
# shellcheck shell=sh

# Exit codes: 0 done, 1 failed or refused, 2 wrong use, 3 a person must act first (log in, pay, decide).
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd)
dry_run=
assume_yes=
scratch=
shown=

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
# are no option of all scripts are left in $rest, the environment in $environment. What a failure of Fly sends a person back
# to is $again, the command to repeat, and $rename, the one that gives another name; a script may set its own.
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
  again="ops/${0##*/} $environment"
  rename="copier update --trust -A -r :current: --ask $([ "$environment" = production ] && echo fly_app || echo environments)"
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

# need_commit: there is a commit, as what runs is known by its; sets $revision.
need_commit() {
  need git "name the revision"
  # shellcheck disable=SC2034 # for the script that reads this file
  revision=$(git rev-parse HEAD 2>/dev/null) ||
    fail 1 "this is no git repository with a commit; type: git init, git add -A, git commit -m Deployment"
}

# all_committed WHAT_ELSE: no change would be left out of what is deployed.
all_committed() {
  [ -z "$(git status --porcelain)" ] || fail 1 "there are changes that are not committed; commit them$1"
}

# need_fly: flyctl is there and somebody is logged in.
need_fly() {
  if ! command -v flyctl >/dev/null 2>&1; then
    fail 3 "flyctl is not installed; see https://fly.io/docs/flyctl/install/"
  fi
  [ -n "$dry_run" ] || flyctl auth whoami >/dev/null 2>&1 ||
    fail 3 "nobody is logged in to Fly; type: fly auth login (in CI: put a valid token into the secret FLY_API_TOKEN)"
}

# only_options NAME…: ends with code 2 at a word of $rest that is none of these.
only_options() {
  for option in $rest; do
    known=
    for name in "$@"; do
      [ "${option%%=*}" != "$name" ] || known=1
    done
    [ -n "$known" ] || fail 2 "unknown option: $option; see --help"
  done
}

# option NAME: the value of --NAME=VALUE, 1 for --NAME alone, nothing without it.
option() {
  for option in $rest; do
    case $option in
      "--$1") echo 1 ;;
      "--$1="*) printf '%s\n' "${option#*=}" ;;
    esac
  done
}

# scratch_folder: makes $scratch, a folder that only this user can read and that is gone in the end.
scratch_folder() {
  [ -z "$scratch" ] || return 0
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# attempt COMMAND…: like run, and keeps what the command complained about for `explain`. $shown stands for a
# command line that has secrets in it.
attempt() {
  scratch_folder
  printf '+ %s\n' "${shown:-$*}" >&2
  [ -z "$dry_run" ] || return 0
  { { code=0; "$@" 3>&- || code=$?; echo "$code" >"$scratch/code"; } 2>&1 >&3 3>&- | tee "$scratch/complaint" >&2; } 3>&1
  return "$(cat "$scratch/code")"
}

# ask_fly COMMAND…: runs a command that only looks, quietly; its answer is on stdout. Ends the script when Fly refuses.
ask_fly() {
  scratch_folder
  "$@" 2>"$scratch/complaint" || explain "flyctl could not answer: $*"
}

# complaint: how the last command ended. flyctl says that behind "Error:"; what a build printed before may have any words in it.
complaint() {
  [ ! -f "$scratch/complaint" ] || awk '/^Error: / { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$scratch/complaint"
}

# explain SENTENCE…: ends after a failed command with what its complaint means and what to type next.
explain() {
  complaint=$(complaint)
  case $complaint in
    *"no access token"* | *"must be authenticated"* | *[Uu]nauthorized* | *"token expired"* | *"session has expired"* | *"status: 401"*)
      fail 3 "Fly does not accept the login; type: fly auth login (in CI: put a new token into the secret FLY_API_TOKEN: fly tokens create deploy -a $app -x 2160h)"
      ;;
    *"Not authorized"* | *"not authorized to"*)
      fail 3 "this login may not do that; ask an admin of the organization $org, or type: fly auth login"
      ;;
    *"already been taken"*)
      fail 3 "the name is taken by somebody on Fly. $*; choose another one: $rename"
      ;;
    *"ould not find Organization"*)
      fail 3 "there is no organization $org for this login; see: fly orgs list"
      ;;
    # What Fly answers for machines and volumes, see Kilo-Org/cloud#787 and superfly/flyctl#2673 on GitHub.
    *"insufficient resources"* | *"insufficient memory"* | *"no capacity"* | *"likely at capacity"* | *"could not reserve resource"*)
      fail 1 "the region $region has no room for $machine now; try again later: $again, or choose another region: copier update --trust -A -r :current: --ask $([ "$environment" = production ] && echo primary_region || echo environments)"
      ;;
    *"over the allowed quota"*)
      fail 3 "the organization $org has all the memory in $region that Fly allows it; see what runs: fly apps list --org $org, and ask Fly for more"
      ;;
    *"high risk"*)
      fail 3 "Fly wants to know who you are first; open https://fly.io/high-risk-unlock, and when it is done: $again"
      ;;
    *"payment information"* | *"payment method"* | *"credit card"*)
      fail 3 "Fly wants a payment method first; type: fly dashboard, open Billing, and then: $again"
      ;;
    *"ould not find App"*)
      fail 3 "the app $app is not there yet; type: ops/setup $environment"
      ;;
    *"i/o timeout"* | *"no such host"* | *"connection refused"* | *"unexpected EOF"*)
      fail 1 "Fly did not answer, and what was asked may have been done all the same; type the same command again, it looks first"
      ;;
  esac
  [ -z "$complaint" ] || printf '%s\n' "$complaint" | tail -n 3 >&2
  fail 1 "$*"
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
