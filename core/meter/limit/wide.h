/*
** wide.h -- products of an amount and a time: below 2^126.
*/
#ifndef METER_LIMIT_WIDE_H
#define METER_LIMIT_WIDE_H

#include "meter/limit/rate.h"

__extension__ typedef unsigned __int128 wide;

/* An amount or a time, never negative, in such a product. */
static inline wide wide_of(int64_t n)
{
    return (wide)n;
}

#endif
