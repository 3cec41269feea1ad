#!/usr/bin/env bash
# silent.sh NAME command... -- a check that is silent when all is well, told as
# one result.
set -u
name=$1; shift
if said=$("$@" 2>&1) && [ -z "$said" ]; then
    echo "ok   $name"
else
    echo "not ok $name"
    sed 's/^/#    /' <<<"$said"
    exit 1
fi
