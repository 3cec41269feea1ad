/*
** declare.c -- a budget as the policy declares it.
**
** What is spent lies in the realm's ledger, found by the budget's shape: its
** name, unit, period and whose it is. Amounts are no part of that, so that an
** edit changes them at once.
*/
#include "bind/budget/budget.h"

#include <stdio.h>

#include "base/err.h"
#include "meter/period/zone.h"
#include "net/file.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/sandbox.h"

#define ZONES     "/usr/share/zoneinfo"
#define ZONE_MOST ((size_t)1 << 20)

static str text_field(lua_State *L, const char *name)
{
    str s = STR_NONE;
    if (lua_getfield(L, 1, name) == LUA_TSTRING)
        s = bind_keep(L, lua_gettop(L));
    lua_pop(L, 1);
    return s;
}

static bool flag_field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

/* --- the period -------------------------------------------------------------- */

static void no_zone(lua_State *L, str name, int error)
{
    if (error == ERR_MISSING && !file_exists(ZONES))
        sandbox_raise(L,
                      "budget: align = \"%s\" needs the time zones of the "
                      "system, and %s is not there; install the package "
                      "tzdata, or write align = \"utc\"",
                      name.p, ZONES);
    sandbox_raise(L,
                  "budget: align = \"%s\" is no time zone that is known here; "
                  "write \"utc\", \"rolling\" or one such as \"Europe/Berlin\"",
                  name.p);
}

static const struct zone *read_zone(lua_State *L, str name)
{
    struct arena *arena = &generation_of(L)->arena;
    char path[sizeof ZONES + 80];
    str bytes;
    int error = ERR_MISSING;
    struct zone *zone = arena_zero(arena, sizeof *zone);
    if (zone == NULL)
        luaL_error(L, "not enough memory for a budget");
    if (zone_named(name)) {
        snprintf(path, sizeof path, ZONES "/%.*s", STR_ARG(name));
        error = file_read(path, ZONE_MOST, arena, &bytes);
    }
    if (error != 0 || !zone_read(zone, bytes))
        no_zone(L, name, error);
    return zone;
}

static void read_period(lua_State *L, struct budget *b)
{
    str align = text_field(L, "align");
    b->word = text_field(L, "per");
    b->cap = str_eq(b->word, STR("request"));
    if (b->cap)
        return;
    int unit = period_unit(b->word.p);
    luaL_argcheck(L, unit >= 0, 1, "no such period");
    b->period.unit = (enum period_unit)unit;
    b->period.rolling = str_eq(align, STR("rolling"));
    if (b->period.rolling || str_eq(align, STR("utc")))
        return;
    b->period.zone = zone_offset;
    b->period.of = read_zone(L, align);
}

/* --- the rest ---------------------------------------------------------------- */

static void read_limits(lua_State *L, struct budget *b)
{
    lua_getfield(L, 1, "limits");
    luaL_checktype(L, -1, LUA_TTABLE);
    b->limits_n = (int)luaL_len(L, -1);
    b->limits = arena_zero(&generation_of(L)->arena,
                           (size_t)b->limits_n * sizeof *b->limits);
    if (b->limits == NULL)
        luaL_error(L, "not enough memory for a budget");
    for (int i = 0; i < b->limits_n; i++) {
        lua_rawgeti(L, -1, i + 1);
        b->limits[i] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_warning(lua_State *L, struct budget *b)
{
    lua_getfield(L, 1, "warn");
    b->warn = luaL_optnumber(L, -1, 0);
    b->on_warn = LUA_NOREF;
    if (lua_getfield(L, 1, "on_warn") == LUA_TFUNCTION)
        b->on_warn = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_settop(L, 1);
}

static void tell_emptied(struct runtime *rt, str name)
{
    struct buf line;
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("budget_emptied"));
    event_text(&line, "budget", name);
    event_text(&line, "message",
               STR("it counts something else than before, so it starts empty"));
    event_send(&line, rt->world);
}

/* Find it in the realm, and the ledger, so that what is wrong with that is told
** when the policy is loaded and not when the first request comes. */
static void share(lua_State *L, struct budget *b)
{
    struct runtime *rt = generation_of(L)->rt;
    struct store_why why;
    bool emptied = false;
    b->totals = budgets_share(rt->realm, b->name, b->shape, &emptied);
    if (b->totals == NULL)
        sandbox_raise(L, "budget: there are too many, or no memory for one");
    atomic_store(&b->totals->dollars, b->dollars);
    if (emptied)
        tell_emptied(rt, b->name);
    if (!b->cap)
        b->ledger = budgets_ledger(rt->realm, rt->world, &why);
    if (!b->cap && b->ledger == NULL &&
        realm_first(rt->realm, "ledger", str_hash(str_of(why.text))))
        event_runtime(rt, "budgets_unavailable", str_of(why.text));
}

/* budget{ name =, shape =, unit = "tokens"|"usd", per =, align =, by_model =,
** declines =, warn =, on_warn =, limits = } -> a budget. Limits are in tokens or
** nano-dollars; the first one is for everybody else */
static int new_budget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct budget *b = arena_zero(&generation_of(L)->arena, sizeof *b);
    if (b == NULL)
        return luaL_error(L, "not enough memory for a budget");
    b->name = text_field(L, "name");
    b->shape = text_field(L, "shape");
    b->dollars = str_eq(text_field(L, "unit"), STR("usd"));
    b->by_model = flag_field(L, "by_model");
    b->declines = flag_field(L, "declines");
    read_period(L, b);
    read_limits(L, b);
    read_warning(L, b);
    share(L, b);
    const struct budget **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = b;
    luaL_setmetatable(L, BUDGET_TYPE);
    return 1;
}

static const luaL_Reg functions[] = {
    {"budget", new_budget},
    {NULL, NULL},
};

void bind_budget(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = BUDGET_TYPE});
    luaL_setfuncs(L, functions, 0);
    bind_budget_gate(L);
}
