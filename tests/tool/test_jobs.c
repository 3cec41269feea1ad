/*
** test_jobs.c -- p.queue in a simulated world: work that waits, and is done.
*/
#include "tool/jobs_rig.h"

/* --- asked and answered ---------------------------------------------------- */

static void who_does_not_ask_is_declined_27(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 503);
    CHECK(holds(line_of(g), "\"path\":\"a overloaded\""));
    pass(100 * NANOS_S);
    CHECK_INT(all_arrivals(), 1);
    finish();
}

static void who_asks_is_told_where_to_look(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 202);
    CHECK_STR(field_of(g, "preference-applied"), "respond-async");
    CHECK(str_starts(field_of(g, "location"), STR("/v1/jobs/job_")));
    CHECK_INT(field_of(g, "location").n, 9 + 36);
    CHECK(str_number(field_of(g, "retry-after"), 100) >= 5);
    CHECK(body_holds(g, "\"object\":\"job\",\"status\":\"queued\""));
    CHECK(holds(line_of(g), "\"path\":\"a overloaded, later queued\""));
    finish();
}

static void to_all_asks_nobody_27(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { to = 'all' }) }");
    play("openai/a", DOWN);
    struct guest *g = ask(BODY);
    CHECK_INT(g->status, 202);
    CHECK(field_of(g, "preference-applied").p == NULL);
    finish();
}

static void who_is_answered_is_not_queued(void)
{
    begin(LADDER);
    CHECK_INT(ask_async(BODY)->status, 200);
    finish();
}

static void a_job_is_done_when_the_upstream_is_back(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    struct guest *waits = look(g);
    CHECK_INT(waits->status, 202);
    CHECK(body_holds(waits, "\"tries\":0"));
    CHECK(field_of(waits, "retry-after").p != NULL);
    play("openai/a", WELL);
    pass(20 * NANOS_S);
    struct guest *done = look(g);
    CHECK_INT(done->status, 200);
    CHECK(body_holds(done, "\"content\":\"here\""));
    CHECK_STR(field_of(done, "x-perilune-model"), "openai/a");
    CHECK_STR(field_of(done, "x-perilune-path"), "a ok");
    CHECK(field_of(done, "x-perilune-cost-usd").p != NULL);
    CHECK_STR(field_of(done, "content-type"), "application/json");
    finish();
}

static void windows_grow_and_a_429_says_when(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    pass(40 * NANOS_S);
    CHECK(body_holds(look(g), "\"last_status\":503"));
    int64_t before = all_arrivals();
    CHECK(before >= 3 && before <= 5);
    play("openai/a",
         (struct sim_script){.fails = 429, .retry_after = 3000 * NANOS_S});
    pass(100 * NANOS_S);
    CHECK_INT(all_arrivals(), before + 1);
    play("openai/a", WELL);
    pass(2800 * NANOS_S);
    CHECK_INT(look(g)->status, 202);
    pass(300 * NANOS_S);
    CHECK_INT(look(g)->status, 200);
    finish();
}

static void another_refusal_ends_the_job_27(void)
{
    begin(PRELUDE
          "local later = p.queue 'later' return function(req) "
          "return req.job and p.refuse(403, 'not any more') or later(req) end");
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 202);
    pass(20 * NANOS_S);
    struct guest *done = look(g);
    CHECK_INT(done->status, 403);
    CHECK(body_holds(done, "not any more"));
    finish();
}

static void an_apology_is_no_answer_to_a_job(void)
{
    begin(PRELUDE "return { 'openai/a', p.queue 'later', p.sorry 'busy' }");
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 202);
    pass(30 * NANOS_S);
    CHECK_INT(look(g)->status, 202);
    play("openai/a", WELL);
    pass(100 * NANOS_S);
    CHECK(body_holds(look(g), "here"));
    CHECK_INT(ask(BODY)->status, 200);
    finish();
}

static void a_job_is_never_queued_again_27(void)
{
    begin(PRELUDE "return { " MODEL ", p.queue('later', { to = 'all' }) }");
    play("openai/a", DOWN);
    struct guest *g = ask(BODY);
    pass(30 * NANOS_S);
    CHECK(body_holds(look(g), "\"last_status\":503"));
    struct guest *health = plain("GET", STR("/healthz"));
    CHECK(body_holds(health, "\"jobs\":{\"waiting\":1,\"running\":0}"));
    finish();
}

