/*
** How branches end: by an error, by what they used up, with their client, and
** that nothing of them stays.
*/
#include <lauxlib.h>

#include "policy_rig.h"

#include "perilune_inner.h"
#include "run/generation.h"

/* A rung that waits for ever and tells when its closing variables run. */
#define CLOSING                                            \
    "local function closing(name) return function(r) "     \
    "  local mark <close> = setmetatable({}, { __close = " \
    "    function() p.log('closed ' .. name) end }) "      \
    "  p.sleep '1h' end end "
#define SPINS "local function spins() while true do end end "

static bool closed(const char *name)
{
    char line[64];
    snprintf(line, sizeof line, "\"message\":\"closed %s\"", name);
    return contains(&logged, line);
}

/* --- errors ---------------------------------------------------------------- */

static void an_error_in_a_branch_is_the_requests(void)
{
    CHECK_RUN_ERROR(OK("a") "\n"
                            "local function bad(r) p.sleep '1ms'\n"
                            "  error 'boom' end\n"
                            "return p.race { bad, p.model 'a/x' "
                            "  and function() p.sleep '1h' end }",
                    "P:3: boom");
}

static void an_error_in_a_branch_can_be_caught_where_it_races(void)
{
    begin(CLOSING "local function bad(r) local mark <close> = setmetatable({}, "
                  "  { __close = function() p.log 'closed bad' end }) "
                  "  p.sleep '1ms' error('boom', 0) end "
                  "local race = p.race { closing 'other', bad } "
                  "return function(r) local ok, why = pcall(race, r) "
                  "  p.sleep '1ms' return p.say(why) end");
    chat();
    CHECK_STR(said(), "boom");
    CHECK(closed("bad"));
    CHECK(closed("other"));
    finish();
}

static void what_is_no_reply_is_told(void)
{
    CHECK_RUN_ERROR("local race = p.race { function() return 5 end, "
                    "  function() p.sleep '1h' end }\n"
                    "return function(r) local it = race(r) return it end",
                    "P:2: race: item 1 returned 5, not a reply");
}

/* --- what a branch may use up ----------------------------------------------- */

static void a_branch_that_spins_ends_the_request(void)
{
    begin(CLOSING SPINS
          "local race = p.race { closing 'other', spins } "
          "return function(r) pcall(race, r) return p.say 'never' end");
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(log_field("policy_error", "reason"), "deadline");
    CHECK(contains(&logged, "processor time"));
    CHECK(!closed("other"));
    finish();
}

static void branches_spin_on_one_account(void)
{
    begin("local function busy() local n = 0 while n < 4e5 do n = n + 1 end "
          "  p.sleep '0s' return busy() end "
          "return p.race { busy, busy, busy, busy }");
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(log_field("policy_error", "reason"), "deadline");
    finish();
}

static void branches_hold_memory_on_one_account(void)
{
    begin("local large = ('x'):rep(2^20) "
          "local function holds() local t = {} for i = 1, 4 do "
          "  t[i] = large .. large .. large .. i p.sleep '0s' end "
          "  p.sleep '1h' return t end "
          "return p.race { holds, holds, holds, holds }");
    chat();
    CHECK_INT(got.status, 500);
    CHECK_STR(log_field("policy_error", "reason"), "memory");
    finish();
}

static void a_closing_variable_of_a_loser_ends_with_its_request(void)
{
    begin("local function bad() local c <close> = setmetatable({}, { __close = "
          "  function() while true do end end }) p.sleep '1h' end "
          "local race = p.race { bad, p.say 'won' } "
          "return function(r) return race(r) end");
    chat();
    CHECK_STR(said(), "won");
    finish();
}

static void the_rescue_answers_when_a_branch_spins(void)
{
    begin(OK("a") SPINS "p.rescue(p.race { p.model { 'a/x', as = 'rescuer' }, "
                        "  'a/y' }) "
                        "return p.race { spins, function() p.sleep '1h' end }");
    chat();
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "policy error, x ok, y cancelled");
    finish();
}

