/*
** backoff.c -- a random part of a bound that doubles.
*/
#include "meter/backoff.h"

#define FIRST (NANOS_S / 2)
#define MOST  (8 * NANOS_S)

nanos backoff(int tried, uint32_t dice)
{
    nanos bound = MOST;
    if (tried < 5)
        bound = FIRST << (tried > 1 ? tried - 1 : 0);
    return (nanos)((double)bound * ((double)dice / 4294967296.0));
}
