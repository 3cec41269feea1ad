/*
** test_sim.c -- the simulated upstream in good health, under a clock the test
** turns: what it says, when, and how it is paused and cancelled.
*/
#include "sim_setting.h"

/* --- good health ---------------------------------------------------------- */

static void a_stream_says_role_words_finish_and_done(void)
{
    struct sim_script s = {.text = STR("Up there, \"still\".\n")};
    struct caller c;
    struct buf said;
    buf_init(&said, 1000);
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(c.status, 200);
    CHECK(strncmp(c.type, "text/event-stream", 17) == 0);
    CHECK_INT(count(&c, "data: "), 1 + 3 + 1 + 1);
    check_events(&c, &said);
    CHECK_STR(buf_str(&said), "Up there, \"still\".\n");
    CHECK(holds(&c, "\"model\":\"gpt-x\""));
    CHECK(holds(&c, "\"created\":1700000001,"));
    CHECK(holds(&c, "\"finish_reason\":\"stop\""));
    CHECK(!holds(&c, "usage"));
    CHECK(ends_with(&c, "data: [DONE]\n\n"));
    buf_fini(&said);
    drop(&c);
    finish();
}

static void usage_is_told_when_asked_for(void)
{
    struct sim_script s = {.text = STR("one two three")};
    struct caller c;
    begin();
    ask(&c, &s, STREAM_USAGE);
    CHECK(holds(&c, "\"choices\":[],\"usage\":{\"prompt_tokens\":"));
    CHECK(holds(&c, "\"completion_tokens\":3,"));
    CHECK_INT(count(&c, "\"usage\":null"), 5);
    drop(&c);
    finish();
}

static void a_whole_reply_is_one_completion(void)
{
    struct sim_script s = {.text = STR("one two")};
    struct caller c;
    struct json_error error;
    begin();
    ask(&c, &s, WHOLE);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK(strcmp(c.type, "application/json") == 0);
    CHECK(json_check(buf_str(&c.body), &error));
    CHECK(holds(&c, "\"object\":\"chat.completion\""));
    CHECK(holds(&c, "\"content\":\"one two\""));
    CHECK(holds(&c, "\"completion_tokens\":2,"));
    CHECK_INT(c.pieces, 1);
    drop(&c);
    finish();
}

static void the_answer_made_up_says_so_and_quotes_the_question(void)
{
    struct sim_script s = {.seed = 1};
    struct caller c;
    begin();
    ask(&c, &s, WHOLE);
    CHECK(holds(&c, "simulated model"));
    CHECK(holds(&c, "Where is the moon?"));
    drop(&c);
    finish();
}

static void a_long_question_is_quoted_in_part(void)
{
    struct sim_script s = {.seed = 1};
    struct caller c;
    struct json_error error;
    char text[300] = "{\"messages\":[{\"role\":\"user\",\"content\":\"\\n x";
    for (int i = 0; i < 60; i++)
        strncat(text, "\xc3\xa9", sizeof text - strlen(text) - 1);
    strncat(text, "\"}]}", sizeof text - strlen(text) - 1);
    begin();
    ask(&c, &s, text);
    CHECK(holds(&c, "\xc3\xa9..."));
    CHECK(!holds(&c, "\xef\xbf\xbd")); /* no character was cut in two */
    CHECK(json_check(buf_str(&c.body), &error));
    drop(&c);
    finish();
}

static void the_same_seed_says_the_same_bytes_at_the_same_time(void)
{
    struct sim_script s = {.seed = 42}, other = {.seed = 43};
    struct caller a, b, c;
    begin();
    ask(&a, &s, STREAM);
    finish();
    begin();
    ask(&b, &s, STREAM);
    finish();
    begin();
    ask(&c, &other, STREAM);
    CHECK(str_eq(buf_str(&a.body), buf_str(&b.body)));
    CHECK(!str_eq(buf_str(&a.body), buf_str(&c.body)));
    CHECK_INT(a.end_at, b.end_at);
    CHECK_INT(a.pieces, b.pieces);
    drop(&a);
    drop(&b);
    drop(&c);
    finish();
}

