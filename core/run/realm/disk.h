/*
** disk.h -- waiting until the disk has what was reserved.
**
** Where spending is to survive a loss of power, a call leaves only when its
** reservation is on the disk. One thread at a time waits for that, for all calls
** of a runtime that reserved before it began.
*/
#ifndef RUN_REALM_DISK_H
#define RUN_REALM_DISK_H

#include <pthread.h>

#include "net/world.h"

struct ledger;

/* One who waits. Embed it; zero it. */
struct disk_wait {
    void (*done)(struct disk_wait *); /* on the owner's thread */
    int error;                        /* then: 0, or the disk fails */
    struct disk_wait *next, **at;     /* private; at NULL: it does not wait */
};

/* Of a runtime; it must outlive the world's threads. */
struct disk {
    struct job job; /* private, all of it */
    struct world *world;
    struct ledger *ledger;
    struct disk_wait *served, *waiting;
    int error;
    bool busy; /* the job is under way */
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool working; /* the same as the job's thread has it, under lock */
};

/* In zeroed memory. And its end: nobody waits any more; it returns when the disk
** is done. */
void disk_init(struct disk *d, struct world *world);
void disk_fini(struct disk *d);

/* Wait for what the ledger holds now. */
void disk_wait(struct disk *d, struct ledger *ledger, struct disk_wait *w);

/* Wait no longer; nothing when it does not. */
void disk_leave(struct disk_wait *w);

#endif
