/*
** retry_budget.c -- a window of ten slots that move with the time.
**
** The sums are kept beside the slots, so that asking costs the same however
** long the window is. Threads bring times that differ a little: what is older
** than the newest slot counts there.
*/
#include "meter/retry_budget.h"

#include <string.h>

#include "base/defence.h"

void retry_budget_init(struct retry_budget *b)
{
    memset(b, 0, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
}

void retry_budget_fini(struct retry_budget *b)
{
    pthread_mutex_destroy(&b->lock);
}

/* Let the slots go that the window has left. */
static void move_to(struct retry_budget *b, nanos now)
{
    int64_t second = now / NANOS_S;
    int64_t steps = second - b->second;
    for (int64_t i = 0; i < steps && i < RETRY_WINDOW; i++) {
        size_t at = (size_t)((b->second + 1 + i) % RETRY_WINDOW);
        b->sum.loads -= b->slot[at].loads;
        b->sum.takes -= b->slot[at].takes;
        b->slot[at].loads = b->slot[at].takes = 0;
    }
    if (steps > 0)
        b->second = second;
}

static size_t newest(const struct retry_budget *b)
{
    return (size_t)(b->second % RETRY_WINDOW);
}

void retry_budget_load(struct retry_budget *b, nanos now)
{
    pthread_mutex_lock(&b->lock);
    move_to(b, now);
    b->slot[newest(b)].loads++;
    b->sum.loads++;
    pthread_mutex_unlock(&b->lock);
}

static bool has_some(const struct retry_budget *b)
{
    return b->sum.takes < RETRY_ALWAYS ||
           (double)(b->sum.takes + 1) <= RETRY_SHARE * (double)b->sum.loads;
}

bool retry_budget_take(struct retry_budget *b, nanos now)
{
    pthread_mutex_lock(&b->lock);
    move_to(b, now);
    bool may = has_some(b) || !DEFENCE(retry_budget);
    if (may) {
        b->slot[newest(b)].takes++;
        b->sum.takes++;
    }
    pthread_mutex_unlock(&b->lock);
    return may;
}
