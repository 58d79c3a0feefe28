# What all scripts in ops/ share: their options, how they stop, and how they ask Fly. Sourced, never run. POSIX sh.
# shellcheck shell=sh

# Exit codes: 0 done, 1 failed or refused, 2 wrong use, 3 a person must act first (log in, pay, decide).
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd)
user_folder=$(pwd -P)
tab=$(printf '\t')
newline='
'
environment=
options=
dry_run=
assume_yes=
scratch=
shown=
children=
unfinished=
terminal=
missing_app=

# fail CODE SENTENCE…: ends the script. The sentence says what happened, why if known, and what to run.
fail() {
  code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

say() {
  printf '%s\n' "$*"
}

# quoted WORD: prints a word of a command as a person types it.
quoted() {
  case $1 in
    *[!A-Za-z0-9_./:=@-]*) printf "'%s'\n" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
    *) say "$1" ;;
  esac
}

# --- Options -----------------------------------------------------------------------------------------------

# start USAGE WORDS…: reads the options and loads the settings of the environment. USAGE is what --help prints, and its
# table is what is accepted, each option behind two spaces: `--name` alone, `--name=VALUE`, or both as `--name[=VALUE]`.
start() {
  usage=$1
  shift
  # Commands for the sentences of `explain`; a script may set its own.
  again=ops/${0##*/}
  while [ $# -gt 0 ]; do
    again="$again $(quoted "$1")"
    case $1 in
      -h | --help)
        say "$usage

All scripts take --dry-run (only show the commands), --yes (do not ask), --help.
Exit codes: 0 done, 1 failed or refused, 2 wrong use, 3 a person must act first."
        exit 0
        ;;
      --dry-run) dry_run=1 ;;
      -y | --yes) assume_yes=1 ;;
      -*) read_option "$1" ;;
      '') fail 2 "an empty word names no environment; see --help" ;;
      *)
        [ -z "$environment" ] || fail 2 "one environment at a time, $environment or $1; see --help"
        environment=$1
        ;;
    esac
    shift
  done
  environment=${environment:-production}
  rename="copier update --trust -A -r :current: --ask $([ "$environment" = production ] && echo fly_app || echo environments)"
  # shellcheck source=ops/settings.sh
  . "$root/ops/settings.sh"
  [ -n "$app" ] || fail 2 "there is no environment called $environment; there are: $environments"
  cd "$root" || exit 1
}

# read_option WORD: adds a line NAME=VALUE to $options. Without a value it is 1, or `default` where one is possible.
read_option() {
  name=${1%%=*}
  name=${name#--}
  value=1
  sign=' '
  case $1 in
    *"$newline"*) fail 2 "an option cannot have a line break" ;;
    *=*) value=${1#*=} sign='=' ;;
  esac
  case $usage in
    *"$newline  --$name$sign"*) ;;
    *"$newline  --${name}[="*) [ "$sign" = '=' ] || value=default ;;
    *"$newline  --$name="*) fail 2 "--$name needs a value: --$name=…; see --help" ;;
    *"$newline  --$name "*) fail 2 "--$name takes no value; see --help" ;;
    *) fail 2 "unknown option: $1; see --help" ;;
  esac
  [ -n "$value" ] || fail 2 "--$name= has no value; see --help"
  [ -z "$(option "$name")" ] || fail 2 "--$name is given twice"
  options="$options$name=$value$newline"
}

# option NAME [DEFAULT]: prints the value of an option, or DEFAULT, or nothing.
option() {
  value=$(printf %s "$options" | sed -n "s/^$1=//p")
  printf '%s\n' "${value:-${2:-}}"
}

# whole_number NAME DEFAULT UNIT: prints the value of an option that takes a number, or DEFAULT.
whole_number() {
  value=$(option "$1" "$2")
  case $value in
    default) value=$2 ;;
    *[!0-9]*) fail 2 "--$1 takes whole $3, not $value" ;;
  esac
  say "$value"
}

