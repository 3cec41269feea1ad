/*
** things.h -- what a world does for whoever embeds one of these.
**
** Each belongs to its owner, who zeroes it before its first use and sees to it
** that it stays until it has happened or been stopped.
*/
#ifndef NET_THINGS_H
#define NET_THINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/nanos.h"

/* Something that happens at `due`. Embed it; zero it before first use. */
struct timer {
    void (*fire)(struct timer *);
    nanos due;   /* read only */
    size_t slot; /* private: place in the heap + 1, 0 = not started */
};

/* Something to do before this turn of the loop ends. Embed it; zero it. */
struct later {
    void (*run)(struct later *);
    struct later *next; /* private */
    bool queued;        /* read only */
};

/* Something any thread may ask for. Embed it; zero it; it lives until it has run. */
struct nudge {
    void (*run)(struct nudge *);
    struct nudge *next; /* private, as the next one */
    bool queued;
};

/* Something that would block: work() on another thread, then done() here. It
** lives until done() was called. */
struct job {
    void (*work)(struct job *);
    void (*done)(struct job *);
    struct job *next; /* private */
};

#endif
