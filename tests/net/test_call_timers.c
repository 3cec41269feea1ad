/*
** The patience of a call, and its place in the lane. One lazy timer has it
** all: so the promises are about instants, to the nanosecond.
*/
#include "call_rig.h"

/* Nothing happens one nanosecond before, and `want` exactly then. */
static void due_in(nanos time, const char *want)
{
    virtual_pass(&v, time - 1);
    CHECK_FAULT(call, "none");
    CHECK(call->state != CALL_ENDED);
    virtual_pass(&v, 1);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK_FAULT(call, want);
}

static void a_connection_must_stand_in_time(void)
{
    begin();
    call = ask(true);
    due_in(2 * NANOS_S, "timeout_connect");
    CHECK_INT(up.cancels, 1);
    CHECK(!call->arrived);
    CHECK_STR(call->fault.message,
              "mock/gpt-x: no connection in time (connect)");
    finish();
}

static void the_first_token_must_come_in_time(void)
{
    begin();
    call = ask(true);
    virtual_pass(&v, NANOS_S);
    upstream_head(200, "text/event-stream");
    upstream_says(ROLE);
    due_in(4 * NANOS_S, "timeout_first");
    finish();
}

static void a_whole_reply_has_no_first_token(void)
{
    begin();
    call = ask(false);
    upstream_head(200, "application/json");
    due_in(60 * NANOS_S, "timeout_total");
    finish();
}

static void a_stream_may_not_go_silent(void)
{
    begin_stream();
    upstream_says(HELLO);
    virtual_pass(&v, 2 * NANOS_S);
    upstream_says(MOON);
    due_in(3 * NANOS_S, "timeout_idle");
    CHECK_STR(call->fault.message, "mock/gpt-x: the stream went silent (idle)");
    finish();
}

/* Comments are no events: a server that only pings is silent. */
static void a_ping_does_not_feed_the_idle_clock(void)
{
    begin_stream();
    upstream_says(HELLO);
    virtual_pass(&v, 2 * NANOS_S);
    upstream_says(": ping\n\n");
    due_in(NANOS_S, "timeout_idle");
    finish();
}

static void half_an_event_does_not_feed_the_idle_clock(void)
{
    begin_stream();
    upstream_says(HELLO);
    virtual_pass(&v, 2 * NANOS_S);
    upstream_says("data: {");
    due_in(NANOS_S, "timeout_idle");
    finish();
}

/* A stream that flows, whose `total` was said or was not. */
static void begin_flow(bool total_holds)
{
    begin();
    struct question q = question(true);
    q.patience.total_holds = total_holds;
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    upstream_says(HELLO);
}

static void flow(int seconds)
{
    for (int s = 0; s < seconds; s++) {
        upstream_says(HELLO);
        virtual_pass(&v, NANOS_S);
    }
}

static void a_long_answer_is_no_failure(void)
{
    begin_flow(false);
    flow(600); /* past total, and past the deadline */
    CHECK_INT(call->state, CALL_COMMITTED);
    upstream_says(DONE);
    CHECK_FAULT(call, "none");
    finish();
}

static void a_total_that_was_said_holds_for_a_stream_too(void)
{
    begin_flow(true);
    flow(59);
    CHECK_INT(call->state, CALL_COMMITTED);
    due_in(NANOS_S, "none");
    CHECK(call->cut);
    finish();
}

static void the_requests_deadline_holds_over_all(void)
{
    begin();
    struct question q = question(true);
    q.deadline = v.now + NANOS_S / 2;
    call = call_start(&v.base, &q);
    due_in(NANOS_S / 2, "deadline");
    finish();
}

