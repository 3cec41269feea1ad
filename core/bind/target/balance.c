/*
** balance.c -- p.balance: which of its items is asked next, and who is passed
** over.
**
** An item that is away (its breaker is open, it is full, its limits are used
** up) is not chosen while another one is there. Those that asked for time are
** chosen last. When nobody is left but items whose breaker is open, the one
** that opened last is asked all the same: a group never loses its last member
** to a breaker, unless the policy says so (eject_last).
**
** What a request costs where (by = "cost") is what its prompt and the answer it
** lets come would: prices differ, and that is the same for all.
**
** Whose turn it is, is shared by all workers under a name made of the items;
** what one request has tried lies in its arena.
*/
#include "bind/model.h"

#include <math.h>

#include "base/defence.h"
#include "bind/tokens/tokens.h"
#include "meter/limit/limiter.h"
#include "meter/pick.h"
#include "meter/price/price.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/realm/targets.h"

#define BALANCE_TYPE "perilune.balance"
#define MOST_GROUPS  1000 /* with a turn of their own that workers share */

static const struct shared_kind turns = {"balance", sizeof(struct pick_turn),
                                         MOST_GROUPS, NULL, NULL};

struct member {
    struct model *model; /* NULL: some other rung, always there */
    str name;
    uint64_t hash;
    double weight;
};

struct balance {
    enum pick_by by;
    bool eject_last;
    int n;
    struct pick_turn *turn, own; /* own: where nobody can share */
    struct member of[];
};

/* One asking of the group. */
struct round {
    uint64_t turn, key;
    uint64_t asked;        /* a bit for each that was */
    uint64_t told;         /* those whose word is in the path already */
    struct usage expected; /* by = "cost": of the request */
};

/* --- declaring ------------------------------------------------------------- */

static void read_member(lua_State *L, struct member *m)
{
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_getfield(L, -1, "name");
    m->name = bind_keep(L, -1);
    m->hash = pick_hash(m->name.p, m->name.n);
    lua_getfield(L, -2, "weight");
    m->weight = luaL_optnumber(L, -1, 1);
    lua_getfield(L, -3, "model");
    m->model = luaL_testudata(L, -1, MODEL_TYPE);
    lua_pop(L, 3);
}

/* balance(spec) -> a group: { { name =, weight =, model = or nil }, ..., by =,
** name =, eject_last = }, checked by perilune.balance */
static int new_balance(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_Integer n = luaL_len(L, 1);
    luaL_argcheck(L, n >= 1 && n <= PICK_MOST, 1, "1 to 64 items");
    struct balance *b =
        lua_newuserdatauv(L, sizeof *b + (size_t)n * sizeof(struct member), 1);
    *b = (struct balance){.n = (int)n};
    luaL_setmetatable(L, BALANCE_TYPE);
    lua_pushvalue(L, 1); /* it keeps the models */
    lua_setiuservalue(L, 2, 1);
    for (int i = 0; i < b->n; i++) {
        lua_geti(L, 1, i + 1);
        read_member(L, &b->of[i]);
        lua_pop(L, 1);
    }
    lua_getfield(L, 1, "by");
    b->by = pick_of(luaL_checkstring(L, -1));
    lua_getfield(L, 1, "eject_last");
    b->eject_last = lua_toboolean(L, -1);
    lua_getfield(L, 1, "name");
    str name = bind_keep(L, -1);
    b->turn = realm_share(generation_of(L)->rt->realm, &turns, name);
    lua_settop(L, 2);
    return 1;
}

static struct balance *to_balance(lua_State *L)
{
    return luaL_checkudata(L, 1, BALANCE_TYPE);
}

/* --- who is there ---------------------------------------------------------- */

/* How each of them stands, as bits. */
struct standing {
    struct candidate of[PICK_MOST];
    uint64_t there, rests, open, full, scarce, failed, barred;
    nanos wait;      /* until the first of the open ones is asked again */
    int opened_last; /* of the open ones, or PICK_NONE */
    nanos opened;
};

static void add_open(struct standing *s, int i,
                     const struct breaker_view *breaker)
{
    s->open |= (uint64_t)1 << i;
    if (s->wait == 0 || breaker->wait < s->wait)
        s->wait = breaker->wait;
    if (s->opened_last == PICK_NONE || breaker->changed > s->opened) {
        s->opened_last = i;
        s->opened = breaker->changed;
    }
}

/* One that tells nothing of limits has the room that it bears. */
static double share_of(const struct target_view *view)
{
    return view->room.known ? view->room.share : view->spare;
}

/* A provider whose keys are all away is as good as one that asked for time. */
static void see_keys(struct target_view *view, struct keys *keys, nanos now)
{
    if (keys_wait(keys, now) == 0)
        return;
    view->rests = true;
    for (int i = 0; i < keys->n; i++)
        if (atomic_load(&keys->key[i].state->trouble) == KEY_LIMITED)
            return;
    view->barred = true;
}

