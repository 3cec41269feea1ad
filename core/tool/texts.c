/*
** texts.c -- JSON for subcommands: a text as a string of it, and any of it as
** Lua values.
*/
#include "tool/inner.h"

#include "wire/json.h"

#define MOST_TEXT ((size_t)256 << 20)

static int push(lua_State *L, struct buf *b)
{
    if (buf_ok(b))
        lua_pushlstring(L, buf_str(b).p, b->n);
    bool ok = buf_ok(b);
    buf_fini(b);
    return ok ? 1 : luaL_error(L, "not enough memory");
}

/* quote(text) -> the same as a string of JSON, with its quotes */
int tool_quote(lua_State *L)
{
    str text;
    struct buf b;
    text.p = luaL_checklstring(L, 1, &text.n);
    buf_init(&b, MOST_TEXT);
    json_put_string(&b, text);
    return push(L, &b);
}

static void push_value(lua_State *L, struct json v);

static void push_array(lua_State *L, struct json v)
{
    struct json_walk each = json_walk(v);
    lua_newtable(L);
    for (lua_Integer n = 1; json_next(&each); n++) {
        push_value(L, each.value);
        lua_rawseti(L, -2, n);
    }
}

static void push_text(lua_State *L, struct json v)
{
    struct buf b;
    buf_init(&b, v.text.n + 1);
    str text = json_text(v, &b);
    lua_pushlstring(L, text.p != NULL ? text.p : "", text.n);
    buf_fini(&b);
}

static void push_object(lua_State *L, struct json v)
{
    struct json_walk each = json_walk(v);
    lua_newtable(L);
    while (json_next(&each)) {
        push_text(L, (struct json){.kind = JSON_STRING, .text = each.name});
        push_value(L, each.value);
        lua_rawset(L, -3);
    }
}

static void push_value(lua_State *L, struct json v)
{
    luaL_checkstack(L, 4, "JSON is too deep");
    switch (v.kind) {
    case JSON_OBJECT:
        push_object(L, v);
        break;
    case JSON_ARRAY:
        push_array(L, v);
        break;
    case JSON_STRING:
        push_text(L, v);
        break;
    case JSON_NUMBER:
        if (lua_stringtonumber(L, lua_pushlstring(L, v.text.p, v.text.n)) == 0)
            lua_pushnumber(L, json_double(v));
        lua_remove(L, -2);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, v.kind == JSON_TRUE);
        break;
    default:
        lua_pushnil(L);
    }
}

/* decode(json) -> the value, null being nil; or nil and what is wrong */
int tool_decode(lua_State *L)
{
    struct json_error error;
    str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    if (json_check(text, &error)) {
        push_value(L, json_of(text));
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "%s at byte %d", error.what, (int)error.at + 1);
    return 2;
}
