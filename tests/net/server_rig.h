/*
** server_rig.h -- a server with clients around it, in one thread.
**
**     struct rig r;
**     rig_open(&r, NULL);
**     int client = rig_connect(&r);
**     rig_say(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
**     CHECK_STR(rig_body(&r, client), "GET / ");
**     rig_close(&r);
**
** The handler answers with "METHOD /path body" at once; with `hold` it only
** remembers the conn, and the test answers.
*/
#ifndef TESTS_SERVER_RIG_H
#define TESTS_SERVER_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http/server.h"
#include "net/test_world.h"
#include "unit.h"

#define RIG_CLIENTS 16
#define RIG_EARS    ((size_t)1 << 20)
#define GET         "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

struct rig {
    struct test_world world;
    struct server *server;
    int port;
    bool hold;        /* do not answer */
    bool full;        /* admit no large body */
    bool crowded;     /* the last conn that asked was one too many */
    struct hold room; /* what bodies are charged to; without a limit at first */
    struct conn *held; /* the last conn that asked */
    int asked, gone, drained, refused;
    int refused_with; /* this status, the last time */
    nanos took;       /* and so long after it began */
    size_t waiting;   /* when it last drained */
    struct buf last;  /* "METHOD /path body" of the last request */
    int clients[RIG_CLIENTS], clients_n;
    char *ears;        /* what a client heard last */
    bool ended, reset; /* and how it ended, if it did */
};

static inline void rig_reply(struct conn *c, str body)
{
    struct http_field type = {STR("Content-Type"), STR("text/plain")};
    conn_head(c, 200, &type, 1, (int64_t)body.n);
    conn_write(c, body);
    conn_end(c);
}

static inline void *rig_request(void *user, struct conn *c, struct incoming *in)
{
    struct rig *r = user;
    r->asked++;
    r->held = c;
    r->crowded = in->crowded;
    buf_clear(&r->last);
    buf_add(&r->last, in->head->method);
    buf_byte(&r->last, ' ');
    buf_add(&r->last, in->head->path);
    buf_byte(&r->last, ' ');
    buf_add(&r->last, in->body);
    mem_free(in->memory);
    if (!r->hold)
        rig_reply(c, buf_str(&r->last));
    return &r->asked; /* any pointer of ours */
}

static inline void rig_gone(void *user, void *exchange)
{
    struct rig *r = user;
    CHECK(exchange == &r->asked);
    r->gone++;
}

static inline void rig_drained(void *user, void *exchange)
{
    struct rig *r = user;
    CHECK(exchange == &r->asked);
    r->drained++;
    r->waiting = conn_waiting(r->held);
}

static inline void rig_refused(void *user, struct conn *c, struct refused *what)
{
    struct rig *r = user;
    char peer[CONN_PEER];
    r->refused++;
    r->refused_with = what->status;
    r->took = what->took;
    CHECK_STR(conn_peer(c, peer), "127.0.0.1");
    snprintf(what->id, sizeof what->id, "refused-%d", r->refused);
}

static inline bool rig_admits(void *user, bool crowded)
{
    struct rig *r = user;
    return !r->full && !crowded;
}

static inline void rig_open(struct rig *r, const struct server_limits *limits)
{
    static const struct server_handler handler = {.on_request = rig_request,
                                                  .on_gone = rig_gone,
                                                  .on_drained = rig_drained,
                                                  .on_refused = rig_refused,
                                                  .admits = rig_admits};
    static const struct server_limits defaults;
    const char *why = NULL;
    memset(r, 0, sizeof *r);
    buf_init(&r->last, SIZE_MAX / 2);
    r->ears = mem_alloc(RIG_EARS);
    world_open(&r->world);
    struct server_setup setup = {.world = &r->world.base,
                                 .loop = r->world.loop,
                                 .limits = limits != NULL ? limits : &defaults,
                                 .handler = &handler,
                                 .hold = &r->room,
                                 .user = r};
    CHECK_INT(server_open(&r->server, &setup), 0);
    CHECK_INT(server_listen(r->server, STR("127.0.0.1:0"), &r->port, &why), 0);
}

static inline void rig_close(struct rig *r)
{
    server_close(r->server);
    CHECK_INT(r->room.used, 0);
    world_close(&r->world);
    for (int i = 0; i < r->clients_n; i++)
        if (r->clients[i] >= 0)
            close(r->clients[i]);
    buf_fini(&r->last);
    mem_free(r->ears);
}

/* A client, connected, that never blocks. */
static inline int rig_connect(struct rig *r)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)r->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    r->clients[r->clients_n++] = fd;
    return fd;
}

/* The client closes, which is a reset if it left anything unread. */
static inline void rig_hang_up(struct rig *r, int fd)
{
    for (int i = 0; i < r->clients_n; i++)
        if (r->clients[i] == fd)
            r->clients[i] = -1;
    close(fd);
}

static inline void rig_send(int fd, str what)
{
    CHECK_INT(send(fd, what.p, what.n, MSG_NOSIGNAL), (ssize_t)what.n);
}

static inline void rig_say(int fd, const char *what)
{
    rig_send(fd, str_of(what));
}

/* All that has come to the client by now. A busy machine may take a moment to
** carry a packet even to itself; silence is believed only after that. */
static inline str rig_hear(struct rig *r, int fd)
{
    struct pollfd ear = {.fd = fd, .events = POLLIN};
    size_t n = 0;
    ssize_t some;
    world_settle(&r->world);
    if (poll(&ear, 1, 10) == 0)
        world_settle(&r->world);
    while ((some = recv(fd, r->ears + n, RIG_EARS - n, 0)) > 0) {
        n += (size_t)some;
        if (n == RIG_EARS)
            return (str){r->ears, n};
        world_step(&r->world);
    }
    r->ended = some == 0;
    r->reset = some < 0 && errno == ECONNRESET;
    return (str){r->ears, n};
}

/* The server said its end, and nothing before that. */
static inline bool rig_ended(struct rig *r, int fd)
{
    return rig_hear(r, fd).n == 0 && r->ended;
}

/* Packets with data that have come to the client. */
static inline unsigned rig_segments(int fd)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    memset(&info, 0, sizeof info);
    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n);
    return info.tcpi_data_segs_in;
}

static inline int rig_count(str in, const char *what)
{
    int n = 0;
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= in.n; i++)
        n += memcmp(in.p + i, what, len) == 0;
    return n;
}

static inline bool rig_has(str in, const char *what)
{
    return rig_count(in, what) > 0;
}

/* What follows the first head. */
static inline str rig_after_head(str reply)
{
    for (size_t i = 0; i + 4 <= reply.n; i++)
        if (memcmp(reply.p + i, "\r\n\r\n", 4) == 0)
            return str_from(reply, i + 4);
    return STR_NONE;
}

static inline str rig_body(struct rig *r, int fd)
{
    return rig_after_head(rig_hear(r, fd));
}

/* The status of the first reply in it, or 0. */
static inline int rig_status(str reply)
{
    if (!str_starts(reply, STR("HTTP/1.1 ")) || reply.n < 12)
        return 0;
    return (int)str_number((str){reply.p + 9, 3}, 999);
}

#endif
