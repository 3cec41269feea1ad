#!/usr/bin/env bash
# build_and_unit.sh FLAVOUR [tests/ROOM/test_X.c...] -- build a flavour and its
# unit tests, or only those named, and run them.
set -u
flavour=$1; shift
build=build/$flavour
names=() programs=()
for source in $(printf '%s\n' "$@" | sort -u); do
    names+=("$(basename "$source" .c)")
    programs+=("$build/${source%.c}")
done
[ ${#programs[@]} -gt 0 ] || programs=(all unit)
tests/house/build.sh "$flavour" "${programs[@]}" || exit 1
# TSan wants the addresses where it expects them.
plain=()
[ "$flavour" != tsan ] || ! setarch "$(uname -m)" -R true 2>/dev/null ||
    plain=(setarch "$(uname -m)" -R)
exec "${plain[@]}" tests/house/unit.sh "$build" "${names[@]}"
