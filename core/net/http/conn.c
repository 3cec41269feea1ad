/*
** conn.c -- a client connection's life, from accept to close.
**
** One timer serves all of a connection's timeouts, and is hardly ever moved:
** `due` works out when the present state times out, and a timer that fires
** before that simply goes to sleep again. A keep-alive connection that is
** busy never touches the timer heap.
**
** What follows from sending is in one place, conn_settle, which runs when the
** turn ends or the socket takes bytes again. Only the loop calls it, so no
** callback to the handler ever comes from inside the handler's own call.
*/
#include "net/http/conn.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/mem.h"

/* --- time ------------------------------------------------------------------ */

/* Bytes of the body that came so far. */
static size_t body_came(const struct conn *c)
{
    if (c->chunks != NULL)
        return (size_t)c->chunks->framing.seen;
    return c->in.n - c->head_len;
}

/* How long the present state may last. */
static nanos patience(const struct conn *c)
{
    const struct server_limits *l = &c->server->limits;
    switch (c->state) {
    case CONN_HEAD:
        return c->begun || conn_crowded(c) ? l->header_timeout
                                           : l->idle_timeout;
    case CONN_BODY:
        return l->body_grace;
    case CONN_CLOSING:
        return CONN_LINGER;
    default:
        return c->blocked ? l->write_timeout : NANOS_NEVER;
    }
}

static nanos due(const struct conn *c)
{
    nanos length = patience(c);
    nanos at =
        length < NANOS_NEVER - c->since ? c->since + length : NANOS_NEVER;
    return conn_outstanding(c) && c->probe_at < at ? c->probe_at : at;
}

static void arm(struct conn *c)
{
    nanos at = due(c);
    if (at == NANOS_NEVER)
        return;
    if (!timer_running(&c->timer) || c->timer.due > at)
        timer_start(c->server->world, &c->timer, at);
}

/* A body is looked at each time its grace is over. It need not come evenly,
** but what came early does not pay for a silence later on. */
static void weigh_body(struct conn *c)
{
    const struct server_limits *l = &c->server->limits;
    size_t came = body_came(c);
    double wanted = (double)l->body_rate * (double)l->body_grace / 1e9;
    if ((double)(came - c->weighed) < wanted && DEFENCE(body_rate)) {
        conn_refuse(c, 408);
        return;
    }
    c->weighed = came;
    c->since = world_now(c->server->world);
    arm(c);
}

static void probe_or_lose(struct conn *c)
{
    if (!conn_outstanding(c) || c->probe_at > world_now(c->server->world)) {
        conn_lost(c);
        return;
    }
    c->probe_at = NANOS_NEVER;
    conn_probe(c);
    arm(c);
}

static void timed_out(struct conn *c)
{
    switch (c->state) {
    case CONN_HEAD:
        if (c->begun)
            conn_refuse(c, 408);
        else
            conn_close(c);
        break;
    case CONN_BODY:
        weigh_body(c);
        break;
    default:
        probe_or_lose(c);
    }
}

static void fire(struct timer *t)
{
    struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, timer));
    if (due(c) > world_now(c->server->world))
        arm(c);
    else
        timed_out(c);
}

/* --- events ---------------------------------------------------------------- */

static bool wants_bytes(const struct conn *c)
{
    switch (c->state) {
    case CONN_ABORTED:
    case CONN_DEAD:
        return false;
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_CLOSING:
        return !c->eof;
    default: /* also to notice that the client hangs up */
        return !c->eof && c->in.n < CONN_PIPELINE &&
               (c->in.n == 0 || hold_admits(c->server->hold, c->share, 1));
    }
}

/* What it holds, or has lent to the handler, is charged. */
static void weigh(struct conn *c)
{
    size_t chunks = c->chunks != NULL ? c->chunks->whole.cap : 0;
    size_t lent = conn_outstanding(c) ? c->lent : 0;
    hold_set(c->server->hold, &c->share,
             c->in.cap + c->out.cap + chunks + lent);
}

