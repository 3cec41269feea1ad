# report.awk -- run.sh's results as Markdown tables. Lines in:
#   row NAME what it is
#   servers NAME...
#   ROUND ROW SERVER FIGURE VALUE
# With -v trend=1 it prints the cells of one line of RESULTS.md's trend instead.
# Ends with 1 if any request failed or a result is missing.

$1 == "row" {
    row[++rows] = $2
    sub(/^row [^ ]+ ?/, "")
    what[row[rows]] = $0
    next
}
$1 == "servers" { for (i = 2; i <= NF; i++) server[++servers] = $i; next }
{
    at[$2, $3, $4, $1] = $5
    if (NF < 5) missing++
    if ($1 > turns[$2, $3, $4]) turns[$2, $3, $4] = $1
    if ($4 == "errors") failed += $5
    if ($4 == "open_kb") set_each($3, $1)
}

# --- figures of a row and a server, over the rounds ----------------------------

# What an open stream costs, beyond what the server needs when idle.
function set_each(who, wave,    more, held) {
    more = at["memory", who, "open_kb", wave] - at["memory", who, "idle_kb", 1]
    held = at["memory", who, "streams", wave]
    at["memory", who, "each_kb", wave] = held > 0 ? more / held : 0
    turns["memory", who, "each_kb"] = wave
}

function has(name, who, figure) { return turns[name, who, figure] > 0 }

