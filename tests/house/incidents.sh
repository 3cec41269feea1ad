#!/usr/bin/env bash
# incidents.sh -- tests/data/incidents.md and the tests say the same: every
# row's tests exist, every test named after an id has its row, and the defences
# of a row have a test of that row that is red without them. Silent when so.
set -u
cd "$(dirname "$0")/../.."
table=tests/data/incidents.md
mutants=tests/house/mutants.txt

rows() {
    grep -E '^\| [A-Z][0-9]+ \|' $table
}

trim() {
    sed -E 's/^ +| +$//g' <<<"$1"
}

# The names of the gate's tests that begin with an id.
named() {
    grep -hoE "test\\([\`'\"][A-Z][0-9]+: .*" tests/gate/*.test.mjs | sed -E "s/^test\\([\`'\"]//"
}
names=$(named)
rows | awk '{ print $2 }' | sort | uniq -d | sed "s|.*|$table: & has two rows|"
comm -13 <(rows | awk '{ print $2 }' | sort -u) <(sed 's/:.*//' <<<"$names" | sort -u) |
    sed "s|.*|$table: & has tests and no row|"

count=0
while IFS='|' read -r _ id _ status where defences _; do
    id=$(trim "$id") status=$(trim "$status") where=$(trim "$where")
    defences=$(trim "$defences")
    count=$((count + 1))
    [ -n "$where" ] || echo "$table: $id: says neither where nor for what"
    case $status in
    waits) continue ;;
    tested) ;;
    *) echo "$table: $id: '$status' is neither 'tested' nor 'waits'" ;;
    esac
    file=tests/gate/$(grep -oE '^[a-z_]+' <<<"$where").test.mjs
    grep -qE "test\\([\`'\"]$id: " "$file" 2>/dev/null || echo "$table: $id: no test of it in $file"
    [ -n "$defences" ] || echo "$table: $id: no defences, and no word why"
    [[ $defences != none:* ]] || continue
    for one in $defences; do
        grep -qE "^$one +[a-z_]+ +$id: " $mutants ||
            echo "$table: $id: no test of it stands for $one in $mutants"
    done
done < <(rows)
[ "$count" = 40 ] || echo "$table: $count rows, not 40"
