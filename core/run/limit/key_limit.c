/*
** key_limit.c -- one limit after another, each undone where a later one refuses.
*/
#include "run/limit/key_limit.h"

#include <stdio.h>

#include "base/defence.h"
#include "run/answer.h"
#include "run/limit/no.h"
#include "run/limit/used.h"
#include "run/path.h"
#include "run/realm/limits.h"
#include "wire/prompt/prompt.h"

#define NAME ":keys" /* of limits in the realm; none of p.limit's begins so */

/* One part, taken from the limit of its kind. */
struct taking {
    struct limiter *limiter;
    struct limit_rules rules; /* of this part alone */
    struct limit_verdict verdict;
    struct limit_ticket ticket;
};

/* What a request has taken; lies in its arena. */
struct key_pass {
    struct ending ending; /* first */
    int64_t tokens;       /* the estimate */
    int n;
    struct taking parts[LIMIT_PARTS];
};

static const int64_t periods[] = {1, 60, 3600, 86400, 604800};
#define PERIODS (sizeof periods / sizeof periods[0])

_Static_assert(KEY_LIMITS == 2 * PERIODS + 1, "each kind has its place");

/* Which kind of amount it is. */
static size_t kind_of(const struct limit_part *part)
{
    size_t i = 0;
    if (part->unit == COUNT_PLACES)
        return 2 * PERIODS;
    while (i + 1 < PERIODS && periods[i] * NANOS_S < part->rate.per)
        i++;
    return part->unit == COUNT_TOKENS ? PERIODS + i : i;
}

static struct limiter *share(struct runtime *rt, const struct limit_part *part)
{
    static const char *const units[] = {"requests", "tokens", "places"};
    uint64_t dice[2];
    bool emptied;
    char shape[40];
    snprintf(shape, sizeof shape, "key %s/%lld", units[part->unit],
             (long long)(part->rate.per / NANOS_S));
    world_random(rt->world, dice, sizeof dice);
    return limits_share(rt->realm, STR(NAME), str_of(shape), dice, &emptied);
}

/* The limit of that kind, or NULL without memory. It lives as long as the
** realm, so this runtime looks for it once. */
static struct limiter *limiter_for(struct runtime *rt,
                                   const struct limit_part *part)
{
    struct limiter **known = &rt->key_limits[kind_of(part)];
    if (*known == NULL)
        *known = share(rt, part);
    return *known;
}

/* As far as anybody can tell beforehand; what cannot be counted is its bytes. */
static int64_t estimate(const struct request *r)
{
    struct tokens t = {.encoding = NULL};
    prompt_count(r->root, &t);
    int64_t in = t.error == 0 ? t.n : (int64_t)r->body.n;
    return in + prompt_expect(r->root, 0);
}

static bool counts_tokens(const struct limit_rules *rules)
{
    bool any = false;
    for (int i = 0; i < rules->n; i++)
        any = any || rules->parts[i].unit == COUNT_TOKENS;
    return any;
}

/* --- the end --------------------------------------------------------------- */

static void undo(struct key_pass *p, nanos now)
{
    while (p->n > 0) {
        struct taking *t = &p->parts[--p->n];
        limiter_undo(t->limiter, &t->rules, &t->ticket, now);
    }
}

static void settle(struct ending *ending, struct request *r)
{
    struct key_pass *p = (struct key_pass *)(void *)ending;
    int64_t tokens;
    if (!limit_used(r, &tokens) && tokens < p->tokens)
        tokens = p->tokens;
    for (int i = 0; i < p->n; i++) {
        struct taking *t = &p->parts[i];
        limiter_settle(t->limiter, &t->rules, &t->ticket, tokens,
                       world_now(r->rt->world));
    }
}

/* --- taking ---------------------------------------------------------------- */

static void note(struct request *r, const struct taking *t)
{
    const struct limit_state *s = &t->verdict.parts[0];
    struct quota q = {s->limit, s->left, s->reset};
    enum limit_unit unit = t->rules.parts[0].unit;
    if (unit != COUNT_PLACES)
        quota_note(r->quotas,
                   unit == COUNT_TOKENS ? QUOTA_TOKENS : QUOTA_REQUESTS, &q);
}

/* Nobody can say whether it may: so it may not. */
static void refuse_broken(struct request *r)
{
    struct error_shape e = {
        .message = STR("The limits of this key cannot be counted now. Try "
                       "again later."),
        .type = STR("server_error"),
        .code = STR("limits_unavailable"),
    };
    request_step(r, STR("key"), "broken");
    answer_error(r, 503, &e);
}

static void refuse(struct request *r, const struct taking *t)
{
    char room[LIMIT_NO_TEXT];
    struct buf text = {.p = room, .cap = sizeof room, .max = sizeof room};
    struct limit_no no = {
        arena_join(&r->arena, STR("of key "), r->key->id, STR("")), &t->rules,
        &t->verdict, world_now(r->rt->world)};
    limit_no_text(&no, &text);
    str said = buf_str(&text);
    struct written_reply *w = arena_zero(&r->arena, sizeof *w + said.n);
    request_step(r, STR("key"), "limited");
    note(r, t);
    if (w == NULL) {
        refuse_broken(r);
        return;
    }
    w->kind = WRITTEN_REFUSE;
    w->len = said.n;
    memcpy(w->text, said.p, said.n);
    limit_no_status(&no, w);
    answer_written(r, w);
}

/* Take one part. NULL: it has passed; else what says no. */
static const struct taking *take(struct request *r, struct key_pass *p,
                                 const struct limit_part *part)
{
    struct taking *t = &p->parts[p->n];
    nanos now = world_now(r->rt->world);
    struct limit_ask ask = {
        .who = r->key->id, .tokens = p->tokens, .now = now, .until = now};
    t->rules = (struct limit_rules){.n = 1, .parts = {*part}};
    t->limiter = limiter_for(r->rt, part);
    t->verdict.word = LIMIT_NO_MEMORY;
    if (t->limiter != NULL)
        t->verdict = limiter_take(t->limiter, &t->rules, &ask, &t->ticket);
    if (t->verdict.word != LIMIT_PASSES)
        return t;
    p->n++;
    return NULL;
}

/* All of them or none. NULL: it has passed. */
static const struct taking *take_all(struct request *r, struct key_pass *p,
                                     const struct limit_rules *rules)
{
    for (int i = 0; i < rules->n; i++) {
        const struct taking *no = take(r, p, &rules->parts[i]);
        if (no == NULL)
            continue;
        undo(p, world_now(r->rt->world));
        return no;
    }
    for (int i = 0; i < p->n; i++)
        note(r, &p->parts[i]);
    return NULL;
}

bool key_limit_passes(struct request *r)
{
    const struct limit_rules *rules = r->key != NULL ? r->key->rules : NULL;
    if (rules == NULL || !DEFENCE(key_limited))
        return true;
    struct key_pass *p = arena_zero(&r->arena, sizeof *p);
    if (p == NULL) {
        refuse_broken(r);
        return false;
    }
    p->tokens = counts_tokens(rules) ? estimate(r) : 0;
    const struct taking *no = take_all(r, p, rules);
    if (no == NULL) {
        p->ending.run = settle;
        request_on_end(r, &p->ending);
        return true;
    }
    if (no->verdict.word == LIMIT_NO_MEMORY)
        refuse_broken(r);
    else
        refuse(r, no);
    return false;
}
