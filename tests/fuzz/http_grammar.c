/*
** http_grammar.c -- the words that requests are made of, and what is done to
** them.
*/
#include "http_grammar.h"

#include "base/buf.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Texts with their length: some hold NUL. */
#define W(s)             \
    {                    \
        s, sizeof(s) - 1 \
    }

static const str methods[] = {W("POST"),    W("GET"),     W("PUT"),
                              W("OPTIONS"), W("HEAD"),    W("DELETE"),
                              W("post"),    W("CONNECT"), W("QUERY"),
                              W("TRACE"),   W("P"),       W("M-SEARCH")};
static const str targets[] = {W("/v1/chat/completions"),
                              W("/"),
                              W("*"),
                              W("/a?b=c"),
                              W("http://h/p"),
                              W("http://h:1?q"),
                              W("/%41"),
                              W("/a%"),
                              W("/a#b"),
                              W("h:1"),
                              W("https://[::1]:8/"),
                              W("//h/"),
                              W("/\xff"),
                              W("HTTP://h"),
                              W("/a b")};
static const str versions[] = {W("HTTP/1.1"), W("HTTP/1.1"),  W("HTTP/1.1"),
                               W("HTTP/1.0"), W("HTTP/1.2"),  W("HTTP/2.0"),
                               W("http/1.1"), W("HTTP/1.1 "), W("HTTP/11")};
static const str lines[] = {W("Host: a"),
                            W("host:a:80"),
                            W("Host: a@b"),
                            W("Host:"),
                            W("Host: [::1]"),
                            W("Content-Length: 0"),
                            W("Content-Length: 2"),
                            W("content-length:5"),
                            W("Content-Length: +2"),
                            W("Content-Length: 2, 2"),
                            W("Content-Length: 02"),
                            W("Content-Length:\t3 "),
                            W("Content-Length: 18446744073709551616"),
                            W("Content-Length: 9223372036854775807"),
                            W("Content-Length : 2"),
                            W("Content-Length: 0x2"),
                            W("Content-Length:"),
                            W("Content-Length: 2 2"),
                            W("Transfer-Encoding: chunked"),
                            W("transfer-encoding:CHUNKED"),
                            W("Transfer-Encoding: gzip, chunked"),
                            W("Transfer-Encoding: chunked,"),
                            W("Transfer-Encoding: identity"),
                            W("Transfer-Encoding: chunked;a=b"),
                            W("Transfer-Encoding:\x0b"
                              "chunked"),
                            W("Transfer-Encoding: xchunked"),
                            W("Transfer-Encoding:chunked "),
                            W("Transfer_Encoding: chunked"),
                            W("Connection: close"),
                            W("Connection: keep-alive"),
                            W("Connection: , x"),
                            W("Connection: upgrade"),
                            W("Upgrade: websocket"),
                            W("Connection: Close, x"),
                            W("Proxy-Connection: close"),
                            W("Expect: 100-continue"),
                            W("Expect: x"),
                            W("X: y"),
                            W("X:"),
                            W("X:\t"),
                            W("X: \xe9"),
                            W("X: a\0b"),
                            W("X : y"),
                            W(" X: y"),
                            W("X"),
                            W(":x"),
                            W("X: a\rb"),
                            W("\tfolded"),
                            W("X: \"a, b\""),
                            W("Trailer: Content-Length"),
                            W("TE: trailers"),
                            W("Content-Type: a/b"),
                            W("X!#$%&'*+-.^_`|~9: v"),
                            W("X(: v"),
                            W("Te: chunked"),
                            W("")};
static const str chunks[] = {W("0\r\n\r\n"),
                             W("2\r\n{}\r\n"),
                             W("1\r\nx\r\n"),
                             W("a\r\n0123456789\r\n"),
                             W("2;a=b\r\n{}\r\n"),
                             W("2;a=\"b;\\\"c\"\r\n{}\r\n"),
                             W("2 ;a\r\n{}\r\n"),
                             W("2 \r\n{}\r\n"),
                             W("02\r\n{}\r\n"),
                             W("0x2\r\n{}\r\n"),
                             W("-2\r\n{}\r\n"),
                             W("2\n{}\n"),
                             W("2\r\n{}"),
                             W("2\r\n{}\rX"),
                             W("0\r\nX: y\r\n\r\n"),
                             W("0;x\r\n\r\n"),
                             W("000\r\n\r\n"),
                             W("0\r\nHost: b\r\n\r\n"),
                             W("0\r\nContent-Length: 9\r\n\r\n"),
                             W("ffffffffffffffff\r\n"),
                             W("\r\n"),
                             W("7fffffffffffffff\r\n"),
                             W("10000000000000002\r\n{}\r\n"),
                             W("2;\r\n{}\r\n"),
                             W("2;a=\r\n{}\r\n"),
                             W("2;a b\r\n{}\r\n"),
                             W("2;\"a\"\r\n{}\r\n"),
                             W("+2\r\n{}\r\n"),
                             W("2\t;a = b\r\n{}\r\n"),
                             W("A;a;b;c=d\r\n0123456789\r\n"),
                             W("0\r\nX: y\r\nZ:\r\n\r\n")};
