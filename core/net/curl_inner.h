/*
** curl_inner.h -- what the files behind curl.h share. Private to them.
**
**     curl.c           the engine: libcurl's multi on the world's loop
**     curl_transfer.c  one request through an easy handle
*/
#ifndef NET_CURL_INNER_H
#define NET_CURL_INNER_H

#include <curl/curl.h>
#include <ev.h>

#include "base/buf.h"
#include "net/transport.h"
#include "net/world.h"
#include "wire/reply_head.h"

/* Body bytes handed up at a time, at most. */
#define CURL_GATHERED_MAX (64 * 1024)

struct transfer;

/* One per world. */
struct engine {
    struct transport base;
    struct world *world;
    struct ev_loop *loop;
    CURLM *multi;
    CURLSH *share;       /* TLS sessions, which handles do not keep for long */
    struct watch *idle;  /* of connections that wait to be used again */
    struct timer timer;  /* libcurl's one timeout */
    struct timer crutch; /* looks after sockets that go unwatched */
    struct transfer *todo; /* to be added, removed or let go on */
    struct transfer *live; /* made and not yet retired */
    struct transfer *kept; /* unused; they know a target */
    int kept_n;
    int depth;      /* calls into libcurl we are in */
    bool reporting; /* done() is being called for finished transfers */
    /* Body bytes of one transfer on their way up: libcurl calls once per HTTP
    ** chunk, the exchange hears once per read. */
    struct transfer *gathering;
    struct buf gathered;
};

/* An easy handle and the exchange it serves. The engine owns it. */
struct transfer {
    struct engine *engine;
    struct exchange *x; /* NULL once ended or cancelled */
    CURL *easy;
    char *url;             /* where it went last; NULL = nowhere */
    CURLU *target;         /* the same, parsed */
    struct transfer *next; /* in todo or kept */
    struct transfer *live_next, **live_at;
    bool doomed;               /* to be ended by a start_over */
    struct curl_slist *fields; /* one block: nodes, then their text */
    struct reply_head head;
    struct http_body chunks; /* of a reply in chunks */
    bool listed;             /* in todo */
    bool added;              /* in the multi */
    bool connected, headed;
    bool paused; /* wanted */
    bool held;   /* libcurl holds bytes back until told to go on */
    bool judged; /* `end` was decided in a callback */
    enum exchange_end end;
    const char *why; /* for the log, instead of libcurl's text; may be NULL */
    char error[CURL_ERROR_SIZE];
};

/* A transfer ready to be added to the multi; NULL when there is no memory. */
struct transfer *curl_transfer_new(struct engine *e, struct exchange *x);

/* Hand up what was gathered. */
void curl_transfer_flush(struct engine *e);

/* It serves nobody any more: take it out of the multi, keep its target. */
void curl_transfer_retire(struct transfer *t);

/* Free those kept. */
void curl_transfer_free_kept(struct engine *e);

/* Decide how it ends, before libcurl says so; `why` is for the log. */
void curl_transfer_judge(struct transfer *t, enum exchange_end end,
                         const char *why);
/* Close a connection's socket, for libcurl. */
int curl_socket_close(void *engine, curl_socket_t fd);

/* Tell the exchange its end, and retire the transfer. */
void curl_transfer_finish(struct transfer *t, CURLcode code);

#endif
