/*
** target.c -- what calls tell of a target, and what is made of it.
**
** A target that fails fast must not look fast. So a failure counts as a slow
** first token, slower yet by what the target asked for (Retry-After); and for
** those who count calls on their way, as a call that lingers for a while.
** Without this, whoever answers 429 in a millisecond draws all the traffic.
*/
#include "meter/target.h"

#include <math.h>

#include "base/defence.h"

#define DECAY        (10 * NANOS_S) /* to a share of 1/e */
#define PENALTY      (5 * NANOS_S)  /* what a failure costs at least */
#define PENALTY_MOST (60 * NANOS_S) /* of what the target asks for */
#define REST         NANOS_S        /* after a limit that says no time */
#define REST_BARRED  (30 * NANOS_S)
#define REST_MOST    (300 * NANOS_S)
#define SOON         (2 * NANOS_S) /* limits are looked at so far ahead */
#define WHOLE_TOKENS 32 /* of a whole reply, as if it were its first */

void target_init(void *target)
{
    struct target *t = target;
    pthread_mutex_init(&t->lock, NULL);
    breaker_init(&t->breaker);
}

void target_fini(void *target)
{
    struct target *t = target;
    breaker_fini(&t->breaker);
    pthread_mutex_destroy(&t->lock);
}

/* A slower one counts at once, a faster one little by little. */
static void observe(struct fading *cost, double sample, nanos now)
{
    double was = cost->value;
    double keep = now > cost->as_of
                      ? exp(-(double)(now - cost->as_of) / (double)DECAY)
                      : 1;
    cost->value = sample > was ? sample : was * keep + sample * (1 - keep);
    cost->as_of = now;
}

static int limit_of(const struct target *t, const struct target_rules *rules)
{
    return rules->concurrency == TARGET_ADAPTIVE ? aimd_limit(&t->aimd)
                                                 : rules->concurrency;
}

static bool is_full(const struct target *t, const struct target_rules *rules)
{
    int limit = limit_of(t, rules);
    return limit > 0 && t->in_flight >= limit && DEFENCE(bulkheads);
}

/* --- entering -------------------------------------------------------------- */

static bool passes(struct visit *v, nanos now, struct target_news *news)
{
    if (v->rules.unbroken)
        return true;
    v->ticket = breaker_enter(&v->target->breaker, &v->rules.breaker, now,
                              &news->breaker, &news->changed);
    if (v->ticket == 0 && v->forced)
        v->ticket = BREAKER_FORCED;
    return v->ticket != 0;
}

enum target_entry visit_enter(struct visit *v, nanos now,
                              struct target_news *news)
{
    struct target *t = v->target;
    enum target_entry entry = TARGET_PASSES;
    *news = (struct target_news){.changed = false};
    if (t == NULL)
        return TARGET_PASSES;
    pthread_mutex_lock(&t->lock);
    if (is_full(t, &v->rules))
        entry = TARGET_FULL;
    else if (!passes(v, now, news))
        entry = TARGET_OPEN;
    v->inside = entry == TARGET_PASSES;
    t->in_flight += v->inside;
    pthread_mutex_unlock(&t->lock);
    v->sent = now;
    return entry;
}

void visit_sent(struct visit *v, nanos now)
{
    v->sent = now;
    if (!v->inside)
        return;
    pthread_mutex_lock(&v->target->lock);
    headroom_sent(&v->target->room, v->body, now, &v->mark);
    pthread_mutex_unlock(&v->target->lock);
}

/* --- what comes of it ------------------------------------------------------ */

static bool is_slow(const struct visit *v, nanos now)
{
    return v->rules.slow > 0 && now - v->sent > v->rules.slow;
}

static void well(struct visit *v, double sample, nanos now)
{
    struct target *t = v->target;
    observe(&t->cost, sample, now);
    sketch_add(v->stream ? &t->first : &t->whole, now - v->sent, now);
    aimd_well(&t->aimd, t->in_flight);
}

void visit_heard(struct visit *v, const struct hints *hints, nanos now)
{
    if (!v->inside)
        return;
    pthread_mutex_lock(&v->target->lock);
    headroom_heard(&v->target->room, &v->mark, hints, now);
    pthread_mutex_unlock(&v->target->lock);
}

static void tell(struct visit *v, const struct breaker_word *word,
                 struct target_news *news)
{
    if (v->ticket != 0)
        news->changed = breaker_tell(&v->target->breaker, &v->rules.breaker,
                                     word, &news->breaker);
    v->ticket = 0;
}

void visit_begun(struct visit *v, nanos now, uint32_t dice,
                 struct target_news *news)
{
    *news = (struct target_news){.changed = false};
    if (!v->inside || v->begun)
        return;
    v->begun = true;
    pthread_mutex_lock(&v->target->lock);
    well(v, (double)(now - v->sent), now);
    pthread_mutex_unlock(&v->target->lock);
    if (is_slow(v, now)) {
        tell(v, &(struct breaker_word){v->ticket, BREAKER_BAD, now, dice},
             news);
    } else if (v->ticket != 0) {
        news->changed = breaker_begun(&v->target->breaker, &v->ticket, now);
        breaker_look(&v->target->breaker, now, &news->breaker);
    }
}

