#!/usr/bin/env bash
# worlds.sh BUILD ARGUMENT... -- `perilune test` with these arguments, one result
# each. Without any: the tests of tests/world, the schedules under 10,000 seeds.
set -u
build=$1
shift

tap() { # ARGUMENT...
    local said status
    said=$("$build/perilune" test --tap "$@" 2>&1)
    status=$?
    sed -E 's/^ok [0-9]+ - /ok   /; s/^not ok [0-9]+ - /not ok /; /^(TAP version|1\.\.)/d' <<<"$said"
    [ $status = 0 ] || grep -q '^not ok' <<<"$said" || echo "not ok perilune test $*"
    return $status
}

if [ $# -gt 0 ]; then
    tap "$@"
    exit
fi
failed=0
tap --seeds 10000 tests/world/schedules_test.lua || failed=1
for file in tests/world/*_test.lua; do
    [ "$file" = tests/world/schedules_test.lua ] || tap "$file" || failed=1
done
exit $failed
