/*
** utc.h -- a moment as people write it: year, month, day, hour, minute, second.
**
** Plain arithmetic: no time zone, no lock, no locale, which is what gmtime_r
** costs too much for in a log line. Good for years 1970 to 9999.
*/
#ifndef BASE_UTC_H
#define BASE_UTC_H

#include <stdint.h>

struct utc {
    int year, month, day; /* month and day count from 1 */
    int hour, minute, second;
};

/* The moment so many seconds (>= 0) after 1970-01-01 00:00:00 UTC. */
struct utc utc_of(int64_t seconds);

/* The other way: seconds since 1970, or -1 when there is no such moment (a
** 31st of April, an hour 24). A leap second is the second after it. */
int64_t utc_seconds(const struct utc *u);

#endif
