/*
** allowance.h -- how long Lua may run now, and how much it may hold.
**
** Looked at by the count hook, by the allocator, and by each C function that
** may take long. Being doomed is sticky: whoever catches the error is raised
** again at its very next instruction, until nothing is left to run.
*/
#ifndef RUN_ALLOWANCE_H
#define RUN_ALLOWANCE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defence.h"
#include "base/nanos.h"

struct generation;

enum doom { DOOM_NONE, DOOM_TIME, DOOM_HEAP, DOOM_TABLE };

/* What may run at this moment, and up to where. */
struct allowance {
    nanos from;     /* the stopwatch when it began */
    nanos until;    /* the stopwatch at which to look closer */
    nanos cpu_from; /* processor time at the first closer look, or 0 */
    nanos budget;   /* processor time that may be used, in all */
    size_t heap;    /* most the Lua heap may hold */
    enum doom doom;
};

/* The Lua heap of a version. */
struct heap {
    size_t used;         /* bytes */
    size_t fresh;        /* bytes handed out since the clock was looked at */
    const void *refused; /* what was refused last, until something is given: */
    size_t refused_size; /* refused twice, and no collection helped */
    int large[48];       /* live blocks by the power of two of their size */
    int largest;         /* the highest power of which there is one */
};

/* The allocator of a Lua state; `ud` is its generation. */
void *allowance_allocate(void *ud, void *old, size_t osize, size_t nsize);

/* Allow `cpu` of processor time and `heap` bytes from now on. */
void allowance_set(struct generation *g, nanos cpu, size_t heap);

/* Processor time used under it so far; `now` is the stopwatch's. */
nanos allowance_used(const struct generation *g, nanos now);

/* Count instructions on this coroutine, and remember that it runs now. Returns
** the one that ran before, for allowance_leave. */
lua_State *allowance_enter(struct generation *g, lua_State *L);
void allowance_leave(struct generation *g, lua_State *before);

/* Raise if what runs is doomed, or late. */
void allowance_look(lua_State *L);

/* Would it raise? For what must put something away first. */
bool allowance_over(struct generation *g);

/* That much time was spent just now on what is not the policy's business. */
void allowance_excuse(struct generation *g, nanos spent);

/* End what runs: the message says where it stands. Raises. */
int allowance_raise(lua_State *L, enum doom why);

/* What a C function with a loop keeps: it looks every so many steps. */
#define PACE_STEPS 4096
struct pace {
    lua_State *L;
    long left;
};

/* n steps were made. Raises like allowance_look. */
static inline void pace_step(struct pace *pace, size_t n)
{
    pace->left -= (long)n;
    if (pace->left < 0 && DEFENCE(pace)) {
        pace->left = PACE_STEPS;
        allowance_look(pace->L);
    }
}

/* Why it was ended, in words, and as the log names it; NULL for DOOM_NONE. */
const char *doom_text(enum doom why);
const char *doom_reason(enum doom why);

#endif
