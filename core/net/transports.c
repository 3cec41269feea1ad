/*
** transports.c -- which transport carries an exchange.
**
** Plain text has no use for libcurl, and costs half without. libcurl brings two
** megabytes of TLS with it, so it is not there before it is needed.
*/
#include "net/transports.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/curl.h"
#include "net/plain/plain.h"
#include "net/sim.h"

struct transports {
    struct transport base;
    struct world *world;
    struct ev_loop *loop;
    struct transport *plain, *sim;
    struct transport *curl; /* NULL until it is needed */
};

/* NULL when there is no memory. */
static struct transport *curl_of(struct transports *t)
{
    if (t->curl == NULL)
        curl_transport_open(&t->curl, t->world, t->loop);
    return t->curl;
}

static int start(struct transport *transport, struct exchange *x)
{
    struct transports *t = (struct transports *)transport;
    x->via = x->sim != NULL ? t->sim : plain_carries(x) ? t->plain : curl_of(t);
    return x->via != NULL ? exchange_start(x->via, x) : ERR_MEMORY;
}

static void cancel(struct transport *t, struct exchange *x)
{
    (void)t;
    exchange_cancel(x->via, x);
}

static void pause_reading(struct transport *t, struct exchange *x)
{
    (void)t;
    exchange_pause(x->via, x);
}

static void resume(struct transport *t, struct exchange *x)
{
    (void)t;
    exchange_resume(x->via, x);
}

static const struct transport_ops ops = {start, cancel, pause_reading, resume};

int transports_open(struct transport **out, struct world *w,
                    struct ev_loop *loop)
{
    struct transports *t = mem_zero(sizeof *t);
    if (t == NULL)
        return ERR_MEMORY;
    *t = (struct transports){.base.ops = &ops, .world = w, .loop = loop};
    int rc = plain_open(&t->plain, w, loop);
    if (rc == 0)
        rc = sim_open(&t->sim, w);
    if (rc != 0)
        transports_close(&t->base);
    else
        *out = &t->base;
    return rc;
}

void transports_close(struct transport *transport)
{
    struct transports *t = (struct transports *)transport;
    if (t == NULL)
        return;
    sim_close(t->sim);
    curl_transport_close(t->curl);
    plain_close(t->plain);
    mem_free(t);
}
