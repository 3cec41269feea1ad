/*
** mock_upstream.h -- an upstream on a loopback socket, and a caller for it.
**
** The mock is a thread of blocking calls, so that a test's script reads from
** top to bottom: accept, read the request, answer, close. It counts what
** arrives. The caller is an exchange that remembers all that it was told.
*/
#ifndef TESTS_NET_MOCK_UPSTREAM_H
#define TESTS_NET_MOCK_UPSTREAM_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/real.h"
#include "net/transport.h"
#include "unit.h"

struct mock {
    int listener, port;
    pthread_t thread;
    void (*serve)(struct mock *);
    atomic_int accepts, requests; /* connections; whole requests read */
    atomic_int gone;              /* connections the client has closed */
    atomic_llong sent;            /* bytes, by mock_flood */
    atomic_long body_n;           /* of the last request */
    char head[8192];              /* of the last request; read after a join */
};

static inline void *mock_thread(void *arg)
{
    struct mock *m = arg;
    m->serve(m);
    return NULL;
}

static inline int mock_listen(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, (struct sockaddr *)&a, sizeof a);
    listen(fd, 256);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *port = ntohs(a.sin_port);
    return fd;
}

static inline void mock_open(struct mock *m, void (*serve)(struct mock *))
{
    memset(m, 0, sizeof *m);
    m->serve = serve;
    m->listener = mock_listen(&m->port);
    pthread_create(&m->thread, NULL, mock_thread, m);
}

/* Wait for its script to end. */
static inline void mock_close(struct mock *m)
{
    shutdown(m->listener, SHUT_RDWR);
    pthread_join(m->thread, NULL);
    close(m->listener);
}

/* --- for scripts ---------------------------------------------------------- */

/* A connection whose reads give up after ten seconds, or -1 at the end. */
static inline int mock_accept(struct mock *m)
{
    struct timeval patience = {.tv_sec = 10};
    int fd = accept(m->listener, NULL, NULL);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    atomic_fetch_add(&m->accepts, 1);
    return fd;
}

/* Read a head, byte by byte; false when the client is gone first. */
static inline bool mock_head(struct mock *m, int fd)
{
    size_t n = 0;
    while (n < sizeof m->head - 1 && recv(fd, m->head + n, 1, 0) == 1) {
        m->head[++n] = '\0';
        if (n >= 4 && memcmp(m->head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

/* Read a whole request. */
static inline bool mock_request(struct mock *m, int fd)
{
    static const char name[] = "Content-Length: ";
    static _Thread_local char junk[65536];
    if (!mock_head(m, fd))
        return false;
    const char *at = strstr(m->head, name);
    long length = at != NULL ? strtol(at + sizeof name - 1, NULL, 10) : 0;
    long got = 0;
    while (got < length) {
        ssize_t n = recv(fd, junk, sizeof junk, 0);
        if (n <= 0)
            return false;
        got += n;
    }
    atomic_store(&m->body_n, got);
    atomic_fetch_add(&m->requests, 1);
    return true;
}

static inline bool mock_send(int fd, const char *text)
{
    size_t n = strlen(text);
    return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Send that many bytes, counting; false when the client is gone. */
static inline bool mock_flood(struct mock *m, int fd, long long bytes)
{
    static _Thread_local char block[16384];
    memset(block, 'x', sizeof block);
    while (bytes > 0) {
        size_t some =
            bytes < (long long)sizeof block ? (size_t)bytes : sizeof block;
        ssize_t n = send(fd, block, some, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        atomic_fetch_add(&m->sent, n);
        bytes -= n;
    }
    return true;
}

/* Wait until the client closes. */
static inline void mock_until_gone(struct mock *m, int fd)
{
    char junk[4096];
    ssize_t n;
    while ((n = recv(fd, junk, sizeof junk, 0)) > 0)
        ;
    if (n == 0 || errno == ECONNRESET)
        atomic_fetch_add(&m->gone, 1);
    close(fd);
}

/* --- the caller ----------------------------------------------------------- */

struct caller {
    struct exchange x; /* first */
    struct world *world;
    char url[128];
    int connected, heads, ends;
    int status, fields_n;
    enum exchange_end end;
    char detail[256];
    struct buf body;
    size_t pieces;                    /* body callbacks */
    void (*on_body)(struct caller *); /* what a test does meanwhile, or NULL */
    void (*on_head)(struct caller *);
    void (*on_connected)(struct caller *);
};

/* The transport that is asked; NULL: the world's. */
static struct transport *over;

static inline struct transport *caller_over(const struct caller *c)
{
    return over != NULL ? over : world_transport(c->world);
}

static inline void caller_connected(struct exchange *x)
{
    struct caller *c = (struct caller *)x;
    CHECK(c->connected == 0 && c->heads == 0 && c->ends == 0);
    c->connected++;
    if (c->on_connected != NULL)
        c->on_connected(c);
}

static inline void caller_head(struct exchange *x, int status,
                               const struct http_field *fields, int n)
{
    struct caller *c = (struct caller *)x;
    CHECK(c->connected == 1 && c->heads == 0 && c->ends == 0);
    CHECK(n == 0 || fields[0].name.n > 0);
    c->heads++;
    c->status = status;
    c->fields_n = n;
    if (c->on_head != NULL)
        c->on_head(c);
}

static inline void caller_body(struct exchange *x, str bytes)
{
    struct caller *c = (struct caller *)x;
    CHECK(c->heads == 1 && c->ends == 0 && bytes.n > 0);
    c->pieces++;
    buf_add(&c->body, bytes);
    if (c->on_body != NULL)
        c->on_body(c);
}

static inline void caller_done(struct exchange *x, enum exchange_end end,
                               str detail)
{
    struct caller *c = (struct caller *)x;
    c->ends++;
    c->end = end;
    snprintf(c->detail, sizeof c->detail, "%.*s", STR_ARG(detail));
}

static const struct exchange_events caller_events = {
    .connected = caller_connected,
    .head = caller_head,
    .body = caller_body,
    .done = caller_done,
};

/* A caller that will POST `body` to the port; caller_start starts it. */
static inline void caller_init(struct caller *c, struct world *w, int port,
                               str body)
{
    static const struct http_field fields[] = {
        {{"Content-Type", 12}, {"application/json", 16}},
        {{"Authorization", 13}, {"Bearer sk-secret", 16}},
        {{"X-Empty", 7}, {"", 0}},
    };
    memset(c, 0, sizeof *c);
    buf_init(&c->body, (size_t)64 << 20);
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d/v1/chat", port);
    c->world = w;
    c->x.events = &caller_events;
    c->x.url = c->url;
    c->x.headers = fields;
    c->x.headers_n = 3;
    c->x.body = body;
}

static inline void caller_fini(struct caller *c)
{
    buf_fini(&c->body);
}

static inline int caller_start(struct caller *c)
{
    return exchange_start(caller_over(c), &c->x);
}

static inline void caller_cancel(struct caller *c)
{
    exchange_cancel(caller_over(c), &c->x);
}

static inline void caller_pause(struct caller *c)
{
    exchange_pause(caller_over(c), &c->x);
}

static inline void caller_resume(struct caller *c)
{
    exchange_resume(caller_over(c), &c->x);
}

/* Turn the loop until `what`, or for twenty seconds at most. */
#define TURN_UNTIL(w, what)                          \
    do {                                             \
        nanos give_up = world_now(w) + 20 * NANOS_S; \
        while (!(what) && world_now(w) < give_up)    \
            real_step((w), 20 * NANOS_MS);           \
        CHECK(what);                                 \
    } while (0)

#endif