static void idle_stands_still_while_we_are_not_reading(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    upstream_says(HELLO);
    virtual_pass(&v, NANOS_S);
    reader_pause(call, &ear.reader, true);
    CHECK(up.paused);
    virtual_pass(&v, 30 * NANOS_S);
    CHECK(call->state != CALL_ENDED);
    reader_pause(call, &ear.reader, false);
    CHECK(!up.paused);
    due_in(2 * NANOS_S, "timeout_idle"); /* one second was gone before */
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

static void total_does_not_stand_still_while_we_are_not_reading(void)
{
    struct ear ear;
    begin_flow(true);
    ear_attach(&ear);
    reader_pause(call, &ear.reader, true);
    due_in(60 * NANOS_S, "none");
    CHECK(call->cut);
    ear_close(&ear);
    finish();
}

/* The timer is lazy: started for `first` in five seconds, it must come nearer
** when the commit brings an idle of one. */
static void a_nearer_due_time_is_not_lost_by_laziness(void)
{
    begin();
    struct question q = question(true);
    q.patience.idle = NANOS_S;
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    upstream_says(HELLO);
    due_in(NANOS_S, "timeout_idle");
    finish();
}

/* While paused only `total` is due; on resuming, idle is nearer again. */
static void a_resume_brings_the_idle_clock_back(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    upstream_says(HELLO);
    reader_pause(call, &ear.reader, true);
    virtual_pass(&v, 10 * NANOS_S);
    reader_pause(call, &ear.reader, false);
    due_in(3 * NANOS_S, "timeout_idle");
    ear_close(&ear);
    finish();
}

static void no_patience_at_all_means_no_such_limit(void)
{
    begin();
    struct question q = question(true);
    q.patience = (struct patience){0};
    q.deadline = NANOS_NEVER;
    call = call_start(&v.base, &q);
    virtual_pass(&v, 3600 * NANOS_S);
    CHECK_INT(call->state, CALL_CONNECTING);
    finish();
}

static void a_timeout_tells_those_who_wait_and_those_who_read(void)
{
    struct ear ear;
    struct eye eye;
    begin_stream();
    ear_attach(&ear);
    eye_open(&eye);
    due_in(5 * NANOS_S, "timeout_first");
    CHECK_INT(ear.ends, 1);
    CHECK_INT(ear.fault.kind, FAULT_TIMEOUT_FIRST);
    CHECK_INT(eye.changes, 1);
    ear_close(&ear);
    finish();
}

/* --- in the lane ----------------------------------------------------------- */

static void begin_lane(void)
{
    begin();
    provider->lane = lane_open(&lanes, STR("mock"));
    lane_limit(provider->lane, 1, 0);
}

static void a_call_waits_for_its_turn_in_the_lane(void)
{
    begin_lane();
    struct call *first = ask(false);
    call = ask(false);
    CHECK_INT(call->state, CALL_QUEUED);
    CHECK_INT(up.starts, 1);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(first, "none");
    CHECK_INT(call->state, CALL_CONNECTING);
    CHECK_INT(up.starts, 2);
    call_release(first);
    finish();
}

static void a_cancelled_call_gives_its_place_to_the_next(void)
{
    begin_lane();
    struct call *first = ask(false);
    call = ask(false);
    call_cancel(first);
    CHECK_INT(call->state, CALL_CONNECTING);
    call_release(first);
    finish();
}

static void a_call_may_give_up_waiting(void)
{
    begin_lane();
    struct call *first = ask(false), *second = ask(false);
    call = ask(false);
    call_cancel(second);
    call_release(second);
    CHECK_INT(call->state, CALL_QUEUED);
    call_cancel(first);
    CHECK_INT(call->state, CALL_CONNECTING);
    call_release(first);
    finish();
}

static void waiting_in_the_lane_counts_for_total(void)
{
    begin_lane();
    struct call *other = ask(false);
    upstream_connects();
    struct question q = question(true);
    q.patience.total = 20 * NANOS_S;
    call = call_start(&v.base, &q);
    due_in(20 * NANOS_S, "timeout_total");
    CHECK_INT(up.starts, 1);
    CHECK(!call->arrived);
    call_cancel(other);
    call_release(other);
    CHECK_INT(provider->lane->inside, 0);
    finish();
}

static void connect_and_first_count_from_the_turn_in_the_lane(void)
{
    begin_lane();
    struct call *other = ask(false);
    upstream_connects();
    call = ask(true);
    virtual_pass(&v, 20 * NANOS_S);
    call_cancel(other);
    call_release(other);
    CHECK_INT(call->state, CALL_CONNECTING);
    virtual_pass(&v, NANOS_S);
    upstream_connects();
    due_in(4 * NANOS_S, "timeout_first");
    finish();
}

static void a_turn_that_cannot_start_goes_to_the_next(void)
{
    begin_lane();
    struct call *first = ask(false), *second = ask(false);
    call = ask(false);
    up.refuses = ERR_MEMORY;
    call_cancel(first);
    CHECK_FAULT(second, "server_error");
    CHECK_FAULT(call, "server_error");
    CHECK_INT(provider->lane->inside, 0);
    call_release(first);
    call_release(second);
    finish();
}

/* Its end is known; the place is free when the connection is. */
static void a_lingering_call_holds_its_place_until_it_is_gone(void)
{
    begin_lane();
    struct call *first = ask(true);
    upstream_head(200, "text/event-stream");
    upstream_says(HELLO DONE);
    call = ask(true);
    CHECK_INT(call->state, CALL_QUEUED);
    virtual_pass(&v, NANOS_S);
    CHECK_INT(call->state, CALL_CONNECTING);
    call_release(first);
    finish();
}

TESTS(a_connection_must_stand_in_time, the_first_token_must_come_in_time,
      a_whole_reply_has_no_first_token, a_stream_may_not_go_silent,
      a_ping_does_not_feed_the_idle_clock,
      half_an_event_does_not_feed_the_idle_clock, a_long_answer_is_no_failure,
      a_total_that_was_said_holds_for_a_stream_too,
      the_requests_deadline_holds_over_all,
      idle_stands_still_while_we_are_not_reading,
      total_does_not_stand_still_while_we_are_not_reading,
      a_nearer_due_time_is_not_lost_by_laziness,
      a_resume_brings_the_idle_clock_back,
      no_patience_at_all_means_no_such_limit,
      a_timeout_tells_those_who_wait_and_those_who_read,
      a_call_waits_for_its_turn_in_the_lane,
      a_cancelled_call_gives_its_place_to_the_next, a_call_may_give_up_waiting,
      waiting_in_the_lane_counts_for_total,
      connect_and_first_count_from_the_turn_in_the_lane,
      a_turn_that_cannot_start_goes_to_the_next,
      a_lingering_call_holds_its_place_until_it_is_gone)
