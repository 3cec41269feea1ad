/*
** Who gets a reply's bytes, and how fast; and what is left when there is no
** memory.
*/
#include "call_rig.h"

/* --- readers --------------------------------------------------------------- */

static void a_reader_gets_whole_events_and_one_end(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    upstream_says(ROLE HELLO "data: {\"id\":\"c1\",");
    CHECK_INT(ear.pieces, 1); /* both events in one piece */
    CHECK_STR(buf_str(&ear.heard), ROLE HELLO);
    upstream_says("\"choices\":[]}\n\n" STOP DONE);
    CHECK_STR(buf_str(&ear.heard),
              ROLE HELLO "data: {\"id\":\"c1\",\"choices\":[]}\n\n" STOP DONE);
    CHECK_INT(ear.ends, 1);
    CHECK_INT(ear.fault.kind, FAULT_NONE);
    ear_close(&ear);
    finish();
}

static void a_late_reader_gets_every_byte_from_the_start(void)
{
    struct ear early, late, last;
    begin_stream();
    ear_attach(&early);
    upstream_says(ROLE HELLO);
    ear_attach(&late);
    CHECK_STR(buf_str(&late.heard), ROLE HELLO);
    upstream_says(MOON STOP DONE);
    ear_attach(&last); /* after the end */
    CHECK_STR(buf_str(&early.heard), ROLE HELLO MOON STOP DONE);
    CHECK_STR(buf_str(&late.heard), ROLE HELLO MOON STOP DONE);
    CHECK_STR(buf_str(&last.heard), ROLE HELLO MOON STOP DONE);
    CHECK(early.ends == 1 && late.ends == 1 && last.ends == 1);
    ear_close(&early);
    ear_close(&late);
    ear_close(&last);
    finish();
}

static void a_late_reader_of_a_failure_gets_what_there_was_and_the_fault(void)
{
    struct ear ear;
    begin_stream();
    upstream_says(HELLO);
    upstream_ends(EXCHANGE_BROKEN);
    ear_attach(&ear);
    CHECK_STR(buf_str(&ear.heard), HELLO);
    CHECK_INT(ear.ends, 1);
    CHECK_INT(ear.fault.kind, FAULT_BROKEN_STREAM);
    ear_close(&ear);
    finish();
}

