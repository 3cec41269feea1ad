/*
** mem.c -- malloc behind one door.
**
** In a release build these are malloc and free and nothing else. With
** MEM_TRACK every block is counted, and a test may choose which allocation
** fails: that is how the error paths get walked.
*/
#include "base/mem.h"

#include <stdlib.h>

#ifdef MEM_TRACK
#include <stdatomic.h>

static atomic_long live;
static atomic_long countdown;
static atomic_int from_then_on;

long mem_live(void)
{
    return atomic_load(&live);
}

void mem_fail_at(long n, int onwards)
{
    atomic_store(&from_then_on, onwards);
    atomic_store(&countdown, n);
}

static int must_fail(void)
{
    long left = atomic_load(&countdown);
    if (left == 0)
        return 0;
    if (left == 1 && atomic_load(&from_then_on))
        return 1;
    return atomic_fetch_sub(&countdown, 1) == 1;
}

#define REFUSE_IF_TOLD() \
    do {                 \
        if (must_fail()) \
            return NULL; \
    } while (0)
#define COUNT(p, by) \
    ((p) != NULL ? (void)atomic_fetch_add(&live, (by)) : (void)0)
#else
#define REFUSE_IF_TOLD() ((void)0)
#define COUNT(p, by)     ((void)0)
#endif

void *mem_alloc(size_t n)
{
    REFUSE_IF_TOLD();
    void *p = malloc(n != 0 ? n : 1);
    COUNT(p, 1);
    return p;
}

void *mem_zero(size_t n)
{
    REFUSE_IF_TOLD();
    void *p = calloc(1, n != 0 ? n : 1);
    COUNT(p, 1);
    return p;
}

void *mem_resize(void *old, size_t n)
{
    REFUSE_IF_TOLD();
    void *p = realloc(old, n != 0 ? n : 1);
    if (old == NULL)
        COUNT(p, 1);
    return p;
}

void mem_free(void *p)
{
    COUNT(p, -1);
    free(p);
}
