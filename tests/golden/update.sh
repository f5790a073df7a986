#!/bin/bash
# Writes the expected files of the golden cases anew; read the difference before you believe it.
# A file that is not there yet is made with touch(1) first.
set -euo pipefail

if [ $# -lt 1 ] || [ ! -x "$1/netpol-report" ]; then
  echo "Usage: ${0##*/} BUILD-DIRECTORY [CASE]..." >&2
  exit 2
fi
report=$(realpath "$1/netpol-report")
shift
golden=$(cd "$(dirname "$0")" && pwd)
. "$golden/golden.bash"
unset NETPOL_DB
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
[ $# -gt 0 ] || set -- $(cd "$golden" && ls -d */)
for name; do
  prepare "$golden/${name%/}"
  for file in $(expected "$golden/${name%/}"); do
    answer "$file" > new
    cmp -s new "$golden/${name%/}/$file" || echo "${name%/}/$file"
    cat new > "$golden/${name%/}/$file"
  done
  # An empty one says no more than none.
  answer problems.txt > new
  [ ! -s new ] || [ -e "$golden/${name%/}/problems.txt" ] || {
    echo "${name%/}/problems.txt"
    cat new > "$golden/${name%/}/problems.txt"
  }
done
