/*
** limiter.c -- verdicts over the parts of a limit, for one name at a time.
**
** First everybody is asked when it could pass; the latest of these instants is
** when all could, since whoever may pass at one instant may at a later one. Only
** then is anything taken, so a refusal costs nothing. All under one lock, that of
** the names which hash alike.
*/
#include "meter/limit/limiter.h"

#include "base/defence.h"
#include "base/siphash.h"
#include "meter/limit/seats.h"

#define SHUT (30 * NANOS_S) /* how long a limit that is shut says it is */

/* --- one part of one name -------------------------------------------------- */

static nanos when(const struct seat_part *p, const struct limit_part *part,
                  int64_t n, nanos now)
{
    if (part->unit == COUNT_PLACES)
        return p->held < part->rate.n ? now : NANOS_NEVER;
    if (part->rate.burst > 0)
        return gcra_when(&p->gcra, &part->rate, n, now);
    return recent_when(&p->recent, &part->rate, n, now);
}

static bool too_large(const struct limit_part *part, int64_t n)
{
    int64_t most = part->rate.burst > 0 ? part->rate.burst : part->rate.n;
    return part->unit != COUNT_PLACES && n > most;
}

static struct taken take(struct seat_part *p, const struct limit_part *part,
                         int64_t n, nanos at)
{
    if (part->unit == COUNT_PLACES) {
        p->held++;
        return (struct taken){.n = 1};
    }
    if (part->rate.burst > 0)
        return gcra_take(&p->gcra, &part->rate, n, at);
    return recent_take(&p->recent, &part->rate, n, at);
}

static void give(struct seat_part *p, const struct limit_part *part,
                 const struct taken *t, int64_t n, nanos now)
{
    if (part->rate.burst > 0)
        gcra_give(&p->gcra, &part->rate, t, n);
    else
        recent_give(&p->recent, &part->rate, t, n, now);
}

/* More than was taken: it counts from now on. */
static void add(struct seat_part *p, const struct limit_part *part, int64_t n,
                nanos now)
{
    if (part->rate.burst > 0)
        gcra_add(&p->gcra, &part->rate, n, now);
    else if (recent_room(&p->recent))
        recent_take(&p->recent, &part->rate, n,
                    recent_when(&p->recent, &part->rate, 0, now));
}

/* --- all of them ----------------------------------------------------------- */

static int64_t amount(const struct limit_part *part,
                      const struct limit_ask *ask)
{
    return part->unit == COUNT_TOKENS ? ask->tokens : 1;
}

/* Forget what is past, and make room; false: there is no memory. */
static bool prepare(struct seat *s, const struct limit_rules *rules, nanos now)
{
    bool room = true;
    for (int i = 0; i < rules->n; i++) {
        const struct limit_part *part = &rules->parts[i];
        if (part->unit == COUNT_PLACES || part->rate.burst > 0)
            continue;
        s->listed |= (uint8_t)(1u << i);
        recent_drop(&s->parts[i].recent, &part->rate, now);
        room = recent_room(&s->parts[i].recent) && room;
    }
    return room;
}

/* What the parts say together. */
static void judge(const struct seat *s, const struct limit_rules *rules,
                  const struct limit_ask *ask, struct limit_verdict *v)
{
    v->at = ask->now;
    for (int i = 0; i < rules->n; i++) {
        const struct limit_part *part = &rules->parts[i];
        int64_t n = amount(part, ask);
        bool never = too_large(part, n);
        nanos at = never ? NANOS_NEVER : when(&s->parts[i], part, n, ask->now);
        if (at > v->at || never) {
            v->at = at;
            v->part = i;
            v->asked = n;
        }
        if (never) {
            v->word = LIMIT_TOO_LARGE;
            return;
        }
    }
    v->word = v->at > ask->until ? LIMIT_REFUSES : LIMIT_PASSES;
}

static struct limit_state state_of(const struct seat_part *p,
                                   const struct limit_part *part, nanos now)
{
    struct limit_state state = {.limit = part->rate.n};
    nanos clear = 0;
    if (part->unit == COUNT_PLACES) {
        state.left = p->held < part->rate.n ? part->rate.n - p->held : 0;
    } else if (part->rate.burst > 0) {
        state.left = gcra_left(&p->gcra, &part->rate, now);
        clear = gcra_clear(&p->gcra, &part->rate);
    } else {
        state.left = recent_left(&p->recent, &part->rate);
        clear = recent_clear(&p->recent, &part->rate);
    }
    state.reset = clear > now ? clear - now : 0;
    return state;
}

/* Note how it stands, and until when there is something to remember. */
static void look(struct seat *s, const struct limit_rules *rules, nanos now,
                 struct limit_state states[LIMIT_PARTS])
{
    s->busy = now;
    s->held = false;
    for (int i = 0; i < rules->n; i++) {
        states[i] = state_of(&s->parts[i], &rules->parts[i], now);
        if (now + states[i].reset > s->busy)
            s->busy = now + states[i].reset;
        if (rules->parts[i].unit == COUNT_PLACES && s->parts[i].held > 0)
            s->held = true;
    }
}

void limiter_shut(struct limiter *l)
{
    atomic_store(&l->shut, true);
}

/* What everybody hears of a limit that is shut. */
static struct limit_verdict no(const struct limit_rules *rules, nanos now)
{
    struct limit_verdict v = {
        .word = LIMIT_REFUSES, .asked = 1, .at = now + SHUT};
    for (int i = 0; i < rules->n; i++)
        v.parts[i] = (struct limit_state){rules->parts[i].rate.n, 0, SHUT};
    return v;
}

