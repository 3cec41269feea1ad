/*
** limit.c -- p.limit: a gate that says no to whoever asks too often.
**
** A request that asks for the first time takes, or is refused; what came of it
** is its *pass*, which lies in its arena and is an ending: when the request ends,
** however it does, the tokens taken by estimate become those that were used. A
** request that asks again finds its pass and hears the same.
**
** Whoever may wait is told at once when it is his turn, and sleeps until then:
** the queue is nothing but instants.
*/
#include "bind/rungs/limit.h"

#include "base/defence.h"
#include "bind/tokens/tokens.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/limit/no.h"
#include "run/limit/used.h"
#include "run/path.h"
#include "run/realm/limits.h"
#include "run/sandbox.h"
#include "run/task.h"

#define LIMIT_TYPE "perilune.limit"

struct limit {
    struct limiter *limiter; /* lives in the realm */
    str name;
    nanos wait;
    int sets_n;
    struct limit_rules *sets; /* the usual amounts, then the exceptions */
};

static const struct limit_rules unlimited = {.n = 0};

struct pass {
    struct ending ending; /* first */
    const struct limit *limit;
    const struct limit_rules *rules;
    struct limit_verdict verdict;
    struct limit_ticket ticket;
    int64_t tokens; /* the estimate */
    /* In line: */
    struct runtime *rt;
    struct limit_wait wait;
    struct strand *sleeper;     /* who waits, or did; NULL: nobody yet */
    struct pass *next, **place; /* in runtime.passes; NULL: not in line */
};

/* --- declaring ------------------------------------------------------------- */

static lua_Integer whole(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    lua_Integer n = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return n;
}

/* The part on top of the stack. */
static struct limit_part read_part(lua_State *L)
{
    static const char *const units[] = {"requests", "tokens", "concurrent",
                                        NULL};
    struct limit_part part = {.unit = COUNT_REQUESTS};
    lua_getfield(L, -1, "unit");
    part.unit = (enum limit_unit)luaL_checkoption(L, -1, NULL, units);
    lua_pop(L, 1);
    part.rate.n = whole(L, "n");
    part.rate.per = whole(L, "per") * NANOS_S;
    part.rate.burst = whole(L, "burst");
    return part;
}

struct limit_rules bind_read_amounts(lua_State *L)
{
    struct limit_rules rules = {.n = (int)luaL_len(L, -1)};
    if (rules.n < 1 || rules.n > LIMIT_PARTS)
        luaL_error(L, "a limit has 1 to %d parts", LIMIT_PARTS);
    for (int i = 0; i < rules.n; i++) {
        lua_rawgeti(L, -1, i + 1);
        rules.parts[i] = read_part(L);
        lua_pop(L, 1);
    }
    return rules;
}

/* The sets of the table on top of the stack, in the generation's arena. */
static void read_sets(lua_State *L, struct limit *l, struct arena *arena)
{
    l->sets_n = (int)luaL_len(L, -1);
    l->sets = arena_zero(arena, (size_t)l->sets_n * sizeof *l->sets);
    if (l->sets == NULL)
        luaL_error(L, "not enough memory for a limit");
    for (int i = 0; i < l->sets_n; i++) {
        lua_rawgeti(L, -1, i + 1);
        l->sets[i] = bind_read_amounts(L);
        lua_pop(L, 1);
    }
}

static void tell_emptied(struct runtime *rt, str name)
{
    struct buf line;
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("limit_emptied"));
    event_text(&line, "limit", name);
    event_text(&line, "message",
               STR("it counts something else than before, so it starts empty"));
    event_send(&line, rt->world);
}

struct limiter *bind_share_limit(lua_State *L, str name, str shape)
{
    struct runtime *rt = generation_of(L)->rt;
    uint64_t dice[2];
    bool emptied = false;
    world_random(rt->world, dice, sizeof dice);
    struct limiter *l = limits_share(rt->realm, name, shape, dice, &emptied);
    if (l == NULL)
        sandbox_raise(L, "limit: there are too many, or no memory for one");
    if (emptied)
        tell_emptied(rt, name);
    return l;
}

