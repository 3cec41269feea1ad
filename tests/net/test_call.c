/*
** One attempt at an upstream: its states, its commit, its end.
*/
#include "call_rig.h"

/* --- asking ---------------------------------------------------------------- */

static void a_call_goes_from_connecting_to_asked_to_committed_to_ended(void)
{
    begin();
    call = ask(true);
    CHECK_INT(call->state, CALL_CONNECTING);
    CHECK(!call->arrived);
    upstream_connects();
    CHECK_INT(call->state, CALL_ASKED);
    CHECK(call->arrived);
    struct http_field field = {STR("content-type"), STR("text/event-stream")};
    up.x->events->head(up.x, 200, &field, 1);
    CHECK_INT(call->state, CALL_ASKED);
    CHECK_INT(call->status, 200);
    upstream_says(HELLO);
    CHECK_INT(call->state, CALL_COMMITTED);
    upstream_says(STOP DONE);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK_FAULT(call, "none");
    upstream_ends(EXCHANGE_OK);
    finish();
}

static void what_is_sent_is_the_body_with_the_upstreams_model(void)
{
    begin();
    provider_header(provider, STR("Authorization"), STR("Bearer k"));
    call = ask(true);
    CHECK_STR(up.x->body, "{\"model\":\"gpt-x\",\"stream\":true,"
                          "\"messages\":[]}");
    CHECK_STR(str_of(up.x->url), "http://mock/v1/chat/completions");
    CHECK_INT(up.x->headers_n, 1);
    CHECK_STR(up.x->headers[0].value, "Bearer k");
    finish();
}

static void a_provider_without_its_key_is_never_asked(void)
{
    begin();
    provider->keyless = true;
    call = ask(true);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK_FAULT(call, "auth");
    CHECK_STR(call->fault.message,
              "mock/gpt-x: provider mock has no key; set MOCK_KEY");
    CHECK_INT(up.starts, 0);
    finish();
}

static void a_body_that_cannot_be_changed_is_a_bad_request(void)
{
    begin();
    struct question q = question(false);
    q.body = STR("{\"model\":\"any\",\"messages\":7}");
    q.system = STR("be brief");
    call = call_start(&v.base, &q);
    CHECK_FAULT(call, "bad_request");
    CHECK_INT(up.starts, 0);
    finish();
}

static void a_transport_that_cannot_start_is_a_fault(void)
{
    begin();
    up.refuses = ERR_MEMORY;
    call = ask(true);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK_FAULT(call, "server_error");
    CHECK_INT(up.cancels, 0);
    finish();
}

/* --- the commit ------------------------------------------------------------ */

static void a_role_a_comment_and_a_ping_do_not_commit(void)
{
    begin_stream();
    upstream_says(ROLE);
    upstream_says(": ping\n\n");
    upstream_says("event: ping\ndata: {\"choices\":[]}\n\n");
    CHECK_INT(call->state, CALL_ASKED);
    CHECK(!call_committed(call));
    CHECK_INT(call->first, 0);
    virtual_pass(&v, NANOS_S);
    upstream_says(HELLO);
    CHECK(call_committed(call));
    CHECK_INT(call->first, v.now);
    finish();
}

static void half_an_event_does_not_commit(void)
{
    begin_stream();
    str hello = STR(HELLO);
    upstream_says_bytes((str){hello.p, hello.n - 1});
    CHECK(!call_committed(call));
    CHECK_INT(call_held(call).n, 0);
    upstream_says("\n");
    CHECK(call_committed(call));
    CHECK_STR(call_held(call), HELLO);
    finish();
}

/* Its CR LF CR is known to be whole once something else than LF follows. */
static void an_event_that_ends_in_cr_is_whole_with_the_byte_behind_it(void)
{
    begin_stream();
    upstream_says(
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r");
    CHECK(!call_committed(call));
    upstream_says("d");
    CHECK(call_committed(call));
    finish();
}

static void a_tool_call_and_a_finish_commit_too(void)
{
    begin_stream();
    upstream_says(CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"t\","
                        "\"function\":{\"name\":\"f\"}}]}",
                        "null"));
    CHECK(call_committed(call));
    finish();
    begin_stream();
    upstream_says(STOP);
    CHECK(call_committed(call));
    finish();
}

