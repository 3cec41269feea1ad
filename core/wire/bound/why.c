/*
** why.c -- why there is no bound, for whoever sent the request.
**
** It says what stands in the way and what can be done about it: by the client,
** who may leave it out, and by whoever wrote the policy.
*/
#include "wire/bound.h"

#define LONGEST 64 /* bytes of a name that a client chose */

static void put_name(struct buf *to, str name)
{
    str shown = {name.p, name.n < LONGEST ? name.n : LONGEST};
    buf_byte(to, '\'');
    for (size_t i = 0; i < shown.n; i++) {
        unsigned char b = (unsigned char)shown.p[i];
        buf_byte(to, b > ' ' && b < 0x7f ? (char)b : '_');
    }
    buf_byte(to, '\'');
}

static const char *what_of(enum bound_kind kind)
{
    static const char *const whats[BOUND_KINDS] = {
        [BOUND_IMAGE] = "an image",
        [BOUND_AUDIO] = "audio",
        [BOUND_VIDEO] = "a video",
        [BOUND_FILE] = "a file",
        [BOUND_TOOL] = "a tool that the provider runs",
        [BOUND_KEPT] = "something the provider keeps",
        [BOUND_PREDICTION] = "a prediction",
        [BOUND_OTHER] = "something whose cost is not known here",
    };
    return whats[kind];
}

void bound_put_why(const struct bound_why *why, struct buf *to)
{
    if (why->kind == BOUND_KINDS) {
        put_name(to, why->name);
        buf_text(to, " must be a whole number, 1 or more");
        return;
    }
    buf_text(to, "it holds ");
    buf_text(to, what_of(why->kind));
    buf_text(to, " (");
    put_name(to, why->name);
    buf_text(to, "), and nothing says how many tokens that may take; leave it "
                 "out, or let the policy declare most = { ");
    buf_text(to, bound_name(why->kind));
    buf_text(to, " = TOKENS } for the model");
}