/* limit(name, shape, wait, sets) -> a limit. A set is a list of { unit =, n =,
** per = seconds, burst = }; the first one is for everybody else */
static int new_limit(lua_State *L)
{
    str name = bind_keep(L, 1), shape = bind_keep(L, 2);
    nanos wait = nanos_of(luaL_checknumber(L, 3));
    luaL_checktype(L, 4, LUA_TTABLE);
    lua_settop(L, 4);
    struct limit *l = arena_zero(&generation_of(L)->arena, sizeof *l);
    if (l == NULL)
        return luaL_error(L, "not enough memory for a limit");
    *l = (struct limit){.name = name, .wait = wait};
    read_sets(L, l, &generation_of(L)->arena);
    l->limiter = bind_share_limit(L, name, shape);
    const struct limit **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = l;
    luaL_setmetatable(L, LIMIT_TYPE);
    return 1;
}

/* --- how much it may need -------------------------------------------------- */

static bool counts_tokens(const struct limit_rules *rules)
{
    bool any = false;
    for (int i = 0; i < rules->n; i++)
        any = any || rules->parts[i].unit == COUNT_TOKENS;
    return any;
}

static int64_t estimate(lua_State *L, const struct view *view)
{
    struct usage u = bind_expect(L, view);
    return u.prompt + u.completion;
}

/* --- in line --------------------------------------------------------------- */

/* Somebody moved up: let those look whose instant changed. Strands that wait for
** something else now look in vain. */
static void tell_moved(struct nudge *nudge)
{
    struct runtime *rt =
        (struct runtime *)(void *)((char *)nudge -
                                   offsetof(struct runtime, passes_moved));
    for (struct pass *p = rt->passes; p != NULL; p = p->next)
        if (p->sleeper != NULL &&
            limiter_turn(p->limit->limiter, &p->wait) != p->verdict.at)
            task_wake(p->sleeper);
}

static void moved(struct limit_wait *w) /* [any thread] */
{
    struct pass *p =
        (struct pass *)(void *)((char *)w - offsetof(struct pass, wait));
    world_nudge(p->rt->world, &p->rt->passes_moved);
}

static void line_up(struct pass *p, struct runtime *rt)
{
    p->next = rt->passes;
    p->place = &rt->passes;
    if (p->next != NULL)
        p->next->place = &p->next;
    rt->passes = p;
}

/* Out of the line; verdict.at is what it came to. */
static void step_out(struct pass *p)
{
    if (p->place == NULL)
        return;
    limiter_leave(p->limit->limiter, &p->wait);
    p->verdict.at = p->wait.at;
    *p->place = p->next;
    if (p->next != NULL)
        p->next->place = p->place;
    p->place = NULL;
}

/* --- the end --------------------------------------------------------------- */

static void settle(struct ending *ending, struct request *r)
{
    struct pass *p = (struct pass *)(void *)ending;
    nanos now = world_now(r->rt->world);
    int64_t tokens;
    step_out(p);
    if (p->verdict.word != LIMIT_PASSES || p->rules->n == 0)
        return;
    if (p->verdict.at > now) { /* it left while it waited */
        limiter_undo(p->limit->limiter, p->rules, &p->ticket, now);
        return;
    }
    if (!limit_used(r, &tokens) && tokens < p->tokens)
        tokens = p->tokens;
    limiter_settle(p->limit->limiter, p->rules, &p->ticket, tokens, now);
}

/* --- the verdict ----------------------------------------------------------- */

/* What came of it when this request asked before, or NULL. */
static struct pass *pass_of(const struct request *r, const struct limit *l)
{
    for (struct ending *e = r->endings; e != NULL; e = e->next) {
        struct pass *p = (struct pass *)(void *)e;
        if (e->run == settle && p->limit->limiter == l->limiter &&
            DEFENCE(limit_once))
            return p;
    }
    return NULL;
}

static void note(struct request *r, const struct pass *p)
{
    for (int i = 0; i < p->rules->n; i++) {
        const struct limit_state *s = &p->verdict.parts[i];
        enum limit_unit unit = p->rules->parts[i].unit;
        struct quota q = {s->limit, s->left, s->reset};
        if (unit != COUNT_PLACES)
            quota_note(r->quotas,
                       unit == COUNT_TOKENS ? QUOTA_TOKENS : QUOTA_REQUESTS,
                       &q);
    }
}

