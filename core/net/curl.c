/*
** curl.c -- the engine: libcurl's multi on the world's loop.
**
** libcurl names the sockets it waits for and one timeout; they become ev_io
** watchers and a timer of the world's.
**
** The trick is what not to do: libcurl must not be entered from its own
** callbacks. What is asked for inside one (start, cancel, resume) goes on a
** to-do list and is done by settle() as soon as libcurl has returned.
**
** A connection that waits to be used again must be silent. Bytes that come
** while nobody has asked would pass for the reply to whoever asks next, so we
** go on watching it when libcurl does not, and shut it down at the first word.
*/
#include "net/curl.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/curl_inner.h"
#include "net/quiet_io.h"

#define CONNECTIONS 1024L
#define LIMP        (20 * NANOS_MS)

struct watch {
    ev_io io;
    struct engine *engine;
    struct watch *next;        /* in engine.idle */
    const struct transfer *of; /* there: who used it last */
};

/* --- watching sockets ----------------------------------------------------- */

static void stop_watch(struct watch *w)
{
    quiet_stop(w->engine->loop, &w->io);
}

static void begin_watch(struct watch *w, curl_socket_t fd, int events,
                        void (*told)(struct ev_loop *, ev_io *, int))
{
    stop_watch(w);
    ev_io_init(&w->io, told, fd, events);
    w->io.data = w;
    quiet_start(w->engine->loop, &w->io);
}

static void unwatch(struct watch *w)
{
    stop_watch(w);
    mem_free(w);
}

/* --- connections that nobody uses ------------------------------------------ */

/* Whose word it is, nobody knows: read it away, and let libcurl find a
** connection that is over. */
static void on_unasked(struct ev_loop *loop, ev_io *io, int events)
{
    char away[4096];
    if (events & EV_ERROR) {
        quiet_stopped(loop);
        return;
    }
    while (recv(io->fd, away, sizeof away, MSG_DONTWAIT) > 0)
        ;
    shutdown(io->fd, SHUT_RDWR);
    stop_watch(io->data);
}

/* Libcurl has no use for the socket: a reply is over, or paused. Before there
** is a connection it was a resolver's, or a try that lost. */
static void put_aside(struct watch *w, CURL *easy)
{
    struct engine *e = w->engine;
    struct transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    stop_watch(w);
    if (t == NULL || !t->connected) {
        mem_free(w);
        return;
    }
    w->of = t;
    w->next = e->idle;
    e->idle = w;
}

/* The reply is whole, so its connection owes us nothing more. One that several
** share, as HTTP/2 has them, may speak at any time. */
static void expect_silence(struct engine *e, const struct transfer *t)
{
    long version = 0;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (!DEFENCE(silent_connection) || t->x == NULL ||
        version == CURL_HTTP_VERSION_2_0)
        return;
    for (struct watch *w = e->idle; w != NULL; w = w->next)
        if (w->of == t) {
            w->of = NULL;
            begin_watch(w, w->io.fd, EV_READ, on_unasked);
        }
}

/* The watch of this idle connection, no longer in the list; NULL: none. */
static struct watch *take_idle(struct engine *e, curl_socket_t fd)
{
    struct watch **at = &e->idle;
    while (*at != NULL && (*at)->io.fd != fd)
        at = &(*at)->next;
    struct watch *w = *at;
    if (w != NULL)
        *at = w->next;
    return w;
}

int curl_socket_close(void *engine, curl_socket_t fd)
{
    struct watch *w = take_idle(engine, fd);
    if (w != NULL)
        unwatch(w);
    return close(fd);
}

/* --- what was asked for while libcurl was busy ---------------------------- */

static void end_doomed(struct transfer *t);
static void open_multi(struct engine *e);
static int on_timeout(CURLM *multi, long ms, void *arg);
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                     void *known);

static void list(struct transfer *t)
{
    if (t->listed)
        return;
    t->listed = true;
    t->next = t->engine->todo;
    t->engine->todo = t;
}

static void add(struct transfer *t)
{
    struct engine *e = t->engine;
    if (e->multi == NULL)
        open_multi(e);
    t->added = e->multi != NULL &&
               curl_multi_add_handle(e->multi, t->easy) == CURLM_OK;
}

