# ops/doctor --scaffold: renders the template again as the answers file records it, and tells an edit of yours from a change
# that an update should have brought and did not. Sourced, never run; it uses `note` of ops/doctor and $scratch.
# shellcheck shell=sh disable=SC2154 # the names are set in ops/doctor and ops/lib.sh

# recorded FILE KEY: prints a value of an answers file.
recorded() {
  sed -n "s/^$2: *'\{0,1\}\([^']*\)'\{0,1\} *\$/\1/p" "$1"
}

# find_answers: sets $answers to the answers file of this template; other templates may have theirs.
find_answers() {
  for answers in .copier-answers.yml .copier-answers.*.yml; do
    ! grep -qs '^fly_app:' "$answers" || return 0
  done
  fail 1 "there is no answers file (.copier-answers.yml). Find it in git: git log --all --oneline -- '.copier-answers*'"
}

# run_copier WORDS…: runs copier, from uv's cache or as it is installed.
run_copier() {
  if command -v uvx >/dev/null 2>&1; then
    uvx --with copier-template-extensions --with jinja2-time copier "$@"
  else
    copier "$@"
  fi
}

# render ANSWERS FOLDER: renders what an answers file records into a new folder. Returns 1, with $why, if it cannot. The
# tasks are left out: they would look for an app there.
render() {
  mkdir "$2"
  cp "$1" "$2/$answers"
  version=$(recorded "$1" _commit)
  printf '+ %s\n' "copier recopy --trust --skip-tasks --defaults --overwrite --quiet --vcs-ref $version A-NEW-FOLDER" >&2
  run_copier recopy --trust --skip-tasks --defaults --overwrite --quiet --answers-file "$answers" --vcs-ref "$version" "$2" \
    </dev/null >"$scratch/said" 2>&1 || {
    why=$(grep -v '^ *$' "$scratch/said" | tail -n 1)
    return 1
  }
}

# list_files FOLDER: writes the paths of a render into $scratch/files, without the answers file.
list_files() {
  (cd "$1" && find . -type f ! -path "./$answers" | sed 's|^\./||' | sort) >"$scratch/files"
}

# lacks MINE OLD NEW: whether MINE lacks a change from OLD to NEW that touches no edit of MINE; $scratch/merged is MINE with it.
lacks() {
  git merge-file -p --ours "$1" "$2" "$3" >"$scratch/merged" 2>/dev/null && ! cmp -s "$1" "$scratch/merged"
}

# note_lost FILE NEW MESSAGE: reports a file that needs what NEW has, and adds it to the patch.
note_lost() {
  for side in old new; do
    mkdir -p "$(dirname -- "$scratch/patch/$side/$prefix$1")"
    [ ! -f "$1" ] || cp -p "$1" "$scratch/patch/$side/$prefix$1"
  done
  cp "$2" "$scratch/patch/new/$prefix$1"
  note fail lost "$1: $3. Look at it and bring it in: ops/doctor --scaffold --patch | git apply"
}

# compare_files: reports what needs no history, and writes the files that differ into $scratch/open.
compare_files() {
  same=0
  : >"$scratch/open"
  list_files "$scratch/now"
  while IFS= read -r file; do
    if [ ! -e "$file" ]; then
      note_missing "$file"
    elif cmp -s "$file" "$scratch/now/$file"; then
      same=$((same + 1))
    else
      printf '%s\n' "$file" >>"$scratch/open"
    fi
  done <"$scratch/files"
  note ok same "$same files are as $current renders them"
}

note_missing() {
  gone=$(git log -1 --first-parent --diff-filter=D --format=%h -- "$1")
  if git cat-file -e "HEAD:./$1" 2>/dev/null; then
    note warn deleted "$1 is deleted, but not in git. To bring it back: git checkout HEAD -- $(quoted "$1")"
  elif [ -n "$gone" ]; then
    note warn deleted "$1 was deleted in $gone and gets no updates. To bring it back: git checkout $gone^ -- $(quoted "$1")"
  else
    note_lost "$1" "$scratch/now/$1" "$current has it, and it never came into this repository"
  fi
}