static void a_commit_is_told_once(void)
{
    struct eye eye;
    begin_stream();
    eye_open(&eye);
    upstream_says(ROLE);
    CHECK_INT(eye.changes, 0);
    upstream_says(HELLO);
    CHECK_INT(eye.changes, 1);
    call_unwatch(call, &eye.watcher);
    upstream_says(MOON);
    CHECK_INT(eye.changes, 1);
    finish();
}

static void a_whole_reply_commits_at_its_end_and_not_before(void)
{
    struct eye eye;
    begin();
    call = ask(false);
    eye_open(&eye);
    upstream_head(200, "application/json");
    str whole = STR(WHOLE);
    upstream_says_bytes((str){whole.p, 20});
    upstream_says_bytes(str_from(whole, 20));
    CHECK(!call_committed(call));
    CHECK_INT(eye.changes, 0);
    upstream_ends(EXCHANGE_OK);
    CHECK(call_committed(call));
    CHECK_INT(eye.changes, 1);
    CHECK_STR(call_held(call), WHOLE);
    CHECK_INT(call->tap.usage.prompt, 9);
    CHECK_STR(str_of(call->tap.finish), "stop");
    finish();
}

/* --- the end --------------------------------------------------------------- */

static void what_the_stream_told_is_known_at_its_end(void)
{
    begin_stream();
    upstream_says(ROLE HELLO MOON STOP USAGE DONE);
    CHECK_FAULT(call, "none");
    CHECK(call->tap.usage.known);
    CHECK_INT(call->tap.usage.completion, 2);
    CHECK_STR(str_of(call->tap.finish), "stop");
    /* Nobody asked for usage, so that event is dropped. */
    CHECK_STR(call_held(call), ROLE HELLO MOON STOP DONE);
    finish();
}

static void a_usage_event_that_was_asked_for_is_passed_on(void)
{
    begin();
    struct question q = question(true);
    q.asked.usage = true;
    call = call_start(&v.base, &q);
    upstream_head(200, "text/event-stream");
    upstream_says(HELLO STOP USAGE DONE);
    CHECK_STR(call_held(call), HELLO STOP USAGE DONE);
    finish();
}

static void after_the_terminal_event_nothing_counts(void)
{
    begin_stream();
    upstream_says(HELLO DONE MOON);
    CHECK_FAULT(call, "none");
    CHECK_STR(call_held(call), HELLO DONE);
    upstream_says("garbage");
    upstream_ends(EXCHANGE_BROKEN);
    CHECK_FAULT(call, "none");
    CHECK_STR(call_held(call), HELLO DONE);
    finish();
}

static void the_upstream_may_linger_a_second_after_its_end(void)
{
    begin_stream();
    upstream_says(HELLO DONE);
    CHECK_INT(call->state, CALL_ENDED);
    virtual_pass(&v, NANOS_S - 1);
    CHECK_INT(up.cancels, 0);
    virtual_pass(&v, 1);
    CHECK_INT(up.cancels, 1);
    CHECK_FAULT(call, "none");
    finish();
}

static void a_lingering_call_may_be_let_go_of(void)
{
    begin_stream();
    upstream_says(HELLO DONE);
    call_release(call);
    call = NULL;
    virtual_pass(&v, NANOS_S / 2);
    CHECK_INT(up.cancels, 0);
    virtual_pass(&v, NANOS_S);
    CHECK_INT(up.cancels, 1);
    finish();
}

static void a_stream_without_its_terminal_event_is_broken(void)
{
    begin_stream();
    upstream_says(HELLO STOP);
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "broken_stream");
    finish();
    begin_stream();
    upstream_says(HELLO);
    upstream_ends(EXCHANGE_BROKEN);
    CHECK_FAULT(call, "broken_stream");
    CHECK_STR(call->fault.message, "mock/gpt-x: the reply broke off");
    CHECK_STR(call->fault.detail, "mock/gpt-x: the reply broke off (it broke)");
    finish();
}