# absolute FILE: prints the path of a file that was named from where the user stands.
absolute() {
  case $1 in
    /*) say "$1" ;;
    *) say "$user_folder/$1" ;;
  esac
}

# confirm QUESTION: asks, unless --yes was given.
confirm() {
  [ -z "$assume_yes$dry_run" ] || return 0
  [ -t 0 ] || fail 3 "$1 There is no terminal to ask on. Add --yes to agree."
  printf '%s [y/N] ' "$1"
  # Ctrl-D is no answer.
  read -r answer || { echo && answer=; }
  case $answer in
    y | Y | yes) ;;
    *) fail 1 "nothing was done" ;;
  esac
}

# --- What a script needs -----------------------------------------------------------------------------------

# need COMMAND [HOW]: ends the script if a command is not installed; HOW says how to install it.
need() {
  command -v "$1" >/dev/null 2>&1 ||
    fail 3 "$1 is not installed. ${2:-Install it: apt-get install $1 (macOS: brew install $1)}"
}

# need_fly: flyctl is installed and logged in, and jq can read its answers.
need_fly() {
  need flyctl "See https://fly.io/docs/flyctl/install/"
  need jq
  [ -z "$dry_run" ] || return 0
  scratch_folder
  NO_COLOR=1 flyctl auth whoami >/dev/null 2>"$scratch/complaint" || explain 3 "it is unknown who is logged in. Run: fly auth whoami"
}

# need_commit: sets $revision to the commit that is checked out.
need_commit() {
  need git
  # shellcheck disable=SC2034 # for the script that reads this file
  revision=$(git rev-parse HEAD 2>/dev/null) ||
    fail 1 "this folder is not a git repository with a commit, and the commit names the release. Run: git init, git add -A, git commit -m Deployment"
}

# all_committed HOW: ends the script if a change would be left out of the deployment.
all_committed() {
  changes=$(git status --porcelain) || fail 1 "git cannot tell whether all is committed. Run: git status"
  [ -z "$changes" ] || fail 1 "some changes are not committed. Commit them$1"
}

# scratch_folder: makes $scratch, a folder that only this user can read. What a run left that was killed goes after a day.
scratch_folder() {
  [ -z "$scratch" ] || return 0
  find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'fly-ops.*' -user "$(id -u)" -mtime +0 -exec rm -rf {} + 2>/dev/null || :
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/fly-ops.XXXXXX")
  trap finish EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# finish: leaves nothing behind, however the script ends: no process, no half-written file, no terminal without echo.
finish() {
  for child in $children; do
    kill "$child" 2>/dev/null || :
  done
  [ -z "$unfinished" ] || rm -f "$unfinished"
  [ -z "$terminal" ] || stty "$terminal"
  rm -rf "$scratch"
}

# --- Commands ----------------------------------------------------------------------------------------------

# run COMMAND…: shows a command that changes something and runs it, or only shows it in a dry run.
run() {
  printf '+ %s\n' "$*" >&2
  [ -n "$dry_run" ] || "$@"
}

# attempt COMMAND…: like run, and keeps the errors for `explain`. $shown replaces a command line that holds secrets.
attempt() {
  scratch_folder
  printf '+ %s\n' "${shown:-$*}" >&2
  [ -z "$dry_run" ] || return 0
  { { code=0; NO_COLOR=1 "$@" 3>&- || code=$?; echo "$code" >"$scratch/code"; } 2>&1 >&3 3>&- | tee "$scratch/complaint" >&2; } 3>&1
  return "$(cat "$scratch/code")"
}

# hidden COMMAND…: like attempt, for a command that prints secrets: shows nothing of its output.
hidden() {
  printf '+ %s\n' "$*" >&2
  [ -n "$dry_run" ] || NO_COLOR=1 "$@" >/dev/null 2>"$scratch/complaint"
}

# ask_fly COMMAND…: runs a command that changes nothing and prints its answer. Ends the script if it fails.
ask_fly() {
  scratch_folder
  NO_COLOR=1 "$@" 2>"$scratch/complaint" || explain 1 "flyctl could not answer. Try it alone: $*, then: $again"
}

# list_fly NAME COMMAND…: writes what flyctl lists into $scratch/NAME as a JSON list. Ends the script if it fails.
list_fly() {
  scratch_folder
  list=$scratch/$1
  shift
  ask_fly "$@" --json >"$list.answer"
  # Some commands print a sentence instead of an empty list, and some print null.
  ! grep -q '^No ' "$list.answer" || echo '[]' >"$list.answer"
  # Of nothing at all, jq makes nothing, and older ones call that true.
  { jq -e '. // [] | arrays' "$list.answer" >"$list" 2>/dev/null && [ -s "$list" ]; } || fail 1 "flyctl printed no list. Run it yourself: $*"
}

# complaint: prints the error of the last command, which is flyctl's first: the app's own log lines may follow it, and they
# may begin with the same word. In the rest of what it printed, such as a build, any words may stand.
complaint() {
  awk '/^Error: / { print; found = 1; exit } END { exit !found }' "$scratch/complaint" || tail -n 3 "$scratch/complaint"
}

# explain CODE SENTENCE…: like fail, after a command of flyctl: where the error is a known one, it says that instead.
explain() {
  complaint=$(complaint)
  case $complaint in
    *"no access token"*)
      fail 3 "flyctl is not logged in. Run: fly auth login (in CI: put a valid token into the secret FLY_API_TOKEN)" ;;
    *"must be authenticated"* | *[Uu]nauthorized* | *"token expired"* | *"session has expired"* | *"status: 401"* | *"status code: 401"* | *"error 401"* | *"(status 401"*)
      fail 3 "Fly rejected the login. Run: fly auth login (in CI: put a new token into the secret FLY_API_TOKEN: ${github_token:-fly tokens create deploy -a $app -x 2160h})" ;;
    *"Not authorized"* | *"not authorized to"*)
      fail 3 "this login lacks the permission. Ask an admin of the organization $org, or run: fly auth login" ;;
    *"already been taken"*)
      fail 3 "the name is taken on Fly. Choose another one: $rename" ;;
    *"ould not find Organization"* | *"organization $org not found"*)
      fail 3 "this login has no organization $org. Run: fly orgs list" ;;
    # What Fly answers for machines and volumes, see Kilo-Org/cloud#787 and superfly/flyctl#2673 on GitHub.
    *"insufficient resources"* | *"insufficient memory"* | *"no capacity"* | *"likely at capacity"* | *"could not reserve resource"*)
      fail 1 "the region $region has no room for $machine now. Try again later: $again, or choose another region: copier update --trust -A -r :current: --ask $([ "$environment" = production ] && echo primary_region || echo environments)" ;;
    # flyctl asks for two minutes at most, and gives it back when it ends, unless it is killed.
    *"lease currently held"*)
      fail 1 "another run of flyctl holds a machine of $app, or one that was killed did, for two minutes at most. Wait until it is over, then run: $again" ;;
    *"over the allowed quota"*)
      fail 3 "the organization $org has reached its memory quota in $region. See what uses it: fly apps list --org $org, or ask Fly for more" ;;
    *"high risk"*)
      fail 3 "Fly wants to verify the account first. Open https://fly.io/high-risk-unlock, then run: $again" ;;
    *"payment information"* | *"payment method"* | *"credit card"*)
      fail 3 "Fly needs a payment method first. Run: fly dashboard, open Billing, then run: $again" ;;
    *"ould not find App"* | *"app not found"*)
      fail 3 "${missing_app:-Fly shows no app $app to this login. Run: ops/setup $environment}" ;;
    *"i/o timeout"* | *"no such host"* | *"connection refused"* | *": EOF"* | *"unexpected EOF"* | *" 50"[0-9]:* | *"(status 50"*)
      fail 1 "Fly did not answer. The change may still have happened. Run this, which looks before it changes anything: $again" ;;
  esac
  [ -z "$complaint" ] || printf '%s\n' "$complaint" >&2
  fail "$@"
}

# see_owner NAME: after making the app NAME failed, ends the script where the name is taken, unless by someone else.
see_owner() {
  case $(complaint) in
    *"already been taken"*) ;;
    *) return 0 ;;
  esac
  # The list of apps, which was asked before, may have left it out.
  if NO_COLOR=1 flyctl status --app "$1" --json >"$scratch/taken" 2>"$scratch/why"; then
    owner=$(jq -r '.Organization.Slug // ""' "$scratch/taken" 2>/dev/null) || owner=
    case $owner in
      "$org") fail 1 "$1 is there already, in the organization $org, and flyctl did not list it. Run again: $again" ;;
      ?*) fail 3 "$1 is there already, in your organization $owner instead of $org. See: fly status -a $1. Choose that organization, or another name: $rename" ;;
    esac
  fi
  grep -qE 'ould not find App|app not found|unauthorized' "$scratch/why" ||
    fail 1 "the name $1 is taken on Fly, and flyctl did not tell whether by an app of yours. Run again: $again"
}

# --- What Fly has ------------------------------------------------------------------------------------------

# list_secrets: writes the secrets of the app into $scratch/secrets as JSON.
list_secrets() {
  list_fly secrets flyctl secrets list --app "$app"
}

# has LIST FIELD VALUE: whether an entry of $scratch/LIST has this value.
has() {
  jq -e --arg field "$2" --arg value "$3" 'any(.[]; .[$field] == $value)' "$scratch/$1" >/dev/null
}

# has_secret NAME: whether $scratch/secrets has it.
has_secret() {
  has secrets name "$1"
}

# missing_secrets: prints the names of the required secrets that $scratch/secrets lacks.
missing_secrets() {
  required_secrets | while IFS=$tab read -r name _; do
    has_secret "$name" || say "$name"
  done
}

# doubt_list NAME WAY: ends the script where Fly lists no secret at all of an app that has machines: if that is wrong, a new
# random value of NAME would replace the one that the app has. WAY leads on if it is right.
doubt_list() {
  jq -e '. == []' "$scratch/secrets" >/dev/null || return 0
  list_fly fleet flyctl machine list --app "$app"
  jq -e '. == []' "$scratch/fleet" >/dev/null ||
    fail 1 "Fly lists no secret of $app, although it has machines. If that is wrong, a new $1 would end every session, and what the old one encrypted would be lost. Run again: $again. If it has none indeed: $2"
}

# An awk function: a secret as flyctl reads it, or nothing where it would read something else. It takes a pair of quotes off,
# single, double or three, and a # of the first line for a comment unless the number of double quotes before it is odd. It
# reads on over the lines until one ends with three, and drops all that follows a line of more than 64 kB.
import_line='function import_line(name, value,   lines, count, odd, quote, i) {
  count = split(value, lines, "\n")
  for (i = 1; i <= count; i++) if (length(lines[i]) > 64000 || (i < count && lines[i] ~ /"""$/)) return ""
  odd = sub(/#.*/, "", lines[1]) && gsub(/"/, "", lines[1]) % 2
  if (odd && count > 1) return ""
  quote = odd ? "\047" : count > 1 || value ~ /^"("|$)/ ? "\"\"\"" : "\""
  return name "=" quote value quote
}'

