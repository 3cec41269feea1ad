# functions.awk -- the length and the parameters of every C function.
#
# It leans on our layout: a function's braces stand alone in the first column,
# nothing else's do. What stands between the last blank line, statement or
# comment and the brace is its signature.

function complain(line, what) { printf "%s:%d: %s\n", FILENAME, line, what }

# Parameters of a signature: commas between its outermost parentheses, plus 1.
function parameters(text,    i, c, depth, n) {
    sub(/__attribute__.*/, "", text)
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(") depth++
        else if (c == ")" && --depth == 0) break
        else if (c == "," && depth == 1) n++
    }
    return n + 1
}

function name_of(text) {
    sub(/\(.*/, "", text)
    sub(/.*[ *]/, "", text)
    return text
}

FNR == 1 { signature = ""; excuse = 0; inside = 0 }

inside && /^}/ {
    most = excuse ? 120 : 60
    if (FNR - start + 1 > most)
        complain(start, name " has " FNR - start + 1 " lines, more than " most)
    inside = 0; signature = ""; excuse = 0
    next
}
inside { next }

/^{/ && signature != "" {
    inside = 1
    name = name_of(signature)
    if (parameters(signature) > 5)
        complain(start, name " takes more than 5 parameters")
    next
}

/\/\* long: / { excuse = 1 }
/^$/ { signature = ""; excuse = 0; next }
/^[#}]|;$|\*\/$|^\*\*|^\/\*/ { signature = ""; if (!/long: /) excuse = 0; next }
{
    if (signature == "") start = FNR
    signature = signature " " $0
}
