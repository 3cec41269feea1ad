/*
** test_named_breaker.c -- p.breaker: any rung behind a breaker of a name.
*/
#include "policy_rig.h"

static void chats(int n)
{
    for (int i = 0; i < n; i++)
        chat();
}

#define LADDER "{ { { 'd/x', breaker = false }, { 'e/y', breaker = false } }"

static void a_rung_that_declines_too_often_is_not_asked(void)
{
    begin(FAILS("d", 503) FAILS("e", 500) OK(
        "a") "return { p.breaker('both', " LADDER ", failures = 3 }), 'a/z' }");
    chats(3);
    CHECK_STR(path(), "x overloaded, y server_error, z ok");
    chat();
    CHECK_STR(path(), "both open, z ok");
    CHECK_STR(log_field("breaker", "target"), "both");
    CHECK_STR(log_field("breaker", "state"), "open");
    finish();
}

static void it_declines_with_a_503_that_says_when(void)
{
    begin(FAILS("d", 503) "return p.breaker('one', { { 'd/x', breaker = false "
                          "}, failures = 1 })");
    chats(2);
    CHECK_INT(got.status, 503);
    CHECK(holds(error_of("message"), "breaker one: it failed too often"));
    CHECK(header("retry-after").n > 0);
    finish();
}

static void what_lies_in_the_request_counts_for_nothing(void)
{
    begin(FAILS("d", 404) OK("a") "return { p.breaker('one', { 'd/x', failures "
                                  "= 1 }), 'a/z' }");
    chats(4);
    CHECK_STR(path(), "x not_found, z ok");
    finish();
    begin(FAILS("d", 429) OK("a") "return { p.breaker('one', { 'd/x', failures "
                                  "= 1 }), 'a/z' }");
    chats(4);
    CHECK_STR(path(), "x rate_limited, z ok");
    finish();
}

static void a_rung_that_is_skipped_counts_for_nothing(void)
{
    begin(FAILS("d", 503) OK(
        "a") "local no = p.breaker('one', { { 'a/x', when = function() return "
             "false end }, failures = 1 }) "
             "return { { 'd/x', breaker = false }, no, 'a/z' }");
    chats(4);
    CHECK_STR(path(), "x overloaded, z ok");
    finish();
}

static void what_accept_turns_away_is_a_failure(void)
{
    begin(OK("a") OK("b") "return { p.breaker('one', { { 'b/x', accept = "
                          "function() return false end }, failures = 2 }), "
                          "'a/z' }");
    chats(3);
    CHECK_STR(path(), "one open, z ok");
    finish();
}

static void an_answer_after_a_while_closes_it(void)
{
    begin(SIM("d", "fails = 503, times = 1") "return p.breaker('one', { 'd/x', "
                                             "failures = 1, open = '1ms' })");
    chat();
    turn(5);
    chat();
    CHECK_STR(path(), "x ok");
    CHECK_STR(log_field("breaker", "state"), "closed");
    finish();
}

static void a_probe_whose_client_leaves_is_given_back(void)
{
    begin(
        SIM("d",
            "fails = 503, times = 1") "local d = p.model 'd/x' "
                                      "return p.breaker('one', { function(req) "
                                      "  if req.text == 'wait' then p.sleep "
                                      "'1h' end "
                                      "  return d(req) end, failures = 1, open "
                                      "= '1ms' })");
    chat();
    turn(5);
    submit("{\"model\":\"any\",\"messages\":[{\"role\":\"user\","
           "\"content\":\"wait\"}]}");
    turn(2);
    peri_id waiting = got.id;
    chat();
    CHECK_STR(error_of("code"), "overloaded"); /* the probe is out */
    peri_cancel(peri, waiting);
    turn(2);
    chat();
    CHECK_STR(path(), "x ok");
    finish();
}

static void it_outlives_the_policy(void)
{
#define POLICY      \
    FAILS("d", 503) \
    "return p.breaker('one', { { 'd/x', breaker = false }, failures = 2 })"
    begin(POLICY);
    chats(2);
    CHECK_INT(load(POLICY), 0);
    chat();
    CHECK(holds(error_of("message"), "breaker one"));
    finish();
}

static void declared_twice_it_is_one(void)
{
    begin(OK("a") "local x = p.breaker('one', 'a/x') "
                  "local y = p.breaker('one', 'a/x') "
                  "return function(req) return x == y and p.say 'same' end");
    chat();
    CHECK_STR(said(), "same");
    finish();
    CHECK_LOAD_ERROR(OK("a") "\nlocal x = p.breaker('one', 'a/x')\n"
                             "local y = p.breaker('one', { 'a/x', failures = "
                             "3 })",
                     "P:3: breaker \"one\" was declared at P:2 with \"a/x\"; "
                     "use that one or another name");
}

TESTS(a_rung_that_declines_too_often_is_not_asked,
      it_declines_with_a_503_that_says_when,
      what_lies_in_the_request_counts_for_nothing,
      a_rung_that_is_skipped_counts_for_nothing,
      what_accept_turns_away_is_a_failure, an_answer_after_a_while_closes_it,
      a_probe_whose_client_leaves_is_given_back, it_outlives_the_policy,
      declared_twice_it_is_one)
