/*
** call_ration.c -- what we allow ourselves of a provider and of a model.
**
** An attempt takes from both before it leaves, all or nothing, at the moment it
** leaves: behind the lane. One that finds too little ends as it would by the
** provider's own 429, with nobody asked; or it waits, if the policy lets it. Its
** turn is an instant that is booked; under two rations nothing is booked, since
** their instants differ, and it looks again then.
**
** What was taken is settled when the call ends: its tokens by what was used, and
** all of it given back where nothing reached the provider.
*/
#include "net/call/call_inner.h"

#include "base/defence.h"
#include "wire/prompt/prompt.h"

#define BELIEVED 100000000 /* tokens of a call; more is no usage */

static int rations_of(const struct call *c,
                      const struct ration *of[CALL_RATIONS])
{
    int n = 0;
    if (c->ask.provider->ration != NULL)
        of[n++] = c->ask.provider->ration;
    if (c->ask.visit.rules.ration != NULL)
        of[n++] = c->ask.visit.rules.ration;
    return n;
}

/* About how many tokens it needs; 0 where nobody counts them. */
static int64_t estimate(const struct call *c, const struct ration *const *of,
                        int n)
{
    struct tokens t = {.n = 0};
    bool counts = false;
    for (int i = 0; i < n; i++)
        counts = counts || ration_counts_tokens(of[i]);
    if (!counts)
        return 0;
    struct json body = json_of(c->ask.body);
    struct json messages = c->ask.messages.p != NULL
                               ? json_of(c->ask.messages)
                               : json_get(body, STR("messages"));
    prompt_count_with(body, messages, c->ask.system, &t);
    return t.n + prompt_expect(body, c->ask.max_tokens);
}

/* --- giving back ----------------------------------------------------------- */

static void undo(struct call *c, const struct ration *const *of)
{
    for (; c->ration.taken > 0; c->ration.taken--) {
        int i = c->ration.taken - 1;
        limiter_undo(of[i]->limiter, &of[i]->rules, &c->ration.tickets[i],
                     world_now(c->world));
    }
}

/* What it used of tokens. */
static int64_t used(const struct call *c)
{
    const struct usage *u = &c->tap.usage;
    if (u->known && u->prompt >= 0 && u->prompt <= BELIEVED &&
        u->completion >= 0 && u->completion <= BELIEVED)
        return u->prompt + u->completion;
    return c->status >= 400 ? 0 : c->ration.tokens;
}

void call_ration_settle(struct call *c)
{
    const struct ration *of[CALL_RATIONS];
    rations_of(c, of);
    if (!c->arrived || c->sent == 0) {
        undo(c, of);
        return;
    }
    for (; c->ration.taken > 0; c->ration.taken--) {
        int i = c->ration.taken - 1;
        limiter_settle(of[i]->limiter, &of[i]->rules, &c->ration.tickets[i],
                       used(c), world_now(c->world));
    }
}

/* --- taking ---------------------------------------------------------------- */

static void refuse(struct call *c, const struct ration *r,
                   const struct limit_verdict *v)
{
    nanos now = world_now(c->world);
    bool never = v->word == LIMIT_TOO_LARGE;
    struct fault fault = {.kind = FAULT_RATE_LIMITED,
                          .status = fault_status(FAULT_RATE_LIMITED)};
    nanos wait = v->at > now && v->at != NANOS_NEVER ? v->at - now : 1;
    if (!never)
        fault.retry_after = (int)((wait - 1) / NANOS_S + 1);
    str why = arena_print(
        &c->arena,
        never ? "this request may need more than our limit for %.*s ever lets "
                "pass at once"
              : "our limit for %.*s is used up; free again in %d s",
        STR_ARG(r->name), fault.retry_after);
    c->ration.refused = true;
    fault.message = call_told(c, why.p != NULL ? why.p : "our limit");
    call_finish(c, &fault);
}

/* The latest instant at which it may leave. */
static nanos until(const struct call *c, const struct ration *r)
{
    nanos until = c->ration.asked + r->wait;
    return until < c->ask.deadline ? until : c->ask.deadline;
}

bool call_ration_passes(struct call *c)
{
    const struct ration *of[CALL_RATIONS];
    int n = DEFENCE(rations) ? rations_of(c, of) : 0;
    nanos now = world_now(c->world), at = now;
    if (c->ration.asked == 0) {
        c->ration.asked = now;
        c->ration.tokens = estimate(c, of, n);
    }
    for (int i = 0; i < n; i++) {
        struct limit_ask ask = {
            .tokens = c->ration.tokens, .now = now, .until = until(c, of[i])};
        struct limit_verdict v = limiter_take(of[i]->limiter, &of[i]->rules,
                                              &ask, &c->ration.tickets[i]);
        if (v.word != LIMIT_PASSES) {
            undo(c, of);
            refuse(c, of[i], &v);
            return false;
        }
        c->ration.taken++;
        at = v.at > at ? v.at : at;
    }
    if (at == now)
        return true;
    if (n > 1)
        undo(c, of);
    c->ration.turn = at;
    return false;
}

bool call_ration_turn(struct call *c)
{
    c->ration.turn = 0;
    return c->ration.taken > 0 || call_ration_passes(c);
}