static void requests_have_ids_of_their_own(void)
{
    struct sim_script s = {.seed = 42};
    struct caller a, b;
    begin();
    ask(&a, &s, WHOLE);
    ask(&b, &s, WHOLE);
    CHECK(memcmp(a.body.p, b.body.p, 35) != 0);
    CHECK(memcmp(a.body.p, "{\"id\":\"chatcmpl-sim-", 20) == 0);
    drop(&a);
    drop(&b);
    finish();
}

static void tokens_lengthen_or_shorten_the_answer(void)
{
    struct sim_script s = {.text = STR("a b c"), .tokens = 7};
    struct caller c;
    begin();
    ask(&c, &s, WHOLE);
    CHECK(holds(&c, "\"content\":\"a b c a b c a\""));
    CHECK(holds(&c, "\"finish_reason\":\"stop\""));
    drop(&c);
    s.tokens = 2;
    ask(&c, &s, WHOLE);
    CHECK(holds(&c, "\"content\":\"a b\""));
    drop(&c);
    finish();
}

static void max_tokens_cuts_the_answer(void)
{
    struct sim_script s = {.text = STR("a b c")};
    struct caller c;
    begin();
    ask(&c, &s, "{\"max_tokens\":9,\"max_completion_tokens\":2}");
    CHECK(holds(&c, "\"content\":\"a b\""));
    CHECK(holds(&c, "\"finish_reason\":\"length\""));
    CHECK(holds(&c, "\"completion_tokens\":2,"));
    drop(&c);
    ask(&c, &s, "{\"max_tokens\":3}");
    CHECK(holds(&c, "\"finish_reason\":\"stop\""));
    drop(&c);
    finish();
}

static void an_empty_answer_is_an_answer(void)
{
    struct sim_script s = {.text = STR("")};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(count(&c, "data: "), 3);
    drop(&c);
    finish();
}

/* --- time ----------------------------------------------------------------- */

static void words_come_at_their_rate(void)
{
    struct sim_script s = {
        .text = STR("a b c d e"), .latency = 100 * NANOS_MS, .rate = 10};
    struct caller c;
    begin();
    nanos from = v.now;
    ask(&c, &s, STREAM);
    CHECK_INT(c.head_at - from, 100 * NANOS_MS);
    CHECK_INT(c.end_at - from, (100 + 4 * 100) * NANOS_MS);
    CHECK_INT(c.pieces, 5);
    drop(&c);
    ask(&c, &s, WHOLE); /* a whole reply comes when its last word is known */
    CHECK_INT(c.head_at - from, 3600 * NANOS_S + (100 + 5 * 100) * NANOS_MS);
    drop(&c);
    finish();
}

static void without_a_rate_all_comes_at_once(void)
{
    struct sim_script s = {.text = STR("a b c"), .rate = -1, .latency = -1};
    struct caller c;
    begin();
    nanos from = v.now;
    ask(&c, &s, STREAM);
    CHECK_INT(c.end_at, from);
    CHECK_INT(c.pieces, 1);
    CHECK_INT(count(&c, "data: "), 6);
    drop(&c);
    finish();
}

static void by_default_a_stream_flows_and_a_whole_reply_does_not_wait(void)
{
    struct sim_script s = {.tokens = 61};
    struct caller c;
    begin();
    nanos from = v.now;
    ask(&c, &s, STREAM);
    CHECK_INT(c.head_at - from, 20 * NANOS_MS);
    CHECK_INT((c.end_at - c.head_at) / NANOS_MS, 999);
    drop(&c);
    from = v.now;
    ask(&c, &s, WHOLE);
    CHECK_INT(c.end_at - from, 20 * NANOS_MS);
    drop(&c);
    finish();
}

/* --- pausing and cancelling ----------------------------------------------- */

static void pause_it(struct caller *c)
{
    exchange_pause(t, &c->x);
}

static void a_paused_stream_goes_on_where_it_was(void)
{
    struct sim_script s = {.tokens = 50};
    struct caller a, b;
    begin();
    ask(&a, &s, STREAM);
    finish();
    begin();
    start(&b, &s, STREAM);
    b.on_body = pause_it;
    virtual_pass(&v, 3600 * NANOS_S);
    CHECK_INT(b.pieces, 1);
    CHECK_INT(b.ends, 0);
    b.on_body = NULL;
    exchange_resume(t, &b.x);
    CHECK_INT(b.pieces, 1); /* it comes from the loop */
    virtual_pass(&v, 0);
    CHECK_INT(b.ends, 1);
    CHECK(str_eq(buf_str(&a.body), buf_str(&b.body)));
    drop(&a);
    drop(&b);
    finish();
}

