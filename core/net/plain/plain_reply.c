/*
** plain_reply.c -- the reply, read.
**
** Reads go to one scratch buffer of the transport, and a connection keeps
** nothing of them but a line of the head whose end has not come. A body with a
** length, or up to the end, is handed up where it lies; chunks are taken out of
** their coding first, all of one read together, so that whoever gets them
** hears once for each read and not for each chunk.
*/
#include "net/plain/plain_inner.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/mem.h"

#define WHOLE_HEAD 1
#define MORE_HEAD  0
#define NO_HEAD    -1 /* the exchange has ended */

static int refuse(struct plain_conn *c, enum exchange_end how, const char *why)
{
    plain_conn_end(c, how, str_of(why));
    return NO_HEAD;
}

/* --- the head ------------------------------------------------------------------ */

static int take_line(struct plain_conn *c, str line)
{
    switch (reply_head_line(&c->head, line)) {
    case REPLY_HEAD_MORE:
        return MORE_HEAD;
    case REPLY_HEAD_WHOLE:
        return WHOLE_HEAD;
    case REPLY_HEAD_LIMIT:
        return refuse(c, EXCHANGE_LIMIT, "the reply's head is too large");
    case REPLY_HEAD_MEMORY:
        return refuse(c, EXCHANGE_MEMORY, "no memory for the reply's head");
    default:
        return refuse(c, EXCHANGE_PROTOCOL, "the reply's head is malformed");
    }
}

/* The end of what came is an unfinished line: it waits, if it may become one
** at all. */
static int keep_line(struct plain_conn *c, str piece)
{
    if (piece.n > c->line.max - c->line.n)
        return refuse(c, EXCHANGE_LIMIT, "the reply's head is too large");
    buf_add(&c->line, piece);
    if (!buf_ok(&c->line))
        return refuse(c, EXCHANGE_MEMORY, "no memory for the reply's head");
    if (!reply_head_hopeful(&c->head, buf_str(&c->line)))
        return refuse(c, EXCHANGE_PROTOCOL, "the reply is no HTTP");
    return MORE_HEAD;
}

/* A line whose beginning came before. */
static int finish_line(struct plain_conn *c, str piece)
{
    int step = keep_line(c, piece);
    if (step == NO_HEAD)
        return step;
    step = take_line(c, buf_str(&c->line));
    if (step != NO_HEAD)
        buf_clear(&c->line);
    return step;
}

/* Take the head off the front of *in, as far as it has come. */
static int take_head(struct plain_conn *c, str *in)
{
    int step = MORE_HEAD;
    while (step == MORE_HEAD && in->n > 0) {
        size_t lf = str_find(*in, '\n');
        if (lf == in->n)
            return keep_line(c, *in);
        str line = {in->p, lf + 1};
        *in = str_from(*in, lf + 1);
        step = c->line.n > 0 ? finish_line(c, line) : take_line(c, line);
    }
    return step;
}

/* RFC 9112 6.3. */
static void set_framing(struct plain_conn *c)
{
    const struct reply_head *h = &c->head;
    c->left = h->length;
    if (h->status == 204 || h->status == 304 || h->length == 0)
        c->body = PLAIN_NONE;
    else if (h->chunked)
        c->body = PLAIN_CHUNKS;
    else
        c->body = h->length > 0 ? PLAIN_LENGTH : PLAIN_TO_END;
    http_body_chunked(&c->chunks);
}

/* False when the exchange was cancelled meanwhile. */
static bool give_head(struct plain_conn *c)
{
    MEM_UNSET struct http_field fields[REPLY_HEAD_FIELDS];
    struct exchange *x = c->x;
    int n = reply_head_fields(&c->head, fields);
    c->headed = true;
    set_framing(c);
    x->events->head(x, c->head.status, fields, n);
    if (c->x != x)
        return false;
    buf_fini(&c->head.lines);
    buf_fini(&c->line);
    return true;
}

/* --- the body -------------------------------------------------------------------- */

/* False when the exchange was cancelled meanwhile. */
static bool give(struct plain_conn *c, str bytes)
{
    struct exchange *x = c->x;
    if (bytes.n > 0)
        x->events->body(x, bytes);
    return c->x == x;
}

/* It is whole. Whoever says more has said it to nobody: no exchange follows
** on this connection. */
static void whole(struct plain_conn *c, size_t more)
{
    c->head.close |= more > 0;
    plain_conn_end(c, EXCHANGE_OK, STR(""));
}

static void take_length(struct plain_conn *c, str in)
{
    size_t n = (uint64_t)c->left < in.n ? (size_t)c->left : in.n;
    c->left -= (int64_t)n;
    if (give(c, (str){in.p, n}) && c->left == 0)
        whole(c, in.n - n);
}

/* What came before a fault is still handed up. */
static void take_chunks(struct plain_conn *c, str in)
{
    struct buf *decoded = &c->plain->decoded;
    buf_clear(decoded);
    int64_t used = http_body_feed(&c->chunks, in, decoded);
    bool ok = buf_ok(decoded);
    if (!give(c, buf_str(decoded)))
        return;
    if (!ok)
        refuse(c, EXCHANGE_MEMORY, "no memory for the reply");
    else if (used < 0)
        refuse(c, EXCHANGE_PROTOCOL, "a chunk of the reply is malformed");
    else if ((size_t)used < in.n)
        refuse(c, EXCHANGE_PROTOCOL, "bytes follow the end of the reply");
    else if (http_body_done(&c->chunks))
        whole(c, 0);
}

static void take_body(struct plain_conn *c, str in)
{
    switch (c->body) {
    case PLAIN_NONE:
        whole(c, in.n);
        break;
    case PLAIN_LENGTH:
        take_length(c, in);
        break;
    case PLAIN_CHUNKS:
        take_chunks(c, in);
        break;
    case PLAIN_TO_END:
        give(c, in);
        break;
    }
}

/* --- reading ---------------------------------------------------------------------- */

static void take(struct plain_conn *c, str in)
{
    if (!c->headed && (take_head(c, &in) != WHOLE_HEAD || !give_head(c)))
        return;
    if (in.n > 0 || c->body == PLAIN_NONE)
        take_body(c, in);
}

/* The upstream says no more. */
static void at_end(struct plain_conn *c)
{
    if (c->headed && c->body == PLAIN_TO_END)
        whole(c, 0);
    else
        plain_conn_fail(c, c->send_error);
}

void plain_read(struct plain_conn *c)
{
    char *scratch = c->plain->scratch;
    ssize_t n = recv(c->io.fd, scratch, PLAIN_READ, 0);
    bool nothing =
        n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (n > 0)
        take(c, (str){scratch, (size_t)n});
    else if (n == 0)
        at_end(c);
    else if (!nothing)
        plain_conn_fail(c, errno);
    else if (c->send_error != 0)
        plain_conn_fail(c, c->send_error);
}
