/*
** outcome.c -- from what a policy returned or raised to an answer.
**
** A policy that raises, or returns nonsense, has a bug: the log gets file and
** line, the client a plain 500 without any Lua text, unless the policy named
** a ladder for such days with p.rescue. The texts are made in protected mode,
** since making text may itself run out of memory.
*/
#include "run/outcome.h"

#include <lauxlib.h>

#include "run/answer.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/idempotency/once.h"
#include "run/path.h"
#include "run/sandbox.h"
#include "run/task.h"

#define LONGEST_MESSAGE 4096
#define POLICY_FAILED \
    "The gateway's policy failed. Its log says why, under this request's id."

/* --- what was wrong with it ------------------------------------------------ */

/* Push the name of the policy's variable (upvalue) that holds the value at
** `value`, or nil. */
static void push_variable(lua_State *L, int value, int policy)
{
    const char *name;
    for (int i = 1; (name = lua_getupvalue(L, policy, i)) != NULL; i++) {
        bool same = lua_rawequal(L, -1, value);
        lua_pop(L, 1);
        if (same) {
            lua_pushstring(L, name);
            return;
        }
    }
    lua_pushnil(L);
}

static bool is_rung(lua_State *L, int value)
{
    if (lua_type(L, value) != LUA_TTABLE && !lua_isuserdata(L, value))
        return false;
    bool callable = luaL_getmetafield(L, value, "__call") != LUA_TNIL;
    lua_settop(L, callable ? -2 : -1);
    return callable;
}

/* Push what to say about a value that is no reply. */
static void push_complaint(lua_State *L, int value, int policy)
{
    if (luaL_testudata(L, value, LIVE_TYPE) != NULL) {
        lua_pushliteral(L, "the policy returned a reply that is over: it is of "
                           "another request, or its branch lost a race");
    } else if (is_rung(L, value) || lua_isfunction(L, value)) {
        push_variable(L, value, policy);
        const char *name = lua_tostring(L, -1);
        const char *kind = lua_isfunction(L, value) ? "function" : "rung";
        if (name != NULL)
            lua_pushfstring(L,
                            "the policy returned the %s %s, not its reply; "
                            "write %s(req)",
                            kind, name, name);
        else
            lua_pushfstring(L,
                            "the policy returned a %s, not its reply; call "
                            "it with req",
                            kind);
    } else if (lua_type(L, value) == LUA_TSTRING) {
        lua_pushliteral(L, "the policy returned a string, not a reply; write "
                           "p.say \"hello\"");
    } else if (lua_type(L, value) == LUA_TBOOLEAN) {
        lua_pushliteral(L, "the policy returned true, not a reply; a condition "
                           "belongs before \"and\": \"not admin and daily(req) "
                           "or large(req)\"");
    } else {
        lua_pushfstring(L, "the policy returned a %s, not a reply",
                        luaL_typename(L, value));
    }
}

/* Push "P:8: " for the policy's function at `policy`: the line it ends at, or
** the one that returned what the complaint is about; "" when it is no Lua
** function of the author's. */
static void push_place(lua_State *L, int policy, bool at_end, str clue)
{
    lua_Debug ar;
    if (lua_type(L, policy) != LUA_TFUNCTION || lua_iscfunction(L, policy)) {
        lua_pushliteral(L, "");
        return;
    }
    lua_pushvalue(L, policy);
    lua_getinfo(L, ">S", &ar);
    int line = ar.lastlinedefined;
    if (!at_end)
        line = generation_return_line(generation_of(L), ar.linedefined,
                                      ar.lastlinedefined, clue);
    lua_pushfstring(L, "%s:%d: ", ar.source + 1, line);
}

/* What stands behind `return` in the source when this value was returned. */
static str clue_to(lua_State *L, int value, int policy)
{
    if (lua_type(L, value) == LUA_TBOOLEAN)
        return STR("true");
    if (lua_type(L, value) == LUA_TSTRING)
        return STR("\"");
    push_variable(L, value, policy);
    return str_of(lua_tostring(L, -1)); /* stays on the stack, so it lives */
}

