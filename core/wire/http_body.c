/*
** http_body.c -- a request body, taken as it comes.
**
**     size line CRLF -> data -> CRLF --.       trailer* -> empty line -> done
**         ^  '-----------------------------(size 0)--'
**         '----------------------------'
**
** Payload is passed on in runs. Lines are gathered until their end has come
** and then read whole, so that their grammar needs no state of its own; the
** two that nearly every chunk has, a bare size and the CR LF behind its data,
** are mostly there whole, and then read where they are.
** Framing costs time without being payload, so it is bounded: a size has at
** most 16 digits, a line HTTP_MAX_LINE bytes, all extensions of a body 16 KB,
** its trailers 4 KB. Extensions and trailers are checked and forgotten.
*/
#include "wire/http_parts.h"

#include "base/defence.h"

#define MAX_DIGITS     16
#define MAX_EXTENSION  256
#define MAX_EXTENSIONS (16 * 1024)
#define MAX_TRAILERS   (4 * 1024)

enum state { LENGTH, SIZE, DATA, DATA_END, TRAILER, DONE, BAD };

void http_body_chunked(struct http_body *b)
{
    b->seen = b->spent = b->left = 0;
    b->line_n = 0;
    b->state = SIZE;
}

void http_body_init(struct http_body *b, const struct http_head *head)
{
    http_body_chunked(b);
    if (head->chunked)
        return;
    b->left = head->length > 0 ? head->length : 0;
    b->state = b->left > 0 ? LENGTH : DONE;
}

bool http_body_done(const struct http_body *b)
{
    return b->state == DONE;
}

/* What a hexadecimal digit stands for; 16 for anything else. */
static unsigned hex(char c)
{
    unsigned decimal = (unsigned char)c - (unsigned)'0';
    unsigned letter = ((unsigned char)c | 0x20u) - (unsigned)'a';
    if (decimal < 10)
        return decimal;
    return letter < 6 ? letter + 10 : 16;
}

/* Cut a token, or else nothing, off the front. */
static str cut_token(str *s)
{
    size_t n = 0;
    while (n < s->n && http_char(s->p[n], HTTP_TOKEN))
        n++;
    str token = {s->p, n};
    *s = str_from(*s, n);
    return token;
}

/* Blanks that the grammar suffers between two things, not behind the last. */
static str after_blanks(str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_from(s, 1);
    return s;
}

static bool cut_quoted(str *s)
{
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == '\\') {
            i++;
        } else if (s->p[i] == '"') {
            *s = str_from(*s, i + 1);
            return true;
        }
    }
    return false;
}

/* Is this *( BWS ";" BWS name [ BWS "=" BWS value ] ), RFC 9112 7.1.1? */
static bool extensions_ok(str s)
{
    if (!http_value_ok(s))
        return false;
    while (s.n > 0 && DEFENCE(extension_shape)) {
        s = after_blanks(s);
        if (!str_starts(s, STR(";")))
            return false;
        s = after_blanks(str_from(s, 1));
        if (cut_token(&s).n == 0)
            return false;
        str value = after_blanks(s);
        if (!str_starts(value, STR("=")))
            continue;
        s = after_blanks(str_from(value, 1));
        if (str_starts(s, STR("\"")) ? !cut_quoted(&s) : cut_token(&s).n == 0)
            return false;
    }
    return true;
}

/* The size line has come: what state follows? */
static int size_line(struct http_body *b, str line)
{
    size_t n = 0;
    unsigned digit;
    b->left = 0;
    for (; n < line.n && (digit = hex(line.p[n])) < 16; n++) {
        if (DEFENCE(chunk_digits) &&
            (n == MAX_DIGITS || b->left > INT64_MAX / 16))
            return BAD;
        b->left = b->left * 16 + digit;
    }
    str extensions = str_from(line, n);
    b->spent += (int64_t)extensions.n;
    if (n == 0 || extensions.n > MAX_EXTENSION ||
        (b->spent > MAX_EXTENSIONS && DEFENCE(extension_sum)) ||
        !extensions_ok(extensions))
        return BAD;
    if (b->left > 0)
        return DATA;
    b->spent = 0;
    return TRAILER;
}