/* What a whole reply took for as many tokens as first ones are. */
static double pace_of(const struct visit *v, const struct visit_end *end)
{
    double time = (double)(end->now - v->sent);
    if (end->output > WHOLE_TOKENS)
        time *= (double)WHOLE_TOKENS / (double)end->output;
    return time;
}

static nanos rest_of(const struct visit_end *end)
{
    nanos rest = end->retry_after;
    if (end->sign == VISIT_BARRED && rest < REST_BARRED)
        return REST_BARRED;
    if (end->sign == VISIT_LIMITED && rest <= 0)
        return REST;
    return rest < REST_MOST ? rest : REST_MOST;
}

static void badly(struct visit *v, const struct visit_end *end)
{
    struct target *t = v->target;
    nanos now = end->now, asked = end->retry_after;
    double sample = (double)(now - v->sent);
    if (sample < PENALTY && DEFENCE(fast_failures))
        sample = PENALTY;
    if (asked > 0)
        sample += (double)(asked < PENALTY_MOST ? asked : PENALTY_MOST);
    observe(&t->cost, sample, now);
    t->ghosts = (struct fading){fading_value(&t->ghosts, now) + 1, now};
    nanos rests = now + rest_of(end);
    if (rests > t->rests) {
        t->rests = rests;
        t->barred = end->sign == VISIT_BARRED;
    }
    if (end->sign == VISIT_STRAINED || end->sign == VISIT_LIMITED)
        aimd_cut(&t->aimd, v->sent, now);
}

static enum breaker_sign breaker_sign_of(enum visit_sign sign)
{
    switch (sign) {
    case VISIT_WELL:
        return BREAKER_WELL;
    case VISIT_FAILED:
    case VISIT_STRAINED:
        return BREAKER_BAD;
    case VISIT_LIMITED:
        return DEFENCE(limits_are_no_failures) ? BREAKER_NOTHING : BREAKER_BAD;
    case VISIT_BARRED:
    case VISIT_NOTHING:
        break;
    }
    return BREAKER_NOTHING;
}

void visit_ended(struct visit *v, const struct visit_end *end,
                 struct target_news *news)
{
    struct target *t = v->target;
    *news = (struct target_news){.changed = false};
    if (!v->inside)
        return;
    v->inside = false;
    pthread_mutex_lock(&t->lock);
    if (end->sign == VISIT_WELL && !v->begun)
        well(v, pace_of(v, end), end->now);
    else if (end->sign != VISIT_WELL && end->sign != VISIT_NOTHING)
        badly(v, end);
    if (end->input > 0)
        headroom_used(&t->room, end->input, end->output);
    t->in_flight--;
    pthread_mutex_unlock(&t->lock);
    struct breaker_word word = {v->ticket, breaker_sign_of(end->sign), end->now,
                                end->dice};
    tell(v, &word, news);
}

void visit_left(struct visit *v, nanos now)
{
    struct target_news news;
    visit_ended(v, &(struct visit_end){.sign = VISIT_NOTHING, .now = now},
                &news);
}

/* --- looking --------------------------------------------------------------- */

/* One that nobody has measured is worth a try, but not several at once. */
static double load_of(const struct target *t, nanos now)
{
    double cost = fading_value(&t->cost, now);
    if (t->cost.as_of == 0 && t->in_flight > 0)
        cost = PENALTY;
    return cost * (t->in_flight + 1);
}

static double spare_of(const struct target *t)
{
    double used = (double)t->in_flight / aimd_limit(&t->aimd);
    return used < 1 ? 1 - used : 0;
}

void target_look(struct target *t, const struct target_rules *rules, nanos now,
                 struct target_view *view)
{
    *view = (struct target_view){.room.share = 1, .spare = 1};
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    view->full = is_full(t, rules);
    view->rests = now < t->rests;
    view->barred = view->rests && t->barred;
    view->in_flight = t->in_flight;
    view->busy = t->in_flight + fading_value(&t->ghosts, now);
    view->load = load_of(t, now);
    view->spare = spare_of(t);
    view->room = headroom_look(&t->room, SOON, now);
    pthread_mutex_unlock(&t->lock);
    breaker_look(&t->breaker, now, &view->breaker);
    view->open = !rules->unbroken && view->breaker.wait > 0;
}

static nanos quantile(struct target *t, const struct sketch *s, double q,
                      nanos now)
{
    pthread_mutex_lock(&t->lock);
    nanos time = sketch_quantile(s, q, now);
    pthread_mutex_unlock(&t->lock);
    return time;
}

nanos target_first_quantile(struct target *t, double q, nanos now)
{
    return t != NULL ? quantile(t, &t->first, q, now) : 0;
}

nanos target_whole_quantile(struct target *t, double q, nanos now)
{
    return t != NULL ? quantile(t, &t->whole, q, now) : 0;
}
