/*
** samples.c -- every time is kept and sorted at the end: a run has a million
** at most, and a histogram would blur what is compared.
*/
#include "samples.h"
#include "tool.h"

#include <stdlib.h>

void samples_add(struct samples *s, int64_t ns)
{
    if (s->n == s->cap) {
        s->cap = s->cap > 0 ? 2 * s->cap : 65536;
        s->at = tool_grow(s->at, s->cap * sizeof *s->at);
    }
    s->at[s->n++] = ns;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void samples_sort(struct samples *s)
{
    if (s->n > 0)
        qsort(s->at, s->n, sizeof *s->at, by_size);
}

double samples_rank(const struct samples *s, double rank)
{
    if (s->n == 0)
        return 0;
    return (double)s->at[(size_t)(rank * (double)(s->n - 1) + 0.5)] / 1000;
}
