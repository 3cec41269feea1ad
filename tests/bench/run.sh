#!/usr/bin/env bash
# run.sh -- what the gateway costs, beside nginx, haproxy and the bare mock.
# How to read what it prints: tests/bench/README.md. Settings, all optional:
#   BENCH_ROWS="small large burst paced latency memory reload start outage money"
#   BENCH_SERVERS="direct nginx haproxy perilune"
#   BENCH_ROUNDS=5         every server has one turn per row in each
#   BENCH_MS=1000          length of a turn
#   BENCH_STREAMS=10000    held open in the memory row
#   BENCH_REQUESTS=100000  asked in the reload row while the policy changes
#   BENCH_PORTKEY=1        Portkey's npm gateway in the small row too
#   BENCH_OUT=build/bench  where tools and results go
set -eu
cd "$(dirname "$0")/../.."
here=tests/bench
out=${BENCH_OUT:-build/bench}
rounds=${BENCH_ROUNDS:-5}
ms=${BENCH_MS:-1000}
streams=${BENCH_STREAMS:-10000}
requests=${BENCH_REQUESTS:-100000}
read -ra wanted <<<"${BENCH_ROWS:-small large burst paced latency memory reload start outage money}"
read -ra servers <<<"${BENCH_SERVERS:-direct nginx haproxy perilune}"
portkey_too=${BENCH_PORTKEY:-}
unset "${!PERILUNE_@}" "${!BENCH_@}"

die() { echo "bench: $*" >&2; exit 1; }
wants() { [[ " ${wanted[*]} " == *" $1 "* ]]; }
under_test() { [[ " ${servers[*]} " == *" $1 "* ]]; }

# An open stream costs a gateway two descriptors.
ulimit -n "$(ulimit -Hn)"
files=$(ulimit -n)
[ "$files" != unlimited ] || files=1048576
[ $((2 * streams + 400)) -le "$files" ] || streams=$(((files - 400) / 2))

dir=$(mktemp -d /tmp/perilune-bench.XXXXXX)
# shellcheck source=tests/bench/servers.sh
. $here/servers.sh
# shellcheck source=tests/bench/once.sh
. $here/once.sh
# shellcheck source=tests/bench/outage.sh
. $here/outage.sh
# shellcheck source=tests/bench/money.sh
. $here/money.sh
trap clean_up EXIT
trap 'exit 130' INT TERM

# --- rows in rounds ----------------------------------------------------------

# name | what | load's arguments. The bars stand in report.awk. A paced stream
# lasts two seconds, whatever the length of a turn.
paced="--pace-ms 10 --connections 256 --rate 60 --count $((60 * ms / 1000 + 1))"
rows=(
    "small|1 KB in and out, 64 connections|--size 1024 --warm 2000"
    "large|32 KB request body, 64 connections|--size 32768 --warm 1000"
    "burst|streams of 200 events in a burst, 16 connections|--stream --connections 16 --warm 300"
    "paced|60 streams a second, an event every 10 ms each|--stream $paced"
    "open500|latency at 500 requests/s|--rate 500 --warm 50"
    "open5000|latency at 5,000 requests/s|--rate 5000 --warm 500"
)
row_wanted() { # the two open loops are the row `latency`
    case $1 in open*) wants latency ;; *) wants "$1" ;; esac
}

load() { # load SERVER arguments...: one JSON line
    local server=$1; shift
    [ "$server" != portkey ] || set -- "$@" --headers "$dir/portkey.headers"
    (on LOAD timeout 300 "$out/load" --port "${port[$server]}" \
        --watch "${pid[$server]}" "$@")
}

value() { sed -nE "s/.*\"$1\":([0-9.-]+).*/\1/p" <<<"$2"; }

# tell ROUND ROW SERVER JSON FIGURE...: one line of results per figure
tell() {
    local round=$1 row=$2 server=$3 json=$4 figure; shift 4
    [ -n "$json" ] || die "$server died in row $row"
    for figure in "$@"; do
        echo "$round $row $server $figure $(value "$figure" "$json")"
    done
}

check() { # one request of each kind must pass before anything is measured
    load "$1" --connections 1 --count 1 >/dev/null &&
        { [ "$1" = portkey ] || load "$1" --connections 1 --count 1 --stream >/dev/null; } &&
        return
    tail -n 5 "$dir/$1".out "$dir/$1".*log 2>/dev/null >&2 || true
    die "$1 does not answer as it should (its last words are above)"
}

