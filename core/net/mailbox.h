/*
** mailbox.h -- what other threads want of an owner, and the bell that tells.
**
**     any thread: mailbox_put --> list --> owner: mailbox_run
**                           \---> bell (a descriptor becomes readable)
**
** The bell is an eventfd of ours and not libev's ev_async, which ends the
** process when it gets no descriptor.
*/
#ifndef NET_MAILBOX_H
#define NET_MAILBOX_H

#include <pthread.h>

#include "net/world.h"

struct mailbox {
    pthread_mutex_t lock;
    struct nudge *first, *last; /* under lock */
    int bell;                   /* to be watched for reading */
};

/* Open it; 0 or ERR_SYSTEM. */
int mailbox_open(struct mailbox *m);

/* What is still in it does not run. */
void mailbox_close(struct mailbox *m);

/* [any thread] Put n in, unless it is in, and ring. */
void mailbox_put(struct mailbox *m, struct nudge *n);

/* [any thread] Ring only. */
void mailbox_ring(struct mailbox *m);

/* The owner has heard the bell. */
void mailbox_hush(struct mailbox *m);

/* Take the oldest out; NULL when it is empty. */
struct nudge *mailbox_take(struct mailbox *m);

/* Run those that are in it now. What they put in has its turn later. */
void mailbox_run(struct mailbox *m);

#endif
