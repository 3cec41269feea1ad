/*
** time.c -- p.sleep, p.now and p.log: what a policy may ask of the world.
*/
#include "bind/bind.h"

#include "run/events.h"
#include "run/generation.h"
#include "run/sandbox.h"
#include "run/task.h"

#define MOST_LINES 100 /* that one request may log */

/* now() -> seconds since 1970, with fractions */
static int now(lua_State *L)
{
    nanos t = world_calendar(generation_of(L)->rt->world);
    lua_pushnumber(L, (lua_Number)t / (lua_Number)NANOS_S);
    return 1;
}

static int slept(lua_State *L, int status, lua_KContext context)
{
    struct request *r = request_of(L);
    const nanos *until = (const nanos *)context;
    (void)status;
    if (world_now(r->rt->world) < *until)
        return lua_yieldk(L, 0, context, slept);
    return 0;
}

/* sleep(seconds): wait, at most to the request's deadline */
static int sleep_for(lua_State *L)
{
    struct request *r = bind_request(L, "p.sleep");
    lua_Number seconds = luaL_checknumber(L, 1);
    nanos *until = arena_zero(&r->arena, sizeof *until);
    if (until == NULL)
        return luaL_error(L, "not enough memory");
    *until = world_now(r->rt->world) + nanos_of(seconds);
    if (*until > r->deadline)
        *until = r->deadline;
    task_sleep(strand_of(L), *until);
    return lua_yieldk(L, 0, (lua_KContext)until, slept);
}

/* A request that floods the log is cut off there; the last line says so. */
static bool may_log(struct request *r, str *text)
{
    if (r == NULL || r->logged < MOST_LINES) {
        if (r != NULL)
            r->logged++;
        return true;
    }
    *text = STR("p.log: no more lines of this request are logged");
    return r->logged++ == MOST_LINES;
}

/* log(text, fields = {}): a line for the log */
static int log_text(lua_State *L)
{
    struct generation *g = generation_of(L);
    struct request *r = request_of(L);
    str text;
    text.p = luaL_checklstring(L, 1, &text.n);
    lua_settop(L, 2);
    if (!may_log(r, &text))
        return 0;
    str fields = lua_istable(L, 2) ? bind_encode(L, 2) : STR_NONE;
    struct buf line;
    event_begin(&line, g->rt->world);
    event_text(&line, "event", STR("policy_log"));
    if (r != NULL)
        event_text(&line, "request_id", r->id);
    event_text(&line, "message", text);
    if (fields.p != NULL) {
        json_put_name(&line, STR("fields"));
        buf_add(&line, fields);
    }
    event_send(&line, g->rt->world);
    return 0;
}

static const luaL_Reg functions[] = {
    {"now", now},
    {"sleep", sleep_for},
    {"log", log_text},
    {NULL, NULL},
};

void bind_time(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
