/*
** breaker.c -- three states and a number that changes with each of them.
**
** The number is the ticket. It makes the hard cases plain: who passed before
** the breaker opened holds an old number and is not listened to; a probe that
** was given up for lost holds an old number when it comes back after all; and
** there is one probe because there is one number.
*/
#include "meter/breaker.h"

#include <string.h>

#include "base/defence.h"

const struct breaker_rules breaker_usual = {.failures = 5,
                                            .rate = 0.5,
                                            .least = 20,
                                            .window = 30 * NANOS_S,
                                            .open = 30 * NANOS_S,
                                            .open_most = 300 * NANOS_S,
                                            .probe = 60 * NANOS_S};

void breaker_init(struct breaker *b)
{
    *b = (struct breaker){.state = BREAKER_CLOSED, .ticket = 1};
    pthread_mutex_init(&b->lock, NULL);
}

void breaker_fini(struct breaker *b)
{
    pthread_mutex_destroy(&b->lock);
}

static void change(struct breaker *b, enum breaker_state state, nanos now)
{
    b->state = state;
    b->ticket++;
    b->changed = now;
    b->probing = false;
}

static void see(const struct breaker *b, nanos now, struct breaker_view *view)
{
    bool waits = b->state == BREAKER_OPEN ||
                 (b->state == BREAKER_HALF_OPEN && b->probing);
    *view = (struct breaker_view){.state = b->state,
                                  .in_row = b->in_row,
                                  .trips = b->trips,
                                  .changed = b->changed};
    if (waits && b->until > now)
        view->wait = b->until - now;
}

/* --- passing --------------------------------------------------------------- */

/* The one who may find out. Its right ends, lest it be lost. */
static uint64_t probe(struct breaker *b, const struct breaker_rules *rules,
                      nanos now)
{
    b->ticket++;
    b->probing = true;
    b->until = now + rules->probe;
    return b->ticket;
}

static uint64_t pass(struct breaker *b, const struct breaker_rules *rules,
                     nanos now)
{
    if (b->state == BREAKER_CLOSED)
        return b->ticket;
    if (b->state == BREAKER_OPEN) {
        if (now < b->until)
            return 0;
        change(b, BREAKER_HALF_OPEN, now);
    }
    bool taken = b->probing && (now < b->until || !DEFENCE(probe_expires));
    return taken && DEFENCE(one_probe) ? 0 : probe(b, rules, now);
}

uint64_t breaker_enter(struct breaker *b, const struct breaker_rules *rules,
                       nanos now, struct breaker_view *view, bool *changed)
{
    pthread_mutex_lock(&b->lock);
    enum breaker_state was = b->state;
    uint64_t ticket = pass(b, rules, now);
    *changed = b->state != was;
    see(b, now, view);
    pthread_mutex_unlock(&b->lock);
    return ticket;
}

/* --- the window ------------------------------------------------------------ */

static void forget(struct breaker *b)
{
    memset(b->slices, 0, sizeof b->slices);
    b->width = 0;
    b->in_row = 0;
}

static bool in_window(const struct breaker *b, int i, nanos now)
{
    return b->slices[i].nth > now / b->width - BREAKER_SLICES;
}

/* The larger of two windows holds while there is something in it: those who
** ask by different rules must not make it forget in turns. */
static bool takes_width(const struct breaker *b, nanos width, nanos now)
{
    if (width >= b->width)
        return width > b->width;
    for (int i = 0; i < BREAKER_SLICES; i++)
        if (b->slices[i].all > 0 && in_window(b, i, now))
            return false;
    return true;
}

static void count(struct breaker *b, const struct breaker_rules *rules,
                  nanos now, bool bad)
{
    nanos width = rules->window / BREAKER_SLICES + 1;
    if (takes_width(b, width, now)) {
        memset(b->slices, 0, sizeof b->slices);
        b->width = width;
    }
    int64_t nth = now / b->width;
    struct breaker_slice *s = &b->slices[nth % BREAKER_SLICES];
    if (s->nth != nth)
        *s = (struct breaker_slice){.nth = nth};
    s->all++;
    s->bad += bad;
    b->in_row = bad ? b->in_row + 1 : 0;
}

