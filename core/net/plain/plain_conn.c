/*
** plain_conn.c -- a connection's life, from one exchange to the next.
**
** While a connection waits it must be silent. Bytes that come when nobody has
** asked would pass for the reply to whoever asks next: so it is watched all the
** time, looked at once more before it is used, and closed at the first word.
**
** It is watched for reading as long as it lives, which costs one call of the
** kernel for all its exchanges.
**
** A connection that closed is DEAD and freed when the turn ends, as somebody up
** the stack may hold it.
*/
#include "net/plain/plain_inner.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/mem.h"
#include "net/quiet_io.h"

static void on_io(struct ev_loop *loop, ev_io *io, int events);

/* --- watching ------------------------------------------------------------------ */

static int wanted(const struct plain_conn *c)
{
    if (c->state == PLAIN_ASKED)
        return (c->paused ? 0 : EV_READ) |
               (plain_sent(c) || c->send_error != 0 ? 0 : EV_WRITE);
    return EV_READ;
}

void plain_conn_watch(struct plain_conn *c)
{
    int events = wanted(c);
    if (c->io.fd < 0 || events == c->events)
        return;
    if (c->events != 0)
        quiet_stop(c->plain->loop, &c->io);
    c->events = events;
    ev_io_set(&c->io, c->io.fd, events);
    if (events != 0)
        quiet_start(c->plain->loop, &c->io);
}

static void close_socket(struct plain_conn *c)
{
    if (c->io.fd < 0)
        return;
    quiet_stop(c->plain->loop, &c->io);
    close(c->io.fd);
    c->io.fd = -1;
    c->events = 0;
}

/* --- the ends of it -------------------------------------------------------------- */

struct plain_conn *plain_conn_new(struct plain *p, struct origin *o)
{
    struct plain_conn *c = mem_zero(sizeof *c);
    if (c == NULL)
        return NULL;
    c->plain = p;
    c->origin = o;
    o->conns++;
    ev_io_init(&c->io, on_io, -1, 0);
    c->io.data = c;
    reply_head_init(&c->head);
    buf_init(&c->unsent, SIZE_MAX / 2);
    buf_init(&c->line, REPLY_HEAD_BYTES);
    return c;
}

/* What it held for one exchange. */
static void forget(struct plain_conn *c)
{
    reply_head_fini(&c->head);
    reply_head_init(&c->head);
    buf_fini(&c->unsent);
    buf_fini(&c->line);
    c->headed = c->paused = false;
    c->sent = 0;
    c->send_error = 0;
}

void plain_conn_close(struct plain_conn *c)
{
    if (c->state == PLAIN_DEAD)
        return;
    if (c->state == PLAIN_IDLE)
        plain_take(c);
    c->state = PLAIN_DEAD;
    dial_cancel(c->dial);
    close_socket(c);
    forget(c);
    plain_list(c);
}

/* May another exchange follow on it? */
static bool is_reusable(const struct plain_conn *c)
{
    return c->headed && c->body != PLAIN_TO_END && !c->head.http10 &&
           !c->head.close && plain_sent(c) && c->send_error == 0;
}

void plain_conn_end(struct plain_conn *c, enum exchange_end how, str why)
{
    struct exchange *x = c->x;
    bool reusable = how == EXCHANGE_OK && is_reusable(c);
    c->x = NULL;
    x->impl = NULL;
    if (reusable) {
        forget(c);
        plain_keep(c);
        plain_conn_watch(c);
    } else {
        plain_conn_close(c);
    }
    x->events->done(x, how, why);
}

void plain_conn_fail(struct plain_conn *c, int error)
{
    const char *what = error != 0  ? strerrordesc_np(error)
                       : c->headed ? "closed inside the reply"
                                   : "closed before the end of the head";
    plain_conn_end(c, c->headed ? EXCHANGE_BROKEN : EXCHANGE_CLOSED,
                   str_of(what));
}

/* --- asking ---------------------------------------------------------------------- */

static void ask(struct plain_conn *c)
{
    struct exchange *x = c->x;
    c->state = PLAIN_ASKED;
    x->events->connected(x);
    if (c->x == x)
        plain_send(c);
}

static void on_dialled(void *user, int fd, enum dial_end how, const char *why)
{
    static const enum exchange_end ends[] = {
        [DIAL_RESOLVE] = EXCHANGE_RESOLVE,
        [DIAL_CONNECT] = EXCHANGE_CONNECT,
        [DIAL_MEMORY] = EXCHANGE_MEMORY,
    };
    struct plain_conn *c = user;
    if (how != DIAL_OK) {
        plain_conn_end(c, ends[how], str_of(why));
        return;
    }
    c->io.fd = fd;
    ask(c);
}

static void dial(struct plain_conn *c)
{
    struct plain *p = c->plain;
    struct dialler who = {p->world, p->loop, p->names, on_dialled, c};
    c->state = PLAIN_DIALLING;
    dial_start(&who, c->url.host, c->url.port, &c->dial);
}

/* Has an idle connection neither ended nor spoken? */
static bool is_silent(const struct plain_conn *c)
{
    char byte;
    ssize_t n = recv(c->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return !DEFENCE(silent_connection);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Let the next connection that waits have the exchange, or none. */
static struct plain_conn *replace(struct plain_conn *c)
{
    struct plain_conn *next = c->origin->idle_first;
    close_socket(c);
    if (next == NULL)
        return c;
    plain_take(next);
    next->state = PLAIN_STARTING;
    next->x = c->x;
    next->url = c->url;
    next->paused = c->paused;
    next->x->impl = next;
    c->x = NULL;
    plain_conn_close(c);
    return next;
}

void plain_conn_begin(struct plain_conn *c)
{
    while (c->io.fd >= 0 && !is_silent(c))
        c = replace(c);
    if (c->io.fd >= 0)
        ask(c);
    else
        dial(c);
}

/* --- events ------------------------------------------------------------------------ */

/* It cannot be watched. Where nothing was asked yet, another one will do. */
static void lost(struct plain_conn *c)
{
    if (c->state == PLAIN_ASKED)
        plain_conn_fail(c, ENOMEM);
    else if (c->state == PLAIN_STARTING)
        close_socket(c);
    else
        plain_conn_close(c);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct plain_conn *c = io->data;
    if (events & EV_ERROR) {
        quiet_stopped(loop);
        c->events = 0;
        lost(c);
        return;
    }
    if (c->state == PLAIN_IDLE && !is_silent(c))
        plain_conn_close(c);
    if (c->state == PLAIN_ASKED && (events & EV_WRITE))
        plain_send_more(c);
    if (c->state == PLAIN_ASKED && (events & EV_READ) && !c->paused)
        plain_read(c);
}
