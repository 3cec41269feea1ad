/*
** A stream that flows when its `total` is over: the client has its partial text
** with an honest end, or an error where there is none.
*/
#include "call_rig.h"

#include "base/mem.h"

#define MINUTE (60 * NANOS_S)
#define LENGTH                                                     \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{}," \
    "\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"
#define CALL_OF(choice)                                                  \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":" #choice ",\"delta\"" \
    ":{\"tool_calls\":[{\"index\":0,\"id\":\"call_abcdef\",\"function\"" \
    ":{\"name\":\"pay\",\"arguments\":\"{\\\"euro\\\":1\"}}]}}]}\n\n"
#define FINISH_OF(choice)                                                \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":" #choice ",\"delta\"" \
    ":{},\"finish_reason\":\"tool_calls\"}]}\n\n"

static struct ear ear;

/* A stream whose total was said, with a reader. */
static void begin_flow(bool usage)
{
    begin();
    struct question q = question(true);
    q.patience.total_holds = true;
    q.patience.idle = 0;
    q.asked.usage = usage;
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    ear_attach(&ear);
    upstream_says(ROLE);
}

static void end_flow(void)
{
    ear_close(&ear);
    finish();
}

static void the_partial_text_ends_with_length(void)
{
    begin_flow(false);
    upstream_says(HELLO MOON);
    virtual_pass(&v, MINUTE - 1);
    CHECK_INT(ear.ends, 0);
    virtual_pass(&v, 1);
    CHECK_STR(buf_str(&ear.heard), ROLE HELLO MOON LENGTH DONE);
    CHECK_INT(ear.ends, 1);
    CHECK_FAULT(call, "none");
    CHECK(call->cut);
    CHECK_STR(str_of(call->tap.finish), "length");
    CHECK_STR(call->fault.message, "mock/gpt-x: not done in time (total)");
    end_flow();
}

/* Nobody pays for tokens that nobody reads. */
static void the_upstream_is_hung_up_on_at_once(void)
{
    begin_flow(false);
    upstream_says(HELLO);
    virtual_pass(&v, MINUTE);
    CHECK_INT(up.cancels, 1);
    end_flow();
}

static void an_unfinished_event_is_not_passed_on(void)
{
    begin_flow(false);
    upstream_says(HELLO "data: {\"id\":\"c1\",\"cho");
    virtual_pass(&v, MINUTE);
    CHECK_STR(buf_str(&ear.heard), ROLE HELLO LENGTH DONE);
    end_flow();
}

static void usage_that_is_known_is_told_to_who_asked(void)
{
    begin_flow(true);
    upstream_says("data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{"
                  "\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":9,"
                  "\"completion_tokens\":1}}\n\n");
    virtual_pass(&v, MINUTE);
    CHECK(memmem(ear.heard.p, ear.heard.n, "\"total_tokens\":10", 17) != NULL);
    end_flow();
    begin_flow(false);
    upstream_says(HELLO);
    virtual_pass(&v, MINUTE);
    CHECK(memmem(ear.heard.p, ear.heard.n, "usage", 5) == NULL);
    end_flow();
}

/* A client would run it: with half of its arguments, or with none. */
static void half_a_tool_call_has_no_honest_end(void)
{
    begin_flow(false);
    upstream_says(CALL_OF(0));
    virtual_pass(&v, MINUTE);
    CHECK_FAULT(call, "timeout_total");
    CHECK(!call->cut);
    CHECK_STR(buf_str(&ear.heard), ROLE CALL_OF(0));
    end_flow();
}

static void a_tool_call_beside_text_is_one_too(void)
{
    begin_flow(false);
    upstream_says(HELLO CALL_OF(0) MOON);
    virtual_pass(&v, MINUTE);
    CHECK_FAULT(call, "timeout_total");
    end_flow();
}

static void a_whole_tool_call_needs_no_cut(void)
{
    begin_flow(false);
    upstream_says(CALL_OF(0) FINISH_OF(0));
    virtual_pass(&v, MINUTE);
    CHECK_STR(buf_str(&ear.heard), ROLE CALL_OF(0) FINISH_OF(0) DONE);
    CHECK_FAULT(call, "none");
    CHECK(!call->cut);
    CHECK_STR(str_of(call->tap.finish), "tool_calls");
    end_flow();
}

/* One choice's call is whole, the other's text is not. */
static void each_choice_ends_for_itself(void)
{
    begin_flow(false);
    upstream_says(CALL_OF(1) FINISH_OF(1) HELLO);
    virtual_pass(&v, MINUTE);
    CHECK_STR(buf_str(&ear.heard),
              ROLE CALL_OF(1) FINISH_OF(1) HELLO LENGTH DONE);
    CHECK(call->cut);
    end_flow();
}

static void a_crowd_that_cannot_be_counted_is_not_ended(void)
{
    begin_flow(false);
    upstream_says("data: {\"choices\":[{\"index\":64,\"delta\":{\"content\":"
                  "\"x\"}}]}\n\n");
    virtual_pass(&v, MINUTE);
    CHECK_FAULT(call, "timeout_total");
    end_flow();
}

/* Who comes later hears the same. */
static void what_was_held_ends_as_well(void)
{
    struct ear late;
    begin_flow(false);
    upstream_says(HELLO);
    virtual_pass(&v, MINUTE);
    ear_open(&late);
    call_attach(call, &late.reader);
    CHECK_STR(buf_str(&late.heard), ROLE HELLO LENGTH DONE);
    CHECK_INT(late.ends, 1);
    ear_close(&late);
    end_flow();
}

static void without_memory_it_is_an_error(void)
{
    begin_flow(false);
    upstream_says(HELLO);
    virtual_pass(&v, MINUTE - 1);
    mem_fail_at(1, 1);
    virtual_pass(&v, 1);
    mem_fail_at(0, 0);
    CHECK_INT(ear.ends, 1);
    CHECK_FAULT(call, "timeout_total");
    end_flow();
}

TESTS(the_partial_text_ends_with_length, the_upstream_is_hung_up_on_at_once,
      an_unfinished_event_is_not_passed_on,
      usage_that_is_known_is_told_to_who_asked,
      half_a_tool_call_has_no_honest_end, a_tool_call_beside_text_is_one_too,
      a_whole_tool_call_needs_no_cut, each_choice_ends_for_itself,
      a_crowd_that_cannot_be_counted_is_not_ended, what_was_held_ends_as_well,
      without_memory_it_is_an_error)
