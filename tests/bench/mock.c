/*
** mock.c -- an upstream that speaks OpenAI chat completions, as cheaply as a
** socket allows.
**
** It stands behind every server that is measured, so what it costs is the
** floor: one thread, one epoll, replies made beforehand, and of a request
** only what must be known (does it end here, is it a stream, does it want
** usage). It takes bodies with a Content-Length, keep-alive and pipelining.
**
** The trick is in pacing: streams that wait for their next event stand in a
** queue sorted by time, and the next one due is its head. As all streams of a
** run have the same pace, whoever joins belongs at the tail: no heap, no timer
** per stream. The pace is the client's wish ("metadata":{"pace_ms":"20"}), so
** that one mock serves every row of the bench.
*/
#include "replies.h"
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MAX ((size_t)80 << 20) /* the largest request */

struct conn {
    int fd;
    bool waits_out; /* epoll tells us when it is writable */
    char *in;       /* bytes read and not yet taken */
    size_t in_len, in_cap;
    const struct reply *reply; /* being sent; NULL between requests */
    size_t sent;               /* bytes of it that are out */
    size_t part;               /* it may be sent up to marks[part] */
    int64_t pace;              /* ns between two parts; 0 = in one burst */
    int64_t due;               /* in the queue: when its next part may go */
    struct conn *prev, *next;  /* in the queue */
};

static struct {
    int epoll;
    int64_t pace; /* for streams whose client has no wish */
    struct reply whole, stream, stream_usage, not_found, no_length;
    struct conn queue; /* head of the paced ones; next is due first */
} mock;

/* --- the queue of paced streams ------------------------------------------- */

static void queue_add(struct conn *conn, int64_t due)
{
    struct conn *before = mock.queue.prev;
    while (before != &mock.queue && before->due > due)
        before = before->prev;
    conn->due = due;
    conn->prev = before;
    conn->next = before->next;
    conn->prev->next = conn;
    conn->next->prev = conn;
}

static void queue_remove(struct conn *conn)
{
    if (conn->next == NULL)
        return;
    conn->prev->next = conn->next;
    conn->next->prev = conn->prev;
    conn->prev = conn->next = NULL;
}

/* --- reading a request ---------------------------------------------------- */

/* The value of a field in the head, or NULL; `name` includes the colon. */
static const char *field(const char *head, const char *end, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = head; at < end;) {
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        if (eol == NULL)
            return NULL;
        at = eol + 1;
        if ((size_t)(end - at) > n && strncasecmp(at, name, n) == 0)
            return at + n;
    }
    return NULL;
}

/* Does `"name": true` stand anywhere in the body? */
static bool says_true(const char *body, size_t n, const char *name)
{
    const char *end = body + n;
    const char *at = memmem(body, n, name, strlen(name));
    if (at == NULL)
        return false;
    at += strlen(name);
    while (at < end && (*at == ' ' || *at == ':'))
        at++;
    return end - at >= 4 && memcmp(at, "true", 4) == 0;
}

/* The pace that the client asks for, in ns. */
static int64_t pace_of(const char *body, size_t n)
{
    static const char name[] = "\"pace_ms\":\"";
    const char *at = memmem(body, n, name, sizeof name - 1);
    return at != NULL ? strtol(at + sizeof name - 1, NULL, 10) * 1000000
                      : mock.pace;
}

static bool is_chat(const char *line, const char *end)
{
    static const char tail[] = "/chat/completions ";
    const char *eol = memchr(line, '\r', (size_t)(end - line));
    return eol != NULL && memcmp(line, "POST ", 5) == 0 &&
           memmem(line, (size_t)(eol - line), tail, sizeof tail - 1) != NULL;
}

static const struct reply *choose(const char *body, size_t n)
{
    if (!says_true(body, n, "\"stream\""))
        return &mock.whole;
    return says_true(body, n, "\"include_usage\"") ? &mock.stream_usage
                                                   : &mock.stream;
}

/* Take one request off the input and start its reply. False: not all here. */
static bool take_request(struct conn *conn)
{
    char *head = conn->in;
    char *body = memmem(head, conn->in_len, "\r\n\r\n", 4);
    if (body == NULL)
        return false;
    body += 4;

    const char *length = field(head, body, "content-length:");
    size_t n = length != NULL ? strtoul(length, NULL, 10) : 0;
    size_t whole = (size_t)(body - head) + n;
    if (conn->in_len < whole)
        return false;

    if (!is_chat(head, body))
        conn->reply = &mock.not_found;
    else if (length == NULL)
        conn->reply = &mock.no_length;
    else
        conn->reply = choose(body, n);
    conn->pace = conn->reply->parts > 1 ? pace_of(body, n) : 0;

    conn->in_len -= whole;
    memmove(head, head + whole, conn->in_len);
    return true;
}

/* --- writing its reply ---------------------------------------------------- */

