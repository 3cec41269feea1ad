# once.sh -- the rows that need servers of their own: memory, reload, start.
# For run.sh; results go to standard output, a line for each figure.

# --- memory ------------------------------------------------------------------

resident() { value rss_kb "$(load "$1" --connections 0 --ms 0)"; }

# A fresh server, idle; after load of each kind; with many open streams; after
# they have hung up; and with as many again, for an allocator may need more for
# a second wave than for the first.
measure_memory() {
    local server json wave clients=$((streams + 20))
    for server in "${servers[@]}"; do
        [ "$server" != direct ] || continue
        echo "memory of $server" >&2
        start "$server"
        echo "1 memory $server idle_kb $(resident "$server")"
        load "$server" --ms "$((2 * ms))" >/dev/null || true
        load "$server" --ms "$ms" --size 32768 >/dev/null || true
        load "$server" --ms "$ms" --stream --connections 16 >/dev/null || true
        echo "1 memory $server loaded_kb $(resident "$server")"
        for wave in 1 2; do # the second leaves time to give memory back
            json=$(on LOAD timeout 300 "$out/hold" --port "${port[$server]}" \
                --watch "${pid[$server]}" --streams "$streams" --ms "$((3 * ms))" \
                --settle-ms "$(((6 * wave - 5) * ms))") || true
            tell $wave memory "$server" "$json" streams errors open_kb after_kb
        done
        stop "$server"
    done
}

# --- reload ------------------------------------------------------------------

# A policy of 200 lines: rules that are asked one after the other and do not
# match, so that a request is answered as in the other rows.
long_policy() {
    local i
    fill $here/policy.lua.in | sed '/^return function/,$d'
    cat <<END
-- What each customer has agreed with us. A rule answers or declines; the first
-- that answers ends the matter, and whoever has no agreement goes down the
-- ladder at the end.

END
    for ((i = 1; i <= 16; i++)); do
        cat <<END
-- Rule $i: what the customer $i asks goes where its length says.
local function rule_$i(req)
  local user, text = req.user, req.text
  if user ~= "customer-$i" or not text then return nil end
  if #text > $i * 1000 then
    return large(req)
  end
  return small(req)
end

END
    done
    echo "local rules = {"
    for ((i = 1; i <= 16; i++)); do echo "  rule_$i,"; done
    cat <<END
}

-- The request.
return function(req)
  for _, rule in ipairs(rules) do
    local reply = rule(req)
    if reply then return reply end
  end
  return large(req)
      or small(req)
end
END
}

requests_logged() { grep -c '"event":"request"' "$dir/perilune.log"; }

# versions_since REQUESTS JSON: how many versions of the policy have served the
# requests that came after so many. The log is written behind the replies.
versions_since() {
    local last
    last=$(($1 + $(value all "$2")))
    for _ in {1..100}; do
        [ "$(requests_logged)" -lt "$last" ] || break
        sleep 0.1
    done
    grep '"event":"request"' "$dir/perilune.log" | tail -n "+$(($1 + 1))" |
        grep -o '"policy_version":"[^"]*"' | sort -u | wc -l
}

# One request at a time. A file is saved before each: in one turn the policy,
# in the other a file that nobody watches. The difference is the reload.
reload_turn() { # reload_turn ROUND FIGURES_SUFFIX FILE
    local json from
    from=$(requests_logged)
    json=$(load perilune --connections 1 --warm 20 --count 300 --edit "$3") || true
    tell "$1" "reload" "$2" "$json" requests errors cpu_us p50_us
    echo "$1 reload $2 versions $(versions_since "$from" "$json")"
}

# Requests as fast as they go while the file is saved without pause.
reload_storm() {
    local json saved from
    from=$(requests_logged)
    on LOAD "$out/rewrite" --file "$policy" >"$dir/rewrite.out" &
    pid[rewrite]=$!
    json=$(load perilune --count "$requests" --most 280) || true
    kill "${pid[rewrite]}"
    wait "${pid[rewrite]}" || true
    unset "pid[rewrite]"
    saved=$(value saved "$(cat "$dir/rewrite.out")")
    tell 1 storm perilune "$json" requests errors seconds p50_us p99_us
    echo "1 storm perilune saved $saved"
    echo "1 storm perilune versions $(versions_since "$from" "$json")"
}

measure_reload() {
    local policy=$dir/long.lua round
    long_policy >"$policy"
    mkdir "$dir/elsewhere"
    cp "$policy" "$dir/elsewhere/same.lua"
    echo "1 reload policy lines $(wc -l <"$policy")"
    start perilune
    check perilune
    for ((round = 1; round <= rounds; round++)); do
        echo "reload, round $round of $rounds" >&2
        reload_turn "$round" edited "$policy"
        reload_turn "$round" same "$dir/elsewhere/same.lua"
    done
    echo "reload, $requests requests under constant change" >&2
    reload_storm
    stop perilune
}

# --- start -------------------------------------------------------------------

measure_start() {
    local round server command at json pin=()
    [ $pinned = no ] || pin=(--core "${core[0]}")
    for ((round = 1; round <= rounds; round++)); do
        echo "start, round $round of $rounds" >&2
        for server in "${servers[@]}"; do
            [ "$server" != direct ] || continue
            at=$(free_port)
            "command_$server" "$at"
            json=$(on LOAD timeout 120 "$out/start" --port "$at" --count 5 "${pin[@]}" \
                -- "${command[@]}" 2>>"$dir/$server.out") || true
            tell "$round" start "$server" "$json" p50_us min_us
        done
    done
}
