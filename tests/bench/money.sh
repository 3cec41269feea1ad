# money.sh -- the row money: what a reservation adds to a request's latency.
# For run.sh; results go to standard output, a line for each figure.
#
# The same policy thrice: without its budget; with it, where SIGKILL cannot
# reach what was reserved; and where a loss of power cannot, for which a request
# waits until the disk has it. In every other round the order turns round.

money_turn() { # money_turn ROUND none|process|power
    local round=$1 how=$2 policy= durability= json
    if [ "$how" = none ]; then
        policy=$dir/money.lua
        fill $here/policy.lua.in | sed '/budget/d; s/daily(req)/nil/' >"$policy"
    else
        durability=$how
    fi
    start perilune
    json=$(load perilune --rate 3000 --connections 256 --warm 1000 --ms "$((2 * ms))") || true
    tell "$round" money "$how" "$json" cpu_us rps errors p50_us p99_us
    stop perilune
}

measure_money() {
    local round how order
    for ((round = 1; round <= rounds; round++)); do
        echo "money, round $round of $rounds" >&2
        order=(none process power)
        ((round % 2)) || order=(power process none)
        for how in "${order[@]}"; do money_turn "$round" "$how"; done
    done
}
