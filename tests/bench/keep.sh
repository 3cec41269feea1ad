#!/usr/bin/env bash
# keep.sh [NOTE] -- puts the last run of `make bench` into RESULTS.md: a line in
# the trend and its tables at the end.
#   BENCH_OUT=FOLDER     where the run is, if not in build/bench
#   BENCH_RESULTS=FILE   into this file instead
set -eu
cd "$(dirname "$0")/../.."
out=${BENCH_OUT:-build/bench}
results=${BENCH_RESULTS:-tests/bench/RESULTS.md}
note=${1:-}
if [ ! -s $out/last.md ] || ! grep -q '^| row | figure' $out/last.md; then
    echo "keep: there is no whole run in $out; run: make bench" >&2
    exit 1
fi
told() { sed -n "s/^- $1: //p" $out/last.md; }

line="| $(told date) | $(told commit) | $note |"
line+=$(awk -v trend=1 -f tests/bench/report.awk $out/last.results)
{
    awk -v line="$line" '
        /^<!-- the trend goes on here -->/ { print line }
        { print }' "$results"
    echo
    echo "### $(told date), $(told commit)${note:+: $note}"
    echo
    cat $out/last.md
} >"$results.new"
mv "$results.new" "$results"
echo "kept in $results"
