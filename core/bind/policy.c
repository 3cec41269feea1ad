/*
** policy.c -- what the Lua library asks of the version being loaded: where am
** I, what was declared, what is beside the policy.
*/
#include "bind/bind.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/loader.h"
#include "run/realm/realm.h"
#include "run/sandbox.h"

#define DECLARED "perilune.declared" /* registry: "kind name" -> where, text */

/* raise(message): an error that points at the author's line */
static int raise(lua_State *L)
{
    return sandbox_raise(L, "%s", luaL_checkstring(L, 1));
}

/* where() -> "policy.lua:12" of the author's line, or "" */
static int where(lua_State *L)
{
    sandbox_where(L);
    return 1;
}

/* in_request() -> are we inside a request? */
static int in_request(lua_State *L)
{
    lua_pushboolean(L, request_of(L) != NULL);
    return 1;
}

/* kind(v) -> "model", "reply", "provider", "secret", "request", "cut" or nil */
static int kind(lua_State *L)
{
    static const char *const kinds[][2] = {
        {MODEL_TYPE, "model"},   {LIVE_TYPE, "reply"},
        {WRITTEN_TYPE, "reply"}, {PROVIDER_TYPE, "provider"},
        {SECRET_TYPE, "secret"}, {REQUEST_TYPE, "request"},
        {"perilune.cut", "cut"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (luaL_testudata(L, 1, kinds[i][0]) != NULL) {
            lua_pushstring(L, kinds[i][1]);
            return 1;
        }
    lua_pushnil(L);
    return 1;
}

/* declare(kind, name, text) -> nil the first time; then where and with what
** text it was first declared */
static int declare(lua_State *L)
{
    luaL_checkstring(L, 3);
    lua_settop(L, 3);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, DECLARED);
    lua_pushfstring(L, "%s %s", luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 4) == LUA_TTABLE) {
        lua_getfield(L, -1, "where");
        lua_getfield(L, -2, "text");
        return 2;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    sandbox_where(L);
    lua_setfield(L, -2, "where");
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "text");
    lua_rawset(L, 4);
    lua_pushnil(L);
    return 1;
}

/* --- what keeps state ------------------------------------------------------ */

#define MOST_NAMES 1024

struct keeper {
    atomic_ullong kind; /* the kind it was last, as a number; 0: none yet */
};

static const struct shared_kind keeper_kind = {
    .name = "keeper", .size = sizeof(struct keeper), .most = MOST_NAMES};

static const char *const keepers[] = {"breaker", "budget", "limit", "queue",
                                      "sticky"};

static void tell_changed(struct runtime *rt, str name, unsigned long long was,
                         unsigned long long is)
{
    struct buf line;
    char said[128];
    snprintf(said, sizeof said,
             "it was a %s and is a %s now, so it starts empty",
             keepers[was - 1], keepers[is - 1]);
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("kind_changed"));
    event_text(&line, "name", name);
    event_text(&line, "message", str_of(said));
    event_send(&line, rt->world);
}

/* keeps(kind, name): what keeps state under that name is of this kind; the log
** tells when it was of another one until now */
static int keeps(lua_State *L)
{
    struct runtime *rt = generation_of(L)->rt;
    str name;
    size_t is = 0;
    const char *kind = luaL_checkstring(L, 1);
    name.p = luaL_checklstring(L, 2, &name.n);
    while (is < sizeof keepers / sizeof keepers[0] &&
           strcmp(keepers[is], kind) != 0)
        is++;
    luaL_argcheck(L, is < sizeof keepers / sizeof keepers[0], 1,
                  "keeps no state");
    struct keeper *k = realm_share(rt->realm, &keeper_kind, name);
    if (k == NULL)
        return 0; /* too many: what it keeps says so */
    unsigned long long was = atomic_exchange(&k->kind, is + 1);
    if (was != 0 && was != is + 1)
        tell_changed(rt, name, was, is + 1);
    return 0;
}

/* --- files ----------------------------------------------------------------- */

static const char *why_unread(int error)
{
    switch (error) {
    case ERR_MISSING:
        return "there is no such file beside the policy";
    case ERR_INPUT:
        return "it must be a regular file in the policy's folder";
    case ERR_LIMIT:
        return "it is larger than 1 MiB";
    case ERR_MEMORY:
        return "not enough memory";
    default:
        return "it cannot be read (permissions?)";
    }
}

/* read(path) -> the text of a file beside the policy, or nil and why not */
static int read_file(lua_State *L)
{
    str path, text;
    path.p = luaL_checklstring(L, 1, &path.n);
    int error = loader_read(generation_of(L), path, &text);
    if (error != 0) {
        lua_pushnil(L);
        lua_pushstring(L, why_unread(error));
        return 2;
    }
    lua_pushlstring(L, text.p, text.n);
    return 1;
}

/* rescue(f): f(req) answers when the policy raises */
static int rescue(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    generation_of(L)->rescue = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static const luaL_Reg functions[] = {
    {"raise", raise},   {"where", where},     {"in_request", in_request},
    {"kind", kind},     {"declare", declare}, {"read", read_file},
    {"rescue", rescue}, {"keeps", keeps},     {NULL, NULL},
};

void bind_policy(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
