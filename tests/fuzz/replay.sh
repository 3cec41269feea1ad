#!/usr/bin/env bash
# replay.sh FLAVOUR -- each fuzz target takes every input of its corpus once, and
# what probes.mjs makes of the tree.
set -u
cd "$(dirname "$0")/../.."
flavour=$1
tests/house/build.sh "$flavour" fuzz-targets || exit 1
probes=build/$flavour/probes
node tests/fuzz/probes.mjs "$probes" || exit 1
failed=0
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    folders=("tests/fuzz/corpus/${name#fuzz_}")
    [ ! -d "$probes/${name#fuzz_}" ] || folders+=("$probes/${name#fuzz_}")
    said=$(timeout 120 "build/$flavour/tests/fuzz/$name" "${folders[@]}" 2>&1)
    status=$?
    if [ $status = 0 ]; then
        echo "ok   $name: what must hold of $(grep -ac '^at ' <<<"$said") inputs does"
        continue
    fi
    failed=1
    grep -av '^at ' <<<"$said" | head -n 30 | sed 's/^/#    /'
    echo "not ok $name: status $status $(grep -a '^at ' <<<"$said" | tail -n 1)"
done
exit $failed
