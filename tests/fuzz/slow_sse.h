/*
** slow_sse.h -- events by the letter of the WHATWG's HTML, 9.2.6, for
** comparison.
*/
#ifndef TESTS_FUZZ_SLOW_SSE_H
#define TESTS_FUZZ_SLOW_SSE_H

#include "base/buf.h"
#include "fuzz.h"

/* The events of a stream, as text: name, LF, data, NUL each. */
struct slow_sse {
    struct buf events, name, data;
    bool any;
};

static inline void slow_dispatch(struct slow_sse *s)
{
    if (s->any) {
        buf_add(&s->events, buf_str(&s->name));
        buf_byte(&s->events, '\n');
        buf_add(&s->events, buf_str(&s->data));
        buf_byte(&s->events, '\0');
    }
    buf_clear(&s->name);
    buf_clear(&s->data);
    s->any = false;
}

static inline void slow_sse_field(struct slow_sse *s, str name, str value)
{
    if (str_eq(name, STR("event"))) {
        buf_clear(&s->name);
        buf_add(&s->name, value);
    } else if (str_eq(name, STR("data"))) {
        if (s->any)
            buf_byte(&s->data, '\n');
        buf_add(&s->data, value);
        s->any = true;
    }
}

static inline void slow_sse_line(struct slow_sse *s, str text)
{
    if (text.n == 0) {
        slow_dispatch(s);
        return;
    }
    size_t colon = str_find(text, ':');
    str name = {text.p, colon};
    str value = colon < text.n ? str_from(text, colon + 1) : STR("");
    if (str_starts(value, STR(" ")))
        value = str_from(value, 1);
    slow_sse_field(s, name, value);
}

static inline void slow_sse(str in, struct slow_sse *s)
{
    buf_init(&s->events, in.n * 2 + 16);
    buf_init(&s->name, in.n + 16);
    buf_init(&s->data, in.n + 16);
    s->any = false;
    while (in.n > 0) {
        size_t n = 0;
        while (n < in.n && in.p[n] != '\n' && in.p[n] != '\r')
            n++;
        if (n == in.n)
            break; /* an unfinished line says nothing */
        slow_sse_line(s, (str){in.p, n});
        bool crlf = in.p[n] == '\r' && n + 1 < in.n && in.p[n + 1] == '\n';
        in = str_from(in, n + 1 + crlf);
    }
    buf_fini(&s->name);
    buf_fini(&s->data);
}

#endif
