/*
** conn.h -- a client connection, as the files behind server.h see it. Private.
**
**     conn.c        a connection's life: states, timer, closing
**     conn_read.c   bytes become requests
**     conn_write.c  replies become bytes
**     refuse.c      what is answered without asking anybody
**
**     HEAD -> BODY -> WAITING -> REPLYING -> ENDED -> HEAD ...
**       '-------'------- refused ---------.     |
**                                         v     v
**                       ABORTED -> DEAD <- CLOSING
**
** A conn that closed is DEAD and goes when the turn ends, as somebody up the
** stack may hold it. What the turn's end must see to is said by conn_dirty.
*/
#ifndef NET_CONN_H
#define NET_CONN_H

#include <netinet/in.h>
#include "net/http/server_inner.h"

#define CONN_SCRATCH  ((size_t)64 * 1024) /* read at once */
#define CONN_PIPELINE ((size_t)64 * 1024) /* held behind a request */
#define CONN_IN_MAX   (HTTP_MAX_HEAD + CONN_PIPELINE + CONN_SCRATCH)
#define CONN_OUT_MAX  ((size_t)1 << 30)
#define CONN_LINGER   NANOS_S            /* for the client to read the end */
#define CONN_PROBE    (200 * NANOS_MS)   /* after its end: is it still there? */
#define CONN_ALWAYS   ((size_t)4 * 1024) /* has room when nothing else has */
#define CONN_UNSENT   (128 * 1024)       /* the system holds, unsent */

enum conn_state {
    CONN_HEAD,     /* between requests, or inside a head */
    CONN_BODY,     /* inside a body */
    CONN_WAITING,  /* the handler has the request */
    CONN_REPLYING, /* conn_head was called */
    CONN_ENDED,    /* the reply is whole, and leaves */
    CONN_CLOSING,  /* the last bytes leave; what comes is thrown away */
    CONN_ABORTED,  /* what can leave at once does, then it closes */
    CONN_DEAD
};

/* A chunked body on its way; only while there is one. */
struct chunks {
    struct http_body framing;
    struct buf whole; /* the head, and the decoded body so far */
};

struct conn {
    struct server *server;
    struct conn *next, *prev, *dirty_next;
    ev_io io;
    struct timer timer;
    nanos since; /* what the state's timeout counts from */
    enum conn_state state;
    int events;     /* watched for */
    bool eof;       /* the client sends no more */
    bool broken;    /* sending failed */
    bool blocked;   /* the socket takes no more for now */
    bool paused;    /* conn_write said false */
    bool shut;      /* our end is said */
    bool dirty;     /* in the list of the turn's end */
    nanos probe_at; /* it said its end: find out then whether it left */
    bool spare;     /* it came when there were max_conns already */
    /* The request. */
    nanos began; /* when it began to come, */
    bool begun;  /* and some is there */
    bool http10, is_head, keep_alive;
    size_t head_len;
    size_t need;    /* bytes of head and body, if not chunked */
    size_t weighed; /* bytes of the body at the last look at its rate */
    struct chunks *chunks;
    struct buf in;      /* what was read and not handed over */
    size_t lent, share; /* handed over until the reply is whole; of the hold */
    /* The reply. */
    bool chunked, bodyless, events_out;
    bool between;    /* whole events were written so far */
    bool chunk_open; /* the last thing in `out` is a chunk without its size */
    size_t chunk_at; /* and this is where it begins */
    int64_t left;    /* body bytes still due; -1 = unknown */
    struct buf out;
    size_t sent;   /* of out */
    size_t thrown; /* bytes thrown away while closing */
    void *exchange;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

/* conn.c */

/* Take over a connected socket; it is closed when there is no memory. The
** peer's address stands in from. */
void conn_open(struct server *s, int fd, const struct sockaddr *from);

/* Close it; nobody is told. */
void conn_close(struct conn *c);

/* It is gone: close it and tell the handler, if it waits for this conn. */
void conn_lost(struct conn *c);

/* Nothing more will be answered here: say our end when all is sent, then
** throw away what comes until the client says its. */
void conn_linger(struct conn *c);

/* Too many connections, of which this is one too many? */
bool conn_crowded(const struct conn *c);

/* Watch for what the state wants, and see to the timer. */
void conn_watch(struct conn *c);

/* Send what waits, and do what follows from that. */
void conn_settle(struct conn *c);

/* A request is with the handler. */
static inline bool conn_outstanding(const struct conn *c)
{
    return c->state == CONN_WAITING || c->state == CONN_REPLYING;
}

/* conn_read.c */

/* Read once, and act on it. */
void conn_readable(struct conn *c);

/* Let go of everything read. */
void conn_forget(struct conn *c);

/* Begin with the next request, of which `in` may hold something. */
void conn_next(struct conn *c);

/* conn_write.c */

/* Send what waits, as much as the socket takes: sets blocked or broken. */
void conn_send(struct conn *c);

/* An interim reply: 100 Continue. */
void conn_interim(struct conn *c);

/* Something harmless, so that a client that is gone answers with a reset. */
void conn_probe(struct conn *c);

/* refuse.c */

/* Answer the request that is being read with this status, then close. */
void conn_refuse(struct conn *c, int status);

#endif