/* Let libcurl hand over what it holds back. */
static void release(struct transfer *t)
{
    struct engine *e = t->engine;
    if (!t->held || t->paused)
        return;
    t->held = false;
    e->depth++;
    CURLcode code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
    e->depth--;
    if (t->x == NULL)
        list(t);
    else if (code != CURLE_OK && !t->listed)
        curl_transfer_finish(t, code);
}

static void catch_up(struct engine *e)
{
    struct transfer *t;
    for (;; curl_transfer_flush(e)) {
        if ((t = e->todo) == NULL)
            return;
        e->todo = t->next;
        t->listed = false;
        if (t->x == NULL) {
            curl_transfer_retire(t);
        } else if (t->doomed) {
            end_doomed(t);
        } else if (t->added) {
            release(t);
        } else {
            add(t);
            if (!t->added)
                curl_transfer_finish(t, CURLE_OUT_OF_MEMORY);
        }
    }
}

/* libcurl has returned: do what waited, report what ended. */
static void settle(struct engine *e)
{
    CURLMsg *m;
    int left;
    curl_transfer_flush(e);
    catch_up(e);
    if (e->reporting)
        return;
    e->reporting = true;
    while (e->multi != NULL &&
           (m = curl_multi_info_read(e->multi, &left)) != NULL) {
        struct transfer *t;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (m->data.result == CURLE_OK)
            expect_silence(e, t);
        curl_transfer_finish(t, m->data.result);
        catch_up(e);
    }
    e->reporting = false;
}

/* --- the multi on the world's loop ---------------------------------------- */

/* Some socket is not watched as it should be: from now on look after all of
** them by the clock, until nothing is under way. */
static void limp(struct engine *e)
{
    if (!timer_running(&e->crutch))
        timer_start(e->world, &e->crutch, world_now(e->world) + LIMP);
}

static void open_multi(struct engine *e)
{
    e->multi = curl_multi_init();
    if (e->multi == NULL)
        return;
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
    curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
}

static void close_multi(struct engine *e)
{
    curl_multi_cleanup(e->multi);
    e->multi = NULL;
    timer_stop(e->world, &e->timer);
    timer_stop(e->world, &e->crutch);
}

static void end_doomed(struct transfer *t)
{
    t->doomed = false;
    curl_transfer_judge(t, EXCHANGE_MEMORY, "no memory");
    curl_transfer_finish(t, CURLE_OUT_OF_MEMORY);
}

/* Those that are in todo are ended there. */
static struct transfer *first_doomed(struct engine *e)
{
    struct transfer *t = e->live;
    while (t != NULL && (!t->doomed || t->listed))
        t = t->live_next;
    return t;
}

/* Out of memory, libcurl 7.88 may leave a socket in its table with nothing to
** hold what uses it, and divides by zero when that number comes again. Which
** one it does not say. So the multi is given up with all that is under way. */
static void start_over(struct engine *e)
{
    struct transfer *t;
    for (t = e->live; t != NULL; t = t->live_next) {
        t->doomed = t->added;
        if (t->added)
            curl_multi_remove_handle(e->multi, t->easy);
        t->added = false;
    }
    close_multi(e);
    open_multi(e);
    while ((t = first_doomed(e)) != NULL)
        end_doomed(t);
}

static void drive(struct engine *e, curl_socket_t fd, int events)
{
    int running;
    e->depth++;
    CURLMcode code = curl_multi_socket_action(e->multi, fd, events, &running);
    e->depth--;
    if (code != CURLM_OK)
        start_over(e);
    settle(e);
}

/* Old, and the one call that both goes through all of them and tells on_socket
** what they wait for: without that, a watch for silence would stay on the
** connection that the next of them uses. */
static CURLMcode drive_all(struct engine *e, int *running)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return curl_multi_socket_all(e->multi, running);
#pragma GCC diagnostic pop
}

static void on_limp(struct timer *timer)
{
    struct engine *e =
        (struct engine *)((char *)timer - offsetof(struct engine, crutch));
    int running = 0;
    e->depth++;
    CURLMcode code = drive_all(e, &running);
    e->depth--;
    if (code != CURLM_OK)
        start_over(e);
    else if (running > 0)
        limp(e);
    settle(e);
}

