/*
** timers.c -- a 4-ary heap that its elements know their way around in.
**
** Four children rather than two: half the levels, and the four lie side by
** side in memory. Due times are copied into the heap so that comparing them
** does not visit the timers. Growing is tried from half full on, so that one
** refused allocation never costs a timer.
*/
#include "net/timers.h"

#include "base/err.h"
#include "base/mem.h"

#define FIRST_CAP 64
#define CHILDREN  4

int timers_init(struct timers *h)
{
    *h = (struct timers){.cap = FIRST_CAP};
    h->heap = mem_alloc(FIRST_CAP * sizeof *h->heap);
    return h->heap != NULL ? 0 : ERR_MEMORY;
}

void timers_fini(struct timers *h)
{
    mem_free(h->heap);
    *h = (struct timers){.heap = NULL};
}

static bool before(const struct timers_entry *a, const struct timers_entry *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct timers *h, size_t at, struct timers_entry e)
{
    h->heap[at] = e;
    e.timer->slot = at + 1;
}

/* Let `e` rise from the hole at `at` to where it belongs. */
static void rise(struct timers *h, size_t at, struct timers_entry e)
{
    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;
        if (!before(&e, &h->heap[parent]))
            break;
        place(h, at, h->heap[parent]);
        at = parent;
    }
    place(h, at, e);
}

static size_t least_child(const struct timers *h, size_t at)
{
    size_t child = at * CHILDREN + 1;
    size_t end = child + CHILDREN < h->n ? child + CHILDREN : h->n;
    size_t least = child;
    for (child++; child < end; child++)
        if (before(&h->heap[child], &h->heap[least]))
            least = child;
    return least;
}

/* Let `e` sink from the hole at `at` to where it belongs. */
static void sink(struct timers *h, size_t at, struct timers_entry e)
{
    while (at * CHILDREN + 1 < h->n) {
        size_t child = least_child(h, at);
        if (!before(&h->heap[child], &e))
            break;
        place(h, at, h->heap[child]);
        at = child;
    }
    place(h, at, e);
}

static void settle(struct timers *h, size_t at, struct timers_entry e)
{
    if (at > 0 && before(&e, &h->heap[(at - 1) / CHILDREN]))
        rise(h, at, e);
    else
        sink(h, at, e);
}

static bool has_room(struct timers *h)
{
    if (h->n >= h->cap / 2) {
        size_t cap = h->cap * 2;
        void *more = mem_resize(h->heap, cap * sizeof *h->heap);
        if (more != NULL) {
            h->heap = more;
            h->cap = cap;
        }
    }
    return h->n < h->cap;
}

int timers_start(struct timers *h, struct timer *t, nanos due)
{
    if (t->slot == 0 && !has_room(h))
        return ERR_MEMORY;
    t->due = due;
    struct timers_entry e = {due, h->order++, t};
    if (t->slot != 0)
        settle(h, t->slot - 1, e);
    else
        rise(h, h->n++, e);
    return 0;
}

void timers_stop(struct timers *h, struct timer *t)
{
    if (t->slot == 0)
        return;
    size_t at = t->slot - 1;
    t->slot = 0;
    struct timers_entry last = h->heap[--h->n];
    if (at < h->n)
        settle(h, at, last);
}

nanos timers_due(const struct timers *h)
{
    return h->n > 0 ? h->heap[0].due : NANOS_NEVER;
}

struct timer *timers_pop(struct timers *h, nanos now)
{
    if (h->n == 0 || h->heap[0].due > now)
        return NULL;
    struct timer *t = h->heap[0].timer;
    timers_stop(h, t);
    return t;
}
