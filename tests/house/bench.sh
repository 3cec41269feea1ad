#!/usr/bin/env bash
# bench.sh -- the bench's C files compile without a warning, and every row of
# it runs for a moment, so that it is not found broken on the day it is
# needed. Figures are `make bench`'s business, and so are the peers.
set -u
failed=0
log=build/test-logs/bench-run.log
export BENCH_OUT=build/bench/moment BENCH_RESULTS=build/bench/moment/RESULTS.md
tell() { # tell NAME command...: the command's success is the result
    local name=$1
    shift
    if "$@"; then
        echo "ok   $name"
    else
        echo "not ok $name"
        failed=1
    fi
}

compiles() {
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wpedantic -Wshadow \
        -Wconversion -Werror -fsyntax-only "$1"
}
for source in tests/bench/*.c tests/overload/*.c; do
    tell "$source compiles" compiles "$source"
done

# --- bodies and streams ------------------------------------------------------

wire_runs() {
    make --no-print-directory build/tests/wire/bench_wire >"$log" 2>&1 &&
        build/tests/wire/bench_wire 1 request-turns-32k
}
mkdir -p "${log%/*}"
tell "the bench of bodies and streams runs" wire_runs

# --- the simulated world -----------------------------------------------------

world_runs() {
    make --no-print-directory bench-world >"$log" 2>&1 &&
        grep -qE '^\| one model +\| +[1-9][0-9]+ \|$' "$log"
}
tell "the bench of the simulated world runs" world_runs

micro() { # NAME: a bench that is one program, on few turns
    make --no-print-directory "build/bench/micro/$1" >"$log" 2>&1 &&
        "build/bench/micro/$1" 1000
}
tell "the bench of what is decided before a call runs" micro targets
tell "the bench of limits runs" micro limits
tell "the bench of budgets runs" micro budget
tell "the bench of usage runs" micro usage
tell "the bench of marks of keys runs" micro marks

# --- the store ---------------------------------------------------------------

store_runs() {
    make --no-print-directory bench-store BENCH_SECONDS=0.05 >"$log" 2>&1 &&
        [ "$(grep -cE '^\| (process|power) \| [0-9]+ \| [1-9]' "$log")" = 6 ]
}
tell "the bench of the store runs" store_runs

# --- tokens -------------------------------------------------------------------

tokens_run() {
    timeout 60 tests/tokens/bench.sh build 0.01 1 1 >"$log" 2>&1
    [ "$(grep -cE '^(o200k|cl100k), English prose( +[0-9.]+){4}$' "$log")" = 2 ] && return
    sed 's/^/#  /' "$log"
    return 1
}
if tests/house/tokenizers.sh build/tokenizers >"$log" 2>&1; then
    tell "the bench of counting tokens runs" tokens_run
else
    echo "skip the bench of counting tokens # $(tail -n 1 "$log")"
fi

# --- every row, for a moment ---------------------------------------------------

runs() {
    BENCH_SERVERS="direct perilune" BENCH_ROUNDS=1 BENCH_MS=50 BENCH_STREAMS=20 \
        BENCH_REQUESTS=200 timeout 120 tests/bench/run.sh >"$log" 2>&1 && return
    sed 's/^/#  /' "$log"
    return 1
}
told() { # told PATTERN: a line of the report, with the figures it must have
    grep -qE "$1" "$log"
}
mkdir -p "${log%/*}" $BENCH_OUT
tell "the bench runs, and no request of it fails" runs
servers_in() { # servers_in ROW: how many have a figure that is not nothing
    awk -v row="**$1**:" '/^\*\*/ { inside = $1 == row }
        inside && /^\| (direct|perilune) \| *[1-9]/ { n++ }
        END { print n + 0 }' "$log"
}
for row in small large burst paced open500 open5000; do
    tell "row $row has figures of both servers" test "$(servers_in $row)" = 2
done
tell "row memory holds its streams" \
    told '^\| perilune \| [0-9]+ \| [0-9]+ \| 20 \|'
tell "row reload serves a new version after every edit" \
    told '^\| the policy \|.*\| 300 \| 320 \|'
tell "row reload counts what failed" \
    told '^200 requests in .* [1-9][0-9]* versions served, 0 requests'
tell "row start has a time" \
    told '^\| start \| ms from exec to first answer \| 30 \| [0-9.]+ '
for how in "is killed" "goes silent"; do
    tell "row outage: all go elsewhere when the first upstream $how" \
        told "^\| $how.* \| [1-9][0-9]* \| [0-9.]+ \|.* \| 0 \|$"
done

# --- and is kept ---------------------------------------------------------------

kept() { # a line in the trend with a cell for each of its columns, and the tables
    cp tests/bench/RESULTS.md $BENCH_RESULTS &&
        tests/bench/keep.sh "a moment" >/dev/null &&
        awk -F'|' '/^\| date/ { columns = NF }
            / a moment \|/ && NF == columns { line++ }
            /^###.*: a moment$/ { tables++ }
            END { exit line != 1 || tables != 1 }' $BENCH_RESULTS
}
tell "keep.sh adds a line to the trend, and the tables" kept
exit $failed
