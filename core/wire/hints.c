/*
** hints.c -- a table of header names, and what their values mean.
**
** Most fields of a head are none of these, and two looks (the first letter,
** the length) tell so; the table is walked for the others alone.
*/
#include "wire/hints.h"

#include "wire/json.h"
#include "wire/when.h"

enum part { LIMIT, REMAINING, RESET };

#define AT(which) offsetof(struct hints, which)
#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
#define OPENAI "x-ratelimit-"
#define CLAUDE "anthropic-ratelimit-"
#define ROWS_OF(before, behind, which)                           \
    {NAME(before "limit" behind), LIMIT, AT(which)},             \
        {NAME(before "remaining" behind), REMAINING, AT(which)}, \
    {                                                            \
        NAME(before "reset" behind), RESET, AT(which)            \
    }

static const struct row {
    str name;
    enum part part;
    size_t quota; /* where in struct hints */
} rows[] = {
    ROWS_OF(OPENAI, "-requests", requests),
    ROWS_OF(OPENAI, "-tokens", tokens),
    ROWS_OF(CLAUDE "requests-", "", requests),
    ROWS_OF(CLAUDE "tokens-", "", tokens),
    ROWS_OF(CLAUDE "input-tokens-", "", input),
    ROWS_OF(CLAUDE "output-tokens-", "", output),
};

static const struct quota_hint unsaid = {-1, -1, WHEN_NONE};

struct hints hints_none(void)
{
    return (struct hints){WHEN_NONE, -1, unsaid, unsaid, unsaid, unsaid};
}

/* A date as a length from now; one that has passed says nothing. */
static nanos until(nanos date, int64_t calendar)
{
    if (date < 0 || date <= calendar)
        return WHEN_NONE;
    return date - calendar > WHEN_LONGEST ? NANOS_NEVER : date - calendar;
}

static nanos retry_after(str value, int64_t calendar)
{
    nanos span = when_span(value, NANOS_S);
    return span >= 0 ? span : until(when_date(value), calendar);
}

/* A reset is a length, seconds or milliseconds since 1970, or a date. */
static nanos reset_of(str value, int64_t calendar)
{
    int64_t number = str_number(str_trim(value), INT64_MAX / NANOS_MS);
    if (number > INT64_C(1000000000000))
        return until(number * NANOS_MS, calendar);
    if (number > INT64_C(1000000000))
        return until(number * NANOS_S, calendar);
    return retry_after(value, calendar);
}

static void read_quota(struct hints *h, const struct row *row, str value,
                       int64_t calendar)
{
    struct quota_hint *quota = (void *)((char *)h + row->quota);
    if (row->part == RESET)
        quota->reset = reset_of(value, calendar);
    else if (row->part == LIMIT)
        quota->limit = str_number(str_trim(value), INT64_MAX / 2);
    else
        quota->remaining = str_number(str_trim(value), INT64_MAX / 2);
}

static int should_retry(str value)
{
    value = str_trim(value);
    if (str_eq_nocase(value, STR("true")))
        return 1;
    return str_eq_nocase(value, STR("false")) ? 0 : -1;
}

static bool starts(str name, str with)
{
    return name.n > with.n && str_eq_nocase((str){name.p, with.n}, with);
}

static nanos longer(nanos a, nanos b)
{
    return a > b ? a : b;
}

/* The longest of what is said; milliseconds are the finer word. */
struct waits {
    nanos ms, seconds;
};

static void read_field(struct hints *h, struct waits *w,
                       const struct http_field *f, int64_t calendar)
{
    if (str_eq_nocase(f->name, STR("retry-after-ms")))
        w->ms = longer(w->ms, when_span(f->value, NANOS_MS));
    else if (str_eq_nocase(f->name, STR("retry-after")))
        w->seconds = longer(w->seconds, retry_after(f->value, calendar));
    else if (str_eq_nocase(f->name, STR("x-should-retry")))
        h->should_retry = should_retry(f->value);
    else if (starts(f->name, STR(OPENAI)) || starts(f->name, STR(CLAUDE)))
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (str_eq_nocase(f->name, rows[i].name))
                read_quota(h, &rows[i], f->value, calendar);
}

void hints_read(struct hints *h, const struct http_field *fields, int n,
                int64_t calendar)
{
    struct waits w = {WHEN_NONE, WHEN_NONE};
    *h = hints_none();
    for (int i = 0; i < n; i++) {
        int first = fields[i].name.n > 10 ? fields[i].name.p[0] | 0x20 : 0;
        if (first == 'r' || first == 'x' || first == 'a')
            read_field(h, &w, &fields[i], calendar);
    }
    h->retry_after = w.ms >= 0 ? w.ms : w.seconds;
}

nanos hints_of_error(str body)
{
    struct json top = json_of(body);
    struct json_walk w = json_walk(top);
    if (top.kind == JSON_ARRAY && json_next(&w)) /* Gemini wraps it in one */
        top = w.value;
    struct json error = json_get(top, STR("error"));
    w = json_walk(json_get(error, STR("details")));
    while (json_next(&w)) {
        struct json delay = json_get(w.value, STR("retryDelay"));
        if (delay.kind == JSON_STRING)
            return when_span((str){delay.text.p + 1, delay.text.n - 2},
                             NANOS_S);
    }
    return WHEN_NONE;
}

nanos hints_exhausted(const struct hints *h)
{
    const struct quota_hint *all[] = {&h->requests, &h->tokens, &h->input,
                                      &h->output};
    nanos wait = WHEN_NONE;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->remaining == 0)
            wait = longer(wait, all[i]->reset);
    return wait;
}
