/*
** quiet_io.h -- watchers of sockets that keep no loop alive.
**
** A host's loop ends when the host is done, whatever connections to upstreams
** still wait on it. libev has one trap: a watcher that epoll refuses is stopped
** by libev itself, which takes a reference that was given back already, and
** its function hears of EV_ERROR. So a function that hears of EV_ERROR calls
** quiet_stopped first of all.
*/
#ifndef NET_QUIET_IO_H
#define NET_QUIET_IO_H

#include <ev.h>

/* Stop watching; one that does not watch is fine. One that is pending and not
** active was stopped by libev and has not heard of it yet. */
static inline void quiet_stop(struct ev_loop *loop, ev_io *io)
{
    if (ev_is_active(io) || ev_is_pending(io))
        ev_ref(loop);
    ev_io_stop(loop, io);
}

/* Watch a socket that is not watched, as ev_io_init has left it. */
static inline void quiet_start(struct ev_loop *loop, ev_io *io)
{
    ev_io_start(loop, io);
    ev_unref(loop);
}

/* It was stopped by libev, and hears of it now. */
static inline void quiet_stopped(struct ev_loop *loop)
{
    ev_ref(loop);
}

#endif
