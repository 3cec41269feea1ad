/*
** test_ration.c -- what we allow ourselves of providers and models.
*/
#include "stage_rig.h"

static str field(const struct guest *g, const char *name)
{
    for (int i = 0; i < g->fields_n; i++)
        if (str_eq(g->fields[i].name, str_of(name)))
            return g->fields[i].value;
    return STR_NONE;
}

static str path(const struct guest *g)
{
    return field(g, "x-perilune-path");
}

static struct guest *ask_at(const char *body, nanos at)
{
    struct guest *g = guest_at(body, at);
    CHECK_INT(stage_play(s, g, NANOS_NEVER), STAGE_DONE);
    return g;
}

/* --- what arrived ---------------------------------------------------------- */

static int64_t arrivals;

static void add_arrivals(void *name, str of, const struct upstream_counts *n)
{
    if (str_eq(of, str_of(name)))
        arrivals += n->arrivals;
}

static int64_t arrived_at(const char *name)
{
    arrivals = 0;
    upstreams_each(virtual_upstreams(stage_world(s)), add_arrivals,
                   (void *)(uintptr_t)name);
    return arrivals;
}

#define OWN(limit) PRELUDE "p.provider('openai', { limit = " limit " }) "
#define LADDER     "return { 'openai/a', 'groq/b' }"

/* --- declining ------------------------------------------------------------- */

static void past_our_limit_the_next_rung_is_asked(void)
{
    begin(OWN("'2 requests/min'") LADDER);
    CHECK_STR(path(ask(BODY)), "a ok");
    CHECK_STR(path(ask(STREAM)), "a ok");
    struct guest *g = ask(BODY);
    CHECK_STR(path(g), "a limited, b ok");
    CHECK_STR(field(g, "x-perilune-attempts"), "1");
    CHECK_INT(arrived_at("openai/a"), 2);
    CHECK_STR(path(ask_at(BODY, 61 * NANOS_S)), "a ok");
    finish();
}

static void the_fault_is_a_rate_limit_that_says_whose(void)
{
    begin(OWN("'1 requests/min'") "return 'openai/a'");
    ask(BODY);
    struct guest *g = ask_at(BODY, 20 * NANOS_S);
    CHECK_INT(g->status, 429);
    CHECK_STR(field(g, "x-should-retry"), "true");
    CHECK_STR(field(g, "retry-after"), "40");
    CHECK(holds(buf_str(&g->body), "openai/a: our limit for openai is used up; "
                                   "free again in 40 s"));
    CHECK(holds(line_of(g), "\"fault\":\"rate_limited\""));
    finish();
}

static void it_counts_all_models_of_a_provider_or_one(void)
{
    begin(OWN("'2 requests/min'") "return { 'openai/a', 'openai/c' }");
    ask(BODY);
    CHECK_STR(path(ask(BODY)), "a ok");
    CHECK_INT(ask(BODY)->status, 429);
    finish();
    begin(PRELUDE "return { p.model { 'openai/a', limit = '1 requests/min' }, "
                  "'openai/c' }");
    CHECK_STR(path(ask(BODY)), "a ok");
    CHECK_STR(path(ask(BODY)), "a limited, c ok");
    finish();
}

static void of_two_limits_what_one_refuses_the_other_keeps(void)
{
    begin(OWN("'3 requests/min'") "return { p.model { 'openai/a', limit = "
                                  "'1 requests/min' }, 'openai/c' }");
    CHECK_STR(path(ask(BODY)), "a ok");
    CHECK_STR(path(ask(BODY)), "a limited, c ok");
    CHECK_STR(path(ask(BODY)), "a limited, c ok");
    CHECK_INT(ask(BODY)->status, 429);
    finish();
}

static void every_attempt_counts(void)
{
    begin(OWN("'3 requests/min'") "return { p.model { 'openai/a', tries = 3 }, "
                                  "'groq/b' }");
    play("openai/a", (struct sim_script){.fails = 500});
    CHECK_STR(path(ask(BODY)), "a server_error, a server_error, b ok");
    CHECK_STR(path(ask(BODY)), "a server_error, a limited, b ok");
    CHECK_INT(arrived_at("openai/a"), 3);
    finish();
}

static void one_that_is_past_it_is_not_tried_again(void)
{
    begin(OWN("'1 requests/min'") "return p.model { 'openai/a', tries = 9 }");
    ask(BODY);
    struct guest *g = ask(BODY);
    CHECK_STR(path(g), "a limited");
    CHECK(g->ended - g->came < NANOS_S);
    finish();
}

