/*
** loopguard.c -- pieces of one static array, handed out and never joined.
**
** libev allocates little and seldom: arrays that double when there are more
** descriptors, or more events at once, than ever before. A piece has its size
** in front and is free or not; the first free one that is large enough is
** taken, else the end of the array moves. Pages that nobody touches cost
** nothing.
*/
#include "gate/loopguard.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RESERVE ((size_t)16 << 20)

struct piece {
    _Alignas(max_align_t) size_t size; /* of what follows */
    bool taken;
};

static _Alignas(max_align_t) char reserve[RESERVE];
static size_t used; /* bytes from the front that are pieces */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct piece *piece_at(size_t at)
{
    return (struct piece *)(void *)(reserve + at);
}

static bool is_ours(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)reserve &&
           (uintptr_t)p < (uintptr_t)reserve + RESERVE;
}

static size_t free_place(size_t size)
{
    size_t at = 0;
    while (at < used && (piece_at(at)->taken || piece_at(at)->size < size))
        at += sizeof(struct piece) + piece_at(at)->size;
    return at;
}

static void *take(size_t size)
{
    size = (size + sizeof(struct piece) - 1) / sizeof(struct piece) *
           sizeof(struct piece);
    pthread_mutex_lock(&lock);
    size_t at = free_place(size);
    void *p = NULL;
    if (at < used) {
        p = piece_at(at) + 1;
        piece_at(at)->taken = true;
    } else if (size <= RESERVE - sizeof(struct piece) - used) {
        *piece_at(at) = (struct piece){size, true};
        used += sizeof(struct piece) + size;
        p = piece_at(at) + 1;
    }
    pthread_mutex_unlock(&lock);
    return p;
}

static void give_back(void *p)
{
    pthread_mutex_lock(&lock);
    ((struct piece *)p - 1)->taken = false;
    pthread_mutex_unlock(&lock);
}

/* A larger, or smaller, copy; what was taken from the reserve moves home as
** soon as malloc has room. NULL, and nothing has changed, when nobody has. */
static void *move(void *old, size_t size)
{
    bool ours = is_ours(old);
    size_t had =
        ours ? ((struct piece *)old - 1)->size : malloc_usable_size(old);
    void *p = malloc(size);
    if (p == NULL)
        p = take(size);
    if (p == NULL)
        return NULL;
    memcpy(p, old, had < size ? had : size);
    if (ours)
        give_back(old);
    else
        free(old);
    return p;
}

static void *get(void *old, long size)
{
    size_t n = (size_t)size;
    bool ours = old != NULL && is_ours(old);
    void *p = NULL;
    if (n == 0 && ours)
        give_back(old);
    else if (n == 0)
        free(old);
    else if (!ours)
        p = realloc(old, n);
    if (n == 0 || p != NULL)
        return p;
    return old != NULL ? move(old, n) : take(n);
}

/* --- descriptors ----------------------------------------------------------- */

static atomic_int spare = -1;

/* libev tries again as soon as this returns: it needs a descriptor to rebuild
** its epoll set with, when an event came for one that it does not know. */
static void failed(const char *what)
{
    static const struct timespec moment = {0, 10 * 1000000L};
    static atomic_int told;
    int why = errno, fd = atomic_exchange(&spare, -1);
    if (atomic_fetch_add(&told, 1) == 0)
        fprintf(stderr, "perilune: %s: %s\n", what, strerror(why));
    if (fd >= 0)
        close(fd);
    else
        nanosleep(&moment, NULL);
}

void loopguard_set(void)
{
    ev_set_allocator(get);
    atomic_store(&spare, open("/dev/null", O_RDONLY | O_CLOEXEC));
    ev_set_syserr_cb(failed);
}
