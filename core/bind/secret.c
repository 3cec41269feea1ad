/*
** secret.c -- keys that Lua can hold and not read.
**
** The userdata holds where the value comes from, never the value: that goes
** from the environment, or from a file, straight into the provider's headers.
*/
#include "bind/bind.h"

#include "net/file.h"
#include "run/generation.h"

#define LONGEST_KEY 8192

struct secret {
    bool file;
    char name[]; /* of the environment variable, or the path */
};

static const struct secret *to_secret(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, SECRET_TYPE);
}

/* secret{ env = "NAME" } or { file = "path" } -> a secret */
static int new_secret(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "file");
    bool file = !lua_isnil(L, -1);
    if (!file)
        lua_getfield(L, 1, "env");
    size_t n;
    const char *name = luaL_checklstring(L, -1, &n);
    struct secret *s = lua_newuserdatauv(L, sizeof *s + n + 1, 0);
    s->file = file;
    memcpy(s->name, name, n + 1);
    luaL_setmetatable(L, SECRET_TYPE);
    return 1;
}

static str first_line(str text)
{
    text = str_split(&text, '\n');
    return text.n > 0 && text.p[text.n - 1] == '\r' ? (str){text.p, text.n - 1}
                                                    : text;
}

str bind_secret_value(lua_State *L, int arg, struct arena *arena)
{
    str value = STR_NONE;
    if (lua_type(L, arg) == LUA_TSTRING) {
        value.p = lua_tolstring(L, arg, &value.n);
        return arena_copy(arena, value);
    }
    const struct secret *s = to_secret(L, arg);
    struct world *world = generation_of(L)->rt->world;
    struct watch *watch = generation_of(L)->watch;
    if (s->file && watch != NULL)
        watch_add(watch, s->name); /* a new key is a new version */
    if (!s->file || world->replays)
        value = str_of(world_env(world, s->name));
    else if (file_read(s->name, LONGEST_KEY, arena, &value) == 0)
        value = first_line(value);
    return value.n > 0 ? arena_copy(arena, value) : STR_NONE;
}

/* has_env(name) -> is there a non-empty environment variable of that name? */
static int has_env(lua_State *L)
{
    struct world *world = generation_of(L)->rt->world;
    const char *value = world_env(world, luaL_checkstring(L, 1));
    lua_pushboolean(L, value != NULL && *value != '\0');
    return 1;
}

/* tostring(secret) -> "secret OPENAI_API_KEY": the name, never the value */
static int text(lua_State *L)
{
    lua_pushfstring(L, "secret %s", to_secret(L, 1)->name);
    return 1;
}

static const luaL_Reg functions[] = {
    {"secret", new_secret},
    {"has_env", has_env},
    {NULL, NULL},
};

void bind_secret(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = SECRET_TYPE, .text = text});
    luaL_setfuncs(L, functions, 0);
}
