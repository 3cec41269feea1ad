# servers.sh -- the servers under test: how each is started, pinned and ended.
# For run.sh, which sets $here, $out, $dir and $files.
#
# command_NAME sets `command` to what starts the server on a port; all else is
# the same for all. A server writes its access log to a file in $dir, as all
# the others do.

declare -A pid port

# --- cores -------------------------------------------------------------------

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

# --- ports and files ---------------------------------------------------------

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local p
    while p=$((20000 + RANDOM % 10000)); answers "$p"; do :; done
    echo "$p"
}

wait_for() { # wait_for SERVER: until its port answers
    for _ in {1..300}; do
        answers "${port[$1]}" && return
        kill -0 "${pid[$1]}" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$dir/$1.out" >&2
    die "$1 did not start (its last words are above)"
}

# As root nginx's worker would be nobody, who may not write here.
user=
[ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"

clients=2000 # that the peers make room for; the memory row asks for more
fill() { # fill TEMPLATE [PORT]: with the ports and folders of this run
    sed "s|@DIR@|$dir|g; s|@PORT@|${2:-}|g; s|@MOCK@|${port[direct]}|g
         s|@USER@|$user|g; s|@FILES@|$files|g; s|@CLIENTS@|$clients|g
         s|@CONNECTIONS@|$((5 * clients / 2))|g" "$1"
}

# --- the servers -------------------------------------------------------------

command_nginx() {
    local nginx
    nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "no nginx; run: make deps-bench"
    fill $here/nginx.conf.in "$1" >"$dir/nginx.$1.conf"
    command=("$nginx" -p "$dir" -e "$dir/nginx.error.log" -c "$dir/nginx.$1.conf")
}

# The same, and malloc keeps what it has. The cost of a 32 KB body in nginx
# depends on whether malloc gives it back to the system after each request.
command_nginx_heap() {
    command_nginx "$1"
    command=(env MALLOC_TRIM_THRESHOLD_=16777216 "${command[@]}")
}

command_haproxy() {
    local haproxy
    haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy) || die "no haproxy; run: make deps-bench"
    fill $here/haproxy.cfg.in "$1" >"$dir/haproxy.$1.cfg"
    command=("$haproxy" -db -f "$dir/haproxy.$1.cfg")
}

# Its policy is $dir/policy.lua unless the row says otherwise.
command_perilune() {
    fill $here/policy.lua.in >"$dir/policy.lua"
    command=(build/perilune serve --listen "127.0.0.1:$1" --workers 1
        --policy "${policy:-$dir/policy.lua}" --log "$dir/perilune.log"
        --store "$dir/perilune.data" ${durability:+--durability "$durability"})
}

# From here on every client needs a key, and all tools send this one.
give_key() {
    BENCH_CLIENT_KEY=$(build/perilune keys add --user bench --store "$dir/perilune.data" \
        2>"$dir/keys.out") || die "no key: $(cat "$dir/keys.out")"
    export BENCH_CLIENT_KEY
}

# Its npm package, fetched into build/. Which upstream to ask stands in headers
# that the client sends.
portkey=1.15.2
command_portkey() {
    local at=$out/portkey/node_modules/@portkey-ai/gateway
    [ -d "$at" ] || npm install --prefix "$out/portkey" --ignore-scripts --no-audit \
        --no-fund --loglevel=error "@portkey-ai/gateway@$portkey" >&2 ||
        die "npm could not install @portkey-ai/gateway"
    printf '%s\n' "x-portkey-provider: openai" \
        "x-portkey-custom-host: http://127.0.0.1:${port[direct]}/v1" >"$dir/portkey.headers"
    command=(env NODE_ENV=production node "$at/build/start-server.js" --headless "--port=$1")
}

start() { # start SERVER, on a free port
    local command=()
    port[$1]=$(free_port)
    "command_$1" "${port[$1]}"
    on SERVER "${command[@]}" >"$dir/$1.out" 2>&1 &
    pid[$1]=$!
    wait_for "$1"
}

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

stop() { # stop SERVER
    [ -n "${pid[$1]:-}" ] || return 0
    kill "${pid[$1]}" 2>/dev/null || true
    wait "${pid[$1]}" 2>/dev/null || true
    unset "pid[$1]"
}

clean_up() {
    local name
    for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$dir"
}

# What runs here, for the record.
version_of() {
    case $1 in
    nginx*) PATH=$PATH:/usr/sbin nginx -v 2>&1 | sed 's/.*: //' ;;
    haproxy) PATH=$PATH:/usr/sbin haproxy -v | head -1 | cut -d' ' -f1-3 ;;
    portkey) echo "@portkey-ai/gateway $portkey on node $(node --version)" ;;
    perilune) build/perilune version 2>&1 | head -1 ;;
    esac
}
