/*
** virtual.h -- a simulated world: its clock moves when nothing is left to do.
**
**     turn, turn, ... nothing more at this instant -> advance to the next timer
**
** A ten-minute outage passes in the time it takes to compute it. Everything
** that may differ between two runs comes from the setup: the same seed in the
** same binary gives the same bytes, in another process too.
**
** The stopwatch, by which a policy's processor time is measured, counts how
** often it is looked at: a policy that computes for ever is ended after the
** same number of instructions in every run. Should one find work that is
** looked at too rarely, real processor time ends it as well.
**
** One thread. Everything started on the world must be stopped before its end.
*/
#ifndef NET_VIRTUAL_VIRTUAL_H
#define NET_VIRTUAL_VIRTUAL_H

#include "net/world.h"

#define VIRTUAL_START NANOS_S /* world_now at the beginning */

struct upstreams;

struct virtual_setup {
    uint64_t seed;
    nanos calendar;                    /* since 1970, at the beginning */
    void (*log)(void *user, str line); /* may be NULL */
    void *user;
    /* The variables of the environment that have a value, ended by NULL;
    ** without a list, all do. Borrowed. */
    const char *const *keys;
    nanos patience; /* real processor time of one turn, at most [5 s] */
};

/* 0 or ERR_MEMORY. */
int virtual_open(struct world **out, const struct virtual_setup *setup);

/* NULL is fine. */
void virtual_close(struct world *w);

/* Do what there is to do at this instant, once round; false: nothing was. */
bool virtual_turn(struct world *w);

/* With nothing left to do: move the clock to the next timer and return true;
** or, when none is due by `until`, to `until` (unless that is NANOS_NEVER) and
** return false. */
bool virtual_advance(struct world *w, nanos until);

/* Let time pass up to an instant, and do all that falls due. */
void virtual_pass(struct world *w, nanos until);

/* Somebody sets the calendar, back or on; nothing falls due by that. */
void virtual_turn_clock(struct world *w, nanos by);

/* The upstreams of this world, which its transport reaches. */
struct upstreams *virtual_upstreams(struct world *w);

#endif
