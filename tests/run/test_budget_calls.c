/*
** test_budget_calls.c -- what each call reserves and what it settles, however it
** ends: at the end `spent` is what is meant, and nothing is left reserved.
*/
#include "budget_setting.h"

/* A budget of LIMIT, and what of it is spent is told before anything else. */
#define PURSE                                          \
    "local d = p.budget('daily', 'LIMIT tokens/day') " \
    "local function tell(req) "                        \
    "  p.log('look', { d:spent(req), d:left(req) }) end "

#define ASKS(model)                      \
    PURSE "local m = p.model " model " " \
          "return function(req) tell(req) return d(req) or m(req) end"

/* What is spent, told by a request that asks nobody. */
#define CHECK_SPENT(policy, limit, want)                                   \
    do {                                                                   \
        CHECK_INT(                                                         \
            load(with_limit(policy PURSE "return function(req) tell(req) " \
                                         "  return p.say 'told' end",      \
                            limit)),                                       \
            0);                                                            \
        chat();                                                            \
        char told[64];                                                     \
        snprintf(told, sizeof told, "[%lld,%lld]", (long long)(want),      \
                 (long long)(limit) - (long long)(want));                  \
        CHECK_STR(log_field("policy_log", "fields"), told);                \
    } while (0)

/* --- settling ---------------------------------------------------------------- */

static void a_reply_costs_what_it_used(void)
{
    start(with_limit(SIM("a", "tokens = 50") ASKS("'a/x'"), 5000));
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, x ok");
    CHECK_SPENT("", 5000, 19 + 50);
    stop();
}

static void a_stream_costs_what_it_used(void)
{
    start(with_limit(SIM("a", "tokens = 50") ASKS("'a/x'"), 9000));
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK_SPENT("", 9000, 33 + 50);
    stop();
}

static void what_was_refused_with_an_error_costs_nothing(void)
{
    start(with_limit(FAILS("a", 503) ASKS("{ 'a/x', tries = 3 }"), 5000));
    ask(body_of(100));
    CHECK_INT(got.status, 503);
    CHECK_SPENT("", 5000, 0);
    stop();
}

/* A 504 says that somebody waited in vain, not that nobody was at work. */
static void what_somebody_on_the_way_gave_up_costs_all_it_could(void)
{
    int64_t bound = reserved_for(100);
    static const char *const gave_up[] = {FAILS("a", 504), FAILS("a", 524)};
    for (int i = 0; i < 2; i++) {
        char policy[2048];
        snprintf(policy, sizeof policy, "%s%s", gave_up[i],
                 ASKS("{ 'a/x', tries = 1 }"));
        start(with_limit(policy, 5000));
        ask(body_of(100));
        CHECK(got.status >= 500);
        CHECK_SPENT("", 5000, bound);
        stop();
    }
}

static void what_never_arrived_costs_nothing(void)
{
    start(with_limit(SIM("a", "refuses = true") ASKS("'a/x'"), 5000));
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, x network");
    CHECK_SPENT("", 5000, 0);
    stop();
}

static void what_nobody_knows_costs_all_it_could(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("a", "hangs = true")
                         ASKS("{ 'a/x', first = '20ms', total = '20ms' }"),
                     5000));
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, x timeout");
    CHECK_SPENT("", 5000, bound);
    stop();
}

static void a_client_who_leaves_has_spent_what_it_could(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("a", "hangs = true") ASKS("'a/x'"), 5000));
    submit(body_of(100));
    turn(5);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_SPENT("", 5000, bound);
    stop();
}

static void an_end_of_the_runtime_settles_too(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("a", "hangs = true") ASKS("'a/x'"), 5000));
    submit(body_of(100));
    turn(5);
    reopen(with_limit(OK("a") ASKS("'a/x'"), 5000));
    CHECK_SPENT("", 5000, bound);
    stop();
}

static void a_reply_that_is_not_returned_is_settled(void)
{
    start(with_limit(SIM("a", "tokens = 50") PURSE
                     "local m = p.model 'a/x' "
                     "return function(req) d(req) m(req) return p.say 'x' end",
                     5000));
    ask(body_of(100));
    CHECK_SPENT("", 5000, 19 + 50);
    stop();
}

/* --- each for itself --------------------------------------------------------- */

static void each_try_is_paid_for(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("a", "garbage = true, times = 1, tokens = 50")
                         ASKS("{ 'a/x', tries = 2 }"),
                     5000));
    ask(body_of(100));
    CHECK_INT(got.status, 200);
    CHECK_STR(header("x-perilune-attempts"), "2");
    CHECK_SPENT("", 5000, bound + 19 + 50);
    stop();
}

