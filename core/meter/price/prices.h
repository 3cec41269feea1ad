/*
** prices.h -- the prices that are known, by "provider/model".
**
** A table of a policy's version: filled while it is loaded, only read from then
** on. Behind it stands the list of what providers ask of everybody. A model that
** is in neither has no price, which is not the same as none to pay.
*/
#ifndef METER_PRICES_H
#define METER_PRICES_H

#include "base/arena.h"
#include "base/str.h"
#include "meter/price/price.h"

#define PRICES_BUCKETS 256

/* All zero: empty. What is set lives in the arena it was set with. */
struct prices {
    struct priced *bucket[PRICES_BUCKETS];
};

/* Set the price of `name`, "provider/model", in place of one set before. 0;
** ERR_INPUT when the name has no slash; ERR_MEMORY. */
int prices_set(struct prices *p, struct arena *arena, str name,
               const struct price *price);

/* The price of a provider's model, as it was set or else as it is listed; NULL:
** not known. */
const struct price *prices_find(const struct prices *p, str provider,
                                str model);

/* A list price. */
struct listed {
    str provider, model;
    struct price price;
};

/* The nth of the list (0, 1, ...), in the order of their names; NULL behind the
** last. */
const struct listed *prices_listed(int nth);

#endif