/* (policy) or (policy, value) -> message */
static int complain(lua_State *L)
{
    if (lua_gettop(L) == 1) {
        push_place(L, 1, true, STR_NONE);
        lua_pushliteral(L, "the policy ended without a reply; write \"return "
                           "answers(req) or ...\"");
        lua_concat(L, 2);
        return 1;
    }
    str clue = clue_to(L, 2, 1);
    push_place(L, 1, false, clue);
    int place = lua_gettop(L);
    push_complaint(L, 2, 1);
    lua_pushvalue(L, place);
    lua_pushvalue(L, -2);
    lua_concat(L, 2);
    return 1;
}

/* --- telling --------------------------------------------------------------- */

static void fail(struct request *r, const char *reason, str message)
{
    message = arena_copy(&r->arena, message);
    r->policy_error = message.p != NULL ? message.p : "not enough memory";
    stat_add(&r->rt->stats.policy_errors, 1);
    event_policy(r->rt, r, reason, str_of(r->policy_error));
    struct fault fault = {.kind = FAULT_POLICY,
                          .status = fault_status(FAULT_POLICY),
                          .message = STR(POLICY_FAILED)};
    request_fault(r, &fault);
    request_step(r, STR("policy"), "error");
    task_end(r); /* its closing variables get none of the rescue's time */
    r->keying = false;
    if (r->gen->rescue != LUA_NOREF && !r->rescued) {
        r->rescued = true;
        task_begin(r);
        return;
    }
    struct error_shape e = {
        .message = STR(POLICY_FAILED),
        .type = STR("server_error"),
        .code = STR("policy_error"),
    };
    answer_error(r, 500, &e);
}

/* No ladder can help: it would run on the same stack. */
void outcome_no_stack(struct request *r)
{
    r->rescued = true;
    fail(r, "error", STR(GENERATION_NO_STACK));
}

void outcome_no_memory(struct request *r)
{
    fail(r, "memory", STR("not enough memory to run the policy (limit: heap)"));
}

void outcome_raised(struct request *r, lua_State *L, int status)
{
    struct buf message;
    buf_init(&message, LONGEST_MESSAGE);
    const char *reason = sandbox_message(L, status, &message);
    fail(r, reason, buf_str(&message));
    buf_fini(&message);
}

static void bad_return(struct request *r, lua_State *L, int n)
{
    lua_State *main = r->gen->L;
    struct buf message;
    str text;
    buf_init(&message, LONGEST_MESSAGE);
    lua_pushcfunction(main, complain);
    lua_rawgeti(main, LUA_REGISTRYINDEX,
                r->rescued ? r->gen->rescue : r->gen->policy);
    if (n > 0) {
        lua_settop(L, -n);
        lua_xmove(L, main, 1);
    }
    if (task_call_ours(r, main, n > 0 ? 2 : 1, &message) == NULL) {
        text.p = lua_tolstring(main, -1, &text.n);
        buf_add(&message, text);
    }
    lua_settop(main, 0);
    fail(r, "bad_return", buf_str(&message));
    buf_fini(&message);
}

/* A text, or nothing: the library sees to that. */
static void keyed(struct request *r, lua_State *L, int n)
{
    str key = STR_NONE;
    if (n > 0 && lua_type(L, -n) == LUA_TSTRING)
        key.p = lua_tolstring(L, -n, &key.n);
    once_keyed(r, key);
}

void outcome_returned(struct request *r, lua_State *L, int n)
{
    if (r->keying) {
        keyed(r, L, n);
        return;
    }
    if (n == 0 || !lua_checkstack(L, 4)) {
        bad_return(r, L, 0);
        return;
    }
    int value = lua_gettop(L) - n + 1;
    if (!lua_toboolean(L, value)) {
        answer_fault(r, &r->main.fault);
        return;
    }
    const struct written_reply *written =
        luaL_testudata(L, value, WRITTEN_TYPE);
    const struct live *live = luaL_testudata(L, value, LIVE_TYPE);
    if (written != NULL)
        answer_written(r, written);
    else if (live != NULL && live->request == r && live_stands(live))
        answer_live(r, live);
    else
        bad_return(r, L, n);
}
