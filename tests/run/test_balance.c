/*
** test_balance.c -- p.balance, with the whole core under it.
*/
#include "policy_rig.h"

#define THREE OK("a") OK("b") OK("c")

static int of_a, of_b, of_c;

/* So many requests; who answered how many of them. */
static void chats(int n)
{
    of_a = of_b = of_c = 0;
    for (int i = 0; i < n; i++) {
        chat();
        of_a += str_eq(said(), STR("a"));
        of_b += str_eq(said(), STR("b"));
        of_c += str_eq(said(), STR("c"));
    }
}

static void round_robin_asks_one_after_another(void)
{
    begin(THREE "return p.balance { 'a/x', 'b/x', 'c/x' }");
    chats(9);
    CHECK_INT(of_a, 3);
    CHECK_INT(of_b, 3);
    CHECK_INT(of_c, 3);
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void weights_share_the_work(void)
{
    begin(THREE "return p.balance { { 'a/x', weight = 3 }, 'b/x' }");
    chats(40);
    CHECK(of_a >= 28 && of_a <= 32);
    CHECK_INT(of_a + of_b, 40);
    finish();
}

static void one_that_fails_hands_over_to_the_next(void)
{
    begin(THREE FAILS(
        "d", 503) "return p.balance { { 'd/x', breaker = false }, 'b/y' }");
    chats(10);
    CHECK_INT(of_b, 10);
    chat();
    chat();
    CHECK(contains(&logged, "x overloaded, y ok"));
    finish();
}

static void it_declines_when_all_have(void)
{
    begin(THREE FAILS("d", 503)
              FAILS("e", 500) "return { p.balance { 'd/x', 'e/y' }, 'a/z' }");
    chat();
    CHECK_STR(path(), "x overloaded, y server_error, z ok");
    finish();
}

static void one_with_an_open_breaker_is_not_chosen(void)
{
    begin(THREE FAILS("d", 503) "return p.balance { 'd/x', 'b/y' }");
    chats(20);
    CHECK_INT(of_b, 20);
    CHECK(contains(&logged, "x overloaded, y ok"));
    CHECK(!contains(&logged, "x open"));
    finish();
}

static void priority_says_who_was_passed_over(void)
{
    begin(THREE FAILS(
        "d", 503) "return p.balance { 'd/x', 'b/y', by = 'priority' }");
    chats(6);
    CHECK_INT(of_b, 6);
    CHECK_STR(path(), "x open, y ok");
    finish();
}

static void one_that_refused_our_key_is_asked_last_for_a_while(void)
{
    begin(OK("b") FAILS(
        "d", 401) "return p.balance { 'd/x', 'b/y', by = 'priority' }");
    chat();
    CHECK_STR(path(), "x auth, y ok");
    chat();
    CHECK_STR(path(), "x barred, y ok");
    finish();
}

static void the_last_of_a_group_is_asked_though_its_breaker_is_open(void)
{
    begin(FAILS("d", 503) FAILS("e", 503) "return p.balance { 'd/x', 'e/y' }");
    chats(12);
    CHECK(holds(path(), " overloaded"));
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void the_last_one_is_ejected_if_one_says_so(void)
{
    begin(FAILS("d", 503) FAILS("e", 503)
              OK("a") "return { p.balance { 'd/x', 'e/y', eject_last = true }, "
                      "'a/z' }");
    chats(12);
    CHECK_STR(path(), "x open, y open, z ok");
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void a_group_that_is_away_says_why(void)
{
    begin(FAILS("d", 503) "return p.balance { 'd/x', eject_last = true }");
    chats(6);
    CHECK_INT(got.status, 503);
    CHECK(holds(error_of("message"), "none of the 1 targets of p.balance may "
                                     "be asked now: 1 failed too often"));
    CHECK(header("retry-after").n > 0);
    finish();
}

static void the_last_one_comes_back_when_it_answers(void)
{
    begin(SIM("d", "fails = 503, times = 6") "return p.balance { 'd/x' }");
    chats(6);
    chat();
    CHECK_STR(path(), "x ok");
    CHECK_STR(log_field("breaker", "state"), "closed");
    finish();
}

static void one_that_is_full_is_not_chosen(void)
{
    begin(SIM("d", "hangs = true") OK("b") "return p.balance { { 'd/x', "
                                           "concurrency = 1 }, 'b/y', by = "
                                           "'priority' }");
    submit(WHOLE);
    turn(2);
    peri_id first = got.id;
    chat();
    CHECK_STR(path(), "x full, y ok");
    peri_cancel(peri, first);
    finish();
}

static void the_least_busy_one_answers(void)
{
    begin(SIM("d", "hangs = true")
              OK("b") "return p.balance { 'd/x', 'b/y', by = 'least_busy' }");
    submit(WHOLE);
    turn(2);
    peri_id first = got.id;
    chats(6);
    CHECK_INT(of_b, 6);
    peri_cancel(peri, first);
    finish();
}

static void a_failing_one_is_not_the_least_busy(void)
{
    begin(OK("b") FAILS(
        "d", 429) "return p.balance { 'd/x', 'b/y', by = 'least_busy' }");
    chats(20);
    CHECK_INT(of_b, 20);
    CHECK_STR(path(), "y ok");
    finish();
}

static void a_fast_refusal_does_not_draw_the_traffic(void)
{
    begin(OK("b") FAILS(
        "d", 429) "return p.balance { 'd/x', 'b/y', by = 'latency' }");
    chats(20);
    CHECK_STR(path(), "y ok");
    finish();
}

static const peri_header as_ann = {"x-perilune-user", "ann"};

static void one_key_is_one_target(void)
{
    begin(THREE "return p.balance { 'a/x', 'b/x', 'c/x', by = 'hash', "
                "key = 'user' }");
    for (int i = 0; i < 6; i++) {
        submit_with(WHOLE, &as_ann, 1);
        await_done();
        str who = said();
        of_a += str_eq(who, STR("a"));
        of_b += str_eq(who, STR("b"));
        of_c += str_eq(who, STR("c"));
    }
    CHECK(of_a == 6 || of_b == 6 || of_c == 6);
    chats(30); /* without a user: anywhere */
    CHECK(of_a > 0 && of_b > 0 && of_c > 0);
    finish();
}

static void a_function_may_say_where_a_request_belongs(void)
{
    begin(THREE "return p.balance { 'a/x', 'b/x', 'c/x', by = 'hash', "
                "key = function(req) return req.text end }");
    chats(5);
    CHECK(of_a == 5 || of_b == 5 || of_c == 5);
    finish();
    CHECK_RUN_ERROR(OK("a") "return p.balance { 'a/x', by = 'hash', "
                            "key = function() return {} end }",
                    "balance: key returned a table; a text says where a "
                    "request belongs");
}

static void what_failed_in_this_request_is_not_asked_again(void)
{
    begin(FAILS("d", 503) OK("a") "local g = p.balance { 'd/x', 'd/y' } "
                                  "return { g, g, 'a/z' }");
    chat();
    CHECK_STR(path(), "x overloaded, y overloaded, x skipped, y skipped, z ok");
    CHECK_STR(header("x-perilune-attempts"), "3");
    finish();
}

static void any_rung_can_be_balanced_where_no_figures_are_needed(void)
{
    begin(OK("a") OK("b") "return p.balance { { 'a/x', 'b/x' }, "
                          "function(req) return p.say 'f' end, "
                          "{ 'b/x', when = function() return false end } }");
    chats(9);
    CHECK(of_a > 0 && of_a < 9);
    CHECK_INT(of_b, 0);
    finish();
}

static void a_refusal_is_a_reply_and_ends_it(void)
{
    begin(FAILS("d", 400) OK("a") "return p.balance { 'd/x', 'a/y', "
                                  "by = 'priority' }");
    chat();
    CHECK_INT(got.status, 400);
    CHECK_STR(path(), "x bad_request");
    finish();
}

static void a_client_that_leaves_ends_what_was_asked(void)
{
    begin(SIM("d", "hangs = true") "return p.balance { { 'd/x', concurrency = "
                                   "1 } }");
    submit(WHOLE);
    turn(2);
    peri_cancel(peri, got.id);
    turn(2);
    submit(WHOLE);
    turn(2);
    CHECK_INT(got.dones, 0);
    finish();
}

/* --- by = "cost" ----------------------------------------------------------- */

/* a: dear answers; b: dear questions. */
#define PRICED                                                 \
    THREE "p.prices { ['a/x'] = { input = 1, output = 100 }, " \
          "['b/x'] = { input = 50, output = 2 } } "

static void the_cheapest_for_this_request_is_asked(void)
{
    begin(PRICED "return p.balance { 'a/x', 'b/x', by = 'cost' }");
    chats(5); /* 11 tokens, and who knows how many come back */
    CHECK_INT(of_b, 5);
    ask("{\"max_tokens\":1," MESSAGES "}");
    CHECK_STR(said(), "a");
    finish();
    begin(PRICED "local b = p.balance { 'a/x', 'b/x', by = 'cost' } "
                 "return function(req) return b(req:with { max_tokens = 1 }) "
                 "end");
    chats(3);
    CHECK_INT(of_a, 3);
    finish();
}

static void what_is_free_comes_first(void)
{
    begin(PRICED "return p.balance { 'a/x', { 'b/x', free = true }, "
                 "by = 'cost' }");
    ask("{\"max_tokens\":1," MESSAGES "}");
    CHECK_STR(said(), "b");
    finish();
    begin(PRICED "return p.balance { 'a/x', 'b/x', 'c/x', by = 'cost' }");
    chats(3);
    CHECK_INT(of_c, 3); /* simulated, and nobody said a price */
    finish();
}

static void the_next_cheapest_answers_for_one_that_fails(void)
{
    begin(PRICED FAILS("d", 503) "p.prices { ['d/x'] = { input = 0, output = 0 "
                                 "} } return { p.balance { 'a/x', 'b/x', "
                                 "{ 'd/x', breaker = { failures = 1, open = "
                                 "'1h' } }, by = 'cost' }, 'c/x' }");
    chat();
    CHECK_STR(path(), "x overloaded, x ok");
    CHECK_STR(said(), "b");
    chat();
    CHECK_STR(path(), "x ok"); /* its breaker is open */
    CHECK_STR(said(), "b");
    finish();
}

static void the_cheapest_group_declines_when_all_have(void)
{
    begin(FAILS("d", 503) FAILS("e", 500) OK(
        "c") "return { p.balance { 'd/x', 'e/y', by = 'cost' }, 'c/z' }");
    chat();
    CHECK(holds(path(), "x overloaded"));
    CHECK(holds(path(), "y server_error"));
    CHECK(holds(path(), "z ok"));
    finish();
}

static void a_target_without_a_price_is_told_at_load(void)
{
    CHECK_LOAD_ERROR("local b = p.balance { 'openai/gpt-4o', "
                     "'openai/unheard-of', by = 'cost' } return b",
                     "P:1: balance: by = \"cost\" needs a price of "
                     "openai/unheard-of; say it above: p.prices { "
                     "[\"openai/unheard-of\"] = { input = 2.5, output = 10 } }"
                     ", in dollars per million tokens");
    rig_open(NULL);
    CHECK_INT(load("p.prices { ['openai/unheard-of'] = { input = 1, output = 1 "
                   "} } return p.balance { 'openai/gpt-4o', "
                   "'openai/unheard-of', by = 'cost' }"),
              0);
    finish();
}

TESTS(the_cheapest_for_this_request_is_asked, what_is_free_comes_first,
      the_next_cheapest_answers_for_one_that_fails,
      the_cheapest_group_declines_when_all_have,
      a_target_without_a_price_is_told_at_load,
      round_robin_asks_one_after_another, weights_share_the_work,
      one_that_fails_hands_over_to_the_next, it_declines_when_all_have,
      one_with_an_open_breaker_is_not_chosen, priority_says_who_was_passed_over,
      one_that_refused_our_key_is_asked_last_for_a_while,
      the_last_of_a_group_is_asked_though_its_breaker_is_open,
      the_last_one_is_ejected_if_one_says_so, a_group_that_is_away_says_why,
      the_last_one_comes_back_when_it_answers, one_that_is_full_is_not_chosen,
      the_least_busy_one_answers, a_failing_one_is_not_the_least_busy,
      a_fast_refusal_does_not_draw_the_traffic, one_key_is_one_target,
      a_function_may_say_where_a_request_belongs,
      what_failed_in_this_request_is_not_asked_again,
      any_rung_can_be_balanced_where_no_figures_are_needed,
      a_refusal_is_a_reply_and_ends_it,
      a_client_that_leaves_ends_what_was_asked)
