#!/usr/bin/env bash
# Measures the reference runs anew, with their reports and charts, and puts the
# overview's table into README.md. All of them take most of an hour; nothing
# else should run on the machine meanwhile. A run that fails replaces nothing.
#
# usage: scripts/reproduce.sh [overview|connect|idle|original|readme]...
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=results/runs/reference # not kept by git, and on the same disk
mkdir -p "$fresh"
muxbench=$fresh/muxbench
go build -buildvcs=auto -o "$muxbench" ./cmd/muxbench

measure() { # NAME ARGUMENT...
  local name=$1
  shift
  rm -rf "${fresh:?}/$name"
  "$muxbench" run "$@" -o "$fresh/$name"
  rm -rf "results/reference/$name"
  mv "$fresh/$name" "results/reference/$name"
}

# The idle half of the overview's table, as a terminal of 96 columns shows it,
# between two marks in README.md.
readme() {
  local text
  [ "$(grep -c -x -e '<!-- overview -->' -e '<!-- end of overview -->' README.md)" = 2 ]
  text=$(script -qec "stty cols 96; '$muxbench' report results/reference/overview" /dev/null </dev/null | tr -d '\r' |
    awk '/^echo:/ { out = 1 } /^Which takes/ { out = 0 } !out')
  TEXT=$text awk '
    /^<!-- overview -->$/ { print; print "```\n" ENVIRON["TEXT"] "\n```"; skip = 1 }
    /^<!-- end of overview -->$/ { skip = 0 }
    !skip && !/^<!-- overview -->$/' README.md >"$fresh/README.md"
  grep -q 'Which takes the least' "$fresh/README.md"
  mv "$fresh/README.md" README.md
}

[ $# -gt 0 ] || set -- overview connect idle original
for name; do
  case $name in
    overview)
      measure overview
      readme
      ;;
    connect) measure connect connect -c 100,1k,5k,10k,19k -n 5 ;;
    idle) measure idle idle -c 100,1k,5k,10k,19k -a 100 -d 500ms -n 9 ;;
    original) measure original --preset original ;;
    readme) readme ;;
    *)
      echo "reproduce.sh: no reference run $name: overview, connect, idle, original or readme" >&2
      exit 2
      ;;
  esac
done
