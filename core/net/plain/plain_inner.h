/*
** plain_inner.h -- what the files behind plain.h share. Private to them.
**
**     plain.c        the transport: who gets which connection
**     plain_conn.c   a connection's life: dialled, asked, idle, dead
**     plain_send.c   the request, written
**     plain_reply.c  the reply, read
**     dial.c         from a host to a connected socket
**     names.c        the addresses of a host
**     plain_url.c    a url taken apart
**
**     STARTING -> DIALLING -> ASKED -> IDLE
**         ^  '------------------^       |        every arrow may lead
**         '-----------------------------'        to DEAD instead
*/
#ifndef NET_PLAIN_INNER_H
#define NET_PLAIN_INNER_H

#include <ev.h>

#include "net/plain/dial.h"
#include "net/plain/names.h"
#include "net/plain/plain.h"
#include "net/plain/plain_url.h"
#include "wire/reply_head.h"

#define PLAIN_READ ((size_t)64 * 1024) /* read at once */

/* One per world. */
struct plain {
    struct transport base;
    struct world *world;
    struct ev_loop *loop;
    struct names *names;
    struct origin *origins;
    int idle_n;
    /* Those to begin with, or to free, before the turn ends. */
    struct plain_conn *todo_first, *todo_last;
    struct later later;
    ev_prepare soon; /* never started, only fed: before the turn's end */
    bool closing;
    struct timer expiry; /* of connections that nobody has used for long */
    char *scratch;       /* PLAIN_READ bytes, for whoever is being read */
    struct buf text;     /* the head of a request, while it is written */
    struct buf decoded;  /* chunks of one read, without their coding */
};

/* One host and port, as long as there are connections to it. */
struct origin {
    struct origin *next;
    int conns;
    struct plain_conn *idle_first, *idle_last; /* the latest used first */
    str authority;                             /* kept behind this */
};

enum plain_state {
    PLAIN_STARTING, /* begins before the turn ends; may have a socket */
    PLAIN_DIALLING,
    PLAIN_ASKED, /* the request is being written, or the reply read */
    PLAIN_IDLE,
    PLAIN_DEAD
};

/* How the end of the body is known. */
enum plain_body { PLAIN_NONE, PLAIN_LENGTH, PLAIN_CHUNKS, PLAIN_TO_END };

struct plain_conn {
    struct plain *plain;
    struct origin *origin;
    struct exchange *x; /* while STARTING, DIALLING or ASKED */
    enum plain_state state;
    struct plain_conn *next, *prev; /* in origin's idle; `next` in todo */
    bool listed;                    /* in todo */
    ev_io io;                       /* fd is -1 without a socket */
    int events;                     /* watched for */
    nanos idle_since;
    struct dial *dial;
    /* The request. */
    struct plain_url url;
    struct buf unsent; /* what is left of its head */
    size_t sent;       /* bytes of its body */
    int send_error;    /* an errno: it cannot be sent, a reply may be there */
    /* The reply. */
    bool headed, paused;
    enum plain_body body;
    int64_t left; /* of PLAIN_LENGTH */
    struct reply_head head;
    struct buf line; /* of the head, one whose end has not come */
    struct http_body chunks;
};

/* plain.c */

/* Have it looked at before the turn ends: begun, or freed. */
void plain_list(struct plain_conn *c);

/* It has a socket and serves nobody: keep it for the next. */
void plain_keep(struct plain_conn *c);

/* It is kept no longer. */
void plain_take(struct plain_conn *c);

/* plain_conn.c */

/* A connection that STARTS without a socket; NULL when there is no memory. */
struct plain_conn *plain_conn_new(struct plain *p, struct origin *o);

/* It begins: ask at once, or dial. */
void plain_conn_begin(struct plain_conn *c);

/* Close it; nobody is told. It is freed before the turn ends. */
void plain_conn_close(struct plain_conn *c);

/* Watch for what its state wants. */
void plain_conn_watch(struct plain_conn *c);

/* Tell the exchange its end; keep the connection, or close it. `why` is for
** the log. */
void plain_conn_end(struct plain_conn *c, enum exchange_end end, str why);

/* The same for a connection that failed under the exchange. */
void plain_conn_fail(struct plain_conn *c, int error);

/* plain_send.c */

/* Write the request, or more of it. */
void plain_send(struct plain_conn *c);
void plain_send_more(struct plain_conn *c);

/* Is all of it written? */
bool plain_sent(const struct plain_conn *c);

/* plain_reply.c */

/* Read once, and act on it. */
void plain_read(struct plain_conn *c);

#endif