static void a_try_that_cannot_be_paid_is_not_made(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("a", "garbage = true, times = 1")
                         ASKS("{ 'a/x', tries = 2 }"),
                     bound + 10));
    ask(body_of(100));
    CHECK_STR(header("x-perilune-attempts"), "1");
    CHECK_STR(path(), "daily ok, x malformed, x budget");
    CHECK_INT(got.status, 429);
    CHECK_SPENT("", bound + 10, bound);
    stop();
}

static void the_loser_of_a_race_has_spent_what_it_could(void)
{
    int64_t bound = reserved_for(100);
    start(with_limit(SIM("slow", "hangs = true") SIM("a", "tokens = 50") PURSE
                     "local both = p.race { 'slow/x', 'a/y' } "
                     "return function(req) return d(req) or both(req) end",
                     5000));
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, x cancelled, y ok");
    CHECK_SPENT("", 5000, bound + 19 + 50);
    stop();
}

/* --- bounds ------------------------------------------------------------------ */

static void whoever_names_no_limit_is_bounded_and_told(void)
{
    start(with_limit(OK("a") ASKS("'a/x'"), 90000));
    chat();
    CHECK_STR(path(), "daily ok, x ok(max_out=4096)");
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, x ok");
    stop();
}

static void an_answer_is_made_shorter_before_it_is_refused(void)
{
    start(
        with_limit(SIM("a", "tokens = 5000") ASKS("'a/x'"), reserved_for(500)));
    ask(body_of(900));
    CHECK_STR(path(), "daily ok, x ok(max_out=500)");
    CHECK_INT(got.status, 200);
    stop();
}

static void what_can_never_fit_is_told_so(void)
{
    start(with_limit(OK("a") PURSE "local m = p.model 'a/x' "
                                   "return function(req) d(req) "
                                   "  return m(req) end",
                     20));
    ask(body_of(900));
    CHECK_INT(got.status, 413);
    CHECK(holds(error_of("message"), "no more than 20 tokens"));
    CHECK(header("retry-after").p == NULL);
    stop();
}

static void what_has_no_bound_is_told_so(void)
{
    start(with_limit(OK("a") ASKS("'a/x'"), 90000));
    ask("{\"model\":\"any\",\"previous_response_id\":\"r\"," MESSAGES "}");
    CHECK_STR(path(), "daily ok, x budget");
    CHECK(holds(error_of("message"), "a budget must know beforehand"));
    CHECK_INT(got.status, 400);
    stop();
}

/* --- several ----------------------------------------------------------------- */

static void all_of_its_budgets_pay_or_none(void)
{
    start(with_limit(OK("a") PURSE "local small = p.budget('small', "
                                   "  { '50 tokens/day', over = 'decline' }) "
                                   "local m = p.model 'a/x' "
                                   "return function(req) d(req) small(req) "
                                   "  return m(req) end",
                     5000));
    ask(body_of(100));
    CHECK_STR(path(), "daily ok, small ok, x budget");
    CHECK_SPENT("", 5000, 0);
    stop();
}

static void eight_budgets_are_the_most(void)
{
    start(OK("a") "local all = {} for i = 1, 9 do "
                  "  all[i] = p.budget('b' .. i, '5k tokens/day') end "
                  "local m = p.model 'a/x' "
                  "return function(req) "
                  "  for i = 1, req.max_tokens do all[i](req) end "
                  "  return m(req) end");
    ask(body_of(8));
    CHECK_INT(got.status, 200);
    ask(body_of(9));
    CHECK_POLICY_ERROR("P:1: budget b9: a request can be charged to 8 budgets "
                       "at a time, and this would be one more");
    stop();
}

static void the_tightest_of_eight_decides_how_long_an_answer_is(void)
{
    start(with_limit(OK("a") "local all = {} for i = 1, 8 do "
                             "  all[i] = p.budget('b' .. i, "
                             "    (LIMIT + 100 * i) .. ' tokens/day') end "
                             "local m = p.model 'a/x' "
                             "return function(req) "
                             "  for i = 1, 8 do all[i](req) end "
                             "  return m(req) end",
                     reserved_for(900) - 900));
    ask(body_of(900));
    CHECK(holds(path(), "x ok(max_out=100)"));
    stop();
}

static void a_cap_is_of_each_request_by_itself(void)
{
    start(with_limit(
        SIM("a", "tokens = 50") "local cap = p.budget('cap', 'LIMIT "
                                "tokens/request') "
                                "local m = p.model 'a/x' "
                                "return function(req) return cap(req) "
                                "  or m(req):text() and m(req) end",
        reserved_for(100) + 20));
    for (int i = 0; i < 3; i++) {
        ask(body_of(100));
        CHECK_STR(path(), "cap ok, x dropped, x ok(max_out=51)");
    }
    stop();
}

