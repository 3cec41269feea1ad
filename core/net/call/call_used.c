/*
** call_used.c -- from what was learnt of a reply to what is charged for it.
**
** Where somebody pays from a budget, a guess must not be too low: a prompt is
** its bound, and what passed is its bytes. Where a cost is only told, a guess is
** about right: a prompt is a quarter of its bytes, what passed a third of them.
*/
#include "net/call/call_inner.h"
#include "net/call/used.h"

#include "base/defence.h"
#include "kernel/estimate.h"

#define FRAMES 16  /* tokens of an answer that are not seen: its end and such */
#define ON_WAY 256 /* made, and not yet here when we hang up */

static bool bounded(const struct call *c)
{
    return c->ask.bound.each > 0;
}

/* Did it get so far that somebody may charge for it? An error's status says
** that nothing was made, and so does one that came in place of a first token; but
** not where somebody on the way only gave up waiting. */
static bool reached(const struct call *c)
{
    bool gave_up = c->status == 504 || c->status == 524;
    bool turned_away = c->tap.failed && !c->tap.first && !c->fault.ran;
    bool refused = c->status >= 400 && !(gave_up && DEFENCE(gave_up_waiting));
    return c->sent != 0 && c->arrived && !refused && !turned_away;
}

static bool has_ended_well(const struct call *c)
{
    return c->state == CALL_ENDED && !c->dropped && !c->cut && !c->past &&
           c->fault.kind == FAULT_NONE;
}

/* --- a guess ---------------------------------------------------------------- */

/* Tokens of a request that nobody counted, in a moment: pictures and the like
** are as much as elsewhere. */
static int64_t guess_prompt(const struct call *c)
{
    struct bound_most most = {.said = (1u << BOUND_KINDS) - 1};
    struct bound_ask ask = {.body = json_mapped(c->ask.body, c->ask.map),
                            .system = c->ask.system,
                            .messages = c->ask.messages,
                            .most = &most};
    struct bound bound;
    struct bound_why why;
    for (int i = 0; i < BOUND_KINDS; i++)
        most.of[i] = 4 * ESTIMATE_PART;
    if (bound_of(&ask, &bound, &why) != 0)
        return (int64_t)c->ask.body.n / 4;
    return bound.input / 4;
}

void call_guess(struct call *c)
{
    if (reached(c) && !bounded(c) && !c->tap.usage.known)
        c->about = guess_prompt(c);
}

/* Does what passed say what was made? Not before the first token, not of who
** thinks in silence, and not of who goes on when we have left. */
static bool tells(const struct call *c)
{
    bool well = has_ended_well(c);
    if (!c->tap.first || (!well && !c->event_stream))
        return false;
    if (!bounded(c))
        return !well; /* a provider that tells no usage is to be noticed */
    bool seen = !c->ask.bound.thinks || !DEFENCE(bound_unseen);
    return seen && (well || !c->ask.provider->runs_on);
}

static int64_t made(const struct call *c)
{
    int64_t bytes = c->tap.spoken.bytes;
    if (!bounded(c))
        return (bytes + 2) / 3;
    return bytes + FRAMES * c->ask.bound.answers +
           (has_ended_well(c) ? 0 : ON_WAY);
}

static void estimate(const struct call *c, struct used *out)
{
    const struct usage *told = &c->tap.usage;
    struct usage *u = &out->usage;
    out->how = USED_ESTIMATED;
    *u = (struct usage){.known = true, .completion = made(c)};
    u->prompt = bounded(c) ? c->ask.bound.input : c->about;
    if (!told->known)
        return;
    u->prompt = told->prompt;
    if (told->completion > u->completion)
        u->completion = told->completion;
}

/* --- the bound -------------------------------------------------------------- */

static void charge_bound(const struct call *c, struct used *out)
{
    const struct bound *b = &c->ask.bound;
    out->how = USED_BOUND;
    out->usage = (struct usage){
        .known = true, .prompt = b->input, .completion = bound_output(b)};
}

static bool exceeds(const struct usage *u, const struct bound *b)
{
    return u->prompt > b->input || u->completion > bound_output(b);
}

/* A guess may be above it, and is cut down to it; what was told may not. */
static void hold_to_bound(const struct call *c, struct used *out)
{
    const struct bound *b = &c->ask.bound;
    const struct usage *told = &c->tap.usage;
    int64_t output = bound_output(b);
    bool odd = told->absurd || (told->known && exceeds(told, b));
    if (c->past || (odd && DEFENCE(bound_held))) {
        out->violated = true;
        charge_bound(c, out);
    } else if (out->usage.completion > output) {
        out->usage.completion = output;
    }
}

/* A usage that came before the end, or says less than was heard, is not all. */
static bool is_final(const struct call *c)
{
    return c->tap.terminal && !c->cut && !c->past &&
           c->tap.usage.completion >= c->tap.spoken.words;
}

void call_used(const struct call *c, struct used *out)
{
    *out = (struct used){.how = USED_NOTHING, .usage.known = true};
    if (!reached(c))
        return;
    if (c->tap.usage.known && is_final(c)) {
        out->how = USED_TOLD;
        out->usage = c->tap.usage;
    } else if (tells(c)) {
        estimate(c, out);
    } else if (bounded(c)) {
        charge_bound(c, out);
    } else {
        *out = (struct used){.how = USED_UNKNOWN};
    }
    if (bounded(c))
        hold_to_bound(c, out);
}
