#!/usr/bin/env bash
# symbols.sh BUILD -- the library offers peri_* to its host and nothing else.
set -eu
bad=0
for file in "$1/libperilune.a" "$1/libperilune.so"; do
    flag=$([ "${file##*.}" = so ] && echo -D || echo -g)
    others=$(nm "$flag" --defined-only "$file" | awk 'NF == 3 { print $3 }' |
        grep -v '^peri_' || true)
    [ -z "$others" ] || { echo "$file exports: $others"; bad=1; }
done
exit $bad
