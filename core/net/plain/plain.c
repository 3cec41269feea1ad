/*
** plain.c -- the transport: who gets which connection.
**
** An exchange begins when the turn ends and not when it is started, so that
** none of its callbacks comes from inside exchange_start. Of the connections
** that wait for an origin the one used last is taken: the others grow old, and
** are closed when they have waited for long.
*/
#include "net/plain/plain_inner.h"

#include "base/err.h"
#include "base/mem.h"

#define IDLE_MOST 1024           /* connections kept, of all origins */
#define IDLE_AGE  (55 * NANOS_S) /* upstreams tend to close at 60 */

/* A body so large leaves as soon as the loop's present function has returned,
** while it is in the cache. With smaller ones it is cheaper to let the others
** of the turn come first: their peers are woken less often. */
#define LARGE_BODY (16 * 1024)

/* --- origins ----------------------------------------------------------------- */

/* The origin of that host and port, made if it is not there; NULL when there
** is no memory. */
static struct origin *origin_of(struct plain *p, const struct plain_url *t)
{
    struct origin *o = p->origins;
    while (o != NULL && !str_eq_nocase(o->authority, t->authority))
        o = o->next;
    if (o != NULL)
        return o;
    o = mem_zero(sizeof *o + t->authority.n);
    if (o == NULL)
        return NULL;
    memcpy(o + 1, t->authority.p, t->authority.n);
    o->authority = (str){(char *)(o + 1), t->authority.n};
    o->next = p->origins;
    p->origins = o;
    return o;
}

static void leave_origin(struct plain *p, struct origin *o)
{
    struct origin **at = &p->origins;
    if (o->conns > 0)
        return;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    mem_free(o);
}

/* --- connections that wait ---------------------------------------------------- */

void plain_take(struct plain_conn *c)
{
    struct origin *o = c->origin;
    *(c->prev != NULL ? &c->prev->next : &o->idle_first) = c->next;
    *(c->next != NULL ? &c->next->prev : &o->idle_last) = c->prev;
    c->next = c->prev = NULL;
    c->plain->idle_n--;
}

/* The one that has waited longest. */
static struct plain_conn *oldest(struct plain *p)
{
    struct plain_conn *c = NULL;
    for (struct origin *o = p->origins; o != NULL; o = o->next)
        if (o->idle_last != NULL &&
            (c == NULL || o->idle_last->idle_since < c->idle_since))
            c = o->idle_last;
    return c;
}

static void on_expiry(struct timer *t)
{
    struct plain *p =
        (struct plain *)((char *)t - offsetof(struct plain, expiry));
    nanos now = world_now(p->world);
    struct plain_conn *c;
    while ((c = oldest(p)) != NULL && c->idle_since + IDLE_AGE <= now)
        plain_conn_close(c);
    if (c != NULL)
        timer_start(p->world, &p->expiry, c->idle_since + IDLE_AGE);
}

void plain_keep(struct plain_conn *c)
{
    struct plain *p = c->plain;
    struct origin *o = c->origin;
    c->state = PLAIN_IDLE;
    c->idle_since = world_now(p->world);
    c->prev = NULL;
    c->next = o->idle_first;
    *(c->next != NULL ? &c->next->prev : &o->idle_last) = c;
    o->idle_first = c;
    if (++p->idle_n > IDLE_MOST)
        plain_conn_close(oldest(p));
    if (!timer_running(&p->expiry))
        timer_start(p->world, &p->expiry, c->idle_since + IDLE_AGE);
}

/* --- what the turn's end sees to ----------------------------------------------- */

void plain_list(struct plain_conn *c)
{
    struct plain *p = c->plain;
    if (c->listed)
        return;
    c->listed = true;
    c->next = NULL;
    *(p->todo_first != NULL ? &p->todo_last->next : &p->todo_first) = c;
    p->todo_last = c;
    if (!p->closing)
        world_later(p->world, &p->later);
}

static struct plain_conn *unlist(struct plain *p)
{
    struct plain_conn *c = p->todo_first;
    p->todo_first = c->next;
    c->next = NULL;
    c->listed = false;
    return c;
}

