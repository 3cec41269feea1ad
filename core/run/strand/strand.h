/*
** strand.h -- one line of a policy's run: a coroutine, and what it waits for.
**
**     main ----- fork ------------- join -----> answer
**                  \__ branch 1 ---'
**                  \__ branch 2 ------- cancelled
**
** Every request has its main strand; p.race and p.hedge add branches, each
** with a coroutine of its own. A branch sees what went before it, and what it
** does stays in it until its parent keeps it. All strands of a request are
** charged to the request, and end with it.
**
** The main strand lies in its request, branches in the request's arena; those
** that are over are used again.
*/
#ifndef RUN_STRAND_H
#define RUN_STRAND_H

#include <lua.h>

#include "net/call/call.h"

struct attached;
struct request;

enum strand_state {
    STRAND_NONE,      /* no coroutine */
    STRAND_RUNNING,   /* in its turn */
    STRAND_WAITING,   /* it has yielded, or has not begun */
    STRAND_ENDED,     /* a branch; its result lies on its stack */
    STRAND_JOINED,    /* a branch; its parent took the result */
    STRAND_CANCELLED, /* a branch; its closing variables are to run */
};

/* What is to be given back when who waits for it is cancelled. Embed it. */
struct parting {
    void (*run)(struct parting *);
};

struct strand {
    struct request *request;
    enum strand_state state;
    lua_State *co;
    int co_ref;
    int arguments;  /* on its stack, for its first turn */
    bool unwinding; /* its closing variables run */
    bool woken;     /* in runtime.woken */
    struct strand *woken_next;
    /* What it waits for. */
    struct watcher watcher;
    struct call *watched;
    struct timer timer;
    struct parting *parting; /* NULL: nothing is to be given back */
    /* What it sees: the last failure, kind NONE at first. */
    struct fault fault;
    bool failed; /* since it began */
    /* The budgets its calls are charged to, the latest first. What a branch
    ** adds stands before what it has from its parent, who does not see it. */
    const struct attached *budgets;
    int undecided; /* gates of budgets that came to no end: nothing is paid */
    /* Of a branch. */
    struct strand *parent; /* NULL: the main strand, or nobody waits for it */
    struct strand *next;   /* in request.branches or request.spare_branches */
    int number;            /* of the request's, from 1 */
    bool extra;  /* what it asks is asked on top: a hedge (and its branches) */
    bool spared; /* the retry budget did not let it ask */
    int status;  /* how it ended: LUA_OK or LUA_ERRRUN */
};

/* The strand whose coroutine this is, or NULL (while the policy loads). */
static inline struct strand *strand_of(lua_State *L)
{
    return *(struct strand **)lua_getextraspace(L);
}

/* Remember a failure as this strand's req.fault. Texts must live as long as
** the request. */
static inline void strand_fault(struct strand *s, const struct fault *fault)
{
    s->fault = *fault;
    s->failed = true;
}

#endif
