/*
** Branches: rungs side by side. Who wins, what becomes of the others, and what
** a branch may do to its request.
*/
#include "policy_rig.h"

#define HANGS(name) SIM(name, "hangs = true")
#define TWO         OK("a") HANGS("slow")

/* A rung that waits, then says what it is told to. */
#define LATER                                           \
    "local function later(wait, v) return function(r) " \
    "  p.sleep(wait) return v end end "

/* One answer under this policy, twice: what was used is used again. */
static void check_says(const char *policy, const char *want_path,
                       const char *want)
{
    begin(policy);
    for (int i = 0; i < 2; i++) {
        chat();
        CHECK_STR(said(), want);
        if (want_path != NULL)
            CHECK_STR(path(), want_path);
        if (got.status != 200)
            printf("#    %.*s\n",
                   STR_ARG(log_field("policy_error", "message")));
    }
    finish();
}

/* --- who wins -------------------------------------------------------------- */

static void the_first_reply_wins_a_race(void)
{
    begin(TWO "return p.race { 'slow/x', 'a/y' }");
    chat();
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "x cancelled, y ok");
    CHECK_STR(header("x-perilune-attempts"), "2");
    chat_stream();
    CHECK_STR(said(), "a");
    CHECK_STR(path(), "x cancelled, y ok");
    finish();
}

static void any_rung_may_stand_in_a_race(void)
{
    check_says(
        LATER TWO FAILS("bad",
                        500) "local m = p.model 'a/y' "
                             "return p.race { 'slow/x', { 'bad/z', m }, "
                             "  later('1h', p.say 'late'), { 'slow/w', when = "
                             "  function() return false end } }",
        "x cancelled, z server_error, y ok", "a");
    check_says(LATER "return p.race { later('1h'), later('1ms', p.say 'soon'), "
                     "  later '2ms' }",
               "say", "soon");
}

static void a_race_may_stand_in_a_ladder_and_in_a_race(void)
{
    check_says(
        TWO FAILS("bad",
                  500) "return { p.race { 'bad/u', 'bad/v' }, "
                       "  p.race { 'slow/w', p.race { 'slow/x', 'a/y' } } }",
        "u server_error, v server_error, w cancelled, x cancelled, "
        "y ok",
        "a");
}

static void what_a_loser_holds_is_cancelled_with_it(void)
{
    check_says(LATER TWO "local inner = p.race { 'a/u', 'slow/v' } "
                         "local function held(r) local it = inner(r) "
                         "  p.sleep '1h' return it end "
                         "return p.race { held, { later '20ms', 'a/y' } }",
               "u cancelled, v cancelled, y ok", "a");
}

static void a_race_that_nobody_wins_declines_with_the_last_failure(void)
{
    begin(LATER FAILS("bad", 429) FAILS(
        "worse", 503) "local m = p.model 'worse/w' "
                      "local last = function(r) p.sleep '20ms' return m(r) end "
                      "return p.race { last, 'bad/b', later '40ms' }");
    chat();
    CHECK_STR(error_of("code"), "overloaded");
    CHECK_STR(path(), "b rate_limited, w overloaded");
    finish();
}

static void a_refusal_wins_only_when_nobody_else_can(void)
{
    check_says(LATER "return p.race { p.refuse(403, 'no'), "
                     "  later('1ms', p.say 'yes') }",
               "say", "yes");
    begin(LATER "return p.race { later('1ms', p.refuse(403, 'first')), "
                "  later '5ms', later('3ms', p.refuse(404, 'second')) }");
    chat();
    CHECK_INT(got.status, 403);
    CHECK_STR(error_of("message"), "first");
    finish();
}

/* --- what a branch sees, and what is seen of it ----------------------------- */

static void a_failure_stays_in_its_branch_unless_that_wins(void)
{
    check_says(
        LATER FAILS("bad", 500) FAILS(
            "busy", 429) "local bad, busy = p.model 'bad/x', p.model 'busy/x' "
                         "local function fails(r) assert(r.fault.kind == "
                         "'rate_limited') "
                         "  bad(r) assert(r.fault.kind == 'server_error') "
                         "  p.sleep '1h' end "
                         "local function looks(r) p.sleep '20ms' "
                         "  assert(r.fault.kind == 'rate_limited') return "
                         "p.say 'x' end "
                         "local quiet = p.race { fails, looks } "
                         "local loud = p.race { later '1h', function(r) bad(r) "
                         "  return p.say 'x' end } "
                         "return function(r) "
                         "  busy(r) assert(quiet(r)) "
                         "  local inherited = r.fault.kind assert(loud(r)) "
                         "  return p.say(inherited .. ' ' .. r.fault.kind) end",
        NULL, "rate_limited server_error");
}

static void a_branch_may_wait_for_all_there_is(void)
{
    check_says(OK("a") "local m = p.model 'a/x' "
                       "local function reads(r) local it = m(r) "
                       "  p.sleep '1ms' local text = it:text() "
                       "  for piece in it:each() do text = text .. piece end "
                       "  return p.say(text) end "
                       "return p.race { reads, function() p.sleep '1h' end }",
               NULL, "aa");
}

/* A branch obtains `it`, a stream that trickles, and loses. */
#define LEAKS                                                                \
    "p.provider('t', { sim = { latency = 0, rate = 20, tokens = 4000 } }) "  \
    "local m, it, pieces = p.model 't/x' "                                   \
    "local function loses(r) it = m(r) pieces = it:each() p.sleep '1h' end " \
    "local race = p.race { loses, function() while not it do "               \
    "  p.sleep '1ms' end return p.say 'x' end } "

static void the_reply_of_a_loser_cannot_be_read(void)
{
    static const char *const uses[] = {"it:text()", "it:json()", "it:each()",
                                       "pieces()"};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        char policy[2048];
        snprintf(policy, sizeof policy,
                 LEAKS "return function(r) race(r) assert(it.model == 'x') "
                       "  return p.say(tostring(select(2, pcall(function() "
                       "    return %s end)))) end",
                 uses[i]);
        begin(policy);
        ask(STREAM);
        CHECK_STR(said(), "P:1: this reply was cancelled when the branch that "
                          "asked for it lost its race");
        finish();
    }
}

static void the_reply_of_a_loser_cannot_be_returned(void)
{
    begin(LEAKS "return function(r) race(r) return it end");
    ask(STREAM);
    CHECK_POLICY_ERROR("P:1: the policy returned a reply that is over: it is "
                       "of another request, or its branch lost a race");
    finish();
}

/* Its own branch goes on and reads what another one asked for. */
static void who_reads_the_reply_of_a_loser_hears_of_its_end(void)
{
    begin(LEAKS "return p.race { function(r) race(r) p.sleep '1h' end, "
                "  function() while not it do p.sleep '0s' end "
                "    return p.say(tostring(select(2, pcall(it.text, it)))) "
                "  end }");
    ask(STREAM);
    CHECK_STR(said(), "P:1: this reply was cancelled when the branch that "
                      "asked for it lost its race");
    finish();
}

TESTS(the_first_reply_wins_a_race, any_rung_may_stand_in_a_race,
      a_race_may_stand_in_a_ladder_and_in_a_race,
      what_a_loser_holds_is_cancelled_with_it,
      a_race_that_nobody_wins_declines_with_the_last_failure,
      a_refusal_wins_only_when_nobody_else_can,
      a_failure_stays_in_its_branch_unless_that_wins,
      a_branch_may_wait_for_all_there_is, the_reply_of_a_loser_cannot_be_read,
      the_reply_of_a_loser_cannot_be_returned,
      who_reads_the_reply_of_a_loser_hears_of_its_end)
