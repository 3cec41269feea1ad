/*
** sandbox.c -- an allow-list, a count hook and an allocator.
**
** The trick: being doomed is a property of the version's allowance and not of
** the error that was raised. Whoever catches the error (pcall, xpcall, a
** closing variable) finds the hook armed at every instruction and is raised
** again, until nothing of the request is left to run.
*/
#include "run/sandbox.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdio.h>

#include "base/mem.h"
#include "run/loader.h"

#define HOOK_EVERY  1000 /* instructions between two looks at the clock */
#define OUT_OF_HEAP "the policy used up its memory (limit: heap)"

struct generation *generation_of(lua_State *L)
{
    void *g;
    lua_getallocf(L, &g);
    return g;
}

static void *allocate(void *ud, void *old, size_t osize, size_t nsize)
{
    struct generation *g = ud;
    size_t was = old != NULL ? osize : 0; /* else osize is a type tag */
    if (nsize == 0) {
        g->used -= was;
        mem_free(old);
        return NULL;
    }
    if (nsize > was && g->used - was + nsize > g->allowed.heap)
        return NULL;
    void *p = mem_resize(old, nsize);
    if (p == NULL)
        return nsize <= was ? old : NULL; /* Lua counts on shrinking */
    g->used = g->used - was + nsize;
    return p;
}

/* --- time ------------------------------------------------------------------ */

void sandbox_allow(struct generation *g, nanos cpu, size_t heap)
{
    g->allowed = (struct allowance){
        .until = world_now(g->rt->world) + cpu, .budget = cpu, .heap = heap};
}

/* The wall clock says late: was it us, or did somebody else have the core? */
static bool truly_late(struct generation *g)
{
    struct world *world = g->rt->world;
    struct allowance *a = &g->allowed;
    nanos left = a->budget - (world_cpu(world) - a->cpu_from);
    a->until = world_now(world) + left;
    return left <= 0;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    struct generation *g = generation_of(L);
    struct allowance *a = &g->allowed;
    if (a->cpu_from == 0)
        a->cpu_from = world_cpu(g->rt->world); /* this turn is no short one */
    if (a->doom == NULL) {
        if (world_now(g->rt->world) < a->until || !truly_late(g))
            return;
        a->doom = "the policy used up its processor time (limit: cpu)";
    }
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    lua_getinfo(L, "Sl", ar);
    lua_pushfstring(L, "%s:%d: %s", ar->short_src, ar->currentline, a->doom);
    lua_error(L);
}

void sandbox_hook(lua_State *L)
{
    lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_EVERY);
}

/* --- errors that point at the author's line -------------------------------- */

static bool authors_frame(lua_State *L, lua_Debug *ar)
{
    for (int level = 0; lua_getstack(L, level, ar); level++) {
        lua_getinfo(L, "Sl", ar);
        if (ar->currentline > 0 && ar->source[0] == '@')
            return true;
    }
    return false;
}

/* A tail call leaves no frame of the author's, nor does what the file returned
** when it is made a rung: then it is the file's last `return` that is meant. */
void sandbox_where(lua_State *L)
{
    lua_Debug ar;
    const struct generation *g = generation_of(L);
    if (authors_frame(L, &ar))
        lua_pushfstring(L, "%s:%d", ar.source + 1, ar.currentline);
    else if (g->loading && g->text.p != NULL)
        lua_pushfstring(L, "%s:%d", g->name.p,
                        generation_return_line(g, 0, INT_MAX, STR_NONE));
    else
        lua_pushliteral(L, "");
}

void sandbox_message(lua_State *co, int status, struct buf *to)
{
    lua_Debug ar;
    size_t n;
    if (status != LUA_ERRMEM && lua_type(co, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(co, -1, &n);
        buf_add(to, (str){text, n});
        return;
    }
    if (authors_frame(co, &ar))
        buf_print(to, "%s:%d: ", ar.source + 1, ar.currentline);
    if (status == LUA_ERRMEM)
        buf_text(to, OUT_OF_HEAP);
    else
        buf_print(to, "a %s was raised; raise a text", luaL_typename(co, -1));
}

int sandbox_raise(lua_State *L, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    sandbox_where(L);
    if (lua_rawlen(L, -1) > 0) {
        lua_pushliteral(L, ": ");
        lua_pushvalue(L, -3);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
    }
    return lua_error(L);
}

/* --- the functions that differ from Lua's own ------------------------------ */

/* Called when the guarded function is done, also after it had to wait. */
static int guarded(lua_State *L, int status, lua_KContext handler)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)handler;
    struct allowance *a = &generation_of(L)->allowed;
    if (status == LUA_ERRMEM && a->doom == NULL)
        a->doom = OUT_OF_HEAP;
    if (a->doom != NULL)
        return lua_error(L);
    if (handler == 0) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int safe_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, guarded);
    return guarded(L, status, 0);
}

/* The handler runs after the stack is unwound: inside Lua's own xpcall it
** would run in the very place where the deadline had struck. */
static int safe_xpcall(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    int arguments = lua_gettop(L) - 2;
    lua_pushvalue(L, 1); /* f h ... f */
    lua_copy(L, 2, 1);   /* h h ... f */
    lua_replace(L, 2);   /* h f ... */
    lua_pushboolean(L, 1);
    lua_insert(L, 2); /* h true f ... */
    int status = lua_pcallk(L, arguments, LUA_MULTRET, 0, 1, guarded);
    return guarded(L, status, 1);
}

