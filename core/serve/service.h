/*
** service.h -- what a listener's requests need: endpoints and their answers.
**
** A request may arrive through a socket or from an embedding program; either
** way it is an `arrival`, and what is said goes to its sink. Everything that
** needs no policy is answered at once; a chat completion becomes a request of
** the runtime.
*/
#ifndef SERVE_SERVICE_H
#define SERVE_SERVICE_H

#include "net/http/server.h"
#include "run/request.h"
#include "serve/admission.h"
#include "serve/books/booking.h"
#include "serve/jobs/jobs.h"

struct service {
    struct runtime *rt;
    bool draining; /* no longer ready, finishes what it has */
    struct admission admission;
    struct booking booking;
    struct jobs jobs;
    struct clients *clients; /* the realm's, once one has asked */
};

/* A whole request at the door. */
struct arrival {
    str method, path; /* path without the query */
    const struct http_field *fields;
    int fields_n;
    str body;
    char *memory; /* what the texts lie in: taken over, mem_free */
    bool crowded; /* see struct incoming */
    struct sink sink;
    struct request_job *job; /* it is one, run later; or NULL */
    /* Filled in: */
    struct service *service;
    nanos started;
    str id; /* the client's x-request-id, or one of ours */
    struct caller {
        const struct client_key *key; /* NULL: none is wanted */
        struct ring *ring;            /* that it stands in; held */
        char mark[9];        /* of a key's mark, for the log; "": none came */
        const char *trouble; /* why it was refused, for the log; or NULL */
    } caller;
};

/* Serve it. The request that now runs, or NULL when all was said already.
** The sink's `done` may have been called when this returns. */
struct request *service_take(struct service *s, struct arrival *a);

/* The callbacks for a server whose `user` is a service. */
extern const struct server_handler service_handler;

#endif
