# outage.sh -- the row outage: the first of two upstreams goes away in mid-run.
# For run.sh; results go to standard output, a line for each figure.
#
# The second upstream is the mock of all rows, the first one of its own. Every
# round has fresh ones, and a gateway that knows nothing of them yet. The
# breaker is the one that every model has.

outage_policy() {
    cat <<END
local p = require "perilune"

p.provider("first", { url = "http://127.0.0.1:${port[first]}/v1", key = "bench" })
p.provider("second", { url = "http://127.0.0.1:${port[direct]}/v1", key = "bench" })

local large = p.model { "first/gpt-4o",       as = "large", total = "500ms" }
local small = p.model { "second/gpt-4o-mini", as = "small" }

return function(req)
  return large(req)
      or small(req)
end
END
}

start_first() {
    port[first]=$(free_port)
    # No child of this shell, which would tell of its death.
    pid[first]=$(on LOAD "$out/mock" --port "${port[first]}" >"$dir/first.out" 2>&1 & echo $!)
    wait_for first
}

end_first() { # it is dead or stopped
    kill -KILL "${pid[first]}" 2>/dev/null || true
    unset "pid[first]"
}

# There is time to find out that one went silent, and there are connections for
# all who wait for it meanwhile.
outage_turn() { # outage_turn ROUND killed|stopped [FLAG]
    local round=$1 how=$2 policy=$dir/outage.lua json; shift 2
    start_first
    outage_policy >"$policy"
    start perilune
    json=$(load perilune --rate 3000 --connections 1600 --warm 500 --ms "$((2 * ms + 1000))" \
        --kill "${pid[first]}" --kill-after "$ms" "$@") || true
    tell "$round" outage "$how" "$json" rps errors \
        {turned,settled}_us {before,meanwhile,after}_{p50,p99,max}_us meanwhile
    stop perilune
    end_first
}

measure_outage() {
    local round
    for ((round = 1; round <= rounds; round++)); do
        echo "outage, round $round of $rounds" >&2
        outage_turn "$round" killed
        outage_turn "$round" stopped --stop
    done
}
