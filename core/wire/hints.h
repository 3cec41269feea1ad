/*
** hints.h -- what a reply's head says of limits: how long to wait, what is
** left, whether to come again.
**
** Header values are input and not truth: what is infinite, negative, no
** number or a list counts as not said, what overflows as longer than anybody
** waits. Nothing of it ever reads as "at once".
*/
#ifndef WIRE_HINTS_H
#define WIRE_HINTS_H

#include "base/nanos.h"
#include "wire/http.h"

/* One dimension of a provider's limit. -1: not said. */
struct quota_hint {
    int64_t limit, remaining;
    nanos reset; /* from now; NANOS_NEVER: longer than anybody waits */
};

struct hints {
    nanos retry_after; /* < 0: not said; NANOS_NEVER: longer than anybody
                       ** waits */
    int should_retry;  /* x-should-retry: -1 not said, 0, 1 */
    struct quota_hint requests, tokens, input, output;
};

/* Nothing said. */
struct hints hints_none(void);

/* Read the fields of a head; `calendar` is now, in nanoseconds since 1970. */
void hints_read(struct hints *h, const struct http_field *fields, int n,
                int64_t calendar);

/* The wait that an error body asks for, which passed json_check: Google's
** RetryInfo among error.details. < 0: it asks for none. */
nanos hints_of_error(str body);

/* Until every dimension that is used up has room again; < 0: none is, or
** nobody said when. */
nanos hints_exhausted(const struct hints *h);

#endif
