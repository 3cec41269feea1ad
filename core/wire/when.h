/*
** when.h -- lengths of time and dates, as header fields write them.
**
** Both are foreign text: what is no such text, negative, infinite or a list
** is told as "none" and never as nothing, since nothing means "at once".
*/
#ifndef WIRE_WHEN_H
#define WIRE_WHEN_H

#include "base/nanos.h"
#include "base/str.h"

#define WHEN_NONE    ((nanos)-1)
#define WHEN_LONGEST (366 * 86400 * NANOS_S) /* longer is NANOS_NEVER */

/* A length: a decimal number of `unit`s ("2", "1.5"), or numbers with units
** of their own, as Go writes them ("6m0s", "1h2m3.5s", "12ms", "7us"). */
nanos when_span(str text, nanos unit);

/* A date of HTTP in any of its three forms (RFC 9110, 5.6.7), or one of
** RFC 3339: nanoseconds since 1970. */
nanos when_date(str text);

#endif
