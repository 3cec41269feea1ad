/*
** upstreams.c -- who is asked, what it does at this moment, and its counts.
**
** The bytes, and when they come, are sim.c's: here it is only decided which
** script an arrival meets.
*/
#include "net/virtual/upstreams.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define BUCKETS       256
#define MOST_KEPT     ((size_t)64 << 20)
#define LONGEST_NAME  512
#define NEARLY        1e-6 /* who comes when told to is let in */
#define BYTES_A_TOKEN 4
#define MANY_REQUESTS STR("rate_limit_exceeded")

struct level {
    double left;
    nanos since; /* when it was that */
};

struct upstream {
    struct upstreams *all;
    struct upstream *next, *next_in_bucket;
    str name, greeting; /* what it says if its acts do not tell */
    struct upstream_act *acts;
    int *played; /* how many requests each act has met */
    int acts_n;
    struct level requests, tokens;
    struct upstream_counts counts;
    struct buf body, fields; /* of the last request sent to it */
};

struct upstreams {
    struct transport base;
    upstream_bill *bill;
    void *user;
    struct transport *sim;
    struct world *world;
    struct arena arena;
    struct upstream *first, **last;
    struct upstream *buckets[BUCKETS];
};

/* --- finding --------------------------------------------------------------- */

static struct upstream **bucket_of(struct upstreams *u, str name)
{
    return &u->buckets[str_hash(name) % BUCKETS];
}

static struct upstream *find(struct upstreams *u, str name)
{
    struct upstream *at = *bucket_of(u, name);
    while (at != NULL && !str_eq(at->name, name))
        at = at->next_in_bucket;
    return at;
}

static struct upstream *find_or_make(struct upstreams *u, str name)
{
    struct upstream *at = find(u, name), **bucket = bucket_of(u, name);
    if (at != NULL || (at = arena_zero(&u->arena, sizeof *at)) == NULL)
        return at;
    at->all = u;
    at->name = arena_copy(&u->arena, name);
    at->greeting = arena_join(&u->arena, STR("I am "), at->name, STR("."));
    buf_init(&at->body, MOST_KEPT);
    buf_init(&at->fields, MOST_KEPT);
    at->next_in_bucket = *bucket;
    *bucket = at;
    *u->last = at;
    u->last = &at->next;
    return at->name.p != NULL ? at : NULL;
}

/* The one an exchange is for; its provider's acts are its own if it has none. */
static struct upstream *asked(struct upstreams *u, const struct exchange *x,
                              struct upstream **acting)
{
    char text[LONGEST_NAME];
    struct buf name = {.p = text, .cap = sizeof text, .max = sizeof text};
    buf_add(&name, x->provider);
    buf_byte(&name, '/');
    size_t slash = name.n;
    buf_byte(&name, '*');
    struct upstream *all = find(u, buf_str(&name));
    if (all == NULL || all->acts_n == 0)
        all = find(u, STR("*"));
    name.n = slash;
    buf_add(&name, x->model);
    struct upstream *one = find_or_make(u, buf_str(&name));
    *acting = one != NULL && (one->acts_n > 0 || all == NULL) ? one : all;
    return one;
}

/* --- limits ---------------------------------------------------------------- */

static double filled(const struct level *level,
                     const struct upstream_limit *limit, nanos now)
{
    double rate = limit->n / (double)limit->per;
    double left = level->left + rate * (double)(now - level->since);
    return left < limit->n ? left : limit->n;
}

/* Take n: 0, or how long until there would be so many. */
static nanos take(struct level *level, const struct upstream_limit *limit,
                  double n, nanos now)
{
    level->left = filled(level, limit, now);
    level->since = now;
    if (n > limit->n)
        n = limit->n;
    if (level->left >= n - NEARLY) {
        level->left -= n;
        return 0;
    }
    return (nanos)((n - level->left) * (double)limit->per / limit->n);
}

/* What a reply's head says of a limit. */
static struct sim_quota told(const struct level *level,
                             const struct upstream_limit *limit)
{
    double missing = limit->n - level->left;
    return (struct sim_quota){
        .limit = (int64_t)limit->n,
        .remaining = (int64_t)level->left,
        .reset = (nanos)(missing * (double)limit->per / limit->n)};
}

static nanos longer(nanos a, nanos b)
{
    return a > b ? a : b;
}

/* A request of so many bytes is held against the limits of who acts. */
static void apply_limits(struct upstream *acting,
                         const struct upstream_act *act,
                         struct sim_script *script, size_t bytes, nanos now)
{
    nanos wait = 0;
    double tokens = (double)(bytes / BYTES_A_TOKEN + 1);
    if (act->requests.n > 0) {
        wait = take(&acting->requests, &act->requests, 1, now);
        script->request_quota = told(&acting->requests, &act->requests);
    }
    if (act->tokens.n > 0) {
        wait = longer(wait, take(&acting->tokens, &act->tokens, tokens, now));
        script->token_quota = told(&acting->tokens, &act->tokens);
    }
    if (wait == 0)
        return;
    sim_script_heal(script);
    script->fails = 429;
    script->error = MANY_REQUESTS;
    script->retry_after = wait;
    acting->counts.limited++;
}

/* --- what happens to an arrival -------------------------------------------- */

static bool holds(const struct upstream_act *act, int played, nanos now)
{
    bool in_time = now >= act->from && (act->until == 0 || now < act->until);
    return in_time && (act->script.times <= 0 || played < act->script.times);
}

