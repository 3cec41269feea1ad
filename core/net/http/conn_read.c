/*
** conn_read.c -- bytes from a client become requests.
**
** Reads go to one scratch buffer of the server, and a connection keeps only
** what came: an idle one holds no buffer at all. Much that came at once stays
** where it is, and the server takes another buffer. A large body is read into
** its place, in steps as large as what has come already, so that a client
** who merely announces 64 MB is given no memory for it.
**
** The memory of a request is handed over whole (head, then body); what was
** read beyond it is copied out and waits. Nothing of a parsed head is kept
** while its body comes: it is parsed a second time when it is handed over.
*/
#include "net/http/conn.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/defence.h"
#include "base/mem.h"

void conn_forget(struct conn *c)
{
    buf_fini(&c->in);
    buf_init(&c->in, CONN_IN_MAX);
    if (c->chunks == NULL)
        return;
    buf_fini(&c->chunks->whole);
    mem_free(c->chunks);
    c->chunks = NULL;
}

/* --- from request to request ----------------------------------------------- */

/* Read beyond `used`: copied to a buffer of its own, so that the old one can
** be handed over. */
static void keep_rest(struct conn *c, size_t used)
{
    str rest = str_from(buf_str(&c->in), used);
    buf_init(&c->in, CONN_IN_MAX);
    buf_add(&c->in, rest);
    if (!buf_ok(&c->in)) {
        c->keep_alive = false; /* it is lost */
        buf_clear(&c->in);
    }
}

/* A client that said its end may wait for its answer, or have left. A reply
** that comes soon needs no probe, and some clients would rather see none. */
static void probe_later(struct conn *c)
{
    nanos now = world_now(c->server->world);
    c->probe_at = c->eof ? now + CONN_PROBE : NANOS_NEVER;
}

static void hand_over(struct conn *c, char *memory, size_t n)
{
    struct server *s = c->server;
    struct incoming in = {
        .head = s->head,
        .body = {memory + c->head_len, n - c->head_len},
        .memory = memory,
        .crowded = conn_crowded(c),
    };
    c->lent = n;
    c->state = CONN_WAITING;
    c->paused = false;
    probe_later(c);
    c->exchange = s->handler->on_request(s->user, c, &in);
    conn_watch(c);
}

/* The request is whole. `fresh`: the server's head is of this request, and
** points to where it is now. */
static void deliver(struct conn *c, bool fresh)
{
    char *memory = c->in.p;
    size_t n = c->need;
    if (c->chunks != NULL) {
        memory = c->chunks->whole.p;
        n = c->chunks->whole.n;
        mem_free(c->chunks);
        c->chunks = NULL;
        if (c->in.n == 0)
            conn_forget(c);
    } else {
        keep_rest(c, n);
    }
    if (!fresh)
        http_parse(c->server->head, (str){memory, c->head_len});
    hand_over(c, memory, n);
}

/* Said before its bytes come: a chunk that would pass the limit. */
static bool too_large(const struct conn *c, const struct http_body *b)
{
    size_t room = c->server->limits.max_body - (size_t)b->seen;
    return (uint64_t)b->left > room && DEFENCE(chunk_announced);
}

static void feed_chunks(struct conn *c)
{
    struct chunks *k = c->chunks;
    int64_t used = http_body_feed(&k->framing, buf_str(&c->in), &k->whole);
    if (used < 0) {
        conn_refuse(c, (int)-used);
    } else if (!buf_ok(&k->whole) || too_large(c, &k->framing)) {
        conn_refuse(c, 413);
    } else {
        buf_drop(&c->in, (size_t)used);
        if (http_body_done(&k->framing))
            deliver(c, false);
    }
}

/* Some of the body came, or may have come with the head. */
static void read_body(struct conn *c, bool fresh)
{
    if (c->chunks != NULL)
        feed_chunks(c);
    else if (c->in.n >= c->need)
        deliver(c, fresh);
    if (c->state == CONN_BODY && c->eof)
        conn_close(c);
    conn_watch(c);
}

