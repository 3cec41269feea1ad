/*
** cost.h -- what a request cost.
**
** Every call that reached its upstream may be on the bill: the one that answers,
** one that was dropped, one that failed after it ran. What an upstream refused
** with an error is on nobody's. What a provider says it charges is the cost. One
** whose usage was not told, but which passed us by, is estimated. A call whose
** price is not known, or of which nobody knows anything, makes no cost up: it is
** counted, and what the others cost stands beside it.
*/
#ifndef RUN_COST_H
#define RUN_COST_H

#include "run/request.h"

struct cost {
    int64_t nano;       /* of the calls whose cost is known */
    int known, unknown; /* calls on the bill */
    int estimated;      /* of those known: nobody told */
    int violations;     /* calls that took more than their bound */
};

/* What one call has cost, in nano-dollars; < 0 when it is not known, or not
** yet. */
int64_t cost_of_call(const struct call *c);

/* What a request has cost so far; for good once its calls have ended. */
struct cost cost_of_request(const struct request *r);

/* Is all of it known, and none of it an estimate? */
static inline bool cost_whole(const struct cost *cost)
{
    return cost->unknown == 0 && cost->estimated == 0;
}

#endif