static void a_connection_that_fails_is_a_network_fault(void)
{
    begin();
    call = ask(true);
    upstream_ends(EXCHANGE_CONNECT);
    CHECK_FAULT(call, "network");
    CHECK(!call->arrived);
    finish();
    begin();
    call = ask(true);
    upstream_connects();
    upstream_ends(EXCHANGE_CLOSED);
    CHECK_FAULT(call, "network");
    CHECK(call->arrived);
    finish();
}

/* --- errors ---------------------------------------------------------------- */

static void the_providers_error_is_kept_when_it_helps_the_client(void)
{
    str body = STR("{\"error\":{\"message\":\"no such field\",\"type\":"
                   "\"invalid_request_error\",\"code\":null}}");
    begin();
    call = ask(true);
    upstream_head(422, "application/json");
    upstream_says_bytes((str){body.p, 9});
    upstream_says_bytes(str_from(body, 9));
    CHECK_INT(call->state, CALL_ASKED);
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "bad_request");
    CHECK_INT(call->fault.status, 422);
    CHECK(str_eq(call->fault.body, body));
    finish();
}

static void refused_with(const char *body)
{
    begin();
    call = ask(false);
    upstream_head(400, "application/json");
    upstream_says(body);
    upstream_ends(EXCHANGE_OK);
}

static void a_code_that_clients_look_for_is_put_where_there_is_none(void)
{
    refused_with("{\"error\":{\"message\":\"prompt is too long\","
                 "\"type\":\"x\",\"code\":400}}");
    CHECK_STR(call->fault.body,
              "{\"error\":{\"message\":\"prompt is too long\",\"type\":"
              "\"invalid_request_error\",\"param\":null,\"code\":"
              "\"context_length_exceeded\"}}");
    finish();
    static const char *const own = "{\"error\":{\"message\":\"no\",\"code\":"
                                   "\"content_policy_violation\"}}";
    refused_with(own);
    CHECK_STR(call->fault.body, own);
    finish();
}

static void plain_json_at_the_end_of_a_stream_is_an_error(void)
{
    begin_stream();
    upstream_says(HELLO "{\n  \"error\": {\"code\": 429,\n");
    upstream_says("  \"message\": \"slow\", \"status\": "
                  "\"RESOURCE_EXHAUSTED\"}\n}\n");
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "rate_limited");
    finish();
    begin_stream();
    upstream_says("{\"id\":1}");
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "broken_stream");
    finish();
}

static void what_a_provider_says_of_our_key_stays_here(void)
{
    begin();
    call = ask(true);
    upstream_head(401, "application/json");
    upstream_says("{\"error\":{\"message\":\"Incorrect API key: sk-12345\","
                  "\"code\":\"invalid_api_key\"}}");
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "auth");
    CHECK_INT(call->fault.status, 502);
    CHECK(call->fault.body.p == NULL);
    str message = call->fault.message;
    CHECK(memmem(message.p, message.n, "sk-12345", 8) == NULL);
    finish();
}

static void an_error_body_that_is_no_json_is_an_error_all_the_same(void)
{
    begin();
    call = ask(false);
    upstream_head(503, "text/html");
    upstream_says("<html>");
    upstream_ends(EXCHANGE_BROKEN);
    CHECK_FAULT(call, "overloaded");
    CHECK_INT(call->fault.status, 503);
    finish();
}

static void an_error_event_inside_a_stream_is_the_providers_error(void)
{
    begin_stream();
    upstream_says(HELLO "data: {\"error\":{\"message\":\"Overloaded\","
                        "\"type\":\"overloaded_error\"}}\n\n");
    CHECK_FAULT(call, "overloaded");
    CHECK_STR(call_held(call), HELLO);
    CHECK_INT(up.cancels, 1);
    finish();
}

static void an_error_in_a_whole_reply_is_the_providers_error(void)
{
    begin();
    call = ask(false);
    upstream_head(200, "application/json");
    upstream_says("{\"error\":{\"message\":\"m\",\"code\":\"model_not_found\""
                  "}}");
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "not_found");
    finish();
}