static void a_whole_reply_may_be_read_too(void)
{
    struct ear ear;
    begin();
    call = ask(false);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    upstream_ends(EXCHANGE_OK);
    ear_attach(&ear);
    CHECK_STR(buf_str(&ear.heard), WHOLE);
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

static void one_who_detached_hears_nothing_more(void)
{
    struct ear ear, other;
    begin_stream();
    ear_attach(&ear);
    ear_attach(&other);
    upstream_says(HELLO);
    call_detach(call, &ear.reader);
    call_detach(call, &ear.reader);
    upstream_says(MOON DONE);
    CHECK_STR(buf_str(&ear.heard), HELLO);
    CHECK_INT(ear.ends, 0);
    CHECK_STR(buf_str(&other.heard), HELLO MOON DONE);
    ear_close(&ear);
    ear_close(&other);
    finish();
}

static void leave_at_once(struct ear *ear)
{
    call_detach(call, &ear->reader);
}

static void a_reader_may_leave_from_within_its_callback(void)
{
    struct ear ear, other;
    begin_stream();
    ear_attach(&other);
    ear_open(&ear);
    ear.also = leave_at_once;
    call_attach(call, &ear.reader);
    upstream_says(HELLO);
    upstream_says(MOON);
    CHECK_INT(ear.pieces, 1);
    CHECK_STR(buf_str(&other.heard), HELLO MOON);
    ear_close(&ear);
    ear_close(&other);
    finish();
}

static void give_up(struct ear *ear)
{
    (void)ear;
    call_cancel(call);
}

static void a_reader_may_cancel_from_within_its_callback(void)
{
    struct ear ear;
    begin_stream();
    ear_open(&ear);
    ear.also = give_up;
    call_attach(call, &ear.reader);
    upstream_says(HELLO DONE);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK(call->dropped);
    CHECK_INT(up.cancels, 1);
    CHECK_INT(ear.ends, 0);
    call_detach(call, &ear.reader);
    ear_close(&ear);
    finish();
}

/* --- back-pressure --------------------------------------------------------- */

static void the_slowest_reader_sets_the_pace(void)
{
    struct ear slow, fast;
    begin_stream();
    ear_attach(&slow);
    ear_attach(&fast);
    upstream_says(HELLO);
    reader_pause(call, &slow.reader, true);
    CHECK(up.paused);
    reader_pause(call, &fast.reader, true);
    reader_pause(call, &fast.reader, false);
    CHECK(up.paused);
    CHECK_INT(up.pauses, 1);
    reader_pause(call, &slow.reader, false);
    CHECK(!up.paused);
    ear_close(&slow);
    ear_close(&fast);
    finish();
}

static void a_slow_reader_that_leaves_holds_nobody_back(void)
{
    struct ear slow, fast;
    begin_stream();
    ear_attach(&slow);
    ear_attach(&fast);
    reader_pause(call, &slow.reader, true);
    CHECK(up.paused);
    call_detach(call, &slow.reader);
    CHECK(!up.paused);
    ear_close(&slow);
    ear_close(&fast);
    finish();
}

static void bytes_that_still_come_while_paused_are_not_lost(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    reader_pause(call, &ear.reader, true);
    upstream_says(HELLO);
    reader_pause(call, &ear.reader, false);
    upstream_says(DONE);
    CHECK_STR(buf_str(&ear.heard), HELLO DONE);
    ear_close(&ear);
    finish();
}

/* So many events that 256 KiB are held. */
static void say_much(void)
{
    for (size_t n = 0; n <= 256 * 1024; n += strlen(HELLO))
        upstream_says(HELLO);
}

static void what_nobody_reads_is_not_fetched_for_ever(void)
{
    begin_stream();
    say_much();
    CHECK(up.paused);
    call_want_whole(call);
    CHECK(!up.paused);
    finish();
}

static void a_reader_gets_what_nobody_had_read(void)
{
    struct ear ear;
    begin_stream();
    say_much();
    size_t held = call_held(call).n;
    ear_attach(&ear);
    CHECK_INT(ear.heard.n, held);
    CHECK(!up.paused);
    upstream_says(DONE);
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

static void a_seal_lets_go_of_what_is_held(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    upstream_says(HELLO);
    call_seal(call);
    CHECK_INT(call_held(call).n, 0);
    upstream_says(MOON DONE);
    CHECK_INT(call_held(call).n, 0);
    CHECK_STR(buf_str(&ear.heard), HELLO MOON DONE);
    ear_close(&ear);
    finish();
}

static void a_watcher_hears_of_every_piece_once_committed(void)
{
    struct eye eye;
    begin_stream();
    eye_open(&eye);
    upstream_says(HELLO);
    int changes = eye.changes;
    upstream_says(MOON);
    CHECK_INT(eye.changes, changes + 1);
    upstream_says(DONE);
    CHECK(eye.changes > changes + 1);
    call_unwatch(call, &eye.watcher);
    finish();
}

/* --- too large ------------------------------------------------------------- */

static void a_reply_larger_than_max_reply_is_cut_off(void)
{
    begin();
    provider->max_reply = 100;
    call = ask(false);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    CHECK_FAULT(call, "malformed");
    CHECK_INT(up.cancels, 1);
    finish();
}

static void a_stream_larger_than_max_reply_is_cut_off(void)
{
    struct ear ear;
    begin();
    provider->max_reply = 4 * strlen(HELLO);
    call = ask(true);
    upstream_head(200, "text/event-stream");
    ear_attach(&ear);
    call_seal(call);
    for (int i = 0; i < 4; i++)
        upstream_says(HELLO);
    CHECK_FAULT(call, "none");
    upstream_says(HELLO);
    CHECK_FAULT(call, "malformed");
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

static void one_event_may_not_be_larger_than_a_mebibyte(void)
{
    static char letters[64 * 1024];
    memset(letters, 'a', sizeof letters);
    begin();
    provider->max_reply = (size_t)64 << 20;
    call = ask(true);
    upstream_head(200, "text/event-stream");
    upstream_says("data: \"");
    for (int i = 0; i < 15; i++)
        upstream_says_bytes((str){letters, sizeof letters});
    CHECK_FAULT(call, "none");
    upstream_says_bytes((str){letters, sizeof letters});
    CHECK_FAULT(call, "malformed");
    CHECK_INT(up.cancels, 1);
    finish();
}

/* --- every cut ------------------------------------------------------------- */

static const char lively[] =
    ROLE ": ping\n\n" HELLO
         "event: x\r\ndata: {\"choices\":[]}\r\n\r\n" MOON STOP USAGE DONE;
static const char relayed[] =
    ROLE ": ping\n\n" HELLO
         "event: x\r\ndata: {\"choices\":[]}\r\n\r\n" MOON STOP DONE;

static void say_in_two(size_t cut, size_t gap)
{
    str all = {lively, sizeof lively - 1};
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    upstream_says_bytes((str){all.p, cut});
    if (gap > 0 && up.x != NULL)
        upstream_says_bytes((str){all.p + cut, gap});
    if (up.x != NULL && cut + gap < all.n)
        upstream_says_bytes(str_from(all, cut + gap));
    if (up.x != NULL)
        upstream_ends(EXCHANGE_OK);
    CHECK_STR(buf_str(&ear.heard), relayed);
    CHECK_INT(ear.ends, 1);
    CHECK_INT(ear.fault.kind, FAULT_NONE);
    ear_close(&ear);
    finish();
}

static void a_stream_cut_at_every_byte_gives_the_same_bytes(void)
{
    for (size_t cut = 1; cut < sizeof lively - 1; cut++) {
        say_in_two(cut, 0);
        if (cut + 3 < sizeof lively - 1)
            say_in_two(cut, 2);
    }
}

static void a_stream_byte_by_byte_gives_the_same_bytes(void)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    for (size_t i = 0; i < sizeof lively - 1; i++)
        upstream_says_bytes((str){lively + i, 1});
    CHECK_STR(buf_str(&ear.heard), relayed);
    CHECK_INT(ear.ends, 1);
    ear_close(&ear);
    finish();
}

static void a_stream_that_stops_at_any_byte_ends_once_and_badly(void)
{
    for (size_t stop = 0; stop < sizeof lively - 2; stop++) {
        struct ear ear;
        begin_stream();
        ear_attach(&ear);
        if (stop > 0)
            upstream_says_bytes((str){lively, stop});
        upstream_ends(EXCHANGE_OK);
        CHECK_INT(ear.ends, 1);
        CHECK_INT(ear.fault.kind, FAULT_BROKEN_STREAM);
        CHECK(str_starts(str_of(relayed), buf_str(&ear.heard)));
        ear_close(&ear);
        finish();
    }
}

/* --- without memory -------------------------------------------------------- */

/* A call from end to end with the n-th allocation failing. All is well, or
** there is a fault; never something in between. True when nothing failed. */
static bool survive(bool stream, long n, int onwards)
{
    begin();
    mem_fail_at(n, onwards);
    call = ask(stream);
    if (call != NULL && up.x != NULL)
        upstream_head(200, stream ? "text/event-stream" : "application/json");
    if (up.x != NULL)
        upstream_says(stream ? HELLO "data: {" : WHOLE);
    if (up.x != NULL && stream)
        upstream_says("\"choices\":[]}\n\n" STOP DONE);
    if (up.x != NULL)
        upstream_ends(EXCHANGE_OK);
    mem_fail_at(0, 0);
    bool well = call != NULL && call->fault.kind == FAULT_NONE;
    if (call != NULL)
        CHECK_INT(call->state, CALL_ENDED);
    if (well)
        CHECK_STR(call_held(call), stream ? HELLO
                                       "data: {\"choices\":[]}\n\n" STOP DONE
                                          : WHOLE);
    finish();
    return well;
}

static void without_memory_a_call_ends_in_a_fault(void)
{
    for (int i = 0; i < 4; i++) {
        long n = 1;
        while (n < 100 && !survive(i & 1, n, i >> 1))
            n++;
        CHECK(n > 2 && n < 100);
    }
}

TESTS(a_reader_gets_whole_events_and_one_end,
      a_late_reader_gets_every_byte_from_the_start,
      a_late_reader_of_a_failure_gets_what_there_was_and_the_fault,
      a_whole_reply_may_be_read_too, one_who_detached_hears_nothing_more,
      a_reader_may_leave_from_within_its_callback,
      a_reader_may_cancel_from_within_its_callback,
      the_slowest_reader_sets_the_pace,
      a_slow_reader_that_leaves_holds_nobody_back,
      bytes_that_still_come_while_paused_are_not_lost,
      what_nobody_reads_is_not_fetched_for_ever,
      a_reader_gets_what_nobody_had_read, a_seal_lets_go_of_what_is_held,
      a_watcher_hears_of_every_piece_once_committed,
      a_reply_larger_than_max_reply_is_cut_off,
      a_stream_larger_than_max_reply_is_cut_off,
      one_event_may_not_be_larger_than_a_mebibyte,
      a_stream_cut_at_every_byte_gives_the_same_bytes,
      a_stream_byte_by_byte_gives_the_same_bytes,
      a_stream_that_stops_at_any_byte_ends_once_and_badly,
      without_memory_a_call_ends_in_a_fault)
