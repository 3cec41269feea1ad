/*
** dial.c -- sockets that race for one connection.
**
** Few run at once: a third one starts only when one of two has failed. The
** struct lives as long as the race, so a connection that stands pays nothing
** for how it came to be.
*/
#include "net/plain/dial.h"

#include <errno.h>
#include <ev.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/quiet_io.h"

#define RACERS   2
#define HEADWAY  (200 * NANOS_MS)
#define WHY_MAX  400
#define KEEPIDLE 60 /* seconds, as libcurl has it */

struct racer {
    struct dial *dial;
    ev_io io; /* fd is -1 while it does not run */
};

struct dial {
    struct dialler who;
    struct dial **where;
    struct asker asker;
    struct timer headway;
    struct racer racers[RACERS];
    struct addresses to;
    int next; /* of them, to be tried */
    int port;
    int error; /* the last one's */
    char host[256];
};

static void try_more(struct dial *d);

/* --- the end ----------------------------------------------------------------- */

static void stop(struct dial *d, struct racer *r)
{
    if (r->io.fd < 0)
        return;
    quiet_stop(d->who.loop, &r->io);
    close(r->io.fd);
    r->io.fd = -1;
}

void dial_cancel(struct dial *d)
{
    if (d == NULL)
        return;
    for (int i = 0; i < RACERS; i++)
        stop(d, &d->racers[i]);
    timer_stop(d->who.world, &d->headway);
    names_cancel(&d->asker);
    *d->where = NULL;
    mem_free(d);
}

static void end(struct dial *d, int fd, enum dial_end how, const char *why)
{
    struct dialler who = d->who;
    dial_cancel(d);
    who.told(who.user, fd, how, why);
}

static void lose(struct dial *d, enum dial_end how, const char *reason)
{
    char why[WHY_MAX];
    snprintf(why, sizeof why, "%s port %d: %s", d->host, d->port, reason);
    end(d, -1, how, why);
}

static void win(struct dial *d, struct racer *r)
{
    int fd = r->io.fd;
    quiet_stop(d->who.loop, &r->io);
    r->io.fd = -1;
    end(d, fd, DIAL_OK, "");
}

/* --- the race ---------------------------------------------------------------- */

/* Small writes leave at once, and a peer that is gone is noticed some day. What
** cannot be set is done without. */
static void set_up(int fd)
{
    int on = 1, idle = KEEPIDLE;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
}

/* An error of the socket, 0 for none. */
static int error_of(int fd)
{
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 ? error
                                                                 : errno;
}

static void on_connect(struct ev_loop *loop, ev_io *io, int events)
{
    struct racer *r = io->data;
    struct dial *d = r->dial;
    if (events & EV_ERROR)
        quiet_stopped(loop);
    int error = events & EV_ERROR ? ENOMEM : error_of(io->fd);
    if (error == 0) {
        win(d, r);
        return;
    }
    d->error = error;
    stop(d, r);
    try_more(d);
}

static int connect_to(union address *a, int port)
{
    bool six = a->any.sa_family == AF_INET6;
    int fd =
        socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_up(fd);
    if (six)
        a->v6.sin6_port = htons((uint16_t)port);
    else
        a->v4.sin_port = htons((uint16_t)port);
    socklen_t n = six ? sizeof a->v6 : sizeof a->v4;
    if (connect(fd, &a->any, n) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* One more starts: false when its address is no good. */
static bool start_racer(struct dial *d, struct racer *r)
{
    int fd = connect_to(&d->to.at[d->next++], d->port);
    if (fd < 0) {
        d->error = errno;
        return false;
    }
    r->dial = d;
    ev_io_init(&r->io, on_connect, fd, EV_WRITE);
    r->io.data = r;
    quiet_start(d->who.loop, &r->io);
    return true;
}

static int running(const struct dial *d)
{
    int n = 0;
    for (int i = 0; i < RACERS; i++)
        n += d->racers[i].io.fd >= 0;
    return n;
}

static struct racer *free_place(struct dial *d)
{
    for (int i = 0; i < RACERS; i++)
        if (d->racers[i].io.fd < 0)
            return &d->racers[i];
    return NULL;
}

static void try_more(struct dial *d)
{
    struct racer *r = free_place(d);
    while (r != NULL && d->next < d->to.n && !start_racer(d, r))
        continue;
    if (running(d) == 0)
        lose(d, DIAL_CONNECT, strerrordesc_np(d->error));
    else if (d->next < d->to.n && running(d) < RACERS)
        timer_start(d->who.world, &d->headway,
                    world_now(d->who.world) + HEADWAY);
}

static void on_headway(struct timer *t)
{
    try_more((struct dial *)((char *)t - offsetof(struct dial, headway)));
}

/* --- the beginning ----------------------------------------------------------- */

static void on_names(struct asker *a, const struct addresses *known,
                     const char *why)
{
    struct dial *d = (struct dial *)((char *)a - offsetof(struct dial, asker));
    if (known == NULL) {
        lose(d, DIAL_RESOLVE, why);
        return;
    }
    d->to = *known;
    try_more(d);
}

void dial_start(const struct dialler *who, str host, int port,
                struct dial **where)
{
    struct dial *d = mem_zero(sizeof *d);
    if (d == NULL) {
        who->told(who->user, -1, DIAL_MEMORY, "no memory to connect");
        return;
    }
    *where = d;
    d->who = *who;
    d->where = where;
    d->port = port;
    d->asker.told = on_names;
    d->headway.fire = on_headway;
    for (int i = 0; i < RACERS; i++)
        d->racers[i].io.fd = -1;
    snprintf(d->host, sizeof d->host, "%.*s", STR_ARG(host));
    names_ask(who->names, host, &d->asker);
}
