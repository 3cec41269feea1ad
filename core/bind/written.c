/*
** written.c -- replies that no model wrote, and the marks of filters.
*/
#include "bind/bind.h"

#include <stdio.h>

#include "run/filter.h"
#include "run/generation.h"

/* A userdata that holds a text; says and cuts have the same shape. */
static struct written_reply *push_text(lua_State *L, str text, const char *type)
{
    struct written_reply *w = lua_newuserdatauv(L, sizeof *w + text.n + 1, 0);
    *w = (struct written_reply){.status = 200, .len = text.n};
    if (text.n > 0)
        memcpy(w->text, text.p, text.n);
    w->text[text.n] = '\0';
    luaL_setmetatable(L, type);
    return w;
}

struct written_reply *bind_push_written(lua_State *L, enum written_kind kind,
                                        str text)
{
    struct written_reply *w = push_text(L, text, WRITTEN_TYPE);
    w->kind = kind;
    return w;
}

/* written{ kind = "say"|"sorry"|"refuse", text =, status =, code = } -> a
** reply that, called with req, returns itself */
static int new_written(lua_State *L)
{
    static const char *const kinds[] = {"say", "sorry", "refuse", NULL};
    str text;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "kind");
    int kind = luaL_checkoption(L, -1, NULL, kinds);
    lua_getfield(L, 1, "text");
    text.p = luaL_checklstring(L, -1, &text.n);
    struct written_reply *w =
        bind_push_written(L, (enum written_kind)kind, text);
    if (kind == WRITTEN_REFUSE) {
        lua_getfield(L, 1, "status");
        w->status = (int)luaL_checkinteger(L, -1);
        luaL_argcheck(L, w->status >= 400 && w->status < 600, 1,
                      "a refusal's status is 400 to 599");
        lua_getfield(L, 1, "code");
        snprintf(w->code, sizeof w->code, "%s", luaL_optstring(L, -1, ""));
        lua_pop(L, 2);
    }
    return 1;
}

static int itself(lua_State *L)
{
    lua_settop(L, 1);
    return 1;
}

/* reply:text() -> the text */
static int text(lua_State *L)
{
    const struct written_reply *w = luaL_checkudata(L, 1, WRITTEN_TYPE);
    lua_pushlstring(L, w->text, w->len);
    return 1;
}

/* reply:json() -> the text, decoded; or nil and a message */
static int json(lua_State *L)
{
    const struct written_reply *w = luaL_checkudata(L, 1, WRITTEN_TYPE);
    str body = {w->text, w->len};
    struct json_error error;
    if (json_check(body, &error) && bind_push_json(L, json_of(body)))
        return 1;
    lua_pushnil(L);
    lua_pushliteral(L, "the text is not JSON");
    return 2;
}

static int next_piece(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushnil(L);
    lua_replace(L, lua_upvalueindex(1));
    return 1;
}

/* reply:each() -> an iterator over its one piece */
static int each(lua_State *L)
{
    text(L);
    lua_pushcclosure(L, next_piece, 1);
    return 1;
}

/* reply.status, .refused, .sorry, .queued, .stream, ... */
static int field(lua_State *L)
{
    const struct written_reply *w = luaL_checkudata(L, 1, WRITTEN_TYPE);
    str key;
    key.p = luaL_checklstring(L, 2, &key.n);
    if (str_eq(key, STR("status")))
        lua_pushinteger(L, w->status);
    else if (str_eq(key, STR("refused")))
        lua_pushboolean(L, w->kind == WRITTEN_REFUSE);
    else if (str_eq(key, STR("sorry")))
        lua_pushboolean(L, w->kind == WRITTEN_SORRY);
    else if (str_eq(key, STR("faq")))
        lua_pushboolean(L, w->kind == WRITTEN_FAQ);
    else if (str_eq(key, STR("queued")))
        lua_pushboolean(L, w->kind == WRITTEN_QUEUED);
    else if (str_eq(key, STR("cost")))
        lua_pushnumber(L, 0); /* nobody was asked */
    else if (str_eq(key, STR("stream")) || str_eq(key, STR("cut")))
        lua_pushboolean(L, 0);
    else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

/* cut(text) -> what a filter's function returns to end a reply */
static int cut(lua_State *L)
{
    str s;
    s.p = luaL_checklstring(L, 1, &s.n);
    push_text(L, s, CUT_TYPE);
    return 1;
}

static const luaL_Reg methods[] = {
    {"text", text},
    {"json", json},
    {"each", each},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"written", new_written},
    {"cut", cut},
    {NULL, NULL},
};

void bind_written(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = WRITTEN_TYPE,
                                     .methods = methods,
                                     .index = field,
                                     .call = itself});
    bind_type(L, &(struct bind_type){.name = CUT_TYPE});
    luaL_setfuncs(L, functions, 0);
}
