#!/usr/bin/env bash
# Measures the reference runs anew, with their reports and charts, and puts the
# overview's table into README.md. All of them take two and a half hours; nothing
# else should run on the machine meanwhile. A run that fails replaces nothing.
# Those beside libevent and the servers in C need a C compiler and libevent's
# development package (libevent-dev on Debian).
#
# usage: scripts/reproduce.sh [NAME]..., names as in the list at the end
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
  mkdir -p "results/reference/$(dirname "$name")"
  mv "$fresh/$name" "results/reference/$name"
}

# The overview's report but for the echo table, as a terminal of 96 columns shows it,
# between two marks in README.md.
readme() {
  local text
  [ "$(grep -c -x -e '<!-- overview -->' -e '<!-- end of overview -->' README.md)" = 2 ]
  text=$(script -qec "stty cols 96; '$muxbench' report results/reference/overview" /dev/null </dev/null | tr -d '\r' |
    awk '/^echo:/ { out = 1 } /^What a wait costs/ { out = 0 } !out')
  TEXT=$text awk '
    /^<!-- overview -->$/ { print; print "```\n" ENVIRON["TEXT"] "\n```"; skip = 1 }
    /^<!-- end of overview -->$/ { skip = 0 }
    !skip && !/^<!-- overview -->$/' README.md >"$fresh/README.md"
  grep -q 'Which takes the least' "$fresh/README.md"
  mv "$fresh/README.md" README.md
}

# Each method beside libevent's loop of the same, which is what ratios are to.
# libevent's select aborts beyond 1,024 descriptors, where a fortified libc has it.
beside_libevent() {
  scripts/reference/build.sh "$fresh"
  local method backends
  for method in select poll epoll; do
    backends=$method
    [ "$method" != epoll ] || backends=epoll-lt,epoll-et
    measure "libevent/$method" chain -b "$backends" -c "$([ "$method" = select ] && echo 100,400 || echo 100,1k,5k,9900)" -n 10 \
      --server "libevent-$method=$fresh/chain-libevent $method {connections} {active} {writes}" --reference "libevent-$method"
  done
  measure libevent/all --preset libevent
}

# Each backend beside the server in C of the same mechanism, which is what ratios
# are to. With 10,000 connections a slice takes half a second.
beside_c() {
  scripts/reference/build.sh "$fresh"
  local backend
  for backend in select poll epoll-lt epoll-et epoll-oneshot; do
    measure "c/$backend" echo -b "$backend" -c 50,1k -s 128 -d 1s -n 10 \
      --server "c-$backend=$fresh/echo-c $backend {port}" --reference "c-$backend"
    measure "c/$backend-10k" echo -b "$backend" -c 10k -s 128 -d 4s -n 10 \
      --server "c-$backend=$fresh/echo-c $backend {port}" --reference "c-$backend"
  done
}

# Those with threads and goroutines of their own beside the same in C.
beside_threads() {
  scripts/reference/build.sh "$fresh"
  measure c/thread-per-conn echo -b thread-per-conn,go-net -c 50,500 -s 128 -d 400ms -n 10 \
    --server "c-threads=$fresh/threads-c {port}" --reference c-threads
}

[ $# -gt 0 ] || set -- overview rate map connect idle churn ctl lookup scaling accept fanout level-or-edge backends original libevent c threads
for name; do
  case $name in
    overview)
      measure overview
      readme
      ;;
    rate) measure rate rate ;;
    map) measure map map ;;
    connect) measure connect connect -c 100,1k,5k,10k,19k -n 6 ;;
    idle) measure idle idle -c 100,1k,5k,10k,19k -a 100 -d 500ms -n 10 ;;
    churn | ctl | scaling | accept | fanout) measure "$name" "$name" ;;
    # The default ends with 2,000, and in a minute.
    lookup) measure lookup lookup -c 100,10k -n 12 ;;
    level-or-edge) measure level-or-edge --preset level-or-edge ;;
    # One-shot and the other ways to serve beside epoll, level-triggered.
    backends) measure backends idle -b all --reference epoll-lt -c 100,900 -a 100 -s 64 -d 200ms -n 10 ;;
    original) measure original --preset original ;;
    libevent) beside_libevent ;;
    c) beside_c ;;
    threads) beside_threads ;;
    readme) readme ;;
    *)
      echo "reproduce.sh: no reference run $name: overview, rate, map, connect, idle, churn, ctl, lookup, scaling, accept, fanout, level-or-edge, backends, original, libevent, c, threads or readme" >&2
      exit 2
      ;;
  esac
done
