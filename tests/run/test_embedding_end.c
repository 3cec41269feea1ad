/*
** perilune.h: how it ends. Whatever runs, waits or never had its turn is told
** so, once.
*/
#include "policy_rig.h"

static void check_close(int turns)
{
    begin(WAITS);
    submit(WHOLE);
    turn(turns);
    peri_close(peri);
    CHECK_INT(got.dones, 1);
    CHECK_INT(got.outcome, PERI_STOPPED);
    got_clear();
    buf_fini(&logged);
}

static void close_ends_what_runs_and_what_never_ran(void)
{
    check_close(3);
    check_close(0);
}

static void close_right_after_words_to_it_leaves_nothing(void)
{
    begin(WAITS);
    submit(WHOLE);
    turn(3);
    peri_cancel(peri, got.id);
    peri_resume(peri, got.id);
    peri_stop(peri, 1);
    finish();
}

static void stop_lets_requests_finish_within_their_grace(void)
{
    begin("return function(req) p.sleep '30ms' return p.say 'done' end");
    submit(WHOLE);
    turn(1);
    CHECK_INT(peri_stopped(peri), 0);
    peri_stop(peri, 10);
    CHECK_INT(peri_run(peri), 0);
    CHECK_INT(got.dones, 1);
    CHECK_INT(got.status, 200);
    CHECK_STR(said(), "done");
    CHECK_INT(peri_stopped(peri), 1);
    CHECK_INT(peri_run(peri), 0);
    finish();
}

static void stop_ends_what_the_grace_was_too_short_for(void)
{
    begin(WAITS);
    submit(WHOLE);
    turn(1);
    peri_stop(peri, 0.02);
    CHECK_INT(peri_run(peri), 0);
    CHECK_INT(got.dones, 1);
    CHECK_INT(got.outcome, PERI_STOPPED);
    CHECK_INT(got.status, 503);
    finish();
}

static void stop_breaks_a_stream_with_an_error_event(void)
{
    begin(TRICKLES);
    submit(STREAM);
    for (int i = 0; i < 1000 && got.body.n == 0; i++)
        turn(1);
    peri_stop(peri, 0);
    CHECK_INT(peri_run(peri), 0);
    CHECK_INT(got.outcome, PERI_STOPPED);
    CHECK(contains(&got.body, "shutting down"));
    finish();
}

static void a_second_stop_may_shorten_the_grace(void)
{
    begin(WAITS);
    submit(WHOLE);
    turn(1);
    peri_stop(peri, 600);
    turn(3);
    CHECK_INT(peri_stopped(peri), 0);
    peri_stop(peri, 0);
    CHECK_INT(peri_run(peri), 0);
    CHECK_INT(got.dones, 1);
    finish();
}

TESTS(close_ends_what_runs_and_what_never_ran,
      close_right_after_words_to_it_leaves_nothing,
      stop_lets_requests_finish_within_their_grace,
      stop_ends_what_the_grace_was_too_short_for,
      stop_breaks_a_stream_with_an_error_event,
      a_second_stop_may_shorten_the_grace)