static void release(struct plain_conn *c)
{
    struct plain *p = c->plain;
    struct origin *o = c->origin;
    mem_free(c);
    o->conns--;
    leave_origin(p, o);
}

static void on_later(struct later *l)
{
    struct plain *p =
        (struct plain *)((char *)l - offsetof(struct plain, later));
    while (p->todo_first != NULL) {
        struct plain_conn *c = unlist(p);
        if (c->state == PLAIN_DEAD)
            release(c);
        else
            plain_conn_begin(c);
    }
}

/* Fed by start(), and invoked before whatever else is pending. */
static void on_soon(struct ev_loop *loop, ev_prepare *soon, int events)
{
    struct plain *p = soon->data;
    (void)loop, (void)events;
    on_later(&p->later);
}

/* --- the transport -------------------------------------------------------------- */

bool plain_carries(const struct exchange *x)
{
    struct plain_url t;
    return !x->http2 && plain_url_parse(x->url, &t);
}

static int start(struct transport *transport, struct exchange *x)
{
    struct plain *p = (struct plain *)transport;
    struct plain_url t;
    if (!exchange_sendable(x) || !plain_url_parse(x->url, &t))
        return ERR_INPUT;
    struct origin *o = origin_of(p, &t);
    if (o == NULL)
        return ERR_MEMORY;
    struct plain_conn *c = o->idle_first;
    if (c != NULL)
        plain_take(c);
    else if ((c = plain_conn_new(p, o)) == NULL) {
        leave_origin(p, o);
        return ERR_MEMORY;
    }
    c->state = PLAIN_STARTING;
    c->x = x;
    c->url = t;
    x->impl = c;
    plain_list(c);
    if (x->body.n >= LARGE_BODY)
        ev_feed_event(p->loop, &p->soon, EV_CUSTOM);
    return 0;
}

static void cancel(struct transport *transport, struct exchange *x)
{
    struct plain_conn *c = x->impl;
    (void)transport;
    if (c == NULL)
        return;
    x->impl = NULL;
    c->x = NULL;
    plain_conn_close(c);
}

static void set_paused(struct exchange *x, bool paused)
{
    struct plain_conn *c = x->impl;
    if (c == NULL || c->paused == paused)
        return;
    c->paused = paused;
    plain_conn_watch(c);
}

static void pause_reading(struct transport *transport, struct exchange *x)
{
    (void)transport;
    set_paused(x, true);
}

static void resume(struct transport *transport, struct exchange *x)
{
    (void)transport;
    set_paused(x, false);
}

static const struct transport_ops ops = {start, cancel, pause_reading, resume};

int plain_open(struct transport **out, struct world *w, struct ev_loop *loop)
{
    struct plain *p = mem_zero(sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    *p = (struct plain){.base.ops = &ops, .world = w, .loop = loop};
    p->later.run = on_later;
    p->expiry.fire = on_expiry;
    ev_prepare_init(&p->soon, on_soon);
    ev_set_priority(&p->soon, EV_MAXPRI);
    p->soon.data = p;
    buf_init(&p->text, SIZE_MAX / 2);
    buf_init(&p->decoded, PLAIN_READ);
    p->scratch = mem_alloc(PLAIN_READ);
    if (p->scratch == NULL || names_open(&p->names, w) != 0) {
        plain_close(&p->base);
        return ERR_MEMORY;
    }
    *out = &p->base;
    return 0;
}

void plain_close(struct transport *transport)
{
    struct plain *p = (struct plain *)transport;
    if (p == NULL)
        return;
    p->closing = true;
    ev_clear_pending(p->loop, &p->soon);
    for (struct plain_conn *c; (c = oldest(p)) != NULL;)
        plain_conn_close(c);
    on_later(&p->later);
    timer_stop(p->world, &p->expiry);
    names_close(p->names);
    buf_fini(&p->text);
    buf_fini(&p->decoded);
    mem_free(p->scratch);
    mem_free(p);
}
