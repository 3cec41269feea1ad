/*
** sandbox.c -- an allow-list, and errors that point at the author's line.
*/
#include "run/sandbox.h"

#include <lauxlib.h>
#include <limits.h>
#include <lualib.h>
#include <stdio.h>

#include "base/defence.h"
#include "run/loader.h"
#include "run/safe/safe.h"

#define LIBRARY "perilune.library" /* registry: its modules' environment */

struct generation *generation_of(lua_State *L)
{
    void *g;
    lua_getallocf(L, &g);
    return g;
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

void sandbox_place(lua_State *L, struct buf *to)
{
    lua_Debug ar;
    if (authors_frame(L, &ar))
        buf_print(to, "%s:%d: ", ar.source + 1, ar.currentline);
}

/* Is the text of an error that of the last denial? Who caught that one may
** have raised another since. */
static const char *kind_of(lua_State *co, str text)
{
    return generation_of(co)->denied == str_hash(text) ? "denied" : "error";
}

const char *sandbox_message(lua_State *co, int status, struct buf *to)
{
    const struct generation *g = generation_of(co);
    enum doom doom = g->allowed.doom;
    str text = {0};
    if (doom == DOOM_NONE && status == LUA_ERRMEM)
        doom = DOOM_HEAP;
    if (doom != DOOM_NONE) {
        if (g->doom[0] != '\0') {
            buf_text(to, g->doom);
            return doom_reason(doom);
        }
        sandbox_place(co, to);
        buf_text(to, doom_text(doom));
        return doom_reason(doom);
    }
    if (lua_type(co, -1) == LUA_TSTRING) {
        text.p = lua_tolstring(co, -1, &text.n);
        buf_add(to, text);
        return kind_of(co, text);
    }
    sandbox_place(co, to);
    buf_print(to, "a %s was raised; raise a text", luaL_typename(co, -1));
    return "error";
}

/* Push "P:line: message". */
static void push_placed(lua_State *L, const char *format, va_list args)
{
    lua_pushvfstring(L, format, args);
    sandbox_where(L);
    if (lua_rawlen(L, -1) > 0) {
        lua_pushliteral(L, ": ");
        lua_pushvalue(L, -3);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
    }
}

int sandbox_raise(lua_State *L, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    push_placed(L, format, args);
    va_end(args);
    return lua_error(L);
}

int sandbox_deny(lua_State *L, const char *format, ...)
{
    va_list args;
    str text;
    va_start(args, format);
    push_placed(L, format, args);
    va_end(args);
    text.p = lua_tolstring(L, -1, &text.n);
    generation_of(L)->denied = str_hash(text);
    return lua_error(L);
}

/* --- the environment ------------------------------------------------------- */

/* The name that the library function at hand was asked for, as far as a
** message may show it. */
static const char *asked_for(lua_State *L)
{
    return sandbox_quote(L, str_of(safe_show(L, 2)));
}

/* What Lua has elsewhere and a policy may not have. */
static bool forbidden(str name)
{
    static const char *const names[] = {
        "os",         "io",       "debug",  "package",        "load",
        "loadstring", "loadfile", "dofile", "collectgarbage", "print",
        "warn",       "rawset",   "_G"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_eq(name, str_of(names[i])))
            return true;
    return false;
}

static int no_such_global(lua_State *L)
{
    const char *name = asked_for(L);
    if (forbidden(str_of(name)))
        return sandbox_deny(L, "undefined variable '%s'", name);
    return sandbox_raise(L, "undefined variable '%s'", name);
}

static int no_new_global(lua_State *L)
{
    const char *name = asked_for(L);
    return sandbox_deny(L,
                        "undefined variable '%s' is assigned; write "
                        "\"local %s = ...\"",
                        name, name);
}

static int read_only(lua_State *L)
{
    if (!DEFENCE(read_only))
        return 0;
    return sandbox_deny(L, "'%s' cannot be set: Lua's libraries are read-only",
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

void sandbox_seal(lua_State *L)
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

/* Copy the named globals of Lua into the table on top. */
static void copy_globals(lua_State *L, const char *const *names, bool sealed)
{
    for (; *names != NULL; names++) {
        lua_getglobal(L, *names);
        if (sealed)
            sandbox_seal(L);
        lua_setfield(L, -2, *names);
    }
}

static void make_environment(lua_State *L, bool trusted)
{
    lua_newtable(L);
    copy_globals(L, base_names, false);
    copy_globals(L, library_names, true);
    safe_base(L);
    if (generation_of(L)->rt->world->replays)
        safe_order(L);
    lua_pushcfunction(L, loader_require);
    lua_setfield(L, -2, "require");
    if (trusted) {
        lua_getglobal(L, "rawset");
        lua_setfield(L, -2, "rawset");
    }
    lua_pushcfunction(L, no_such_global);
    guard(L, no_new_global);
}

/* The library's modules share one: they set no globals, and making it for each
** was a sixth of a reload. */
void sandbox_environment(lua_State *L, bool trusted)
{
    if (!trusted) {
        make_environment(L, false);
        return;
    }
    if (lua_getfield(L, LUA_REGISTRYINDEX, LIBRARY) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    make_environment(L, true);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, LIBRARY);
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

/* Change a library that is open. */
static void change(lua_State *L, const char *library, void (*with)(lua_State *))
{
    lua_getglobal(L, library);
    with(L);
    lua_pop(L, 1);
}

static void drop_randomseed(lua_State *L)
{
    lua_pushnil(L);
    lua_setfield(L, -2, "randomseed");
}

/* No table is weak here. The collector knows the field by where its name lies,
** and takes quadratic time, in one step, for weak keys that lead from one to
** the next. So that name, which lives as long as the state, is changed where
** it lies: what a policy writes as "__mode" is another text from now on. */
static void forget_weak_tables(lua_State *L)
{
    if (!DEFENCE(weak_tables))
        return;
    lua_pushliteral(L, "__mode");
    *(char *)(uintptr_t)lua_tostring(L, -1) = '\1';
    lua_pop(L, 1);
}

/* The first buffer that outgrows its struct makes a metatable for all of them,
** and one that was made by halves, for want of memory, would stay. So it is
** made here, where everything or nothing is. */
static void make_first_buffer(lua_State *L)
{
    luaL_Buffer b;
    luaL_buffinitsize(L, &b, 2 * LUAL_BUFFERSIZE);
    luaL_pushresultsize(&b, 0);
    lua_pop(L, 1);
}

static int open_libraries(lua_State *L)
{
    forget_weak_tables(L);
    make_first_buffer(L);
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_settop(L, 0);
    seed_random(L, generation_of(L)->rt->world);
    change(L, LUA_STRLIBNAME, safe_strings);
    change(L, LUA_TABLIBNAME, safe_tables);
    change(L, LUA_MATHLIBNAME, drop_randomseed);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    return 0;
}

lua_State *sandbox_open(struct generation *g)
{
    lua_State *L = lua_newstate(allowance_allocate, g);
    if (L == NULL)
        return NULL;
    *(struct strand **)lua_getextraspace(L) = NULL;
    lua_pushcfunction(L, open_libraries);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        lua_close(L);
        return NULL;
    }
    return L;
}
