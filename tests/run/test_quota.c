/*
** test_quota.c -- what a client is told of limits.
*/
#include "unit.h"

#include "run/quota.h"

static struct quota quotas[QUOTA_UNITS];
static struct arena arena;
static struct http_field fields[QUOTA_FIELDS];
static struct quota_reader reader;

static str value(const char *name)
{
    int n = quota_fields(quotas, &reader, &arena, fields);
    for (int i = 0; i < n; i++)
        if (str_eq(fields[i].name, str_of(name)))
            return fields[i].value;
    return STR_NONE;
}

static void begin(void)
{
    arena_init(&arena);
    reader = (struct quota_reader){false, 0};
    quotas[QUOTA_REQUESTS] = quotas[QUOTA_TOKENS] = (struct quota){0};
}

static void without_a_limit_nothing_is_said(void)
{
    begin();
    CHECK_INT(quota_fields(quotas, &reader, &arena, fields), 0);
    arena_fini(&arena);
}

static void of_several_limits_the_one_with_the_least_left_is_told(void)
{
    begin();
    quota_note(quotas, QUOTA_TOKENS, &(struct quota){1000, 900, 1});
    quota_note(quotas, QUOTA_TOKENS, &(struct quota){500, 20, NANOS_S});
    quota_note(quotas, QUOTA_TOKENS, &(struct quota){99, 21, 5});
    CHECK_STR(value("x-ratelimit-limit-tokens"), "500");
    CHECK_STR(value("x-ratelimit-remaining-tokens"), "20");
    CHECK_STR(value("x-ratelimit-reset-tokens"), "1s");
    CHECK(value("x-ratelimit-limit-requests").p == NULL);
    arena_fini(&arena);
}

static void a_reset_is_a_time_as_openai_writes_it(void)
{
    static const struct {
        nanos t;
        const char *text;
    } cases[] = {{0, "0s"},
                 {1, "1ms"},
                 {120 * NANOS_MS, "120ms"},
                 {42 * NANOS_S, "42s"},
                 {42 * NANOS_S + 1, "43s"},
                 {360 * NANOS_S, "6m0s"},
                 {3599 * NANOS_S, "59m59s"},
                 {90061 * NANOS_S, "25h1m1s"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        quota_note(quotas, QUOTA_REQUESTS, &(struct quota){9, 1, cases[i].t});
        CHECK_STR(value("x-ratelimit-reset-requests"), cases[i].text);
        arena_fini(&arena);
    }
}

static void anthropics_clients_are_told_the_instant(void)
{
    begin();
    quota_note(quotas, QUOTA_REQUESTS, &(struct quota){10, 7, 42 * NANOS_S});
    quota_note(quotas, QUOTA_TOKENS, &(struct quota){5000, 12, 1});
    reader = (struct quota_reader){true, 1767268800 * NANOS_S};
    CHECK_INT(quota_fields(quotas, &reader, &arena, fields), QUOTA_FIELDS);
    CHECK_STR(value("anthropic-ratelimit-requests-limit"), "10");
    CHECK_STR(value("anthropic-ratelimit-requests-remaining"), "7");
    CHECK_STR(value("anthropic-ratelimit-requests-reset"),
              "2026-01-01T12:00:42Z");
    CHECK_STR(value("anthropic-ratelimit-tokens-limit"), "5000");
    CHECK_STR(value("anthropic-ratelimit-tokens-remaining"), "12");
    CHECK_STR(value("anthropic-ratelimit-tokens-reset"),
              "2026-01-01T12:00:01Z"); /* never too early */
    arena_fini(&arena);
}

static bool wants(const char *name, const char *text)
{
    const struct http_field sent[] = {{STR("Accept"), STR("*/*")},
                                      {str_of(name), str_of(text)}};
    return quota_wants_anthropic(sent, 2);
}

static void anthropics_clients_are_known_by_what_they_send(void)
{
    CHECK(wants("anthropic-version", "2023-06-01"));
    CHECK(wants("X-Api-Key", "secret"));
    CHECK(!wants("x-api-key", ""));
    CHECK(!wants("authorization", "Bearer secret"));
    CHECK(!wants("x-goog-api-key", "secret"));
    CHECK(!quota_wants_anthropic(NULL, 0));
}

TESTS(without_a_limit_nothing_is_said,
      of_several_limits_the_one_with_the_least_left_is_told,
      a_reset_is_a_time_as_openai_writes_it,
      anthropics_clients_are_told_the_instant,
      anthropics_clients_are_known_by_what_they_send)