static void start_reply(struct conn *conn)
{
    conn->sent = 0;
    conn->part = conn->pace > 0 ? 0 : conn->reply->parts - 1;
    if (conn->pace > 0)
        queue_add(conn, tool_now() + conn->pace);
}

static void wait_out(struct conn *conn, bool on)
{
    if (conn->waits_out == on)
        return;
    struct epoll_event event = {.events = EPOLLIN | (on ? EPOLLOUT : 0u),
                                .data.ptr = conn};
    conn->waits_out = on;
    epoll_ctl(mock.epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

/* Send what may be sent. False: the connection is of no more use. */
static bool push(struct conn *conn)
{
    size_t end = conn->reply->marks[conn->part];
    while (conn->sent < end) {
        ssize_t n =
            write(conn->fd, conn->reply->bytes + conn->sent, end - conn->sent);
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            break;
        conn->sent += (size_t)n;
    }
    wait_out(conn, conn->sent < end);
    if (conn->sent == conn->reply->len)
        conn->reply = NULL;
    return true;
}

/* Go on as far as input, output and pace allow. */
static bool advance(struct conn *conn)
{
    if (conn->reply != NULL && !push(conn))
        return false;
    while (conn->reply == NULL && take_request(conn)) {
        start_reply(conn);
        if (!push(conn))
            return false;
    }
    return true;
}

/* --- connections ---------------------------------------------------------- */

static void drop(struct conn *conn)
{
    queue_remove(conn);
    close(conn->fd);
    free(conn->in);
    free(conn);
}

static bool read_some(struct conn *conn)
{
    if (conn->in_len == conn->in_cap) {
        if (conn->in_cap >= IN_MAX)
            return false;
        conn->in_cap = conn->in_cap > 0 ? 2 * conn->in_cap : 8192;
        conn->in = tool_grow(conn->in, conn->in_cap);
    }
    ssize_t n =
        read(conn->fd, conn->in + conn->in_len, conn->in_cap - conn->in_len);
    if (n > 0)
        conn->in_len += (size_t)n;
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void handle(struct conn *conn, uint32_t events)
{
    bool ok = (events & (EPOLLERR | EPOLLHUP)) == 0;
    if (ok && (events & EPOLLIN) != 0)
        ok = read_some(conn);
    if (!ok || !advance(conn))
        drop(conn);
}

static void accept_all(int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct conn *conn = tool_grow(NULL, sizeof *conn);
        *conn = (struct conn){.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
        epoll_ctl(mock.epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

/* Send every part that is due; ns until the next, -1 for never. */
static int64_t run_queue(void)
{
    struct conn *first;
    if (mock.queue.next == &mock.queue)
        return -1;
    int64_t now = tool_now();
    while ((first = mock.queue.next) != &mock.queue && first->due <= now) {
        queue_remove(first);
        first->part++;
        if (first->part + 1 < first->reply->parts)
            queue_add(first, first->due + first->pace);
        if (!advance(first))
            drop(first);
    }
    if (first == &mock.queue)
        return -1;
    return first->due - now;
}

/* --- starting ------------------------------------------------------------- */

/* A listening socket; *port is what the kernel chose when it was 0. */
static int listen_on(long *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
        listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr *)&at, &n))
        tool_die("mock: port %ld", *port);
    *port = ntohs(at.sin_port);
    return fd;
}

static void serve(int listener)
{
    struct epoll_event events[256];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    mock.epoll = epoll_create1(0);
    epoll_ctl(mock.epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int64_t ns = run_queue();
        struct timespec most = {ns / 1000000000, ns % 1000000000};
        int n =
            epoll_pwait2(mock.epoll, events, 256, ns < 0 ? NULL : &most, NULL);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(listener);
            else
                handle(events[i].data.ptr, events[i].events);
        }
    }
}

int main(int argc, char **argv)
{
    long port = 0, events = 200, pace_ms = 0, reply_bytes = 1024;
    const struct tool_flag flags[] = {
        {"--port", "listen on 127.0.0.1 here; 0 (default) = any free one",
         .number = &port},
        {"--events", "content events of a stream (200)", .number = &events},
        {"--pace-ms",
         "between two of them, unless asked otherwise; 0 (default) = a burst",
         .number = &pace_ms},
        {"--reply-bytes", "body of a reply that is no stream (1024)",
         .number = &reply_bytes},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);

    mock.pace = pace_ms * 1000000;
    mock.queue.next = mock.queue.prev = &mock.queue;
    mock.whole = replies_whole((size_t)reply_bytes);
    mock.stream = replies_stream((size_t)events, 0);
    mock.stream_usage = replies_stream((size_t)events, 1);
    mock.not_found = replies_error("404 Not Found");
    mock.no_length = replies_error("411 Length Required");

    int listener = listen_on(&port);
    printf("%ld\n", port);
    fflush(stdout);
    serve(listener);
}
