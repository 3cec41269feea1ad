/*
** fault.c -- faults as Lua sees them: small tables that print themselves.
*/
#include "bind/bind.h"

#define FAULT_META "perilune.fault"

/* tostring(fault) -> "timeout_first: openai/gpt-4o: no first token in time" */
static int text(lua_State *L)
{
    lua_getfield(L, 1, "kind");
    lua_getfield(L, 1, "message");
    lua_pushfstring(L, "%s: %s", lua_tostring(L, -2),
                    lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
    return 1;
}

void bind_push_fault(lua_State *L, const struct fault *fault)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, fault_name(fault->kind));
    lua_setfield(L, -2, "kind");
    lua_pushinteger(L, fault->status);
    lua_setfield(L, -2, "status");
    lua_pushlstring(L, fault->message.p != NULL ? fault->message.p : "",
                    fault->message.n);
    lua_setfield(L, -2, "message");
    luaL_setmetatable(L, FAULT_META);
}

static int to_status(lua_State *L, int arg)
{
    lua_Integer status = luaL_checkinteger(L, arg);
    luaL_argcheck(L, status >= 400 && status < 600, 2,
                  "a fault's status is 400 to 599");
    return (int)status;
}

/* fault(kind, status, message) -> a fault */
static int new_fault(lua_State *L)
{
    struct fault fault = {0};
    fault.kind = fault_of(str_of(luaL_checkstring(L, 1)));
    luaL_argcheck(L, fault.kind != FAULT_KINDS, 1, "not a kind of fault");
    fault.status = to_status(L, 2);
    fault.message.p = luaL_checklstring(L, 3, &fault.message.n);
    bind_push_fault(L, &fault);
    return 1;
}

/* set_fault(req, fault): what req.fault is here from now on */
static int set_fault(lua_State *L)
{
    struct view *view = bind_view(L, 1);
    struct request *r = view->request;
    luaL_checktype(L, 2, LUA_TTABLE);
    struct fault fault = {0};
    lua_getfield(L, 2, "kind");
    fault.kind = fault_of(str_of(luaL_checkstring(L, -1)));
    luaL_argcheck(L, fault.kind != FAULT_KINDS, 2, "not a kind of fault");
    lua_getfield(L, 2, "status");
    fault.status = to_status(L, -1);
    lua_getfield(L, 2, "message");
    str message;
    message.p = luaL_checklstring(L, -1, &message.n);
    fault.message = arena_copy(&r->arena, message);
    strand_fault(bind_strand(L, r), &fault);
    return 0;
}

static const luaL_Reg functions[] = {
    {"fault", new_fault},
    {"set_fault", set_fault},
    {NULL, NULL},
};

void bind_fault(lua_State *L)
{
    luaL_newmetatable(L, FAULT_META);
    lua_pushcfunction(L, text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "fault");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