# check_step COMMIT OLD NEW: reports what the commit lacked of the change from the render OLD to the render NEW and the files
# still lack. Without COMMIT the files themselves are the update, which is not committed yet.
check_step() {
  : >"$scratch/rest"
  while IFS= read -r file; do
    had=$file
    if [ -n "$1" ]; then
      had=$scratch/had
      git show "$1:./$file" >"$had" 2>/dev/null || : >"$had"
    fi
    if [ -f "$2/$file" ] && [ -f "$3/$file" ] && lacks "$had" "$2/$file" "$3/$file" && lacks "$file" "$2/$file" "$scratch/now/$file"; then
      note_lost "$file" "$scratch/merged" "it lacks what ${1:-the update that is not committed yet} should have brought from $old_version to $new_version"
    else
      printf '%s\n' "$file" >>"$scratch/rest"
    fi
  done <"$scratch/open"
  mv "$scratch/rest" "$scratch/open"
  list_files "$2"
  while IFS= read -r file; do
    if [ ! -e "$scratch/now/$file" ] && cmp -s "$file" "$2/$file" && ! grep -qxF -- "$file" "$scratch/left"; then
      printf '%s\n' "$file" >>"$scratch/left"
      note warn left "$file is still as $old_version rendered it, and $new_version has no such file. Unless you need it, run: git rm $(quoted "$file")"
    fi
  done <"$scratch/files"
}

# check_history: goes back through the commits that changed the answers file; each is an update or another answer.
check_history() {
  [ "$(git rev-parse --is-shallow-repository)" != true ] ||
    note warn history "this clone is shallow, so what earlier updates lost is unknown. Run: git fetch --unshallow"
  new=$scratch/now
  new_version=$current
  commit=
  : >"$scratch/left"
  cp "$answers" "$scratch/newer"
  git log --first-parent --format=%h -- "$answers" >"$scratch/commits"
  while read -r earlier <&4; do
    git show "$earlier:./$answers" >"$scratch/older" 2>/dev/null || break
    if ! cmp -s "$scratch/older" "$scratch/newer"; then
      old=$scratch/$earlier
      old_version=$(recorded "$scratch/older" _commit)
      if ! render "$scratch/older" "$old"; then
        note warn history "$old_version, in use until ${commit:-now}, can no longer be rendered, so what was lost then is unknown: $why"
        break
      fi
      check_step "$commit" "$old" "$new"
      new=$old
      new_version=$old_version
      mv "$scratch/older" "$scratch/newer"
    fi
    commit=$earlier
  done 4<"$scratch/commits"
}

note_edits() {
  while IFS= read -r file; do
    lines=$(git diff --no-index --numstat -- "$scratch/now/$file" "$file" | cut -f 1,2 | tr '\t' '/')
    note ok edited "$file: your edit, +${lines%/*} -${lines#*/} lines against $current"
  done <"$scratch/open"
}

check_scaffold() {
  prefix=$(git rev-parse --show-prefix 2>/dev/null) ||
    fail 1 "this folder is not a git repository, and without its history your edits look like lost updates. docs/updating.md of the template shows a plain comparison"
  find_answers
  command -v uvx >/dev/null 2>&1 || need copier "Install it: pipx install copier && pipx inject copier copier-template-extensions jinja2-time"
  current=$(recorded "$answers" _commit)
  [ -n "$current" ] ||
    fail 1 "$answers names no version (_commit), because the template was copied from a folder without git. Copy it from its repository"
  mkdir -p "$scratch/patch/old" "$scratch/patch/new"
  render "$answers" "$scratch/now" || fail 1 "copier cannot render $current from $(recorded "$answers" _src_path): $why"
  compare_files
  check_history
  note_edits
}

# print_patch: prints what was lost, for `git apply`.
print_patch() {
  (cd "$scratch/patch" && git diff --no-index --no-color --no-ext-diff --no-prefix old new) || :
}