/* What we allow ourselves leaves so much; a target that has too little of it is
** as good as one that asked for time. `tokens`: of the request, 0 when nobody
** needed to know. */
static void see_ration(struct target_view *view, const struct ration *ration,
                       int64_t tokens, nanos now)
{
    if (ration == NULL)
        return;
    struct limit_ask ask = {.tokens = tokens > 0 ? tokens : 1,
                            .now = now,
                            .until = now + ration->wait};
    struct limit_verdict v =
        limiter_peek(ration->limiter, &ration->rules, &ask);
    view->rests = view->rests || v.word != LIMIT_PASSES;
    for (int i = 0; i < ration->rules.n; i++) {
        double share = (double)v.parts[i].left / (double)v.parts[i].limit;
        view->room.share = share < view->room.share ? share : view->room.share;
    }
    view->room.known = true;
    view->room.scarce = view->room.scarce || v.word != LIMIT_PASSES;
}

static void see_model(struct standing *s, int i, const struct balance *b,
                      const struct target_view *view)
{
    uint64_t bit = (uint64_t)1 << i;
    s->of[i].busy = view->busy;
    s->of[i].load = view->load;
    s->of[i].share = share_of(view);
    s->barred |= view->barred ? bit : 0;
    if (view->open && DEFENCE(open_is_passed_over))
        add_open(s, i, &view->breaker);
    else if (view->full)
        s->full |= bit;
    else if (b->by == PICK_HEADROOM && view->room.scarce)
        s->scarce |= bit;
    else if (view->rests || (b->by == PICK_COST && view->room.scarce))
        s->rests |= bit;
    else
        s->there |= bit;
}

/* Did this request ask it before, and in vain? (LANGUAGE rule 15) */
static bool has_failed(const struct request *r, const struct model *m, str name,
                       uint64_t content)
{
    for (const struct scar *s = r->scars; s != NULL; s = s->next)
        if (s->provider == m->provider && s->content == content &&
            str_eq(s->model, name))
            return true;
    for (const struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call != NULL && s->call->fault.kind != FAULT_NONE &&
            !fault_lasting(s->call->fault.kind) &&
            s->call->ask.provider == m->provider &&
            str_eq(s->call->ask.model, name))
            return true;
    return false;
}

static str name_of(const struct view *view, const struct member *m)
{
    if (m->model == NULL)
        return m->name;
    return view->model.p != NULL ? view->model : m->model->name;
}

/* What it would cost there. */
static double cost_of(const struct view *view, const struct model *m, str name,
                      const struct usage *expected)
{
    int64_t nano;
    const struct price *price = model_price(view->request->gen, m, name);
    bool known = price != NULL && price_cost(price, expected, &nano) == 0;
    return known ? (double)nano : (double)INFINITY;
}

static void see_member(struct standing *s, int i, const struct balance *b,
                       const struct view *view, const struct round *round)
{
    nanos now = world_now(view->request->rt->world);
    const struct member *m = &b->of[i];
    struct request *r = view->request;
    struct target_view seen;
    s->of[i] =
        (struct candidate){.weight = m->weight, .share = 1, .name = m->hash};
    if (m->model == NULL) {
        s->there |= (uint64_t)1 << i;
        return;
    }
    str name = name_of(view, m);
    if (has_failed(r, m->model, name, view->content)) {
        s->failed |= (uint64_t)1 << i;
        return;
    }
    target_look(model_target(r, m->model, name), &m->model->rules, now, &seen);
    see_keys(&seen, &m->model->provider->keys, now);
    int64_t tokens = round->expected.prompt + round->expected.completion;
    see_ration(&seen, m->model->provider->ration, tokens, now);
    see_ration(&seen, m->model->rules.ration, tokens, now);
    if (b->by == PICK_COST)
        s->of[i].cost = cost_of(view, m->model, name, &round->expected);
    see_model(s, i, b, &seen);
}

static void see_all(struct standing *s, const struct balance *b,
                    const struct view *view, const struct round *round)
{
    s->there = s->rests = s->open = s->full = s->scarce = s->failed =
        s->barred = 0;
    s->wait = 0;
    s->opened_last = PICK_NONE;
    for (int i = 0; i < b->n; i++)
        see_member(s, i, b, view, round);
}

/* --- choosing -------------------------------------------------------------- */

static struct pick pick_from(const struct standing *s, const struct balance *b,
                             const struct round *round, uint64_t may)
{
    return (struct pick){.by = b->by,
                         .of = s->of,
                         .n = b->n,
                         .may = may & ~round->asked,
                         .key = round->key,
                         .turn = round->turn};
}

