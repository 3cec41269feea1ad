/*
** headroom.c -- limits as they will be when the next call arrives.
*/
#include "meter/headroom.h"

#include <math.h>

#define DECAY       (10 * NANOS_S) /* to a share of 1/e */
#define USUAL_RESET (60 * NANOS_S) /* of a limit that does not say */
#define TRUSTED     (60 * NANOS_S) /* what nobody confirms is forgotten */
#define LEARN       0.1            /* weight of a new call among the old */
#define BYTES_EACH  4              /* of a body, per token */
#define ANSWER      250            /* tokens of a reply before one is known */

double fading_value(const struct fading *f, nanos now)
{
    if (f->value == 0 || now <= f->as_of)
        return f->value;
    return f->value * exp(-(double)(now - f->as_of) / (double)DECAY);
}

/* --- sending --------------------------------------------------------------- */

void headroom_sent(struct headroom *h, size_t body, nanos now,
                   struct headroom_mark *mark)
{
    double guess[HEADROOM_TOTALS] = {1, (double)body / BYTES_EACH, ANSWER};
    for (int i = 0; i < HEADROOM_TOTALS; i++)
        h->totals.sent[i] += h->each[i] > 0 ? h->each[i] : guess[i];
    h->calls = (struct fading){fading_value(&h->calls, now) + 1, now};
    *mark = h->totals;
}

void headroom_used(struct headroom *h, int64_t input, int64_t output)
{
    const double used[HEADROOM_TOTALS] = {1, (double)input, (double)output};
    for (int i = 0; i < HEADROOM_TOTALS; i++)
        h->each[i] += (used[i] - h->each[i]) * (h->each[i] > 0 ? LEARN : 1);
}

/* --- hearing --------------------------------------------------------------- */

static void hear(struct headroom_limit *l, const struct quota_hint *said,
                 nanos now)
{
    if (said->limit <= 0 || said->remaining < 0)
        return;
    double gone = (double)(said->limit - said->remaining);
    double reset = (double)(said->reset > 0 ? said->reset : USUAL_RESET);
    *l = (struct headroom_limit){.limit = (double)said->limit,
                                 .left = (double)said->remaining,
                                 .back = gone > 0 ? gone / reset : 0,
                                 .as_of = now};
}

void headroom_heard(struct headroom *h, const struct headroom_mark *mark,
                    const struct hints *hints, nanos now)
{
    const struct quota_hint *said[LIMITS] = {&hints->requests, &hints->tokens,
                                             &hints->input, &hints->output};
    bool any = false;
    for (int i = 0; i < LIMITS; i++)
        any = any || (said[i]->limit > 0 && said[i]->remaining >= 0);
    /* The reply to an older call tells of an older time. */
    if (!any || mark->sent[HEADROOM_CALLS] < h->heard.sent[HEADROOM_CALLS])
        return;
    h->heard = *mark;
    for (int i = 0; i < LIMITS; i++)
        hear(&h->limits[i], said[i], now);
}

/* --- looking --------------------------------------------------------------- */

/* A limit in the units of its kind. */
static double of_kind(const double totals[HEADROOM_TOTALS], int kind)
{
    static const int which[LIMITS] = {[LIMIT_REQUESTS] = HEADROOM_CALLS,
                                      [LIMIT_INPUT] = HEADROOM_INPUT,
                                      [LIMIT_OUTPUT] = HEADROOM_OUTPUT};
    if (kind == LIMIT_TOKENS)
        return totals[HEADROOM_INPUT] + totals[HEADROOM_OUTPUT];
    return totals[which[kind]];
}

static double left_of(const struct headroom *h, int kind, nanos now)
{
    const struct headroom_limit *l = &h->limits[kind];
    double since = of_kind(h->totals.sent, kind) - of_kind(h->heard.sent, kind);
    double left = l->left + l->back * (double)(now - l->as_of) - since;
    left = left < l->limit ? left : l->limit;
    return left > 0 ? left : 0;
}

/* Is it used up by the next call, or before `soon` at the present pace? */
static bool is_scarce(const struct headroom *h, int kind, double left,
                      nanos soon, nanos now)
{
    double each = of_kind(h->each, kind);
    each = each > 1 ? each : 1;
    double pace = fading_value(&h->calls, now) / (double)DECAY * each;
    double net = (pace - h->limits[kind].back) * (double)soon;
    return left < each || (net > 0 && left < net);
}

struct headroom_view headroom_look(const struct headroom *h, nanos soon,
                                   nanos now)
{
    struct headroom_view view = {.share = 1};
    for (int kind = 0; kind < LIMITS; kind++) {
        const struct headroom_limit *l = &h->limits[kind];
        if (l->limit == 0 || now - l->as_of > TRUSTED)
            continue;
        double left = left_of(h, kind, now);
        double share = left / l->limit;
        view.known = true;
        view.share = share < view.share ? share : view.share;
        view.scarce = view.scarce || is_scarce(h, kind, left, soon, now);
    }
    return view;
}
