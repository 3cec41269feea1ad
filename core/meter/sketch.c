/*
** sketch.c -- a histogram whose buckets grow like money at interest.
**
** Forgetting is cheap because it is rare: the weights are not touched until
** some seconds have passed, and then all of them shrink at once.
*/
#include "meter/sketch.h"

#include <math.h>

#define HALF_LIFE  (60 * NANOS_S)
#define RARELY     (5 * NANOS_S)
#define LEAST      (NANOS_MS / 4)
#define PER_OCTAVE 8.0

static int bucket_of(nanos time)
{
    if (time <= LEAST)
        return 0;
    double at = log2((double)time / (double)LEAST) * PER_OCTAVE;
    return at < SKETCH_BUCKETS - 1 ? (int)at : SKETCH_BUCKETS - 1;
}

/* The middle of a bucket, as a ratio. */
static nanos time_of(int bucket)
{
    return (nanos)((double)LEAST * exp2((bucket + 0.5) / PER_OCTAVE));
}

static double left_after(nanos time)
{
    return exp2(-(double)time / (double)HALF_LIFE);
}

static void age(struct sketch *s, nanos now)
{
    if (now - s->as_of < RARELY)
        return;
    double left = left_after(now - s->as_of);
    for (int i = 0; i < SKETCH_BUCKETS; i++)
        s->weight[i] = (float)(s->weight[i] * left);
    s->all *= left;
    s->as_of = now;
}

void sketch_add(struct sketch *s, nanos time, nanos now)
{
    age(s, now);
    s->weight[bucket_of(time)] += 1;
    s->all += 1;
}

nanos sketch_quantile(const struct sketch *s, double q, nanos now)
{
    nanos old = now - s->as_of;
    if (s->all * left_after(old > RARELY ? old : 0) < SKETCH_LEAST - 0.5)
        return 0;
    double seen = 0;
    int i = 0;
    while (i < SKETCH_BUCKETS - 1 && (seen += s->weight[i]) < q * s->all)
        i++;
    return time_of(i);
}
