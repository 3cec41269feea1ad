/*
** shim_memory.c -- malloc and its family, and threads, which need memory, too.
*/
#include "shim_inner.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long blocks;

long fault_blocks(void)
{
    return atomic_load(&blocks);
}

/* --- memory ---------------------------------------------------------------- */

/* Before main, a sanitizer may not be asked for memory yet: until fault_mine is
** called for the first time, blocks come from here. */
static char early[1 << 20];
static size_t early_n;

static void *take_early(size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > sizeof early - early_n)
        abort();
    void *p = early + early_n;
    early_n += n;
    return p;
}

static int is_early(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)early &&
           (uintptr_t)p < (uintptr_t)early + sizeof early;
}

static const int no_memory[] = {ENOMEM, 0};

static int refuse_memory(const char *name)
{
    int error = shim_refuse(FAULT_MEMORY, name, no_memory);
    if (error != 0)
        errno = error;
    return error;
}

static void *counted(void *p)
{
    if (p != NULL)
        atomic_fetch_add(&blocks, 1);
    return p;
}

void *malloc(size_t n)
{
    if (!shim_begun)
        return take_early(n);
    NEXT(malloc);
    return refuse_memory("malloc") ? NULL : counted(next(n));
}

void *calloc(size_t n, size_t size)
{
    if (!shim_begun)
        return take_early(n * size);
    NEXT(calloc);
    return refuse_memory("calloc") ? NULL : counted(next(n, size));
}

/* An early block knows not its size: what follows it in the pool is copied
** along, which does no harm. */
static void *move_early(const void *old, size_t n)
{
    size_t most = (size_t)(early + sizeof early - (const char *)old);
    void *p = malloc(n);
    return p != NULL ? memcpy(p, old, n < most ? n : most) : NULL;
}

void *realloc(void *old, size_t n)
{
    if (old == NULL)
        return malloc(n);
    if (is_early(old))
        return move_early(old, n);
    NEXT(realloc);
    return refuse_memory("realloc") ? NULL : next(old, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    NEXT(aligned_alloc);
    return refuse_memory("aligned_alloc") ? NULL : counted(next(align, n));
}

int posix_memalign(void **to, size_t align, size_t n)
{
    NEXT(posix_memalign);
    if (refuse_memory("posix_memalign"))
        return ENOMEM;
    int error = next(to, align, n);
    if (error == 0)
        counted(*to);
    return error;
}

/* A sanitizer's own would go round us. */
char *strndup(const char *text, size_t most)
{
    size_t n = strnlen(text, most);
    char *p = malloc(n + 1);
    if (p == NULL)
        return NULL;
    memcpy(p, text, n);
    p[n] = '\0';
    return p;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

void free(void *p)
{
    if (p == NULL || is_early(p))
        return;
    NEXT(free);
    atomic_fetch_sub(&blocks, 1);
    next(p);
}

/* --- threads ------------------------------------------------------------------ */

/* What a new thread is to do. Its first steps are libc's and the sanitizer's,
** which cannot go without memory: only what it was started for is counted. */
struct start {
    void *(*run)(void *);
    void *arg;
};

static void *start_thread(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    shim_inside = 0;
    void *result = start.run(start.arg);
    shim_inside = 1; /* and its last ones, too */
    return result;
}

/* A thread is started, or fails to for want of memory, as a whole. */
int pthread_create(pthread_t *to, const pthread_attr_t *attr,
                   void *(*run)(void *), void *arg)
{
    NEXT(pthread_create);
    int error = shim_refuse(FAULT_SYSTEM | FAULT_MEMORY, "pthread_create",
                            WAYS(EAGAIN));
    if (error != 0)
        return error;
    shim_inside++;
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        abort();
    *start = (struct start){run, arg};
    error = next(to, attr, start_thread, start);
    if (error != 0)
        free(start);
    shim_inside--;
    return error;
}
