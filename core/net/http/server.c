/*
** server.c -- accepting, the end of a turn, draining.
**
** Connections that something happened to stand in a list, and are seen to
** once, when the turn ends: so a reply written in many pieces leaves in one
** send, and nothing is freed under somebody's feet.
**
** The trick for half-closed connections: a client that said its end may still
** read, or may be gone, and a watcher for reading would spin on that end. So
** they go into an epoll set of their own, asked for no event at all: it then
** tells of resets only, and the loop watches the set.
*/
#include "net/http/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#define ACCEPT_AT_ONCE 64
#define ACCEPT_PAUSE   (100 * NANOS_MS)
#define LOST_AT_ONCE   64

/* --- accepting ------------------------------------------------------------- */

static void set_accepting(struct server *s, bool on)
{
    on = on && !s->draining && !timer_running(&s->pause) &&
         s->conns_n < s->limits.max_conns + SERVER_SPARE;
    if (on == s->accepting)
        return;
    s->accepting = on;
    for (struct listener *l = s->listeners; l != NULL; l = l->next) {
        if (on)
            ev_io_start(s->loop, &l->io);
        else
            ev_io_stop(s->loop, &l->io);
    }
}

void server_place_free(struct server *s)
{
    if (!s->closed)
        set_accepting(s, true);
}

static void pause_over(struct timer *t)
{
    struct server *s =
        (struct server *)((char *)t - offsetof(struct server, pause));
    if (!ev_is_active(&s->lost))
        ev_io_start(s->loop, &s->lost);
    server_place_free(s);
}

/* Something failed that would fail again at once. */
static void pause_accepting(struct server *s)
{
    timer_start(s->world, &s->pause, world_now(s->world) + ACCEPT_PAUSE);
    set_accepting(s, false);
}

/* Accepting failed: try again (true), or not now. */
static bool accept_failed(struct server *s)
{
    switch (errno) {
    case EAGAIN:
        return false;
    case ECONNABORTED: /* that one client has gone */
    case EINTR:
        return true;
    default: /* no descriptors, no memory */
        pause_accepting(s);
        return false;
    }
}

