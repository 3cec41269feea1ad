/*
** A reply that `total` cut: what its policy and the log see.
*/
#include "policy_rig.h"

#define SLOW                                                                 \
    "p.provider('b', { sim = { latency = 0, rate = 500, tokens = 4000 } }) " \
    "local m = p.model { 'b/x', total = '100ms' } "

static void it_is_an_answer_and_the_log_says_what_it_lacks(void)
{
    begin(SLOW "return m");
    chat_stream();
    CHECK_INT(got.status, 200);
    CHECK(holds(buf_str(&got.body), "\"finish_reason\":\"length\""));
    CHECK(holds(buf_str(&got.body), "data: [DONE]\n\n"));
    CHECK(said().n > 0);
    CHECK_STR(log_field("request", "path"), "x cut");
    CHECK_STR(log_field("request", "outcome"), "answered");
    CHECK_STR(log_field("request", "fault"), "timeout_total");
    CHECK_STR(log_field("request", "fault_message"),
              "b/x: not done in time (total)");
    finish();
}

static void a_policy_may_read_what_there_is(void)
{
    begin(SLOW "return function(req) local r = m(req) local before = r.cut "
               "local text = r:text() return p.say(tostring(#text > 0) .. ' ' "
               ".. tostring(before) .. ' ' .. tostring(r.cut) .. ' ' .. "
               "r.finish_reason) end");
    chat_stream();
    CHECK_STR(said(), "true false true length");
    finish();
}

static void once_read_it_is_returned_as_it_was_cut(void)
{
    begin(SLOW "return function(req) local r = m(req) r:text() return r end");
    chat_stream();
    CHECK(holds(buf_str(&got.body), "\"finish_reason\":\"length\""));
    CHECK_STR(log_field("request", "path"), "x cut");
    finish();
}

static void half_a_json_is_none(void)
{
    begin(SLOW "return function(req) local r = m(req) "
               "local v, fault = r:json() return p.say(tostring(v) .. "
               "fault.kind) end");
    chat_stream();
    CHECK_STR(said(), "nilmalformed");
    finish();
}

/* What a filter held back leaves with the last event. */
static void a_filter_lets_its_tail_go(void)
{
    begin(SLOW "return p.filter { m, with = function() end, hold = 65536 }");
    chat_stream();
    CHECK(said().n > 0);
    CHECK(holds(buf_str(&got.body), "\"finish_reason\":\"length\""));
    finish();
}

static void a_whole_reply_has_no_part_to_give(void)
{
    begin(SLOW "return { m, p.sorry 'no' }");
    chat();
    CHECK_STR(path(), "x timeout, sorry");
    finish();
}

TESTS(it_is_an_answer_and_the_log_says_what_it_lacks,
      a_policy_may_read_what_there_is, once_read_it_is_returned_as_it_was_cut,
      half_a_json_is_none, a_filter_lets_its_tail_go,
      a_whole_reply_has_no_part_to_give)
