/*
** ration.h -- our own use of a provider or a model: so much and no more.
**
** What a provider says of its limits comes with its replies (headroom.h); this
** is what we allow ourselves before it has said anything. The limiter lies in the
** realm; a ration is how one version of a policy wants it. Who asks is all of us,
** so it has one name: "".
*/
#ifndef METER_LIMIT_RATION_H
#define METER_LIMIT_RATION_H

#include "meter/limit/limiter.h"

struct ration {
    str name; /* of what is rationed, for messages: "openai" */
    struct limiter *limiter;
    struct limit_rules rules;
    nanos wait; /* how long a call may wait for its turn */
};

/* Does it count tokens? */
static inline bool ration_counts_tokens(const struct ration *r)
{
    for (int i = 0; i < r->rules.n; i++)
        if (r->rules.parts[i].unit == COUNT_TOKENS)
            return true;
    return false;
}

#endif
