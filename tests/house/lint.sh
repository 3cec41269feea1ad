#!/usr/bin/env bash
# lint.sh -- the limits our code keeps to, watched by a program: one line for
# each breach, then `ok   lint` or `not ok lint`.
#
#   .c file 500 lines     header of the core 150, perilune.h 400     function 60
#   .lua module 250, policy 80, example 60     columns 100 (but for data in .mjs)     parameters 5
#   files in a room 15    a comment: top of a .c, function of a header, binding
#
# A function that is one long switch may say /* long: why */ on the line above
# it, and may then have 120 lines.
set -u
cd "$(dirname "$0")/../.."
house=tests/house
breaches=0

# Reads lines from a command and counts each as a breach.
breach() {
    local line
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        echo "#  $line"
        breaches=$((breaches + 1))
    done
}

# files PATTERN... -- what is tracked or would be, and is there.
files() {
    local file
    git ls-files -co --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done
}

# at_most LINES PATTERN... -- the files that are longer.
at_most() {
    local most=$1 lines file
    shift
    while IFS= read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le "$most" ] || echo "$file: $lines lines, more than $most"
    done < <(files "$@")
}

mapfile -t c < <(files 'core/*.[ch]' 'tests/*.[ch]' 'examples/*.[ch]')
mapfile -t sources < <(files 'core/*.c' 'tests/*.c' 'examples/*.c')
mapfile -t headers < <(files 'core/*.h')
mapfile -t bindings < <(files 'core/bind/*.c')
mapfile -t code < <(files '*.c' '*.h' '*.lua' '*.sh' '*.awk' '*.py')
mapfile -t texts < <(files ':!LICENSE' ':!*.json' ':!tests/data' ':!tests/fuzz' ":!$house/lint.sh")

# --- sizes -------------------------------------------------------------------

breach < <(at_most 500 '*.c' 'tests/*.h')
breach < <(at_most 150 'core/*.h' ':!core/perilune.h')
breach < <(at_most 400 core/perilune.h)
breach < <(at_most 250 'lua/*.lua')
breach < <(at_most 80 'policies/*.lua' ':!*_test.lua')
breach < <(at_most 120 'policies/*_test.lua')
breach < <(at_most 60 'examples/*.lua')
breach < <(LC_ALL=C.UTF-8 grep -nE '^.{101,}$' "${code[@]}" /dev/null |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: longer than 100 columns/')
breach < <(awk -f $house/functions.awk "${c[@]}")
breach < <(printf '%s\n' "${sources[@]}" | sed -nE 's#^(core/.*/)[^/]*$#\1#p' | sort | uniq -c |
    awk '$1 > 15 { print $2 ": " $1 " .c files in a room, more than 15" }')

# --- comments ----------------------------------------------------------------

breach < <(for file in "${sources[@]}"; do
    [ "$(head -c 2 "$file")" = '/*' ] || echo "$file:1: says nothing about itself at its top"
done)
breach < <(awk -f $house/comments.awk "${headers[@]}")
breach < <(awk -f $house/bindings.awk "${bindings[@]}")
breach < <(grep -nwE 'TODO|FIXME|XXX' "${texts[@]}" /dev/null |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: says TODO, FIXME or XXX: do it, or open an issue/')
breach < <(grep -nIE '[ 	]+$' "${texts[@]}" /dev/null |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: blanks at the end of the line/')

# --- what is listed elsewhere ------------------------------------------------

breach < <($house/mutants.sh --check)
breach < <($house/incidents.sh)

# --- the tools ---------------------------------------------------------------

misshapen() {
    local file=$1 at
    at=$(clang-format --dry-run "$file" 2>&1 | grep -oE -m1 ':[0-9]+:') &&
        echo "$file$at not as clang-format has it; make fmt"
}
export -f misshapen
if command -v clang-format >/dev/null; then
    breach < <(printf '%s\n' "${c[@]}" | xargs -P "$(nproc)" -I{} bash -c 'misshapen {}')
else
    breach <<<"clang-format is not installed"
fi
if command -v luacheck >/dev/null; then
    breach < <(luacheck --no-color --formatter plain lua policies examples tests/lua)
else
    breach <<<"luacheck is not installed"
fi

what="${#c[@]} C files, $(files '*.lua' | wc -l) Lua files"
[ $breaches = 0 ] && echo "ok   lint: $what" && exit 0
echo "not ok lint: $breaches breaches in $what"
exit 1
