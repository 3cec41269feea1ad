/*
** plain.h -- the transport for upstreams that are spoken to in plain text.
**
** HTTP/1.1 over TCP and nothing else: a sidecar that adds TLS, a server of
** models on the same host or network. What needs TLS or HTTP/2 goes through
** libcurl (curl.h). The two promise the same: connections are pooled within a
** world, redirects are never followed, a request is never sent twice, and no
** proxy of the environment reads a key.
*/
#ifndef NET_PLAIN_H
#define NET_PLAIN_H

#include "net/transport.h"
#include "net/world.h"

struct ev_loop;

/* Its watchers do not keep `loop` alive. ERR_MEMORY. */
int plain_open(struct transport **out, struct world *w, struct ev_loop *loop);

/* All its exchanges must have ended or been cancelled, and the world have done
** what was to be done later. NULL is fine. */
void plain_close(struct transport *t);

/* Is this exchange one for us: a plain http url with neither user nor
** anything that would have to be escaped, and HTTP/2 not asked for? */
bool plain_carries(const struct exchange *x);

#endif
