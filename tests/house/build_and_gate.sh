#!/usr/bin/env bash
# build_and_gate.sh FLAVOUR WORD... -- build a flavour and drive its gateway
# through the test files whose names hold a word.
set -u
flavour=$1; shift
tests/house/build.sh "$flavour" all || exit 1
exec tests/gate/run.sh "build/$flavour/perilune" "$@"