static bool begin_chunks(struct conn *c, const struct http_head *head)
{
    struct chunks *k = mem_zero(sizeof *k);
    if (k == NULL)
        return false;
    c->chunks = k;
    http_body_init(&k->framing, head);
    buf_init(&k->whole, c->head_len + c->server->limits.max_body);
    buf_add(&k->whole, (str){c->in.p, c->head_len});
    buf_drop(&c->in, c->head_len);
    return buf_ok(&k->whole);
}

/* A small body is read before it is refused, since the connection lives on
** then; a large one, and one that waits for our word, is not even sent. */
static bool admits(const struct conn *c, size_t body)
{
    struct server *s = c->server;
    bool large = body > CONN_SCRATCH || s->head->expect;
    if (s->handler->admits == NULL || !large || !DEFENCE(large_unread))
        return true;
    return s->handler->admits(s->user, conn_crowded(c));
}

/* The server's head is whole: look at what it says of the body. */
static void accept_head(struct conn *c, size_t head_len)
{
    const struct http_head *head = c->server->head;
    size_t max_body = c->server->limits.max_body;
    size_t body = head->length > 0 ? (size_t)head->length : 0;
    c->state = CONN_BODY;
    c->since = world_now(c->server->world);
    c->weighed = 0;
    c->head_len = head_len;
    c->need = head_len + body;
    c->http10 = head->minor == 0;
    c->is_head = str_eq(head->method, STR("HEAD"));
    c->keep_alive = head->keep_alive && !conn_crowded(c);
    bool bare = c->in.n == head_len;
    if (body > max_body && DEFENCE(body_limit)) {
        conn_refuse(c, 413);
        return;
    }
    if (!admits(c, body) || (head->chunked && !begin_chunks(c, head))) {
        conn_refuse(c, 503);
        return;
    }
    if (c->need > c->in.max)
        c->in.max = c->need;
    if (head->expect && bare && (body > 0 || head->chunked))
        conn_interim(c);
    read_body(c, true);
}

/* Some clients send an empty line behind a body: no request has begun. */
static bool only_blank(const struct conn *c)
{
    return c->in.n <= 2 && memcmp(c->in.p, "\r\n", c->in.n) == 0;
}

static void read_head(struct conn *c)
{
    int n = http_parse(c->server->head, buf_str(&c->in));
    if (!c->begun)
        c->began = world_now(c->server->world);
    if (n < 0) {
        conn_refuse(c, -n);
    } else if (n > 0) {
        accept_head(c, (size_t)n);
    } else if (c->eof) {
        conn_close(c);
    } else if (!c->begun && !only_blank(c)) {
        c->begun = true;
        c->since = c->began;
    }
    conn_watch(c);
}

void conn_next(struct conn *c)
{
    if (!c->keep_alive || c->server->draining) {
        conn_linger(c);
        return;
    }
    c->state = CONN_HEAD;
    c->begun = c->http10 = c->is_head = false;
    c->since = world_now(c->server->world);
    buf_fini(&c->out);
    if (c->in.n > 0)
        read_head(c);
    else if (c->eof)
        conn_close(c);
}

/* --- reading --------------------------------------------------------------- */

/* Parsing begins at the start each time, so a head that drips in is looked at
** only when a line ended, or should have, or another kilobyte came. */
static bool worth_parsing(const struct conn *c, size_t before)
{
    if (before == 0 || before / 1024 != c->in.n / 1024)
        return true;
    return c->in.p[before - 1] == '\r' ||
           memchr(c->in.p + before, '\n', c->in.n - before) != NULL ||
           memchr(c->in.p + before, '\r', c->in.n - before) != NULL;
}

