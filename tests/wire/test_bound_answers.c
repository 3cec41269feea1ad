/*
** test_bound_answers.c -- how long answers can be, and how many.
*/
#include "wire/bound_rig.h"

#include <stdio.h>

static int64_t each(const char *members, int64_t max_out)
{
    char json[512];
    snprintf(json, sizeof json, "%s%s}", USER("\"m\""), members);
    return bound_with((struct bound_ask){.max_out = max_out}, json).each;
}

static void who_names_no_limit_has_the_models_or_4096(void)
{
    CHECK_INT(each("", 0), 4096);
    CHECK_INT(each("", 700), 700);
    CHECK_INT(each("", 200000), 200000);
    CHECK(!bound(USER("\"m\"") "}").client_said);
}

static void a_limit_of_the_clients_holds_and_of_two_the_lower(void)
{
    CHECK_INT(each(",\"max_tokens\":20", 0), 20);
    CHECK_INT(each(",\"max_completion_tokens\":20", 0), 20);
    CHECK_INT(each(",\"max_tokens\":30,\"max_completion_tokens\":20", 0), 20);
    CHECK_INT(each(",\"max_tokens\":20,\"max_completion_tokens\":30", 0), 20);
    CHECK_INT(each(",\"max_tokens\":9000", 0), 9000);
    CHECK_INT(each(",\"max_tokens\":9000", 700), 700);
    CHECK(bound(USER("\"m\"") ",\"max_tokens\":20}").client_said);
}

static void a_limit_beyond_reason_is_one_within_it(void)
{
    CHECK_INT(each(",\"max_tokens\":999999999", 0), BOUND_OUT_MOST);
    CHECK_INT(each(",\"max_tokens\":9223372036854775807", 0), BOUND_OUT_MOST);
    CHECK_INT(each(",\"max_tokens\":999999999", 5000), 5000);
}

static void what_is_no_limit_names_none(void)
{
    CHECK_INT(each(",\"max_tokens\":null", 0), 4096);
    CHECK_INT(each(",\"max_tokens\":0", 0), 4096);
    CHECK_INT(each(",\"max_tokens\":-1", 0), 4096);
    CHECK_INT(each(",\"max_tokens\":\"999999\"", 0), 4096);
    CHECK_INT(each(",\"max_tokens\":1.5", 0), 4096);
    CHECK_INT(each(",\"max_tokens\":9223372036854775808", 0), 4096);
}

static void the_policys_limit_stands_above_the_clients(void)
{
    struct bound_ask ask = {.max_tokens = 50};
    CHECK_INT(bound_with(ask, USER("\"m\"") ",\"max_tokens\":9}").each, 50);
    ask.max_out = 40;
    CHECK_INT(bound_with(ask, USER("\"m\"") ",\"max_tokens\":9}").each, 40);
}

static void n_answers_are_n_times_one(void)
{
    struct bound b = bound(USER("\"m\"") ",\"n\":8,\"max_tokens\":100}");
    CHECK_INT(b.answers, 8);
    CHECK_INT(bound_output(&b), 800);
    b = bound(USER("\"m\"") ",\"\\u006e\":8,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 800);
    b = bound(USER("\"m\"") ",\"n\":8e0,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 800);
    b = bound(USER("\"m\"") ",\"n\":null,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 100);
    b = bound(USER("\"m\"") ",\"n\":0,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 100);
    b = bound(USER("\"m\"") ",\"n\":9000000000000000000,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), INT64_MAX);
}

static void an_n_that_services_read_differently_is_refused(void)
{
    refuses(USER("\"m\"") ",\"n\":\"8\"}", BOUND_KINDS, "n");
    refuses(USER("\"m\"") ",\"n\":true}", BOUND_KINDS, "n");
    refuses(USER("\"m\"") ",\"n\":1.5}", BOUND_KINDS, "n");
    refuses(USER("\"m\"") ",\"n\":-8}", BOUND_KINDS, "n");
    refuses(USER("\"m\"") ",\"n\":[8]}", BOUND_KINDS, "n");
}

TESTS(who_names_no_limit_has_the_models_or_4096,
      a_limit_of_the_clients_holds_and_of_two_the_lower,
      a_limit_beyond_reason_is_one_within_it, what_is_no_limit_names_none,
      the_policys_limit_stands_above_the_clients, n_answers_are_n_times_one,
      an_n_that_services_read_differently_is_refused)
