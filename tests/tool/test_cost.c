/*
** test_cost.c -- what a request cost, as the log, the header and the policy say.
*/
#include "stage_rig.h"

/* A thousandth of a dollar for each word that is said. */
#define PRICED                                                        \
    PRELUDE "p.prices { ['openai/a'] = { input = 0, output = 1000 }," \
            " ['anthropic/b'] = { input = 0, output = 2000 } } "
#define LADDER "return { 'openai/a', 'anthropic/b' }"

static str cost_header(const struct guest *g)
{
    for (int i = 0; i < g->fields_n; i++)
        if (str_eq(g->fields[i].name, STR("x-perilune-cost-usd")))
            return g->fields[i].value;
    return STR_NONE;
}

static void says(const char *name, const char *text)
{
    play(name, (struct sim_script){.text = str_of(text), .rate = 10});
}

/* The log says so of the cost, and of calls whose cost nobody knows. */
static void check_line(const struct guest *g, const char *cost, int unpriced)
{
    char want[128];
    snprintf(want, sizeof want, "\"cost_usd\":%s,\"calls_unpriced\":%d,", cost,
             unpriced);
    CHECK(holds(line_of(g), want));
    if (!holds(line_of(g), want))
        printf("#    %s\n#    in %.*s\n", want, STR_ARG(line_of(g)));
}

/* --- what is known --------------------------------------------------------- */

static void a_reply_says_what_it_cost_in_its_head_and_in_the_log(void)
{
    begin(PRICED "return 'openai/a'");
    says("openai/a", "one two three");
    struct guest *g = ask(BODY);
    CHECK_STR(cost_header(g), "0.003000000");
    check_line(g, "0.003000000", 0);
    finish();
}

static void a_stream_says_it_in_the_log_and_nowhere_else(void)
{
    begin(PRICED "return 'openai/a'");
    says("openai/a", "one two three");
    struct guest *g = ask(STREAM);
    check_line(g, "0.003000000", 0);
    CHECK(cost_header(g).p == NULL);
    CHECK(!holds(buf_str(&g->body), "cost"));
    finish();
}

static void what_an_upstream_refused_costs_nothing(void)
{
    begin(PRICED LADDER);
    play("openai/a", (struct sim_script){.fails = 500});
    says("anthropic/b", "one two");
    struct guest *g = ask(BODY);
    CHECK_STR(cost_header(g), "0.004000000");
    check_line(g, "0.004000000", 0);
    finish();
}

static void every_reply_that_was_obtained_is_on_the_bill(void)
{
    begin(PRICED "local a, b = p.model 'openai/a', p.model 'anthropic/b' "
                 "return function(req) local r = a(req) r:text() "
                 "return b(req) end");
    says("openai/a", "one two three");
    says("anthropic/b", "one two");
    struct guest *g = ask(BODY);
    CHECK_STR(cost_header(g), "0.007000000");
    check_line(g, "0.007000000", 0);
    finish();
}

static void what_asks_nobody_costs_nothing(void)
{
    begin(PRICED "return function() return p.sorry 'busy' end");
    struct guest *g = ask(BODY);
    CHECK_STR(cost_header(g), "0.000000000");
    check_line(g, "0.000000000", 0);
    finish();
}

static void the_policy_sees_the_cost_of_a_reply_once_it_has_ended(void)
{
    begin(PRICED "local a = p.model 'openai/a' return function(req) "
                 "local r = a(req) local before = r.cost r:text() "
                 "return p.say(tostring(before) .. ' ' .. r.cost) end");
    says("openai/a", "one two three");
    CHECK(holds(buf_str(&ask(STREAM)->body), "nil 0.003"));
    finish();
}

/* --- what is not ----------------------------------------------------------- */

static void a_model_without_a_price_has_no_cost_and_not_zero(void)
{
    begin("return 'openai/nobody-knows'");
    says("openai/nobody-knows", "one two three");
    struct guest *g = ask(BODY);
    CHECK(cost_header(g).p == NULL);
    check_line(g, "null", 1);
    finish();
}

