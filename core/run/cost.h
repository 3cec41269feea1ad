/*
** cost.h -- what a request cost.
**
** Every call that reached its upstream may be on the bill: the one that answers,
** one that was dropped, one that failed after it ran. What an upstream refused
** with an error is on nobody's. A call whose price or usage is not known makes
** no cost up: it is counted, and what the others cost stands beside it.
*/
#ifndef RUN_COST_H
#define RUN_COST_H

#include "run/request.h"

struct cost {
    int64_t nano;       /* of the calls whose cost is known */
    int known, unknown; /* calls on the bill */
};

/* What one call has cost, in nano-dollars; < 0 when it is not known, or not
** yet. */
int64_t cost_of_call(const struct call *c);

/* What a request has cost so far; for good once its calls have ended. */
struct cost cost_of_request(const struct request *r);

/* Is all of it known? */
static inline bool cost_whole(const struct cost *cost)
{
    return cost->unknown == 0;
}

#endif
