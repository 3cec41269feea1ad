/*
** reply_head.c -- the lines of a reply's head, judged one by one.
**
** Lines are checked as they come and kept as they came; the table of fields
** is made only once, on the caller's stack, when the head is whole. A stream
** that lives for an hour then holds no table.
*/
#include "wire/reply_head.h"

#include "base/defence.h"

void reply_head_init(struct reply_head *h)
{
    *h = (struct reply_head){.status = 0};
    buf_init(&h->lines, REPLY_HEAD_BYTES);
}

void reply_head_fini(struct reply_head *h)
{
    buf_fini(&h->lines);
}

static bool split(str line, struct http_field *f)
{
    size_t colon = str_find(line, ':');
    if (colon == line.n)
        return false;
    f->name = (str){line.p, colon};
    f->value = str_trim(str_from(line, colon + 1));
    return http_name_ok(f->name) && http_value_ok(f->value);
}

/* "HTTP/1.1 200 OK", and "HTTP/2 200 " where that was asked for: the three
** digits after the space; 0 for anything else. */
static int status_of(struct reply_head *h, str line)
{
    size_t space = str_find(line, ' ');
    str version = {line.p, space}, rest = str_from(line, space);
    h->http10 = str_eq(version, STR("HTTP/1.0"));
    if (!h->http10 && !str_eq(version, STR("HTTP/1.1")) &&
        !(h->http2 && str_eq(version, STR("HTTP/2"))))
        return 0;
    if (rest.n < 4 || (rest.n > 4 && rest.p[4] != ' ') || !http_value_ok(rest))
        return 0;
    int64_t status = str_number((str){rest.p + 1, 3}, 599);
    return status >= 100 ? (int)status : 0;
}

/* A status line begins a head and drops the one before it. 101 would change
** the protocol, which nobody asked for. */
static enum reply_head_step begin(struct reply_head *h, str line)
{
    h->status = status_of(h, line);
    h->inside = true;
    h->framed = h->chunked = h->close = false;
    h->length = -1;
    h->lines_n = 0;
    buf_clear(&h->lines);
    if (h->status == 0 || h->status == 101)
        return REPLY_HEAD_PROTOCOL;
    if (h->status < 200 && ++h->interim > REPLY_HEAD_INTERIM)
        return REPLY_HEAD_PROTOCOL;
    return REPLY_HEAD_MORE;
}

/* Does "keep-alive, close" say that the connection ends? */
static bool says_close(str options)
{
    while (options.p != NULL)
        if (str_eq_nocase(str_trim(str_split(&options, ',')), STR("close")))
            return true;
    return false;
}

/* A field that says where the body ends: once, in one way, where there is one
** (RFC 9112 6.3). Others take the last of two lengths, prefer a coding to a
** length, and read "5;" as 5. */
static bool frames_well(struct reply_head *h, const struct http_field *f)
{
    bool length = str_eq_nocase(f->name, STR("content-length"));
    bool coding = str_eq_nocase(f->name, STR("transfer-encoding"));
    if (str_eq_nocase(f->name, STR("connection")))
        h->close |= says_close(f->value);
    if (!length && !coding)
        return true;
    if (DEFENCE(reply_framing) && (h->framed || h->status < 200))
        return false;
    h->framed = true;
    h->chunked = coding;
    if (length) {
        h->length = str_number(f->value, INT64_MAX);
        return h->length >= 0;
    }
    return str_eq_nocase(f->value, STR("chunked")) && !h->http10 &&
           h->status != 204;
}

static enum reply_head_step keep(struct reply_head *h, str line)
{
    struct http_field f;
    if (!split(line, &f) || !frames_well(h, &f))
        return REPLY_HEAD_PROTOCOL;
    if (h->lines_n == REPLY_HEAD_FIELDS ||
        line.n + 1 > REPLY_HEAD_BYTES - h->lines.n)
        return REPLY_HEAD_LIMIT;
    buf_add(&h->lines, line);
    buf_byte(&h->lines, '\n');
    h->lines_n++;
    return buf_ok(&h->lines) ? REPLY_HEAD_MORE : REPLY_HEAD_MEMORY;
}

enum reply_head_step reply_head_line(struct reply_head *h, str line)
{
    if (line.n < 2 || memcmp(line.p + line.n - 2, "\r\n", 2) != 0)
        return REPLY_HEAD_PROTOCOL;
    line.n -= 2;
    if (!h->inside)
        return begin(h, line);
    if (line.n > 0)
        return keep(h, line);
    h->inside = false;
    return h->status >= 200 ? REPLY_HEAD_WHOLE : REPLY_HEAD_MORE;
}

bool reply_head_hopeful(const struct reply_head *h, str beginning)
{
    str version = STR("HTTP/");
    size_t n = beginning.n < version.n ? beginning.n : version.n;
    return h->inside || memcmp(beginning.p, version.p, n) == 0;
}

int reply_head_fields(const struct reply_head *h, struct http_field *fields)
{
    str rest = buf_str(&h->lines);
    int n = 0;
    while (rest.n > 0 && n < REPLY_HEAD_FIELDS)
        split(str_split(&rest, '\n'), &fields[n++]);
    return n;
}
