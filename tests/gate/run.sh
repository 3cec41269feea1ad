#!/usr/bin/env bash
# Whole-gateway tests: run.sh [BINARY] [WORDS-OF-A-FILE-NAME...]
# One line per test, `ok   name` or `not ok name`; `# ` lines say why. As many
# files at a time as there are cores: most of a test is waiting. What a file says
# comes in one piece, when it has ended.
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
    local file=$1 word; shift
    [ $# -eq 0 ] && return 0
    for word in "$@"; do [[ $file == *"$word"* ]] && return; done
    return 1
}

one() { # FILE
    local said status
    said=$(mktemp)
    node "$1" >"$said" 2>&1
    status=$?
    flock "$lock" sh -c 'echo "# $1"; cat "$2"' sh "$1" "$said"
    rm -f "$said"
    return $status
}
export -f one
lock=$(mktemp)
export lock
trap 'rm -f "$lock"' EXIT

for file in *.test.mjs; do
    ! wanted "$file" "$@" || echo "$file"
done | xargs -r -P "$(nproc)" -I{} bash -c 'one {}'
