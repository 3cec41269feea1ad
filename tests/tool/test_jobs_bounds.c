/*
** test_jobs_bounds.c -- how many jobs wait, run and are kept, and for how long.
*/
#include "tool/jobs_rig.h"

static void so_many_jobs_and_no_more(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { most = 2 }), "
                  "p.sorry 'busy' }");
    play("openai/a", DOWN);
    CHECK_INT(ask_async(BODY)->status, 202);
    CHECK_INT(ask_async(BODY)->status, 202);
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 200);
    CHECK(holds(line_of(g), "later full, sorry"));
    CHECK(holds(line_of(g), "queue later: as many jobs wait as it takes"));
    finish();
}

static void so_many_bytes_and_no_more(void)
{
    char large[50000];
    memset(large, ' ', sizeof large);
    memcpy(large, BODY, sizeof BODY - 1);
    large[sizeof large - 1] = '\0';
    begin(PRELUDE "return { " MODEL ", p.queue('later', { room = '64KiB' }) "
                  "}");
    play("openai/a", DOWN);
    CHECK_INT(ask_async(large)->status, 202);
    struct guest *g = ask_async(large);
    CHECK_INT(g->status, 503);
    CHECK(holds(line_of(g), "its jobs take all the room it has"));
    CHECK_INT(ask_async(BODY)->status, 202);
    finish();
}

/* How many run at the same instant: each takes a second of the model's time. */
static void so_many_run_at_once(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { at_once = 2, "
                  "windows = '10s' }) }");
    play("openai/a", DOWN);
    struct guest *first = ask_async(BODY), *last = NULL;
    for (int i = 0; i < 5; i++)
        last = ask_async(BODY);
    play("openai/a", (struct sim_script){.latency = 60 * NANOS_S / 2});
    pass(20 * NANOS_S);
    struct guest *health = plain("GET", STR("/healthz"));
    CHECK(body_holds(health, "\"jobs\":{\"waiting\":4,\"running\":2}"));
    pass(200 * NANOS_S);
    CHECK_INT(look(first)->status, 200);
    CHECK_INT(look(last)->status, 200);
    finish();
}

static void one_that_is_answered_brings_the_others(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { at_once = 1, "
                  "windows = { '10s', '8h' } }) }");
    play("openai/a", DOWN);
    struct guest *a = ask_async(BODY);
    pass(4000 * NANOS_S);
    CHECK_INT(look(a)->status, 202); /* its windows are hours by now */
    struct guest *b = ask_async(BODY);
    play("openai/a", WELL);
    pass(20 * NANOS_S);
    CHECK_INT(look(b)->status, 200);
    CHECK_INT(look(a)->status, 200);
    finish();
}

static void who_waits_too_long_is_told(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { expires = '1h', "
                  "keep = '2h' }) }");
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    pass(3590 * NANOS_S);
    CHECK_INT(look(g)->status, 202);
    pass(20 * NANOS_S);
    struct guest *over = look(g);
    CHECK_INT(over->status, 410);
    CHECK(body_holds(over, "job_expired"));
    CHECK(holds(stage_log(s), "\"event\":\"job_ended\",\"job\":\"job_"));
    CHECK(holds(stage_log(s), "\"state\":\"expired\",\"reason\":null"));
    int64_t n = all_arrivals();
    pass(7300 * NANOS_S);
    CHECK_INT(all_arrivals(), n);
    CHECK_INT(look(g)->status, 404);
    finish();
}

static void a_result_is_kept_for_a_while(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { keep = '1h' }) }");
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    play("openai/a", WELL);
    pass(20 * NANOS_S);
    pass(3500 * NANOS_S);
    CHECK_INT(look(g)->status, 200);
    pass(200 * NANOS_S);
    CHECK_INT(look(g)->status, 404);
    finish();
}

/* A client that brings nothing to prove himself; it comes now. */
static struct guest *nobody_async(void)
{
    struct http_field async = {STR("prefer"), STR("respond-async")};
    struct arrival what = {.method = STR("POST"),
                           .path = STR("/v1/chat/completions"),
                           .fields = &async,
                           .fields_n = 1,
                           .body = STR(BODY)};
    return stage_guest(s, &what, world_now(stage_world(s)));
}

/* Where requests are known again by a key of the policy's own. */
static void a_job_is_not_answered_with_its_own_receipt(void)
{
    begin(PRELUDE "p.idempotent { key = function(req) return req.text end } "
                  "return { " MODEL ", p.queue 'later' }");
    play("openai/a", DOWN);
    struct guest *g = nobody_async();
    pass(NANOS_S);
    CHECK_INT(g->status, 202);
    struct guest *again = nobody_async();
    pass(NANOS_S);
    CHECK_STR(field_of(again, "idempotent-replayed"), "true");
    CHECK(str_eq(field_of(again, "location"), field_of(g, "location")));
    play("openai/a", WELL);
    pass(20 * NANOS_S);
    struct guest *done = look(again);
    CHECK_INT(done->status, 200);
    CHECK(body_holds(done, "here"));
    finish();
}

/* A job's whole life, in which the nth allocation fails. */
static void live_without(long n)
{
    begin(LADDER);
    struct upstream_act acts[] = {
        {.script = DOWN, .until = world_now(stage_world(s)) + NANOS_S},
        {.script = WELL}};
    upstreams_play(virtual_upstreams(stage_world(s)), STR("openai/a"), acts, 2);
    struct guest *g = nobody_async();
    mem_fail_at(n, 0);
    pass(100 * NANOS_S);
    mem_fail_at(0, 0);
    if (g->status == 202) {
        int status = look(g)->status;
        CHECK(status != 202); /* it has come to its end */
        CHECK(status != 500); /* and nothing is lost for good */
    }
    finish();
}

static void wherever_memory_ends_a_job_comes_to_its_end(void)
{
    for (long n = 1; n < 120; n++) /* it has about a hundred */
        live_without(n);
}

static void only_the_job_that_is_told_of_is_done(void)
{
    begin(PRELUDE "local model, a, b = " MODEL ", p.queue 'a', p.queue 'b' "
                  "return function(req) if req.job then return model(req) end "
                  "a(req) return b(req) end");
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 202);
    pass(100 * NANOS_S);
    CHECK_INT(look(g)->status, 200);
    CHECK_INT(all_arrivals(), 1);
    finish();
}

TESTS(only_the_job_that_is_told_of_is_done,
      a_job_is_not_answered_with_its_own_receipt, so_many_jobs_and_no_more,
      so_many_bytes_and_no_more, so_many_run_at_once,
      one_that_is_answered_brings_the_others, who_waits_too_long_is_told,
      a_result_is_kept_for_a_while, wherever_memory_ends_a_job_comes_to_its_end)
