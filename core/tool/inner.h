/*
** inner.h -- what the files of this room share.
*/
#ifndef TOOL_INNER_H
#define TOOL_INNER_H

#include <lauxlib.h>
#include <lua.h>

#include "net/virtual/upstreams.h"
#include "tool/tool.h"

struct guest;

/* The tool whose function this is: its first upvalue. */
struct tool *tool_of(lua_State *L);

/* modules.c: make `require`, with perilune.core as far as the library needs it
** here; and push the chunk of a module: false, and nothing, if there is none. */
void tool_modules(lua_State *L, struct tool *tool);
bool tool_load_module(lua_State *L, const struct tool *tool, const char *name);

/* modules.c: raise, at the author's line. */
int tool_raise(lua_State *L);

/* check.c, world.c, files.c, texts.c, prices.c, store.c, keys.c, usage.c: functions of
** the table `tool`. */
int tool_check(lua_State *L);
int tool_world(lua_State *L);
int tool_read(lua_State *L);
int tool_list(lua_State *L);
int tool_quote(lua_State *L);
int tool_decode(lua_State *L);
int tool_prices(lua_State *L);
int tool_store_stat(lua_State *L);
int tool_store_compact(lua_State *L);
int tool_store_export(lua_State *L);
int tool_store_import(lua_State *L);
int tool_usage(lua_State *L);
int tool_keys_add(lua_State *L);
int tool_keys_list(lua_State *L);
int tool_keys_revoke(lua_State *L);
int tool_keys_rotate(lua_State *L);

/* world.c: make the type of worlds known. */
void tool_worlds(lua_State *L);

/* acts.c: the act that the table at `arg` is; texts go to the arena. */
struct upstream_act tool_act(lua_State *L, int arg, struct arena *arena);

/* outcome.c: push what came of a guest, a table. */
void tool_push_outcome(lua_State *L, const struct guest *g);

/* Push a text; nil when it is absent. */
static inline void tool_push(lua_State *L, str text)
{
    if (text.p != NULL)
        lua_pushlstring(L, text.p, text.n);
    else
        lua_pushnil(L);
}

#endif
