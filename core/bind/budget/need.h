/*
** need.h -- what a call may need of a budget at most.
**
** First what bytes say, which costs nothing. Where that is too much the prompt is
** counted, and only then is the answer made shorter.
*/
#ifndef BIND_BUDGET_NEED_H
#define BIND_BUDGET_NEED_H

#include "bind/bind.h"
#include "meter/price/price.h"
#include "wire/bound.h"

#define NEED_SMALLEST 16 /* tokens of an answer; less is not worth asking for */

struct need {
    struct bound_ask ask;
    struct bound bound;
    bool counted; /* the prompt was, so it gets no smaller */
};

/* What this view needs when `model` of the upstream's is asked, that says no more
** than max_out; `most` is what it declares of what bytes do not bound. False:
** nothing bounds it, and *why. */
bool need_begin(struct need *need, const struct view *view, str model,
                struct bound_why *why);

/* Count the prompt, if that can be done; it may become less. May raise. */
void need_count(lua_State *L, struct need *need);

/* The amount of a budget that so much needs, in nano-dollars by that price, or
** in tokens (price NULL); INT64_MAX: more than can be said. */
int64_t need_amount(const struct need *need, const struct price *price);

/* The longest answer, up to need->bound.each, for which no more than `left` is
** needed; < 0: there is none, not even an empty one. */
int64_t need_fit(const struct need *need, const struct price *price,
                 int64_t left);

#endif
