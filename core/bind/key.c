/*
** key.c -- req.key: what the client's key proves of whoever asks.
**
** A copy that lies in the userdata itself, so it outlives its request without
** pointing there, and costs a request no table. Only what is JSON becomes one,
** once it is read. The key's own text is not in it, since nobody knows it.
*/
#include "bind/bind.h"

#include "run/safe/safe.h"
#include "run/sandbox.h"

#define KEY_TYPE "perilune.key"

struct shown {
    str id, user, team, feature;
    str models, metadata; /* JSON */
    bool admin;
    char bytes[]; /* that the texts are made of */
};

enum form { TEXT, JSON, FLAG };

static const struct field {
    const char *name; /* NULL behind the last */
    size_t at;        /* in struct shown */
    enum form form;
} fields[] = {
    {"admin", offsetof(struct shown, admin), FLAG},
    {"feature", offsetof(struct shown, feature), TEXT},
    {"id", offsetof(struct shown, id), TEXT},
    {"metadata", offsetof(struct shown, metadata), JSON},
    {"models", offsetof(struct shown, models), JSON},
    {"team", offsetof(struct shown, team), TEXT},
    {"user", offsetof(struct shown, user), TEXT},
    {NULL, 0, TEXT},
};

static int unknown(lua_State *L)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (const struct field *f = fields; f->name != NULL; f++) {
        luaL_addstring(&b, f > fields ? ", " : "");
        luaL_addstring(&b, f->name);
    }
    luaL_pushresult(&b);
    return sandbox_raise(L, "there is no req.key.%s (there are: %s)",
                         safe_show(L, 2), lua_tostring(L, -1));
}

/* The same table each time. */
static int push_table(lua_State *L, const char *name, str json)
{
    if (json.p == NULL)
        return 0;
    if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, 1);
    }
    if (lua_getfield(L, -1, name) != LUA_TNIL)
        return 1;
    if (!bind_push_json(L, json_of(json)))
        return 0;
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, name);
    return 1;
}

/* req.key.id, .user, .team, ... -> what the key says; nil: it does not say */
static int field(lua_State *L)
{
    const struct shown *key = luaL_checkudata(L, 1, KEY_TYPE);
    const char *name =
        lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    const struct field *f = fields;
    while (f->name != NULL && (name == NULL || strcmp(f->name, name) != 0))
        f++;
    const char *at = (const char *)key + f->at;
    str text = f->form == FLAG ? STR_NONE : *(const str *)(const void *)at;
    if (f->name == NULL)
        return unknown(L);
    if (f->form == JSON)
        return push_table(L, name, text);
    if (f->form == FLAG)
        lua_pushboolean(L, *(const bool *)at);
    else if (text.p != NULL)
        lua_pushlstring(L, text.p, text.n);
    return f->form == FLAG || text.p != NULL;
}

/* req.key.x = y raises */
static int newindex(lua_State *L)
{
    return sandbox_deny(L,
                        "req.key.%s is what the key says, and is not "
                        "changed by a policy; keep it in a local",
                        safe_show(L, 2));
}

static str copied(str text, char **to)
{
    char *at = *to;
    if (text.p == NULL)
        return STR_NONE;
    memcpy(at, text.p, text.n);
    *to += text.n;
    return (str){at, text.n};
}

void bind_push_key(lua_State *L, const struct client_key *key)
{
    if (key == NULL) {
        lua_pushnil(L);
        return;
    }
    struct shown *shown = lua_newuserdatauv(
        L,
        sizeof *shown + key->id.n + key->user.n + key->team.n + key->feature.n +
            key->models.n + key->metadata.n,
        1);
    char *to = shown->bytes;
    shown->id = copied(key->id, &to);
    shown->user = copied(key->user, &to);
    shown->team = copied(key->team, &to);
    shown->feature = copied(key->feature, &to);
    shown->models = copied(key->models, &to);
    shown->metadata = copied(key->metadata, &to);
    shown->admin = key->admin;
    luaL_setmetatable(L, KEY_TYPE);
}

void bind_key(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = KEY_TYPE, .index = field});
    luaL_getmetatable(L, KEY_TYPE);
    lua_pushcfunction(L, newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}
