/*
** stats.c -- counting without locks.
**
** One thread writes, so an increment is a relaxed load and store and not a
** locked instruction; readers see each counter whole.
*/
#include "meter/stats.h"

void stat_add(atomic_uint_fast64_t *counter, uint64_t n)
{
    uint64_t was = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, was + n, memory_order_relaxed);
}

uint64_t stat_get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static int bucket_of(uint64_t us)
{
    int i = 0;
    while (i < HISTOGRAM_BUCKETS - 1 && us >= (uint64_t)1 << i)
        i++;
    return i;
}

void histogram_add(struct histogram *h, uint64_t us)
{
    stat_add(&h->bucket[bucket_of(us)], 1);
    stat_add(&h->n, 1);
    stat_add(&h->sum, us);
}

uint64_t histogram_quantile(const struct histogram *h, double q)
{
    double wanted = q * (double)stat_get(&h->n);
    double seen = 0;
    for (int i = 0; i < HISTOGRAM_BUCKETS && wanted > 0; i++) {
        seen += (double)stat_get(&h->bucket[i]);
        if (seen >= wanted)
            return (uint64_t)1 << i;
    }
    return 0;
}
