/*
** http_llhttp.c -- a stream of requests as llhttp reads it (strict mode).
**
** It is paused at the end of each message, because only then does it say
** where that is. Upgrade is taken from it: we answer such a request as any
** other, so what follows is a request and no foreign protocol.
*/
#include <llhttp.h>

#include "http_oracle.h"

struct reading {
    llhttp_t parser; /* first */
    struct http_stream *s;
    str target;
    bool headed; /* what comes now are trailers */
};

static struct reading *of(llhttp_t *p)
{
    return (struct reading *)p;
}

static int begins(llhttp_t *p)
{
    struct reading *r = of(p);
    r->headed = false;
    r->target = STR_NONE;
    if (r->s->n == HTTP_MESSAGES)
        return HPE_USER;
    http_stream_begin(r->s);
    return 0;
}

static int has_url(llhttp_t *p, const char *at, size_t n)
{
    of(p)->target = (str){at, n};
    http_stream_line(of(p)->s, str_of(llhttp_method_name(p->method)),
                     of(p)->target);
    return 0;
}

static int has_name(llhttp_t *p, const char *at, size_t n)
{
    if (!of(p)->headed)
        http_stream_name(of(p)->s, (str){at, n});
    return 0;
}

static int has_value(llhttp_t *p, const char *at, size_t n)
{
    if (!of(p)->headed)
        http_stream_value(of(p)->s, (str){at, n});
    return 0;
}

static int is_headed(llhttp_t *p)
{
    of(p)->headed = true;
    p->upgrade = 0;
    http_stream_headed(of(p)->s);
    return 0;
}

static int has_body(llhttp_t *p, const char *at, size_t n)
{
    buf_add(&http_stream_last(of(p)->s)->text, (str){at, n});
    return 0;
}

static int ends(llhttp_t *p)
{
    (void)p;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = begins,
    .on_url = has_url,
    .on_header_field = has_name,
    .on_header_value = has_value,
    .on_headers_complete = is_headed,
    .on_body = has_body,
    .on_message_complete = ends,
};

void http_llhttp(str in, struct http_stream *s)
{
    struct reading r = {.s = s};
    size_t at = 0;
    llhttp_init(&r.parser, HTTP_REQUEST, &settings);
    for (;;) {
        enum llhttp_errno e = llhttp_execute(&r.parser, in.p + at, in.n - at);
        if (e != HPE_PAUSED) {
            s->refused = e != HPE_OK && e != HPE_USER;
            s->why = llhttp_errno_name(e);
            return;
        }
        at = (size_t)(llhttp_get_error_pos(&r.parser) - in.p);
        http_stream_end(s, at);
        llhttp_resume(&r.parser);
    }
}
