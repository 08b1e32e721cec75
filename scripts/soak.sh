#!/usr/bin/env bash
# Soaks every backend: clients come and go, with messages of random sizes, and
# every byte is verified; memory and descriptors must be flat at the end.
# Takes some minutes for each backend, and is no measurement.
#
# usage: scripts/soak.sh [MESSAGES]        of each backend; default 100000000
set -euo pipefail
cd "$(dirname "$0")/.."
exec go test ./scenarios -run '^TestSoak$' -count 1 -v -timeout 24h -args -soak-messages "${1:-100000000}"