/* --- who and what ---------------------------------------------------------- */

#define MIRROR                                                              \
    PRELUDE "local later = p.queue 'later' return function(req) if not "    \
            "req.job then return later(req) end return p.say(p.json.encode" \
            " { id = req.job.id, queue = req.job.queue, tries = "           \
            "req.job.tries, created = req.job.created ~= nil, user = "      \
            "req.user, team = req.headers['x-team'], stream = req.stream, " \
            "opts = req.params.stream_options == nil, prefer = "            \
            "req.headers.prefer == nil, text = req.text }) end"

static void a_job_is_asked_as_its_client_asked(void)
{
    begin(MIRROR);
    struct guest *g = ask_async(
        "{\"stream_options\":{\"include_usage\":true},\"stream\":true,"
        "\"user\":\"ann\",\"messages\":[{\"role\":\"user\",\"content\":"
        "\"hi\"}]}");
    CHECK_INT(g->status, 202);
    pass(20 * NANOS_S);
    struct guest *done = look(g);
    CHECK_INT(done->status, 200);
    CHECK(body_holds(done, "\\\"queue\\\":\\\"later\\\""));
    CHECK(body_holds(done, "\\\"tries\\\":1"));
    CHECK(body_holds(done, "\\\"created\\\":true"));
    CHECK(body_holds(done, "\\\"user\\\":\\\"ann\\\""));
    CHECK(body_holds(done, "\\\"team\\\":\\\"blue\\\""));
    CHECK(body_holds(done, "\\\"stream\\\":false"));
    CHECK(body_holds(done, "\\\"opts\\\":true"));
    CHECK(body_holds(done, "\\\"prefer\\\":true"));
    CHECK(body_holds(done, "\\\"text\\\":\\\"hi\\\""));
    CHECK(body_holds(done, "\\\"id\\\":\\\"job_"));
    finish();
}

static void stream_options_leave_wherever_they_stand(void)
{
    begin(LADDER);
    static const char *const bodies[] = {
        "{\"stream\":true,\"stream_options\":{\"include_usage\":true}"
        "," BODY_REST,
        "{" BODY_MESSAGES ",\"stream\":true,\"stream_options\":{}}",
        "{\"stream_options\":null,\"stream\":true," BODY_REST,
    };
    for (int i = 0; i < 3; i++) {
        play("openai/a", DOWN);
        struct guest *g = ask_async(bodies[i]);
        CHECK_INT(g->status, 202);
        play("openai/a", WELL);
        pass(20 * NANOS_S);
        CHECK_INT(look(g)->status, 200);
        str body, head;
        CHECK(upstreams_last(virtual_upstreams(stage_world(s)), STR("openai/a"),
                             &body, &head));
        CHECK(!holds(body, "stream_options"));
        CHECK(holds(body, "\"stream\":false"));
    }
    finish();
}

static void a_job_runs_the_policy_of_its_time_27(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    CHECK_INT(load(PRELUDE "local l = p.queue('later', {}) return function(req)"
                           " return p.say(req.job and 'newer' or 'x') end"),
              0);
    pass(20 * NANOS_S);
    CHECK(body_holds(look(g), "newer"));
    finish();
}

static void a_queue_no_longer_declared_is_worked_off(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    CHECK_INT(load(PRELUDE "return p.say 'without'"), 0);
    pass(20 * NANOS_S);
    CHECK(body_holds(look(g), "without"));
    finish();
}

static void what_waiting_does_not_cure_is_not_queued(void)
{
    begin(LADDER);
    play("openai/a",
         (struct sim_script){.error = STR("context_length_exceeded")});
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 400);
    CHECK(holds(line_of(g), "\"path\":\"a context_too_long\""));
    finish();
}

/* --- cancelled, left, stopped ---------------------------------------------- */

static void a_job_is_cancelled_while_it_waits(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    struct guest *gone = plain("DELETE", field_of(g, "location"));
    CHECK_INT(gone->status, 200);
    CHECK(body_holds(gone, "\"status\":\"cancelled\""));
    play("openai/a", WELL);
    pass(100 * NANOS_S);
    CHECK_INT(all_arrivals(), 1);
    CHECK_INT(look(g)->status, 410);
    CHECK(body_holds(look(g), "job_cancelled"));
    CHECK_INT(plain("DELETE", field_of(g, "location"))->status, 200);
    CHECK_INT(plain("DELETE", STR("/v1/jobs/job_none"))->status, 404);
    finish();
}

