/*
** server_inner.h -- a server, as the files behind server.h see it. Private.
**
**     server.c  accepting, the end of a turn, drain
**     listen.c  an address becomes listening sockets
**     conn.h    and the files it names: a connection
*/
#ifndef NET_SERVER_INNER_H
#define NET_SERVER_INNER_H

#include <ev.h>

#include "net/http/server.h"

struct listener {
    struct listener *next;
    struct server *server;
    ev_io io;
};

struct server {
    struct world *world;
    struct ev_loop *loop;
    const struct server_handler *handler;
    void *user;
    struct hold *hold, unlimited; /* the first may point to the other */
    struct server_limits limits;
    struct listener *listeners;
    struct timer pause; /* no descriptors left: accept again then */
    struct conn *conns; /* all but the dead */
    int conns_n;
    struct conn *dirty, *dirty_last;
    struct later settle; /* the end of a turn */
    bool join;           /* listen beside others */
    bool accepting, draining, closed;
    bool sweep;  /* close what idles when the turn ends */
    int lost_fd; /* an epoll set of half-closed connections */
    ev_io lost;
    struct http_head *head; /* the one being looked at */
    char *scratch;          /* CONN_SCRATCH bytes, for one read */
    int64_t date_second;    /* what `date` says */
    char date[96];          /* "Date: ...\r\n" */
};

/* listen.c */

/* Call each(server, fd) for every socket that the address opens; see
** server_listen. */
int listen_on(struct server *s, str address, int *port, const char **why,
              int (*each)(struct server *, int fd));

/* server.c */

/* The end of this turn shall look at it. */
void conn_dirty(struct conn *c);

/* A place has become free. */
void server_place_free(struct server *s);

/* Hear of it when this half-closed connection is reset. */
void server_watch_reset(struct server *s, struct conn *c);

/* Do not: closing alone would not do while a forked child has it open. */
void server_unwatch_reset(struct server *s, struct conn *c);

#endif
