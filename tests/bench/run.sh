#!/usr/bin/env bash
# run.sh -- CPU time per request of the gateway, beside nginx and the bare mock.
# How to read what it prints: tests/bench/README.md. Settings, all optional:
#   BENCH_ROUNDS=5    rounds; every server has one turn per row in each
#   BENCH_MS=1000     length of a turn
#   BENCH_SERVERS="direct nginx perilune"
set -eu
cd "$(dirname "$0")/../.."
here=tests/bench
out=build/bench
rounds=${BENCH_ROUNDS:-5}
ms=${BENCH_MS:-1000}
read -ra servers <<<"${BENCH_SERVERS:-direct nginx perilune}"
unset "${!PERILUNE_@}"

# name | what | load's arguments. The bars stand in report.awk.
rows=(
    "small|proxied chat, 1 KB in and out, 64 connections|--size 1024 --warm 2000"
    "large|32 KB request body, 64 connections|--size 32768 --warm 1000"
    "burst|stream of 200 events in a burst, 16 connections|--stream --connections 16 --warm 300"
    "open500|latency at 500 requests/s|--rate 500 --warm 50"
    "open5000|latency at 5,000 requests/s|--rate 5000 --warm 500"
)

die() { echo "bench: $*" >&2; exit 1; }

# --- what runs, and how it ends ----------------------------------------------

