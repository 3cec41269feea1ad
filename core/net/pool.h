/*
** pool.h -- a few threads for work that would block the loop.
**
**     owner: pool_add --> queue --> [threads: work] --> finished --> pool_take
**                                                 \--> wake() tells the owner
**
** Threads start when there is work for them and stay until pool_fini.
*/
#ifndef NET_POOL_H
#define NET_POOL_H

#include <pthread.h>

#include "net/world.h"

#define POOL_THREADS 2

struct pool_queue {
    struct job *first, *last;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct pool_queue waiting, finished; /* under lock, as the next three */
    int idle;
    bool closing;
    pthread_t threads[POOL_THREADS]; /* the owner's */
    int threads_n;
    void (*wake)(void *); /* [any thread] finished is no longer empty */
    void *user;
};

/* `wake` is called on any thread and must not block. No thread starts yet. */
void pool_init(struct pool *p, void (*wake)(void *), void *user);

/* Waits for what is being worked on; what has not begun is dropped. */
void pool_fini(struct pool *p);

/* Queue a job. Where no thread can be had it is worked on at once, here. */
void pool_add(struct pool *p, struct job *j);

/* All jobs worked on since the last call, in the order they were finished,
** linked by `next`; NULL when there is none. */
struct job *pool_take(struct pool *p);

#endif
