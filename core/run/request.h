/*
** request.h -- one client request, from its whole body to its last byte.
**
**     open -> run (the policy, waits, calls) -> answer -> finish: endings
**
** A request owns an arena, its attempts, its strands and a list of endings, each of
** which runs exactly once whoever ends it: the client, the upstream, a timeout or a
** shutdown. What it says goes to a sink: a socket and an embedding program look alike.
**
** Structs of ended requests are kept and used again, never freed before the
** runtime is: Lua may hold a stale pointer, and `serial` tells that it is.
*/
#ifndef RUN_REQUEST_H
#define RUN_REQUEST_H

#include <lua.h>

#include "net/call/call.h"
#include "run/quota.h"
#include "run/runtime.h"
#include "run/sink.h"
#include "run/strand/strand.h"
#include "store/keys/client_key.h"
#include "wire/dialect.h"
#include "wire/json.h"

/* Run once when the request ends. Embed it or take it from the arena. */
struct ending {
    void (*run)(struct ending *, struct request *);
    struct ending *next; /* private */
};

/* A lasting failure: the same target would fail on the same content again. */
struct scar {
    struct scar *next;
    const struct provider *provider;
    str model;
    uint64_t content;
};

struct request {
    struct request *next, **at; /* in runtime.live; next in runtime.spare */
    uint64_t serial;            /* changes when the struct is used again */
    struct runtime *rt;
    struct generation *gen;
    struct arena arena;
    struct sink sink;
    /* As it came; texts lie in `memory` or in the arena. */
    char *memory;
    str body;
    struct json root;
    struct bound_seen seen; /* what the body may take, once it was asked */
    struct http_field *fields;
    int fields_n;
    str id, model, user, session, feature;
    const struct client_key *key; /* the client's, in the arena; or NULL */
    struct request_job *job;      /* it is one, run later; or NULL */
    str job_told;                 /* the job that its client was told of */
    str hops; /* gateways it came through, as a Via field; mostly absent */
    struct asked asked;
    const struct dialect *dialect; /* what the client speaks */
    /* What happened. */
    nanos started, deadline, first, ended;
    nanos lua;          /* spent in the policy, for the log */
    nanos charged;      /* of its processor time */
    int64_t heap;       /* bytes of Lua's heap that it took in its turns */
    size_t heap_before; /* how large that was when the turn began */
    nanos inside;       /* spent in Perilune, up to `entered` */
    nanos entered;      /* 0 = not inside now */
    int status;         /* sent to the client; 0 = nothing yet */
    enum outcome outcome;
    struct step *steps, **last_step;
    int steps_n, attempts, logged; /* the last by p.log */
    struct scar *scars;
    struct quota quotas[QUOTA_UNITS]; /* of the limits it came through */
    struct purse *purses;     /* the budgets it has met, bind/budget/budget.h */
    struct call *answer;      /* the call whose reply is the answer */
    const char *policy_error; /* the policy raised; text in the arena */
    struct ending *endings;
    /* The policy's strands. */
    struct strand main;
    struct strand *branches, *spare_branches;
    int branches_n; /* those that are not cancelled */
    int forked;     /* in all */
    bool keying;    /* it runs p.idempotent's key */
    bool rescued;   /* it runs p.rescue's ladder */
    bool doomed;    /* a strand was stopped from inside the hook */
    /* The reply on its way. */
    struct reader relay;
    struct filtering *filtering; /* what it goes through, or NULL */
    struct buf filtered;         /* and what comes out there */
    struct buf gathered;         /* text of a reply on its way to Lua */
    struct once *once;           /* it is to be run once; or NULL */
    bool sorry;                  /* what is said is an apology */
    bool stopping;               /* what is said now is said because we stop */
    bool over;
};

/* A new request of this runtime under its policy in force (which must be
** there). NULL when there is no memory. */
struct request *request_open(struct runtime *rt, struct generation *gen,
                             const struct sink *sink);

/* Begin the policy, if its key's limits allow. It may be over when this returns. */
void request_run(struct request *r);

/* The sink can take more. */
void request_drained(struct request *r);

/* End it now: OUTCOME_CLIENT_GONE or OUTCOME_SHUTDOWN. The policy's wait never
** returns; its closing variables run; every call is cancelled. */
void request_stop(struct request *r, enum outcome outcome);

/* Run the endings and let everything go; sink.done is called. */
void request_finish(struct request *r, enum outcome outcome);

/* Have this run when the request ends, the latest first. */
void request_on_end(struct request *r, struct ending *ending);

/* Remember a failure as the request's: its main strand's req.fault, and what
** the log tells. Texts must live as long as the request. */
void request_fault(struct request *r, const struct fault *fault);

/* Time spent in Perilune itself: from here ... to here. Nested pairs count
** once. True when it was the outermost entry; hand it to request_leave. */
bool request_enter(struct request *r);
void request_leave(struct request *r, bool outermost);
nanos request_inside(const struct request *r);

/* The request whose coroutine this is, or NULL (while the policy loads). */
static inline struct request *request_of(lua_State *L)
{
    const struct strand *s = strand_of(L);
    return s != NULL ? s->request : NULL;
}

#endif
