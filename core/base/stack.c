/*
** stack.c -- asking for a stack, and measuring the one there is.
*/
#include "base/stack.h"

#include <stdint.h>

#include "base/defence.h"

enum { UNKNOWN, ENOUGH, SMALL };

static _Thread_local int known;

/* What a sanitizer adds to each frame must fit too. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GIVEN (8 * STACK_LEAST)
#else
#define GIVEN (2 * STACK_LEAST)
#endif

int stack_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    pthread_attr_t attr;
    size_t usual = 0;
    int error = pthread_attr_init(&attr);
    if (error != 0)
        return error;
    pthread_attr_getstacksize(&attr, &usual);
    if (usual < GIVEN)
        error = pthread_attr_setstacksize(&attr, GIVEN);
    if (error == 0)
        error = pthread_create(thread, &attr, run, arg);
    pthread_attr_destroy(&attr);
    return error;
}

static size_t stack_size(void)
{
    pthread_attr_t attr;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return SIZE_MAX; /* it does not say; the others do */
    pthread_attr_getstacksize(&attr, &size);
    pthread_attr_destroy(&attr);
    return size;
}

bool stack_enough(void)
{
    if (known == UNKNOWN)
        known = stack_size() >= STACK_LEAST ? ENOUGH : SMALL;
    return known == ENOUGH || !DEFENCE(small_stacks);
}
