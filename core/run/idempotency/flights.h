/*
** flights.h -- who runs a request, and who waits for what it comes to.
**
**     join:  the first under a mark runs           --land-->  all have the answer
**            the others wait for it                --leave->  the next one runs
**            one that asks something else is told
**
** A flight is everybody who asks under one mark at a time, in whatever threads.
** One of them runs; when he leaves without an answer, the one who waits longest
** runs in his place, and only he. An answer may stay for a while after it has
** landed, until it can be found elsewhere.
**
** One lock, held for a few steps; nothing here waits, or asks a clock.
*/
#ifndef RUN_IDEMPOTENCY_FLIGHTS_H
#define RUN_IDEMPOTENCY_FLIGHTS_H

#include <pthread.h>

#include "store/idem.h"

#define FLIGHT_BUCKETS 1024

struct flight;

/* Where somebody stands. */
enum flight_word {
    FLIGHT_NONE,     /* nowhere: before, and after */
    FLIGHT_RUNS,     /* it is his turn: land or leave */
    FLIGHT_WAITS,    /* another one runs */
    FLIGHT_ANSWERED, /* there is an answer */
    FLIGHT_OTHER     /* the mark is in use for something else */
};

/* Somebody's place in a flight. Embed it; zero it; fill in `moved`. It stays
** where it is until flights_leave. */
struct flight_seat {
    /* His word has changed: called under the lock. [any thread] */
    void (*moved)(struct flight_seat *);
    enum flight_word word; /* private, as the rest: ask flights_look */
    struct flight *flight;
    struct flight_seat *next;
    struct idem_answer *answer;
};

struct flights {
    pthread_mutex_t lock;
    struct flight *buckets[FLIGHT_BUCKETS];
};

/* None yet; and the end, when nobody has a seat any more. */
void flights_init(struct flights *f);
void flights_fini(struct flights *f);

/* Take a seat in the flight of that mark. `print` is what is asked: a seat is
** given only to those who ask what the first one did. FLIGHT_NONE: no memory. */
enum flight_word flights_join(struct flights *f, struct flight_seat *seat,
                              const struct mac *mark, const struct mac *print);

/* His word now. FLIGHT_ANSWERED: the answer is lent until he leaves. */
enum flight_word flights_look(struct flights *f, struct flight_seat *seat,
                              const struct idem_answer **answer);

/* Give the seat up; again is fine. Did he run, the next one does. */
void flights_leave(struct flights *f, struct flight_seat *seat);

/* He who runs has an answer: everybody there has it, and he has no seat any more.
** `stays`: whoever joins later has it too, until flights_forget. */
void flights_land(struct flights *f, struct flight_seat *seat,
                  struct idem_answer *answer, bool stays);

/* The answer of a landed flight can be found elsewhere, or never. */
void flights_forget(struct flights *f, const struct mac *mark);

#endif
