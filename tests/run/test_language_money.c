/*
** test_language_money.c -- LANGUAGE.md where money is concerned, what is not in
** test_budget_rules.c: the number behind a name is the rule's.
*/
#include "budget_setting.h"

#define TINY  "local d = p.budget('daily', '10 tokens/day') "
#define MODEL "local m = p.model 'a/x' "

/* --- gates: rules 4 and 6 ---------------------------------------------------- */

static void every_gate_that_passes_gives_nothing_4(void)
{
    start("local all = { p.budget('b', '90k tokens/day'), "
          "  p.limit('l', '9 requests/min'), p.allow { ['*'] = '*' } } "
          "return function(req) "
          "  for i = 1, 3 do assert(all[i](req) == nil) end "
          "  assert(req.fault.kind == 'none') "
          "  return p.say 'well' end");
    chat();
    CHECK_STR(said(), "well");
    CHECK_STR(path(), "b ok, l ok, say");
    stop();
}

static void a_changed_request_hears_the_same_verdict_4(void)
{
    start(with_limit(
        OK("a") "local d = p.budget('daily', 'LIMIT tokens/day') " MODEL
                "return function(req) local no = d(req) "
                "  return d(req:with { system = ('x'):rep(5000) }) "
                "    or m(req) end",
        1000));
    ask(body_of(10));
    CHECK_STR(path(), "daily ok, x ok");
    stop();
}

static void a_hedge_inherits_what_was_attached_before_it_6(void)
{
    start(OK("a") OK("b") TINY
          "local both = p.hedge { 'a/x', 'b/y', after = '1ms' } "
          "return function(req) d(req) return both(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget, y budget");
    stop();
}

static void what_a_hedge_attaches_stays_in_it_6(void)
{
    start(OK("a") TINY MODEL
          "local both = p.hedge { function(req) d(req) return m(req) end, "
          "  function() return nil end, after = '1ms' } "
          "return function(req) return both(req) or m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget, x ok");
    stop();
}

static void a_rung_of_its_own_attaches_for_what_comes_after_it_6(void)
{
    start(OK("a") TINY MODEL "local list = p.ladder { "
                             "  { d, when = function() return true end }, "
                             "  p.filter { function() end, "
                             "    with = function() end } } "
                             "local kept = p.breaker('b', { list }) "
                             "return function(req) local no = kept(req) "
                             "  return m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget");
    stop();
}

/* --- refusals: rules 8 and 10 -------------------------------------------------- */

static void a_refusal_is_neither_filtered_nor_judged_nor_retried_8(void)
{
    start(OK("a") TINY
          "local all = p.ladder { d, 'a/x' } "
          "local judged = p.ladder { { all, accept = function() "
          "  return false end } } "
          "return p.filter { judged, with = function() return 'changed' end }");
    ask(body_of(600));
    CHECK_INT(got.status, 413);
    CHECK_STR(path(), "daily spent, refuse");
    CHECK(holds(error_of("message"), "budget daily: "));
    CHECK_STR(header("x-should-retry"), "false");
    stop();
}

static void a_refusal_is_not_kept_for_a_repeat_8(void)
{
    static const peri_header once[] = {{"idempotency-key", "k"}};
    start(OK("a") TINY "return { d, 'a/x' }");
    submit_with(body_of(600), once, 1);
    await_done();
    CHECK_INT(got.status, 413);
    CHECK_INT(load(OK("a") "local d = p.budget('daily', '90k tokens/day') "
                           "return { d, 'a/x' }"),
              0);
    submit_with(body_of(600), once, 1);
    await_done();
    CHECK_INT(got.status, 200);
    stop();
}

/* --- changed requests: rule 11 -------------------------------------------------- */

static void a_changed_request_shares_its_budgets_11(void)
{
    start(OK("a") TINY MODEL
          "return function(req) local other = req:with { max_tokens = 5 } "
          "  d(other) return m(req) end");
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget");
    CHECK_INT(load(OK("a") TINY MODEL
                   "return function(req) d(req) "
                   "  return m(req:with { max_tokens = 5 }) end"),
              0);
    ask(body_of(600));
    CHECK_STR(path(), "daily spent, x budget");
    stop();
}

