/*
** prices.c -- what models charge, as the policy's version knows it.
*/
#include "bind/bind.h"

#include "base/err.h"
#include "meter/prices.h"
#include "run/generation.h"

static int64_t read_rate(lua_State *L, const char *name)
{
    int64_t rate = -1;
    lua_getfield(L, -1, name);
    int error = price_rate(luaL_checknumber(L, -1), &rate);
    lua_pop(L, 1);
    if (error != 0)
        luaL_error(L, "price: %s is out of range", name);
    return rate;
}

/* The tier on top of the stack. */
static void read_tier(lua_State *L, struct tier *tier)
{
    static const char *const names[RATES] = {"input", "output", "cached",
                                             "write", "reasoning"};
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_getfield(L, -1, "above");
    tier->above = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    for (int i = 0; i < RATES; i++)
        tier->rate[i] = read_rate(L, names[i]);
}

/* price("provider/model", tiers): tiers = { { above = 0, input =, output =,
** cached =, write =, reasoning = }, ... }, in dollars per million tokens; checked
** by perilune.prices */
static int set_price(lua_State *L)
{
    str name;
    struct price price = {0};
    name.p = luaL_checklstring(L, 1, &name.n);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Unsigned n = lua_rawlen(L, 2);
    luaL_argcheck(L, n >= 1 && n <= PRICE_TIERS, 2, "one to four tiers");
    for (; price.tiers < (int)n; price.tiers++) {
        lua_rawgeti(L, 2, price.tiers + 1);
        read_tier(L, &price.tier[price.tiers]);
        lua_pop(L, 1);
    }
    struct generation *g = generation_of(L);
    int error = prices_set(&g->prices, &g->arena, name, &price);
    luaL_argcheck(L, error != ERR_INPUT, 1, "not provider/model");
    if (error != 0)
        return luaL_error(L, "not enough memory");
    return 0;
}

static const luaL_Reg functions[] = {
    {"price", set_price},
    {NULL, NULL},
};

void bind_prices(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