/* The act that is played now; the last one, in good health, when none is. */
static const struct upstream_act *act_now(struct upstreams *u,
                                          const struct upstream *acting,
                                          bool *heal)
{
    nanos now = world_now(u->world);
    for (int i = 0; i < acting->acts_n; i++)
        if (holds(&acting->acts[i], acting->played[i], now)) {
            acting->played[i]++;
            *heal = false;
            return &acting->acts[i];
        }
    *heal = true;
    return &acting->acts[acting->acts_n - 1];
}

static void keep(struct upstream *one, const struct exchange *x)
{
    buf_clear(&one->body);
    buf_clear(&one->fields);
    buf_add(&one->body, x->body);
    for (int i = 0; i < x->headers_n; i++) {
        buf_add(&one->fields, x->headers[i].name);
        buf_text(&one->fields, ": ");
        buf_add(&one->fields, x->headers[i].value);
        buf_byte(&one->fields, '\n');
    }
}

static nanos drawn(struct world *w, nanos least, nanos most)
{
    uint64_t dice;
    if (most <= least)
        return least;
    least = least > 0 ? least : 0;
    world_random(w, &dice, sizeof dice);
    nanos latency = least + (nanos)(dice % (uint64_t)(most - least + 1));
    return latency > 0 ? latency : -1;
}

/* It told what a reply took, and charges for it. */
static void on_told(void *user, int64_t input, int64_t output)
{
    struct upstream *one = user;
    const struct upstreams *u = one->all;
    int64_t nano = -1;
    if (u->bill != NULL)
        nano = u->bill(u->user, one->name, input, output);
    one->counts.told++;
    one->counts.unpriced += nano < 0;
    one->counts.nano += nano > 0 ? nano : 0;
}

static int start(struct transport *t, struct exchange *x)
{
    static const struct sim_script healthy;
    struct upstreams *u = (struct upstreams *)t;
    struct upstream *acting;
    struct upstream *one = asked(u, x, &acting);
    if (one == NULL)
        return ERR_MEMORY;
    keep(one, x);
    const struct sim_script *own = x->sim != NULL ? x->sim : &healthy;
    struct sim_script script = *own;
    if (acting->acts_n > 0) {
        bool heal;
        const struct upstream_act *act = act_now(u, acting, &heal);
        script = act->script;
        script.times = 0;
        script.latency = drawn(u->world, script.latency, act->latency_most);
        if (heal)
            sim_script_heal(&script);
        apply_limits(acting, act, &script, x->body.n, world_now(u->world));
    }
    if (script.text.p == NULL && x->sim == NULL)
        script.text = one->greeting;
    script.arrivals = &one->counts.arrivals;
    script.refused = &one->counts.refused;
    script.failed = &one->counts.failed;
    script.told = on_told;
    script.user = one;
    return sim_start(u->sim, x, &script);
}

static void cancel(struct transport *t, struct exchange *x)
{
    exchange_cancel(((struct upstreams *)t)->sim, x);
}

static void pause_reading(struct transport *t, struct exchange *x)
{
    exchange_pause(((struct upstreams *)t)->sim, x);
}

static void resume(struct transport *t, struct exchange *x)
{
    exchange_resume(((struct upstreams *)t)->sim, x);
}

static const struct transport_ops ops = {start, cancel, pause_reading, resume};

/* --- open, close, play ----------------------------------------------------- */

int upstreams_open(struct upstreams **out, struct world *w)
{
    struct upstreams *u = mem_zero(sizeof *u);
    if (u == NULL)
        return ERR_MEMORY;
    u->base.ops = &ops;
    u->world = w;
    u->last = &u->first;
    arena_init(&u->arena);
    *out = u;
    return sim_open(&u->sim, w);
}

void upstreams_close(struct upstreams *u)
{
    if (u == NULL)
        return;
    sim_close(u->sim);
    for (struct upstream *one = u->first; one != NULL; one = one->next) {
        buf_fini(&one->body);
        buf_fini(&one->fields);
    }
    arena_fini(&u->arena);
    mem_free(u);
}

struct transport *upstreams_transport(struct upstreams *u)
{
    return &u->base;
}

void upstreams_price(struct upstreams *u, upstream_bill *bill, void *user)
{
    u->bill = bill;
    u->user = user;
}

struct arena *upstreams_arena(struct upstreams *u)
{
    return &u->arena;
}

int upstreams_play(struct upstreams *u, str name,
                   const struct upstream_act *acts, int n)
{
    struct upstream *one = find_or_make(u, name);
    size_t size = (size_t)n * sizeof *acts;
    struct upstream_act *copy = arena_zero(&u->arena, size);
    int *played = arena_zero(&u->arena, (size_t)n * sizeof *played);
    if (one == NULL || copy == NULL || played == NULL)
        return ERR_MEMORY;
    if (n > 0)
        memcpy(copy, acts, size);
    one->acts = copy;
    one->played = played;
    one->acts_n = n;
    for (int i = 0; i < n; i++) { /* full at the beginning */
        if (acts[i].requests.n > 0)
            one->requests.left = acts[i].requests.n;
        if (acts[i].tokens.n > 0)
            one->tokens.left = acts[i].tokens.n;
    }
    one->requests.since = one->tokens.since = world_now(u->world);
    return 0;
}

bool upstreams_last(struct upstreams *u, str name, str *body, str *fields)
{
    const struct upstream *one = find(u, name);
    if (one == NULL || one->fields.n == 0)
        return false;
    *body = buf_str(&one->body);
    *fields = buf_str(&one->fields);
    return true;
}

void upstreams_each(const struct upstreams *u,
                    void (*see)(void *user, str name,
                                const struct upstream_counts *),
                    void *user)
{
    for (const struct upstream *one = u->first; one != NULL; one = one->next)
        see(user, one->name, &one->counts);
}
