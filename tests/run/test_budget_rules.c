/*
** test_budget_rules.c -- budgets as the language's rules have them: 4 to 8, 20
** and 23. An answer of 600 tokens is paid for once by a budget of 1,000, and not
** twice at a time.
*/
#include "budget_setting.h"

#define DAILY   "local d = p.budget('daily', '1000 tokens/day') "
#define TINY    "local d = p.budget('daily', '10 tokens/day') "
#define MODEL   "local m = p.model 'a/x' "
#define HANGING SIM("slow", "hangs = true")

static str left(void)
{
    return log_field("policy_log", "fields");
}

/* --- rule 4 ------------------------------------------------------------------ */

static void asked_again_a_gate_says_the_same_and_counts_once(void)
{
    start(with_limit(SIM("a", "tokens = 600") MODEL
                     "local d = p.budget('daily', 'LIMIT tokens/day') "
                     "return function(req) "
                     "  local first = d(req) or m(req) "
                     "  local again = d(req) "
                     "  return again or first end",
                     reserved_for(600)));
    ask(body_of(600));
    CHECK_STR(path(), "daily ok, x ok");
    ask(body_of(600));
    CHECK_INT(got.status, 429);
    CHECK_STR(path(), "daily spent, refuse");
    stop();
}

/* --- rule 5 ------------------------------------------------------------------ */

static void ignoring_a_gate_spends_nothing(void)
{
    start(OK("a") TINY MODEL "return function(req) d(req) return m(req) end");
    ask(body_of(600));
    CHECK_INT(got.status, 413);
    CHECK_STR(path(), "daily spent, x budget");
    CHECK_STR(error_of("code"), "budget");
    CHECK_STR(header("x-perilune-attempts"), "0");
    stop();
}

static void a_gate_taken_for_a_condition_spends_nothing(void)
{
    start(OK("a") TINY MODEL
          "return function(req) return d(req) and m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget");
    CHECK(got.status != 200);
    stop();
}

