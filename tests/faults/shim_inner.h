/*
** shim_inner.h -- what the files of the shim tell one another.
*/
#ifndef TESTS_FAULTS_SHIM_INNER_H
#define TESTS_FAULTS_SHIM_INNER_H

#include "shim.h"

/* The next function of that name. */
#define NEXT(name)                 \
    static __typeof__(name) *next; \
    if (next == NULL)              \
    *(void **)&next = shim_next(#name)

void *shim_next(const char *name);

/* Is this call to fail? Then the way it does; else 0. `ways` ends with 0. */
int shim_refuse(int kind, const char *name, const int *ways);
#define WAYS(...) ((const int[]){__VA_ARGS__, 0})

/* Not 0: what this thread does is our own. */
extern __thread int shim_inside;

/* Are calls of that kind counted now, of this thread? */
int shim_counts(int kind);

/* Does every transfer of bytes move one byte? */
int shim_shortens(void);

/* Main is there. */
extern int shim_begun;

#endif
