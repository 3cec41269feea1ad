/*
** backoff.h -- how long to wait before asking again: full jitter.
**
**     most   ___________________________ 8 s
**          /                              the wait is anywhere between nothing
**        /                                and this line, so that those who
**      /                                  failed together come back apart
**     0.5 s, doubled with every attempt
**
** Plain arithmetic; chance is brought in.
*/
#ifndef METER_BACKOFF_H
#define METER_BACKOFF_H

#include "base/nanos.h"

/* The wait after `tried` attempts (1, 2, ...); `dice` is any number. */
nanos backoff(int tried, uint32_t dice);

#endif
