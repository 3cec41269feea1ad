/*
** test_targets.c -- models that are not asked for a while, as authors see it.
*/
#include "policy_rig.h"

static bool contains_text(str text, const char *what)
{
    return text.n > 0 && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void chats(int n)
{
    for (int i = 0; i < n; i++)
        chat();
}

static void after_five_failures_a_model_is_not_asked(void)
{
    begin(FAILS("b", 503) OK("c") "return { 'b/x', 'c/y' }");
    chats(5);
    CHECK_STR(path(), "x overloaded, y ok");
    CHECK_STR(header("x-perilune-attempts"), "2");
    chat();
    CHECK_STR(path(), "x open, y ok");
    CHECK_STR(header("x-perilune-attempts"), "1");
    CHECK_STR(said(), "c");
    finish();
}

static void an_open_breaker_is_a_503_that_says_when_to_come_again(void)
{
    begin(FAILS("b", 500) "return 'b/x'");
    chats(6);
    CHECK_INT(got.status, 503);
    CHECK_STR(error_of("code"), "overloaded");
    CHECK(holds(error_of("message"), "b/x: it failed too often (breaker)"));
    CHECK(header("retry-after").n > 0);
    finish();
}

static void a_request_with_a_mistake_opens_no_breaker(void)
{
    begin(FAILS("b", 400) "return 'b/x'");
    chats(8);
    CHECK_STR(path(), "x bad_request");
    finish();
}

static void rate_limits_open_no_breaker(void)
{
    begin(FAILS("b", 429) "return 'b/x'");
    chats(8);
    CHECK_STR(path(), "x rate_limited");
    finish();
}

static void a_refused_key_opens_no_breaker(void)
{
    begin(FAILS("b", 401) "return 'b/x'");
    chats(8);
    CHECK_STR(path(), "x auth");
    finish();
}

static void a_breaker_is_told_once_in_the_log(void)
{
    begin(FAILS("b", 503) "return 'b/x'");
    chats(20);
    CHECK_STR(log_field("breaker", "target"), "b/x");
    CHECK_STR(log_field("breaker", "state"), "open");
    CHECK_STR(log_field("breaker", "failures_in_row"), "5");
    str rest = buf_str(&logged);
    int lines = 0;
    while (rest.n > 0)
        lines += contains_text(str_split(&rest, '\n'), "\"breaker\"");
    CHECK_INT(lines, 1);
    finish();
}

static void a_breaker_opens_as_its_model_says(void)
{
    begin(FAILS("b", 503) "return p.model { 'b/x', "
                          "breaker = { failures = 2 } }");
    chats(2);
    CHECK_STR(path(), "x overloaded");
    chat();
    CHECK_STR(path(), "x open");
    finish();
    begin(FAILS("b", 503) "return p.model { 'b/x', breaker = false }");
    chats(8);
    CHECK_STR(path(), "x overloaded");
    finish();
}

static void a_breaker_outlives_the_policy(void)
{
    begin(FAILS("b", 503) "return 'b/x'");
    chats(5);
    CHECK_INT(load(FAILS("b", 503) "return 'b/x'"), 0);
    chat();
    CHECK_STR(path(), "x open");
    finish();
}

static void a_model_that_answers_after_a_while_is_asked_again(void)
{
    begin(SIM("b", "fails = 503, times = 5") "return p.model { 'b/x', breaker "
                                             "= { open = '1ms' } }");
    chats(5);
    turn(5);
    chat();
    CHECK_STR(path(), "x ok");
    CHECK_STR(log_field("breaker", "state"), "closed");
    finish();
}

static void a_second_try_does_not_go_to_an_open_model(void)
{
    begin(FAILS("b", 503) "return p.model { 'b/x', tries = 2, "
                          "breaker = { failures = 1 } }");
    chat();
    CHECK_STR(path(), "x overloaded, x open");
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void models_that_clients_name_have_breakers_too(void)
{
    begin(FAILS("b", 503) "return p.asked { 'b/*' }");
    for (int i = 0; i < 6; i++)
        ask("{\"model\":\"b/z\"," MESSAGES "}");
    CHECK_STR(path(), "z open");
    ask("{\"model\":\"b/y\"," MESSAGES "}");
    CHECK_STR(path(), "y overloaded");
    finish();
}

static void a_model_has_so_many_calls_at_a_time(void)
{
    begin(SIM("b", "hangs = true") OK("c") "return { p.model { 'b/x', "
                                           "concurrency = 1 }, 'c/y' }");
    submit(WHOLE);
    turn(2);
    peri_id first = got.id;
    chat();
    CHECK_STR(path(), "x full, y ok");
    peri_cancel(peri, first);
    turn(2);
    submit(WHOLE);
    turn(2);
    CHECK_INT(got.dones, 0); /* it has the place that was given back */
    finish();
}

TESTS(after_five_failures_a_model_is_not_asked,
      an_open_breaker_is_a_503_that_says_when_to_come_again,
      a_request_with_a_mistake_opens_no_breaker, rate_limits_open_no_breaker,
      a_refused_key_opens_no_breaker, a_breaker_is_told_once_in_the_log,
      a_breaker_opens_as_its_model_says, a_breaker_outlives_the_policy,
      a_model_that_answers_after_a_while_is_asked_again,
      a_second_try_does_not_go_to_an_open_model,
      models_that_clients_name_have_breakers_too,
      a_model_has_so_many_calls_at_a_time)
