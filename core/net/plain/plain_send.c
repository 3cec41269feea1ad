/*
** plain_send.c -- the request, written.
**
** Head and body leave in one call, the body from where its owner has it. What
** the socket does not take waits: the rest of the head in a buffer of the
** connection, the body where it is.
**
** An upstream may answer and close before it has read all, and then a write
** fails while the answer is there to be read. So a failure to write ends
** nothing by itself: what is there is read first.
*/
#include "net/plain/plain_inner.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

bool plain_sent(const struct plain_conn *c)
{
    return c->unsent.n == 0 && c->sent == c->x->body.n;
}

static void put_field(struct buf *b, str name, str value)
{
    buf_add(b, name);
    buf_add(b, value.n > 0 ? STR(": ") : STR(":"));
    buf_add(b, value);
    buf_add(b, STR("\r\n"));
}

/* The head, in the order that libcurl has. */
static void put_head(struct buf *b, const struct plain_conn *c)
{
    const struct exchange *x = c->x;
    buf_clear(b);
    buf_add(b, STR("POST "));
    if (!str_starts(c->url.path, STR("/")))
        buf_byte(b, '/');
    buf_add(b, c->url.path);
    buf_add(b, STR(" HTTP/1.1\r\n"));
    if (!exchange_has(x, STR("host")))
        put_field(b, STR("Host"), c->url.authority);
    for (int i = 0; i < x->headers_n; i++)
        put_field(b, x->headers[i].name, str_trim(x->headers[i].value));
    buf_add(b, STR("Content-Length: "));
    buf_int(b, (int64_t)x->body.n);
    buf_add(b, STR("\r\n\r\n"));
}

/* Write: bytes that left, 0 if none do now. A failure is remembered. */
static size_t write_some(struct plain_conn *c, str head, str body)
{
    struct iovec parts[] = {{(void *)(uintptr_t)head.p, head.n},
                            {(void *)(uintptr_t)body.p, body.n}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = body.n > 0 ? 2 : 1};
    ssize_t n = sendmsg(c->io.fd, &m, MSG_NOSIGNAL);
    if (n >= 0)
        return (size_t)n;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        c->send_error = errno;
    return 0;
}

static void go_on(struct plain_conn *c)
{
    plain_conn_watch(c);
    if (c->send_error != 0)
        plain_read(c);
    else if (plain_sent(c) && c->x->events->sent != NULL)
        c->x->events->sent(c->x);
}

void plain_send(struct plain_conn *c)
{
    struct buf *text = &c->plain->text;
    put_head(text, c);
    if (buf_ok(text)) {
        size_t n = write_some(c, buf_str(text), c->x->body);
        size_t of_head = n < text->n ? n : text->n;
        c->sent = n - of_head;
        buf_add(&c->unsent, str_from(buf_str(text), of_head));
    }
    if (buf_ok(text) && buf_ok(&c->unsent))
        go_on(c);
    else
        plain_conn_end(c, EXCHANGE_MEMORY, STR("no memory for the request"));
}

void plain_send_more(struct plain_conn *c)
{
    size_t n =
        write_some(c, buf_str(&c->unsent), str_from(c->x->body, c->sent));
    size_t of_head = n < c->unsent.n ? n : c->unsent.n;
    c->sent += n - of_head;
    buf_drop(&c->unsent, of_head);
    if (c->unsent.n == 0)
        buf_fini(&c->unsent);
    go_on(c);
}
