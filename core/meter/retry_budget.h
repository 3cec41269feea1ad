/*
** retry_budget.h -- how many retries a provider gets: a fifth of its load.
**
**      |..|..|..|..|..|..|..|..|..|..|     ten seconds, a slot each
**       loads: first attempts   takes: retries, hedges
**
** While an upstream fails, everybody tries again, and what was a hiccup
** becomes a flood. So what is asked twice is paid for: within the last ten
** seconds there may be as many retries as a fifth of the first attempts, and
** three in any case, so that a quiet gateway may retry at all.
**
** The time is brought in. [any thread: it has a lock; all zeroes is none, so
** retry_budget_init first]
*/
#ifndef METER_RETRY_BUDGET_H
#define METER_RETRY_BUDGET_H

#include <pthread.h>
#include <stdbool.h>

#include "base/nanos.h"

#define RETRY_WINDOW 10  /* slots, of a second */
#define RETRY_SHARE  0.2 /* of the load */
#define RETRY_ALWAYS 3   /* in a window, whatever the load */

struct retry_budget {
    pthread_mutex_t lock;
    int64_t second; /* of the newest slot */
    struct {
        int64_t loads, takes;
    } slot[RETRY_WINDOW], sum;
};

/* An empty budget in memory of the caller's, and its end. */
void retry_budget_init(struct retry_budget *b);
void retry_budget_fini(struct retry_budget *b);

/* A first attempt starts. */
void retry_budget_load(struct retry_budget *b, nanos now);

/* May one more be asked that somebody asked already? True counts it. */
bool retry_budget_take(struct retry_budget *b, nanos now);

#endif
