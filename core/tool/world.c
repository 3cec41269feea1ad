/*
** world.c -- a stage for Lua: tool.world, and what is done with it.
**
** This is the small door; the words that authors of tests use are made of it
** in lua/testing.
*/
#include "tool/inner.h"

#include "net/virtual/virtual.h"
#include "tool/stage.h"

#define WORLD_TYPE  "perilune.world"
#define MOST_ACTS   64
#define MOST_FIELDS 64

struct box {
    struct stage *stage; /* NULL: closed */
};

static struct stage *to_stage(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, WORLD_TYPE);
    if (box->stage == NULL)
        luaL_error(L, "this world has come to its end");
    return box->stage;
}

static struct guest *to_guest(lua_State *L, int arg)
{
    lua_Integer number = luaL_checkinteger(L, arg);
    struct guest *g = stage_nth(to_stage(L), (size_t)number);
    luaL_argcheck(L, number >= 0 && g != NULL, arg, "there is no such guest");
    return g;
}

static nanos instant(lua_Number seconds)
{
    nanos n = nanos_of(seconds);
    return n < NANOS_NEVER - VIRTUAL_START ? VIRTUAL_START + n : NANOS_NEVER;
}

/* --- opening, closing ------------------------------------------------------ */

/* The list of keys at `field`, in memory of Lua's that is pushed; NULL: all. */
static const char *const *read_keys(lua_State *L, int options)
{
    if (lua_getfield(L, options, "keys") != LUA_TTABLE)
        return NULL;
    lua_Integer n = luaL_len(L, -1);
    const char **keys = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *keys, 1);
    for (lua_Integer i = 0; i < n; i++) {
        lua_geti(L, -2, i + 1);
        keys[i] = luaL_checkstring(L, -1);
        lua_pop(L, 1);
    }
    keys[n] = NULL;
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, 1); /* the texts live in the table */
    return keys;
}

static lua_Number option(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    lua_Number n = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    return n;
}

/* world{ seed =, calendar =, deadline =, keys = {...} } -> a world; times in
** seconds, the calendar since 1970 */
int tool_world(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    const struct tool *tool = tool_of(L);
    struct box *box = lua_newuserdatauv(L, sizeof *box, 1);
    box->stage = NULL;
    luaL_setmetatable(L, WORLD_TYPE);
    struct stage_setup setup = {.bind = tool->bind, .library = tool->library};
    lua_getfield(L, 1, "seed");
    setup.seed = (uint64_t)luaL_checkinteger(L, -1);
    setup.calendar = nanos_of(option(L, "calendar"));
    setup.deadline = nanos_of(option(L, "deadline"));
    setup.keys = read_keys(L, 1);
    lua_setiuservalue(L, 2, 1);
    if (stage_open(&box->stage, &setup) != 0)
        return luaL_error(L, "not enough memory for a world");
    lua_settop(L, 2);
    return 1;
}

/* world:close(): the end of everything in it */
static int close(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, WORLD_TYPE);
    stage_close(box->stage);
    box->stage = NULL;
    return 0;
}

/* --- the policy and its upstreams ------------------------------------------ */

static str field(lua_State *L, int t, const char *name)
{
    str text = STR_NONE;
    if (lua_getfield(L, t, name) == LUA_TSTRING)
        text.p = lua_tolstring(L, -1, &text.n);
    lua_pop(L, 1); /* it stays in the table */
    return text;
}

