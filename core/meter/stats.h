/*
** stats.h -- what a runtime counts.
**
** Plain counters and two histograms, written by the runtime's thread and read
** from any: each field is atomic by itself, a snapshot of several is not.
** Histogram buckets double: bucket i counts values below 2^i microseconds.
*/
#ifndef METER_STATS_H
#define METER_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 32

struct histogram {
    atomic_uint_fast64_t bucket[HISTOGRAM_BUCKETS];
    atomic_uint_fast64_t n, sum; /* values; their sum in microseconds */
};

struct stats {
    atomic_uint_fast64_t requests;      /* ended, by any way */
    atomic_uint_fast64_t refused;       /* answered with 4xx */
    atomic_uint_fast64_t failed;        /* answered with 5xx, or broken off */
    atomic_uint_fast64_t client_gone;   /* the client left first */
    atomic_uint_fast64_t overloaded;    /* of the failed: 503, we were full */
    atomic_uint_fast64_t usage_failed;  /* times that usage was not written */
    atomic_uint_fast64_t usage_lost;    /* of requests and calls: no memory */
    atomic_uint_fast64_t attempts;      /* upstream calls */
    atomic_uint_fast64_t attempts_bad;  /* of these, ended with a fault */
    atomic_uint_fast64_t policy_errors; /* a policy raised or misbehaved */
    atomic_uint_fast64_t reloads;       /* policy versions put in force */
    atomic_uint_fast64_t reloads_bad;   /* versions that did not load */
    atomic_uint_fast64_t prompt_tokens, completion_tokens, cached_tokens;
    atomic_uint_fast64_t cost; /* nano-dollars of calls whose cost is known */
    atomic_uint_fast64_t unpriced;   /* calls on the bill whose cost is not */
    atomic_uint_fast64_t violations; /* calls that took more than their bound */
    atomic_uint_fast64_t open;       /* requests in flight now */
    struct histogram latency;        /* whole requests */
    struct histogram ttft;           /* streams: to the first token */
    struct histogram overhead;       /* spent in Perilune itself */
};

/* Add to a counter; the only writer is the runtime's thread. */
void stat_add(atomic_uint_fast64_t *counter, uint64_t n);

/* [any] A counter as it stands. */
uint64_t stat_get(const atomic_uint_fast64_t *counter);

/* Count one value, in microseconds. */
void histogram_add(struct histogram *h, uint64_t us);

/* The upper bound, in microseconds, of the bucket that holds the q-quantile
** (0 < q <= 1); 0 when nothing was counted. */
uint64_t histogram_quantile(const struct histogram *h, double q);

#endif
