#!/usr/bin/env bash
# run.sh BUILD -- counts of tokens beside npm's tiktoken and beside what is written
# down. Skipped where the rank files, or npm's packages, cannot be fetched.
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
export RANKS=${RANKS:-$PWD/build/tokenizers} IDS=$build/tests/tokens/ids
if ! why=$(tests/house/tokenizers.sh "$RANKS" 2>&1); then
    echo "skip counting tokens beside tiktoken # $(tail -n 1 <<<"$why")"
    exit 0
fi
make --no-print-directory B="$build" "$IDS" >/dev/null || {
    echo "not ok tests/tokens/ids builds"
    exit 1
}
cd tests/tokens || exit 1
[ node_modules/.package-lock.json -nt package-lock.json ] ||
    npm ci --silent --no-audit --no-fund >/dev/null 2>&1
exec node compare.mjs
