/*
** call.h -- one attempt at an upstream, and the source its reply flows from.
**
**   queued -> connecting -> asked -> committed -> ended
**                 |           |          |
**                 '-----------'----------'--> ended, with a fault
**
** A call is *committed* when its whole reply is there or, for a stream, its
** first token: until then another rung may take over. What came so far is
** held, so that any number of readers may attach and each sees every byte
** from the start, in whole events, until call_seal says that nobody else
** will. A reader that is paused pauses the upstream.
**
** Counted: whoever keeps a pointer holds a reference. The timers (connect,
** first, idle, total, deadline) are here, for every transport alike.
*/
#ifndef NET_CALL_H
#define NET_CALL_H

#include "base/arena.h"
#include "base/hold.h"
#include "meter/target.h"
#include "net/call/call_ration.h"
#include "net/call/fault.h"
#include "net/call/question.h"
#include "net/call/reader.h"
#include "net/transport.h"
#include "net/world.h"
#include "wire/bound.h"
#include "wire/hints.h"

enum call_state {
    CALL_QUEUED,
    CALL_CONNECTING,
    CALL_ASKED,
    CALL_COMMITTED,
    CALL_ENDED
};

struct call {
    int refs;
    enum call_state state;
    struct question ask;
    struct fault fault; /* kind FAULT_NONE while all is well */
    struct tap tap;     /* what was learnt of the reply */
    int status;         /* the upstream's, 0 before its head */
    int key;            /* of the provider's keys: its number */
    struct hints hints; /* what its head says of limits */
    bool dropped, cut;  /* by us; by `total` or `past`: fault.message says */
    bool past;          /* it went on past its bound, for certain */
    int64_t about;      /* tokens of its prompt, where nobody told: a guess */
    bool arrived;       /* it may have run at the upstream */
    bool ours;          /* the fault lies with us: no room, no memory */
    /* When, on the world's clock; 0 = not yet. */
    nanos started, sent, connected, first, ended;
    /* Private from here on. */
    struct arena arena;
    struct world *world;
    struct transport *transport;
    struct exchange exchange;
    bool exchanging, held_back; /* the exchange has not ended; is paused */
    struct lane_pass pass;
    struct call_ration ration;
    struct timer timer;
    nanos last_event, paused_since; /* idle counts from here; 0 = not paused */
    struct buf request;             /* the body sent */
    struct buf held;                /* what came so far, unless sealed */
    struct buf tail;          /* the unfinished event; or an error's body */
    bool sealed;              /* no further reader will attach */
    bool whole_wanted;        /* somebody waits for the end: do not pause */
    size_t share;             /* of the hold */
    str frame;                /* of its events, where `total` may cut it */
    bool event_stream, begun; /* it is one; its first event has been read */
    uint64_t relayed;         /* bytes passed on */
    struct reader *readers;
    struct watcher *watchers;
    struct call *linger_next, **linger_at;
};

/* Ask. One reference for the caller; NULL when there is no memory. It may
** already have ended when this returns (no key, body refused). */
struct call *call_start(struct world *world, const struct question *ask);

/* Take a reference, and give it back; the last one frees the call. */
void call_keep(struct call *c);
void call_release(struct call *c);

/* Stop it: the upstream sees a hang-up at once. Readers and watchers hear of
** no end. Nothing happens when it has ended. */
void call_cancel(struct call *c);

/* Hang up on all of the list, at the end of a runtime. */
void call_hang_up_all(struct call **lingering);

/* Is there a reply to flow, or to have flowed? */
static inline bool call_committed(const struct call *c)
{
    return c->state == CALL_COMMITTED ||
           (c->state == CALL_ENDED && c->fault.kind == FAULT_NONE);
}

/* Attach: the reader gets what is held, then what comes. Not after sealing. */
void call_attach(struct call *c, struct reader *r);
void call_detach(struct call *c, struct reader *r);

/* The reader cannot take more, or can again; the slowest sets the pace. */
void reader_pause(struct call *c, struct reader *r, bool paused);

/* Nobody else will attach: what is held may go. */
void call_seal(struct call *c);

/* Everything will be wanted: hold it all, up to the provider's max_reply. */
void call_want_whole(struct call *c);

/* What came so far (whole events, or the whole reply); not after sealing. */
str call_held(const struct call *c);

/* Hear of every change from now on; and no longer. */
void call_watch(struct call *c, struct watcher *w);
void call_unwatch(struct call *c, struct watcher *w);

#endif
