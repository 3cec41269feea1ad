/*
** conn_write.c -- replies become bytes.
**
** Everything is gathered in `out` and leaves in one send when the turn ends.
** Writes of one turn become one chunk: four digits' room is left where its
** size will stand, and filled in when the chunk is closed. Only when more
** waits than the high-water mark is there a send in between, so that
** conn_write says false only when the socket really is full.
**
** A send that fails is remembered and dealt with when the turn ends, since
** the handler must not be called from within its own call.
*/
#include "net/http/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "base/defence.h"

#define CHUNK_DIGITS 4
#define CHUNK_MAX    0xffff
#define HEAD_GUESS   1024 /* most heads fit, so `out` grows once */
#define OUT_KEEP     ((size_t)16 * 1024)

/* --- chunks ---------------------------------------------------------------- */

/* Write the size line; digits not needed are closed up. */
static void close_chunk(struct conn *c)
{
    char line[CHUNK_DIGITS + 3];
    if (!c->chunk_open)
        return;
    c->chunk_open = false;
    buf_text(&c->out, "\r\n");
    if (!buf_ok(&c->out))
        return;
    size_t room = CHUNK_DIGITS + 2;
    char *at = c->out.p + c->chunk_at;
    size_t rest = c->out.n - c->chunk_at - room;
    size_t n = (size_t)snprintf(line, sizeof line, "%zx\r\n", rest - 2);
    memcpy(at, line, n);
    if (n < room)
        memmove(at + n, at + room, rest);
    c->out.n -= room - n;
}

static void open_chunk(struct conn *c)
{
    c->chunk_open = true;
    c->chunk_at = c->out.n;
    buf_text(&c->out, "0000\r\n");
}

static void add_chunked(struct conn *c, str bytes)
{
    while (bytes.n > 0 && buf_ok(&c->out)) {
        if (!c->chunk_open)
            open_chunk(c);
        size_t held = c->out.n - c->chunk_at - CHUNK_DIGITS - 2;
        size_t n = CHUNK_MAX - held;
        n = bytes.n < n ? bytes.n : n;
        buf_add(&c->out, (str){bytes.p, n});
        bytes = str_from(bytes, n);
        if (held + n == CHUNK_MAX)
            close_chunk(c);
    }
}

/* --- sending --------------------------------------------------------------- */

size_t conn_waiting(const struct conn *c)
{
    return c->out.n - c->sent;
}

/* Some is left: it moves to the front when that is cheap. */
static void stay_blocked(struct conn *c)
{
    size_t left = conn_waiting(c);
    c->blocked = true;
    if (c->state >= CONN_WAITING && c->state <= CONN_ENDED)
        c->since = world_now(c->server->world);
    if (c->sent < left && left > c->server->limits.high_water)
        return;
    buf_drop(&c->out, c->sent);
    c->sent = 0;
}

static void all_sent(struct conn *c)
{
    c->sent = 0;
    if (c->out.cap > OUT_KEEP)
        buf_fini(&c->out);
    else
        buf_clear(&c->out);
}

