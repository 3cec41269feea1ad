#!/usr/bin/env bash
# run.sh [STEP...] -- everything that `make test` runs, and how it went.
#
# A step is a command that prints `ok   name`, `not ok name` and
# `skip name # reason` lines. All of it goes to build/test-logs/STEP.log, the
# results are shown as they come, failures once more at the end, and the very
# last line is `N passed, M failed`. A step that dies, does not end or says
# nothing has failed, whatever it printed. tests/README.md lists the steps.
set -u
cd "$(dirname "$0")/.."

# No test may reach a real provider or obey the settings of whoever runs it.
for name in $(compgen -e); do
    case $name in
    PERILUNE_LONG) ;;
    *_API_KEY | *_TOKEN | PERILUNE_* | MAKE* | MFLAGS | FLAVOUR | B) unset "$name" ;;
    esac
done

logs=build/test-logs
limit=600 # seconds a step may take
[ -z "${PERILUNE_LONG:-}" ] || limit=14400
passed=0 failed=0 skipped=0
declare -a only=("$@") failures=() skips=()
mkdir -p "$logs"

# --- counting ----------------------------------------------------------------

# Each failure with the `#` lines around it, which say why.
failures_of() {
    awk '/^# [^ ]+$/ { why = $0 "\n"; telling = 0; next }
         /^#/      { if (telling) print; else why = why $0 "\n"; next }
         /^not ok/ { printf "%s%s\n", why, $0; why = ""; telling = 1; next }
                   { why = ""; telling = 0 }' "$1"
}

# A step's own end is a result too, if it is not a good one.
judge_end() { # NAME STATUS LOG
    local results
    results=$(grep -cE '^(ok|not ok|skip) ' "$3")
    if [ "$2" = 124 ] || [ "$2" = 137 ]; then
        echo "not ok $1: no end after $limit seconds"
    elif [ "$2" != 0 ] && ! grep -q '^not ok ' "$3"; then
        tail -n 25 "$3" | sed 's/^/#  /'
        echo "not ok $1: ended with status $2"
    elif [ "$results" = 0 ]; then
        echo "not ok $1: printed no result"
    fi
    grep -E '^skip ' "$3" | grep -vE '^skip .+ # .' |
        sed 's/^skip \(.*\)/not ok \1: skipped without a reason/'
}

count() { # NAME LOG SECONDS
    local ok bad skip
    ok=$(grep -c '^ok ' "$2")
    bad=$(grep -c '^not ok ' "$2")
    skip=$(grep -cE '^skip .+ # .' "$2")
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    [ "$bad" = 0 ] || failures+=("$1")
    [ "$skip" = 0 ] || skips+=("$1")
    echo "-- $1: $ok ok, $bad not ok, $skip skipped; $3 s"
}

wanted() {
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " == *" $1 "* ]]
}

# step NAME WHAT command... -- run it and count its results.
step() {
    local name=$1 what=$2 log=$logs/$1.log from=$SECONDS status
    shift 2
    wanted "$name" || return 0
    echo
    echo "== $name: $what"
    timeout -k 10 "$limit" "$@" 2>&1 </dev/null | tee "$log" |
        grep --line-buffered -E '^(ok|not ok|skip|#) ?'
    status=${PIPESTATUS[0]}
    judge_end "$name" "$status" "$log" | tee -a "$log"
    count "$name" "$log" $((SECONDS - from))
}

# --- the steps ---------------------------------------------------------------

threaded=$(grep -lE 'pthread|peri_start|mock_upstream\.h' tests/*/test_*.c)
threaded+=" $(ls tests/net/test_{real,resolver,curl*,plain*}.c 2>/dev/null)"
threaded+=" tests/run/test_embedding.c"

step release "the gateway and the library" tests/house/build.sh release all
step layers "the rooms depend one way" tests/house/silent.sh layers tests/house/layers.sh
step symbols "only peri_* is exported" tests/house/silent.sh symbols tests/house/symbols.sh build
step lint "limits, clang-format, luacheck" tests/house/lint.sh
step lua "the Lua library, on a fake core" lua5.4 tests/lua/run.lua
step check "unit tests, allocations counted" tests/house/build_and_unit.sh check
step asan "unit tests under ASan and UBSan" tests/house/build_and_unit.sh asan
step tokens "counting tokens beside npm's tiktoken" tests/tokens/run.sh build
# shellcheck disable=SC2086
step tsan "unit tests with threads, under TSan" tests/house/build_and_unit.sh tsan $threaded
step world "policies in simulated worlds" tests/house/worlds.sh build
step faults "every call fails in turn, under ASan" tests/faults/run.sh asan
step gate "the whole gateway over real sockets" tests/gate/run.sh build/perilune
step gate-asan "the same under ASan and UBSan" tests/gate/run.sh build/asan/perilune
step gate-tsan "what workers share, reload, drain, outages under TSan" \
    tests/house/build_and_gate.sh tsan drain reload targets outage budget_crowd jobs idempotency
step corpora "fuzz targets on their corpora, under ASan and UBSan" tests/fuzz/replay.sh asan
# Seeded by the month, as the faults are: a run that fails fails again, and what
# others look at is another part in time. `make fuzz` throws dice.
step fuzz "fuzz targets on new inputs, 20 s each" env FUZZ_SEED="$(date +%Y%m)" \
    tests/fuzz/run.sh "$([ -n "${PERILUNE_LONG:-}" ] && echo 300 || echo 20)"
step examples "examples and ready policies" tests/house/examples.sh build
step bench "the bench's tools compile" tests/house/bench.sh

# --- the end -----------------------------------------------------------------

echo
for name in "${failures[@]}"; do
    echo "Failures of $name ($logs/$name.log):"
    failures_of "$logs/$name.log" | sed 's/^/  /'
done
for name in "${skips[@]}"; do
    echo "Skipped in $name:"
    grep '^skip ' "$logs/$name.log" | sed 's/^/  /'
done
echo "$skipped skipped; $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
