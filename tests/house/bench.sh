#!/usr/bin/env bash
# bench.sh -- the bench's C files compile, each told as a result. What they
# measure is `make bench`'s business.
set -u
failed=0
warn="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
for source in tests/bench/*.c; do
    # shellcheck disable=SC2086
    if "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 $warn -fsyntax-only "$source"; then
        echo "ok   $source compiles"
    else
        echo "not ok $source compiles"
        failed=1
    fi
done
exit $failed