/* How much to read at once. */
static size_t room_for(const struct conn *c)
{
    if (c->state == CONN_HEAD || (c->state == CONN_BODY && c->chunks != NULL))
        return CONN_SCRATCH;
    if (c->state != CONN_BODY)
        return hold_admits(c->server->hold, c->share, CONN_PIPELINE)
                   ? CONN_PIPELINE - c->in.n
                   : 1; /* it tells whether the client is still there */
    size_t missing = c->need - c->in.n;
    size_t step = c->in.n > CONN_SCRATCH ? c->in.n : CONN_SCRATCH;
    return missing < step ? missing : step;
}

/* May so much more be taken in? A little is always: it may be asked how we
** are, and to refuse a small request in words it must be read. */
static bool fits(const struct conn *c, size_t more)
{
    return conn_outstanding(c) || c->share + more <= CONN_ALWAYS ||
           hold_admits(c->server->hold, c->share, more);
}

static ssize_t no_room(void)
{
    errno = ENOMEM;
    return -1;
}

/* Much came at once for one who held nothing: he keeps the scratch buffer as it
** is, and the server gets a new one. False when that cannot be. */
static bool keep_scratch(struct conn *c, size_t n)
{
    struct server *s = c->server;
    if (n < CONN_SCRATCH / 2 || c->in.cap > 0)
        return false;
    char *fresh = mem_alloc(CONN_SCRATCH);
    if (fresh == NULL)
        return false;
    c->in.p = s->scratch;
    c->in.n = n;
    c->in.cap = CONN_SCRATCH;
    s->scratch = fresh;
    return true;
}

/* Read once into `in`: bytes that came, 0 at the end, -1 with errno. */
static ssize_t fill(struct conn *c)
{
    size_t room = room_for(c);
    bool direct = room > CONN_SCRATCH;
    if (direct && !fits(c, room))
        return no_room();
    char *to = direct ? buf_room(&c->in, room) : c->server->scratch;
    if (to == NULL)
        return no_room();
    ssize_t n = recv(c->io.fd, to, room, 0);
    if (n <= 0)
        return n;
    if (!direct && !fits(c, (size_t)n))
        return no_room();
    if (direct)
        c->in.n += (size_t)n;
    else if (!keep_scratch(c, (size_t)n))
        buf_add(&c->in, (str){to, (size_t)n});
    return buf_ok(&c->in) ? n : no_room();
}

/* The client sends no more: it has gone, or only said so. */
static void at_end(struct conn *c)
{
    c->eof = true;
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        conn_close(c);
        return;
    }
    server_watch_reset(c->server, c);
    probe_later(c);
    conn_watch(c);
}

static void failed(struct conn *c)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return;
    bool reading = c->state == CONN_HEAD || c->state == CONN_BODY;
    if (errno == ENOMEM && reading)
        conn_refuse(c, 503);
    else
        conn_lost(c);
}

/* Our end is said, or a refusal is on its way: wait for the client's end. Many
** clients read nothing before their whole body is sent, and a connection that
** closes on unread bytes is reset, answer and all; so up to twice the body
** that is allowed is taken in, for as long as CONN_LINGER lets us. */
static void throw_away(struct conn *c)
{
    struct server *s = c->server;
    ssize_t n = recv(c->io.fd, s->scratch, CONN_SCRATCH, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n > 0)
        c->thrown += (size_t)n;
    c->eof = n == 0;
    if (n < 0 || c->thrown / 2 > s->limits.max_body || (c->eof && c->shut))
        conn_close(c);
    conn_watch(c);
}

void conn_readable(struct conn *c)
{
    if (c->state == CONN_CLOSING) {
        throw_away(c);
        return;
    }
    size_t before = c->in.n;
    ssize_t n = fill(c);
    if (n == 0)
        at_end(c);
    else if (n < 0)
        failed(c);
    else if (c->state == CONN_BODY)
        read_body(c, false);
    else if (c->state == CONN_HEAD && worth_parsing(c, before))
        read_head(c);
    else
        conn_watch(c);
}