static void on_time(struct timer *timer)
{
    struct engine *e =
        (struct engine *)((char *)timer - offsetof(struct engine, timer));
    drive(e, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    struct engine *e = arg;
    (void)multi;
    if (ms < 0)
        timer_stop(e->world, &e->timer);
    else
        timer_start(e->world, &e->timer, world_now(e->world) + ms * NANOS_MS);
    return 0;
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct watch *w = io->data;
    if (events & EV_ERROR) {
        quiet_stopped(loop);
        limp(w->engine);
    }
    drive(w->engine, io->fd,
          (events & EV_READ ? CURL_CSELECT_IN : 0) |
              (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

/* An error from here would end every exchange. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                     void *known)
{
    struct engine *e = arg;
    struct watch *w = known;
    if (w != NULL && what == CURL_POLL_REMOVE)
        put_aside(w, easy);
    if (what == CURL_POLL_REMOVE)
        return 0;
    if (w == NULL)
        w = take_idle(e, fd);
    if (w == NULL && (w = mem_zero(sizeof *w)) == NULL) {
        limp(e);
        return 0;
    }
    w->engine = e;
    begin_watch(w, fd,
                (what & CURL_POLL_IN ? EV_READ : 0) |
                    (what & CURL_POLL_OUT ? EV_WRITE : 0),
                on_io);
    curl_multi_assign(e->multi, fd, w);
    return 0;
}

/* --- the transport -------------------------------------------------------- */

static int start(struct transport *transport, struct exchange *x)
{
    struct engine *e = (struct engine *)transport;
    if (!exchange_sendable(x))
        return ERR_INPUT;
    struct transfer *t = curl_transfer_new(e, x);
    if (t == NULL)
        return ERR_MEMORY;
    if (e->depth > 0)
        list(t);
    else
        add(t);
    if (!t->added && !t->listed) {
        curl_transfer_retire(t);
        return ERR_MEMORY;
    }
    x->impl = t;
    return 0;
}

static void cancel(struct transport *transport, struct exchange *x)
{
    struct transfer *t = x->impl;
    (void)transport;
    if (t == NULL)
        return;
    x->impl = NULL;
    t->x = NULL;
    list(t);
    if (t->engine->depth == 0)
        catch_up(t->engine);
}

static void pause_reading(struct transport *transport, struct exchange *x)
{
    struct transfer *t = x->impl;
    (void)transport;
    if (t != NULL)
        t->paused = true; /* the next bytes make libcurl hold back */
}

static void resume(struct transport *transport, struct exchange *x)
{
    struct transfer *t = x->impl;
    (void)transport;
    if (t == NULL)
        return;
    t->paused = false;
    if (t->held)
        list(t);
    if (t->engine->depth == 0)
        settle(t->engine);
}

static const struct transport_ops ops = {start, cancel, pause_reading, resume};

/* Once for the process; where memory was short, again the next time. */
static bool prepare_libcurl(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool ready;
    pthread_mutex_lock(&lock);
    if (!ready)
        ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    bool is = ready;
    pthread_mutex_unlock(&lock);
    return is;
}

int curl_transport_open(struct transport **out, struct world *w,
                        struct ev_loop *loop)
{
    if (!prepare_libcurl())
        return ERR_SYSTEM;
    struct engine *e = mem_zero(sizeof *e);
    if (e == NULL)
        return ERR_MEMORY;
    *e = (struct engine){.base.ops = &ops, .world = w, .loop = loop};
    e->timer.fire = on_time;
    e->crutch.fire = on_limp;
    buf_init(&e->gathered, CURL_GATHERED_MAX);
    open_multi(e);
    e->share = curl_share_init();
    if (e->multi == NULL || e->share == NULL) {
        curl_transport_close(&e->base);
        return ERR_MEMORY;
    }
    curl_share_setopt(e->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    *out = &e->base;
    return 0;
}

void curl_transport_close(struct transport *transport)
{
    struct engine *e = (struct engine *)transport;
    if (e == NULL)
        return;
    curl_transfer_free_kept(e);
    buf_fini(&e->gathered);
    close_multi(e); /* closes, and so unwatches, them all */
    curl_share_cleanup(e->share);
    mem_free(e);
}