static void line_up(struct limiter_shard *shard,
                    const struct limit_rules *rules, struct limit_wait *w,
                    struct limit_ticket *ticket, nanos at)
{
    w->who = ticket->who;
    w->rules = rules;
    w->ticket = ticket;
    w->at = at;
    line_join(shard_line(shard), w);
}

static void count(struct limiter_counts *counts, enum limit_word word)
{
    counts->taken += word == LIMIT_PASSES;
    counts->refused += word != LIMIT_PASSES;
}

struct limit_verdict limiter_take(struct limiter *l,
                                  const struct limit_rules *rules,
                                  const struct limit_ask *ask,
                                  struct limit_ticket *ticket)
{
    struct limit_verdict v = {.word = LIMIT_NO_MEMORY};
    struct limit_ask asked = *ask;
    if (atomic_load_explicit(&l->shut, memory_order_relaxed))
        return no(rules, ask->now);
    *ticket = (struct limit_ticket){.who = siphash(l->seed, ask->who)};
    struct limiter_shard *shard = shard_of(l, ticket->who);
    asked.now = shard_enter(shard, ask->now);
    struct seat *s = shard_seat(shard, ticket->who, asked.now);
    if (s != NULL && prepare(s, rules, asked.now)) {
        judge(s, rules, &asked, &v);
        for (int i = 0; v.word == LIMIT_PASSES && i < rules->n; i++)
            ticket->parts[i] = take(&s->parts[i], &rules->parts[i],
                                    amount(&rules->parts[i], ask), v.at);
        look(s, rules, asked.now, v.parts);
        count(shard_counts(shard), v.word);
        v.in_line =
            v.word == LIMIT_PASSES && v.at > asked.now && ask->wait != NULL;
        if (v.in_line)
            line_up(shard, rules, ask->wait, ticket, v.at);
    }
    shard_leave(shard);
    return v;
}

struct limit_verdict limiter_peek(struct limiter *l,
                                  const struct limit_rules *rules,
                                  const struct limit_ask *ask)
{
    struct seat nobody = {.who = 0};
    struct limit_verdict v = {.word = LIMIT_NO_MEMORY};
    struct limit_ask asked = *ask;
    if (atomic_load_explicit(&l->shut, memory_order_relaxed))
        return no(rules, ask->now);
    uint64_t who = siphash(l->seed, ask->who);
    struct limiter_shard *shard = shard_of(l, who);
    asked.now = shard_enter(shard, ask->now);
    struct seat *s = shard_find(shard, who);
    if (s != NULL && !prepare(s, rules, asked.now))
        s = NULL;
    judge(s != NULL ? s : &nobody, rules, &asked, &v);
    look(s != NULL ? s : &nobody, rules, asked.now, v.parts);
    shard_leave(shard);
    return v;
}

nanos limiter_turn(struct limiter *l, const struct limit_wait *w)
{
    struct limiter_shard *shard = shard_of(l, w->who);
    shard_enter(shard, 0);
    nanos at = w->at;
    shard_leave(shard);
    return at;
}

void limiter_leave(struct limiter *l, struct limit_wait *w)
{
    struct limiter_shard *shard = shard_of(l, w->who);
    shard_enter(shard, 0);
    line_leave(shard_line(shard), w);
    shard_leave(shard);
}

static void correct(struct seat_part *p, const struct limit_part *part,
                    const struct taken *t, int64_t tokens, nanos now)
{
    if (part->unit == COUNT_PLACES && p->held > 0)
        p->held--;
    if (part->unit != COUNT_TOKENS)
        return;
    if (tokens < t->n)
        give(p, part, t, t->n - tokens, now);
    else if (tokens > t->n)
        add(p, part, tokens - t->n, now);
}

void limiter_settle(struct limiter *l, const struct limit_rules *rules,
                    const struct limit_ticket *ticket, int64_t tokens,
                    nanos now)
{
    struct limit_state states[LIMIT_PARTS];
    struct limiter_shard *shard = shard_of(l, ticket->who);
    now = shard_enter(shard, now);
    struct seat *s = shard_find(shard, ticket->who);
    if (s != NULL) {
        prepare(s, rules, now);
        for (int i = 0; i < rules->n; i++)
            correct(&s->parts[i], &rules->parts[i], &ticket->parts[i], tokens,
                    now);
        line_move_up(shard_line(shard), s, now);
        look(s, rules, now, states);
    }
    shard_leave(shard);
}

void limiter_undo(struct limiter *l, const struct limit_rules *rules,
                  const struct limit_ticket *ticket, nanos now)
{
    struct limit_state states[LIMIT_PARTS];
    struct limiter_shard *shard = shard_of(l, ticket->who);
    now = shard_enter(shard, now);
    struct seat *s = shard_find(shard, ticket->who);
    for (int i = 0; s != NULL && i < rules->n; i++) {
        const struct limit_part *part = &rules->parts[i];
        const struct taken *t = &ticket->parts[i];
        if (part->unit != COUNT_PLACES)
            give(&s->parts[i], part, t, t->n, now);
        else if (s->parts[i].held > 0)
            s->parts[i].held--;
    }
    if (s != NULL) {
        line_move_up(shard_line(shard), s, now);
        look(s, rules, now, states);
    }
    shard_counts(shard)->taken--;
    shard_leave(shard);
}
