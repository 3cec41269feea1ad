#!/usr/bin/env bash
# run.sh -- ten times too much, for a minute; uploads that do not fit; slow
# clients beside good ones. A table with a bar for each figure; status 1 when
# one is missed. tests/overload/README.md says how to read it. Settings:
#   OVERLOAD_SECONDS=60   length of the flood; the other parts take a third
#   OVERLOAD_TIMES=10     how many times the capacity is offered
#   OVERLOAD_REQUESTS=64  requests in flight at a time (--max-requests)
#   OVERLOAD_SLOW=2000    slow clients
set -eu
cd "$(dirname "$0")/../.."
here=tests/overload
out=build/overload
seconds=${OVERLOAD_SECONDS:-60}
times=${OVERLOAD_TIMES:-10}
most=${OVERLOAD_REQUESTS:-64}
slow=${OVERLOAD_SLOW:-2000}
third=$((seconds / 3 > 5 ? seconds / 3 : 5))
memory_mb=256
unset "${!PERILUNE_@}"
ulimit -n "$(ulimit -Hn)"

die() { echo "overload: $*" >&2; exit 1; }

# --- what runs, and how it ends ----------------------------------------------

dir=$(mktemp -d /tmp/perilune-overload.XXXXXX)
pids=()
clean_up() {
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

build_tools() {
    local flags=(-O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion)
    local tool helpers
    mapfile -t helpers < <(grep -L '^int main' tests/bench/*.c)
    mkdir -p $out
    for tool in tests/bench/{mock,load}.c $here/{flood,slow}.c; do
        "${CC:-cc}" "${flags[@]}" -o "$out/$(basename "$tool" .c)" "$tool" "${helpers[@]}"
    done
}

start_mock() { # start_mock NAME arguments...: its port, in $port
    local name=$1; shift
    : >"$dir/$name"
    $out/mock "$@" >"$dir/$name" &
    pids+=($!)
    for _ in {1..100}; do
        read -r port <"$dir/$name" && return
        sleep 0.05
    done
    die "the mock did not start"
}

start_gateway() { # start_gateway arguments...: its port, in $port
    : >"$dir/greeting"
    build/perilune serve --listen 127.0.0.1:0 --workers 1 --policy "$dir/policy.lua" \
        --log "$dir/log" --store "$dir/store" --grace 1 --max-memory ${memory_mb}MiB \
        "$@" 2>>"$dir/greeting" &
    gateway=$!
    pids+=($gateway)
    for _ in {1..100}; do
        port=$(sed -nE 's/.*listens on http:\/\/[^ ]*:([0-9]+) .*/\1/p' "$dir/greeting")
        [ -z "$port" ] || return 0
        sleep 0.05
    done
    cat "$dir/greeting" >&2
    die "the gateway did not start"
}

stop_gateway() {
    kill "$gateway"
    wait "$gateway" || die "the gateway ended with status $?"
}

# --- looking -----------------------------------------------------------------

value() { sed -E "s/.*\"$1\":(-?[0-9.]+).*/\1/" <<<"$2"; }
health() { curl -s -m 5 "http://127.0.0.1:$port/healthz"; }
resident_mb() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$gateway/status"; }

# Ask for health all the time, and look at the memory, until the file is gone:
# "seconds-of-the-answer resident-MB" a line.
watch() {
    while [ -e "$dir/watching" ]; do
        echo "$(curl -s -m 5 -o /dev/null -w '%{http_code} %{time_total}' \
            "http://127.0.0.1:$port/healthz") $(resident_mb)"
        sleep 0.1
    done >"$dir/watched"
}
begin_watch() { : >"$dir/watching"; watch & watcher=$!; }
end_watch() {
    rm -f "$dir/watching"
    wait "$watcher" || true
    health_bad=$(awk '$1 != 200' "$dir/watched" | wc -l)
    health_p99=$(awk '{ print $2 * 1000 }' "$dir/watched" | sort -n |
        awk '{ t[NR] = $1 } END { print t[int(0.99 * (NR - 1)) + 1] }')
    peak=$(awk '$3 > most { most = $3 } END { print most }' "$dir/watched")
}

# --- the table ---------------------------------------------------------------

missed=0
figure() { # figure WHAT VALUE [OPERATOR BAR]
    local verdict=
    if [ $# -gt 2 ]; then
        if awk "BEGIN { exit !($2 $3 $4) }"; then verdict=pass; else
            verdict=MISSED missed=$((missed + 1))
        fi
    fi
    printf '  %-52s %12s   %-14s %s\n' "$1" "$2" "${3:+$3 $4}" "$verdict"
}

# --- the parts ---------------------------------------------------------------

# What it does with as many connections as it may have requests in flight.
capacity() {
    value rps "$($out/load --port "$port" --connections "$most" --stream \
        --ms "$1" --warm "$most")"
}

flood() {
    echo "The flood: $times times the capacity for $seconds s, streams of 0.1 s, $most in flight"
    start_gateway --max-requests "$most"
    local can rate from cpu after said
    can=$(capacity 5000)
    rate=$(awk "BEGIN { print int($can * $times) }")
    begin_watch
    from=$(cpu_ms)
    said=$($out/flood --port "$port" --stream --rate "$rate" --ms $((seconds * 1000))) || true
    cpu=$(awk "BEGIN { printf \"%.0f\", ($(cpu_ms) - $from) / $seconds / 10 }")
    end_watch
    [ -n "$said" ] || die "the flood said nothing"
    after=$(capacity 3000)
    figure "capacity before, answers/s" "$can"
    figure "offered, requests/s" "$(value offered_rps "$said")"
    figure "goodput, answers/s" "$(value good_rps "$said")" ">=" \
        "$(awk "BEGIN { print 0.9 * $can }")"
    figure "refused" "$(value refused "$said")" ">" 0
    figure "neither answered nor properly refused" "$(value errors "$said")" "==" 0
    figure "refusal p50, ms from the time it should have left" "$(ms refused_p50_us "$said")"
    figure "refusal p99, ms" "$(ms refused_p99_us "$said")" "<" 10
    figure "refusal p99 from when it did leave, ms" "$(ms served_p99_us "$said")"
    figure "refusal max, ms" "$(ms refused_max_us "$said")"
    figure "the load left late itself: p99, ms" "$(ms late_p99_us "$said")"
    figure "answer p50, ms" "$(ms good_p50_us "$said")"
    figure "answer p99, ms" "$(ms good_p99_us "$said")"
    figure "the gateway's processor, % of one core" "$cpu"
    figure "health checks that failed" "$health_bad" "==" 0
    figure "health check p99, ms" "$health_p99"
    figure "resident at most, MB" "$peak" "<" $memory_mb
    figure "log lines about refusals" "$(grep -c '"event":"overloaded"' "$dir/log")" "<=" \
        $((2 * seconds + 10))
    figure "refusals they name" "$(told)" "==" "$(value refused "$said")"
    figure "capacity after, answers/s" "$after" ">=" "$(awk "BEGIN { print 0.9 * $can }")"
    stop_gateway
}
cpu_ms() {
    awk -v tick="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / tick }' "/proc/$gateway/stat"
}
ms() { awk "BEGIN { print $(value "$1" "$2") / 1000 }"; }
told() {
    sleep 1.2
    sed -nE 's/.*"event":"overloaded".*"requests":([0-9]+).*/\1/p' "$dir/log" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

uploads() {
    echo
    echo "Uploads: $slow clients send 64 MB each, for $third s, beside 20 requests/s"
    rm -f "$dir/log"
    start_gateway
    begin_watch
    $out/slow --port "$port" --connections "$slow" --upload --ms $((third * 1000)) >"$dir/slow" &
    local client=$! said
    pids+=($client)
    sleep 1
    said=$($out/flood --port "$port" --stream --rate 20 --ms $(((third - 2) * 1000))) || true
    wait "$client"
    end_watch
    figure "MB that were sent" "$(value uploaded_mb "$(cat "$dir/slow")")"
    figure "uploads refused with 503" "$(value refused "$(cat "$dir/slow")")"
    figure "resident at most, MB" "$peak" "<" $((memory_mb * 5 / 4))
    figure "good requests answered" "$(value good "$said")" ">" 0
    figure "good requests refused" "$(value refused "$said")" "==" 0
    figure "good requests lost" "$(value errors "$said")" "==" 0
    figure "health checks that failed" "$health_bad" "==" 0
    figure "resident afterwards, MB" "$(sleep 6; resident_mb)" "<" 32
    stop_gateway
}

slow_clients() {
    echo
    echo "Slow clients: $slow of them (heads, bodies, readers) for $third s, beside 50 requests/s"
    start_gateway
    local base wave said client
    base=$($out/flood --port "$port" --stream --rate 50 --ms 5000) || true
    begin_watch
    $out/slow --port "$port" --connections "$slow" --ms $(((third + 10) * 1000)) >"$dir/slow" &
    client=$!
    pids+=($client)
    wave=$($out/flood --port "$port" --stream --rate 50 --ms 3000) || true
    open=$(value open "$(health)")
    said=$($out/flood --port "$port" --stream --rate 50 --ms $(((third - 4) * 1000))) || true
    wait "$client"
    end_watch
    figure "slow clients connected at the end" "$(value open "$(cat "$dir/slow")")"
    figure "closed on, and come back" "$(value closed "$(cat "$dir/slow")")"
    figure "requests in flight, of slow readers" "$open"
    figure "good requests answered" "$(value good "$said")" ">" 0
    figure "good requests lost or refused, while they came" "$(lost "$wave")" "==" 0
    figure "good requests lost or refused, while they stayed" "$(lost "$said")" "==" 0
    figure "answer p99 without them, ms" "$(ms good_p99_us "$base")"
    figure "answer p99 while they all came at once, ms" "$(ms good_p99_us "$wave")"
    figure "answer p99 while they stayed, ms" "$(ms good_p99_us "$said")" "<" \
        "$(awk "BEGIN { print 2 * $(value good_p99_us "$base") / 1000 }")"
    figure "health checks that failed" "$health_bad" "==" 0
    figure "resident at most, MB" "$peak" "<" $memory_mb
    stop_gateway
}
lost() { echo $(($(value errors "$1") + $(value refused "$1"))); }

# --- the run -----------------------------------------------------------------

[ -x build/perilune ] || die "build/perilune is missing; run make first"
build_tools
start_mock paced --events 10 --pace-ms 10
paced=$port
start_mock burst --events 40000
sed "s|@PACED@|$paced|; s|@BURST@|$port|" $here/policy.lua.in >"$dir/policy.lua"
echo "date     $(date -u '+%Y-%m-%d %H:%M UTC')"
echo "machine  $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores," \
    "Linux $(uname -r), load $(cut -d' ' -f1-3 /proc/loadavg)"
echo
flood
uploads
slow_clients
echo
echo "$missed bars missed"
[ $missed = 0 ]
