# report.awk -- run.sh's results as tables. Lines in:
#   row NAME what it is
#   idle SERVER kilobytes
#   ROUND ROW SERVER cpu_us rps errors p50_us p99_us ttfb_us rss_kb
# Ends with 1 if any request failed or a result is missing.

BEGIN {
    bar["small"] = 2.0; bar["large"] = 1.1; bar["burst"] = 0.5   # x nginx
    added["open500"] = added["open5000"] = 50                    # us above nginx
}

$1 == "row"  { row[++rows] = $2; sub(/^row [^ ]+ /, ""); what[row[rows]] = $0; next }
$1 == "idle" { server[++servers] = $2; idle[$2] = $3; next }
{
    key = $2 SUBSEP $3
    cpu[key, $1] = $4; rps[key, $1] = $5; p50[key, $1] = $7
    p99[key, $1] = $8; ttfb[key, $1] = $9
    errors[key] += $6; failed += $6; turns[key]++
    if ($10 > peak[$3]) peak[$3] = $10
    if ($1 > rounds) rounds = $1
}

# pick(values of one row and server): sorted[1..rounds] for median and least
function pick(values, key,    i, j, v) {
    for (i = 1; i <= rounds; i++) {
        v = values[key, i]
        for (j = i - 1; j > 0 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = v
    }
}
function middle() {
    return (sorted[int((rounds + 1) / 2)] + sorted[int(rounds / 2) + 1]) / 2
}
function median(values, key) { pick(values, key); return middle() }
function least(values, key)  { pick(values, key); return sorted[1] }

# The median over the rounds of this server's figure against nginx's.
function paired(values, name, who, ratio,    i, a, b) {
    for (i = 1; i <= rounds; i++) {
        a = values[name, who, i]; b = values[name, "nginx", i]
        pair[name, who, i] = ratio ? a / (b > 0 ? b : 1) : a - b
    }
    return median(pair, name SUBSEP who)
}

function verdict(figure, limit) { return figure <= limit ? "met" : "missed" }

function bar_line(name) {
    if (errors[name, "perilune"] + errors[name, "nginx"] > 0)
        print "  bar: not judged, requests failed"
    else if (name in bar)
        printf "  bar: perilune <= %.2f x nginx; now %.2f: %s\n", bar[name],
            paired(cpu, name, "perilune", 1),
            verdict(paired(cpu, name, "perilune", 1), bar[name])
    else
        printf "  bar: perilune's p50 <= nginx's + %d us; now %+.0f: %s\n", added[name],
            paired(p50, name, "perilune", 0),
            verdict(paired(p50, name, "perilune", 0), added[name])
}

function table(name,    s, who, key, beside) {
    printf "\n%s\n", what[name]
    printf "  %-9s %9s %8s %9s %9s %8s %8s %8s %7s\n", "", "CPU us", "least",
        "x nginx", "rps", "p50 us", "p99 min", "first us", "errors"
    for (s = 1; s <= servers; s++) {
        who = server[s]; key = name SUBSEP who
        if (turns[key] != rounds) missing++
        beside = "nginx" in idle ? sprintf("%.2f", paired(cpu, name, who, 1)) : "-"
        printf "  %-9s %9.1f %8.1f %9s %9.0f %8.0f %8.0f %8.0f %7d\n", who,
            median(cpu, key), least(cpu, key), beside, median(rps, key),
            median(p50, key), least(p99, key), median(ttfb, key), errors[key]
    }
    if ("nginx" in idle && "perilune" in idle) bar_line(name)
}

END {
    for (r = 1; r <= rows; r++) table(row[r])
    printf "\nresident memory, KB %13s %9s\n", "idle", "at most"
    for (s = 1; s <= servers; s++)
        printf "  %-9s %21d %9d\n", server[s], idle[server[s]], peak[server[s]]
    if ("perilune" in idle)
        printf "  bar: <= 12 MB idle, <= 16 MB after load; now %s, %s\n",
            verdict(idle["perilune"], 12288), verdict(peak["perilune"], 16384)
    if (failed > 0) printf "\n%d requests failed\n", failed
    if (missing > 0) printf "\n%d results are missing\n", missing
    exit failed + missing > 0
}