/* True when there may be more. */
static bool accept_one(struct server *s, int listening)
{
    union {
        struct sockaddr any;
        struct sockaddr_in6 v6;
    } from;
    socklen_t n = sizeof from;
    memset(&from, 0, sizeof from);
    int fd = accept4(listening, &from.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return accept_failed(s);
    conn_open(s, fd, &from.any);
    bool room = s->conns_n < s->limits.max_conns + SERVER_SPARE;
    if (!room)
        set_accepting(s, false);
    return room;
}

static void somebody_came(struct ev_loop *loop, ev_io *io, int events)
{
    struct listener *l = io->data;
    (void)loop;
    if (events & EV_ERROR) /* the kernel had no memory to watch it */
        pause_accepting(l->server);
    for (int i = 0; i < ACCEPT_AT_ONCE; i++)
        if (!accept_one(l->server, io->fd))
            break;
}

static int add_listener(struct server *s, int fd)
{
    struct listener *l = mem_zero(sizeof *l);
    if (l == NULL) {
        close(fd);
        return ERR_MEMORY;
    }
    l->server = s;
    l->next = s->listeners;
    s->listeners = l;
    ev_io_init(&l->io, somebody_came, fd, EV_READ);
    l->io.data = l;
    if (s->accepting)
        ev_io_start(s->loop, &l->io);
    return 0;
}

int server_listen(struct server *s, str address, int *port, const char **why)
{
    *why = "the server is draining";
    return s->draining ? ERR_STATE
                       : listen_on(s, address, port, why, add_listener);
}

static void close_listeners(struct server *s)
{
    for (struct listener *next, *l = s->listeners; l != NULL; l = next) {
        next = l->next;
        ev_io_stop(s->loop, &l->io);
        close(l->io.fd);
        mem_free(l);
    }
    s->listeners = NULL;
}

/* --- the end of a turn ----------------------------------------------------- */

void conn_dirty(struct conn *c)
{
    struct server *s = c->server;
    if (c->dirty)
        return;
    c->dirty = true;
    c->dirty_next = NULL;
    if (s->dirty == NULL)
        s->dirty = c;
    else
        s->dirty_last->dirty_next = c;
    s->dirty_last = c;
    if (!s->closed)
        world_later(s->world, &s->settle);
}

static struct conn *take_dirty(struct server *s)
{
    struct conn *c = s->dirty;
    if (c != NULL) {
        s->dirty = c->dirty_next;
        c->dirty = false;
    }
    return c;
}

static bool idle(const struct conn *c)
{
    return c->state == CONN_HEAD && !c->begun;
}

/* Draining: an idle connection closes, unless a request is there already. The
** dead keep their place in the list until the turn is over. */
static void sweep(struct server *s)
{
    s->sweep = false;
    for (struct conn *c = s->conns; c != NULL; c = c->next) {
        if (!idle(c))
            continue;
        conn_readable(c);
        if (idle(c))
            conn_close(c);
    }
}

static void settle(struct later *l)
{
    struct server *s =
        (struct server *)((char *)l - offsetof(struct server, settle));
    struct conn *c;
    if (s->closed) {
        mem_free(s);
        return;
    }
    if (s->sweep)
        sweep(s);
    while ((c = take_dirty(s)) != NULL) {
        if (c->state == CONN_DEAD)
            mem_free(c);
        else
            conn_settle(c);
    }
}

/* --- half-closed connections ----------------------------------------------- */

/* When the set takes no more, our own next write will show it. */
void server_watch_reset(struct server *s, struct conn *c)
{
    struct epoll_event resets_only = {.events = 0, .data.ptr = c};
    epoll_ctl(s->lost_fd, EPOLL_CTL_ADD, c->io.fd, &resets_only);
}

void server_unwatch_reset(struct server *s, struct conn *c)
{
    epoll_ctl(s->lost_fd, EPOLL_CTL_DEL, c->io.fd, NULL);
}

static void some_lost(struct ev_loop *loop, ev_io *io, int events)
{
    struct server *s = io->data;
    struct epoll_event lost[LOST_AT_ONCE];
    (void)loop;
    if (events & EV_ERROR)
        pause_accepting(s);
    int n = epoll_wait(s->lost_fd, lost, LOST_AT_ONCE, 0);
    for (int i = 0; i < n; i++)
        conn_lost(lost[i].data.ptr);
}

/* --- open, drain, close ---------------------------------------------------- */

static void fill_limits(struct server_limits *to,
                        const struct server_limits *from)
{
#define LIMIT(field, otherwise) \
    to->field = from->field > 0 ? from->field : (otherwise)
    LIMIT(max_body, (size_t)64 << 20);
    LIMIT(high_water, (size_t)64 << 10);
    LIMIT(low_water, (size_t)16 << 10);
    LIMIT(header_timeout, 10 * NANOS_S);
    LIMIT(idle_timeout, 75 * NANOS_S);
    LIMIT(body_grace, 10 * NANOS_S);
    LIMIT(body_rate, 1024);
    LIMIT(write_timeout, 60 * NANOS_S);
    LIMIT(max_conns, 10000);
#undef LIMIT
}

int server_open(struct server **out, const struct server_setup *setup)
{
    struct server *s = mem_zero(sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    *s = (struct server){.world = setup->world,
                         .loop = setup->loop,
                         .handler = setup->handler,
                         .user = setup->user,
                         .join = setup->join,
                         .accepting = true};
    s->hold = setup->hold != NULL ? setup->hold : &s->unlimited;
    s->pause.fire = pause_over;
    s->settle.run = settle;
    fill_limits(&s->limits, setup->limits);
    s->head = mem_alloc(sizeof *s->head);
    s->scratch = mem_alloc(CONN_SCRATCH);
    s->lost_fd = epoll_create1(EPOLL_CLOEXEC);
    ev_io_init(&s->lost, some_lost, s->lost_fd, EV_READ);
    s->lost.data = s;
    if (s->lost_fd < 0 || s->head == NULL || s->scratch == NULL) {
        int rc = s->lost_fd < 0 ? ERR_SYSTEM : ERR_MEMORY;
        server_close(s);
        return rc;
    }
    ev_io_start(s->loop, &s->lost);
    *out = s;
    return 0;
}

/* Clients that are in the queue already were told that they are connected, so
** they are taken in before the door closes. */
void server_drain(struct server *s)
{
    if (s->draining)
        return;
    for (struct listener *l = s->listeners; l != NULL; l = l->next)
        for (bool more = true; more;)
            more = accept_one(s, l->io.fd);
    s->draining = true;
    s->sweep = true;
    timer_stop(s->world, &s->pause);
    close_listeners(s);
    world_later(s->world, &s->settle);
}

int server_busy(const struct server *s)
{
    return s->conns_n;
}

static void close_conns(struct server *s)
{
    struct conn *c;
    while (s->conns != NULL)
        conn_lost(s->conns);
    while ((c = take_dirty(s)) != NULL)
        mem_free(c);
}

void server_close(struct server *s)
{
    if (s == NULL)
        return;
    s->closed = true;
    close_listeners(s);
    close_conns(s);
    timer_stop(s->world, &s->pause);
    if (s->lost_fd >= 0) {
        ev_io_stop(s->loop, &s->lost);
        close(s->lost_fd);
    }
    mem_free(s->head);
    mem_free(s->scratch);
    if (!s->settle.queued)
        mem_free(s); /* otherwise settle does */
}

/* --- who is it ------------------------------------------------------------- */

bool conn_is_http10(const struct conn *c)
{
    return c->http10;
}

str conn_peer(const struct conn *c, char to[CONN_PEER])
{
    bool v6 = c->peer.any.sa_family == AF_INET6;
    const void *address = v6 ? (const void *)&c->peer.v6.sin6_addr
                             : (const void *)&c->peer.v4.sin_addr;
    if (inet_ntop(v6 ? AF_INET6 : AF_INET, address, to, CONN_PEER) == NULL)
        to[0] = '\0';
    str text = str_of(to);
    return str_starts(text, STR("::ffff:")) ? str_from(text, 7) : text;
}