static void a_cap_that_is_too_small_is_no_matter_of_time(void)
{
    start(OK("a") "return { p.budget('cap', '20 tokens/request'), 'a/x' }");
    ask(body_of(100));
    CHECK_INT(got.status, 413);
    CHECK_STR(error_of("code"), "request_too_large");
    CHECK(holds(error_of("message"), "can be spent by a request"));
    CHECK_STR(header("x-should-retry"), "false");
    stop();
}

/* --- dollars ----------------------------------------------------------------- */

#define PRICED                                            \
    "p.prices { ['a/x'] = { input = 10, output = 100 }, " \
    "           ['a/cheap'] = { input = 1, output = 10 } } "
#define DOLLARS                                              \
    PRICED "local d = p.budget('money', 'LIMIT usd/month') " \
           "local function tell(req) p.log('look', { d:spent(req) }) end "

static void dollars_are_spent_at_the_price_of_whoever_is_asked(void)
{
    start(with_limit(SIM("a", "tokens = 50") DOLLARS
                     "local m = p.model 'a/x' "
                     "return function(req) tell(req) "
                     "  return d(req) or m:ask(req, req.max_tokens > 100 "
                     "    and 'cheap' or 'x') end",
                     1));
    ask(body_of(100));
    ask(body_of(100));
    CHECK_STR(log_field("policy_log", "fields"), "[0.00519]");
    ask(body_of(101));
    ask(body_of(101));
    CHECK_STR(log_field("policy_log", "fields"), "[0.0109]");
    stop();
}

static void a_model_without_a_price_is_not_asked(void)
{
    start(with_limit("p.provider('b', 'http://127.0.0.1:9') "
                     "local d = p.budget('money', 'LIMIT usd/month') "
                     "return { d, 'b/y' }",
                     1));
    ask(body_of(100));
    CHECK_STR(path(), "money ok, y budget");
    CHECK_INT(got.status, 500);
    CHECK(holds(error_of("message"), "nobody knows its price"));
    CHECK(holds(error_of("message"), "p.prices"));
    stop();
}

static void an_answer_is_made_shorter_by_its_price(void)
{
    start(
        with_limit(SIM("a", "tokens = 5000") DOLLARS "return { d, 'a/x' }", 1));
    ask("{\"model\":\"any\",\"max_tokens\":90000," MESSAGES "}");
    CHECK(holds(path(), "x ok(max_out=99"));
    stop();
}

static void a_gate_asks_for_the_cheapest_of_its_models(void)
{
    start(with_limit(SIM("a", "tokens = 5000") DOLLARS
                     "local cheap = p.model 'a/cheap' "
                     "return { d, 'a/x', cheap }",
                     1));
    ask("{\"model\":\"any\",\"max_tokens\":9900," MESSAGES "}");
    CHECK_STR(path(), "money ok, x ok");
    stop();
}

/* --- what the gate asks for -------------------------------------------------- */

static void what_a_model_declares_is_the_models_to_charge(void)
{
    start(with_limit(OK("a") ASKS("{ 'a/x', most = { image = 100 } }"), 5000));
    ask("{\"model\":\"any\",\"max_tokens\":100,\"messages\":[{\"role\":"
        "\"user\","
        "\"content\":[{\"type\":\"image_url\",\"image_url\":{"
        "\"url\":\"https://x.example/y.png\"}}]}]}");
    CHECK_STR(path(), "daily ok, x ok");
    stop();
}

TESTS(a_reply_costs_what_it_used, a_stream_costs_what_it_used,
      what_was_refused_with_an_error_costs_nothing,
      what_somebody_on_the_way_gave_up_costs_all_it_could,
      what_never_arrived_costs_nothing, what_nobody_knows_costs_all_it_could,
      a_client_who_leaves_has_spent_what_it_could,
      an_end_of_the_runtime_settles_too,
      a_reply_that_is_not_returned_is_settled, each_try_is_paid_for,
      a_try_that_cannot_be_paid_is_not_made,
      the_loser_of_a_race_has_spent_what_it_could,
      whoever_names_no_limit_is_bounded_and_told,
      an_answer_is_made_shorter_before_it_is_refused,
      what_can_never_fit_is_told_so, what_has_no_bound_is_told_so,
      all_of_its_budgets_pay_or_none, eight_budgets_are_the_most,
      the_tightest_of_eight_decides_how_long_an_answer_is,
      a_cap_is_of_each_request_by_itself,
      a_cap_that_is_too_small_is_no_matter_of_time,
      dollars_are_spent_at_the_price_of_whoever_is_asked,
      a_model_without_a_price_is_not_asked,
      an_answer_is_made_shorter_by_its_price,
      a_gate_asks_for_the_cheapest_of_its_models,
      what_a_model_declares_is_the_models_to_charge)
