/*
** request.c -- req: the client's request, read lazily.
**
** Nothing is parsed before it is asked for, and what was made into a table is
** made once per req. A req kept beyond its request is dead, not dangling.
*/
#include "bind/bind.h"

#include "base/defence.h"
#include "bind/tokens/tokens.h"
#include "run/jobs/shown.h"
#include "run/safe/safe.h"
#include "run/sandbox.h"
#include "wire/turns.h"

/* Push the table made earlier for `key`, or leave nothing and return false. */
static bool push_made(lua_State *L, const char *key)
{
    if (lua_getiuservalue(L, 1, VIEW_MADE) != LUA_TTABLE) {
        lua_pop(L, 1);
        return false;
    }
    bool made = lua_getfield(L, -1, key) != LUA_TNIL;
    lua_remove(L, -2);
    if (!made)
        lua_pop(L, 1);
    return made;
}

/* Remember the value on top as made for `key`. */
static void keep_made(lua_State *L, const char *key)
{
    if (lua_getiuservalue(L, 1, VIEW_MADE) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, VIEW_MADE);
    }
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, key);
    lua_pop(L, 1);
}

static int push_text(lua_State *L, str s)
{
    if (s.p != NULL)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

/* --- fields of the body ---------------------------------------------------- */

static int push_value(lua_State *L, struct json v, const char *name)
{
    if (push_made(L, name))
        return 1;
    if (v.kind == JSON_NONE || v.kind == JSON_NULL)
        lua_pushnil(L);
    else if (!bind_push_json(L, v))
        return sandbox_raise(L, "req.%s is too large to be read", name);
    else
        keep_made(L, name);
    return 1;
}

struct json bind_messages(const struct view *view)
{
    if (view->messages.p != NULL)
        return json_of(view->messages);
    return json_get(view->request->root, STR("messages"));
}

/* The text of the last message whose role is user; nil when there is none. It
** is decoded into memory of Lua's, so that the heap limit counts it. */
static int push_last_text(lua_State *L, const struct view *view)
{
    if (push_made(L, "text"))
        return 1;
    struct json last = turns_question(bind_messages(view));
    if (last.kind == JSON_NONE) {
        lua_pushnil(L);
        return 1;
    }
    size_t most = last.text.n + 1;
    char *room = lua_newuserdatauv(L, most, 0);
    struct buf text = {.p = room, .cap = most, .max = most};
    turns_text(last, &text);
    lua_pushlstring(L, text.p, text.n);
    lua_remove(L, -2);
    keep_made(L, "text");
    return 1;
}

/* Counted when it is asked for, and once: a long conversation takes a while. */
static int push_tokens(lua_State *L, const struct view *view)
{
    if (push_made(L, "tokens"))
        return 1;
    bind_push_tokens(L, view);
    keep_made(L, "tokens");
    return 1;
}

static int push_max_tokens(lua_State *L, const struct view *view)
{
    int64_t n = view->max_tokens;
    struct json root = view->request->root;
    if (n == 0 &&
        !json_integer(json_get(root, STR("max_completion_tokens")), &n) &&
        !json_integer(json_get(root, STR("max_tokens")), &n))
        lua_pushnil(L);
    else
        lua_pushinteger(L, n);
    return 1;
}

/* --- headers --------------------------------------------------------------- */

/* Credentials are the gateway's business. */
bool bind_is_secret(str name)
{
    static const char *const secrets[] = {
        "authorization",  "x-api-key",           "api-key",
        "x-goog-api-key", "proxy-authorization", "cookie"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (str_eq_nocase(name, str_of(secrets[i])))
            return DEFENCE(client_keys);
    return false;
}

static void push_lower(lua_State *L, str name)
{
    luaL_Buffer b;
    char *to = luaL_buffinitsize(L, &b, name.n);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    luaL_pushresultsize(&b, name.n);
}

static int push_headers(lua_State *L, const struct request *r)
{
    if (push_made(L, "headers"))
        return 1;
    lua_createtable(L, 0, r->fields_n);
    for (int i = r->fields_n - 1; i >= 0; i--) {
        if (bind_is_secret(r->fields[i].name))
            continue;
        push_lower(L, r->fields[i].name);
        push_text(L, r->fields[i].value);
        lua_rawset(L, -3);
    }
    keep_made(L, "headers");
    return 1;
}

/* --- the fields ------------------------------------------------------------ */

/* The body's members that are no field of their own. */
static int push_params(lua_State *L, struct request *r)
{
    static const char *const others[] = {"model", "messages", "tools",
                                         "stream"};
    if (push_made(L, "params"))
        return 1;
    if (!bind_push_json(L, r->root))
        return sandbox_raise(L, "req.params is too large to be read");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, others[i]);
    }
    keep_made(L, "params");
    return 1;
}

