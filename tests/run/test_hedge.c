/*
** p.hedge: when the next one is asked, and when it is not.
*/
#include "policy_rig.h"

#include "net/call/provider.h"
#include "perilune_inner.h"

#define HANGS(name) SIM(name, "hangs = true")
#define TWO         OK("b") HANGS("slow")

static void a_slow_first_one_gets_company(void)
{
    begin(TWO "return p.hedge { 'slow/x', 'b/y', after = '1ms' }");
    chat();
    CHECK_STR(said(), "b");
    CHECK_STR(path(), "x cancelled, y ok");
    chat_stream();
    CHECK_STR(said(), "b");
    CHECK_STR(path(), "x cancelled, y ok");
    finish();
}

static void a_quick_first_one_stays_alone(void)
{
    begin(TWO "return p.hedge { 'b/x', 'slow/y', after = '10m' }");
    chat();
    CHECK_STR(path(), "x ok");
    CHECK_STR(header("x-perilune-attempts"), "1");
    finish();
}

static void who_declines_is_replaced_at_once(void)
{
    begin(TWO FAILS(
        "bad",
        500) "return p.hedge { 'bad/x', 'bad/y', 'b/z', after = '10m' }");
    chat();
    CHECK_STR(path(), "x server_error, y server_error, z ok");
    finish();
}

static void the_first_one_may_win_after_all(void)
{
    begin(HANGS("slow") FAILS(
        "bad",
        500) "local function late() p.sleep '40ms' return p.say 'late' end "
             "return p.hedge { late, 'slow/x', 'bad/y', after = '1ms' }");
    chat();
    CHECK_STR(said(), "late");
    CHECK_STR(path(), "x cancelled, y server_error, say");
    finish();
}

static void it_declines_when_all_have(void)
{
    begin(FAILS("bad", 500) FAILS(
        "busy", 429) "return p.hedge { 'bad/x', 'busy/y', after = '10m' }");
    chat();
    CHECK_STR(error_of("code"), "rate_limited");
    CHECK_STR(path(), "x server_error, y rate_limited");
    finish();
}

static void a_refusal_asks_nobody_further(void)
{
    begin(TWO FAILS("bad",
                    400) "return p.hedge { 'bad/x', 'b/y', after = '10m' }");
    chat();
    CHECK_STR(path(), "x bad_request");
    CHECK_INT(got.status, 400);
    finish();
}

static void the_attempts_of_a_request_are_a_bound(void)
{
    begin(TWO "return p.hedge { p.model { 'slow/x', total = '100ms' }, "
              "  'b/y', after = '1ms' }");
    peri->rt.limits.attempts = 1;
    chat();
    CHECK_STR(path(), "x timeout, y rejected");
    finish();
}

/* --- the retry budget ------------------------------------------------------- */

static void hedges_are_within_the_retry_budget(void)
{
    begin(TWO "return p.hedge { p.model { 'slow/x', total = '100ms' }, "
              "  'b/y', after = '1ms' }");
    for (int i = 0; i < RETRY_ALWAYS; i++) {
        chat();
        CHECK_STR(path(), "x cancelled, y ok");
    }
    chat(); /* not on top, but in its place */
    CHECK_STR(path(), "x timeout, y ok");
    finish();
}

TESTS(a_slow_first_one_gets_company, a_quick_first_one_stays_alone,
      who_declines_is_replaced_at_once, the_first_one_may_win_after_all,
      it_declines_when_all_have, a_refusal_asks_nobody_further,
      the_attempts_of_a_request_are_a_bound, hedges_are_within_the_retry_budget)
