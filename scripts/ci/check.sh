#!/bin/sh
# Checks a change against where it began: finds that revision, fetching what a
# shallow clone lacks, runs "muxbench check" with both, writes its result in the
# formats that CI systems read, and turns the verdict into an exit status.
#
# usage: scripts/ci/check.sh [OPTION]... [-- FLAG...], in the clone to be checked;
# FLAGs are further ones of "muxbench check", such as -b epoll-lt -c 100.
#
#   --target BRANCH           that the change is to go into, of the remote origin; the
#                             base is where they parted (default: GITHUB_BASE_REF or
#                             CI_MERGE_REQUEST_TARGET_BRANCH_NAME)
#   --base REV                the base itself, instead
#   --budget TIME             for measuring, such as 300s (default 120s)
#   --layouts N               random code layouts of each side (default 4)
#   --out DIR                 for the results; it may not have any (default muxbench-check)
#   --on-inconclusive ACTION  fail or warn (default warn)
#   --on-invalid ACTION       fail or warn (default warn)
#   --muxbench BIN            measures (default: one built of this clone)
#
# Exit status: 0 passed, or only warned; 99 regression; 3 inconclusive and 4
# invalid, where these fail; 1 could not be done; 2 usage; 130 or 143 interrupted.
# DIR gets result/ (with charts), junit.xml, report.json and report.md.
set -eu

say() { printf 'check.sh: %s\n' "$*" >&2; }
usage() {
  say "$*; see the beginning of scripts/ci/check.sh"
  exit 2
}
impossible() {
  say "$*"
  exit 1
}
# What is shown may come from whoever opened the pull request.
shown() { printf '%s' "$1" | tr -d '[:cntrl:]'; }

target=${GITHUB_BASE_REF:-${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-}}
rev='' budget=120s layouts=4 out=muxbench-check on_inconclusive=warn on_invalid=warn muxbench=''
while [ $# -gt 0 ]; do
  case $1 in
    --)
      shift
      break
      ;;
    --target | --base | --budget | --layouts | --out | --on-inconclusive | --on-invalid | --muxbench)
      [ -n "${2:-}" ] || usage "$1 needs a value"
      ;;
    *) usage "no option $(shown "$1")" ;;
  esac
  case $1 in
    --target) target=$2 ;;
    --base) rev=$2 ;;
    --budget) budget=$2 ;;
    --layouts) layouts=$2 ;;
    --out) out=$2 ;;
    --on-inconclusive) on_inconclusive=$2 ;;
    --on-invalid) on_invalid=$2 ;;
    --muxbench) muxbench=$2 ;;
  esac
  shift 2
done
for action in "$on_inconclusive" "$on_invalid"; do
  case $action in
    fail | warn) ;;
    *) usage "$(shown "$action") is no action: fail or warn" ;;
  esac
done

export GIT_TERMINAL_PROMPT=0 # nobody would answer
top=$(git rev-parse --show-toplevel) || impossible "this is in no git repository: run it in a clone with the change checked out"
head=$(git rev-parse --verify --quiet HEAD) || impossible "nothing is checked out here: check out the change"
temporary=$(mktemp -d)
fetched=refs/muxbench/target
trap 'rm -rf "$temporary"; git update-ref -d "$fetched" 2>/dev/null || :' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

shallow() { [ "$(git rev-parse --is-shallow-repository)" = true ]; }

# A ref with a prefix is no option, whatever its name.
fetch() { git fetch --quiet --no-tags --no-recurse-submodules "$@"; }
fetch_target() { fetch "$@" origin "+refs/heads/$target:$fetched"; }

# Deepens both histories until they meet, or are complete. Servers that give no
# commit by its hash give the target's history alone.
deepen() {
  fetch "$1" origin "+refs/heads/$target:$fetched" "$head" || fetch_target "$1"
}

# Prints where the change and its target parted.
parted() {
  git check-ref-format "refs/heads/$target" || usage "--target $(shown "$target") is no name of a branch"
  from=$fetched
  if ! fetch_target; then
    from=refs/remotes/origin/$target
    git rev-parse --verify --quiet "$from^{commit}" >/dev/null ||
      impossible "$(shown "$target") could not be fetched from origin, and is not here: check that origin has it and may be read, or fetch it before"
    say "$(shown "$target") could not be fetched: it is taken as it was fetched before"
  fi
  for step in '' --deepen=100 --deepen=1000 --unshallow; do
    if [ -n "$step" ]; then
      shallow || break
      deepen "$step" || break
    fi
    git merge-base HEAD "$from" && return
  done
  if shallow; then
    impossible "this clone is shallow, and the commits between the change and $(shown "$target") could not be fetched: check it out with its history (fetch-depth: 0, GIT_DEPTH: 0)"
  fi
  impossible "the change and $(shown "$target") have no commit in common: name another branch by --target, or the revision by --base"
}

