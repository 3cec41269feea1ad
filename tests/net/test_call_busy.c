/*
** Calls that do not come to ask anybody, because too many do already; and
** what calls hold while they run.
*/
#include "call_rig.h"

static struct hold hold;

static struct call *ask_held(bool stream)
{
    struct question q = question(stream);
    q.hold = &hold;
    return call_start(&v.base, &q);
}

static void begin_busy(int queue)
{
    begin();
    hold = (struct hold){0};
    provider->lane = lane_open(&lanes, STR("mock"));
    lane_limit(provider->lane, 1, queue);
}

static void check_busy(const struct call *c, const char *why)
{
    CHECK_FAULT(c, "overloaded");
    CHECK_INT(c->fault.status, 503);
    CHECK(c->fault.retry_after > 0);
    CHECK(!c->arrived && c->sent == 0);
    CHECK(memmem(c->fault.message.p, c->fault.message.n, why, strlen(why)) !=
          NULL);
}

static void a_full_queue_declines_at_once(void)
{
    begin_busy(1);
    struct call *inside = ask(false), *waits = ask(false);
    call = ask(false);
    check_busy(call, "too many calls wait");
    CHECK_INT(waits->state, CALL_QUEUED);
    call_cancel(waits);
    call_release(waits);
    call_cancel(inside);
    call_release(inside);
    CHECK(provider->lane->inside == 0 && provider->lane->waiting == 0);
    finish();
}

static void who_waits_too_long_for_its_turn_is_declined(void)
{
    begin_busy(0);
    provider->queue_wait = 5 * NANOS_S;
    struct call *inside = ask(false);
    upstream_connects();
    call = ask(true);
    virtual_pass(&v, 5 * NANOS_S - 1);
    CHECK_INT(call->state, CALL_QUEUED);
    virtual_pass(&v, 1);
    check_busy(call, "queue_wait");
    CHECK_INT(provider->lane->waiting, 0);
    call_cancel(inside);
    call_release(inside);
    CHECK_INT(up.starts, 1);
    finish();
}

static void the_wait_does_not_count_once_it_is_its_turn(void)
{
    begin_busy(0);
    provider->queue_wait = 5 * NANOS_S;
    struct call *inside = ask(false);
    upstream_connects();
    call = ask(false);
    virtual_pass(&v, 4 * NANOS_S);
    call_cancel(inside);
    call_release(inside);
    upstream_connects();
    virtual_pass(&v, 10 * NANOS_S);
    CHECK_INT(call->state, CALL_ASKED);
    finish();
}

static void a_reply_is_charged_until_the_call_is_gone(void)
{
    begin_busy(0);
    call = ask_held(false);
    size_t request = hold.used;
    CHECK(request > 0);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    CHECK(hold.used >= request + strlen(WHOLE));
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "none");
    CHECK(hold.used >= strlen(WHOLE));
    call_release(call);
    call = NULL;
    CHECK_INT(hold.used, 0);
    finish();
}

static void a_request_that_has_left_is_held_no_longer(void)
{
    begin_busy(0);
    call = ask_held(false);
    upstream_connects();
    CHECK(hold.used > 0);
    up.x->events->sent(up.x);
    CHECK_INT(hold.used, 0);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "none");
    finish();
}

static void a_cancelled_call_gives_its_share_back(void)
{
    begin_busy(0);
    call = ask_held(true);
    upstream_head(200, "text/event-stream");
    upstream_says(ROLE HELLO);
    CHECK(hold.used > 0);
    call_cancel(call);
    call_release(call);
    call = NULL;
    CHECK_INT(hold.used, 0);
    finish();
}

static void without_room_for_the_request_nobody_is_asked(void)
{
    begin_busy(0);
    hold = (struct hold){.max = 1000, .used = 999};
    call = ask_held(false);
    check_busy(call, "max_memory");
    CHECK_INT(up.starts, 0);
    finish();
}

static void without_room_for_the_reply_the_upstream_is_hung_up_on(void)
{
    begin_busy(0);
    hold = (struct hold){.max = 1000};
    call = ask_held(false);
    upstream_head(200, "application/json");
    for (int i = 0; i < 20 && call->state != CALL_ENDED; i++)
        upstream_says("{\"some\":\"sixty-four bytes or so of a reply that goes "
                      "on and on\"}");
    CHECK_FAULT(call, "overloaded");
    CHECK_INT(up.cancels, 1);
    call_release(call);
    call = NULL;
    CHECK_INT(hold.used, 0);
    finish();
}

static void a_stream_that_flows_needs_no_room(void)
{
    begin_busy(0);
    struct ear ear;
    call = ask_held(true);
    upstream_head(200, "text/event-stream");
    upstream_says(ROLE HELLO);
    ear_attach(&ear);
    call_seal(call);
    hold.max = 1;
    upstream_says(MOON STOP USAGE DONE);
    CHECK_FAULT(call, "none");
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

TESTS(a_full_queue_declines_at_once,
      who_waits_too_long_for_its_turn_is_declined,
      the_wait_does_not_count_once_it_is_its_turn,
      a_reply_is_charged_until_the_call_is_gone,
      a_request_that_has_left_is_held_no_longer,
      a_cancelled_call_gives_its_share_back,
      without_room_for_the_request_nobody_is_asked,
      without_room_for_the_reply_the_upstream_is_hung_up_on,
      a_stream_that_flows_needs_no_room)
