#!/usr/bin/env bash
# run.sh SECONDS [TARGET...] -- fuzz the targets, each for so long, as many at a
# time as there are cores. FUZZ_SEED=n repeats a run's choices.
#
# What a run finds worth keeping goes to build/fuzz/corpus/TARGET, and the next
# run begins with it. An input that fails is kept in build/fuzz/artifacts, and
# printed in base64.
set -u
cd "$(dirname "$0")/../.."
seconds=$1
shift
build=build/fuzz
export seconds build
export UBSAN_OPTIONS=print_stacktrace=1

targets=("$@")
if [ $# = 0 ]; then
    mapfile -t targets < <(basename -s .c tests/fuzz/fuzz_*.c | sed 's/^fuzz_//')
fi
tests/house/build.sh fuzz fuzz-targets || exit 1
mkdir -p "$build/artifacts" "$build/logs"
node tests/fuzz/probes.mjs "$build/probes" || exit 1

# The input that a target stopped at, for whoever has only the log.
show_input() { # TARGET LOG
    local input
    input=$(grep -aoE 'Test unit written to .*' "$2" | sed 's/.* to //' | tail -n 1)
    grep -aE 'does not hold|ERROR:|runtime error' "$2" | head -n 5 | sed 's/^/#    /'
    [ -f "$input" ] || return
    echo "#    $input, in base64:"
    base64 -w 100 "$input" | sed 's/^/#    /'
}

one() { # TARGET
    local name=fuzz_$1 log=$build/logs/$1.log seed=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
    local corpus=$build/corpus/$1 dict=tests/fuzz/$1.dict words=() runs edges
    mkdir -p "$corpus" "$build/probes/$1"
    [ ! -f "$dict" ] || words=(-dict="$dict")
    timeout $((seconds + 120)) "$build/tests/fuzz/$name" -seed="$seed" \
        -max_total_time="$seconds" -max_len=4096 -timeout=25 \
        -print_final_stats=1 "${words[@]}" \
        -artifact_prefix="$build/artifacts/$1-" \
        "$corpus" "tests/fuzz/corpus/$1" "$build/probes/$1" \
        >"$log" 2>&1
    local status=$?
    runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    edges=$(grep -aoE 'cov: [0-9]+' "$log" | tail -n 1 | sed 's/cov: //')
    if [ $status = 0 ]; then
        echo "ok   $name: ${runs:-0} executions in $seconds s, ${edges:-0} edges, seed $seed"
        return
    fi
    show_input "$1" "$log"
    echo "not ok $name: status $status after ${runs:-?} executions, seed $seed; see $log"
}
export -f one show_input

results=$build/logs/results
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'one {}' | tee "$results"
grep -oE '[0-9]+ executions' "$results" |
    awk '{ n += $1 } END { print "# " n " executions in all" }'
! grep -q '^not ok' "$results"
