/*
** number.c -- numbers of JSON that Lua's own numbers cannot hold.
**
** A whole number of more than 64 bits, 1e400, 1e-400: made into a float it
** would come back as another number. So it stays text, is written as it came,
** and counts as the nearest float wherever Lua calculates or compares.
*/
#include "bind/bind.h"

#include "run/sandbox.h"

#define NUMBER_TYPE "perilune.number"

struct wide {
    size_t n;
    char text[];
};

void bind_push_wide(lua_State *L, str text)
{
    struct wide *wide = lua_newuserdatauv(L, sizeof *wide + text.n, 0);
    wide->n = text.n;
    memcpy(wide->text, text.p, text.n);
    luaL_setmetatable(L, NUMBER_TYPE);
}

str bind_wide_text(lua_State *L, int arg)
{
    const struct wide *wide = luaL_testudata(L, arg, NUMBER_TYPE);
    return wide != NULL ? (str){wide->text, wide->n} : STR_NONE;
}

/* tostring(number) -> its digits, as they stood in the JSON */
static int text(lua_State *L)
{
    str digits = bind_wide_text(L, 1);
    lua_pushlstring(L, digits.p, digits.n);
    return 1;
}

/* Push what is at `arg`; one of ours as a float. */
static void push_plain(lua_State *L, int arg)
{
    str digits = bind_wide_text(L, arg);
    if (digits.p == NULL && lua_type(L, arg) != LUA_TNUMBER)
        sandbox_raise(L, "a number of JSON goes with numbers, not with a %s",
                      luaL_typename(L, arg));
    if (digits.p == NULL)
        lua_pushvalue(L, arg);
    else
        lua_pushnumber(
            L, json_double((struct json){.kind = JSON_NUMBER, .text = digits}));
}

/* One function for all of arithmetic: which, says its upvalue. */
static int calculate(lua_State *L)
{
    int op = (int)lua_tointeger(L, lua_upvalueindex(1));
    push_plain(L, 1);
    if (op != LUA_OPUNM)
        push_plain(L, 2);
    lua_arith(L, op);
    return 1;
}

static int compare(lua_State *L)
{
    int op = (int)lua_tointeger(L, lua_upvalueindex(1));
    push_plain(L, 1);
    push_plain(L, 2);
    lua_pushboolean(L, lua_compare(L, -2, -1, op));
    return 1;
}

/* Two of ours are equal when their digits are; JSON has no other measure. */
static int equal(lua_State *L)
{
    lua_pushboolean(L, str_eq(bind_wide_text(L, 1), bind_wide_text(L, 2)));
    return 1;
}

static const struct {
    const char *name;
    lua_CFunction function;
    int op;
} operators[] = {
    {"__add", calculate, LUA_OPADD},
    {"__sub", calculate, LUA_OPSUB},
    {"__mul", calculate, LUA_OPMUL},
    {"__div", calculate, LUA_OPDIV},
    {"__mod", calculate, LUA_OPMOD},
    {"__pow", calculate, LUA_OPPOW},
    {"__idiv", calculate, LUA_OPIDIV},
    {"__unm", calculate, LUA_OPUNM},
    {"__lt", compare, LUA_OPLT},
    {"__le", compare, LUA_OPLE},
    {"__eq", equal, 0},
};

void bind_number(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = NUMBER_TYPE, .text = text});
    luaL_getmetatable(L, NUMBER_TYPE);
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        lua_pushinteger(L, operators[i].op);
        lua_pushcclosure(L, operators[i].function, 1);
        lua_setfield(L, -2, operators[i].name);
    }
    lua_pop(L, 1);
}
