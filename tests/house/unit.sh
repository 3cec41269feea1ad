#!/usr/bin/env bash
# unit.sh BUILD [NAME...] -- run the unit tests of a build folder.
set -u
build=$1; shift
failed=0
for program in "$build"/tests/*/test_*; do
    [ -x "$program" ] && [ -f "$program" ] && [ "${program%.d}" = "$program" ] || continue
    [ $# = 0 ] || [[ " $* " == *" $(basename "$program") "* ]] || continue
    echo "# ${program#"$build"/tests/}"
    timeout 300 "$program" || { echo "not ok ${program#"$build"/tests/} ended with $?"; failed=1; }
done
exit $failed
