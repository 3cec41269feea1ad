/*
** http_joyent.c -- a stream of requests as http_parser 2.9 reads it.
**
** As with llhttp: paused at each message's end, Upgrade taken from it.
*/
#include <http_parser.h>

#include "http_oracle.h"

struct reading {
    http_parser parser; /* first */
    struct http_stream *s;
    bool headed; /* what comes now are trailers */
};

static struct reading *of(http_parser *p)
{
    return (struct reading *)p;
}

static int begins(http_parser *p)
{
    struct reading *r = of(p);
    r->headed = false;
    if (r->s->n == HTTP_MESSAGES)
        return 1;
    http_stream_begin(r->s);
    return 0;
}

static int has_url(http_parser *p, const char *at, size_t n)
{
    http_stream_line(of(p)->s, str_of(http_method_str(p->method)),
                     (str){at, n});
    return 0;
}

static int has_name(http_parser *p, const char *at, size_t n)
{
    if (!of(p)->headed)
        http_stream_name(of(p)->s, (str){at, n});
    return 0;
}

static int has_value(http_parser *p, const char *at, size_t n)
{
    if (!of(p)->headed)
        http_stream_value(of(p)->s, (str){at, n});
    return 0;
}

static int is_headed(http_parser *p)
{
    of(p)->headed = true;
    p->upgrade = 0;
    http_stream_headed(of(p)->s);
    return 0;
}

static int has_body(http_parser *p, const char *at, size_t n)
{
    buf_add(&http_stream_last(of(p)->s)->text, (str){at, n});
    return 0;
}

static int ends(http_parser *p)
{
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = begins,
    .on_url = has_url,
    .on_header_field = has_name,
    .on_header_value = has_value,
    .on_headers_complete = is_headed,
    .on_body = has_body,
    .on_message_complete = ends,
};

void http_joyent(str in, struct http_stream *s)
{
    struct reading r = {.s = s};
    size_t at = 0;
    http_parser_init(&r.parser, HTTP_REQUEST);
    while (at < in.n) {
        at += http_parser_execute(&r.parser, &settings, in.p + at, in.n - at);
        enum http_errno e = HTTP_PARSER_ERRNO(&r.parser);
        if (e != HPE_PAUSED) {
            s->refused = e != HPE_OK && e != HPE_CB_message_begin;
            s->why = http_errno_name(e);
            return;
        }
        http_stream_end(s, at);
        http_parser_pause(&r.parser, 0);
    }
}
