/*
** curl.h -- the transport that reaches real upstreams, over libcurl.
**
** One curl multi per world, on the world's own loop: connections are pooled
** and reused within it and shared with no other. TLS is always verified,
** redirects are never followed, and a request is never sent twice.
*/
#ifndef NET_CURL_H
#define NET_CURL_H

#include "net/transport.h"
#include "net/world.h"

struct ev_loop;

/* Its watchers do not keep `loop` alive. ERR_MEMORY or ERR_SYSTEM. */
int curl_transport_open(struct transport **out, struct world *w,
                        struct ev_loop *loop);

/* All its exchanges must have ended or been cancelled. NULL is fine. */
void curl_transport_close(struct transport *t);

#endif
