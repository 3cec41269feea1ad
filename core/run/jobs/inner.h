/*
** inner.h -- what the files of this folder share: a depot from inside.
**
**     depot.c    opening, reading, hands and their orders
**     known.c    the jobs in memory: found, counted, in their heaps
**     course.c   a job's course: put, taken, again
**     over.c     its end: done, failed, expired, forgotten
**     seen.c     what clients are told, and cancelling
*/
#ifndef RUN_JOBS_INNER_H
#define RUN_JOBS_INNER_H

#include <pthread.h>

#include "net/timers.h"
#include "run/jobs/depot.h"
#include "store/store.h"

#define JOB_COST 1024 /* bytes of room that any job takes */

struct known {
    struct known *next; /* in its slot */
    struct jobs_queue *queue;
    struct timer due; /* in queue->waiting, while it is queued */
    struct timer end; /* in depot->ends: expires, or is forgotten */
    nanos not_before; /* however well things go; monotonic */
    nanos gone;       /* by the calendar: when its rows expire */
    struct job_record job;
    bool storing;      /* the store has not confirmed it yet */
    bool ending;       /* or not yet what came of it */
    bool cancelled;    /* while it runs */
    bool replied;      /* there is a result in the store */
    struct hand *hand; /* who runs it */
    nanos begun;
    char texts[]; /* of the record */
};

struct jobs_queue {
    struct jobs_queue *next;
    struct depot *depot;
    struct queue_rules rules;
    struct timers waiting;
    int open, running; /* jobs that wait or run; that run */
    size_t bytes;      /* of all that are known */
    bool well;         /* the last that ended was answered */
    nanos pace;        /* how long they take lately; 0: nobody knows */
    str name;
    char text[];
};

struct depot {
    pthread_mutex_t lock; /* of all the rest */
    pthread_cond_t idle;  /* an order was carried out */
    struct realm *realm;
    struct store *store; /* the realm's, or `own`; NULL: not open */
    struct store *own;
    struct jobs_queue *queues;
    struct timers ends;
    struct known **slots; /* by id; a power of two of them */
    size_t slots_n, n;
    struct hand *hands;
};

/* All under the lock, unless it says otherwise. */

/* known.c: by its id, or NULL. */
struct known *known_find(struct depot *d, str id);

/* known.c: a copy of the record, found from now on and counted in its queue; NULL
** without memory. And forget it. */
struct known *known_add(struct depot *d, struct jobs_queue *q,
                        const struct job_record *job);
void known_drop(struct depot *d, struct known *k);
void known_fini(struct depot *d);

/* known.c: it came into another state, or has another size: what is counted. */
void known_state(struct known *k, enum job_state state);
void known_size(struct known *k, size_t size);

/* known.c: wait in line until `due`; be over, or forgotten, at `at` by the
** calendar, whose time and the monotonic one are the world's. */
void known_wait(struct known *k, nanos due);
void known_end_at(struct depot *d, struct known *k, nanos at,
                  struct world *world);

/* depot.c: a queue by its name, made under these rules if there is none. */
struct jobs_queue *queue_find(struct depot *d, str name,
                              const struct queue_rules *rules);

/* depot.c, without the lock: hand an order in. Refused, it is freed. */
enum store_result order_give(struct depot *d, struct order *order);

/* depot.c: the `then` of one whose outcome nobody waits for. */
void order_forget(struct order *order, enum store_result result);

/* over.c: one that nobody runs is over, without a reply: the order that tells the
** store, or NULL without memory. */
struct order *over_now(struct hand *hand, struct known *k,
                       enum job_state state);

/* over.c: a line in the log: it came to an end that no request tells of. */
void over_tell(struct world *world, const struct job_record *job);

/* over.c, without the lock: what has expired, and what is to be forgotten. */
void over_sweep(struct hand *hand);

/* course.c, without the lock: take all of a job out of the store. */
void course_erase(struct hand *hand, const char *id);

/* course.c: append a record to a batch; and how long until it is done. */
void course_note(const struct job_record *job, nanos gone, struct batch *b);
nanos course_eta(const struct known *k, nanos now);

/* The job whose timer this is. */
#define KNOWN_DUE(t) \
    ((struct known *)(void *)((char *)(t)-offsetof(struct known, due)))
#define KNOWN_END(t) \
    ((struct known *)(void *)((char *)(t)-offsetof(struct known, end)))

#endif
