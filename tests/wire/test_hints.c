/*
** test_hints.c -- what a head says of limits, and what it does not.
*/
#include "wire/hints.h"

#include "unit.h"
#include "wire/json.h"
#include "wire/when.h"

#define NOW (784111777 * NANOS_S) /* Sun, 06 Nov 1994 08:49:37 GMT */

static struct hints h;

static void read_one(const char *name, const char *value)
{
    struct http_field f = {str_of(name), str_of(value)};
    hints_read(&h, &f, 1, NOW);
}

static void read_two(const char *name1, const char *value1, const char *name2,
                     const char *value2)
{
    struct http_field f[] = {{str_of(name1), str_of(value1)},
                             {str_of(name2), str_of(value2)}};
    hints_read(&h, f, 2, NOW);
}

#define CHECK_WAIT(name, value, want)     \
    do {                                  \
        read_one(name, value);            \
        CHECK_INT(h.retry_after, (want)); \
    } while (0)

static void a_head_without_hints_says_nothing(void)
{
    read_two("content-type", "application/json", "x-request-id", "x-ratelimit");
    CHECK_INT(h.retry_after, -1);
    CHECK_INT(h.should_retry, -1);
    CHECK_INT(h.requests.limit, -1);
    CHECK_INT(h.tokens.remaining, -1);
    CHECK_INT(h.output.reset, -1);
    hints_read(&h, NULL, 0, NOW);
    CHECK_INT(h.retry_after, -1);
}

static void retry_after_is_seconds_or_a_date(void)
{
    CHECK_WAIT("Retry-After", "7", 7 * NANOS_S);
    CHECK_WAIT("retry-after", "0.5", NANOS_S / 2);
    CHECK_WAIT("RETRY-AFTER", "0", 0);
    CHECK_WAIT("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", 30 * NANOS_S);
    CHECK_WAIT("retry-after", "Sunday, 06-Nov-94 08:50:07 GMT", 30 * NANOS_S);
    CHECK_WAIT("retry-after", "Sun Nov  6 08:50:07 1994", 30 * NANOS_S);
}

static void milliseconds_are_the_finer_word(void)
{
    CHECK_WAIT("retry-after-ms", "1500", 1500 * NANOS_MS);
    read_two("retry-after", "9", "retry-after-ms", "250");
    CHECK_INT(h.retry_after, 250 * NANOS_MS);
    read_two("retry-after-ms", "nonsense", "retry-after", "9");
    CHECK_INT(h.retry_after, 9 * NANOS_S);
}

static void of_two_waits_the_longer_is_meant(void)
{
    read_two("retry-after", "9", "retry-after", "2");
    CHECK_INT(h.retry_after, 9 * NANOS_S);
    read_two("retry-after", "2", "retry-after", "9");
    CHECK_INT(h.retry_after, 9 * NANOS_S);
}

static void nonsense_is_absent_or_too_long_and_never_at_once(void)
{
    static const char *const odd[] = {"",
                                      "inf",
                                      "-inf",
                                      "NaN",
                                      "-1",
                                      "-0.001",
                                      "1e400",
                                      "1, 2",
                                      "soon",
                                      "0x1",
                                      "1;q=1",
                                      "\"1\"",
                                      "[]",
                                      "null",
                                      "true",
                                      " ",
                                      "1s1",
                                      "Sun, 06 Nov 1994 08:49:36 GMT",
                                      "Thu, 01 Jan 1970 00:00:00 GMT"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        CHECK_WAIT("retry-after", odd[i], -1);
        CHECK_WAIT("retry-after-ms", odd[i], -1);
    }
    CHECK_WAIT("retry-after", "99999999999999999999", NANOS_NEVER);
    CHECK_WAIT("retry-after-ms", "99999999999999999999", NANOS_NEVER);
    CHECK_WAIT("retry-after", "Sun, 06 Nov 2094 08:49:37 GMT", NANOS_NEVER);
}

static void whether_to_come_again_is_true_or_false(void)
{
    read_one("x-should-retry", "true");
    CHECK_INT(h.should_retry, 1);
    read_one("X-Should-Retry", " FALSE ");
    CHECK_INT(h.should_retry, 0);
    read_one("x-should-retry", "maybe");
    CHECK_INT(h.should_retry, -1);
}

static void the_limits_of_openai_are_read(void)
{
    struct http_field f[] = {
        {STR("x-ratelimit-limit-requests"), STR("500")},
        {STR("x-ratelimit-remaining-requests"), STR("0")},
        {STR("x-ratelimit-reset-requests"), STR("6m0s")},
        {STR("X-RateLimit-Limit-Tokens"), STR("30000")},
        {STR("X-RateLimit-Remaining-Tokens"), STR("29999")},
        {STR("X-RateLimit-Reset-Tokens"), STR("12ms")}};
    hints_read(&h, f, 6, NOW);
    CHECK_INT(h.requests.limit, 500);
    CHECK_INT(h.requests.remaining, 0);
    CHECK_INT(h.requests.reset, 360 * NANOS_S);
    CHECK_INT(h.tokens.limit, 30000);
    CHECK_INT(h.tokens.remaining, 29999);
    CHECK_INT(h.tokens.reset, 12 * NANOS_MS);
    CHECK_INT(hints_exhausted(&h), 360 * NANOS_S);
}

