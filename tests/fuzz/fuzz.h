/*
** fuzz.h -- what a fuzz target is written with.
**
** A target is a function that takes any bytes and knows what must hold of
** them whatever they are. MUST stops at once, for libFuzzer to keep the
** input. Memory of ours that an input leaves behind is a failure, too.
**
**     static void head(str in) { MUST(...); }
**     FUZZ(head)
*/
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* What libFuzzer, or replay.c, calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what) ((what) ? (void)0 : fuzz_stop(__FILE__, __LINE__, #what))

static inline _Noreturn void fuzz_stop(const char *file, int line,
                                       const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

#define FUZZ(one) FUZZ_AFTER(fuzz_no_setup, one)

/* The same with something that is done before the first input, and stays. */
#define FUZZ_AFTER(setup, one)                                \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) \
    {                                                         \
        static bool ready;                                    \
        if (!ready)                                           \
            setup();                                          \
        ready = true;                                         \
        long before = mem_live();                             \
        one((str){(const char *)data, n});                    \
        MUST(mem_live() == before);                           \
        return 0;                                             \
    }

static inline void fuzz_no_setup(void)
{
}

/* --- cutting --------------------------------------------------------------- */

/* How an input is cut into pieces. It follows from the bytes alone, so that
** an input needs no form of its own and always does the same. Each piece is
** copied to memory of just its size: reading past it is seen. */
struct cuts {
    str rest;
    uint64_t state;
    size_t most; /* bytes of a piece; 1 cuts at every byte */
    char *piece;
};

/* Bytes that nobody chose, from a state that must not be 0. */
static inline uint64_t fuzz_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline struct cuts cuts_of(str in, size_t most)
{
    return (struct cuts){in, str_hash(in) | 1, most, NULL};
}

/* The next piece, good until the one after; false at the end. */
static inline bool cuts_next(struct cuts *c, str *piece)
{
    free(c->piece);
    c->piece = NULL;
    if (c->rest.n == 0)
        return false;
    size_t n = 1 + (size_t)(fuzz_random(&c->state) % c->most);
    n = n < c->rest.n ? n : c->rest.n;
    c->piece = malloc(n);
    MUST(c->piece != NULL);
    memcpy(c->piece, c->rest.p, n);
    c->rest = str_from(c->rest, n);
    *piece = (str){c->piece, n};
    return true;
}

/* Stop before the end. */
static inline void cuts_end(struct cuts *c)
{
    free(c->piece);
    c->piece = NULL;
}

/* Does it lie within? Absent and empty texts do. */
static inline bool lies_in(str part, str whole)
{
    return part.n == 0 ||
           (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

#endif