dir=$(mktemp -d /tmp/perilune-bench.XXXXXX)
declare -A pid port idle
clean_up() {
    for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The first two cores we may use: one for the server under test, one for the
# mock and the load. With one core nothing is pinned.
cores() {
    awk '/^Cpus_allowed_list/ { n = split($2, part, ",")
        for (i = 1; i <= n; i++) {
            split(part[i], end, "-")
            for (c = end[1]; c <= (end[2] == "" ? end[1] : end[2]); c++) print c
        } }' /proc/self/status | head -2
}
mapfile -t core < <(cores)
pinned=no
[ ${#core[@]} -lt 2 ] || ! command -v taskset >/dev/null || pinned=yes
on() { # on SERVER|LOAD command...
    local which=$1; shift
    [ $pinned = no ] && exec "$@"
    [ "$which" = SERVER ] && exec taskset -c "${core[0]}" "$@"
    exec taskset -c "${core[1]}" "$@"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local p
    while p=$((20000 + RANDOM % 10000)); answers "$p"; do :; done
    echo "$p"
}

wait_for() { # wait_for SERVER: until its port answers
    for _ in {1..100}; do
        answers "${port[$1]}" && return
        kill -0 "${pid[$1]}" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$dir/$1.out" >&2
    die "$1 did not start (its last words are above)"
}

fill() { # fill TEMPLATE [PORT]: with the ports and folders of this run
    sed "s|@DIR@|$dir|g; s|@PORT@|${2:-}|g; s|@MOCK@|${port[direct]}|g; s|@USER@|$user|g" "$1"
}
# As root nginx's worker would be nobody, who may not write here.
user=
[ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"

start_direct() {
    : >"$dir/direct.out"
    on LOAD "$out/mock" >"$dir/direct.out" 2>&1 &
    pid[direct]=$!
    for _ in {1..100}; do
        read -r "port[direct]" <"$dir/direct.out" && return
        sleep 0.05
    done
    die "the mock did not start"
}

start_nginx() {
    local nginx
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "no nginx; run: make deps-bench"
    port[nginx]=$(free_port)
    fill $here/nginx.conf.in "${port[nginx]}" >"$dir/nginx.conf"
    on SERVER "$nginx" -p "$dir" -e "$dir/nginx.error.log" -c "$dir/nginx.conf" \
        >"$dir/nginx.out" 2>&1 &
    pid[nginx]=$!
    wait_for nginx
}

start_perilune() {
    port[perilune]=$(free_port)
    fill $here/policy.lua.in >"$dir/policy.lua"
    on SERVER build/perilune serve --listen "127.0.0.1:${port[perilune]}" \
        --workers 1 --policy "$dir/policy.lua" --log "$dir/perilune.log" \
        --store "$dir/perilune.data" >"$dir/perilune.out" 2>&1 &
    pid[perilune]=$!
    wait_for perilune
}

# --- measuring ---------------------------------------------------------------

load() { # load SERVER arguments...: one JSON line
    local server=$1; shift
    (on LOAD "$out/load" --port "${port[$server]}" --watch "${pid[$server]}" "$@")
}

value() { sed -E "s/.*\"$1\":([0-9.]+).*/\1/" <<<"$2"; }

check() { # one request of each kind must pass before anything is measured
    idle[$1]=$(value rss_kb "$(load "$1" --connections 0 --ms 0)")
    load "$1" --connections 1 --count 1 >/dev/null &&
        load "$1" --connections 1 --count 1 --stream >/dev/null && return
    tail -n 5 "$dir/$1".out "$dir/$1".*log 2>/dev/null >&2 || true
    die "$1 does not answer as it should (its last words are above)"
}

turn() { # turn ROUND ROW SERVER arguments...: one line of results
    local round=$1 row=$2 server=$3 json figure; shift 3
    json=$(load "$server" --ms "$ms" "$@") || true
    [ -n "$json" ] || die "$server died in row $row"
    printf '%s' "$round $row $server"
    for figure in cpu_us rps errors p50_us p99_us ttfb_p50_us rss_kb; do
        printf ' %s' "$(value $figure "$json")"
    done
    printf '\n'
}

measure() { # all rounds; the order of the servers turns round in every other
    local round row name server arguments order
    for ((round = 1; round <= rounds; round++)); do
        order=("${servers[@]}")
        ((round % 2)) || mapfile -t order < <(printf '%s\n' "${servers[@]}" | tac)
        echo "round $round of $rounds" >&2
        for row in "${rows[@]}"; do
            name=${row%%|*}
            read -ra arguments <<<"${row##*|}"
            for server in "${order[@]}"; do
                turn "$round" "$name" "$server" "${arguments[@]}"
            done
        done
    done
}

# --- the run -----------------------------------------------------------------

build_tools() {
    local flags=(-O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion)
    mkdir -p $out
    "${CC:-cc}" "${flags[@]}" -o $out/mock $here/{mock,replies,tool}.c
    "${CC:-cc}" "${flags[@]}" -o $out/load $here/{load,answer,body,cost,samples,tool}.c
}

environment() {
    local cpu cc where=no server
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
    cc=$("${CC:-cc}" --version | head -1)
    [ $pinned = no ] ||
        where="server on core ${core[0]}, mock and load on core ${core[1]}"
    echo "date      $(date -u '+%Y-%m-%d %H:%M UTC')"
    echo "load      $(cut -d' ' -f1-3 /proc/loadavg) before the start"
    echo "machine   $cpu, $(nproc) cores, Linux $(uname -r)"
    echo "pinned    $where"
    echo "compiler  $cc"
    for server in "${servers[@]}"; do
        case $server in
        nginx) echo "nginx     $(PATH=$PATH:/usr/sbin nginx -v 2>&1 | sed 's/.*: //')" ;;
        perilune) echo "perilune  $(build/perilune version 2>&1 | head -1)" ;;
        esac
    done
    echo "rounds    $rounds of $ms ms per row and server"
}

[[ " ${servers[*]} " != *" perilune "* ]] || [ -x build/perilune ] ||
    die "build/perilune is missing; run make first (or BENCH_SERVERS='direct nginx')"
build_tools
start_direct
for server in "${servers[@]}"; do
    [ "$server" = direct ] || "start_$server"
    check "$server"
done

environment
measure >"$dir/results"
{
    for row in "${rows[@]}"; do
        name=${row%%|*} what=${row#*|}
        echo "row $name ${what%|*}"
    done
    for server in "${servers[@]}"; do echo "idle $server ${idle[$server]}"; done
    cat "$dir/results"
} | awk -f $here/report.awk
