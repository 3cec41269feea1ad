/*
** transport.h -- one request to an upstream and the bytes that come back.
**
**     start -> connected -> head -> body* -> done        (each in this order;
**                 \___________________________/           done exactly once)
**
** Three things implement it: plain/ (HTTP/1.1 in plain text), curl.c (TLS and
** HTTP/2, on libcurl) and sim.c (an upstream made of arithmetic), which
** virtual/upstreams.c puts in the place of all others in a simulated world. They
** hand up a status, headers and body bytes, so whoever sits above cannot tell
** which one it is. No timers live here: the caller has them all and calls
** exchange_cancel.
**
** An exchange is embedded in its owner (the upstream call). Callbacks run on
** the owner's thread, from the loop, never from inside exchange_start. From
** within a callback everything here may be called; after exchange_cancel
** none comes any more.
*/
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include "base/nanos.h"
#include "base/str.h"
#include "wire/http.h"

struct exchange;
struct transport;

/* Why an exchange ended. */
enum exchange_end {
    EXCHANGE_OK,        /* the reply is whole, by its framing */
    EXCHANGE_RESOLVE,   /* the name did not resolve */
    EXCHANGE_CONNECT,   /* no connection: refused, unreachable, TLS */
    EXCHANGE_UNTRUSTED, /* nobody vouches for the upstream's certificate */
    EXCHANGE_CLOSED,    /* connected, then closed without a reply */
    EXCHANGE_BROKEN,    /* closed or failed inside the reply */
    EXCHANGE_PROTOCOL,  /* what came back is not HTTP we accept */
    EXCHANGE_LIMIT,     /* header section past its limit */
    EXCHANGE_MEMORY     /* we had no memory for it */
};

struct exchange_events {
    /* The connection stands and the request is about to be written: from now
    ** on it may have run at the upstream. */
    void (*connected)(struct exchange *);
    /* The request is written and its body borrowed no longer. Not every
    ** transport knows, so it may not come; nor need anybody hear (NULL). */
    void (*sent)(struct exchange *);
    /* The final status (1xx are swallowed) and the header fields, borrowed
    ** until the callback returns. */
    void (*head)(struct exchange *, int status, const struct http_field *,
                 int n);
    /* Some bytes of the body, decoded from their transfer coding; borrowed. */
    void (*body)(struct exchange *, str bytes);
    /* The end. `detail` is text for the log, without secrets; borrowed. */
    void (*done)(struct exchange *, enum exchange_end end, str detail);
};

struct exchange {
    const struct exchange_events *events;
    /* The request; borrowed until done or cancel, the body maybe shorter. */
    const char *url; /* absolute, zero-terminated */
    const struct http_field
        *headers; /* the complete set but Host, Content-Length */
    int headers_n;
    str body;        /* always sent as POST */
    bool http2;      /* ask for HTTP/2 (TLS only) */
    const void *sim; /* a struct sim_script when the upstream is simulated */
    str provider, model; /* who is asked for what; for a simulated world */
    /* Private to the transport, or to the one that chooses among several. */
    void *impl;
    struct transport *via;
};

struct transport_ops {
    int (*start)(struct transport *, struct exchange *);
    void (*cancel)(struct transport *, struct exchange *);
    void (*pause)(struct transport *, struct exchange *);
    void (*resume)(struct transport *, struct exchange *);
};

struct transport {
    const struct transport_ops *ops;
};

/* Is there a header field of that name, in any case? */
bool exchange_has(const struct exchange *x, str name);

/* Can this be sent at all: an http or https url, header fields that are
** fields, and none that speaks of framing? */
bool exchange_sendable(const struct exchange *x);

/* Begin. 0, or ERR_MEMORY / ERR_INPUT (then no callback comes). */
static inline int exchange_start(struct transport *t, struct exchange *x)
{
    return t->ops->start(t, x);
}

/* Stop at once and close what it used; no callback comes any more. */
static inline void exchange_cancel(struct transport *t, struct exchange *x)
{
    t->ops->cancel(t, x);
}

/* Stop reading from the upstream; a few bytes already read may still come. */
static inline void exchange_pause(struct transport *t, struct exchange *x)
{
    t->ops->pause(t, x);
}

/* Read again. Bytes may come before this returns. */
static inline void exchange_resume(struct transport *t, struct exchange *x)
{
    t->ops->resume(t, x);
}

#endif
