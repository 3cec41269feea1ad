/*
** test_sim_faults.c -- the simulated upstream told to misbehave.
*/
#include "sim_setting.h"

/* --- misbehaving ---------------------------------------------------------- */

static void it_fails_with_the_status_it_is_told(void)
{
    struct sim_script s = {.fails = 503};
    struct caller c;
    struct json_error error;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(c.status, 503);
    CHECK(json_check(buf_str(&c.body), &error));
    CHECK(holds(&c, "{\"error\":{\"message\":"));
    CHECK(c.retry[0] == '\0');
    drop(&c);
    s.fails = 429;
    ask(&c, &s, WHOLE);
    CHECK_INT(c.status, 429);
    CHECK(strcmp(c.retry, "1") == 0);
    CHECK(holds(&c, "rate_limit_exceeded"));
    drop(&c);
    finish();
}

static void it_fails_so_many_times_and_then_answers(void)
{
    int failures = 0;
    struct sim_script s = {.fails = 500, .times = 2, .count = &failures};
    struct caller c;
    begin();
    for (int i = 0; i < 4; i++) {
        ask(&c, &s, WHOLE);
        CHECK_INT(c.status, i < 2 ? 500 : 200);
        drop(&c);
    }
    CHECK_INT(failures, 2);
    finish();
}

static void it_refuses(void)
{
    struct sim_script s = {.refuses = true};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_CONNECT);
    CHECK_INT(c.connected, 0);
    drop(&c);
    finish();
}

static void it_hangs_until_it_is_cancelled(void)
{
    struct sim_script s = {.hangs = true};
    struct caller c;
    begin();
    start(&c, &s, STREAM);
    virtual_pass(&v, 3600 * NANOS_S);
    CHECK_INT(c.connected, 1);
    CHECK_INT(c.heads + c.ends, 0);
    exchange_cancel(t, &c.x);
    drop(&c);
    finish();
}

static void it_breaks_off_after_so_many_events_or_bytes(void)
{
    struct sim_script s = {.text = STR("a b c d e f"), .cuts_after = 3};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_BROKEN);
    CHECK_INT(count(&c, "data: "), 3);
    drop(&c);
    ask(&c, &s, WHOLE);
    CHECK_INT(c.end, EXCHANGE_BROKEN);
    CHECK_INT(c.body.n, 3);
    drop(&c);
    s.cuts_after = -1;
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_BROKEN);
    CHECK_INT(c.heads, 1);
    CHECK_INT(c.body.n, 0);
    drop(&c);
    ask(&c, &s, WHOLE);
    CHECK_INT(c.end, EXCHANGE_BROKEN);
    CHECK_INT(c.body.n, 0);
    drop(&c);
    finish();
}

static void it_closes_early_but_cleanly(void)
{
    struct sim_script s = {.text = STR("a b"), .closes_early = true};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(count(&c, "data: "), 3);
    CHECK(!holds(&c, "stop") && !holds(&c, "[DONE]"));
    drop(&c);
    finish();
}

static void it_drips(void)
{
    struct sim_script s = {.text = STR("a"), .drips = NANOS_MS};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(c.pieces, c.body.n);
    CHECK_INT(c.last_at - c.head_at, (nanos)(c.body.n - 1) * NANOS_MS);
    CHECK(ends_with(&c, "data: [DONE]\n\n"));
    drop(&c);
    finish();
}

static void it_talks_garbage(void)
{
    struct sim_script s = {.garbage = true};
    struct caller c;
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(c.status, 200);
    CHECK(strcmp(c.type, "text/html") == 0);
    CHECK(holds(&c, "<html>"));
    drop(&c);
    finish();
}

static void it_reports_an_error_inside_a_stream(void)
{
    struct sim_script s = {.text = STR("a b c"), .error_event = 2};
    struct caller c;
    struct buf said;
    buf_init(&said, 100);
    begin();
    ask(&c, &s, STREAM);
    CHECK_INT(c.end, EXCHANGE_OK);
    CHECK_INT(c.status, 200);
    CHECK_INT(count(&c, "data: "), 3);
    CHECK(holds(&c, "data: {\"error\":"));
    check_events(&c, &said);
    CHECK_STR(buf_str(&said), "a");
    drop(&c);
    s.error_event = -1;
    ask(&c, &s, STREAM);
    CHECK(memcmp(c.body.p, "data: {\"error\":", 15) == 0);
    drop(&c);
    buf_fini(&said);
    finish();
}

static void a_body_that_is_no_json_is_a_bad_request(void)
{
    struct sim_script s = {.seed = 0};
    struct caller c;
    begin();
    ask(&c, &s, "{\"model\":");
    CHECK_INT(c.status, 400);
    drop(&c);
    ask(&c, &s, "[1]");
    CHECK_INT(c.status, 400);
    CHECK(holds(&c, "invalid_request_error"));
    drop(&c);
    finish();
}

TESTS(it_fails_with_the_status_it_is_told,
      it_fails_so_many_times_and_then_answers, it_refuses,
      it_hangs_until_it_is_cancelled,
      it_breaks_off_after_so_many_events_or_bytes, it_closes_early_but_cleanly,
      it_drips, it_talks_garbage, it_reports_an_error_inside_a_stream,
      a_body_that_is_no_json_is_a_bad_request)