# Prints the commit that --base names.
named() {
  commit() { git rev-parse --verify --quiet --end-of-options "$rev^{commit}"; }
  commit && return
  case $rev in
    *[!0-9a-f]*) ;; # not a hash
    *) if fetch origin "$rev" && commit; then return; fi ;;
  esac
  impossible "--base $(shown "$rev") names no commit here, nor one that origin gives by its hash: fetch it before, or correct it"
}

if [ -n "$rev" ]; then
  base=$(named)
elif [ -n "$target" ]; then
  base=$(parted)
else
  usage "against what? Give --target BRANCH, or --base REV"
fi
[ "$base" != "$head" ] || usage "the change is the base ($base): there is nothing to compare; give another by --base REV"
say "checking $head against $base"

[ ! -e "$out/result" ] || usage "$(shown "$out") has a result already: remove it, or give another directory by --out"
mkdir -p -- "$out"
printf '*\n' >"$out/.gitignore" # so that the working tree has no changes by it
if [ -z "$muxbench" ]; then
  muxbench=$temporary/muxbench
  go -C "$top" build -o "$muxbench" ./cmd/muxbench || impossible "muxbench could not be built of this clone: see above"
fi

# In the background, for a shell that waits for a command in the foreground passes
# no signal on. There SIGINT is ignored, SIGTERM is not.
check='' signalled=''
stop() {
  signalled=yes
  [ -z "$check" ] || kill -TERM "$check" 2>/dev/null || :
}
trap stop INT TERM HUP
"$muxbench" check --base-rev "$base" --layouts "$layouts" --budget "$budget" -o "$out/result" "$@" &
check=$!
[ -z "$signalled" ] || stop
status=0
wait "$check" || status=$?
while [ -n "$signalled" ]; do # the status is the signal's
  signalled='' status=0
  wait "$check" || status=$?
done
trap 'exit 130' INT
trap 'exit 143' TERM HUP

unwritten='' missing=''
write() { # FORMAT FILE
  # GitHub was told by the check itself.
  if GITHUB_ACTIONS='' GITHUB_STEP_SUMMARY='' "$muxbench" report "$out/result" --format "$1" >"$temporary/report" && cp "$temporary/report" "$out/$2"; then
    return
  fi
  unwritten=yes
  say "$(shown "$out")/$2 could not be written: see above"
}
if [ -e "$out/result/run.jsonl" ]; then
  write junit junit.xml
  write json report.json
  write markdown report.md
else
  missing=yes
  say "there is no result"
fi

# Says a verdict, and what becomes of it.
conclude() { # VERDICT ACTION WORDS
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'verdict=%s\nstatus=%s\n' "$1" "$status" >>"$GITHUB_OUTPUT"
  fi
  if [ "$2" != warn ]; then
    say "$1: $3"
    exit "$status"
  fi
  say "$1: $3; the job goes on, as --on-$1 warn has it"
  if [ "${GITHUB_ACTIONS:-}" = true ]; then
    printf '::warning title=muxbench check: %s::%s; the job goes on, as on-%s: warn has it\n' "$1" "$3" "$1"
  fi
  exit 0
}
case $status in
  0)
    if [ -n "$missing" ]; then
      status=1
      conclude failed fail "nothing was measured: leave away what keeps muxbench check from that"
    fi
    [ -z "$unwritten" ] || status=1
    conclude pass fail "no regression${unwritten:+, but the reports could not be written}"
    ;;
  3) conclude inconclusive "$on_inconclusive" "a regression was neither found nor excluded: give it more time by --budget, or a quieter machine" ;;
  4) conclude invalid "$on_invalid" "the measurement is not to be trusted: see its reasons above" ;;
  99) conclude regression fail "the change made it worse: see above" ;;
  130) conclude interrupted fail "it was stopped before it ended" ;;
  2) conclude usage fail "muxbench check refused its flags: see above" ;;
  *) conclude failed fail "it could not be done (status $status): see above" ;;
esac
