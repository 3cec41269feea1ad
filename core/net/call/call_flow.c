/*
** call_flow.c -- who gets a reply's bytes, and how fast.
**
** Back-pressure has one rule: the upstream is read while nobody is paused
** and what is held has a use. Everything that changes one of the two comes
** through set_pace.
*/
#include "net/call/call_inner.h"

#define HOLD_HIGH (256 * 1024) /* held for nobody in particular */

static bool must_hold_back(const struct call *c)
{
    if (!c->event_stream || c->state == CALL_ENDED)
        return false;
    for (struct reader *r = c->readers; r != NULL; r = r->next)
        if (r->paused)
            return true;
    return c->readers == NULL && !c->whole_wanted &&
           c->state == CALL_COMMITTED && c->held.n > HOLD_HIGH;
}

static void set_pace(struct call *c)
{
    bool hold = must_hold_back(c);
    if (hold == c->held_back || !c->exchanging)
        return;
    c->held_back = hold;
    nanos now = world_now(c->world);
    if (hold) {
        c->paused_since = now;
        exchange_pause(c->transport, &c->exchange);
        return;
    }
    /* The idle clock stood still while the client was slow. */
    c->last_event += now - c->paused_since;
    c->paused_since = 0;
    call_arm(c);
    exchange_resume(c->transport, &c->exchange);
}

void call_deliver(struct call *c, str bytes)
{
    c->relayed += bytes.n;
    if (!c->sealed)
        buf_add(&c->held, bytes);
    struct reader *next;
    for (struct reader *r = c->readers; r != NULL; r = next) {
        next = r->next;
        r->bytes(r, bytes);
    }
    if (c->watchers != NULL && c->state == CALL_COMMITTED)
        call_changed(c);
    set_pace(c);
}

void call_deliver_end(struct call *c)
{
    while (c->readers != NULL) {
        struct reader *r = c->readers;
        call_detach(c, r);
        r->end(r, &c->fault);
    }
}

void call_changed(struct call *c)
{
    struct watcher *next;
    for (struct watcher *w = c->watchers; w != NULL; w = next) {
        next = w->next;
        w->changed(w);
    }
}

void call_attach(struct call *c, struct reader *r)
{
    call_keep(c);
    r->attached = true;
    r->next = c->readers;
    c->readers = r;
    if (c->held.n > 0)
        r->bytes(r, buf_str(&c->held));
    if (c->state == CALL_ENDED && r->attached) {
        call_detach(c, r);
        r->end(r, &c->fault);
    } else {
        set_pace(c);
    }
    call_release(c);
}

void call_detach(struct call *c, struct reader *r)
{
    if (!r->attached)
        return;
    struct reader **at = &c->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    r->attached = false;
    r->paused = false;
    set_pace(c);
}

void reader_pause(struct call *c, struct reader *r, bool paused)
{
    if (!r->attached || r->paused == paused)
        return;
    r->paused = paused;
    set_pace(c);
}

void call_seal(struct call *c)
{
    c->sealed = true;
    buf_fini(&c->held);
    call_weigh(c);
    set_pace(c);
}

void call_want_whole(struct call *c)
{
    c->whole_wanted = true;
    set_pace(c);
}

str call_held(const struct call *c)
{
    return buf_str(&c->held);
}

void call_watch(struct call *c, struct watcher *w)
{
    w->next = c->watchers;
    c->watchers = w;
}

void call_unwatch(struct call *c, struct watcher *w)
{
    struct watcher **at = &c->watchers;
    while (*at != NULL && *at != w)
        at = &(*at)->next;
    if (*at == w)
        *at = w->next;
}
