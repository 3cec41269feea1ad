/*
** sim.h -- an upstream made of arithmetic.
**
** The second transport: it emits the bytes of an OpenAI-compatible upstream,
** on the world's timers and from a seed, so that the same script in the same
** world says the same bytes at the same instants. Nothing above can tell it
** from a real one. It is the embedded default, and how failures are tried.
*/
#ifndef NET_SIM_H
#define NET_SIM_H

#include "net/transport.h"
#include "net/world.h"

/* What the head of a reply says of a limit; limit 0: nothing. */
struct sim_quota {
    int64_t limit, remaining;
    nanos reset; /* until it is full again */
};

/* What an exchange's `sim` points at; borrowed until the exchange ends. All
** zeroes is an upstream in good health. "Events" are those of a stream. */
struct sim_script {
    uint64_t seed;
    nanos latency; /* to the first byte [20 ms]; < 0: none */
    double rate;   /* tokens per second [streams: 60; whole replies come at
                   ** once]; < 0: all at once */
    int tokens;    /* words of the answer [as many as the text has] */
    str text;      /* the answer; absent: a few words about the question */

    /* How it misbehaves: */
    int fails;           /* answers with this status and an error body */
    bool refuses;        /* the connection is refused */
    bool hangs;          /* connects, then says nothing, ever */
    int64_t cuts_after;  /* breaks off after so many events, or bytes of a
                        ** whole reply; < 0: right behind the head */
    bool closes_early;   /* a stream ends without finish and [DONE] */
    nanos drips;         /* the body comes byte by byte, at this interval */
    bool garbage;        /* a page of HTML with status 200 */
    int64_t error_event; /* an error event after so many events ends the
                         ** stream; < 0: it is the first */
    str error;           /* fails with this code, such as
                         ** "context_length_exceeded" */

    /* What else the head says: */
    nanos retry_after; /* of an error; 0: what is usual; < 0: nothing */
    const struct http_field *headers;
    int headers_n;
    struct sim_quota request_quota, token_quota;

    /* Only the first `times` requests meet the misbehaviour, counted in
    ** *count, which is the caller's; 0 or no count: all do. */
    int times;
    int *count;

    /* Counted when a request has been read, when a connection is refused, and
    ** when an error's status is told; each may be NULL. */
    int64_t *arrivals, *refused, *failed;
    /* Called when it has told, to the last byte, what a reply took. May be
    ** NULL. */
    void (*told)(void *user, int64_t input, int64_t output);
    void *user;
};

/* Take all misbehaviour out of a script. */
void sim_script_heal(struct sim_script *script);

/* 0 or ERR_MEMORY. */
int sim_open(struct transport **out, struct world *w);

/* Start an exchange under this script instead of its own; it is copied, its
** texts and headers are borrowed until the exchange ends. */
int sim_start(struct transport *t, struct exchange *x,
              const struct sim_script *script);

/* All its exchanges must have ended or been cancelled. NULL is fine. */
void sim_close(struct transport *t);

#endif