static void what_is_not_of_the_dialect_is_malformed(void)
{
    begin_stream();
    upstream_says("data: <html>\n\n");
    CHECK_FAULT(call, "malformed");
    finish();
    begin();
    call = ask(false);
    upstream_head(200, "text/html");
    upstream_says("<html>");
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "malformed");
    finish();
    begin();
    call = ask(false);
    upstream_head(200, "application/json");
    upstream_ends(EXCHANGE_OK); /* empty */
    CHECK_FAULT(call, "malformed");
    finish();
}

static void a_whole_reply_where_a_stream_was_asked_is_malformed(void)
{
    begin();
    call = ask(true);
    upstream_head(200, "application/json");
    upstream_says(WHOLE);
    upstream_ends(EXCHANGE_OK);
    CHECK_FAULT(call, "malformed");
    finish();
}

static void what_the_head_says_of_limits_is_kept(void)
{
    const struct http_field fields[] = {
        {STR("content-type"), STR("application/json")},
        {STR("retry-after"), STR("Tue, 14 Nov 2023 22:13:31 GMT")},
        {STR("x-ratelimit-remaining-requests"), STR("7")}};
    begin();
    call = ask(false);
    CHECK_INT(call->hints.retry_after, -1);
    CHECK_INT(call->hints.requests.remaining, -1);
    upstream_connects();
    up.x->events->head(up.x, 429, fields, 3); /* 22:13:21 by the calendar */
    CHECK_INT(call->hints.retry_after, 10 * NANOS_S);
    CHECK_INT(call->hints.requests.remaining, 7);
    finish();
}

/* --- letting go ------------------------------------------------------------ */

static void a_cancel_hangs_up_at_once_and_tells_nobody(void)
{
    struct ear ear;
    struct eye eye;
    begin_stream();
    ear_attach(&ear);
    eye_open(&eye);
    call_cancel(call);
    CHECK_INT(up.cancels, 1);
    CHECK_INT(call->state, CALL_ENDED);
    CHECK(call->dropped);
    CHECK(!call_committed(call) || call->fault.kind == FAULT_NONE);
    CHECK_INT(ear.ends, 0);
    CHECK_INT(eye.changes, 0);
    call_cancel(call);
    CHECK_INT(up.cancels, 1);
    call_detach(call, &ear.reader);
    call_unwatch(call, &eye.watcher);
    ear_close(&ear);
    finish();
}

static void a_call_lives_until_the_last_reference_is_gone(void)
{
    begin_stream();
    call_keep(call);
    call_cancel(call);
    call_release(call);
    CHECK_INT(call->refs, 1);
    finish();
}

TESTS(a_call_goes_from_connecting_to_asked_to_committed_to_ended,
      what_is_sent_is_the_body_with_the_upstreams_model,
      a_provider_without_its_key_is_never_asked,
      a_body_that_cannot_be_changed_is_a_bad_request,
      a_transport_that_cannot_start_is_a_fault,
      a_role_a_comment_and_a_ping_do_not_commit, half_an_event_does_not_commit,
      an_event_that_ends_in_cr_is_whole_with_the_byte_behind_it,
      a_tool_call_and_a_finish_commit_too, a_commit_is_told_once,
      a_whole_reply_commits_at_its_end_and_not_before,
      what_the_stream_told_is_known_at_its_end,
      a_usage_event_that_was_asked_for_is_passed_on,
      after_the_terminal_event_nothing_counts,
      the_upstream_may_linger_a_second_after_its_end,
      a_lingering_call_may_be_let_go_of,
      a_stream_without_its_terminal_event_is_broken,
      a_connection_that_fails_is_a_network_fault,
      the_providers_error_is_kept_when_it_helps_the_client,
      a_code_that_clients_look_for_is_put_where_there_is_none,
      plain_json_at_the_end_of_a_stream_is_an_error,
      what_a_provider_says_of_our_key_stays_here,
      an_error_body_that_is_no_json_is_an_error_all_the_same,
      an_error_event_inside_a_stream_is_the_providers_error,
      an_error_in_a_whole_reply_is_the_providers_error,
      what_is_not_of_the_dialect_is_malformed,
      a_whole_reply_where_a_stream_was_asked_is_malformed,
      what_the_head_says_of_limits_is_kept,
      a_cancel_hangs_up_at_once_and_tells_nobody,
      a_call_lives_until_the_last_reference_is_gone)