static bool too_many(const struct breaker *b, const struct breaker_rules *rules,
                     nanos now)
{
    if (rules->failures > 0 && b->in_row >= rules->failures)
        return true;
    int all = 0, bad = 0;
    for (int i = 0; i < BREAKER_SLICES; i++)
        if (in_window(b, i, now)) {
            all += b->slices[i].all;
            bad += b->slices[i].bad;
        }
    return rules->rate > 0 && all >= rules->least &&
           bad >= rules->rate * (double)all;
}

/* --- what came of it ------------------------------------------------------- */

/* Twice as long each time, and up to a quarter more: those that went away from
** it together do not come back together. */
static nanos open_time(const struct breaker *b,
                       const struct breaker_rules *rules, uint32_t dice)
{
    nanos most =
        rules->open_most > rules->open ? rules->open_most : rules->open;
    nanos time = rules->open;
    for (int i = 1; i < b->trips && time < most; i++)
        time *= 2;
    time = time < most ? time : most;
    return time + (nanos)((double)time / 4 * ((double)dice / 4294967296.0));
}

static void trip(struct breaker *b, const struct breaker_rules *rules,
                 const struct breaker_word *word)
{
    bool calm = b->state == BREAKER_CLOSED &&
                word->now - b->changed >= rules->open_most;
    b->trips = calm ? 1 : b->trips + 1;
    change(b, BREAKER_OPEN, word->now);
    b->until = word->now + open_time(b, rules, word->dice);
}

static void mend(struct breaker *b, nanos now)
{
    change(b, BREAKER_CLOSED, now);
    forget(b);
}

static void closed_hears(struct breaker *b, const struct breaker_rules *rules,
                         const struct breaker_word *word)
{
    if (word->sign == BREAKER_NOTHING)
        return;
    count(b, rules, word->now, word->sign == BREAKER_BAD);
    if (word->sign == BREAKER_BAD && too_many(b, rules, word->now))
        trip(b, rules, word);
}

/* The probe is back. One failure is enough: it stands for all. */
static void half_open_hears(struct breaker *b,
                            const struct breaker_rules *rules,
                            const struct breaker_word *word)
{
    if (word->sign == BREAKER_WELL) {
        mend(b, word->now);
    } else if (word->sign == BREAKER_BAD && DEFENCE(probe_reopens)) {
        b->in_row++;
        trip(b, rules, word);
    } else {
        b->probing = false;
    }
}

bool breaker_tell(struct breaker *b, const struct breaker_rules *rules,
                  const struct breaker_word *word, struct breaker_view *view)
{
    pthread_mutex_lock(&b->lock);
    enum breaker_state was = b->state;
    bool forced = word->ticket == BREAKER_FORCED;
    if (forced && word->sign == BREAKER_WELL && was != BREAKER_CLOSED)
        mend(b, word->now);
    else if (word->ticket == b->ticket && was == BREAKER_CLOSED)
        closed_hears(b, rules, word);
    else if (word->ticket == b->ticket && was == BREAKER_HALF_OPEN)
        half_open_hears(b, rules, word);
    bool changed = b->state != was;
    see(b, word->now, view);
    pthread_mutex_unlock(&b->lock);
    return changed;
}

bool breaker_begun(struct breaker *b, uint64_t *ticket, nanos now)
{
    pthread_mutex_lock(&b->lock);
    bool current = *ticket == b->ticket || *ticket == BREAKER_FORCED;
    bool mends = current && b->state != BREAKER_CLOSED;
    if (mends)
        mend(b, now);
    else if (current)
        b->in_row = 0;
    if (mends)
        *ticket = b->ticket;
    pthread_mutex_unlock(&b->lock);
    return mends;
}

void breaker_look(struct breaker *b, nanos now, struct breaker_view *view)
{
    pthread_mutex_lock(&b->lock);
    see(b, now, view);
    pthread_mutex_unlock(&b->lock);
}
