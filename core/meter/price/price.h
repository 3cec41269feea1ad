/*
** price.h -- what a model charges, and what a call costs.
**
**     dollars per million tokens  ->  pico-dollars per token   (a rate)
**     sum of tokens x rate, in 128 bits, rounded up once  ->  nano-dollars
**
** Whole numbers all the way: a dollar per million tokens is a million
** pico-dollars per token, so every list price is exact. Nothing here is ever
** negative: a price, a count or a sum that would be is refused.
**
** A long context may have other prices: the last tier whose `above` the prompt
** exceeds holds for the whole call, for its output too.
*/
#ifndef METER_PRICE_H
#define METER_PRICE_H

#include "base/buf.h"
#include "wire/usage.h"

#define PRICE_MOST  10000 /* dollars per million tokens; nobody charges more */
#define PRICE_TIERS 4

enum rate {
    RATE_INPUT,
    RATE_OUTPUT,
    RATE_CACHED,    /* read from the provider's prompt cache */
    RATE_WRITE,     /* stored in it */
    RATE_REASONING, /* a part of the output that is not shown */
    RATES
};

struct tier {
    int64_t above;       /* tokens of the prompt; of the first tier 0 */
    int64_t rate[RATES]; /* pico-dollars per token */
};

struct price {
    int tiers; /* at least one; `above` rises */
    struct tier tier[PRICE_TIERS];
};

/* What costs nothing, and is known to. */
extern const struct price price_free;

/* The rate for dollars per million tokens, to the nearest. 0; ERR_INPUT when it
** is negative or no number; ERR_LIMIT past PRICE_MOST. */
int price_rate(double dollars, int64_t *rate);

/* "input", "output", "cached", "write", "reasoning". */
const char *price_rate_name(enum rate rate);

/* What this usage costs in nano-dollars, rounded up. 0; ERR_INPUT when the usage
** is not known or is nonsense; ERR_LIMIT when it does not fit. */
int price_cost(const struct price *price, const struct usage *usage,
               int64_t *nano);

/* The most that so many tokens can cost in nano-dollars, whatever they are
** charged as: the dearest rate of each side in the tiers that may hold for a
** prompt of `in` or fewer, rounded up. 0; ERR_INPUT when a count or a rate is
** negative; ERR_LIMIT when it does not fit. */
int price_bound(const struct price *price, int64_t in, int64_t out,
                int64_t *nano);

/* The sum of two amounts, neither negative; at most INT64_MAX. */
int64_t price_add(int64_t nano, int64_t more);

/* Append nano-dollars as dollars: "0.000342000". */
void price_put(struct buf *to, int64_t nano);

#endif
