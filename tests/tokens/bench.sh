#!/usr/bin/env bash
# bench.sh BUILD [SECONDS] [ROUNDS] [TEXTS] -- counting tokens beside npm's; see bench.mjs.
set -eu
build=$(realpath "$1"); shift
cd "$(dirname "$0")/../.."
export RANKS=${RANKS:-$PWD/build/tokenizers} IDS=$build/tests/tokens/ids
tests/house/tokenizers.sh "$RANKS"
make --no-print-directory B="$build" "$IDS" >/dev/null
cd tests/tokens
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
exec node bench.mjs "$@"
