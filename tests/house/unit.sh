#!/usr/bin/env bash
# unit.sh BUILD [NAME...] -- run the unit tests of a build folder, or those
# named. Programs whose source is gone are passed over.
set -u
build=$1; shift
failed=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT

run() { # PROGRAM NAME
    echo "# $2"
    timeout -k 10 300 "$1" 2>&1 | tee "$said"
    local status=${PIPESTATUS[0]}
    [ "$status" = 0 ] && return
    failed=1
    # One that counted its own failures has said so; one that died has not.
    [ "$status" = 1 ] && grep -q '^not ok' "$said" && return
    echo "not ok $2 ended with status $status"
}

for program in "$build"/tests/*/test_*; do
    name=${program#"$build"/tests/}
    [ -x "$program" ] && [ -f "$program" ] && [ -f "tests/$name.c" ] || continue
    [ $# = 0 ] || [[ " $* " == *" $(basename "$program") "* ]] || continue
    run "$program" "$name"
done
exit $failed
