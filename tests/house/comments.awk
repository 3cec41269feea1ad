# comments.awk -- every function a header declares has its comment: above it,
# above its group (lines without a blank one between), or beside it.

function judge() {
    if (waiting != "" && !told)
        printf "%s:%d: %s has no comment\n", FILENAME, line, waiting
    waiting = ""
}

FNR == 1 { told = waiting = comment = body = 0; waiting = "" }
body && /^}/ { body = 0; next }
body { next }
/^$/ && !comment { told = 0; next }
/\/\*/ { told = 1 }
/\/\*/ && !/\*\// { comment = 1 }
comment { if (/\*\//) comment = 0; next }
/^{/ { body = 1; next }
/^[a-zA-Z_].*[a-z_0-9]\(/ && !/^(typedef|struct [a-z_]+ \{|extern "C"|#)/ && !/=/ {
    waiting = $0
    sub(/\(.*/, "", waiting)
    sub(/.*[ *]/, "", waiting)
    line = FNR
    judge()
}