function put(v,    j) { # into sorted[1..filled]
    for (j = filled++; j > 0 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = v
}
function middle() {
    return (sorted[int((filled + 1) / 2)] + sorted[int(filled / 2) + 1]) / 2
}
function gather(name, who, figure,    i) {
    filled = 0
    for (i = 1; i <= turns[name, who, figure]; i++) put(at[name, who, figure, i])
}
function median(name, who, figure) { gather(name, who, figure); return middle() }
function least(name, who, figure) { gather(name, who, figure); return sorted[1] }

# Round by round beside another server: the medians of ratios, of differences.
function ratio(name, who, other, figure,    i, b) {
    filled = 0
    for (i = 1; i <= turns[name, who, figure]; i++) {
        b = at[name, other, figure, i]
        put(at[name, who, figure, i] / (b > 0 ? b : 1))
    }
    return middle()
}
function more(name, who, other, figure,    i) {
    filled = 0
    for (i = 1; i <= turns[name, who, figure]; i++)
        put(at[name, who, figure, i] - at[name, other, figure, i])
    return middle()
}

# --- the bars ------------------------------------------------------------------

# A bar, kept for the table and for the trend; without a limit it is only told.
# The rounds it comes from are still in sorted[].
function bar(name, text, figure, scale, form, limit) {
    bars++
    bar_row[bars] = name
    bar_text[bars] = text
    bar_is[bars] = sprintf(form, figure / scale)
    if (filled > 1)
        bar_span[bars] = sprintf(form " to " form, sorted[1] / scale, sorted[filled] / scale)
    bar_limit[bars] = limit == "" ? "" : sprintf("%.3g", limit)
    bar_met[bars] = limit == "" ? "" : figure / scale <= limit + 0 ? "met" : "**missed**"
}
function unknown(name, text) {
    bars++
    bar_row[bars] = name
    bar_text[bars] = text
}

function cpu(name, other, limit, form,    text) {
    text = "CPU, x " other
    if (!has(name, "perilune", "cpu_us") || !has(name, other, "cpu_us")) {
        unknown(name, text)
        return
    }
    bar(name, text, ratio(name, "perilune", other, "cpu_us"), 1, form, limit)
    bar_best[bars] = sprintf(form,
        least(name, "perilune", "cpu_us") / least(name, other, "cpu_us"))
}
function above_nginx(name, text, figure, limit) {
    if (has(name, "perilune", figure) && has(name, "nginx", figure))
        bar(name, text, more(name, "perilune", "nginx", figure), 1, "%+.0f", limit)
    else
        unknown(name, text)
}
function a_reload(text, figure, limit) {
    if (has("reload", "edited", figure) && has("reload", "same", figure))
        bar("reload", text, more("reload", "edited", "same", figure), 1000, "%.2f", limit)
    else
        unknown("reload", text)
}
function alone(name, text, figure, scale, form, limit) {
    if (has(name, "perilune", figure))
        bar(name, text, median(name, "perilune", figure), scale, form, limit)
    else
        unknown(name, text)
}

function worst(name, text, figure, form, limit) {
    if (has(name, "perilune", figure)) {
        gather(name, "perilune", figure)
        bar(name, text, sorted[filled], 1, form, limit)
    } else
        unknown(name, text)
}

function judge() {
    cpu("small", "nginx", 2.0, "%.2f")
    cpu("small", "haproxy", "", "%.2f")
    cpu("small", "portkey", 1 / 45, "%.4f")
    cpu("large", "nginx", 1.1, "%.2f")
    cpu("large", "nginx_heap", "", "%.2f")
    cpu("burst", "nginx", 0.5, "%.2f")
    cpu("burst", "haproxy", 2.3, "%.2f")
    cpu("paced", "nginx", 1.25, "%.2f")
    above_nginx("paced", "first token, us over nginx", "token_p50_us", 200)
    above_nginx("open500", "p50, us over nginx", "p50_us", 50)
    above_nginx("open5000", "p50, us over nginx", "p50_us", 50)
    alone("memory", "MB resident, idle", "idle_kb", 1024, "%.1f", 12)
    alone("memory", "MB resident after load", "loaded_kb", 1024, "%.1f", 16)
    worst("memory", "KB for an open stream, worse wave", "each_kb", "%.1f", 40)
    a_reload("ms of CPU for a reload", "cpu_us", 1)
    a_reload("ms that a reload takes", "p50_us", 1)
    alone("storm", "failed while the policy changes", "errors", 1, "%d", 0)
    alone("start", "ms from exec to first answer", "p50_us", 1000, "%.1f", 30)
}

function show_bars(    i) {
    print "\n| row | figure | bar | measured | rounds | best of each | |"
    print "|---|---|---|---|---|---|---|"
    for (i = 1; i <= bars; i++)
        if (bar_is[i] != "")
            printf "| %s | %s | %s | %s | %s | %s | %s |\n", bar_row[i], bar_text[i],
                bar_limit[i], bar_is[i], bar_span[i], bar_best[i], bar_met[i]
}

# --- the tables ----------------------------------------------------------------

function beside(name, who, other) {
    if (!has(name, other, "cpu_us")) return "-"
    return sprintf("%.2f", ratio(name, who, other, "cpu_us"))
}
function added(name, who) {
    if (!has(name, "direct", "p50_us")) return "-"
    return sprintf("%.0f", more(name, who, "direct", "p50_us"))
}

# A paced stream is 202 events: the role, 200 pieces of text, the end.
function load_table(name,    s, who, first, each) {
    each = name == "paced" ? 202 : 1
    printf "\n**%s**: %s\n\n", name, what[name]
    printf "| server | CPU us%s | least | x nginx | x haproxy ", (each > 1 ? " per event" : "")
    print "| requests/s | p50 us | over direct | p99 us | least | first us |"
    print "|---|---|---|---|---|---|---|---|---|---|---|"
    for (s = 1; s <= servers; s++) {
        who = server[s]
        if (!has(name, who, "cpu_us")) continue
        first = median(name, who, "token_p50_us")
        if (first == 0) first = median(name, who, "ttfb_p50_us")
        printf "| %s | %.1f | %.1f | %s | %s | %.0f | %.0f | %s | %.0f | %.0f | %.0f |\n", who,
            median(name, who, "cpu_us") / each, least(name, who, "cpu_us") / each,
            beside(name, who, "nginx"), beside(name, who, "haproxy"),
            median(name, who, "rps"), median(name, who, "p50_us"),
            added(name, who), median(name, who, "p99_us"), least(name, who, "p99_us"), first
    }
}

function memory_table(    s, w, who) {
    print "\n**memory**: resident KB of the largest process\n"
    printf "| server | idle | after load | open streams | with them | KB each "
    print "| with as many again | KB each | after they left |"
    print "|---|---|---|---|---|---|---|---|---|"
    for (s = 1; s <= servers; s++) {
        who = server[s]
        if (!has("memory", who, "idle_kb")) continue
        printf "| %s | %d | %d | %d |", who, at["memory", who, "idle_kb", 1],
            at["memory", who, "loaded_kb", 1], at["memory", who, "streams", 1]
        for (w = 1; w <= 2; w++)
            printf " %d | %.1f |", at["memory", who, "open_kb", w], at["memory", who, "each_kb", w]
        printf " %d |\n", at["memory", who, "after_kb", 2]
    }
}

function reload_table() {
    printf "\n**reload**: a policy of %d lines, one request at a time, " \
        "a file saved before each\n\n", at["reload", "policy", "lines", 1]
    print "| saved | CPU us | p50 us | requests | versions that served |"
    print "|---|---|---|---|---|"
    printf "| the policy | %.1f | %.0f | %d | %d |\n", median("reload", "edited", "cpu_us"),
        median("reload", "edited", "p50_us"), median("reload", "edited", "requests"),
        median("reload", "edited", "versions")
    printf "| another file | %.1f | %.0f | %d | %d |\n", median("reload", "same", "cpu_us"),
        median("reload", "same", "p50_us"), median("reload", "same", "requests"),
        median("reload", "same", "versions")
    printf "\n%d requests in %.0f s while the policy was saved %d times: %d versions served, " \
        "%d requests failed.\n", at["storm", "perilune", "requests", 1],
        at["storm", "perilune", "seconds", 1], at["storm", "perilune", "saved", 1],
        at["storm", "perilune", "versions", 1], at["storm", "perilune", "errors", 1]
}

function start_table(    s, who) {
    print "\n**start**: ms from exec to the end of the first reply\n"
    print "| server | median | least |"
    print "|---|---|---|"
    for (s = 1; s <= servers; s++) {
        who = server[s]
        if (has("start", who, "p50_us"))
            printf "| %s | %.1f | %.1f |\n", who, median("start", who, "p50_us") / 1000,
                least("start", who, "min_us") / 1000
    }
}

# Waiting times of a phase, in ms.
function phase(who, name) {
    printf " %.1f | %.1f | %.1f |", median("outage", who, name "_p50_us") / 1000,
        median("outage", who, name "_p99_us") / 1000, median("outage", who, name "_max_us") / 1000
}
function outage_line(who, said) {
    if (!has("outage", who, "turned_us")) return
    printf "| %s | %.0f |", said, median("outage", who, "rps")
    printf " %.1f |", median("outage", who, "turned_us") / 1000
    printf " %.1f to %.1f |", sorted[1] / 1000, sorted[filled] / 1000
    printf " %.1f |", median("outage", who, "settled_us") / 1000
    phase(who, "before")
    printf " %d |", median("outage", who, "meanwhile")
    phase(who, "meanwhile")
    phase(who, "after")
    printf " %d |\n", median("outage", who, "errors")
}
function outage_table() {
    print "\n**outage**: 3,000 requests/s, the first of two upstreams goes away; times in ms\n"
    printf "| it | requests/s | all go to the second | rounds | the last is answered "
    printf "| before: p50 | p99 | max | meanwhile: requests | p50 | p99 | max "
    print "| after: p50 | p99 | max | failed |"
    print "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    outage_line("killed", "is killed")
    outage_line("stopped", "goes silent, `total = \"500ms\"`")
}

function money_line(who, said) {
    if (!has("money", who, "p50_us")) return
    printf "| %s | %.0f | %.1f |", said, median("money", who, "rps"), median("money", who, "cpu_us")
    printf " %.0f | %+.0f |", median("money", who, "p50_us"), more("money", who, "none", "p50_us")
    printf " %+.0f to %+.0f |", sorted[1], sorted[filled]
    printf " %.0f | %+.0f | %d |\n", median("money", who, "p99_us"),
        more("money", who, "none", "p99_us"), median("money", who, "errors")
}
function money_table() {
    print "\n**money**: 3,000 requests/s with a client key each; what a budget adds\n"
    print "| budget | requests/s | CPU us | p50 us | added | rounds | p99 us | added | failed |"
    print "|---|---|---|---|---|---|---|---|---|"
    money_line("none", "none")
    money_line("process", "survives SIGKILL")
    money_line("power", "survives a loss of power")
}

END {
    judge()
    if (trend) {
        for (i = 1; i <= bars; i++) printf " %s |", bar_is[i]
        printf "\n"
        exit
    }
    show_bars()
    for (r = 1; r <= rows; r++) {
        if (row[r] == "memory") memory_table()
        else if (row[r] == "reload") reload_table()
        else if (row[r] == "start") start_table()
        else if (row[r] == "outage") outage_table()
        else if (row[r] == "money") money_table()
        else load_table(row[r])
    }
    if (failed > 0) printf "\n%d requests failed\n", failed
    if (missing > 0) printf "\n%d results are missing\n", missing
    exit failed + missing > 0
}
