/*
** sketch.h -- how long things took lately: quantiles in little memory.
**
** Times fall into buckets an eighth of an octave wide, so that a quantile is
** told to within five percent. What is old counts less: half after `HALF_LIFE`.
** Plain memory, zeroed at first: no lock, no clock.
*/
#ifndef METER_SKETCH_H
#define METER_SKETCH_H

#include "base/nanos.h"

#define SKETCH_BUCKETS 160 /* from 0.25 ms to 270 s */
#define SKETCH_LEAST   10  /* times that a quantile is told of */

struct sketch {
    float weight[SKETCH_BUCKETS];
    double all; /* sum of the weights, of the time `as_of` */
    nanos as_of;
};

/* Count one time. */
void sketch_add(struct sketch *s, nanos time, nanos now);

/* The q-quantile (0 < q <= 1); 0 while too few were counted lately. */
nanos sketch_quantile(const struct sketch *s, double q, nanos now);

#endif