static void the_limits_of_anthropic_are_read(void)
{
    struct http_field f[] = {
        {STR("anthropic-ratelimit-requests-limit"), STR("50")},
        {STR("anthropic-ratelimit-tokens-remaining"), STR("1000")},
        {STR("anthropic-ratelimit-input-tokens-remaining"), STR("0")},
        {STR("anthropic-ratelimit-input-tokens-reset"),
         STR("1994-11-06T08:50:37Z")},
        {STR("anthropic-ratelimit-output-tokens-limit"), STR("8000")},
        {STR("anthropic-ratelimit-unified-reset"), STR("1")}};
    hints_read(&h, f, 6, NOW);
    CHECK_INT(h.requests.limit, 50);
    CHECK_INT(h.tokens.remaining, 1000);
    CHECK_INT(h.input.reset, 60 * NANOS_S);
    CHECK_INT(h.output.limit, 8000);
    CHECK_INT(h.requests.reset, -1);
    CHECK_INT(hints_exhausted(&h), 60 * NANOS_S);
}

static void a_reset_may_be_a_time_since_1970(void)
{
    read_one("x-ratelimit-reset-requests", "1784111777");
    CHECK_INT(h.requests.reset, NANOS_NEVER);
    struct http_field f = {STR("x-ratelimit-reset-requests"),
                           STR("1784111787")};
    hints_read(&h, &f, 1, 1784111777 * NANOS_S);
    CHECK_INT(h.requests.reset, 10 * NANOS_S);
    f.value = STR("1784111787000");
    hints_read(&h, &f, 1, 1784111777 * NANOS_S);
    CHECK_INT(h.requests.reset, 10 * NANOS_S);
    f.value = STR("1784111700");
    hints_read(&h, &f, 1, 1784111777 * NANOS_S);
    CHECK_INT(h.requests.reset, -1);
}

static void limits_that_nobody_can_mean_are_not_said(void)
{
    static const char *const odd[] = {
        "-1", "", "x", "1.5", "1e9", "0x1", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        read_two("x-ratelimit-limit-tokens", odd[i],
                 "x-ratelimit-remaining-tokens", odd[i]);
        CHECK_INT(h.tokens.limit, -1);
        CHECK_INT(h.tokens.remaining, -1);
    }
    read_two("x-ratelimit-remaining-tokens", "-1", "x-ratelimit-reset-tokens",
             "0");
    CHECK_INT(hints_exhausted(&h), -1);
}

static nanos of_error(const char *body)
{
    struct json_error wrong;
    CHECK(json_check(str_of(body), &wrong));
    return hints_of_error(str_of(body));
}

static void google_says_the_wait_in_the_body(void)
{
    CHECK_INT(of_error("{\"error\":{\"code\":429,\"details\":[{\"@type\":\"q\"}"
                       ",{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo"
                       "\",\"retryDelay\":\"37s\"}]}}"),
              37 * NANOS_S);
    CHECK_INT(of_error("[{\"error\":{\"details\":[{\"retryDelay\":\"1.5s\"}]}}"
                       "]"),
              1500 * NANOS_MS);
}

static void a_body_without_a_wait_says_none(void)
{
    static const char *const bodies[] = {
        "{}",
        "[]",
        "[[]]",
        "1",
        "\"a\"",
        "{\"error\":\"retryDelay\"}",
        "{\"error\":{\"details\":{\"retryDelay\":7}}}",
        "{\"error\":{\"details\":[{\"retryDelay\":7}]}}",
        "{\"error\":{\"details\":[{\"retryDelay\":\"\"}]}}",
        "{\"error\":{\"details\":[{\"retryDelay\":\"-3s\"}]}}",
        "{\"error\":{\"details\":[{\"retryDelay\":\"inf\"}]}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_INT(of_error(bodies[i]), -1);
}

TESTS(a_head_without_hints_says_nothing, retry_after_is_seconds_or_a_date,
      milliseconds_are_the_finer_word, of_two_waits_the_longer_is_meant,
      nonsense_is_absent_or_too_long_and_never_at_once,
      whether_to_come_again_is_true_or_false, the_limits_of_openai_are_read,
      the_limits_of_anthropic_are_read, a_reset_may_be_a_time_since_1970,
      limits_that_nobody_can_mean_are_not_said,
      google_says_the_wait_in_the_body, a_body_without_a_wait_says_none)
