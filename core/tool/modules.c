/*
** modules.c -- the Lua files that subcommands are made of.
**
** `require "cli.pages"` is lua/cli/pages.lua, linked in or in the folder that
** overrides it. The policy library's own modules serve here too; of
** perilune.core, which is C in a policy, they need to raise and to ask what a
** value is.
*/
#include "tool/inner.h"

#include "bind/bind.h"
#include "net/file.h"
#include "run/embedded.h"
#include "run/loader.h"

#define MODULES "perilune.modules" /* registry: name -> what it returned */

static const struct embedded_file *embedded(const char *name)
{
    const struct embedded_file *f = embedded_files;
    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    return f->name != NULL ? f : NULL;
}

/* Its text: linked in, or read into the arena. */
static str text_of(lua_State *L, const struct tool *tool, const char *file,
                   struct arena *arena)
{
    str text = STR_NONE;
    const struct embedded_file *f = embedded(file);
    if (f != NULL)
        text = (str){(const char *)f->text, f->len};
    if (tool->library != NULL) {
        file_read(lua_pushfstring(L, "%s/%s", tool->library, file),
                  LOADER_MAX_FILE, arena, &text);
        lua_pop(L, 1);
    }
    return text;
}

bool tool_load_module(lua_State *L, const struct tool *tool, const char *name)
{
    struct arena arena;
    arena_init(&arena);
    const char *path = luaL_gsub(L, name, ".", "/");
    const char *file = lua_pushfstring(L, "lua/%s.lua", path);
    const char *chunk = lua_pushfstring(L, "=%s", file);
    str text = text_of(L, tool, file, &arena);
    int status = LUA_OK;
    if (text.p != NULL)
        status = luaL_loadbufferx(L, text.p, text.n, chunk, "t");
    arena_fini(&arena);
    if (status != LUA_OK)
        lua_error(L);
    if (text.p == NULL) {
        lua_pop(L, 3);
        return false;
    }
    lua_insert(L, -4);
    lua_pop(L, 3);
    return true;
}

/* require(name) -> what the module returns; each runs once */
static int require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, MODULES);
    if (lua_getfield(L, 2, name) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    if (!tool_load_module(L, tool_of(L), name))
        return luaL_error(L, "there is no module '%s'", name);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

/* --- perilune.core --------------------------------------------------------- */

/* Ours are named "=lua/...", the author's "@...". */
static bool authors_frame(lua_State *L, lua_Debug *ar)
{
    for (int level = 0; lua_getstack(L, level, ar); level++) {
        lua_getinfo(L, "Sl", ar);
        if (ar->currentline > 0 && ar->source[0] == '@')
            return true;
    }
    return false;
}

/* raise(text): an error that points at the author's line */
int tool_raise(lua_State *L)
{
    lua_Debug ar;
    const char *text = luaL_checkstring(L, 1);
    if (authors_frame(L, &ar))
        lua_pushfstring(L, "%s:%d: %s", ar.source + 1, ar.currentline, text);
    return lua_error(L);
}

/* where() -> "file:line" of the author's, or nil */
static int where(lua_State *L)
{
    lua_Debug ar;
    if (!authors_frame(L, &ar))
        return 0;
    lua_pushfstring(L, "%s:%d", ar.source + 1, ar.currentline);
    return 1;
}

/* kind(v) -> the name of its type */
static int kind(lua_State *L)
{
    lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

/* in_request() -> false */
static int in_request(lua_State *L)
{
    lua_pushboolean(L, 0);
    return 1;
}

static const luaL_Reg core[] = {
    {"raise", tool_raise},      {"where", where}, {"kind", kind},
    {"in_request", in_request}, {NULL, NULL},
};

void tool_modules(lua_State *L, struct tool *tool)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, MODULES);
    lua_newtable(L);
    luaL_setfuncs(L, core, 0);
    bind_amount(L);
    lua_setfield(L, -2, "perilune.core");
    lua_pop(L, 1);
    lua_pushlightuserdata(L, tool);
    lua_pushcclosure(L, require, 1);
    lua_setglobal(L, "require");
}
