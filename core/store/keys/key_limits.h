/*
** key_limits.h -- what a key's record says of how much its holder may.
**
**     "limits":  ["60 requests/min", "20k tokens/min", "4 concurrent"]
**     "budgets": ["10 usd/day", "1M tokens/month", "50k tokens/request"]
**
** Arrays of JSON with amounts as people write them (meter/amount.h), each of
** another kind. A list that cannot be read is no list: whoever reads a record
** with one takes it for none, so that nobody has more than was meant.
*/
#ifndef STORE_KEYS_KEY_LIMITS_H
#define STORE_KEYS_KEY_LIMITS_H

#include "base/str.h"
#include "meter/amount.h"
#include "meter/limit/limiter.h"

#define KEY_BUDGETS 4 /* at most, of a key */

/* Read limits, an array of JSON, into rules. NULL, or what is wrong with them;
** an absent text is fine, and no limit. */
const char *key_limits_read(str json, struct limit_rules *rules);

/* What budgets say, one by one. */
struct key_budgets {
    int n;
    struct amount amounts[KEY_BUDGETS];
};

/* The same of budgets. */
const char *key_budgets_read(str json, struct key_budgets *budgets);

#endif
