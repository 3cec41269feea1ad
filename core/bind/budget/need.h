/*
** need.h -- what a call may need of a budget at most.
*/
#ifndef BIND_BUDGET_NEED_H
#define BIND_BUDGET_NEED_H

#include "bind/bind.h"
#include "meter/price/price.h"

#define NEED_SMALLEST 16 /* tokens of an answer; less is not worth asking for */

struct need {
    int64_t in;  /* tokens of the prompt, at most; < 0: nothing bounds them */
    int64_t out; /* tokens of each answer */
    int64_t answers; /* how many of them */
    bool exact;      /* `in` was counted, so it gets no smaller */
    bool said;       /* the client said how long */
};

/* What this view needs: the prompt by its bytes. */
struct need need_of(const struct view *view);

/* Count the prompt for this model, if that can be done; it may become less. May
** raise. */
void need_count(lua_State *L, struct need *need, const struct view *view,
                str model);

/* The amount of a budget that so much needs, in nano-dollars by that price, or
** in tokens (price NULL). */
int64_t need_amount(const struct need *need, const struct price *price);

/* The longest answer, up to need->out, for which no more than `left` is needed;
** < 0: there is none, not even an empty one. */
int64_t need_fit(const struct need *need, const struct price *price,
                 int64_t left);

#endif