static int safe_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, lua_istable(L, 2) || lua_isnil(L, 2), 2,
                     "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return sandbox_raise(L, "finalizers (__gc) are not allowed here");
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

/* What tostring says of things that have no text is their kind; their address
** stays inside. */
static int safe_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    int kind = lua_type(L, 1);
    bool plain = kind < LUA_TTABLE && kind != LUA_TLIGHTUSERDATA;
    if (plain || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
        luaL_tolstring(L, 1, NULL);
    else if (luaL_getmetafield(L, 1, "__name") != LUA_TSTRING)
        lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

/* string.format with our tostring, and without %p. */
static int safe_format(lua_State *L)
{
    const char *format = luaL_checkstring(L, 1);
    for (const char *at = format; (at = strchr(at, '%')) != NULL; at++) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        luaL_argcheck(L, *at != 'p', 1, "%p shows addresses; it is not here");
        if (*at == '\0')
            break;
    }
    for (int i = 2, n = lua_gettop(L); i <= n; i++) {
        if (lua_type(L, i) < LUA_TTABLE && !lua_islightuserdata(L, i))
            continue;
        lua_pushcfunction(L, safe_tostring);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        lua_replace(L, i);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* --- the environment ------------------------------------------------------- */

/* The name that the library function at hand was asked for, as far as a
** message may show it. */
static const char *asked_for(lua_State *L)
{
    str name;
    name.p = luaL_tolstring(L, 2, &name.n);
    return sandbox_quote(L, name);
}

static int no_such_global(lua_State *L)
{
    return sandbox_raise(L, "undefined variable '%s'", asked_for(L));
}

static int no_new_global(lua_State *L)
{
    return sandbox_raise(L,
                         "undefined variable '%s' is assigned; write "
                         "\"local %s = ...\"",
                         asked_for(L), asked_for(L));
}

static int read_only(lua_State *L)
{
    return sandbox_raise(L, "'%s' cannot be set: Lua's libraries are read-only",
                         asked_for(L));
}

/* Give the table at -2 a metatable that nobody reaches: what it has not is
** looked up in, or asked of, the value on top (popped). */
static void guard(lua_State *L, lua_CFunction on_write)
{
    lua_createtable(L, 0, 3);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, on_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

/* Replace the table on top by a proxy that can be read and not written. */
static void seal(lua_State *L)
{
    lua_newtable(L);
    lua_insert(L, -2);
    guard(L, read_only);
}

static const char *const base_names[] = {
    "assert",   "error",        "ipairs", "next",   "pairs",
    "rawequal", "rawget",       "rawlen", "select", "type",
    "tonumber", "getmetatable", NULL};
static const char *const library_names[] = {"string", "table", "math", "utf8",
                                            NULL};

static const luaL_Reg own_functions[] = {
    {"pcall", safe_pcall},
    {"xpcall", safe_xpcall},
    {"setmetatable", safe_setmetatable},
    {"tostring", safe_tostring},
    {"require", loader_require},
    {NULL, NULL},
};

/* Copy the named globals of Lua into the table on top. */
static void copy_globals(lua_State *L, const char *const *names, bool sealed)
{
    for (; *names != NULL; names++) {
        lua_getglobal(L, *names);
        if (sealed)
            seal(L);
        lua_setfield(L, -2, *names);
    }
}

void sandbox_environment(lua_State *L, bool trusted)
{
    lua_newtable(L);
    copy_globals(L, base_names, false);
    copy_globals(L, library_names, true);
    luaL_setfuncs(L, own_functions, 0);
    if (trusted) {
        lua_getglobal(L, "rawset");
        lua_setfield(L, -2, "rawset");
    }
    lua_pushcfunction(L, no_such_global);
    guard(L, no_new_global);
}

static void remove_field(lua_State *L, const char *library, const char *name)
{
    lua_getglobal(L, library);
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static void wrap_format(lua_State *L)
{
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, safe_format, 1);
    lua_setfield(L, -2, "format");
    lua_pop(L, 1);
}

static void seed_random(lua_State *L, struct world *world)
{
    lua_Integer seed[2];
    world_random(world, seed, sizeof seed);
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, seed[0]);
    lua_pushinteger(L, seed[1]);
    lua_call(L, 2, 0);
    lua_pop(L, 1);
}

static int open_libraries(lua_State *L)
{
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_settop(L, 0);
    seed_random(L, generation_of(L)->rt->world);
    remove_field(L, "string", "dump");
    wrap_format(L);
    remove_field(L, "math", "randomseed");
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    return 0;
}

lua_State *sandbox_open(struct generation *g)
{
    lua_State *L = lua_newstate(allocate, g);
    if (L == NULL)
        return NULL;
    *(struct request **)lua_getextraspace(L) = NULL;
    lua_pushcfunction(L, open_libraries);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        lua_close(L);
        return NULL;
    }
    sandbox_hook(L);
    return L;
}
