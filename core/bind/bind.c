/*
** bind.c -- the list of everything bound, and what the files of it share.
*/
#include "bind/bind.h"

#include "bind/budget/key.h"
#include "bind/tokens/tokens.h"
#include "run/generation.h"
#include "run/sandbox.h"

static int open_core(lua_State *L)
{
    lua_newtable(L);
    bind_fault(L);
    bind_policy(L);
    bind_secret(L);
    bind_key(L);
    bind_tokens(L);
    bind_provider(L);
    bind_model(L);
    bind_balance(L);
    bind_breaker(L);
    bind_request_type(L);
    bind_reply(L);
    bind_written(L);
    bind_json(L);
    bind_number(L);
    bind_time(L);
    bind_branch(L);
    bind_hedge(L);
    bind_trim(L);
    bind_faq(L);
    bind_sticky(L);
    bind_prices(L);
    bind_amount(L);
    bind_limit(L);
    bind_budget(L);
    bind_webhook(L);
    bind_idempotent(L);
    bind_queue(L);
    return 1;
}

static void push_request(lua_State *L, struct request *r)
{
    key_budget_attach(L, r);
    struct view *view = lua_newuserdatauv(L, sizeof *view, VIEW_KEY);
    *view = (struct view){.request = r, .serial = r->serial};
    luaL_setmetatable(L, REQUEST_TYPE);
}

const struct binding bind_lua = {open_core, bind_open_cjson, push_request};

struct request *bind_request(lua_State *L, const char *what)
{
    struct request *r = request_of(L);
    if (r == NULL)
        sandbox_raise(L, "%s can only be used inside a request", what);
    if (r->over || strand_of(L)->unwinding)
        sandbox_raise(L, "%s: the request has ended", what);
    if (!lua_isyieldable(L))
        sandbox_raise(L,
                      "%s waits, and nothing may wait here: inside gsub, "
                      "sort, a filter or an error handler",
                      what);
    return r;
}

struct strand *bind_strand(lua_State *L, struct request *r)
{
    struct strand *s = strand_of(L);
    return s != NULL && s->request == r ? s : &r->main;
}

struct view *bind_view(lua_State *L, int arg)
{
    struct view *view = luaL_testudata(L, arg, REQUEST_TYPE);
    if (view == NULL)
        sandbox_raise(L, "expected req, not a %s", luaL_typename(L, arg));
    if (view->request->serial != view->serial || view->request->over)
        sandbox_raise(L, "this req is of a request that has ended; keep no "
                         "req in a variable outside the function");
    return view;
}

str bind_keep(lua_State *L, int arg)
{
    str s;
    s.p = luaL_checklstring(L, arg, &s.n);
    s = arena_copy(&generation_of(L)->arena, s);
    if (s.p == NULL)
        luaL_error(L, "not enough memory");
    return s;
}

static int protected_index(lua_State *L)
{
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

void bind_type(lua_State *L, const struct bind_type *type)
{
    if (luaL_newmetatable(L, type->name) == 0) {
        lua_pop(L, 1);
        return;
    }
    lua_newtable(L);
    if (type->methods != NULL)
        luaL_setfuncs(L, type->methods, 0);
    lua_pushcclosure(L, type->index != NULL ? type->index : protected_index, 1);
    lua_setfield(L, -2, "__index");
    const luaL_Reg meta[] = {
        {"__call", type->call}, {"__gc", type->gc}, {"__tostring", type->text}};
    for (size_t i = 0; i < sizeof meta / sizeof meta[0]; i++) {
        if (meta[i].func == NULL)
            continue;
        lua_pushcfunction(L, meta[i].func);
        lua_setfield(L, -2, meta[i].name);
    }
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
