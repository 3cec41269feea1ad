/*
** transports.h -- all the transports of the real world, as one.
**
** The exchange decides: a script goes to sim.c, a plain http url to plain/, and
** what needs TLS or HTTP/2 to libcurl.
*/
#ifndef NET_TRANSPORTS_H
#define NET_TRANSPORTS_H

#include "net/transport.h"
#include "net/world.h"

struct ev_loop;

/* ERR_MEMORY. */
int transports_open(struct transport **out, struct world *w,
                    struct ev_loop *loop);

/* All exchanges must have ended or been cancelled; nothing that was posted to
** the world, or left for later, may still be run. NULL is fine. */
void transports_close(struct transport *t);

#endif
