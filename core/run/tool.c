/*
** tool.c -- a trusted Lua state for the command line.
**
** `tool.check` opens a whole runtime on a real world, without sockets, loads
** the policy as the gateway would, and tells what came of it.
*/
#include "run/tool.h"

#include <lauxlib.h>
#include <lualib.h>

#include "net/file.h"
#include "net/real.h"
#include "run/embedded.h"
#include "run/generation.h"
#include "run/loader.h"

static struct tool *tool_of(lua_State *L)
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

/* --- check ----------------------------------------------------------------- */

static void push_models(lua_State *L, const struct generation *g)
{
    lua_Integer i = 0;
    lua_newtable(L);
    for (const struct model_entry *m = g->models; m != NULL; m = m->next) {
        lua_pushlstring(L, m->id.p, m->id.n);
        lua_rawseti(L, -2, ++i);
    }
    lua_setfield(L, -2, "models");
}

static int push_check(lua_State *L, const struct runtime *rt)
{
    if (rt->current == NULL) {
        lua_pushnil(L);
        lua_pushlstring(L, buf_str(&rt->load_error).p, rt->load_error.n);
        return 2;
    }
    lua_createtable(L, 0, 2);
    lua_pushstring(L, rt->current->version);
    lua_setfield(L, -2, "version");
    push_models(L, rt->current);
    return 1;
}

/* check(path) -> { version =, models = {...} }, or nil and what is wrong */
static int check(lua_State *L)
{
    const struct tool *tool = tool_of(L);
    struct policy_source source = {
        .name = str_of(luaL_checkstring(L, 1)),
        .library = str_of(tool->library),
    };
    struct world *world;
    struct runtime rt = {.bind = tool->bind};
    if (real_open(&world, NULL, NULL, NULL) != 0)
        return luaL_error(L, "the runtime cannot be opened");
    int results = 2;
    if (runtime_init(&rt, world, "") == 0)
        runtime_load(&rt, &source);
    results = push_check(L, &rt);
    runtime_fini(&rt);
    real_close(world);
    return results;
}

/* --- its modules ----------------------------------------------------------- */

static const struct embedded_file *embedded(const char *name)
{
    const struct embedded_file *f = embedded_files;
    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    return f->name != NULL ? f : NULL;
}

/* Push the chunk of lua/cli/<name>.lua; false (nothing pushed) if there is
** none. */
static bool load_module(lua_State *L, const struct tool *tool, const char *name)
{
    struct arena arena;
    str text = STR_NONE;
    arena_init(&arena);
    const char *file = lua_pushfstring(L, "lua/cli/%s.lua", name);
    const struct embedded_file *f = embedded(file);
    if (f != NULL)
        text = (str){(const char *)f->text, f->len};
    if (tool->library != NULL)
        file_read(lua_pushfstring(L, "%s/%s", tool->library, file),
                  LOADER_MAX_FILE, &arena, &text);
    int status = LUA_OK;
    const char *chunk = lua_pushfstring(L, "@%s", file);
    lua_replace(L, 1);
    lua_settop(L, 1);
    if (text.p != NULL)
        status = luaL_loadbufferx(L, text.p, text.n, chunk, "t");
    arena_fini(&arena);
    if (status != LUA_OK)
        lua_error(L);
    return text.p != NULL;
}

/* require(name): "cli.pages" is lua/cli/pages.lua, run anew each time */
static int require(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const struct tool *tool = tool_of(L);
    bool ours = strncmp(name, "cli.", 4) == 0;
    lua_pushstring(L, ours ? name + 4 : "");
    lua_replace(L, 1);
    if (!load_module(L, tool, lua_tostring(L, 1)))
        return luaL_error(L, "there is no such module");
    lua_call(L, 0, 1);
    return 1;
}

/* Those that a page of text needs. Neither os nor io nor package: the program
** that serves must not even hold a call that starts another one. */
static void open_libraries(lua_State *L, struct tool *tool)
{
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    lua_pop(L, 3);
    lua_pushlightuserdata(L, tool);
    lua_pushcclosure(L, require, 1);
    lua_setglobal(L, "require");
}

static const luaL_Reg functions[] = {
    {"out", out},
    {"err", err},
    {"check", check},
    {NULL, NULL},
};

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
    if (!load_module(L, c->tool, c->name)) {
        lua_pushinteger(L, 2);
        return 1;
    }
    lua_call(L, 0, 1);
    lua_createtable(L, c->argc, 0);
    for (int i = 0; i < c->argc; i++) {
        lua_pushstring(L, c->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_newtable(L);
    lua_pushlightuserdata(L, c->tool);
    luaL_setfuncs(L, functions, 1);
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
    return exit_status;
}