static int choose(const struct standing *s, const struct balance *b,
                  const struct round *round, bool *forced)
{
    struct pick there = pick_from(s, b, round, s->there);
    int at = pick_one(&there);
    if (at == PICK_NONE) {
        struct pick rests = pick_from(s, b, round, s->rests);
        at = pick_one(&rests);
    }
    *forced = at == PICK_NONE && round->asked == 0 && !b->eject_last &&
              DEFENCE(last_stays);
    return *forced ? s->opened_last : at;
}

static const char *word_of(const struct standing *s, int i)
{
    uint64_t bit = (uint64_t)1 << i;
    if (s->open & bit)
        return "open";
    if (s->full & bit)
        return "full";
    if (s->failed & bit)
        return "skipped";
    return s->barred & bit ? "barred" : "limited";
}

static void tell(const struct standing *s, const struct balance *b,
                 const struct view *view, struct round *round, int i)
{
    uint64_t bit = (uint64_t)1 << i;
    if (((round->told | round->asked) & bit) == 0)
        request_step(view->request, name_of(view, &b->of[i]), word_of(s, i));
    round->told |= bit;
}

/* Where the order means something, the path says who would have been asked. */
static void tell_passed_over(const struct standing *s, const struct balance *b,
                             const struct view *view, struct round *round,
                             int at)
{
    if (b->by != PICK_PRIORITY && b->by != PICK_HASH)
        return;
    struct pick p = pick_from(s, b, round, ~s->failed);
    for (int i; (i = pick_one(&p)) != at && i != PICK_NONE;) {
        tell(s, b, view, round, i);
        p.may &= ~((uint64_t)1 << i);
    }
}

static int count(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* Nobody was asked: that is what it declines with. Where all failed before in
** this request, their fault stands. */
static void nobody(const struct standing *s, const struct balance *b,
                   const struct view *view, struct strand *strand)
{
    struct request *r = view->request;
    enum fault_kind kind =
        s->open != 0 || s->full != 0 ? FAULT_OVERLOADED : FAULT_RATE_LIMITED;
    if ((s->open | s->full | s->scarce) == 0)
        return;
    struct fault fault = {.kind = kind, .status = fault_status(kind)};
    fault.message = arena_print(
        &r->arena,
        "none of the %d targets of p.balance may be asked now: %d failed too "
        "often (breaker), %d full (concurrency), %d at their rate limit",
        b->n, count(s->open), count(s->full), count(s->scarce));
    nanos wait = (s->wait + NANOS_S - 1) / NANOS_S;
    fault.retry_after = wait > 0 ? (int)wait : 1;
    strand_fault(strand, &fault);
}

/* --- asking ---------------------------------------------------------------- */

/* balance_round(group, req, key or nil) -> a round: one asking of the group */
static int new_round(lua_State *L)
{
    struct balance *b = to_balance(L);
    struct view *view = bind_view(L, 2);
    struct round *round = arena_zero(&view->request->arena, sizeof *round);
    if (round == NULL)
        return luaL_error(L, "not enough memory");
    size_t n;
    const char *key = luaL_optlstring(L, 3, NULL, &n);
    round->turn = pick_next_turn(b->turn != NULL ? b->turn : &b->own);
    round->key = key != NULL
                     ? pick_hash(key, n)
                     : pick_hash((char *)&round->turn, sizeof round->turn);
    if (b->by == PICK_COST)
        round->expected = bind_expect(L, view);
    lua_pushlightuserdata(L, round);
    return 1;
}

/* balance_next(group, req, round) -> the place of the item to ask next, and
** whether it passes an open breaker; or nil: none, req.fault says why */
static int next(lua_State *L)
{
    struct balance *b = to_balance(L);
    struct view *view = bind_view(L, 2);
    struct round *round = lua_touserdata(L, 3);
    struct standing s;
    bool forced;
    see_all(&s, b, view, round);
    int at = choose(&s, b, round, &forced);
    tell_passed_over(&s, b, view, round, at);
    if (at == PICK_NONE) {
        if (round->asked == 0)
            nobody(&s, b, view, bind_strand(L, view->request));
        for (int i = 0; i < b->n && round->asked == 0; i++)
            tell(&s, b, view, round, i);
        lua_pushnil(L);
        return 1;
    }
    round->asked |= (uint64_t)1 << at;
    lua_pushinteger(L, at + 1);
    lua_pushboolean(L, forced);
    return 2;
}

/* press(model, req) -> as model(req), though its breaker is open. Waits. */
static int press(lua_State *L)
{
    struct model *m = luaL_checkudata(L, 1, MODEL_TYPE);
    struct view *view = bind_view(L, 2);
    return model_press(L, m, view,
                       view->model.p != NULL ? view->model : m->name);
}

static const luaL_Reg functions[] = {
    {"balance", new_balance},
    {"balance_round", new_round},
    {"balance_next", next},
    {"press", press},
    {NULL, NULL},
};

void bind_balance(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = BALANCE_TYPE});
    luaL_setfuncs(L, functions, 0);
}
