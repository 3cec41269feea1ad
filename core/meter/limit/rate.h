/*
** rate.h -- so many units in so much time, and what a part of a limit is.
**
** "500 requests/min" is a promise about every minute, wherever it begins:
**
**     without a burst     at most n units in any `per`           (recent.h)
**     with a burst        at most burst + n * T / per in any T   (gcra.h)
**
** All numbers are whole. Amounts go up to 2^63 - 1.
*/
#ifndef METER_LIMIT_RATE_H
#define METER_LIMIT_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"

struct limit_rate {
    int64_t n;     /* units, at least 1 */
    nanos per;     /* in so much time */
    int64_t burst; /* so many at once; 0: not said */
};

/* What was taken, so that it can be corrected. */
struct taken {
    int64_t n;
    nanos at;     /* when it counts; later than now for one that waits */
    uint64_t sum; /* gcra's own */
};

#endif
