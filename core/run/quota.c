/*
** quota.c -- three fields for each unit.
*/
#include "run/quota.h"

#include <stdio.h>

#define MINUTE 60
#define HOUR   3600

void quota_note(struct quota quotas[QUOTA_UNITS], enum quota_unit unit,
                const struct quota *q)
{
    if (quotas[unit].limit == 0 || q->left < quotas[unit].left)
        quotas[unit] = *q;
}

/* "120ms", "42s", "6m0s", "1h0m0s": as OpenAI has it. */
static str reset_text(struct arena *arena, nanos t)
{
    int64_t s = (t + NANOS_S - 1) / NANOS_S;
    if (t > 0 && t < NANOS_S)
        return arena_print(arena, "%lldms",
                           (long long)((t + NANOS_MS - 1) / NANOS_MS));
    if (s < MINUTE)
        return arena_print(arena, "%llds", (long long)s);
    if (s < HOUR)
        return arena_print(arena, "%lldm%llds", (long long)(s / MINUTE),
                           (long long)(s % MINUTE));
    return arena_print(arena, "%lldh%lldm%llds", (long long)(s / HOUR),
                       (long long)(s % HOUR / MINUTE), (long long)(s % MINUTE));
}

int quota_fields(const struct quota quotas[QUOTA_UNITS], struct arena *arena,
                 struct http_field fields[QUOTA_FIELDS])
{
    static const char *const names[QUOTA_UNITS][3] = {
        {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
         "x-ratelimit-reset-requests"},
        {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
         "x-ratelimit-reset-tokens"}};
    int n = 0;
    for (int i = 0; i < QUOTA_UNITS; i++) {
        const struct quota *q = &quotas[i];
        if (q->limit == 0)
            continue;
        const str values[3] = {arena_int(arena, q->limit),
                               arena_int(arena, q->left),
                               reset_text(arena, q->reset)};
        for (int k = 0; k < 3; k++)
            fields[n++] = (struct http_field){str_of(names[i][k]), values[k]};
    }
    return n;
}
