/*
** branch.c -- what p.race and p.hedge are made of: fork, join, keep, prune.
**
** Who is asked when, and whose reply counts, is decided in Lua. A branch that
** raises raises in whoever joins it: its error is the request's.
*/
#include "bind/bind.h"

#include "run/generation.h"
#include "run/sandbox.h"
#include "run/strand/branch.h"
#include "run/task.h"

#define TOO_MANY \
    "a request may have %d branches at a time (p.race, p.hedge), and no more"

/* fork(rung, req, extra = false) -> number: ask a rung beside what runs here;
** `extra`: on top of it, within the retry budget of whom it asks */
static int fork_rung(lua_State *L)
{
    struct request *r = bind_request(L, "a branch");
    luaL_checkany(L, 1);
    bind_view(L, 2);
    bool extra = lua_toboolean(L, 3);
    if (!branch_room(r))
        return sandbox_raise(L, TOO_MANY, BRANCHES_MOST);
    struct strand *branch = branch_fork(strand_of(L));
    if (branch == NULL)
        return luaL_error(L, "not enough memory for a branch");
    lua_settop(L, 2);
    lua_xmove(L, branch->co, 2);
    branch->arguments = 1;
    branch->extra = branch->extra || extra;
    task_wake(branch);
    lua_pushinteger(L, branch->number);
    return 1;
}

/* Its number, its reply (nil: it declined) and whether it was spared; or what
** it raised. */
static int take_result(lua_State *L, struct strand *branch)
{
    bool raised = branch->status != LUA_OK;
    if (!lua_checkstack(branch->co, 1))
        return luaL_error(L, "not enough memory for the end of a branch");
    lua_pushinteger(L, branch->number);
    lua_pushvalue(branch->co, -1);
    lua_xmove(branch->co, L, 1);
    branch_join(branch);
    if (raised)
        return lua_error(L);
    lua_pushboolean(L, branch->spared && !lua_toboolean(L, -1));
    return 3;
}

/* Runs in join's place once a branch has ended, or the time has. */
static int joined(lua_State *L, int status, lua_KContext timed)
{
    struct strand *s = strand_of(L);
    struct strand *branch = branch_ended(s);
    (void)status;
    if (branch == NULL && branch_runs(s) &&
        (!timed || timer_running(&s->timer)))
        return lua_yieldk(L, 0, timed, joined);
    timer_stop(s->request->rt->world, &s->timer);
    return branch != NULL ? take_result(L, branch) : 0;
}

/* join(seconds = for ever) -> the number of a branch that has ended, its reply,
** or nil if it declined, and whether it did because the retry budget did not
** let it ask; nothing when the time is over or no branch runs. Waits. */
static int join(lua_State *L)
{
    struct request *r = bind_request(L, "a branch");
    bool timed = !lua_isnoneornil(L, 1);
    lua_Number seconds = luaL_optnumber(L, 1, 0);
    if (timed)
        task_sleep(strand_of(L), world_now(r->rt->world) + nanos_of(seconds));
    return joined(L, LUA_YIELD, timed);
}

/* keep(number): what this branch did, now that it has ended, was done here */
static int keep(lua_State *L)
{
    bind_request(L, "a branch");
    branch_keep(strand_of(L), (int)luaL_checkinteger(L, 1));
    return 0;
}

/* prune(): cancel every branch that is left */
static int prune(lua_State *L)
{
    struct strand *s = strand_of(L);
    if (s != NULL)
        branch_prune(s);
    return 0;
}

static const luaL_Reg functions[] = {
    {"fork", fork_rung}, {"join", join}, {"keep", keep},
    {"prune", prune},    {NULL, NULL},
};

void bind_branch(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
