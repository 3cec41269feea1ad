/*
** A call that somebody pays for: its limit is written upstream, it is held to
** it, and what it used is known or bounded, however it ended.
*/
#include "call_rig.h"

#include "net/call/used.h"

#define LENGTH                                                     \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{}," \
    "\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"
#define SAY(text)   CHUNK("{\"content\":\"" text "\"}", "null")
#define THINK(text) CHUNK("{\"reasoning_content\":\"" text "\"}", "null")
#define TOLD(prompt, completion)                                          \
    "data: "                                                              \
    "{\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":" #prompt \
    ",\"completion_tokens\":" #completion "}}\n\n"

static struct ear ear;

static struct question bounded(bool stream, int64_t each, int64_t answers)
{
    struct question q = question(stream);
    q.bound = (struct bound){.input = 100, .each = each, .answers = answers};
    return q;
}

/* A stream with a bound, that has begun, with a reader. */
static void begin_bounded(int64_t each, int64_t answers)
{
    begin();
    struct question q = bounded(true, each, answers);
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    ear_attach(&ear);
}

static void end_bounded(void)
{
    ear_close(&ear);
    finish();
}

static struct used used(void)
{
    struct used u;
    call_used(call, &u);
    return u;
}

static void used_is(enum used_how how, int64_t prompt, int64_t completion)
{
    struct used u = used();
    CHECK_INT(u.how, how);
    CHECK_INT(u.usage.prompt, prompt);
    CHECK_INT(u.usage.completion, completion);
    CHECK(u.usage.known == (how != USED_UNKNOWN));
}

/* --- what is written -------------------------------------------------------- */

/* The body sent for this model and client's body, bounded to 50. */
static void sends(const char *model, const char *body, const char *want)
{
    begin();
    struct question q = bounded(false, 50, 1);
    q.model = str_of(model);
    q.body = str_of(body);
    call = call_start(&v.base, &q);
    CHECK_STR(up.x->body, want);
    finish();
}

static void the_limit_is_written_into_the_request_in_one_name(void)
{
    sends("m", "{\"model\":\"x\",\"messages\":[]}",
          "{\"model\":\"m\",\"messages\":[],\"max_tokens\":50}");
    sends("m", "{\"max_tokens\":9,\"model\":\"x\",\"messages\":[]}",
          "{\"model\":\"m\",\"messages\":[],\"max_tokens\":50}");
    sends(
        "m",
        "{\"model\":\"x\",\"max_completion_tokens\":999999999,\"messages\":[],"
        "\"max_tokens\":null}",
        "{\"model\":\"m\",\"messages\":[],\"max_tokens\":50}");
    sends("o3-mini", "{\"model\":\"x\",\"max_tokens\":9}",
          "{\"model\":\"o3-mini\",\"max_completion_tokens\":50}");
    sends("m", "{\"max_tokens\":9}", "{\"model\":\"m\",\"max_tokens\":50}");
}

static void a_provider_may_call_it_by_another_name(void)
{
    begin();
    provider->limit_as = STR("max_completion_tokens");
    struct question q = bounded(false, 50, 1);
    call = call_start(&v.base, &q);
    CHECK_STR(up.x->body, "{\"model\":\"gpt-x\",\"messages\":[],"
                          "\"max_completion_tokens\":50}");
    finish();
}

static void without_a_bound_nothing_is_written(void)
{
    begin();
    struct question q = question(false);
    q.body = STR("{\"model\":\"x\",\"max_completion_tokens\":7,\"n\":8}");
    call = call_start(&v.base, &q);
    CHECK_STR(up.x->body, "{\"model\":\"gpt-x\",\"max_completion_tokens\":7,"
                          "\"n\":8}");
    finish();
}

/* --- who goes on ------------------------------------------------------------ */

static void who_goes_on_past_the_limit_is_cut_with_length(void)
{
    begin_bounded(3, 1);
    upstream_says(ROLE SAY("one two") SAY(" three") SAY(" four") SAY(" five"));
    CHECK_STR(buf_str(&ear.heard),
              ROLE SAY("one two") SAY(" three") SAY(" four") LENGTH DONE);
    CHECK_INT(ear.ends, 1);
    CHECK_FAULT(call, "none");
    CHECK(call->cut && call->past);
    CHECK_STR(str_of(call->tap.finish), "length");
    CHECK_INT(up.cancels, 1);
    CHECK(used().violated);
    used_is(USED_BOUND, 100, 3);
    end_bounded();
}

