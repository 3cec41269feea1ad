/*
** call_target.c -- what a call tells of the one it asked.
**
** What nobody was asked for, or what we had no room for, says nothing about
** anybody, and a key that is limited or refused says nothing about a target
** that has another one. What else a fault says is told by fault_sign.
*/
#include "net/call/call_inner.h"
#include "net/call/fault_sign.h"

static void note(struct call *c, const struct target_news *news)
{
    if (news->changed && c->ask.breaker_changed != NULL)
        c->ask.breaker_changed(c->world, &c->ask, &news->breaker);
}

void call_target_sent(struct call *c)
{
    visit_sent(&c->ask.visit, c->sent);
}

/* Only a failure can open a breaker, and only that needs the dice. */
static uint32_t dice(const struct call *c)
{
    uint32_t n;
    world_random(c->world, &n, sizeof n);
    return n;
}

void call_target_begun(struct call *c)
{
    struct target_news news;
    if (!c->ask.visit.inside)
        return;
    uint32_t n = c->ask.visit.rules.slow > 0 ? dice(c) : 0;
    visit_begun(&c->ask.visit, c->first, n, &news);
    note(c, &news);
}

static enum visit_sign sign_of(const struct call *c)
{
    struct keys *keys = &c->ask.provider->keys;
    if (c->sent == 0 || c->ours)
        return VISIT_NOTHING;
    if (keys_trouble(&c->fault) != KEY_FINE && keys->n > 1 &&
        keys_others(keys, (uint32_t)1 << c->key, c->ended))
        return VISIT_NOTHING;
    return fault_sign(c->fault.kind);
}

/* Limits are those of a key: of several, each has its own. */
void call_target_heard(struct call *c)
{
    if (c->ask.provider->keys.n <= 1)
        visit_heard(&c->ask.visit, &c->hints, world_now(c->world));
}

void call_target_ended(struct call *c)
{
    struct target_news news;
    call_ration_settle(c);
    if (!c->ask.visit.inside)
        return;
    nanos wait = c->fault.wait > 0 ? c->fault.wait : c->hints.retry_after;
    struct visit_end end = {.sign = sign_of(c),
                            .now = c->ended,
                            .retry_after = wait,
                            .input = c->tap.usage.prompt,
                            .output = c->tap.usage.completion};
    if (end.sign != VISIT_WELL && end.sign != VISIT_NOTHING)
        end.dice = dice(c);
    visit_ended(&c->ask.visit, &end, &news);
    note(c, &news);
}

void call_target_left(struct call *c)
{
    call_ration_settle(c);
    visit_left(&c->ask.visit, c->ended);
}
