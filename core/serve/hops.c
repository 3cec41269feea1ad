/*
** hops.c -- has this request been here before?
**
** A provider whose address leads back to the gateway, at once or round other
** gateways, would have every request ask for the next one until something
** bursts. So each request to an upstream carries our mark and those it came
** with; one that arrives with our own goes no further, and neither does one
** that has come through too many.
*/
#include "serve/inner.h"

#include "base/defence.h"
#include "net/http/via.h"

#define MOST_HOPS 8

/* The marks in all Via fields, one after another. */
struct walk {
    const struct arrival *a;
    int next; /* the field to look at */
    str rest; /* of the one before it */
};

static str next_mark(struct walk *w)
{
    str mark;
    while ((mark = via_next(&w->rest)).p == NULL && w->next < w->a->fields_n) {
        const struct http_field *f = &w->a->fields[w->next++];
        if (str_eq_nocase(f->name, STR("via")))
            w->rest = f->value;
    }
    return mark;
}

bool hops_refused(struct service *s, struct arrival *a)
{
    str own = str_of(s->rt->mark), mark;
    struct walk w = {.a = a};
    int hops = 0;
    bool been_here = false;
    while ((mark = next_mark(&w)).p != NULL) {
        been_here |= str_eq(mark, own);
        hops++;
    }
    if (!DEFENCE(request_loop) || (!been_here && hops <= MOST_HOPS))
        return false;
    struct error_shape e = {
        .message = STR("This request has been here before: the url of a "
                       "provider leads back to this gateway. Correct the "
                       "policy."),
        .type = STR("server_error"),
        .code = STR("request_loop"),
    };
    arrival_error(a, 508, &e);
    return true;
}

str hops_before(struct request *r, const struct arrival *a)
{
    char text[MOST_HOPS * (VIA_MARK_LEN + 8)];
    struct buf hops = {.p = text, .cap = sizeof text, .max = sizeof text};
    struct walk w = {.a = a};
    str mark;
    while ((mark = next_mark(&w)).p != NULL)
        via_put(&hops, mark);
    return hops.n > 0 ? arena_copy(&r->arena, buf_str(&hops)) : STR_NONE;
}