static void a_request_has_a_number_of_branches(void)
{
    begin("local many = { } for i = 1, 16 do many[i] = function() "
          "  p.sleep '1h' end end "
          "local inner = p.race(many) "
          "return p.race { function(r) local it = inner(r) return it end, "
          "  function() p.sleep '1h' end }");
    chat();
    CHECK_POLICY_ERROR("P:1: a request may have 16 branches at a time (p.race, "
                       "p.hedge), and no more");
    finish();
}

static void branches_that_are_over_make_room(void)
{
    begin("local many = {} for i = 1, 15 do many[i] = function() "
          "  p.sleep '1h' end end many[16] = p.say 'well' "
          "local race = p.race(many) "
          "return function(r) local it for i = 1, 20 do it = race(r) end "
          "  return it end");
    for (int i = 0; i < 3; i++) {
        chat();
        CHECK_STR(said(), "well");
    }
    finish();
}

/* --- leaving ---------------------------------------------------------------- */

static void a_client_that_leaves_ends_every_strand(void)
{
    begin(CLOSING "local race = p.race { closing 'one', p.race { "
                  "  closing 'two', closing 'three' } } "
                  "return function(r) local mark <close> = setmetatable({}, "
                  "  { __close = function() p.log 'closed main' end }) "
                  "  return race(r) or nil end");
    submit(WHOLE);
    turn(5);
    peri_cancel(peri, got.id);
    await_done();
    CHECK(closed("one"));
    CHECK(closed("two"));
    CHECK(closed("three"));
    CHECK(closed("main"));
    finish();
}

static void a_runtime_that_closes_ends_every_strand(void)
{
    begin(CLOSING "return p.race { closing 'one', p.race { closing 'two', "
                  "  closing 'three' } }");
    submit(WHOLE);
    turn(5);
    finish();
}

static void a_loser_closes_before_the_next_wait_ends(void)
{
    begin(CLOSING "local race = p.race { closing 'one', p.race { "
                  "  closing 'two', closing 'three' }, p.say 'won' } "
                  "return function(r) local it = race(r) p.log 'raced' "
                  "  p.sleep '0s' p.log 'slept' return it end");
    chat();
    CHECK_STR(said(), "won");
    CHECK(closed("one"));
    CHECK(!closed("two")); /* it had not begun */
    finish();
}

/* A collector that is always at work finds what dangles, and takes its time. */
static void branches_hold_under_an_eager_collector(void)
{
    peri_options opt = {.policy_cpu = 60};
    rig_open(&opt);
    int loads = load(CLOSING OK("a") SIM("b", "hangs = true") FAILS(
        "c", 500) "local inner = p.race { 'b/x', closing 'one', "
                  "  { 'c/y', 'a/z' } } "
                  "local text = function(r) local it = inner(r) "
                  "  return p.say(it:text()) end "
                  "local race = p.race { 'b/v', text, closing 'two' } "
                  "return function(r) local kept = { race(r) } for i = 1, 5 do "
                  "  kept[#kept + 1] = race(r) end return kept[3] end");
    CHECK_INT(loads, 0);
    lua_gc(peri->rt.current->L, LUA_GCINC, 20, 1000, 5);
    for (int i = 0; i < 20; i++) {
        chat();
        CHECK_STR(said(), "a");
        if (got.status != 200)
            printf("#    %.*s\n",
                   STR_ARG(log_field("policy_error", "message")));
    }
    finish();
}

TESTS(an_error_in_a_branch_is_the_requests,
      an_error_in_a_branch_can_be_caught_where_it_races,
      what_is_no_reply_is_told, a_branch_that_spins_ends_the_request,
      branches_spin_on_one_account, branches_hold_memory_on_one_account,
      a_closing_variable_of_a_loser_ends_with_its_request,
      the_rescue_answers_when_a_branch_spins,
      a_request_has_a_number_of_branches, branches_that_are_over_make_room,
      a_client_that_leaves_ends_every_strand,
      a_runtime_that_closes_ends_every_strand,
      a_loser_closes_before_the_next_wait_ends,
      branches_hold_under_an_eager_collector)
