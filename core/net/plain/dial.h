/*
** dial.h -- from a host and a port to a connected socket.
**
** All addresses of a name are tried in turn: the next one when one fails, or
** has said nothing for 200 ms; then both go on, and whichever is there first
** wins (RFC 8305). No other timeout: who dials has one.
*/
#ifndef NET_PLAIN_DIAL_H
#define NET_PLAIN_DIAL_H

#include "net/plain/names.h"
#include "net/world.h"

struct ev_loop;
struct dial;

/* Why there is no socket. */
enum dial_end { DIAL_OK, DIAL_RESOLVE, DIAL_CONNECT, DIAL_MEMORY };

/* Who dials, and what he is told: once, maybe before dial_start returns. The
** socket is his if end is DIAL_OK; `why` is for the log, and borrowed. */
struct dialler {
    struct world *world;
    struct ev_loop *loop;
    struct names *names;
    void (*told)(void *user, int fd, enum dial_end end, const char *why);
    void *user;
};

/* Begin. While it is under way *where points to it. */
void dial_start(const struct dialler *who, str host, int port,
                struct dial **where);

/* Give up. NULL is fine. */
void dial_cancel(struct dial *d);

#endif
