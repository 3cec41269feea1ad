/*
** prices.c -- the list prices, for subcommands.
*/
#include "tool/inner.h"

#include "meter/price/prices.h"

static void push_tier(lua_State *L, const struct tier *tier)
{
    lua_createtable(L, 0, RATES + 1);
    lua_pushinteger(L, tier->above);
    lua_setfield(L, -2, "above");
    for (int i = 0; i < RATES; i++) {
        lua_pushnumber(L, (lua_Number)tier->rate[i] / 1e6);
        lua_setfield(L, -2, price_rate_name((enum rate)i));
    }
}

/* prices() -> a list of { name = "openai/gpt-4o", tiers }, each tier a table
** { above, input, output, cached, write, reasoning }, in dollars per million */
int tool_prices(lua_State *L)
{
    const struct listed *at;
    lua_newtable(L);
    for (int nth = 0; (at = prices_listed(nth)) != NULL; nth++) {
        lua_createtable(L, at->price.tiers, 1);
        lua_pushfstring(L, "%s/%s", at->provider.p, at->model.p);
        lua_setfield(L, -2, "name");
        for (int i = 0; i < at->price.tiers; i++) {
            push_tier(L, &at->price.tier[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_rawseti(L, -2, nth + 1);
    }
    return 1;
}