static void whom_nobody_reached_has_used_nothing(void)
{
    begin(OWN("'2 requests/min'") LADDER);
    play("openai/a", (struct sim_script){.refuses = true});
    for (int i = 0; i < 4; i++)
        CHECK_STR(path(ask(BODY)), "a network, b ok");
    finish();
}

static void no_breaker_and_no_key_hears_of_it(void)
{
    begin(OWN("'1 requests/min'") LADDER);
    ask(BODY);
    for (int i = 0; i < 12; i++)
        CHECK_STR(path(ask(BODY)), "a limited, b ok");
    CHECK(!holds(stage_log(s), "\"event\":\"breaker\""));
    CHECK_STR(path(ask_at(BODY, 61 * NANOS_S)), "a ok");
    finish();
}

/* --- tokens ---------------------------------------------------------------- */

static void tokens_are_settled_by_what_was_used(void)
{
    begin(OWN("'2k tokens/min'") LADDER);
    play("openai/a", (struct sim_script){.tokens = 20});
    for (int i = 0; i < 12; i++) /* an estimate of 1,010 each; 33 in truth */
        CHECK_STR(path(ask(BODY)), "a ok");
    for (int i = 0; i < 12; i++)
        CHECK_STR(path(ask(STREAM)), "a ok");
    finish();
}

static void two_estimates_at_once_do_not_leave(void)
{
    begin(OWN("'2k tokens/min'") LADDER);
    play("openai/a", (struct sim_script){.tokens = 20, .latency = NANOS_S});
    struct guest *a = guest_at(BODY, 0), *b = guest_at(BODY, 1);
    stage_play(s, a, NANOS_NEVER);
    CHECK_STR(path(a), "a ok");
    CHECK_STR(path(b), "a limited, b ok");
    finish();
}

static void who_hangs_up_leaves_the_estimate(void)
{
    begin(OWN("'2k tokens/min'") LADDER);
    play("openai/a", (struct sim_script){.tokens = 20, .latency = 9 * NANOS_S});
    struct guest *a = guest_at(BODY, 0);
    stage_play(s, a, began + NANOS_S);
    guest_leave(a);
    CHECK_STR(path(ask_at(BODY, 2 * NANOS_S)), "a limited, b ok");
    finish();
}

static void what_never_passes_is_told(void)
{
    begin(OWN("'500 tokens/min'") "return 'openai/a'");
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 429);
    CHECK(holds(buf_str(&g->body), "may need more than our limit for openai"));
    CHECK(!holds(buf_str(&g->body), "free again"));
    CHECK_STR(field(g, "x-should-retry"), "false");
    finish();
}

/* --- waiting --------------------------------------------------------------- */

static void who_may_wait_leaves_at_his_turn(void)
{
    begin(OWN("{ '1 requests/s', wait = '3s' }") LADDER);
    play("openai/a", (struct sim_script){.latency = -1});
    struct guest *g[6];
    for (int i = 0; i < 6; i++)
        g[i] = guest_at(BODY, i);
    stage_play(s, NULL, NANOS_NEVER);
    for (int i = 0; i < 4; i++) {
        CHECK_STR(path(g[i]), "a ok");
        CHECK_INT((g[i]->ended - began) / NANOS_S, i);
    }
    for (int i = 4; i < 6; i++)
        CHECK_STR(path(g[i]), "a limited, b ok");
    finish();
}

static void under_two_limits_each_period_holds_for_those_who_wait(void)
{
    begin(OWN(
        "{ '2 requests/s', wait = '9s' }") "return p.model { 'openai/a', limit "
                                           "= { '3 requests/s', wait = "
                                           "'9s' } }");
    play("openai/a", (struct sim_script){.latency = -1});
    struct guest *g[8];
    for (int i = 0; i < 8; i++)
        g[i] = guest_at(BODY, i);
    stage_play(s, NULL, NANOS_NEVER);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(g[i]->status, 200);
        CHECK_INT((g[i]->ended - began) / NANOS_S, i / 2);
    }
    finish();
}

static void who_leaves_while_he_waits_has_used_nothing(void)
{
    begin(OWN("{ '1 requests/s', wait = '5s' }") "return 'openai/a'");
    play("openai/a", (struct sim_script){.latency = -1});
    struct guest *a = guest_at(BODY, 0), *b = guest_at(BODY, 1);
    stage_play(s, a, NANOS_NEVER);
    stage_play(s, b, began + NANOS_S / 2);
    guest_leave(b);
    CHECK(holds(line_of(b), "\"path\":\"a unasked\""));
    CHECK(holds(line_of(b), "\"attempts\":0"));
    struct guest *c = ask_at(BODY, NANOS_S);
    CHECK_INT((c->ended - began) / NANOS_S, 1);
    CHECK_INT(arrived_at("openai/a"), 2);
    finish();
}

