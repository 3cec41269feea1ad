#!/usr/bin/env bash
# run.sh [FLAVOUR] -- everything a whole life of a runtime calls, failing: each
# allocation, once and from one on, each system call in every way it can fail,
# and transfers of a byte at a time. Under ASan, so that what an error path
# frees twice or forgets is seen.
#
# Without PERILUNE_LONG a part of them fails, another one each month; FAULT_FROM
# chooses. Beneath "not ok" stands what to run to see it alone.
set -u
cd "$(dirname "$0")/../.."
flavour=${1:-asan}
build=build/$flavour
[ "$flavour" != release ] || build=build
tests/house/build.sh "$flavour" "$build/faults/torture" || exit 1

from=${FAULT_FROM:-$(date +%Y%m)}
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
export ASAN_OPTIONS=verify_asan_link_order=0:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1

# torture NAME MOST FLAGS... -- in the background; MOST calls of each scenario.
torture() {
    local name=$1 most=$2
    shift 2
    [ -z "${PERILUNE_LONG:-}" ] || most=0
    LD_PRELOAD=$PWD/$build/faults/shim.so "$build/faults/torture" \
        -m "$most" -f "$from" "$@" >"$said/$name" 2>&1
    case $? in
    0 | 1) ;; # told, line by line
    *) echo "not ok torture $name: ended with status $?" >>"$said/$name" ;;
    esac
}

# Lives that keep something wait a good deal: they run beside the others.
kinds=()
for lives in plain money; do
    torture "memory-$lives" 12 -k memory -l $lives &
    torture "memory-onwards-$lives" 4 -k memory -o -l $lives &
    torture "system-$lives" 5 -k system -l $lives &
    torture "short-$lives" 1 -k system -S -l $lives &
    kinds+=("memory-$lives" "memory-onwards-$lives" "system-$lives" "short-$lives")
done
wait

for name in "${kinds[@]}"; do
    echo "# $name"
    cat "$said/$name"
    grep -q '^ok ' "$said/$name" || echo "not ok torture $name: nothing was told"
done
cat "$said"/* | awk '/^# .* failed / {
        for (i = 1; i < NF; i++) if ($i == "failed") { n += $(i + 1); runs += $(i + 3) }
    } END { printf "# %d calls failed in %d lives\n", n, runs }'
! cat "$said"/* | grep -qE '^not ok|ERROR: |runtime error:'