turn() { # turn ROUND ROW SERVER arguments...
    local round=$1 row=$2 server=$3 json; shift 3
    [ "$server" != portkey ] || set -- "$@" --warm 1000
    json=$(load "$server" --ms "$ms" "$@") || true
    tell "$round" "$row" "$server" "$json" cpu_us rps errors p50_us p99_us \
        ttfb_p50_us token_p50_us
}

# Peers that have one row only.
more_servers() { # more_servers ROW|all
    [[ $1 != large && $1 != all ]] || ! wants large || ! under_test nginx || echo nginx_heap
    [[ $1 != small && $1 != all ]] || ! wants small || [ -z "$portkey_too" ] || echo portkey
}

measure_rounds() { # the order of the servers turns round in every other
    local round row name server arguments order
    for ((round = 1; round <= rounds; round++)); do
        echo "round $round of $rounds" >&2
        for row in "${rows[@]}"; do
            name=${row%%|*}
            row_wanted "$name" || continue
            read -ra arguments <<<"${row##*|}"
            mapfile -t order < <(printf '%s\n' "${servers[@]}" && more_servers "$name")
            ((round % 2)) || mapfile -t order < <(printf '%s\n' "${order[@]}" | tac)
            for server in "${order[@]}"; do
                turn "$round" "$name" "$server" "${arguments[@]}"
            done
        done
    done
}

rounds_wanted() {
    local row
    for row in "${rows[@]}"; do row_wanted "${row%%|*}" && return; done
    return 1
}

start_all() {
    local server
    for server in "${servers[@]}" $(more_servers all); do
        [ "$server" = direct ] || start "$server"
        check "$server"
    done
}

stop_all() {
    local server
    for server in "${servers[@]}" $(more_servers all); do
        [ "$server" = direct ] || stop "$server"
    done
}

# --- the run -----------------------------------------------------------------

build_tools() {
    local flags=(-O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion)
    mkdir -p $out
    compile() {
        local name=$1; shift
        "${CC:-cc}" "${flags[@]}" -o "$out/$name" "${@/%/.c}"
    }
    (
        out=$PWD/$out
        cd $here
        compile mock mock replies tool
        compile load load answer body cost dial edit outage samples tool
        compile hold hold answer body cost dial tool
        compile start start answer body dial samples tool
        compile rewrite rewrite edit tool
    )
}

packages() { # the libraries it runs on, as installed
    dpkg-query -W -f '${Package} ${Version}, ' libcurl4 libev4 liblua5.4-0 libc6 2>/dev/null |
        sed 's/, $//'
}

environment() {
    local where=no server commit
    commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
    [ -z "$(git status --porcelain -- core lua Makefile 2>/dev/null)" ] || commit+=", changed since"
    [ $pinned = no ] ||
        where="server on core ${core[0]}, mock and load on core ${core[1]}"
    echo "- date: $(date -u '+%Y-%m-%d %H:%M UTC')"
    echo "- commit: $commit"
    echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)," \
        "$(nproc) cores, Linux $(uname -r);" \
        "load $(cut -d' ' -f1-3 /proc/loadavg) before the start"
    echo "- pinned: $where"
    echo "- priority: $(chrt -p $$ 2>/dev/null | sed -n 's/.*policy: //p'), nice $(nice)"
    echo "- compiler: $("${CC:-cc}" --version | head -1)"
    echo "- packages: $(packages)"
    for server in "${servers[@]}" $(more_servers all); do
        [ "$server" = direct ] || echo "- $server: $(version_of "$server")"
    done
    echo "- rounds: $rounds of $ms ms per row and server"
}

titles() { # what report.awk needs to know beside the results
    local row
    for row in "${rows[@]}"; do
        name=${row%%|*} what=${row#*|}
        row_wanted "$name" && echo "row $name ${what%|*}"
    done
    for row in memory reload start outage money; do wants $row && echo "row $row"; done
    echo servers "${servers[@]}" $(more_servers all)
}

! under_test perilune || [ -x build/perilune ] ||
    die "build/perilune is missing; run make first"
build_tools
start_direct
! under_test perilune || give_key
environment | tee $out/last.md
titles >$out/last.results
{
    if rounds_wanted; then
        start_all
        measure_rounds
        stop_all
    fi
    ! wants memory || measure_memory
    ! wants reload || ! under_test perilune || measure_reload
    ! wants start || measure_start
    ! wants outage || ! under_test perilune || measure_outage
    ! wants money || ! under_test perilune || measure_money
} >>$out/last.results
awk -f $here/report.awk $out/last.results | tee -a $out/last.md
exit "${PIPESTATUS[0]}"
