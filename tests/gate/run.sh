#!/bin/sh
# Whole-gateway tests: run.sh [BINARY] [WORDS-OF-A-FILE-NAME...]
# One line per test, `ok   name` or `not ok name`; `# ` lines say why.
set -u
bin=${1:-${PERILUNE_BIN:-$(dirname "$0")/../../build/perilune}}
[ $# -gt 0 ] && shift
PERILUNE_BIN=$(realpath "$bin") || exit 1
export PERILUNE_BIN
cd "$(dirname "$0")" || exit 1
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --silent --no-audit --no-fund || { echo "not ok npm ci"; exit 1; }
fi

wanted() { # is this file asked for?
  file=$1; shift
  [ $# -eq 0 ] && return 0
  for word in "$@"; do case $file in *"$word"*) return 0 ;; esac; done
  return 1
}

status=0
for file in *.test.mjs; do
  wanted "$file" "$@" || continue
  echo "# $file"
  node "$file" || status=1
done
exit $status