static void a_call_is_charged_as_its_request_was_changed_11(void)
{
    start(with_limit(
        SIM("a",
            "tokens = 600") "local d = p.budget('d', 'LIMIT tokens/day') " MODEL
                            "return function(req) "
                            "  local no = d(req) if no then return no end "
                            "  local short = m(req:with { max_tokens = 100 }) "
                            "short:text() "
                            "  p.log('left', { d:spent(req) }) return m(req) "
                            "end",
        reserved_for(600)));
    ask(body_of(600));
    CHECK_STR(path(), "d ok, x dropped, x ok(max_out=481)");
    CHECK_STR(log_field("policy_log", "fields"), "[119]");
    stop();
}

/* --- state: rule 23 --------------------------------------------------------------- */

static void names_are_unique_across_kinds_23(void)
{
    CHECK_LOAD_ERROR(
        "local a = p.budget('own', '5 usd/day') "
        "local b = p.sticky('own', { 'sim/a', by = 'user' }) return b",
        "P:1: sticky \"own\": the budget at P:1 has that name; what keeps "
        "state has one of its own");
}

static void another_declaration_is_told_with_the_options_of_the_first_23(void)
{
    CHECK_LOAD_ERROR(
        "\nlocal a = p.budget('daily', { '100k tokens/day', each = 'user' })\n"
        "local b = p.budget('daily', '100k tokens/day')",
        "P:3: budget \"daily\" was declared at P:2 with \"100k tokens/day\", "
        "each = \"user\"; use that one or another name");
}

#define COUNTS(amount)                                     \
    SIM("a", "tokens = 50")                                \
    "p.prices { ['a/x'] = { input = 1, output = 1 } } "    \
    "local d = p.budget('daily', " amount ") "             \
    "local m = p.model 'a/x' "                             \
    "return function(req) p.log('left', { d:left(req) }) " \
    "  return d(req) or m(req) end"

static void another_unit_or_function_starts_empty_and_says_so_23(void)
{
    static const char *const others[] = {
        COUNTS("'1 usd/day'"),
        COUNTS("{ '1 usd/day', each = function() return 'x' end }"),
        COUNTS("{ '1 usd/day', each = 'model' }"),
    };
    start(COUNTS("'1000 tokens/day'"));
    ask(body_of(100));
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&logged);
        CHECK_INT(load(others[i]), 0);
        CHECK_STR(log_field("budget_emptied", "budget"), "daily");
        ask(body_of(100));
        CHECK_STR(log_field("policy_log", "fields"), "[1.0]");
    }
    buf_clear(&logged);
    CHECK_INT(load(others[2]), 0);
    CHECK_STR(log_field("budget_emptied", "budget"), "daily");
    stop();
}

static void another_kind_starts_empty_and_says_so_23(void)
{
    start("local l = p.limit('own', '1 requests/day') "
          "return function(req) return l(req) or p.say 'limit' end");
    chat();
    chat();
    CHECK_INT(got.status, 429);
    CHECK_INT(load(OK("a") "return { p.budget('own', '90k tokens/day'), "
                           "  'a/x' }"),
              0);
    CHECK_STR(log_field("kind_changed", "name"), "own");
    CHECK_STR(log_field("kind_changed", "message"),
              "it was a limit and is a budget now, so it starts empty");
    ask(body_of(100));
    CHECK_STR(path(), "own ok, x ok");
    buf_clear(&logged);
    CHECK_INT(load(OK("a") "return { p.budget('own', '80k tokens/day'), "
                           "  'a/x' }"),
              0);
    CHECK(!contains(&logged, "kind_changed"));
    stop();
}

/* --- whose, and how much: rules 25 and 26 ------------------------------------------ */

static void who_has_no_name_is_anonymous_25(void)
{
    static const peri_header named[] = {{"x-perilune-user", "anonymous"}};
    start(SIM("a", "tokens = 50") "local d = p.budget('d', { '1k tokens/day', "
                                  "  each = 'user' }) " MODEL
                                  "return function(req) "
                                  "  p.log('left', { d:left(req) }) "
                                  "  return d(req) or m(req) end");
    ask(body_of(100));
    submit_with(body_of(100), named, 1);
    await_done();
    CHECK_STR(log_field("policy_log", "fields"), "[931]");
    stop();
}