void conn_send(struct conn *c)
{
    close_chunk(c);
    c->broken |= !buf_ok(&c->out);
    if (c->broken || c->blocked || conn_waiting(c) == 0)
        return;
    ssize_t n =
        send(c->io.fd, c->out.p + c->sent, conn_waiting(c), MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        n = 0;
    if (n < 0) {
        c->broken = true;
        return;
    }
    c->sent += (size_t)n;
    if (conn_waiting(c) == 0)
        all_sent(c);
    else
        stay_blocked(c);
}

void conn_interim(struct conn *c)
{
    buf_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
    conn_dirty(c);
}

/* An interim reply is allowed before the final one, a comment between two
** events. Elsewhere what we write next will show. */
void conn_probe(struct conn *c)
{
    if (c->state == CONN_WAITING && !c->http10)
        conn_interim(c);
    else if (c->state == CONN_REPLYING && c->events_out && c->between &&
             c->left < 0)
        conn_write(c, STR(":\n\n"));
}

/* --- the head -------------------------------------------------------------- */

/* The Date line of this second (RFC 9110 5.6.7), in any locale. */
static str date_line(struct server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = world_calendar(s->world) / NANOS_S;
    if (s->date_second != second || s->date[0] == '\0') {
        struct tm t = {0};
        time_t when = (time_t)second;
        gmtime_r(&when, &t);
        s->date_second = second;
        snprintf(s->date, sizeof s->date,
                 "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
                 days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
                 t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    }
    return str_of(s->date);
}

/* What we say ourselves. */
static bool is_ours(str name)
{
    static const char *const ours[] = {"connection", "content-length", "date",
                                       "transfer-encoding"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (str_eq_nocase(name, str_of(ours[i])))
            return true;
    return false;
}

static void add_field(struct conn *c, const struct http_field *f)
{
    bool clean = http_name_ok(f->name) && http_value_ok(f->value);
    if (is_ours(f->name) || (!clean && DEFENCE(clean_heads)))
        return;
    buf_add(&c->out, f->name);
    buf_text(&c->out, ": ");
    buf_add(&c->out, f->value);
    buf_text(&c->out, "\r\n");
    if (str_eq_nocase(f->name, STR("content-type")) &&
        str_starts(f->value, STR("text/event-stream")))
        c->events_out = true;
}

/* How the body ends, and whether the connection does. */
static void add_framing(struct conn *c, int status)
{
    bool none = status == 204 || status == 304;
    if (c->left >= 0 && !none) {
        buf_text(&c->out, "Content-Length: ");
        buf_int(&c->out, c->left);
        buf_text(&c->out, "\r\n");
    } else if (c->chunked) {
        buf_text(&c->out, "Transfer-Encoding: chunked\r\n");
    }
    if (!c->keep_alive)
        buf_text(&c->out, "Connection: close\r\n");
    else if (c->http10)
        buf_text(&c->out, "Connection: keep-alive\r\n");
    buf_text(&c->out, "\r\n");
}

void conn_head(struct conn *c, int status, const struct http_field *headers,
               int n, int64_t length)
{
    assert(c->state == CONN_WAITING && status >= 200);
    c->state = CONN_REPLYING;
    c->bodyless = c->is_head || status == 204 || status == 304;
    c->left = length >= 0 ? length : -1;
    c->chunked = length < 0 && !c->bodyless && !c->http10;
    c->events_out = false;
    c->between = true;
    if (c->server->draining || (length < 0 && !c->bodyless && c->http10))
        c->keep_alive = false;
    buf_room(&c->out, HEAD_GUESS);
    buf_text(&c->out, "HTTP/1.1 ");
    buf_int(&c->out, status);
    buf_byte(&c->out, ' ');
    buf_text(&c->out, http_reason(status));
    buf_text(&c->out, "\r\n");
    buf_add(&c->out, date_line(c->server));
    for (int i = 0; i < n; i++)
        add_field(c, &headers[i]);
    add_framing(c, status);
    conn_dirty(c);
}

/* --- the body -------------------------------------------------------------- */

static bool ends_event(str s)
{
    return (s.n >= 2 && memcmp(s.p + s.n - 2, "\n\n", 2) == 0) ||
           (s.n >= 3 && memcmp(s.p + s.n - 3, "\n\r\n", 3) == 0);
}

/* Unsent bytes that pause a source: fewer when memory is short, so that a
** thousand slow readers do not fill the hold. */
static size_t high_water(const struct conn *c)
{
    const struct server_limits *l = &c->server->limits;
    bool room = hold_admits(c->server->hold, c->share, l->high_water);
    return room || !DEFENCE(short_memory) ? l->high_water : l->low_water;
}

/* Nothing more comes until much of it is sent: keep no room for more. */
static void hold_on(struct conn *c)
{
    c->paused = true;
    if (c->out.cap - conn_waiting(c) < OUT_KEEP)
        return;
    buf_drop(&c->out, c->sent);
    buf_fit(&c->out);
    c->sent = 0;
}

bool conn_write(struct conn *c, str bytes)
{
    assert(c->state == CONN_REPLYING);
    if (c->left >= 0 && bytes.n > (uint64_t)c->left)
        bytes.n = (size_t)c->left;
    if (bytes.n == 0 || c->bodyless || c->broken)
        return !c->paused;
    if (c->left >= 0)
        c->left -= (int64_t)bytes.n;
    if (c->events_out)
        c->between = ends_event(bytes);
    if (c->chunked)
        add_chunked(c, bytes);
    else
        buf_add(&c->out, bytes);
    size_t high = high_water(c);
    if (conn_waiting(c) > high)
        conn_send(c);
    conn_dirty(c);
    /* Once it said false it says so until on_drained: whoever stopped waits. */
    if (conn_waiting(c) > high && !c->paused)
        hold_on(c);
    return !c->paused;
}

void conn_end(struct conn *c)
{
    assert(conn_outstanding(c));
    if (c->state == CONN_WAITING || (c->left > 0 && !c->bodyless)) {
        conn_abort(c);
        return;
    }
    if (c->chunked) {
        close_chunk(c);
        buf_text(&c->out, "0\r\n\r\n");
    }
    c->state = CONN_ENDED;
    conn_dirty(c);
}

/* A body that only the connection's end delimits would look whole: then the
** client gets a reset. */
void conn_abort(struct conn *c)
{
    assert(conn_outstanding(c));
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (c->state == CONN_REPLYING && c->left < 0 && !c->chunked)
        setsockopt(c->io.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    c->state = CONN_ABORTED;
    conn_dirty(c);
}