static void a_burst_can_be_paused_within(void)
{
    struct sim_script s = {.tokens = 5000, .rate = -1};
    struct caller c;
    begin();
    start(&c, &s, STREAM);
    c.on_body = pause_it;
    int turns = 0;
    while (c.ends == 0 && turns < 1000) {
        virtual_pass(&v, NANOS_S);
        CHECK_INT(c.pieces, turns + 1);
        exchange_resume(t, &c.x);
        turns++;
    }
    CHECK(turns > 20);
    CHECK_INT(count(&c, "data: "), 5003);
    drop(&c);
    finish();
}

static void pausing_twice_and_resuming_idly_does_no_harm(void)
{
    struct sim_script s = {.tokens = 5};
    struct caller c;
    begin();
    start(&c, &s, STREAM);
    exchange_resume(t, &c.x);
    exchange_pause(t, &c.x);
    exchange_pause(t, &c.x);
    virtual_pass(&v, NANOS_S);
    CHECK_INT(c.heads, 1); /* the head is no body */
    CHECK_INT(c.pieces, 0);
    exchange_resume(t, &c.x);
    exchange_resume(t, &c.x);
    virtual_pass(&v, NANOS_S);
    CHECK_INT(c.ends, 1);
    exchange_pause(t, &c.x); /* after the end */
    exchange_resume(t, &c.x);
    exchange_cancel(t, &c.x);
    drop(&c);
    finish();
}

static int events_left;

static void cancel_soon(struct caller *c)
{
    if (events_left-- == 0)
        exchange_cancel(t, &c->x);
}

static void cancelled_at_any_event_it_falls_silent(void)
{
    struct sim_script s = {.text = STR("a b c")};
    struct caller c;
    begin();
    for (int i = 0; i < 5; i++) {
        events_left = i;
        start(&c, &s, STREAM);
        c.on_any = cancel_soon;
        virtual_pass(&v, 3600 * NANOS_S);
        CHECK_INT(c.connected + c.heads + c.pieces, i + 1);
        CHECK_INT(c.ends, 0);
        drop(&c);
    }
    start(&c, &s, STREAM);
    exchange_cancel(t, &c.x);
    virtual_pass(&v, NANOS_S);
    CHECK_INT(c.connected, 0);
    drop(&c);
    finish();
}

static void without_memory_it_ends_and_leaves_nothing_behind(void)
{
    struct sim_script s = {.tokens = 300};
    struct caller c;
    static const char *const texts[] = {STREAM, WHOLE};
    begin();
    for (int i = 0; i < 40; i++) {
        memset(&c, 0, sizeof c);
        buf_init(&c.body, 0); /* the test takes no memory itself */
        c.x.events = &events;
        c.x.body = str_of(texts[i % 2]);
        c.x.sim = &s;
        mem_fail_at(i / 2 + 1, 0);
        int rc = exchange_start(t, &c.x);
        virtual_pass(&v, 3600 * NANOS_S);
        mem_fail_at(0, 0);
        CHECK(rc == 0 ? c.ends == 1 : rc == ERR_MEMORY && c.ends == 0);
        CHECK(rc != 0 || c.end == EXCHANGE_OK || c.end == EXCHANGE_MEMORY);
    }
    finish();
}

TESTS(a_stream_says_role_words_finish_and_done, usage_is_told_when_asked_for,
      a_whole_reply_is_one_completion,
      the_answer_made_up_says_so_and_quotes_the_question,
      a_long_question_is_quoted_in_part,
      the_same_seed_says_the_same_bytes_at_the_same_time,
      requests_have_ids_of_their_own, tokens_lengthen_or_shorten_the_answer,
      max_tokens_cuts_the_answer, an_empty_answer_is_an_answer,
      words_come_at_their_rate, without_a_rate_all_comes_at_once,
      by_default_a_stream_flows_and_a_whole_reply_does_not_wait,
      a_paused_stream_goes_on_where_it_was, a_burst_can_be_paused_within,
      pausing_twice_and_resuming_idly_does_no_harm,
      cancelled_at_any_event_it_falls_silent,
      without_memory_it_ends_and_leaves_nothing_behind)
