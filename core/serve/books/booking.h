/*
** booking.h -- every request's end goes into the book of usage.
**
**     end of a request --> book (the realm's) --- a timer, a job ---> store
**
** What a request used, and each of its calls, is added in memory; some hundred
** milliseconds later a thread that may wait writes it, and when a runtime
** closes so does that. A process that is killed loses what it had not written.
** A store that does not take it holds up nobody: it is tried again, and the log
** says so once.
*/
#ifndef SERVE_BOOKING_H
#define SERVE_BOOKING_H

#include <pthread.h>

#include "net/world.h"
#include "store/usage/book.h"

struct request;
struct service;

struct booking {
    struct book *book; /* NULL: nothing is booked */
    struct timer timer;
    struct job job;
    nanos now;    /* of the job, by the calendar */
    bool busy;    /* the job is at work */
    bool more;    /* something was added meanwhile */
    bool failing; /* the last flush did */
    struct store_why why;
    struct book_flush last;
    pthread_mutex_t lock; /* of: */
    bool closed;          /* no job may begin any more */
};

/* Before the first request: book what is used, and keep it for so many days. For
** none, or in a realm without a store, nothing is booked. */
void booking_init(struct service *s, int days);

/* After the last: write what is in the book, here and now. */
void booking_fini(struct service *s);

/* See to it that the request is booked at its end. */
void booking_open(struct service *s, struct request *r);

#endif