static void nobody_waits_past_his_deadline(void)
{
    struct stage_setup setup = {
        .bind = &bind_lua, .seed = 1, .deadline = 2 * NANOS_S};
    CHECK_INT(stage_open(&s, &setup), 0);
    CHECK_INT(load(OWN("{ '1 requests/min', wait = '10min' }") LADDER), 0);
    ask(BODY);
    struct guest *g = ask(BODY);
    CHECK_STR(path(g), "a limited, b ok");
    finish();
}

static void who_waits_holds_his_place_in_the_lane(void)
{
    begin(PRELUDE "p.provider('openai', { concurrency = 1, queue_wait = '2s', "
                  "limit = { '1 requests/s', wait = '9s' } }) " LADDER);
    play("openai/a", (struct sim_script){.latency = -1});
    struct guest *g[3];
    for (int i = 0; i < 3; i++)
        g[i] = guest_at(BODY, i);
    stage_play(s, NULL, NANOS_NEVER);
    CHECK_STR(path(g[0]), "a ok");
    CHECK_STR(path(g[1]), "a ok");
    CHECK_INT(arrived_at("openai/a") + arrived_at("groq/b"), 3);
    finish();
}

/* --- groups, reloads ------------------------------------------------------- */

static void a_group_asks_one_that_is_past_it_last(void)
{
    begin(OWN("'2 requests/min'") "return p.balance { 'openai/a', 'groq/b', "
                                  "by = 'priority' }");
    ask(BODY);
    CHECK_STR(path(ask(BODY)), "a ok");
    for (int i = 0; i < 3; i++) /* passed over, and not even asked for */
        CHECK_STR(path(ask(BODY)), "a limited, b ok");
    finish();
    begin(OWN("'2 requests/min'") "return p.balance { 'openai/a', 'openai/c', "
                                  "by = 'headroom' }");
    ask(BODY);
    ask(BODY);
    CHECK_STR(path(ask(BODY)), "a limited, c limited");
    finish();
}

static void a_reload_keeps_what_was_taken_and_changes_amounts(void)
{
    begin(OWN("'2 requests/min'") LADDER);
    ask(BODY);
    ask(BODY);
    CHECK_INT(load(OWN("'3 requests/min'") LADDER), 0);
    CHECK_STR(path(ask(BODY)), "a ok");
    CHECK_STR(path(ask(BODY)), "a limited, b ok");
    CHECK_INT(load(OWN("'1 requests/min'") LADDER), 0);
    CHECK_STR(path(ask(BODY)), "a limited, b ok");
    CHECK_INT(load(PRELUDE LADDER), 0);
    CHECK_STR(path(ask(BODY)), "a ok");
    finish();
}

static void a_reload_in_the_middle_settles_under_the_old_amounts(void)
{
    begin(OWN("'2k tokens/min'") LADDER);
    play("openai/a", (struct sim_script){.tokens = 20, .latency = NANOS_S});
    struct guest *a = guest_at(BODY, 0);
    stage_play(s, a, began + NANOS_S / 2);
    CHECK_INT(load(OWN("'1500 tokens/min'") LADDER), 0);
    stage_play(s, a, NANOS_NEVER);
    CHECK_STR(path(a), "a ok");
    CHECK_STR(path(ask(BODY)), "a ok");
    finish();
}

TESTS(past_our_limit_the_next_rung_is_asked,
      the_fault_is_a_rate_limit_that_says_whose,
      it_counts_all_models_of_a_provider_or_one,
      of_two_limits_what_one_refuses_the_other_keeps, every_attempt_counts,
      one_that_is_past_it_is_not_tried_again,
      whom_nobody_reached_has_used_nothing, no_breaker_and_no_key_hears_of_it,
      tokens_are_settled_by_what_was_used, two_estimates_at_once_do_not_leave,
      who_hangs_up_leaves_the_estimate, what_never_passes_is_told,
      who_may_wait_leaves_at_his_turn,
      under_two_limits_each_period_holds_for_those_who_wait,
      who_leaves_while_he_waits_has_used_nothing,
      nobody_waits_past_his_deadline, who_waits_holds_his_place_in_the_lane,
      a_group_asks_one_that_is_past_it_last,
      a_reload_keeps_what_was_taken_and_changes_amounts,
      a_reload_in_the_middle_settles_under_the_old_amounts)