/* Each of its tokens a word, the most that can be in so many. */
static void who_keeps_to_it_is_never_cut(void)
{
    begin_bounded(3, 1);
    upstream_says(ROLE SAY("one two") SAY(" three") STOP);
    CHECK(!call->past);
    upstream_says(TOLD(9, 3) DONE);
    CHECK_INT(ear.ends, 1);
    CHECK(!call->cut && !call->past && !used().violated);
    used_is(USED_TOLD, 9, 3);
    end_bounded();
}

static void several_answers_have_the_limit_each(void)
{
    begin_bounded(2, 2);
    upstream_says(ROLE SAY("one two three") SAY(" four"));
    CHECK(!call->past);
    upstream_says(SAY(" five"));
    CHECK(call->past);
    end_bounded();
}

static void thoughts_count_and_once(void)
{
    begin_bounded(3, 1);
    upstream_says(ROLE CHUNK("{\"reasoning\":\"a b\",\"reasoning_content\":"
                             "\"a b\"}",
                             "null"));
    CHECK(!call->past);
    upstream_says(THINK(" c d"));
    CHECK(call->past);
    end_bounded();
}

static void who_tells_of_more_while_it_flows_is_cut(void)
{
    begin_bounded(3, 1);
    upstream_says(ROLE SAY("one") TOLD(9, 4));
    CHECK(call->past);
    end_bounded();
}

static void half_a_tool_call_is_not_ended_as_if_it_were_whole(void)
{
    begin_bounded(2, 1);
    upstream_says(CHUNK("{\"content\":\"one two three\",\"tool_calls\":[{"
                        "\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\","
                        "\"arguments\":\"{\"}}]}",
                        "null"));
    CHECK_FAULT(call, "broken_stream");
    CHECK(call->past && !call->cut);
    CHECK(used().violated);
    end_bounded();
}

/* --- what was used ---------------------------------------------------------- */

static void what_never_arrived_used_nothing(void)
{
    begin();
    struct question q = bounded(true, 50, 1);
    call = call_start(&v.base, &q);
    used_is(USED_NOTHING, 0, 0);
    upstream_ends(EXCHANGE_CONNECT);
    used_is(USED_NOTHING, 0, 0);
    finish();
}

static void what_was_refused_with_an_error_used_nothing(void)
{
    begin();
    struct question q = bounded(false, 50, 1);
    call = call_start(&v.base, &q);
    upstream_head(429, "application/json");
    upstream_says("{}");
    upstream_ends(EXCHANGE_OK);
    used_is(USED_NOTHING, 0, 0);
    finish();
    begin_bounded(50, 1);
    upstream_says("data: {\"error\":{\"code\":\"rate_limit_exceeded\","
                  "\"type\":\"rate_limit_error\",\"message\":\"slow down\"}}"
                  "\n\n");
    CHECK_FAULT(call, "rate_limited");
    used_is(USED_NOTHING, 0, 0);
    end_bounded();
}

static void what_hangs_and_is_given_up_used_its_bound(void)
{
    begin();
    struct question q = bounded(true, 50, 2);
    call = call_start(&v.base, &q);
    upstream_connects();
    used_is(USED_BOUND, 100, 100);
    call_cancel(call);
    used_is(USED_BOUND, 100, 100);
    finish();
}

static void a_stream_without_its_first_token_used_its_bound(void)
{
    begin_bounded(5000, 1);
    upstream_says(ROLE);
    call_cancel(call);
    used_is(USED_BOUND, 100, 5000);
    end_bounded();
}

/* Its bytes, and what may have been on its way. */
static void a_stream_that_is_left_used_no_more_than_passed(void)
{
    begin_bounded(5000, 1);
    upstream_says(ROLE SAY("one two") SAY(" three"));
    call_cancel(call);
    used_is(USED_ESTIMATED, 100, 13 + 16 + 256);
    end_bounded();
    begin_bounded(20, 1);
    upstream_says(ROLE SAY("one two") SAY(" three"));
    call_cancel(call);
    used_is(USED_ESTIMATED, 100, 20);
    CHECK(!used().violated);
    end_bounded();
}

