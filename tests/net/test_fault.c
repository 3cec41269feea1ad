/*
** From what providers send to the closed set of faults.
*/
#include "net/call/fault.h"

#include "unit.h"

static enum fault_kind by(int status, const char *type, const char *code,
                          const char *message)
{
    struct upstream_error e = {
        .type = str_of(type), .code = str_of(code), .message = str_of(message)};
    return fault_judge(status, &e).kind;
}

#define CHECK_KIND(got, want) CHECK_STR(str_of(fault_name(got)), want)

static void every_kind_has_a_name_of_its_own(void)
{
    for (int i = 0; i < FAULT_KINDS; i++) {
        const char *name = fault_name((enum fault_kind)i);
        CHECK(name != NULL && *name != '\0');
        CHECK_INT(fault_of(str_of(name)), i);
    }
    CHECK_INT(fault_of(STR("no_such_fault")), FAULT_KINDS);
    CHECK_INT(fault_of(STR("")), FAULT_KINDS);
    CHECK_INT(fault_of(STR("time")), FAULT_KINDS);
}

static void every_kind_has_a_status_that_tells_of_an_error(void)
{
    for (int i = 0; i < FAULT_KINDS; i++) {
        int status = fault_status((enum fault_kind)i);
        CHECK(status >= 400 && status < 600);
    }
    CHECK_INT(fault_status(FAULT_NONE), 503);
    CHECK_INT(fault_status(FAULT_RATE_LIMITED), 429);
    CHECK_INT(fault_status(FAULT_TIMEOUT_FIRST), 504);
    CHECK_INT(fault_status(FAULT_AUTH), 502);
    CHECK_INT(fault_status(FAULT_POLICY), 500);
}

static void a_status_alone_is_the_last_word(void)
{
    CHECK_KIND(by(401, NULL, NULL, NULL), "auth");
    CHECK_KIND(by(403, NULL, NULL, NULL), "auth");
    CHECK_KIND(by(402, NULL, NULL, NULL), "quota_exhausted");
    CHECK_KIND(by(404, NULL, NULL, NULL), "not_found");
    CHECK_KIND(by(408, NULL, NULL, NULL), "timeout_total");
    CHECK_KIND(by(429, NULL, NULL, NULL), "rate_limited");
    CHECK_KIND(by(503, NULL, NULL, NULL), "overloaded");
    CHECK_KIND(by(529, NULL, NULL, NULL), "overloaded");
    CHECK_KIND(by(400, NULL, NULL, NULL), "bad_request");
    CHECK_KIND(by(422, NULL, NULL, NULL), "bad_request");
    CHECK_KIND(by(500, NULL, NULL, NULL), "server_error");
    CHECK_KIND(by(302, NULL, NULL, NULL), "server_error");
    CHECK_KIND(by(0, NULL, NULL, NULL), "server_error");
}

static void a_code_says_more_than_the_status(void)
{
    CHECK_KIND(by(400, NULL, "context_length_exceeded", NULL),
               "context_too_long");
    CHECK_KIND(by(400, "exceed_context_size_error", NULL, NULL),
               "context_too_long");
    CHECK_KIND(by(400, NULL, "content_filter", NULL), "content_filtered");
    CHECK_KIND(by(400, NULL, "content_policy_violation", NULL),
               "content_filtered");
    CHECK_KIND(by(429, NULL, "insufficient_quota", NULL), "quota_exhausted");
    CHECK_KIND(by(429, "insufficient_quota", NULL, NULL), "quota_exhausted");
    CHECK_KIND(by(400, "billing_error", NULL, NULL), "quota_exhausted");
    CHECK_KIND(by(400, NULL, "invalid_api_key", NULL), "auth");
    CHECK_KIND(by(400, NULL, "model_not_found", NULL), "not_found");
    CHECK_KIND(by(500, "overloaded_error", NULL, NULL), "overloaded");
}

static void a_message_says_more_than_the_status(void)
{
    CHECK_KIND(by(400, "invalid_request_error", NULL,
                  "prompt is too long: 210000 tokens > 200000 maximum"),
               "context_too_long");
    CHECK_KIND(by(400, "invalid_request_error", NULL,
                  "This model's maximum context length is 8192 tokens"),
               "context_too_long");
    CHECK_KIND(by(400, NULL, NULL,
                  "The response was filtered due to Azure OpenAI's content "
                  "management policy"),
               "content_filtered");
    CHECK_KIND(by(400, "invalid_request_error", NULL, "no such field"),
               "bad_request");
}

static void an_error_event_has_no_status_and_is_read_by_its_texts(void)
{
    CHECK_KIND(by(0, "overloaded_error", NULL, "Overloaded"), "overloaded");
    CHECK_KIND(by(0, NULL, "rate", "who knows"), "server_error");
    CHECK_KIND(by(0, NULL, "rate_limit_exceeded", "slow"), "rate_limited");
    CHECK_KIND(by(0, "invalid_request_error", NULL, "no"), "bad_request");
    CHECK_KIND(by(0, "authentication_error", NULL, "no"), "auth");
    CHECK_KIND(by(0, "UNAVAILABLE", "503", "no"), "overloaded");
    CHECK_KIND(by(0, "INTERNAL", "500", "no"), "server_error");
}

static void a_number_for_a_code_inside_a_stream_is_the_status(void)
{
    CHECK_KIND(by(0, NULL, "429", "no"), "rate_limited");
    CHECK_KIND(by(0, NULL, "402", "no"), "quota_exhausted");
    CHECK_KIND(by(0, NULL, "200", "no"), "server_error");
    CHECK_KIND(by(400, NULL, "429", "no"), "bad_request");
}

