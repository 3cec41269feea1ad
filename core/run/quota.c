/*
** quota.c -- three fields for each unit.
*/
#include "run/quota.h"

#include "base/utc.h"

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

/* "2026-01-01T12:00:42Z": an instant, as Anthropic has it. */
static str instant_text(struct arena *arena, nanos t)
{
    struct utc u = utc_of((t + NANOS_S - 1) / NANOS_S);
    return arena_print(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", u.year, u.month,
                       u.day, u.hour, u.minute, u.second);
}

static str reset_of(const struct quota *q, const struct quota_reader *reader,
                    struct arena *arena)
{
    return reader->anthropic ? instant_text(arena, reader->calendar + q->reset)
                             : reset_text(arena, q->reset);
}

bool quota_wants_anthropic(const struct http_field *fields, int n)
{
    for (int i = 0; i < n; i++)
        if (fields[i].value.n > 0 &&
            (str_eq_nocase(fields[i].name, STR("anthropic-version")) ||
             str_eq_nocase(fields[i].name, STR("x-api-key"))))
            return true;
    return false;
}

#define OPENAI(what, unit)    "x-ratelimit-" what "-" unit
#define ANTHROPIC(unit, what) "anthropic-ratelimit-" unit "-" what

int quota_fields(const struct quota quotas[QUOTA_UNITS],
                 const struct quota_reader *reader, struct arena *arena,
                 struct http_field fields[QUOTA_FIELDS])
{
    static const char *const names[2][QUOTA_UNITS][3] = {
        {{OPENAI("limit", "requests"), OPENAI("remaining", "requests"),
          OPENAI("reset", "requests")},
         {OPENAI("limit", "tokens"), OPENAI("remaining", "tokens"),
          OPENAI("reset", "tokens")}},
        {{ANTHROPIC("requests", "limit"), ANTHROPIC("requests", "remaining"),
          ANTHROPIC("requests", "reset")},
         {ANTHROPIC("tokens", "limit"), ANTHROPIC("tokens", "remaining"),
          ANTHROPIC("tokens", "reset")}}};
    int n = 0;
    for (int i = 0; i < QUOTA_UNITS; i++) {
        const struct quota *q = &quotas[i];
        if (q->limit == 0)
            continue;
        const str values[3] = {arena_int(arena, q->limit),
                               arena_int(arena, q->left),
                               reset_of(q, reader, arena)};
        for (int k = 0; k < 3; k++)
            fields[n++] = (struct http_field){
                str_of(names[reader->anthropic][i][k]), values[k]};
    }
    return n;
}