static void who_thinks_unseen_or_goes_on_alone_used_its_bound(void)
{
    begin();
    struct question q = bounded(true, 5000, 1);
    q.model = STR("o3");
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    upstream_says(ROLE SAY("one two"));
    call_cancel(call);
    used_is(USED_BOUND, 100, 5000);
    finish();
    begin_bounded(5000, 1);
    provider->runs_on = true;
    upstream_says(ROLE SAY("one two"));
    call_cancel(call);
    used_is(USED_BOUND, 100, 5000);
    end_bounded();
}

static void a_stream_without_usage_used_what_it_said(void)
{
    begin_bounded(5000, 1);
    upstream_says(ROLE SAY("one two") STOP DONE);
    used_is(USED_ESTIMATED, 100, 7 + 16);
    end_bounded();
}

static void a_usage_that_came_too_early_is_not_all(void)
{
    begin_bounded(5000, 1);
    upstream_says(ROLE TOLD(9, 0) SAY("one two"));
    call_cancel(call);
    used_is(USED_ESTIMATED, 9, 7 + 16 + 256);
    end_bounded();
    begin_bounded(5000, 1);
    upstream_says(ROLE SAY("one two three") STOP TOLD(9, 2) DONE);
    used_is(USED_ESTIMATED, 9, 13 + 16);
    end_bounded();
}

static void a_whole_reply_says_what_it_used(void)
{
    begin();
    struct question q = bounded(false, 50, 1);
    call = call_start(&v.base, &q);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    upstream_ends(EXCHANGE_OK);
    used_is(USED_TOLD, 9, 2);
    CHECK(!used().violated);
    finish();
}

static void what_is_told(const char *event)
{
    begin_bounded(50, 2);
    upstream_says(ROLE SAY("one two") STOP);
    upstream_says(event);
    upstream_says(DONE);
    used_is(USED_BOUND, 100, 100);
    CHECK(used().violated);
    end_bounded();
}

static void a_usage_above_the_bound_or_absurd_is_not_believed(void)
{
    what_is_told(TOLD(101, 2));
    what_is_told(TOLD(9, 101));
    what_is_told(TOLD(9, 9007199254740993));
    what_is_told(TOLD(9223372036854775807, 2));
    what_is_told(TOLD(9223372036854775808, 2));
    what_is_told(TOLD(-9, 2));
    what_is_told(TOLD(9, -1));
    what_is_told(TOLD(1e300, 2));
}

static void without_a_bound_a_stream_that_is_left_is_guessed(void)
{
    begin();
    call = ask(true);
    upstream_head(200, "text/event-stream");
    used_is(USED_UNKNOWN, 0, 0);
    upstream_says(ROLE SAY("one two") SAY(" three"));
    call_cancel(call);
    struct used u = used();
    CHECK_INT(u.how, USED_ESTIMATED);
    CHECK_INT(u.usage.completion, 5);
    CHECK(u.usage.prompt > 10 && u.usage.prompt < 100);
    finish();
    begin();
    call = ask(true);
    upstream_head(200, "text/event-stream");
    upstream_says(ROLE SAY("one two") STOP DONE);
    used_is(USED_UNKNOWN, 0, 0);
    finish();
}

TESTS(the_limit_is_written_into_the_request_in_one_name,
      a_provider_may_call_it_by_another_name,
      without_a_bound_nothing_is_written,
      who_goes_on_past_the_limit_is_cut_with_length,
      who_keeps_to_it_is_never_cut, several_answers_have_the_limit_each,
      thoughts_count_and_once, who_tells_of_more_while_it_flows_is_cut,
      half_a_tool_call_is_not_ended_as_if_it_were_whole,
      what_never_arrived_used_nothing,
      what_was_refused_with_an_error_used_nothing,
      what_hangs_and_is_given_up_used_its_bound,
      a_stream_without_its_first_token_used_its_bound,
      a_stream_that_is_left_used_no_more_than_passed,
      who_thinks_unseen_or_goes_on_alone_used_its_bound,
      a_stream_without_usage_used_what_it_said,
      a_usage_that_came_too_early_is_not_all, a_whole_reply_says_what_it_used,
      a_usage_above_the_bound_or_absurd_is_not_believed,
      without_a_bound_a_stream_that_is_left_is_guessed)