bool conn_crowded(const struct conn *c)
{
    return DEFENCE(crowd) && c->spare &&
           c->server->conns_n > c->server->limits.max_conns;
}

void conn_watch(struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    arm(c);
    weigh(c);
    int events = (wants_bytes(c) ? EV_READ : 0) | (c->blocked ? EV_WRITE : 0);
    if (events == c->events)
        return;
    c->events = events;
    ev_io_stop(c->server->loop, &c->io);
    ev_io_modify(&c->io, events);
    if (events != 0)
        ev_io_start(c->server->loop, &c->io);
}

static void drained(struct conn *c)
{
    struct server *s = c->server;
    if (!conn_outstanding(c) || !c->paused ||
        conn_waiting(c) > s->limits.low_water)
        return;
    c->paused = false;
    s->handler->on_drained(s->user, c->exchange);
}

static void event(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *c = io->data;
    (void)loop;
    if ((events & EV_ERROR) != 0) { /* the loop cannot watch it */
        conn_lost(c);
        return;
    }
    if ((events & EV_WRITE) != 0 && c->blocked) {
        c->blocked = false;
        conn_settle(c);
        drained(c);
    }
    if ((events & EV_READ) != 0 && (c->events & EV_READ) != 0)
        conn_readable(c);
}

/* All is sent: the client shall know that nothing follows. */
static void say_end(struct conn *c)
{
    c->shut = true;
    if (shutdown(c->io.fd, SHUT_WR) != 0 || c->eof)
        conn_close(c);
}

void conn_settle(struct conn *c)
{
    conn_send(c);
    if (c->broken) {
        conn_lost(c);
        return;
    }
    if (c->state == CONN_ABORTED) {
        conn_close(c);
        return;
    }
    if (!c->blocked && c->state == CONN_ENDED)
        conn_next(c);
    if (c->state == CONN_CLOSING && !c->shut && conn_waiting(c) == 0)
        say_end(c);
    conn_watch(c);
}

/* --- the two ends of it ---------------------------------------------------- */

static void join(struct server *s, struct conn *c)
{
    c->next = s->conns;
    if (c->next != NULL)
        c->next->prev = c;
    s->conns = c;
    s->conns_n++;
}

static void part(struct server *s, struct conn *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->conns_n--;
}

/* Left alone the system takes megabytes for a client that reads nothing, and
** we would go on paying an upstream to fill them. */
static void take_little(int fd)
{
    int unsent = CONN_UNSENT;
    if (DEFENCE(little_unsent))
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void conn_open(struct server *s, int fd, const struct sockaddr *from)
{
    struct conn *c = mem_zero(sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    take_little(fd);
    c->server = s;
    c->timer.fire = fire;
    c->since = world_now(s->world);
    if (from->sa_family == AF_INET6)
        memcpy(&c->peer.v6, from, sizeof c->peer.v6);
    else
        memcpy(&c->peer.v4, from, sizeof c->peer.v4);
    ev_io_init(&c->io, event, fd, 0);
    c->io.data = c;
    join(s, c);
    c->spare = s->conns_n > s->limits.max_conns;
    conn_forget(c);
    buf_init(&c->out, CONN_OUT_MAX);
    conn_watch(c);
}

void conn_close(struct conn *c)
{
    struct server *s = c->server;
    if (c->state == CONN_DEAD)
        return;
    c->state = CONN_DEAD;
    c->events = 0;
    ev_io_stop(s->loop, &c->io);
    timer_stop(s->world, &c->timer);
    if (c->eof)
        server_unwatch_reset(s, c);
    close(c->io.fd);
    conn_forget(c);
    buf_fini(&c->out);
    weigh(c);
    part(s, c);
    conn_dirty(c);
    server_place_free(s);
}

void conn_lost(struct conn *c)
{
    struct server *s = c->server;
    bool tell = conn_outstanding(c);
    conn_close(c);
    if (tell)
        s->handler->on_gone(s->user, c->exchange);
}

void conn_linger(struct conn *c)
{
    c->state = CONN_CLOSING;
    c->since = world_now(c->server->world);
    conn_forget(c);
    conn_dirty(c);
}
