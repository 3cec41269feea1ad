/*
** sim_head.c -- content-type, when to come again, what is left of the limits.
**
** The names and forms of OpenAI: x-ratelimit-remaining-requests: 59,
** x-ratelimit-reset-requests: 1s or 250ms, retry-after in whole seconds with
** retry-after-ms beside it.
*/
#include "net/sim_head.h"

#include <stdio.h>

static void add(struct sim_head *h, const char *name, str value)
{
    if (h->n < SIM_HEAD_FIELDS)
        h->fields[h->n++] = (struct http_field){str_of(name), value};
}

static void add_number(struct sim_head *h, const char *name, int64_t n,
                       const char *unit)
{
    if (h->numbers_n == SIM_HEAD_NUMBERS)
        return;
    char *text = h->numbers[h->numbers_n++];
    snprintf(text, sizeof h->numbers[0], "%lld%s", (long long)n, unit);
    add(h, name, str_of(text));
}

/* Rounded up: who comes when told to is let in. */
static int64_t whole(nanos t, nanos unit)
{
    return (t + unit - 1) / unit;
}

static void add_reset(struct sim_head *h, const char *name, nanos reset)
{
    if (reset < NANOS_S)
        add_number(h, name, whole(reset, NANOS_MS), "ms");
    else
        add_number(h, name, whole(reset, NANOS_S), "s");
}

static void add_quotas(struct sim_head *h, const struct sim_script *s)
{
    if (s->request_quota.limit > 0) {
        add_number(h, "x-ratelimit-limit-requests", s->request_quota.limit, "");
        add_number(h, "x-ratelimit-remaining-requests",
                   s->request_quota.remaining, "");
        add_reset(h, "x-ratelimit-reset-requests", s->request_quota.reset);
    }
    if (s->token_quota.limit > 0) {
        add_number(h, "x-ratelimit-limit-tokens", s->token_quota.limit, "");
        add_number(h, "x-ratelimit-remaining-tokens", s->token_quota.remaining,
                   "");
        add_reset(h, "x-ratelimit-reset-tokens", s->token_quota.reset);
    }
}

static void add_retry(struct sim_head *h, const struct sim_script *s,
                      int status)
{
    if (s->retry_after > 0) {
        add_number(h, "retry-after", whole(s->retry_after, NANOS_S), "");
        if (s->retry_after % NANOS_S != 0)
            add_number(h, "retry-after-ms", whole(s->retry_after, NANOS_MS),
                       "");
    } else if (status == 429 && s->retry_after == 0) {
        add(h, "retry-after", STR("1"));
    }
}

void sim_head_make(struct sim_head *h, const struct sim_script *s, int status,
                   const char *type)
{
    h->n = h->numbers_n = 0;
    add(h, "content-type", str_of(type));
    if (status >= 400)
        add_retry(h, s, status);
    add_quotas(h, s);
    for (int i = 0; i < s->headers_n; i++)
        if (h->n < SIM_HEAD_FIELDS)
            h->fields[h->n++] = s->headers[i];
}
