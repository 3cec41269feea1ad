# bindings.awk -- every function that a luaL_Reg shows to Lua has its
# documentation above it: a comment with `name(...)` or `name { ... }`.
#
# The definitions come first and the tables after them, so one pass will do.

FNR == 1 { comment = ""; split("", above) }
/^\/\*/ { comment = "" }
/^(\/\*|\*\*)/ { comment = comment " " $0; next }
/^static int [a-z_]+\(lua_State \*L\)/ {
    name = $3
    sub(/\(.*/, "", name)
    above[name] = comment
}
{ comment = "" }
/^static const luaL_Reg/ { table = 1 }
/^};/ { table = 0 }
table {
    text = $0
    while (match(text, /"[a-z_]+", *[a-z_]+/)) {
        split(substr(text, RSTART, RLENGTH), part, /"|, */)
        text = substr(text, RSTART + RLENGTH)
        lua = part[2]
        c = part[4]
        if (substr(lua, 1, 2) != "__" && above[c] !~ "[ :.]" lua " ?[({\"]")
            printf "%s:%d: %s has no comment \"%s(...)\" above it\n", FILENAME, FNR, c, lua
    }
}