static int push_model(lua_State *L, const struct view *v)
{
    return push_text(L, v->model.p != NULL ? v->model : v->request->model);
}

/* What the client's key says; nil where none is wanted. */
static int push_key(lua_State *L, const struct request *r)
{
    if (lua_getiuservalue(L, 1, VIEW_KEY) != LUA_TNIL)
        return 1;
    bind_push_key(L, r->key);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, VIEW_KEY);
    return 1;
}

/* The job that it is, run later; nil of what a client asks now. */
static int push_job(lua_State *L, const struct request *r)
{
    if (r->job == NULL)
        lua_pushnil(L);
    if (r->job == NULL || push_made(L, "job"))
        return 1;
    lua_createtable(L, 0, 4);
    push_text(L, r->job->id);
    lua_setfield(L, -2, "id");
    push_text(L, r->job->queue);
    lua_setfield(L, -2, "queue");
    lua_pushinteger(L, r->job->tries);
    lua_setfield(L, -2, "tries");
    lua_pushnumber(L, (lua_Number)r->job->created / (lua_Number)NANOS_S);
    lua_setfield(L, -2, "created");
    keep_made(L, "job");
    return 1;
}

enum field {
    F_MODEL,
    F_USER,
    F_TEAM,
    F_FEATURE,
    F_SESSION,
    F_KEY,
    F_JOB,
    F_ID,
    F_STREAM,
    F_TEXT,
    F_MESSAGES,
    F_TOOLS,
    F_TOKENS,
    F_MAX_TOKENS,
    F_BODY,
    F_PARAMS,
    F_HEADERS,
    F_FAULT,
    F_DEADLINE,
    F_WITH,
    F_UNKNOWN
};
static const char *const names[] = {
    "model",    "user",       "team",   "feature", "session",  "key",
    "job",      "id",         "stream", "text",    "messages", "tools",
    "tokens",   "max_tokens", "body",   "params",  "headers",  "fault",
    "deadline", "with",       NULL};

static enum field field_of(str key)
{
    int i = 0;
    while (names[i] != NULL && !str_eq(key, str_of(names[i])))
        i++;
    return (enum field)i;
}

static int unknown(lua_State *L, str key)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int i = 0; names[i] != NULL; i++) {
        luaL_addstring(&b, i > 0 ? ", " : "");
        luaL_addstring(&b, names[i]);
    }
    luaL_pushresult(&b);
    return sandbox_raise(L, "there is no req.%s (there are: %s)",
                         sandbox_quote(L, key), lua_tostring(L, -1));
}

/* req.model, req.user, ... -> the field; absent is nil, unknown raises */
static int field(lua_State *L) /* long: one case per field */
{
    const struct view *view = bind_view(L, 1);
    struct request *r = view->request;
    str key;
    key.p = luaL_checklstring(L, 2, &key.n);
    switch (field_of(key)) {
    case F_MODEL:
        return push_model(L, view);
    case F_USER:
        return push_text(L, r->user);
    case F_FEATURE:
        return push_text(L, r->feature);
    case F_SESSION:
        return push_text(L, r->session);
    case F_ID:
        return push_text(L, r->id);
    case F_TEAM:
        return push_text(L, r->key != NULL ? r->key->team : STR_NONE);
    case F_KEY:
        return push_key(L, r);
    case F_JOB:
        return push_job(L, r);
    case F_STREAM:
        lua_pushboolean(L, r->asked.stream);
        return 1;
    case F_TEXT:
        return push_last_text(L, view);
    case F_MESSAGES:
        return push_value(L, bind_messages(view), "messages");
    case F_TOOLS:
        return push_value(L, json_get(r->root, STR("tools")), "tools");
    case F_TOKENS:
        return push_tokens(L, view);
    case F_MAX_TOKENS:
        return push_max_tokens(L, view);
    case F_BODY:
        return push_text(L, r->body);
    case F_PARAMS:
        return push_params(L, r);
    case F_HEADERS:
        return push_headers(L, r);
    case F_FAULT:
        bind_push_fault(L, &bind_strand(L, r)->fault);
        return 1;
    case F_DEADLINE:
        lua_pushnumber(L, (lua_Number)(r->deadline - world_now(r->rt->world)) /
                              (lua_Number)NANOS_S);
        return 1;
    case F_WITH:
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    case F_UNKNOWN:
        break;
    }
    return unknown(L, key);
}

#define LONGEST_SHOWN 40 /* bytes of a value, in a message */

/* The value that was to be written, as its author wrote it; "..." where it may be
** the client's own words, which no log may hold. */
static const char *shown(lua_State *L, const struct request *r)
{
    str s;
    if (lua_type(L, 3) != LUA_TSTRING)
        return safe_show(L, 3);
    s.p = lua_tolstring(L, 3, &s.n);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '"')
            return "...";
    if (s.n == 0 || s.n > LONGEST_SHOWN ||
        memmem(r->body.p, r->body.n, s.p, s.n) != NULL)
        return "...";
    return lua_pushfstring(L, "\"%s\"", s.p);
}