static void exceptions_are_data_and_unlimited_is_no_end_26(void)
{
    static const peri_header ops[] = {{"x-perilune-user", "ops"}};
    start(SIM("a", "tokens = 50") "local d = p.budget('d', { '1k tokens/day', "
                                  "  each = 'user', "
                                  "  but = { ops = 'unlimited' } }) " MODEL
                                  "return function(req) "
                                  "  assert(d:left(req) == math.huge) "
                                  "  p.log('spent', { d:spent(req) }) "
                                  "  return d(req) or m(req) end");
    for (int i = 0; i < 2; i++) {
        submit_with(body_of(5000), ops, 1);
        await_done();
        CHECK_STR(path(), "x ok");
    }
    CHECK_STR(log_field("policy_log", "fields"), "[0]");
    stop();
}

/* --- what an author's mistake is told ---------------------------------------------- */

static void a_gate_is_returned_in_place_of_its_verdict(void)
{
    CHECK_RUN_ERROR("local daily = p.budget('daily', '5k tokens/day')\n"
                    "return function(req)\n"
                    "  local x = req.text\n"
                    "  return daily\n"
                    "end",
                    "P:4: the policy returned the rung daily, not its reply; "
                    "write daily(req)");
}

static void an_admin_before_a_gate_is_a_condition(void)
{
    CHECK_RUN_ERROR("local daily = p.budget('daily', '5k tokens/day')\n"
                    "return function(req)\n"
                    "  local admin = true\n"
                    "  return admin or daily(req)\n"
                    "end",
                    "P:4: the policy returned true, not a reply; a condition "
                    "belongs before \"and\": \"not admin and daily(req) or "
                    "large(req)\"");
}

static void what_is_declared_in_a_request_is_told_where_it_belongs(void)
{
    static const char *const words[][2] = {
        {"p.budget('daily', '5k tokens/day')", "p.budget \"daily\""},
        {"p.limit('own', '5 requests/day')", "p.limit \"own\""},
        {"p.queue('later', {})", "p.queue \"later\""},
        {"p.allow { gold = 'a/*' }", "p.allow"},
        {"p.idempotent { ttl = '1h' }", "p.idempotent"},
        {"p.prices { ['a/x'] = { input = 1, output = 1 } }", "p.prices"},
        {"p.webhook 'https://hooks.example/x'", "p.webhook"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char policy[256], want[256];
        snprintf(policy, sizeof policy,
                 "return function(req)\n  local x = %s\n  return x(req)\nend",
                 words[i][0]);
        snprintf(want, sizeof want,
                 "P:2: %s is a declaration; move it above \"return "
                 "function(req)\"",
                 words[i][1]);
        CHECK_RUN_ERROR(policy, want);
    }
}

static void an_option_of_a_budget_is_guessed(void)
{
    CHECK_LOAD_ERROR(
        "\nlocal d = p.budget('d', { '5 usd/day', eech = 'user' })",
        "P:2: budget: unknown option 'eech' (there are: align, but, each, "
        "on_warn, over, warn); did you mean \"each\"?");
}

static void a_list_with_a_gate_that_is_nil_is_told(void)
{
    CHECK_LOAD_ERROR("\nlocal gates = {} "
                     "local l = p.ladder { gates.daily, 'sim/x' }",
                     "P:2: ladder: item 1 of 2 is nil (is a field misspelt?)");
}

TESTS(every_gate_that_passes_gives_nothing_4,
      a_changed_request_hears_the_same_verdict_4,
      a_hedge_inherits_what_was_attached_before_it_6,
      what_a_hedge_attaches_stays_in_it_6,
      a_rung_of_its_own_attaches_for_what_comes_after_it_6,
      a_refusal_is_neither_filtered_nor_judged_nor_retried_8,
      a_refusal_is_not_kept_for_a_repeat_8,
      a_changed_request_shares_its_budgets_11,
      a_call_is_charged_as_its_request_was_changed_11,
      names_are_unique_across_kinds_23,
      another_declaration_is_told_with_the_options_of_the_first_23,
      another_unit_or_function_starts_empty_and_says_so_23,
      another_kind_starts_empty_and_says_so_23, who_has_no_name_is_anonymous_25,
      exceptions_are_data_and_unlimited_is_no_end_26,
      a_gate_is_returned_in_place_of_its_verdict,
      an_admin_before_a_gate_is_a_condition,
      what_is_declared_in_a_request_is_told_where_it_belongs,
      an_option_of_a_budget_is_guessed, a_list_with_a_gate_that_is_nil_is_told)