# as_secret NAME: prints the value on stdin as import_secrets takes it.
as_secret() {
  awk -v name="$1" "$import_line"' { text = text (NR > 1 ? "\n" : "") $0 }
    END { line = import_line(name, text); print line; exit line == "" }' ||
    fail 1 "flyctl would store something else than this value of $1. Put it alone into a file, and run: fly secrets set $1=- -a $app --stage <FILE, then: $again"
}

# import_secrets [OPTION]: stores the lines NAME=VALUE of $scratch/import. The values are on no command line and in no log.
import_secrets() {
  hidden flyctl secrets import --app "$app" "$@" <"$scratch/import"
}

# list_machines: writes the machines of the app into $scratch/machines, a line for each: id, state, image, number of
# services that take HTTP, whether it may sleep, because Fly stops it without traffic or it is a standby, and its process
# group. Machines that run one command, such as the migrations, are left out. $scratch/fleet has the same as JSON. While the
# host of a machine does not answer, Fly leaves out what it has: the image is then `unknown`.
list_machines() {
  list_fly all_machines flyctl machine list --app "$app"
  jq 'map(select(.config.metadata.fly_process_group // .config.env.FLY_PROCESS_GROUP // "" | startswith("fly_app_") | not))' \
    "$scratch/all_machines" >"$scratch/fleet"
  jq -r '.[] | .image_ref as $image
    | [.id, .state // "unknown", if $image.repository | not then "unknown" else "\($image.registry)/\($image.repository)" +
        if ($image.tag // "") != "" then ":\($image.tag)" else "@\($image.digest)" end end,
        (.config.services // [] | map(select(any(.ports[]?.handlers[]?; . == "http"))) | length),
        if any(.config.services[]?; (.autostop // false) | . != false and . != "off") or (.config.standbys // []) != []
          then "sleeps" else "stays" end,
        .config.metadata.fly_process_group // .config.env.FLY_PROCESS_GROUP // "app"]
    | @tsv' "$scratch/fleet" >"$scratch/machines"
}

# wrong_counts: prints GROUP=NUMBER for each group of $worker_counts that has more or fewer machines in $scratch/fleet. The
# NUMBER is what `fly scale count` wants, which counts standbys too.
wrong_counts() {
  for wanted in ${worker_counts:-}; do
    jq -r --arg group "${wanted%=*}" --argjson wanted "${wanted#*=}" '
      map(select((.config.metadata.fly_process_group // .config.env.FLY_PROCESS_GROUP) == $group) | (.config.standbys // []) != [])
      | (map(select(.)) | length) as $standbys
      | if length - $standbys == $wanted then empty else "\($group)=\($wanted + $standbys)" end' "$scratch/fleet"
  done
}

# serves ID IMAGE: whether a machine answers with the revision that the image was built from; $answer is what it says.
# Fly's proxy passes a request on to the machine that the header names.
serves() {
  answer=$(curl -fsS --max-time 10 -H "fly-force-instance-id: $1" "${APP_URL:-https://$app.fly.dev}/livez" 2>&1) || return 1
  case ${2##*:} in
    git-*) [ "$(printf %s "$answer" | jq -r '.revision[:12]' 2>/dev/null)" = "${2##*:git-}" ] ;;
    *) [ "$(printf %s "$answer" | jq -r '.status' 2>/dev/null)" = ok ] ;;
  esac
}

# check_machine ID STATE IMAGE SERVICES WANTED SECONDS: compares a machine with the image it should have. Sets $finding,
# a sentence, and $verdict:
#   serves  it answers with the revision of the image, within SECONDS
#   has     it has the image and takes no HTTP, so that it cannot be asked, such as a worker
#   asleep  it has the image and is stopped; flyctl updates such a machine and does not start it
#   wrong   anything else
check_machine() {
  verdict=wrong
  if [ "$3" != "$5" ]; then
    finding="machine $1 has the image $3 instead of $5"
    return 0
  fi
  case $2:$4 in
    stop* | suspend*) verdict=asleep finding="$1 is $2 and has ${5##*:}" ;;
    started:0) verdict=has finding="$1 has ${5##*:}" ;;
    *:0) finding="machine $1 is $2, not started" ;;
    *)
      seconds=0
      until serves "$1" "$5"; do
        if [ "$seconds" -ge "$6" ]; then
          finding="machine $1 ($2) does not serve ${5##*:} but: $answer"
          return 0
        fi
        sleep 5
        seconds=$((seconds + 5))
      done
      verdict=serves finding="$1 serves ${5##*:}"
      ;;
  esac
}

# check_page ID: asks a machine for the front page, once. /livez is answered before the app, so it says nothing of the app's
# own pages. Sets $finding. Returns 1 where the answer is 5xx or there is none; an API may well answer 404.
check_page() {
  page=${APP_URL:-https://$app.fly.dev}/
  status=$(curl -sS --max-time 30 -o /dev/null -w '%{http_code}' -H "fly-force-instance-id: $1" "$page" 2>"$scratch/page") || :
  case $status in
    5*)
      finding="the front page $page answers $status: machine $1 runs, but the app cannot serve its pages; often a secret is missing or wrong"
      return 1
      ;;
    [1-4]*) finding="the front page $page answers $status" ;;
    *)
      finding="the front page $page gave no answer, so it is unknown whether the app works: $(tail -n 1 "$scratch/page")"
      return 1
      ;;
  esac
}

# verify_machines IMAGE SECONDS: checks every machine, and the front page of one that serves, and prints a line for each.
# Returns 1 at a wrong one, with $finding. flyctl may report success for an image that could not be fetched, so what it
# says is not enough.
verify_machines() {
  list_machines
  awake=
  works=
  server=
  sleeper=
  idle=
  stopped=
  finding="$app has no machine"
  [ -s "$scratch/machines" ] || return 1
  while IFS=$tab read -r id state has services sleeps _ <&4; do
    check_machine "$id" "$state" "$has" "$services" "$1" "$2"
    case $verdict in
      wrong) return 1 ;;
      asleep)
        if [ "$services" = 0 ]; then idle=$id; else sleeper=$id; fi
        [ "$sleeps" = sleeps ] || stopped=1
        ;;
      serves) awake=1 server=$id ;;
      has) works=1 ;;
    esac
    say "$finding"
  done 4<"$scratch/machines"
  # A worker that works says nothing of an app whose machines all sleep.
  [ -n "$sleeper" ] || awake=$awake$works
  sleeper=${sleeper:-$idle}
  [ -n "$server" ] || return 0
  check_page "$server" || return 1
  say "$finding"
}