static const char *word_for(const struct pass *p, nanos now)
{
    if (p->verdict.word == LIMIT_TOO_LARGE)
        return "too_large";
    if (p->verdict.word == LIMIT_REFUSES)
        return "limited";
    return p->verdict.at > now ? "waited" : "ok";
}

/* Ask, for the first time; what comes of it is the request's from now on. */
static struct pass *judge(lua_State *L, const struct limit *l,
                          const struct limit_rules *rules)
{
    const struct view *view = bind_view(L, 2);
    struct request *r = view->request;
    struct pass *p = arena_zero(&r->arena, sizeof *p);
    if (p == NULL)
        luaL_error(L, "not enough memory for a limit");
    struct limit_ask ask = {.now = world_now(r->rt->world)};
    ask.who.p = luaL_checklstring(L, 3, &ask.who.n);
    p->ending.run = settle;
    p->limit = l;
    p->rules = rules;
    p->verdict = (struct limit_verdict){.word = LIMIT_PASSES, .at = ask.now};
    p->rt = r->rt;
    p->wait.moved = moved;
    r->rt->passes_moved.run = tell_moved;
    ask.wait = &p->wait;
    p->tokens = ask.tokens = counts_tokens(rules) ? estimate(L, view) : 0;
    ask.until = l->wait > 0 ? ask.now + l->wait : ask.now;
    if (ask.until > r->deadline)
        ask.until = r->deadline > ask.now ? r->deadline : ask.now;
    if (rules->n > 0)
        p->verdict = limiter_take(l->limiter, rules, &ask, &p->ticket);
    if (p->verdict.word == LIMIT_NO_MEMORY)
        luaL_error(L, "not enough memory for a limit");
    request_on_end(r, &p->ending);
    if (p->verdict.in_line)
        line_up(p, r->rt);
    note(r, p);
    request_step(r, l->name, word_for(p, ask.now));
    return p;
}

/* --- saying no ------------------------------------------------------------- */

static int refuse(lua_State *L, const struct request *r, const struct pass *p)
{
    char room[LIMIT_NO_TEXT];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    struct limit_no no = {p->limit->name, p->rules, &p->verdict,
                          world_now(r->rt->world)};
    limit_no_text(&no, &text);
    limit_no_status(&no, bind_push_written(L, WRITTEN_REFUSE, buf_str(&text)));
    return 1;
}

/* --- asking ---------------------------------------------------------------- */

static int passed(lua_State *L, int status, lua_KContext context)
{
    struct pass *p = (struct pass *)context;
    (void)status;
    if (p->place != NULL)
        p->verdict.at = limiter_turn(p->limit->limiter, &p->wait);
    if (world_now(p->rt->world) < p->verdict.at) {
        task_sleep(strand_of(L), p->verdict.at);
        return lua_yieldk(L, 0, context, passed);
    }
    step_out(p);
    return 0;
}

/* limit_ask(limit, req, who, set) -> nil: go on; or a refusal. Set 0: without
** limits. Waits, if the limit lets one wait */
static int ask(lua_State *L)
{
    const struct limit **box = luaL_checkudata(L, 1, LIMIT_TYPE);
    const struct limit *l = *box;
    struct request *r = bind_view(L, 2)->request;
    lua_Integer set = luaL_checkinteger(L, 4);
    luaL_argcheck(L, set >= 0 && set <= l->sets_n, 4, "no such set");
    struct pass *p = pass_of(r, l);
    if (p == NULL)
        p = judge(L, l, set > 0 ? &l->sets[set - 1] : &unlimited);
    if (p->verdict.word != LIMIT_PASSES)
        return refuse(L, r, p);
    if (world_now(r->rt->world) >= p->verdict.at)
        return 0;
    bind_request(L, "p.limit");
    p->sleeper = strand_of(L);
    return passed(L, LUA_YIELD, (lua_KContext)p);
}

static const luaL_Reg functions[] = {
    {"limit", new_limit},
    {"limit_ask", ask},
    {NULL, NULL},
};

void bind_limit(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = LIMIT_TYPE});
    luaL_setfuncs(L, functions, 0);
}
