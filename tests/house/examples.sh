#!/usr/bin/env bash
# examples.sh BUILD -- the examples do what they promise: the C programs
# compile against perilune.h alone and print what they should, every policy
# loads, the clients get an answer.
set -u
build=$(realpath "$1")
out=$build/examples
failed=0
gateway=
mkdir -p "$out"
said=$(mktemp)
trap 'rm -f "$said"; [ -z "$gateway" ] || kill "$gateway"' EXIT

libs=(-llua5.4 -lev -llmdb -lcurl -lcrypto -lm -lpthread)
warn=(-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

# told NAME command... -- the result of a command; what it said, if it failed.
told() {
    local name=$1; shift
    if "$@" >"$said" 2>&1; then
        echo "ok   $name"
    else
        echo "not ok $name"
        head -n 20 "$said" | sed 's/^/#    /'
        failed=1
        return 1
    fi
}

compiles() {
    told "examples/$1.c compiles against perilune.h alone" \
        "${CC:-cc}" "${warn[@]}" -Icore "examples/$1.c" "$build/libperilune.a" \
        "${libs[@]}" -o "$out/$1"
}

# prints PATTERN... -- command...: it ends well and says all of that.
prints() {
    local patterns=() text pattern
    while [ "$1" != -- ]; do patterns+=("$1"); shift; done
    shift
    text=$(cd "$out" && timeout 20 "$@" 2>&1) || { echo "ended with $?: $text"; return 1; }
    for pattern in "${patterns[@]}"; do
        grep -q -- "$pattern" <<<"$text" || { echo "lacks $pattern: $text"; return 1; }
    done
}

# --- the programs ------------------------------------------------------------

your_loop='status 200
path: any ok
chunk 1
chunk 2
chunk 3
pause for 5 ticks
go on
chunk 4
chunk 5
chunk 6
chunk 7
chunk 8
cancelled
the host ticked on'

exactly() {
    local text
    text=$(cd "$out" && timeout 20 "$2" 2>&1) || { echo "$text"; return 1; }
    diff <(echo "$1") <(echo "$text")
}

compiles hello && told "hello prints an answer and leaves" \
    prints '"delta":{"content":' 'moon!' '^data: \[DONE\]$' '^outcome 0$' -- "$out/hello"
compiles your_loop && told "your_loop pauses, goes on, gives up, and its own timer ticks" \
    exactly "$your_loop" "$out/your_loop"

# Twice: the second time the purse is as the first left it.
compiles purse && rm -rf "$out/purse.data" &&
    told "purse says what each answer cost, and ends when it is empty" \
        prints '^answer 3 cost 0.003055000 usd$' '^status 429: .*budget purse: 0.009165 usd ' \
        -- "$out/purse" &&
    told "purse is still empty when the program is run again" \
        prints '^status 429: .*budget purse: 0.009165 usd of 0.01 usd per day' -- "$out/purse"

# --- the policies ------------------------------------------------------------

for policy in policies/*.lua examples/*.lua; do
    [[ $policy == *_test.lua ]] ||
        told "$policy loads" "$build/perilune" check "$policy"
done

# Their own tests, one result each.
tests/house/worlds.sh "$build" policies examples || failed=1

# --- the clients -------------------------------------------------------------

start_gateway() {
    local i
    "$build/perilune" serve --listen 127.0.0.1:0 --workers 1 --store "$out/data" --log none \
        >"$out/gateway" 2>&1 &
    gateway=$!
    for i in $(seq 100); do
        PERILUNE_URL=$(grep -oE -m1 'http://127\.0\.0\.1:[0-9]+' "$out/gateway") && break
        sleep 0.05
    done
    export PERILUNE_URL
    [ -n "$PERILUNE_URL" ]
}

if told "a gateway for the clients starts" start_gateway; then
    told "examples/curl.sh is answered, whole and streamed" \
        prints '^x-perilune-path: gpt-4o-mini ok' '"chat.completion"' '^data: \[DONE\]' \
        -- "$PWD/examples/curl.sh"
    cp examples/client.mjs "$out/"
    ln -sfn "$PWD/tests/gate/node_modules" "$out/node_modules"
    told "examples/client.mjs is answered" prints 'moon!' -- node client.mjs
    if python3 -c 'import openai' 2>/dev/null; then
        told "examples/client.py is answered" prints 'moon!' -- python3 "$PWD/examples/client.py"
    else
        echo "skip examples/client.py is answered # python's openai package is not installed"
    fi
fi
exit $failed