# conclude WHAT: the last line after `verify_machines`. Where every machine sleeps, the new image has proven nothing yet.
conclude() {
  if [ -n "$awake" ]; then
    say "$1: https://$hostname"
    return 0
  fi
  [ -z "$stopped" ] || fail 1 "every machine has the image, but none is started, and flyctl starts none. Run: fly machine start $sleeper -a $app, then: ops/doctor $environment"
  say "Every machine has the image and is asleep, so none was asked. Start one to check: fly machine start $sleeper -a $app"
}

# --- Files of a backup -------------------------------------------------------------------------------------

# checksum FILE: its SHA-256.
checksum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1"
  else
    shasum -a 256 <"$1"
  fi | sed 's/ .*//'
}

# check_file FILE: whether a file that was written earlier is still as it was.
check_file() {
  [ -f "$1" ] || fail 2 "there is no file $1"
  case $1 in
    *.partial) fail 1 "$1 was left by a run that was killed, and is no backup. Use another one" ;;
  esac
  [ -s "$1" ] || fail 1 "$1 is empty. Use another one"
  [ -f "$1.sha256" ] || fail 1 "$1.sha256 is missing, so it is unknown whether $1 is complete.
If you know that it is: sha256sum $(quoted "$1") > $(quoted "$1.sha256")"
  [ "$(checksum "$1")" = "$(sed 's/ .*//' "$1.sha256")" ] ||
    fail 1 "$1 has changed since it was written: its checksum differs from $1.sha256. Use another one"
}

# size FILE: in words.
size() {
  du -k "$1" | awk '{ if ($1 > 10240) printf "%.0f MB", $1 / 1024; else printf "%d kB", $1 }'
}
