/*
** generation.c -- loading a version, pooling its coroutines, letting it go.
**
** Everything that may raise during the load happens inside one protected
** call, so a version either stands complete or leaves nothing behind.
*/
#include "run/generation.h"

#include <lauxlib.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/stack.h"
#include "run/loader.h"
#include "run/sandbox.h"

#define KEPT (24 * 3600 * NANOS_S) /* an answer to a repeat */

static struct generation *make(struct runtime *rt)
{
    struct generation *g = mem_zero(sizeof *g);
    if (g == NULL)
        return NULL;
    g->refs = 1;
    g->rt = rt;
    g->policy = g->rescue = g->idempotent.key = LUA_NOREF;
    g->idempotent.ttl = KEPT;
    arena_init(&g->arena);
    allowance_set(g, rt->limits.load_cpu, rt->limits.heap);
    g->L = sandbox_open(g);
    if (g->L == NULL) {
        generation_release(g);
        return NULL;
    }
    return g;
}

/* Runs protected: the source comes as a light userdata. */
static int load_policy(lua_State *L)
{
    const struct policy_source *source = lua_touserdata(L, 1);
    if (loader_main(L, source) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 1);
    loader_module(L, "perilune.rung");
    lua_getfield(L, -1, "policy");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 1);
    generation_of(L)->policy = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* Run it on a coroutine, whose stack an error leaves for us to look at. */
static bool load(struct generation *g, const struct policy_source *source,
                 struct buf *error)
{
    int ref, results;
    lua_State *co = generation_thread(g, &ref);
    if (co == NULL) {
        buf_text(error, "not enough memory to load the policy");
        return false;
    }
    lua_pushcfunction(co, load_policy);
    lua_pushlightuserdata(co, (void *)(uintptr_t)source);
    lua_State *before = allowance_enter(g, co);
    int status = lua_resume(co, NULL, 1, &results);
    allowance_leave(g, before);
    if (status != LUA_OK)
        sandbox_message(co, status, error);
    generation_thread_done(g, co, ref, status != LUA_OK);
    return status == LUA_OK;
}

struct generation *generation_load(struct runtime *rt, struct watch *watch,
                                   const struct policy_source *source,
                                   struct buf *error)
{
    if (!stack_enough()) {
        buf_text(error, GENERATION_NO_STACK);
        return NULL;
    }
    struct generation *g = make(rt);
    if (g == NULL) {
        buf_text(error, "not enough memory to load the policy");
        return NULL;
    }
    g->watch = watch;
    g->name = source->name;
    g->loading = true;
    bool loaded = load(g, source, error);
    g->loading = false;
    g->base = g->heap.used;
    g->watch = NULL;
    rt->tried = g->hash;
    if (!loaded) {
        generation_release(g);
        return NULL;
    }
    snprintf(g->version, sizeof g->version, "%08x",
             (unsigned)((g->hash ^ g->hash >> 32) & 0xffffffffu));
    return g;
}

void generation_keep(struct generation *g)
{
    g->refs++;
}

void generation_release(struct generation *g)
{
    if (g == NULL || --g->refs > 0)
        return;
    if (g->L != NULL) {
        /* Finalizers of ours are short; a policy has none. */
        allowance_set(g, NANOS_S, SIZE_MAX);
        lua_close(g->L);
    }
    arena_fini(&g->arena);
    mem_free(g);
}

/* --- coroutines ------------------------------------------------------------ */

static int new_thread(lua_State *L)
{
    lua_newthread(L);
    lua_pushinteger(L, luaL_ref(L, LUA_REGISTRYINDEX));
    return 1;
}

lua_State *generation_thread(struct generation *g, int *ref)
{
    if (g->idle_n > 0) {
        struct idle_thread *idle = &g->idle[--g->idle_n];
        *ref = idle->ref;
        return idle->co;
    }
    lua_pushcfunction(g->L, new_thread);
    if (lua_pcall(g->L, 0, 1, 0) != LUA_OK) {
        lua_pop(g->L, 1);
        return NULL;
    }
    *ref = (int)lua_tointeger(g->L, -1);
    lua_rawgeti(g->L, LUA_REGISTRYINDEX, *ref);
    lua_State *co = lua_tothread(g->L, -1);
    lua_pop(g->L, 2);
    return co;
}

void generation_thread_done(struct generation *g, lua_State *co, int ref,
                            bool spoilt)
{
    *(struct strand **)lua_getextraspace(co) = NULL;
    if (spoilt || g->idle_n == IDLE_THREADS) {
        luaL_unref(g->L, LUA_REGISTRYINDEX, ref);
        return;
    }
    lua_settop(co, 0);
    g->idle[g->idle_n++] = (struct idle_thread){ref, co};
}

/* --- what it declared ------------------------------------------------------ */

int generation_declare(struct generation *g, str id, str provider, str model)
{
    struct model_entry **at = &g->models;
    for (; *at != NULL; at = &(*at)->next)
        if (str_eq((*at)->id, id))
            return 0;
    struct model_entry *entry = arena_zero(&g->arena, sizeof *entry);
    if (entry == NULL)
        return -1;
    entry->id = arena_copy(&g->arena, id);
    entry->provider = arena_copy(&g->arena, provider);
    entry->model = arena_copy(&g->arena, model);
    *at = entry;
    bool whole = entry->id.p != NULL && entry->provider.p != NULL;
    return whole && entry->model.p != NULL ? 0 : -1;
}

/* What stands behind the word `return` in a line; absent when it has none. */
static str returned_by(str line)
{
    const char *at = line.p;
    size_t left = line.n;
    while ((at = memmem(at, left, "return", 6)) != NULL) {
        left = line.n - (size_t)(at - line.p);
        bool starts = at == line.p || strchr(" \t;", at[-1]) != NULL;
        if (starts && (left == 6 || strchr(" \t({\"';-", at[6]) != NULL))
            return str_trim((str){at + 6, left - 6});
        at += 6;
        left -= 6;
    }
    return STR_NONE;
}

int generation_return_line(const struct generation *g, int from, int to,
                           str clue)
{
    int line = 0, last = 0, best = 0;
    for (str rest = g->text; rest.p != NULL;) {
        str behind = returned_by(str_split(&rest, '\n'));
        line++;
        if (line < from || line > to || behind.p == NULL)
            continue;
        last = line;
        if (clue.n > 0 && str_starts(behind, clue))
            best = line;
    }
    return best != 0 ? best : last != 0 ? last : to < line ? to : line;
}
