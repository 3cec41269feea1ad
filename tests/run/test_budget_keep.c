/*
** test_budget_keep.c -- where spending is kept, for whom, how long, and who is
** told of it.
*/
#include "budget_setting.h"

#include "store/ledger.h"

#define LOOKS                   \
    "local function look(req) " \
    "  p.log('look', { d:spent(req), d:left(req) }) end "
#define ANSWERS                \
    "local m = p.model 'a/x' " \
    "return function(req) look(req) return d(req) or m(req) end"

static str seen(void)
{
    return log_field("policy_log", "fields");
}

static int times(const char *what)
{
    int n = 0;
    str rest = buf_str(&logged);
    const char *at;
    while (rest.n > 0 &&
           (at = memmem(rest.p, rest.n, what, strlen(what))) != NULL) {
        rest = str_from(rest, (size_t)(at - rest.p) + strlen(what));
        n++;
    }
    return n;
}

static void ask_as(const char *user)
{
    peri_header header = {"x-perilune-user", user};
    submit_with(body_of(100), &header, 1);
    await_done();
}

/* --- whose ------------------------------------------------------------------- */

static void each_user_has_one_of_his_own(void)
{
    start(SIM("a", "tokens = 50") "local d = p.budget('d', { '1k tokens/day', "
                                  "each = 'user', "
                                  "  but = { gold = '9k tokens/day', ops = "
                                  "'unlimited' } }) " LOOKS ANSWERS);
    ask_as("ann");
    ask_as("ann");
    CHECK_STR(seen(), "[69,931]");
    ask_as("bob");
    CHECK_STR(seen(), "[0,1000]");
    ask_as("gold");
    CHECK_STR(seen(), "[0,9000]");
    ask(body_of(100));
    CHECK_STR(seen(), "[0,1000]");
    ask(body_of(100));
    CHECK_STR(seen(), "[69,931]");
    stop();
}

static void whose_it_is_may_be_a_function(void)
{
    start(SIM("a", "tokens = 50") "local d = p.budget('d', { '1k tokens/day', "
                                  "  each = function(req) return req.user == "
                                  "'ann' and 'x' end }) " LOOKS ANSWERS);
    ask_as("ann");
    ask_as("bob");
    ask_as("ann");
    CHECK_STR(seen(), "[69,931]");
    stop();
}

static void each_model_that_is_asked_has_one(void)
{
    start(SIM("a", "tokens = 600")
              SIM("b", "tokens = 600") "local d = p.budget('d', { '1k "
                                       "tokens/day', each = 'model' }) "
                                       "return { d, 'a/x', 'b/x' }");
    ask(body_of(600));
    CHECK_STR(path(), "d ok, x ok");
    ask(body_of(600));
    CHECK_STR(path(), "d ok, x ok(max_out=48)");
    ask(body_of(600));
    CHECK_STR(path(), "d ok, x budget, x ok");
    stop();
}

/* --- how long ---------------------------------------------------------------- */

static void periods_may_begin_in_a_zone_or_roll(void)
{
    static const char *const aligns[] = {"utc", "Europe/Berlin", "rolling"};
    for (size_t i = 0; i < 3; i++) {
        char policy[1024];
        snprintf(
            policy, sizeof policy,
            SIM("a",
                "tokens = 50") "local d = p.budget('d', { '1k tokens/month', "
                               "  align = '%s' }) " LOOKS ANSWERS,
            aligns[i]);
        start(policy);
        ask(body_of(100));
        ask(body_of(100));
        CHECK_STR(seen(), "[69,931]");
        stop();
    }
    CHECK_LOAD_ERROR(
        "local d = p.budget('d', { '1k tokens/day', align = 'Mars/Base' })",
        "P:1: budget: align = \"Mars/Base\" is no time zone that is known "
        "here; write \"utc\", \"rolling\" or one such as \"Europe/Berlin\"");
}

/* --- where ------------------------------------------------------------------- */

