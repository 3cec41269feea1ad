/*
** server.h -- listening sockets and client connections.
**
**     listener --accept--> conn: read head -> read body -> on_request
**                            ^                               |
**                            '---- next request <--- conn_end'
**
** A conn carries one exchange at a time; pipelined requests wait in its
** buffer. What the handler writes is gathered and leaves in one write per
** turn of the loop. When more than `high_water` bytes wait for a slow client,
** conn_write says false; on_drained says when to go on.
**
** Refusals that need no policy (bad framing, a body too large, a header
** flood, a timeout) are answered here, in the OpenAI error shape.
**
** conn_* may be called from within every callback, and server_close from
** within none. No callback comes from inside conn_* or server_drain.
*/
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/hold.h"
#include "net/transport.h"
#include "net/world.h"
#include "wire/http.h"

struct ev_loop;
struct server;
struct conn;

/* Limits; zero means the default in brackets. */
struct server_limits {
    size_t max_body;      /* bytes of a request body [64 MiB] */
    size_t high_water;    /* unsent bytes that pause a source [64 KiB] */
    size_t low_water;     /* and that let it go on [16 KiB] */
    nanos header_timeout; /* first byte to end of head [10 s] */
    nanos idle_timeout;   /* between requests [75 s] */
    nanos body_grace;     /* between looks at a body's rate [10 s] */
    int64_t body_rate;    /* bytes per second, over each such time [1,024] */
    nanos write_timeout;  /* a client that takes no byte for so long [60 s] */
    int max_conns;        /* connections at a time [10,000]; see SERVER_SPARE */
};

/* Connections over max_conns that are taken in all the same, for one request:
** so that health is answered and others are refused at once, in words. Who
** comes after those waits in the system's queue. */
#define SERVER_SPARE 64

/* A whole request, as it is handed over. */
struct incoming {
    const struct http_head *head; /* until the callback returns; its texts
                                  ** point into `memory` */
    str body;                     /* points into `memory` */
    char *memory;                 /* taken over by the handler; mem_free it */
    bool crowded; /* there are more than max_conns, and this is one of them */
};

/* What could not be read, or came too slowly, and how it is answered. */
struct refused {
    int status;
    const char *code, *message; /* as the client is told */
    nanos took;                 /* since it began */
    char id[64];                /* for the handler to fill in: how its log calls
                                ** it; the client is told */
};

struct server_handler {
    /* A request is there. The handler owns in->memory from now on. It must
    ** answer by conn_head .. conn_end, or conn_abort, now or later. Returns
    ** what the other callbacks are given as `exchange`. */
    void *(*on_request)(void *user, struct conn *c, struct incoming *in);
    /* The client left, or took nothing for write_timeout, before conn_end;
    ** the conn is gone already, do not use it. */
    void (*on_gone)(void *user, void *exchange);
    /* conn_write had said false; now at most low_water bytes wait. */
    void (*on_drained)(void *user, void *exchange);
    /* A request is refused here and the connection ends with it: to be logged
    ** and counted. conn_peer may be asked of c, and nothing else. */
    void (*on_refused)(void *user, struct conn *c, struct refused *what);
    /* Asked before a large body is read: false refuses it with a 503. NULL:
    ** they are all read. */
    bool (*admits)(void *user, bool crowded);
};

/* What a server is opened with; all of it outlives the server. */
struct server_setup {
    struct world *world;
    struct ev_loop *loop;
    const struct server_limits *limits;
    const struct server_handler *handler;
    void *user;        /* handed to the handler */
    struct hold *hold; /* what is held of bodies; NULL = without a limit */
    bool join;         /* listen beside others that did before */
};

/* A server without listeners. ERR_MEMORY, ERR_SYSTEM. */
int server_open(struct server **out, const struct server_setup *setup);

/* Close all listeners and connections at once (on_gone is called). A `later`
** may still be queued, so the world must run those before it is closed. NULL
** is fine. */
void server_close(struct server *s);

/* Listen on "host:port", "[v6]:port", ":port" or "port" (the last two on all
** addresses, IPv6 and IPv4). Port 0 takes a free one; *port tells which.
** Several servers may listen on the same address (SO_REUSEPORT), all but the
** first opened to `join`. ERR_INPUT for a malformed address, ERR_SYSTEM,
** ERR_MEMORY, ERR_STATE after server_drain; *why is a static text. */
int server_listen(struct server *s, str address, int *port, const char **why);

/* Stop accepting, close idle connections; the others close after their reply.
** server_busy says how many are left; they go in later turns of the loop. */
void server_drain(struct server *s);
int server_busy(const struct server *s);

/* Begin a reply. length < 0: unknown, sent chunked (closed at its end for
** HTTP/1.0). Date, Connection, Content-Length / Transfer-Encoding are added
** here and dropped from `headers`, as is what may not stand in a header. A
** reply to HEAD, and a 204 or 304, sends no body bytes. */
void conn_head(struct conn *c, int status, const struct http_field *headers,
               int n, int64_t length);

/* Body bytes, copied. true: go on; false: wait for on_drained. What exceeds
** the length that was announced is dropped. */
bool conn_write(struct conn *c, str bytes);

/* The reply is whole. `c` must not be used afterwards. A body shorter than
** announced is cut off as by conn_abort. */
void conn_end(struct conn *c);

/* Give the reply up: the connection is closed without a proper end, so that
** the client sees a truncated message. `c` must not be used afterwards. */
void conn_abort(struct conn *c);

/* Bytes that wait for the client. */
size_t conn_waiting(const struct conn *c);

/* The client speaks HTTP/1.0: it understands no chunks and no interim reply. */
bool conn_is_http10(const struct conn *c);

/* The client's address in text, without port, written into `to`. */
#define CONN_PEER 48
str conn_peer(const struct conn *c, char to[CONN_PEER]);

#endif
