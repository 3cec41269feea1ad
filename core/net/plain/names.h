/*
** names.h -- the addresses of a host's name.
**
** Numbers and "localhost" need nobody. Other names are looked up by the system,
** each on a thread of its own for as long as that takes, since a resolver may
** hang for half a minute and must delay neither other names nor the end of the
** world. An answer is remembered for a minute, as libcurl does.
**
** One owner, whose thread calls all of this.
*/
#ifndef NET_PLAIN_NAMES_H
#define NET_PLAIN_NAMES_H

#include <netinet/in.h>

#include "net/world.h"

#define NAMES_ADDRESSES 8 /* of one name */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* In the order in which they are to be tried; the ports are 0. */
struct addresses {
    int n;
    union address at[NAMES_ADDRESSES];
};

/* One who wants to know. Embed it; zero it. */
struct asker {
    /* The addresses, at least one, or NULL and why not; borrowed. */
    void (*told)(struct asker *, const struct addresses *, const char *why);
    struct asker *next, **at; /* private */
};

struct names;

/* ERR_MEMORY. */
int names_open(struct names **out, struct world *w);

/* Waits for no look-up. Nobody may be asking any more, and nothing that was
** posted to the world may still be run. NULL is fine. */
void names_close(struct names *n);

/* Ask; `a` is told once, maybe before this returns. */
void names_ask(struct names *n, str host, struct asker *a);

/* It is not told any more. One that does not ask is fine. */
void names_cancel(struct asker *a);

#endif
