/*
** recording.h -- a sink that remembers what a client is told.
**
**     request --> [recording] --> the client's sink
**                      \--> an answer to keep, if it is worth it
**
** It lies in its request's arena; what it gathers is on the heap until done.
*/
#ifndef RUN_IDEMPOTENCY_RECORDING_H
#define RUN_IDEMPOTENCY_RECORDING_H

#include "run/idempotency/repeats.h"
#include "run/request.h"

struct recording {
    struct request *request;
    struct repeats *repeats;
    struct sink to;
    struct buf body;
    size_t share; /* of what may be recorded */
    str model;
    int status;
    bool stream;
    const char *lost; /* why it is not recorded any more; or NULL */
    /* Once, before the client is told that it is done: what there is to keep,
    ** lent; or NULL. */
    void (*ended)(struct recording *, const struct idem_answer *answer);
};

/* Record what this request says from now on. */
void recording_begin(struct recording *rec, struct request *r,
                     struct repeats *repeats);

#endif
