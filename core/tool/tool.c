/*
** tool.c -- a trusted Lua state for the command line.
*/
#include "tool/inner.h"

#include <lualib.h>

#include "tool/stage.h"

struct tool *tool_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int say(lua_State *L, int stream)
{
    size_t n;
    const struct tool *tool = tool_of(L);
    const char *text = luaL_checklstring(L, 1, &n);
    tool->out(tool->user, stream, text, n);
    return 0;
}

/* out(text): results */
static int out(lua_State *L)
{
    return say(L, 1);
}

/* err(text): errors */
static int err(lua_State *L)
{
    return say(L, 2);
}

/* Neither os nor io nor package: the program that serves must not even hold a
** call that starts another one. */
static void open_libraries(lua_State *L, struct tool *tool)
{
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
    lua_settop(L, 1);
    lua_pushnil(L);
    lua_setglobal(L, "dofile");
    lua_pushnil(L);
    lua_setglobal(L, "loadfile");
    tool_modules(L, tool);
    tool_worlds(L);
}

static const luaL_Reg functions[] = {
    {"out", out},
    {"err", err},
    {"check", tool_check},
    {"world", tool_world},
    {"read", tool_read},
    {"list", tool_list},
    {"quote", tool_quote},
    {"decode", tool_decode},
    {"prices", tool_prices},
    {"store_stat", tool_store_stat},
    {"store_compact", tool_store_compact},
    {"store_export", tool_store_export},
    {"store_import", tool_store_import},
    {"usage", tool_usage},
    {"keys_add", tool_keys_add},
    {"keys_list", tool_keys_list},
    {"keys_revoke", tool_keys_revoke},
    {"keys_rotate", tool_keys_rotate},
    {NULL, NULL},
};

/* Push the table `tool`. */
static void push_tool(lua_State *L, struct tool *tool)
{
    lua_newtable(L);
    lua_pushlightuserdata(L, tool);
    luaL_setfuncs(L, functions, 1);
    lua_pushboolean(L, tool->colour);
    lua_setfield(L, -2, "colour");
    lua_pushstring(L, tool->store);
    lua_setfield(L, -2, "store");
}

struct command {
    struct tool *tool;
    const char *name;
    int argc;
    char *const *argv;
};

/* (command) -> exit status */
static int run(lua_State *L)
{
    struct command *c = lua_touserdata(L, 1);
    open_libraries(L, c->tool);
    lua_pushfstring(L, "cli.%s", c->name);
    if (!tool_load_module(L, c->tool, lua_tostring(L, -1))) {
        lua_pushinteger(L, 2);
        return 1;
    }
    lua_call(L, 0, 1);
    lua_createtable(L, c->argc, 0);
    for (int i = 0; i < c->argc; i++) {
        lua_pushstring(L, c->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
    push_tool(L, c->tool);
    lua_call(L, 2, 1);
    return 1;
}

static int finish(lua_State *L, const struct tool *tool, int status)
{
    if (status == LUA_OK)
        return (int)lua_tointeger(L, -1);
    size_t n;
    const char *why = luaL_tolstring(L, -1, &n);
    tool->out(tool->user, 2, why, n);
    tool->out(tool->user, 2, "\n", 1);
    return 70;
}

int tool_run(const struct tool *tool, const char *name, int argc,
             char *const *argv)
{
    lua_State *L = luaL_newstate();
    struct tool own = *tool;
    struct command c = {&own, name, argc, argv};
    if (L == NULL)
        return 70;
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &c);
    int exit_status = finish(L, tool, lua_pcall(L, 1, 1, 0));
    lua_close(L);
    stage_forget_compiled();
    return exit_status;
}