static void a_reply_without_a_price_has_none_in_the_policy(void)
{
    begin(PRELUDE "local a = p.model 'openai/nobody-knows' "
                  "return function(req) return p.say(tostring(a(req).cost)) "
                  "end");
    says("openai/nobody-knows", "one two three");
    struct guest *g = ask(BODY);
    CHECK(holds(buf_str(&g->body), "\"nil\""));
    check_line(g, "null", 1);
    finish();
}

/* The bytes of "one two", a third of a token each. */
static void a_stream_that_broke_before_its_usage_is_estimated(void)
{
    begin(PRICED "return 'openai/a'");
    play("openai/a", (struct sim_script){.text = STR("one two three four"),
                                         .rate = 10,
                                         .cuts_after = 3});
    struct guest *g = ask(STREAM);
    CHECK(holds(line_of(g), "\"cost_usd\":0.003000000,\"cost_estimated\":true,"
                            "\"calls_unpriced\":0,"));
    finish();
}

static void what_is_known_stands_beside_what_is_not(void)
{
    begin(PRICED "return { p.model { 'openai/a', first = '1s' }, "
                 "'anthropic/b' }");
    play("openai/a", (struct sim_script){.hangs = true});
    says("anthropic/b", "one two");
    struct guest *g = ask(STREAM);
    check_line(g, "0.004000000", 1);
    finish();
}

static void a_model_declared_free_costs_nothing_whatever_its_price(void)
{
    begin(PRICED "return p.model { 'openai/a', free = true }");
    says("openai/a", "one two three");
    struct guest *g = ask(BODY);
    CHECK_STR(cost_header(g), "0.000000000");
    check_line(g, "0.000000000", 0);
    finish();
}

static void a_provider_made_of_arithmetic_is_free(void)
{
    begin(PRELUDE "p.provider('toy', { sim = { text = 'one two' } }) "
                  "return 'toy/a'");
    check_line(ask(BODY), "0.000000000", 0);
    finish();
}

/* --- other prices ---------------------------------------------------------- */

static void prices_that_are_built_in_hold_until_others_are_said(void)
{
    begin("return 'openai/gpt-4o'");
    says("openai/gpt-4o", "one two three");
    struct guest *g = ask(BODY);
    CHECK(holds(line_of(g), "\"cost_usd\":0.0000"));
    CHECK(holds(line_of(g), "\"calls_unpriced\":0"));
    CHECK_INT(load(PRELUDE "p.prices { ['openai/gpt-4o'] = { input = 0, "
                           "output = 5000 } } return 'openai/gpt-4o'"),
              0);
    check_line(ask(BODY), "0.015000000", 0);
    finish();
}

static void a_long_prompt_has_the_prices_of_its_tier(void)
{
    begin(PRELUDE "p.prices { ['openai/a'] = { input = 0, output = 1000, "
                  "above = { ['1 token'] = { output = 3000 } } } } "
                  "return 'openai/a'");
    says("openai/a", "one two three");
    check_line(ask(BODY), "0.009000000", 0);
    finish();
}

TESTS(a_reply_says_what_it_cost_in_its_head_and_in_the_log,
      a_stream_says_it_in_the_log_and_nowhere_else,
      what_an_upstream_refused_costs_nothing,
      every_reply_that_was_obtained_is_on_the_bill,
      what_asks_nobody_costs_nothing,
      the_policy_sees_the_cost_of_a_reply_once_it_has_ended,
      a_model_without_a_price_has_no_cost_and_not_zero,
      a_reply_without_a_price_has_none_in_the_policy,
      a_stream_that_broke_before_its_usage_is_estimated,
      what_is_known_stands_beside_what_is_not,
      a_model_declared_free_costs_nothing_whatever_its_price,
      a_provider_made_of_arithmetic_is_free,
      prices_that_are_built_in_hold_until_others_are_said,
      a_long_prompt_has_the_prices_of_its_tier)