static void a_gate_that_raises_and_is_swallowed_lets_nothing_be_spent(void)
{
    start(OK("a") "local bad = p.budget('d', { '9k tokens/day', "
                  "  each = function() error 'a bug' end }) " MODEL
                  "return function(req) pcall(bad, req) return m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "x budget");
    stop();
    start(OK("a") "local all = {} for i = 1, 9 do "
                  "  all[i] = p.budget('b' .. i, '5k tokens/day') end " MODEL
                  "return function(req) "
                  "  for i = 1, 9 do pcall(all[i], req) end "
                  "  return m(req) end");
    ask(body_of(600));
    CHECK(holds(path(), "x budget"));
    stop();
}

/* --- rule 6 ------------------------------------------------------------------ */

static void a_gate_asked_in_a_helper_holds_for_all_that_follows(void)
{
    start(OK("a") TINY MODEL
          "local function helper(req) d(req) return nil end "
          "local inner = p.ladder { helper } "
          "return function(req) inner(req) return m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget");
    stop();
}

static void what_went_before_is_not_charged(void)
{
    start(OK("a") TINY MODEL
          "return function(req) return m(req) or d(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "x ok");
    stop();
}

static void a_branch_is_charged_to_what_was_attached_before_it(void)
{
    start(OK("a") OK("b") TINY
          "local both = p.race { 'a/x', 'b/y' } "
          "return function(req) d(req) return both(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget, y budget");
    stop();
}

static void what_a_branch_attaches_stays_in_it(void)
{
    start(OK("a") TINY MODEL
          "local both = p.race { function(req) d(req) return m(req) end, "
          "  function() return nil end } "
          "return function(req) return both(req) or m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget, x ok");
    stop();
}

static void each_branch_reserves_for_itself(void)
{
    start(HANGING OK("b") DAILY
          "local both = p.race { { 'slow/x', total = '20ms' }, 'b/y' } "
          "return { d, both }");
    ask(body_of(600));
    CHECK_STR(path(), "daily ok, x timeout, y budget");
    stop();
}

/* --- rule 7 ------------------------------------------------------------------ */

#define LIMITED                                        \
    SIM("a", "tokens = 250")                           \
    "local d = p.budget('daily', 'LIMIT tokens/day') " \
    "return { d, 'a/x' }"

static void a_gate_refuses_before_nothing_is_left(void)
{
    start(with_limit(LIMITED, reserved_for(250)));
    ask(body_of(250));
    CHECK_STR(path(), "daily ok, x ok");
    ask(body_of(10));
    CHECK_STR(path(), "daily spent, refuse");
    CHECK_INT(got.status, 429);
    stop();
}

static void a_refusal_says_which_budget_and_until_when(void)
{
    start(with_limit(LIMITED, reserved_for(250)));
    ask(body_of(250));
    ask(body_of(250));
    CHECK_INT(got.status, 429);
    CHECK_STR(error_of("code"), "budget_exceeded");
    CHECK(holds(error_of("message"), "budget daily: 269 tokens of "));
    CHECK(holds(error_of("message"), " tokens per day are used"));
    CHECK(holds(error_of("message"), "it starts anew at 20"));
    CHECK(header("retry-after").n > 0);
    CHECK(header("x-should-retry").n > 0);
    stop();
}

static void one_that_declines_never_refuses(void)
{
    start(OK("a") OK("b") MODEL
          "local d = p.budget('daily', { '10 tokens/day', over = 'decline' }) "
          "return { d, m, p.model { 'b/y', free = true } }");
    ask(body_of(600));
    CHECK_STR(path(), "daily ok, x budget, y ok");
    stop();
}

static void a_library_is_not_told_to_wait_for_the_next_month(void)
{
    start(with_limit(
        SIM("a",
            "tokens = 250") "local d = p.budget('d', { 'LIMIT tokens/month', "
                            "  over = 'decline' }) return { d, 'a/x' }",
        reserved_for(250)));
    ask(body_of(250));
    ask(body_of(250));
    CHECK_INT(got.status, 429);
    str wait = header("retry-after");
    CHECK(wait.n > 0);
    CHECK_STR(header("x-should-retry"), wait.n > 2 ? "false" : "true");
    stop();
}

static void what_is_free_is_charged_to_nobody(void)
{
    start(OK("a") DAILY
          "local m = p.model { 'a/x', free = true } "
          "return function(req) local reply = d(req) or m(req) reply:text() "
          "  p.log('left', { d:left(req) }) return reply end");
    ask(body_of(5000));
    CHECK_STR(path(), "daily ok, x ok");
    CHECK_STR(left(), "[1000]");
    stop();
}

/* --- rule 8 ------------------------------------------------------------------ */

static void if_the_purse_says_no_the_free_one_answers(void)
{
    start(OK("a") OK("own") TINY MODEL
          "local free = p.model { 'own/y', free = true } "
          "return function(req) local no = d(req) "
          "  p.log('no', { refused = no.refused }) "
          "  return no and free(req) or m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, y ok");
    CHECK_STR(left(), "{\"refused\":true}");
    stop();
}

/* --- rule 20 ----------------------------------------------------------------- */

static void rescue_is_charged_too(void)
{
    start(OK("a") TINY
          "local m = p.model 'a/x' p.rescue { m, p.sorry 'sorry' } "
          "return function(req) d(req) error 'a bug' end");
    ask(body_of(600));
    CHECK_STR(said(), "sorry");
    CHECK(holds(path(), "x budget"));
    stop();
}

/* --- rule 23 ----------------------------------------------------------------- */

#define SPENDS(amount)                                     \
    SIM("a", "tokens = 250")                               \
    "local d = p.budget('daily', " amount ") "             \
    "local m = p.model 'a/x' "                             \
    "return function(req) p.log('left', { d:left(req) }) " \
    "  return d(req) or m(req) end"

static void a_new_amount_holds_at_once_and_what_was_spent_stays(void)
{
    start(SPENDS("'1000 tokens/day'"));
    ask(body_of(300));
    CHECK_STR(path(), "daily ok, x ok");
    CHECK_INT(load(SPENDS("'300 tokens/day'")), 0);
    ask(body_of(300));
    CHECK_STR(path(), "daily spent, refuse");
    CHECK_INT(load(SPENDS("'5k tokens/day'")), 0);
    ask(body_of(300));
    CHECK_STR(path(), "daily ok, x ok");
    CHECK(!contains(&logged, "budget_emptied"));
    stop();
}

static void what_counts_something_else_starts_empty_and_says_so(void)
{
    static const char *const others[] = {
        SPENDS("'1000 tokens/week'"),
        SPENDS("{ '1000 tokens/week', each = 'user' }"),
        SPENDS("{ '1000 tokens/week', align = 'rolling' }"),
    };
    start(SPENDS("'1000 tokens/day'"));
    ask(body_of(300));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        buf_clear(&logged);
        CHECK_INT(load(others[i]), 0);
        CHECK_STR(log_field("budget_emptied", "budget"), "daily");
        ask(body_of(300));
        CHECK_STR(left(), "[1000]");
    }
    stop();
}

static void a_restart_keeps_what_was_spent(void)
{
    start(SPENDS("'800 tokens/day'"));
    ask(body_of(250));
    CHECK_STR(path(), "daily ok, x ok");
    reopen(SPENDS("'800 tokens/day'"));
    ask(body_of(250));
    CHECK(!str_eq(left(), STR("[800]")));
    stop();
}

static void declared_again_it_is_the_same_and_otherwise_it_raises(void)
{
    start("local a = p.budget('d', { '5 usd/day', each = 'user' }) "
          "assert(a == p.budget('d', { '5 usd/day', each = 'user' })) "
          "return p.say 'well'");
    chat();
    CHECK_STR(said(), "well");
    stop();
    CHECK_LOAD_ERROR(
        "local a = p.budget('d', '5 usd/day') "
        "local b = p.budget('d', '6 usd/day') return a",
        "P:1: budget \"d\" was declared at P:1 with \"5 usd/day\"; "
        "use that one or another name");
}

TESTS(asked_again_a_gate_says_the_same_and_counts_once,
      ignoring_a_gate_spends_nothing,
      a_gate_taken_for_a_condition_spends_nothing,
      a_gate_that_raises_and_is_swallowed_lets_nothing_be_spent,
      a_gate_asked_in_a_helper_holds_for_all_that_follows,
      what_went_before_is_not_charged,
      a_branch_is_charged_to_what_was_attached_before_it,
      what_a_branch_attaches_stays_in_it, each_branch_reserves_for_itself,
      a_gate_refuses_before_nothing_is_left,
      a_refusal_says_which_budget_and_until_when,
      one_that_declines_never_refuses,
      a_library_is_not_told_to_wait_for_the_next_month,
      what_is_free_is_charged_to_nobody,
      if_the_purse_says_no_the_free_one_answers, rescue_is_charged_too,
      a_new_amount_holds_at_once_and_what_was_spent_stays,
      what_counts_something_else_starts_empty_and_says_so,
      a_restart_keeps_what_was_spent,
      declared_again_it_is_the_same_and_otherwise_it_raises)