static struct ledger *take_ledger(void)
{
    struct ledger *other = NULL;
    struct store_why why;
    struct ledger_options options = {.folder = folder};
    CHECK_INT(ledger_open(&other, &options, &why), STORE_OK);
    return other;
}

static void a_ledger_that_cannot_be_had_lets_nobody_spend(void)
{
    open_store();
    struct ledger *other = take_ledger();
    begin(OK("a") OK("own") "local d = p.budget('d', '9k tokens/day') "
                            "return { d, 'a/x', "
                            "  p.model { 'own/y', free = true } }");
    CHECK_INT(times("budgets_unavailable"), 1);
    CHECK(holds(log_field("budgets_unavailable", "message"), "process"));
    ask(body_of(100));
    CHECK_STR(path(), "d ok, x budget, y ok");
    ask(body_of(100));
    CHECK_INT(times("budgets_unavailable"), 1);
    ledger_close(other);
    stop();
}

static void without_any_other_model_that_is_a_503(void)
{
    open_store();
    struct ledger *other = take_ledger();
    begin(OK("a") "return { p.budget('d', '9k tokens/day'), 'a/x' }");
    ask(body_of(100));
    CHECK_INT(got.status, 503);
    CHECK(holds(error_of("message"), "its budgets cannot be charged"));
    ledger_close(other);
    stop();
}

static void what_must_survive_a_loss_of_power_waits_for_the_disk(void)
{
    peri_options power = {.size = sizeof power, .store_power = 1};
    open_store();
    rig_open(&power);
    CHECK_INT(
        load(
            SIM("a",
                "tokens = 50") "local d = p.budget('d', '1k tokens/day') " LOOKS
                ANSWERS),
        0);
    for (int i = 0; i < 3; i++) {
        ask(body_of(100));
        CHECK_STR(path(), "d ok, x ok");
    }
    CHECK_STR(seen(), "[138,862]");
    submit(body_of(100));
    peri_cancel(peri, got.id);
    await_done();
    stop();
}

/* Whoever need not wait is faster than one who must, so that is not asked. */
static void nobody_is_asked_before_the_disk_has_it(void)
{
    peri_options power = {.size = sizeof power, .store_power = 1};
    open_store();
    rig_open(&power);
    CHECK_INT(load(OK("a") "local m = p.model 'a/x' "
                           "local both = p.race { m, "
                           "  function() return p.say 'first' end } "
                           "local d = p.budget('d', '9k tokens/day') "
                           "return function(req) return d(req) or both(req) "
                           "end"),
              0);
    ask(body_of(100));
    CHECK_STR(path(), "d ok, say");
    CHECK_STR(header("x-perilune-attempts"), "0");
    stop();
}

/* What a branch reserved is there for others as soon as it is cancelled. */
static void who_is_cancelled_before_the_disk_has_it_gives_it_back(void)
{
    peri_options power = {.size = sizeof power, .store_power = 1};
    open_store();
    rig_open(&power);
    CHECK_INT(
        load(with_limit(OK("a") "local m = p.model 'a/x' "
                                "local both = p.race { m, "
                                "  function() return p.say 'first' end } "
                                "local d = p.budget('d', 'LIMIT tokens/day') "
                                "return function(req) d(req) both(req) "
                                "  return m(req) end",
                        reserved_for(100) + 10)),
        0);
    ask(body_of(100));
    CHECK_INT(got.status, 200);
    CHECK(holds(path(), "x ok"));
    CHECK_STR(header("x-perilune-attempts"), "1");
    stop();
}

static void a_runtime_ends_while_the_disk_is_at_work(void)
{
    peri_options power = {.size = sizeof power, .store_power = 1};
    for (int i = 0; i < 5; i++) {
        open_store();
        rig_open(&power);
        CHECK_INT(load(OK("a") "return { p.budget('d', '1k tokens/day'), "
                               "  'a/x' }"),
                  0);
        submit(body_of(100));
        turn(i);
        stop();
    }
}

