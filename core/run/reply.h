/*
** reply.h -- what a policy may return.
**
** A *live* reply is an upstream call that has committed; its bytes may still
** be on their way. A *written* one was composed by the policy. In Lua both
** are userdata; these structs are what lies in them.
*/
#ifndef RUN_REPLY_H
#define RUN_REPLY_H

#include "run/request.h"

#define LIVE_TYPE    "perilune.reply"
#define WRITTEN_TYPE "perilune.written"

/* Dead once its request has ended: then request->serial differs. */
struct live {
    struct request *request;
    uint64_t serial;
    struct call *call;
    bool taken;            /* :each() hands it out piece by piece */
    size_t at;             /* how far :each() has come in call_held */
    struct filter *filter; /* p.filter's, or NULL */
};

enum written_kind {
    WRITTEN_SAY,
    WRITTEN_SORRY,
    WRITTEN_REFUSE,
    WRITTEN_FAQ,
    WRITTEN_QUEUED /* the text is a job's state; see p.queue */
};

struct written_reply {
    enum written_kind kind;
    int status;
    bool raw;      /* of a refusal: the text is the provider's error body */
    char code[48]; /* of a refusal */
    nanos wait;    /* of a refusal: before another attempt; 0: nobody knows.
                      Of what is queued: before it may be done */
    bool again;    /* of a refusal: the same client may ask once more */
    bool wished;   /* of what is queued: the client had asked for that */
    size_t len;
    char text[];
};

/* The call of a live reply whose request has not ended, or NULL. */
static inline struct call *live_call(const struct live *l)
{
    return l->request->serial == l->serial ? l->call : NULL;
}

/* Can it still be read or returned? Not once its request has ended, or its
** branch lost a race. */
static inline bool live_stands(const struct live *l)
{
    const struct call *call = live_call(l);
    return call != NULL && !call->dropped;
}

#endif
