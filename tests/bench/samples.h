/*
** samples.h -- a pile of measured times, and the ranks in it.
*/
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    int64_t *at; /* ns */
    size_t n, cap;
};

/* Put one in; the pile grows as needed. */
void samples_add(struct samples *s, int64_t ns);

/* Sort, as samples_rank wants it. */
void samples_sort(struct samples *s);

/* Microseconds at a rank of 0..1 of a sorted pile: 0.5 is the median, 1 the
** largest. 0 when the pile is empty. */
double samples_rank(const struct samples *s, double rank);

#endif