/* req.x = y raises: a request is not changed in place */
static int newindex(lua_State *L)
{
    const struct request *r = bind_view(L, 1)->request;
    str name;
    name.p = luaL_checklstring(L, 2, &name.n);
    enum field field = field_of(name);
    if (field == F_MODEL || field == F_MESSAGES || field == F_MAX_TOKENS ||
        str_eq(name, STR("system")))
        return sandbox_deny(L,
                            "a request is not changed in place; write "
                            "small(req:with { %s = %s })",
                            name.p, shown(L, r));
    if (field == F_UNKNOWN)
        return sandbox_deny(L, "a request is not changed in place; keep it in "
                               "a local, or in a table of your own");
    return sandbox_deny(L,
                        "a request is not changed in place, and its %s is not "
                        "changed at all; keep it in a local",
                        name.p);
}

/* --- with ------------------------------------------------------------------ */

/* A text that Lua keeps: the new view (at 3) holds on to it in `slot`. */
static str take_text(lua_State *L, const char *name, int slot)
{
    str s;
    if (lua_type(L, -1) != LUA_TSTRING)
        sandbox_raise(L, "req:with: %s must be a text, not a %s", name,
                      luaL_typename(L, -1));
    s.p = lua_tolstring(L, -1, &s.n);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 3, slot);
    return s;
}

/* A list of messages, as JSON that Lua keeps. */
static str take_messages(lua_State *L)
{
    if (lua_type(L, -1) != LUA_TTABLE || lua_rawlen(L, -1) == 0)
        sandbox_raise(L, "req:with: messages must be a list of messages");
    str s = bind_encode(L, lua_gettop(L));
    if (s.p[0] != '[')
        sandbox_raise(L, "req:with: messages must be a list of messages");
    lua_setiuservalue(L, 3, VIEW_MESSAGES);
    return s;
}

static int64_t take_count(lua_State *L)
{
    int whole;
    lua_Integer n = lua_tointegerx(L, -1, &whole);
    if (lua_type(L, -1) != LUA_TNUMBER || !whole || n < 1 || n > 1 << 30)
        sandbox_raise(L, "req:with: max_tokens must be a whole number of at "
                         "least 1");
    return n;
}

static void take_change(lua_State *L, struct view *view, str name)
{
    if (str_eq(name, STR("model")))
        view->model = take_text(L, "model", VIEW_MODEL);
    else if (str_eq(name, STR("system")))
        view->system = take_text(L, "system", VIEW_SYSTEM);
    else if (str_eq(name, STR("max_tokens")))
        view->max_tokens = take_count(L);
    else if (str_eq(name, STR("messages")))
        view->messages = take_messages(L);
    else
        sandbox_raise(L,
                      "req:with: unknown change '%s' (there are: "
                      "max_tokens, messages, model, system)",
                      sandbox_quote(L, name));
}

struct view *bind_push_view(lua_State *L, int arg)
{
    const struct view *from = bind_view(L, arg);
    struct view *view = lua_newuserdatauv(L, sizeof *view, VIEW_KEY);
    *view = *from;
    luaL_setmetatable(L, REQUEST_TYPE);
    for (int slot = VIEW_MODEL; slot <= VIEW_KEY; slot++) {
        lua_getiuservalue(L, arg, slot);
        lua_setiuservalue(L, -2, slot);
    }
    return view;
}

uint64_t bind_content(const struct view *view)
{
    uint64_t system = view->system.p != NULL ? str_hash(view->system) : 0;
    return (system * 31 + (uint64_t)view->max_tokens) * 31 + view->said;
}

/* req:with{ model =, system =, max_tokens =, messages = } -> a new request that
** shares path, budgets, deadline and attempts */
static int with(lua_State *L)
{
    if (!lua_istable(L, 2))
        return sandbox_raise(L, "req:with: expected a table such as "
                                "{ max_tokens = 200 }");
    lua_settop(L, 2);
    struct view *view = bind_push_view(L, 1);
    const char *before = view->messages.p;
    for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return sandbox_raise(L, "req:with: changes have names");
        take_change(L, view, str_of(lua_tostring(L, -2)));
    }
    if (view->messages.p != before)
        view->said = str_hash(view->messages);
    view->content = bind_content(view);
    lua_settop(L, 3);
    return 1;
}

static const luaL_Reg methods[] = {
    {"with", with},
    {NULL, NULL},
};

void bind_request_type(lua_State *L)
{
    bind_type(L, &(struct bind_type){
                     .name = REQUEST_TYPE, .methods = methods, .index = field});
    luaL_getmetatable(L, REQUEST_TYPE);
    lua_pushcfunction(L, newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}
