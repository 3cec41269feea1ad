#!/usr/bin/env bash
# build.sh FLAVOUR TARGET... -- make, told as one result.
set -u
flavour=$1; shift
if make --no-print-directory -j"$(nproc)" FLAVOUR="$flavour" "$@"; then
    echo "ok   the $flavour flavour builds"
else
    echo "not ok the $flavour flavour builds"
    exit 1
fi
