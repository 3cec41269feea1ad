/*
** sink.h -- where a reply goes: a socket, an embedding program, a recording.
*/
#ifndef RUN_SINK_H
#define RUN_SINK_H

#include "wire/http.h"

enum outcome {
    OUTCOME_ANSWERED,    /* a reply or an error, whole */
    OUTCOME_BROKEN,      /* the reply broke off after its head was sent */
    OUTCOME_CLIENT_GONE, /* the client left first */
    OUTCOME_SHUTDOWN     /* we were told to stop */
};

/* Where the reply goes. Called on the owner's thread; `done` last, once. */
struct sink {
    void *user;
    /* length < 0: not known yet (a stream). */
    void (*head)(void *user, int status, const struct http_field *fields, int n,
                 int64_t length);
    /* Copied. false: no more until request_drained. */
    bool (*chunk)(void *user, str bytes);
    void (*done)(void *user, enum outcome outcome);
};

#endif
