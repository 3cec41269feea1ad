#!/usr/bin/env bash
# mutants.sh [--check] [DEFENCE...] -- each defence's test is red without it.
#
# mutants.txt says which test stands for which defence of core/ (base/defence.h).
# Every test named there must pass with all defences in place; then each is run
# once more with its defence taken away, and must fail. A name restricts this to
# those defences. --check builds and runs nothing: table and code name the same
# defences, and the tests exist; silent when they do.
#
# In Lua a defence is a line with `-- DEFENCE(name)` at its end. It is taken away
# by running on a copy of the library without that line.
set -u
cd "$(dirname "$0")/../.."
table=tests/house/mutants.txt
build=build/mutants
failed=0
declare -a defences=() files=() tests=()

while read -r defence file test; do
    [[ $defence == \#* || -z $defence ]] && continue
    defences+=("$defence") files+=("$file") tests+=("$test")
done <$table

# --- table and code ----------------------------------------------------------

source_of() { # FILE-WORD: a unit test, or a file of the gate
    [[ $1 == test_* ]] && ls tests/*/"$1.c" 2>/dev/null && return
    ls "tests/gate/$1.test.mjs" 2>/dev/null
}

in_code() {
    grep -rhoE '\bDEFENCE\([a-z0-9_]+\)' core lua --include='*.[ch]' --include='*.lua' \
        --exclude=defence.h | sed -E 's/.*\((.*)\)/\1/'
}

check() {
    local i source
    comm -23 <(in_code | sort -u) <(printf '%s\n' "${defences[@]}" | sort -u) |
        sed "s|.*|$table: DEFENCE(&) of the code is not in it|"
    comm -13 <(in_code | sort -u) <(printf '%s\n' "${defences[@]}" | sort -u) |
        sed "s|.*|$table: there is no DEFENCE(&) in core/ or lua/|"
    for i in "${!defences[@]}"; do
        source=$(source_of "${files[i]}")
        if [ -z "$source" ]; then
            echo "$table: ${defences[i]}: there is no test file ${files[i]}"
        elif ! grep -qF -- "${tests[i]}" "$source"; then
            echo "$table: ${defences[i]}: no test '${tests[i]}' in $source"
        fi
    done
}

# --- running -----------------------------------------------------------------

said=$(mktemp)
trap 'rm -f "$said"' EXIT

# The folder of a library without this defence, if it is one of Lua's.
library_without() {
    local to=$build/library file
    file=$(grep -rlF -- "-- DEFENCE($1)" lua) || return 0
    rm -rf "$to" && mkdir -p "$to" && cp -r lua policies "$to"
    sed -i "/-- DEFENCE($1)\$/d" "$to/$file"
    realpath "$to"
}

# run MUTANT FILE TEST -- what the test said is in $said. Without a defence much
# is waited for in vain, so then the wait is short.
run() {
    local patience=${1:+8} library=
    [ -z "$1" ] || library=$(library_without "$1")
    if [[ $2 == test_* ]]; then
        PERILUNE_MUTANT=$1 timeout -k 5 120 "$build"/tests/*/"$2" >"$said" 2>&1
    else
        (cd tests/gate && PERILUNE_MUTANT=$1 PERILUNE_TEST_PATIENCE=${patience:-60} \
            PERILUNE_BIN=../../$build/perilune PERILUNE_LIBRARY=$library \
            timeout -k 5 120 node "$2.test.mjs" "$3") >"$said" 2>&1
    fi
}

wanted() {
    local one
    [ ${#only[@]} = 0 ] && return 0
    for one in "${only[@]}"; do [ "$one" = "$1" ] && return 0; done
    return 1
}

tell() { # ok|not ok, text
    echo "$1 $2"
    [ "$1" = "ok  " ] && return
    failed=1
    tail -n 15 "$said" | sed 's/^/#    /'
}

# Each test once, with everything in place.
sound() {
    local i seen=" "
    for i in "${!defences[@]}"; do
        wanted "${defences[i]}" || continue
        case $seen in *" ${files[i]}:${tests[i]} "*) continue ;; esac
        seen+="${files[i]}:${tests[i]} "
        run "" "${files[i]}" "${tests[i]}"
        if grep -qF -- "ok   ${tests[i]}" "$said" &&
            ! grep -F -- "${tests[i]}" "$said" | grep -q '^not ok'; then
            tell "ok  " "with all defences: '${tests[i]}' passes"
        else
            tell "not ok" "with all defences: '${tests[i]}' passes"
        fi
    done
}

# Red is a test that says so, or a program that died of it.
red() { # STATUS TEST
    grep -F -- "$2" "$said" | grep -q '^not ok' && return 0
    ! grep -qF -- "ok   $2" "$said" && [ "$1" -ge 128 ] && return 0
    return 1
}

mutate() {
    local i status
    for i in "${!defences[@]}"; do
        wanted "${defences[i]}" || continue
        run "${defences[i]}" "${files[i]}" "${tests[i]}"
        status=$?
        if red $status "${tests[i]}"; then
            tell "ok  " "without ${defences[i]}: '${tests[i]}' fails"
        else
            tell "not ok" "without ${defences[i]}: '${tests[i]}' fails"
        fi
    done
}

if [ "${1:-}" = --check ]; then
    check
    exit 0
fi
declare -a only=("$@")
tests/house/silent.sh "every defence has a test that stands for it" \
    tests/house/mutants.sh --check || failed=1
programs=()
for file in $(printf '%s\n' "${files[@]}" | grep '^test_' | sort -u); do
    source=$(source_of "$file")
    programs+=("$build/${source%.c}")
done
tests/house/build.sh mutants all "${programs[@]}" || exit 1
[ -d tests/gate/node_modules ] || (cd tests/gate && npm ci --silent --no-audit --no-fund)
sound
mutate
exit $failed
