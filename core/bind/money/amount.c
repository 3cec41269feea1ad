/*
** amount.c -- p.units.amount: amounts are read in one place, meter/amount.h.
*/
#include "bind/bind.h"

#include "meter/amount.h"

/* amount(text) -> how many, of what ("tokens"), in what ("day",
** "request"); or nil */
static int amount(lua_State *L)
{
    struct amount a;
    str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    if (!amount_read(text, &a)) {
        lua_pushnil(L);
        return 1;
    }
    if (a.whole)
        lua_pushinteger(L, a.n);
    else
        lua_pushnumber(L, a.nearest);
    lua_pushstring(L, amount_unit_name(a.unit));
    lua_pushstring(L, amount_period_name(&a));
    return 3;
}

static const luaL_Reg functions[] = {
    {"amount", amount},
    {NULL, NULL},
};

void bind_amount(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