static const str odd[] = {
    W("\r"),     W("\n"),   W("\r\n"),    W("\r\n\r\n"), W(" "),
    W("\t"),     W("\0"),   W(":"),       W(","),        W(";"),
    W("\""),     W("\\"),   W("\x0b"),    W("\x7f"),     W("\x80"),
    W("0"),      W("1"),    W("9"),       W("+"),        W("-"),
    W("%00"),    W("_"),    W("chunked"), W("close"),    W("HTTP/1.1"),
    W("\r\r\n"), W("\n\r"), W("\r\n "),   W("#"),        W("@"),
    W("[")};

/* An input that is being changed. */
struct draft {
    struct buf b;
    uint64_t state;
};

static size_t below(struct draft *d, size_t n)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return n > 0 ? (size_t)(d->state % n) : 0;
}

/* The first of a list are what is usual, and come as often as all others. */
static str pick(struct draft *d, const str *list, size_t n)
{
    return list[below(d, 2) == 0 ? below(d, n) : below(d, n < 3 ? n : 3)];
}
#define PICK(d, list) pick((d), (list), COUNT(list))

/* Put `s` in the place of the n bytes at `at`. */
static void replace(struct draft *d, size_t at, size_t n, str s)
{
    size_t tail = d->b.n - at - n;
    if (s.n > n && buf_room(&d->b, s.n - n) == NULL)
        return;
    if (d->b.p == NULL)
        return;
    memmove(d->b.p + at + s.n, d->b.p + at + n, tail);
    memcpy(d->b.p + at, s.p, s.n);
    d->b.n = at + s.n + tail;
}

/* Where a line begins; any of them, the end of all too. */
static size_t some_line(struct draft *d)
{
    size_t at = below(d, d->b.n + 1);
    while (at > 0 && d->b.p[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_length(const struct draft *d, size_t at)
{
    str rest = str_from(buf_str(&d->b), at);
    size_t n = str_find(rest, '\n');
    return n < rest.n ? n + 1 : n;
}

static void put_body(struct draft *d)
{
    size_t n = below(d, 4);
    buf_text(&d->b, "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < n; i++)
        buf_add(&d->b,
                below(d, 4) > 0 ? chunks[1 + below(d, 3)] : PICK(d, chunks));
    buf_add(&d->b, below(d, 8) > 0 ? chunks[0] : PICK(d, chunks));
}

static void put_measured_body(struct draft *d)
{
    static const char text[] = "{\"model\":\"m\"}POST / HTTP/1.1\r\n";
    size_t n = below(d, sizeof text);
    buf_text(&d->b, "Content-Length: ");
    buf_int(&d->b, (int64_t)n);
    buf_text(&d->b, "\r\n\r\n");
    buf_add(&d->b, (str){text, n});
}

/* A whole request behind what is there, with few oddities or none. */
static void put_request(struct draft *d)
{
    buf_add(&d->b, PICK(d, methods));
    buf_byte(&d->b, ' ');
    buf_add(&d->b, PICK(d, targets));
    buf_byte(&d->b, ' ');
    buf_add(&d->b, below(d, 4) > 0 ? versions[0] : PICK(d, versions));
    buf_text(&d->b, "\r\nHost: a\r\n");
    for (size_t n = below(d, 3); n > 0; n--) {
        buf_add(&d->b, lines[below(d, COUNT(lines))]);
        buf_text(&d->b, "\r\n");
    }
    switch (below(d, 4)) {
    case 0:
        buf_text(&d->b, "\r\n");
        break;
    case 1:
        put_measured_body(d);
        break;
    default:
        put_body(d);
    }
}

static void put_line(struct draft *d)
{
    char text[128];
    struct buf line = {.p = text, .cap = sizeof text, .max = sizeof text};
    buf_add(&line, lines[below(d, COUNT(lines))]);
    buf_text(&line, "\r\n");
    replace(d, some_line(d), 0, buf_str(&line));
}

static void double_line(struct draft *d)
{
    char text[512];
    size_t at = some_line(d), n = line_length(d, at);
    if (n > sizeof text)
        return;
    memcpy(text, buf_str(&d->b).p + at, n);
    replace(d, some_line(d), 0, (str){text, n});
}

static void drop_line(struct draft *d)
{
    size_t at = some_line(d);
    replace(d, at, line_length(d, at), STR(""));
}

static void change(struct draft *d)
{
    switch (below(d, 8)) {
    case 0:
        d->b.n = below(d, 2) == 0 ? 0 : some_line(d);
        put_request(d);
        break;
    case 1:
        put_request(d);
        break;
    case 2:
        double_line(d);
        break;
    case 3:
        drop_line(d);
        break;
    case 4:
        replace(d, some_line(d), 0, PICK(d, chunks));
        break;
    case 5:
        replace(d, below(d, d->b.n + 1), 0, odd[below(d, COUNT(odd))]);
        break;
    default:
        put_line(d);
    }
}

size_t http_mutate(uint8_t *data, size_t n, size_t max, unsigned seed,
                   size_t (*bytes)(uint8_t *, size_t, size_t))
{
    struct draft d = {.state = (uint64_t)seed * 0x9e3779b97f4a7c15u | 1};
    if (below(&d, 3) == 0)
        return bytes(data, n, max);
    d.b = (struct buf){.p = (char *)data, .n = n, .cap = max, .max = max};
    do
        change(&d);
    while (below(&d, 3) == 0);
    return d.b.n;
}