/* A trailer may not say what only a head may say (RFC 9110 6.5.1). */
static int trailer_line(struct http_body *b, str line)
{
    static const char *const framing[] = {"content-length", "host",
                                          "transfer-encoding"};
    struct http_field field;
    if (line.n == 0)
        return DONE;
    b->spent += (int64_t)line.n + 2;
    if (b->spent > MAX_TRAILERS || !http_field_line(line, &field))
        return BAD;
    for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++)
        if (DEFENCE(trailer_framing) &&
            str_eq_nocase(field.name, str_of(framing[i])))
            return BAD;
    return TRAILER;
}

static int line_came(struct http_body *b, str line)
{
    switch (b->state) {
    case SIZE:
        return size_line(b, line);
    case DATA_END:
        return line.n == 0 || !DEFENCE(chunk_end) ? SIZE : BAD;
    default:
        return trailer_line(b, line);
    }
}

/* Can what is held of a line still become one? */
static bool line_hopeful(const struct http_body *b)
{
    str held = {b->line, (size_t)b->line_n};
    if (held.n > 0 && held.p[held.n - 1] == '\r')
        held.n--;
    if (b->state == DATA_END)
        return held.n == 0;
    if (b->state == SIZE && b->line_n > 0 && hex(b->line[0]) == 16)
        return false;
    return http_value_ok(held);
}

#define QUICK_DIGITS 8

/* A bare size of a few digits, or the CR LF behind data, that is there whole:
** how many bytes were taken. 0: let feed_line see to it. */
static size_t feed_quick(struct http_body *b, str in)
{
    size_t n = 0;
    unsigned digit;
    int64_t size = 0;
    if (b->line_n > 0 || (b->state != SIZE && b->state != DATA_END))
        return 0;
    if (b->state == SIZE)
        for (; n < in.n && n < QUICK_DIGITS && (digit = hex(in.p[n])) < 16; n++)
            size = size * 16 + digit;
    if (in.n - n < 2 || in.p[n] != '\r' || in.p[n + 1] != '\n')
        return 0;
    if (b->state == DATA_END) {
        b->state = SIZE;
        return 2;
    }
    if (size == 0)
        return 0;
    b->left = size;
    b->state = DATA;
    return n + 2;
}

/* Take up to one line; how many bytes were taken. */
static size_t feed_line(struct http_body *b, str in)
{
    size_t lf = str_find(in, '\n');
    size_t take = lf < in.n ? lf + 1 : in.n;
    if (take > sizeof b->line - (size_t)b->line_n) {
        b->state = BAD;
        return 0;
    }
    memcpy(b->line + b->line_n, in.p, take);
    b->line_n += (int)take;
    if (lf == in.n) {
        if (!line_hopeful(b))
            b->state = BAD;
        return take;
    }
    str line = {b->line, (size_t)b->line_n};
    bool ended = line.n >= 2 && line.p[line.n - 2] == '\r';
    b->line_n = 0;
    b->state = ended || !DEFENCE(chunk_line_ends)
                   ? line_came(b, (str){line.p, line.n - (ended ? 2 : 1)})
                   : BAD;
    return take;
}

static size_t feed_data(struct http_body *b, str in, struct buf *out)
{
    size_t take = (uint64_t)b->left < in.n ? (size_t)b->left : in.n;
    buf_add(out, (str){in.p, take});
    b->seen += (int64_t)take;
    b->left -= (int64_t)take;
    if (b->left == 0)
        b->state = b->state == LENGTH ? DONE : DATA_END;
    return take;
}

int64_t http_body_feed(struct http_body *b, str in, struct buf *out)
{
    size_t at = 0;
    while (at < in.n && b->state != DONE && b->state != BAD && buf_ok(out)) {
        str rest = str_from(in, at);
        bool data = b->state == LENGTH || b->state == DATA;
        size_t quick = data ? feed_data(b, rest, out) : feed_quick(b, rest);
        at += quick > 0 ? quick : feed_line(b, rest);
    }
    return b->state == BAD ? -400 : (int64_t)at;
}