static void whatever_allocation_fails_nothing_stays_reserved(void)
{
    start(
        SIM("a", "tokens = 50") "local d = p.budget('d', { '900k tokens/day', "
                                "each = 'user', "
                                "  warn = 0.0001, on_warn = function() end }) "
                                "local m = p.model 'a/x' "
                                "return function(req) "
                                "  if req.max_tokens == 1 then "
                                "    return p.say(tostring(d:left(req) + "
                                "d:spent(req))) end "
                                "  return d(req) or m(req) end");
    for (int n = 1; n < 60; n++) {
        submit(body_of(100));
        mem_fail_at(n, false);
        for (int i = 0; i < PATIENT_TURNS && got.dones == 0; i++)
            peri_step(peri, 0.01);
        mem_fail_at(0, false);
        CHECK_INT(got.dones, 1);
        ask(body_of(1));
        CHECK_STR(said(), "900000");
    }
    stop();
}

/* --- who is told ------------------------------------------------------------- */

#define WARNS                                                              \
    SIM("a", "tokens = 50")                                                \
    "local d = p.budget('d', { '1k tokens/day', each = 'user', "           \
    "  warn = 0.1, on_warn = function(info) p.log('warned', info) end }) " \
    "return { d, 'a/x' }"

static void a_share_that_is_spent_is_told_once_for_each(void)
{
    start(WARNS);
    ask_as("ann");
    CHECK_INT(times("budget_warning"), 0);
    for (int i = 0; i < 3; i++)
        ask_as("ann");
    CHECK_INT(times("budget_warning"), 1);
    CHECK_INT(times("policy_log"), 1);
    CHECK_STR(log_field("budget_warning", "of"), "ann");
    CHECK_STR(log_field("budget_warning", "message"),
              "138 tokens of 1000 tokens per day are spent");
    CHECK_STR(seen(), "{\"budget\":\"d\",\"limit\":1000,\"of\":\"ann\","
                      "\"per\":\"day\",\"share\":0.1,\"spent\":138,"
                      "\"unit\":\"tokens\"}");
    ask_as("bob");
    ask_as("bob");
    CHECK_INT(times("budget_warning"), 2);
    CHECK_INT(times("policy_log"), 2);
    stop();
}

static void a_restart_does_not_tell_it_again(void)
{
    start(WARNS);
    ask_as("ann");
    ask_as("ann");
    CHECK_INT(times("budget_warning"), 1);
    reopen(WARNS);
    ask_as("ann");
    CHECK_INT(times("budget_warning"), 0);
    stop();
}

static void an_on_warn_that_raises_harms_nobody(void)
{
    start(SIM("a", "tokens = 50") "local d = p.budget('d', { '1k tokens/day', "
                                  "warn = 0.01, "
                                  "  on_warn = function() error 'oh' end }) "
                                  "return { d, 'a/x' }");
    ask(body_of(100));
    CHECK_INT(got.status, 200);
    CHECK(holds(log_field("policy_error", "message"), "oh"));
    ask(body_of(100));
    CHECK_INT(got.status, 200);
    stop();
}

TESTS(each_user_has_one_of_his_own, whose_it_is_may_be_a_function,
      each_model_that_is_asked_has_one, periods_may_begin_in_a_zone_or_roll,
      a_ledger_that_cannot_be_had_lets_nobody_spend,
      without_any_other_model_that_is_a_503,
      what_must_survive_a_loss_of_power_waits_for_the_disk,
      nobody_is_asked_before_the_disk_has_it,
      who_is_cancelled_before_the_disk_has_it_gives_it_back,
      a_runtime_ends_while_the_disk_is_at_work,
      whatever_allocation_fails_nothing_stays_reserved,
      a_share_that_is_spent_is_told_once_for_each,
      a_restart_does_not_tell_it_again, an_on_warn_that_raises_harms_nobody)
