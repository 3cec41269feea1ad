/*
** amount.h -- "60 requests/min", "1.5M tokens/day", "50 usd/month": an amount in
** a time, as people write it.
**
**     100k tokens/day      a number, k M or G, what is counted, and in what
**     50k tokens/request   of each request by itself: a budget's alone
**     20 concurrent        so many at a time: a limit's alone
**
** The one place where amounts are read: a policy's come here through p.units, a
** key's from its record. Whole units are counted exactly; of money a billionth.
*/
#ifndef METER_AMOUNT_H
#define METER_AMOUNT_H

#include "base/str.h"
#include "meter/period/period.h"

enum amount_unit {
    AMOUNT_REQUESTS,
    AMOUNT_TOKENS,
    AMOUNT_USD,
    AMOUNT_CONCURRENT /* it has no period */
};

struct amount {
    enum amount_unit unit;
    enum period_unit per; /* unless: */
    bool each_request;    /* it is of each request by itself */
    bool whole; /* it is n and nothing beside; n is 2^63 - 1 where it is more */
    int64_t n;  /* whole units, rounded down */
    int64_t nano;   /* billionths; 2^63 - 1 where it is more */
    double nearest; /* as near as a number of Lua comes */
};

/* Read one that has a period, or is of each request. False: it is none. */
bool amount_read(str text, struct amount *out);

/* Read what a limit may say: one that has a period, or places. */
bool amount_read_limit(str text, struct amount *out);

/* "requests", "tokens", "usd", "concurrent"; and "second", "minute", ...,
** "request". */
const char *amount_unit_name(enum amount_unit unit);
const char *amount_period_name(const struct amount *a);

#endif