/* world:load{ name =, text =, builtin = } -> true, or nil and what is wrong;
** without a text the file of that name is read */
static int load(lua_State *L)
{
    struct stage *s = to_stage(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "builtin");
    struct policy_source source = {.name = field(L, 2, "name"),
                                   .text = field(L, 2, "text"),
                                   .builtin = lua_toboolean(L, -1)};
    if (stage_load(s, &source) == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    tool_push(L, stage_error(s));
    return 2;
}

/* world:play(name, acts): from now on the upstream does this; `from` and
** `lasts` of an act count from now */
static int play(lua_State *L)
{
    struct stage *s = to_stage(L);
    struct world *world = stage_world(s);
    struct upstreams *u = virtual_upstreams(world);
    struct upstream_act acts[MOST_ACTS];
    str name;
    name.p = luaL_checklstring(L, 2, &name.n);
    lua_Integer n = luaL_len(L, 3);
    luaL_argcheck(L, n <= MOST_ACTS, 3, "too many acts");
    for (lua_Integer i = 0; i < n; i++) {
        lua_geti(L, 3, i + 1);
        acts[i] = tool_act(L, lua_gettop(L), upstreams_arena(u));
        acts[i].from += world_now(world);
        if (acts[i].until != 0)
            acts[i].until += acts[i].from;
        lua_pop(L, 1);
    }
    if (upstreams_play(u, name, acts, (int)n) != 0)
        return luaL_error(L, "not enough memory");
    return 0;
}

/* world:hit_limits() -> how many limits the policy has; all say no from now on */
static int hit_limits(lua_State *L)
{
    lua_pushinteger(L, stage_hit_limits(to_stage(L)));
    return 1;
}

static void push_counts(void *user, str name, const struct upstream_counts *c)
{
    lua_State *L = user;
    lua_createtable(L, 0, 6);
    tool_push(L, name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, c->arrivals);
    lua_setfield(L, -2, "arrivals");
    lua_pushinteger(L, c->refused);
    lua_setfield(L, -2, "refused");
    lua_pushinteger(L, c->limited);
    lua_setfield(L, -2, "limited");
    lua_pushnumber(L, (lua_Number)c->nano / 1e9);
    lua_setfield(L, -2, "billed");
    lua_pushinteger(L, c->unpriced + c->arrivals - c->failed - c->told);
    lua_setfield(L, -2, "unbilled");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* world:upstreams() -> { { name =, arrivals =, refused =, limited =,
** billed = dollars for what it told to have been used, unbilled = replies of
** which it told nothing, or that have no price }, ... } */
static int upstreams(lua_State *L)
{
    struct stage *s = to_stage(L);
    lua_newtable(L);
    upstreams_each(virtual_upstreams(stage_world(s)), push_counts, L);
    return 1;
}

/* world:last(name) -> body and head of the last request sent to an upstream, as
** texts; nil if there was none */
static int last(lua_State *L)
{
    str name, body, fields;
    struct stage *s = to_stage(L);
    name.p = luaL_checklstring(L, 2, &name.n);
    if (!upstreams_last(virtual_upstreams(stage_world(s)), name, &body,
                        &fields))
        return 0;
    tool_push(L, body);
    tool_push(L, fields);
    return 2;
}

/* --- guests ---------------------------------------------------------------- */

static int read_fields(lua_State *L, int t, struct http_field *fields)
{
    int n = 0;
    if (lua_getfield(L, t, "headers") == LUA_TTABLE)
        for (; n < MOST_FIELDS && lua_geti(L, -1, n + 1) == LUA_TTABLE; n++) {
            lua_geti(L, -1, 1);
            lua_geti(L, -2, 2);
            fields[n].name.p = luaL_checklstring(L, -2, &fields[n].name.n);
            fields[n].value.p = luaL_checklstring(L, -1, &fields[n].value.n);
            lua_pop(L, 3); /* they stay in the table */
        }
    return n;
}

/* world:guest{ method =, path =, headers = { {name, value}, ... }, body =,
** at = } -> the number of a guest: a client that comes then */
static int guest(lua_State *L)
{
    struct stage *s = to_stage(L);
    struct http_field fields[MOST_FIELDS];
    luaL_checktype(L, 2, LUA_TTABLE);
    struct arrival what = {.method = field(L, 2, "method"),
                           .path = field(L, 2, "path"),
                           .body = field(L, 2, "body"),
                           .fields = fields};
    what.fields_n = read_fields(L, 2, fields);
    lua_getfield(L, 2, "at");
    nanos at = instant(luaL_checknumber(L, -1));
    struct guest *g = stage_guest(s, &what, at);
    if (g == NULL)
        return luaL_error(L, "not enough memory");
    lua_pushinteger(L, (lua_Integer)g->number);
    return 1;
}

/* world:leave(guest): the client hangs up */
static int leave(lua_State *L)
{
    guest_leave(to_guest(L, 2));
    return 0;
}

/* world:is_done(guest) -> has it ended? */
static int is_done(lua_State *L)
{
    lua_pushboolean(L, to_guest(L, 2)->done);
    return 1;
}

/* world:outcome(guest) -> a table with what came of it so far; one that has
** ended is forgotten with that */
static int outcome(lua_State *L)
{
    struct guest *g = to_guest(L, 2);
    tool_push_outcome(L, g);
    stage_forget(g);
    return 1;
}

/* --- time ------------------------------------------------------------------ */

/* world:run(guest | nil, until | nil) -> "done", "time", "idle" or "stuck": let
** happen what happens, see stage_play */
static int run(lua_State *L)
{
    static const char *const words[] = {"done", "time", "idle", "stuck"};
    struct stage *s = to_stage(L);
    struct guest *g = lua_isnoneornil(L, 2) ? NULL : to_guest(L, 2);
    nanos until = NANOS_NEVER;
    if (!lua_isnoneornil(L, 3))
        until = instant(luaL_checknumber(L, 3));
    lua_pushstring(L, words[stage_play(s, g, until)]);
    return 1;
}

/* world:now() -> seconds since its beginning */
static int now(lua_State *L)
{
    nanos t = world_now(stage_world(to_stage(L))) - VIRTUAL_START;
    lua_pushnumber(L, (lua_Number)t / 1e9);
    return 1;
}

/* world:log(from = 0) -> the log behind its first `from` bytes */
static int log_text(lua_State *L)
{
    str log = stage_log(to_stage(L));
    lua_Integer from = luaL_optinteger(L, 2, 0);
    luaL_argcheck(L, from >= 0 && (size_t)from <= log.n, 2, "past the end");
    tool_push(L, str_from(log, (size_t)from));
    return 1;
}

static const luaL_Reg methods[] = {
    {"load", load},       {"hit_limits", hit_limits},
    {"play", play},       {"upstreams", upstreams},
    {"last", last},       {"guest", guest},
    {"leave", leave},     {"is_done", is_done},
    {"outcome", outcome}, {"run", run},
    {"now", now},         {"log", log_text},
    {"close", close},     {NULL, NULL},
};

void tool_worlds(lua_State *L)
{
    luaL_newmetatable(L, WORLD_TYPE);
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
