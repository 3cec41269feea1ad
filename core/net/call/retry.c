/*
** retry.c -- the reasons not to ask again, one after another.
**
** The budget comes last: it is taken from only by those who will ask. Another
** key has limits of its own and needs none.
*/
#include "net/call/retry.h"

#include "base/defence.h"
#include "meter/backoff.h"

/* Is it worth it at all? */
static bool hopeful(const struct retry *t, const struct fault *fault)
{
    bool also = t->also >> fault->kind & 1;
    if (DEFENCE(busy_once) && fault->retry_after > 0)
        return false; /* we are full ourselves */
    if (t->final >> fault->kind & 1)
        return false;
    return fault->again || also || !DEFENCE(hopeless_faults);
}

/* The provider's word, and on top of it a random time: those who were told
** the same second do not come back in the same instant. */
static nanos pause(const struct retry *t, const struct fault *fault,
                   uint32_t dice)
{
    nanos random = backoff(t->tried, dice);
    nanos wait = DEFENCE(retry_after) && fault->wait > 0 ? fault->wait : 0;
    return wait < NANOS_NEVER - random ? wait + random : NANOS_NEVER;
}

/* Another key may be asked at once, and that is no try of its own: it is the
** key's fault and not the model's. */
static bool switches(struct retry *t, const struct call *failed, nanos now)
{
    struct keys *keys = &failed->ask.provider->keys;
    enum fault_kind kind = failed->fault.kind;
    bool of_key = kind == FAULT_RATE_LIMITED || kind == FAULT_AUTH ||
                  kind == FAULT_QUOTA_EXHAUSTED;
    if (!of_key || failed->sent == 0 || keys->n < 2)
        return false;
    t->keys |= (uint32_t)1 << failed->key;
    return DEFENCE(key_switch) && keys_others(keys, t->keys, now);
}

nanos retry_when(struct retry *t, const struct call *failed, nanos now,
                 uint32_t dice)
{
    const struct fault *fault = &failed->fault;
    if (switches(t, failed, now))
        return now;
    t->keys = 0;
    t->tries--;
    t->tried++;
    if (t->tries <= 0 || !hopeful(t, fault))
        return NANOS_NEVER;
    if (DEFENCE(ran_once) && fault->ran && t->doubted)
        return NANOS_NEVER;
    nanos wait = pause(t, fault, dice), deadline = failed->ask.deadline;
    if (wait >= deadline - now)
        return NANOS_NEVER;
    struct retry_budget *budget = failed->ask.provider->retries;
    if (budget != NULL && !retry_budget_take(budget, now))
        return NANOS_NEVER;
    t->doubted = t->doubted || fault->ran;
    return now + wait;
}
