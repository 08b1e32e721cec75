#!/usr/bin/env bash
# Builds the reference programs into DIRECTORY, results/runs/reference of this
# repository if left out, and prints the paths of what it built.
#
#   scripts/reference/build.sh [DIRECTORY]
#
# CC chooses the compiler.
set -euo pipefail

if (($# > 1)) || [[ ${1-} == -* ]]; then
	echo "usage: ${0##*/} [DIRECTORY]" >&2
	exit 2
fi
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${1:-$(cd "$source/../.." && pwd)/results/runs/reference}
read -ra compile <<<"${CC:-cc}" # CC may carry flags
compile+=(-std=gnu11 -O2 -Wall -Wextra -Werror)

if ! command -v "${compile[0]}" >/dev/null; then
	echo "${0##*/}: no C compiler ${compile[0]}; install one (gcc on Debian), or name it in CC" >&2
	exit 1
fi
mkdir -p "$directory"

for program in echo load pace threads; do
	"${compile[@]}" -pthread -o "$directory/$program-c" "$source/$program.c"
	echo "$directory/$program-c"
done

probe=$(mktemp)
trap 'rm -f "$probe"' EXIT
# Whether libevent can be compiled and linked against.
has_libevent() {
	"${compile[@]}" -x c -o "$probe" - -x none "-l$1" 2>/dev/null <<-'C'
		#include <event2/event.h>
		int main(void) { return event_get_version() == 0; }
	C
}

for library in event_core event; do # the core is all that chain needs
	if has_libevent "$library"; then
		"${compile[@]}" -o "$directory/chain-libevent" "$source/chain.c" "-l$library"
		echo "$directory/chain-libevent"
		exit
	fi
done
echo "${0##*/}: chain-libevent is left out: libevent's development package (libevent-dev on Debian) is missing" >&2
