/*
** prices.c -- what models charge, as the policy's version knows it.
*/
#include "bind/model.h"

#include "base/err.h"
#include "meter/price/prices.h"
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
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_getfield(L, -1, "above");
    tier->above = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    for (int i = 0; i < RATES; i++)
        tier->rate[i] = read_rate(L, price_rate_name((enum rate)i));
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

/* price_as("provider/model", "other/model") -> is there a price of the other?
** Then the first has the same. */
static int price_as(lua_State *L)
{
    str name, other;
    struct generation *g = generation_of(L);
    name.p = luaL_checklstring(L, 1, &name.n);
    other.p = luaL_checklstring(L, 2, &other.n);
    str model = other, provider = str_split(&model, '/');
    const struct price *price = prices_find(&g->prices, provider, model);
    if (price != NULL && prices_set(&g->prices, &g->arena, name, price) != 0)
        return luaL_error(L, "not enough memory");
    lua_pushboolean(L, price != NULL);
    return 1;
}

const struct price *model_price(const struct generation *g,
                                const struct model *m, str name)
{
    if (m->free)
        return &price_free;
    const struct provider *p = m->provider;
    const struct price *price = prices_find(&g->prices, p->name, name);
    return price == NULL && p->sim != NULL ? &price_free : price;
}

/* price_known(model) -> is there a price of it, or is it free? */
static int price_known(lua_State *L)
{
    const struct model *m = luaL_checkudata(L, 1, MODEL_TYPE);
    lua_pushboolean(L, model_price(generation_of(L), m, m->name) != NULL);
    return 1;
}

static const luaL_Reg functions[] = {
    {"price", set_price},
    {"price_as", price_as},
    {"price_known", price_known},
    {NULL, NULL},
};

void bind_prices(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