static void a_job_is_cancelled_while_it_runs(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    play("openai/a", (struct sim_script){.hangs = true});
    pass(15 * NANOS_S);
    CHECK(body_holds(look(g), "\"status\":\"running\""));
    plain("DELETE", field_of(g, "location"));
    pass(NANOS_S);
    CHECK_INT(look(g)->status, 410);
    play("openai/a", WELL);
    int64_t n = all_arrivals();
    pass(1000 * NANOS_S);
    CHECK_INT(all_arrivals(), n);
    finish();
}

static void a_202_is_neither_filtered_nor_judged(void)
{
    begin(PRELUDE
          "local ladder = p.filter { { " MODEL ", p.queue 'later' }, with = "
          "function() return 'changed' end } "
          "return { { ladder, accept = function() return false end } }");
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 202);
    CHECK(body_holds(g, "\"status\":\"queued\""));
    finish();
}

static void a_202_that_is_not_returned_is_no_job(void)
{
    begin(PRELUDE "local later = p.queue 'later' return function(req) "
                  "later(req) return req.job and p.say 'done' or p.say 'now' "
                  "end");
    struct guest *g = ask_async(BODY);
    CHECK_INT(g->status, 200);
    CHECK(holds(line_of(g), "later queued, say"));
    pass(100 * NANOS_S);
    CHECK(!holds(stage_log(s), "\"job\":"));
    finish();
}

static void a_stage_may_end_while_a_job_runs(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    ask_async(BODY);
    play("openai/a", (struct sim_script){.hangs = true});
    pass(15 * NANOS_S);
    finish();
}

static void nobody_is_told_of_what_is_not_there(void)
{
    begin(LADDER);
    struct guest *g =
        plain("GET", STR("/v1/jobs/job_00000000000000000000000000000000"));
    CHECK_INT(g->status, 404);
    CHECK(body_holds(g, "job_not_found"));
    g = plain("POST", STR("/v1/jobs/x"));
    CHECK_INT(g->status, 405);
    CHECK_STR(field_of(g, "allow"), "GET, HEAD, DELETE, OPTIONS");
    CHECK_INT(plain("GET", STR("/v1/jobs"))->status, 404);
    finish();
}

static void where_nothing_is_kept_there_is_no_queue(void)
{
    begin(PRELUDE "return p.say 'x'");
    stage_world(s)->replays = false;
    CHECK(load(LADDER) != 0);
    CHECK(holds(stage_error(s), "P:1: queue: jobs are kept in the store, and "
                                "this runtime has none"));
    stage_world(s)->replays = true;
    finish();
}

static void its_line_in_the_log_names_the_job(void)
{
    begin(LADDER);
    play("openai/a", DOWN);
    struct guest *g = ask_async(BODY);
    play("openai/a", WELL);
    pass(20 * NANOS_S);
    CHECK(holds(stage_log(s), "\"event\":\"request\",\"job\":\"job_"));
    CHECK(!holds(stage_log(s), "CANARY"));
    CHECK(holds(line_of(g), "later queued"));
    finish();
}

TESTS(who_does_not_ask_is_declined_27, who_asks_is_told_where_to_look,
      to_all_asks_nobody_27, who_is_answered_is_not_queued,
      a_job_is_done_when_the_upstream_is_back, windows_grow_and_a_429_says_when,
      another_refusal_ends_the_job_27, an_apology_is_no_answer_to_a_job,
      a_job_is_never_queued_again_27, a_job_is_asked_as_its_client_asked,
      stream_options_leave_wherever_they_stand,
      a_job_runs_the_policy_of_its_time_27,
      a_queue_no_longer_declared_is_worked_off,
      a_job_is_cancelled_while_it_waits, a_job_is_cancelled_while_it_runs,
      a_202_is_neither_filtered_nor_judged,
      a_202_that_is_not_returned_is_no_job, a_stage_may_end_while_a_job_runs,
      nobody_is_told_of_what_is_not_there,
      where_nothing_is_kept_there_is_no_queue,
      its_line_in_the_log_names_the_job,
      what_waiting_does_not_cure_is_not_queued)
