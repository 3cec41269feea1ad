/*
** hook.c -- what the count hook costs a policy: the same turns with it and
** without, interleaved, in processor time. `make bench-hook` runs it.
**
** The turns: a policy as they are written (some fields and a ladder of two
** functions, about 50 instructions), the same with a look at the client's text,
** and a bare loop, where the hook costs the most it can.
*/
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/real.h"
#include "run/generation.h"
#include "run/sandbox.h"

#define ROUNDS 15

static const struct turn {
    const char *name, *code;
    int times;
} turns[] = {
    {"a ladder of two",
     "local function large(req) if req.team == 'x' then return 1 end end "
     "local function small(req) return req.model and 2 or 3 end "
     "return function(req) local hard = #(req.text or '') > 2000 "
     "  return hard and large(req) or small(req) end",
     300000},
    {"a look at the text",
     "return function(req) local n = 0 "
     "  for word in req.text:gmatch '%a+' do n = n + #word end "
     "  if req.text:find('secret', 1, true) then return nil end "
     "  return req.model:lower():match '^gpt%-(.+)$' or n end",
     60000},
    {"a bare loop", "return function(req) for i = 1, 3000 do end return 1 end",
     6000},
};

static struct world *world;
static struct runtime rt;
static struct generation *g;

static void push_turn(lua_State *L, const struct turn *t)
{
    if (luaL_dostring(L, t->code) != LUA_OK)
        abort();
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "gpt-4o-mini");
    lua_setfield(L, -2, "model");
    lua_pushliteral(L, "What is the weather like in Paris today, and should "
                       "I take an umbrella with me when I leave?");
    lua_setfield(L, -2, "text");
}

/* Nanoseconds of processor time a turn takes. */
static double measure(lua_State *L, const struct turn *t, bool hooked)
{
    nanos from = world_cpu(world);
    for (int i = 0; i < t->times; i++) {
        allowance_set(g, NANOS_S, (size_t)64 << 20);
        lua_State *before = allowance_enter(g, L);
        if (!hooked)
            lua_sethook(L, NULL, 0, 0);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK)
            abort();
        allowance_leave(g, before);
    }
    return (double)(world_cpu(world) - from) / t->times;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(lua_State *L, const struct turn *t)
{
    double with[ROUNDS], without[ROUNDS], more[ROUNDS];
    push_turn(L, t);
    for (int i = 0; i < ROUNDS; i++) {
        with[i] = measure(L, t, true);
        without[i] = measure(L, t, false);
        more[i] = with[i] - without[i];
    }
    lua_settop(L, 0);
    qsort(with, ROUNDS, sizeof *with, by_size);
    qsort(without, ROUNDS, sizeof *without, by_size);
    qsort(more, ROUNDS, sizeof *more, by_size);
    printf("%-20s %9.1f ns with   %9.1f ns without   %+8.1f ns\n", t->name,
           with[ROUNDS / 2], without[ROUNDS / 2], more[ROUNDS / 2]);
}

int main(void)
{
    if (real_open(&world, NULL, NULL, NULL) != 0)
        return 1;
    rt.world = world;
    g = calloc(1, sizeof *g);
    g->rt = &rt;
    allowance_set(g, NANOS_S, (size_t)64 << 20);
    g->L = sandbox_open(g);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++)
        report(g->L, &turns[i]);
    lua_close(g->L);
    free(g);
    real_close(world);
    return 0;
}
