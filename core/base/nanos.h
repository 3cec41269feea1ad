/*
** nanos.h -- time as a number.
**
** All times inside are nanoseconds in 63 bits: an instant on the world's
** monotonic clock, or a length of time. Only policies and perilune.h speak
** in seconds.
*/
#ifndef BASE_NANOS_H
#define BASE_NANOS_H

#include <stdint.h>

typedef int64_t nanos;

#define NANOS_US    ((nanos)1000)
#define NANOS_MS    ((nanos)1000000)
#define NANOS_S     ((nanos)1000000000)
#define NANOS_NEVER INT64_MAX

/* Seconds as nanos; what is too long for them is 73 years, what is negative
** or not a number is 0. */
static inline nanos nanos_of(double seconds)
{
    if (!(seconds > 0))
        return 0;
    return seconds < 2.3e9 ? (nanos)(seconds * 1e9) : (nanos)1 << 61;
}

#endif