static void details_say_more_than_the_type(void)
{
    struct upstream_error e = {
        .type = STR("rate_limit_error"),
        .details = STR("{\"error_code\":\"enforced_spend_limit_reached\"}")};
    CHECK_KIND(fault_judge(429, &e).kind, "quota_exhausted");
    e.details = STR_NONE;
    CHECK_KIND(fault_judge(429, &e).kind, "rate_limited");
}

static void what_words_prove_is_not_firm(void)
{
    struct upstream_error e = {.message = STR("your spend limit was reached")};
    CHECK_KIND(fault_judge(400, &e).kind, "quota_exhausted");
    CHECK(!fault_judge(400, &e).firm);
    CHECK_KIND(fault_judge(500, &e).kind, "server_error");
    e = (struct upstream_error){.code = STR("insufficient_quota")};
    CHECK(fault_judge(429, &e).firm);
    CHECK(fault_judge(401, &(struct upstream_error){0}).firm);
    CHECK(!fault_judge(403, &(struct upstream_error){0}).firm);
}

static void what_fits_no_minute_is_not_asked_again(void)
{
    struct upstream_error e = {
        .code = STR("rate_limit_exceeded"),
        .message = STR("Request too large: Limit 10000, Requested 12000.")};
    CHECK_KIND(fault_judge(429, &e).kind, "rate_limited");
    CHECK(!fault_judge(429, &e).again);
    e.message = STR("Rate limit reached: Limit 10000, Used 9000, Requested "
                    "1200.");
    CHECK(fault_judge(429, &e).again);
    e.message = STR("Limit x, Requested 99999999999999999999999");
    CHECK(fault_judge(429, &e).again);
}

static void a_redirect_is_not_asked_again(void)
{
    CHECK(!fault_judge(307, &(struct upstream_error){0}).again);
    CHECK(fault_judge(502, &(struct upstream_error){0}).again);
}

static void every_timeout_leaves_the_same_word_in_the_path(void)
{
    CHECK_STR(str_of(fault_word(FAULT_TIMEOUT_CONNECT)), "timeout");
    CHECK_STR(str_of(fault_word(FAULT_TIMEOUT_FIRST)), "timeout");
    CHECK_STR(str_of(fault_word(FAULT_TIMEOUT_IDLE)), "timeout");
    CHECK_STR(str_of(fault_word(FAULT_TIMEOUT_TOTAL)), "timeout");
    CHECK_STR(str_of(fault_word(FAULT_AUTH)), "auth");
    CHECK_STR(str_of(fault_word(FAULT_DEADLINE)), "deadline");
}

static void what_passes_by_itself_does_not_last(void)
{
    for (int i = 0; i < FAULT_KINDS; i++)
        CHECK(!(fault_passing((enum fault_kind)i) &&
                fault_lasting((enum fault_kind)i)));
    CHECK(fault_passing(FAULT_RATE_LIMITED) && fault_passing(FAULT_NETWORK));
    CHECK(!fault_passing(FAULT_QUOTA_EXHAUSTED));
    CHECK(!fault_passing(FAULT_DEADLINE));
}

static void what_lies_in_the_request_or_key_lasts(void)
{
    CHECK(fault_lasting(FAULT_CONTEXT_TOO_LONG));
    CHECK(fault_lasting(FAULT_CONTENT_FILTERED));
    CHECK(fault_lasting(FAULT_BAD_REQUEST));
    CHECK(fault_lasting(FAULT_AUTH));
    CHECK(fault_lasting(FAULT_NOT_FOUND));
    CHECK(!fault_lasting(FAULT_SERVER_ERROR));
}

static void only_bad_and_filtered_requests_end_the_ladder(void)
{
    int refusing = 0;
    for (int i = 0; i < FAULT_KINDS; i++)
        refusing += fault_refuses((enum fault_kind)i);
    CHECK_INT(refusing, 2);
    CHECK(fault_refuses(FAULT_BAD_REQUEST));
    CHECK(fault_refuses(FAULT_CONTENT_FILTERED));
}

static void an_exchange_that_ends_by_itself_has_a_kind(void)
{
    CHECK_KIND(fault_of_end(EXCHANGE_OK), "none");
    CHECK_KIND(fault_of_end(EXCHANGE_RESOLVE), "network");
    CHECK_KIND(fault_of_end(EXCHANGE_CONNECT), "network");
    CHECK_KIND(fault_of_end(EXCHANGE_CLOSED), "network");
    CHECK_KIND(fault_of_end(EXCHANGE_BROKEN), "broken_stream");
    CHECK_KIND(fault_of_end(EXCHANGE_PROTOCOL), "malformed");
    CHECK_KIND(fault_of_end(EXCHANGE_LIMIT), "malformed");
    CHECK_KIND(fault_of_end(EXCHANGE_MEMORY), "server_error");
}

TESTS(every_kind_has_a_name_of_its_own,
      every_kind_has_a_status_that_tells_of_an_error,
      a_status_alone_is_the_last_word, a_code_says_more_than_the_status,
      a_message_says_more_than_the_status,
      an_error_event_has_no_status_and_is_read_by_its_texts,
      a_number_for_a_code_inside_a_stream_is_the_status,
      details_say_more_than_the_type, what_words_prove_is_not_firm,
      what_fits_no_minute_is_not_asked_again, a_redirect_is_not_asked_again,
      every_timeout_leaves_the_same_word_in_the_path,
      what_passes_by_itself_does_not_last,
      what_lies_in_the_request_or_key_lasts,
      only_bad_and_filtered_requests_end_the_ladder,
      an_exchange_that_ends_by_itself_has_a_kind)
