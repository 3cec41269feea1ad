/*
** perilune.h as a host program sees it, on one thread: every word of the
** header that can be broken is a promise here.
*/
#include <ev.h>

#include "policy_rig.h"

#define ECHO "return function(req) return p.say(req.model) end"

/* --- open and close ------------------------------------------------------- */

static void it_opens_with_nothing_said_and_closes(void)
{
    perilune *s;
    CHECK_INT(peri_open(&s, NULL), 0);
    CHECK_STR(str_of(peri_error(s)), "");
    CHECK_INT(peri_load(s, NULL), 0);
    peri_close(s);
    peri_close(NULL);
}

/* A host of an older header has a shorter struct; the rest is not its own. */
static void a_shorter_struct_is_completed_with_defaults(void)
{
    peri_options opt;
    memset(&opt, 0xff, sizeof opt);
    opt.size = offsetof(peri_options, library);
    opt.loop = NULL;
    opt.store = "/tmp/perilune-test-store";
    perilune *s;
    CHECK_INT(peri_open(&s, &opt), 0);
    CHECK_INT(peri_load(s, NULL), 0);
    peri_close(s);
}

static void a_longer_struct_of_a_newer_header_is_fine(void)
{
    struct {
        peri_options opt;
        char more[64];
    } newer = {.opt = {.size = sizeof newer}};
    memset(newer.more, 0xff, sizeof newer.more);
    perilune *s;
    CHECK_INT(peri_open(&s, &newer.opt), 0);
    peri_close(s);
}

static void without_memory_nothing_is_opened(void)
{
    int error = PERI_EMEMORY;
    for (long n = 1; n < 200 && error != 0; n++) {
        perilune *s = (void *)&n;
        mem_fail_at(n, 1);
        error = peri_open(&s, NULL);
        mem_fail_at(0, 0);
        if (error != 0) {
            CHECK(s == NULL);
            CHECK(error == PERI_EMEMORY || error == PERI_ESYSTEM);
        }
        peri_close(s);
    }
    CHECK_INT(error, 0);
}

static void codes_and_versions_are_told_in_words(void)
{
    for (int code = 0; code >= -7; code--)
        CHECK(strlen(peri_strerror(code)) > 0 &&
              strcmp(peri_strerror(code), peri_strerror(-99)) != 0);
    CHECK_STR(str_of(peri_version()), PERI_VERSION);
}

/* --- policies ------------------------------------------------------------- */

static void a_policy_that_does_not_load_changes_nothing(void)
{
    begin("return p.say 'good'");
    CHECK_INT(load("return function("), PERI_EPOLICY);
    CHECK(strlen(peri_error(peri)) > 0);
    chat();
    CHECK_STR(said(), "good");
    CHECK_INT(peri_load(peri, "/nowhere/policy.lua"), PERI_EPOLICY);
    CHECK_STR(str_of(peri_error(peri)),
              "/nowhere/policy.lua: there is no such file");
    CHECK_INT(peri_load_text(peri, NULL, "x", 1), PERI_EINPUT);
    CHECK_INT(peri_load_text(peri, "P", NULL, 0), PERI_EINPUT);
    chat();
    CHECK_STR(said(), "good");
    finish();
}

static void without_a_policy_requests_are_told_so(void)
{
    rig_open(NULL);
    chat();
    CHECK_INT(got.status, 503);
    CHECK_STR(error_of("code"), "no_policy");
    finish();
}

static void a_text_of_no_bytes_is_an_empty_policy(void)
{
    rig_open(NULL);
    CHECK_INT(peri_load_text(peri, "P", "", 0), PERI_EPOLICY);
    CHECK(holds(str_of(peri_error(peri)), "returned nothing"));
    finish();
}

static void note_path(void *user, const char *path)
{
    buf_text(user, path);
    buf_byte(user, '\n');
}

static void the_files_of_a_policy_are_told(void)
{
    struct buf paths;
    buf_init(&paths, 4096);
    rig_open(NULL);
    CHECK_INT(peri_files(peri, note_path, &paths), PERI_ESTATE);
    CHECK_INT(load("p.provider('u', { url = 'http://127.0.0.1:1/v1', "
                   "key = p.secret { file = '/nowhere/key' } }) "
                   "return 'u/m'"),
              0);
    CHECK_INT(peri_files(peri, note_path, &paths), 0);
    CHECK_STR(buf_str(&paths), "/nowhere/key\n");
    buf_fini(&paths);
    finish();
}

/* --- submitting ----------------------------------------------------------- */

static void ids_are_never_zero_and_never_the_same(void)
{
    begin(ECHO);
    peri_id last = 0;
    for (int i = 0; i < 5; i++) {
        chat();
        CHECK(got.id != 0 && got.id != last);
        last = got.id;
    }
    finish();
}

static void callbacks_come_from_the_loop_and_not_from_submit(void)
{
    begin(ECHO);
    submit(WHOLE);
    CHECK(got.heads == 0 && got.dones == 0);
    await_done();
    CHECK(got.heads == 1);
    finish();
}

static void what_is_passed_in_is_copied(void)
{
    static const peri_sink sink = {sizeof sink, NULL, rig_head, rig_chunk,
                                   rig_done};
    begin("return function(req) return p.say(req.model .. ' ' .. "
          "req.headers['x-a'] .. ' ' .. req.id) end");
    char body[] = WHOLE, name[] = "X-A", value[] = "v", id[] = "id-1";
    char idname[] = "x-request-id";
    peri_header headers[] = {{name, value}, {idname, id}};
    peri_request req = {.size = sizeof req,
                        .headers = headers,
                        .headers_len = 2,
                        .body = body,
                        .body_len = sizeof body - 1};
    got_clear();
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
    memset(body, '?', sizeof body);
    memset(value, '?', sizeof value);
    memset(id, '?', sizeof id);
    memset(headers, 0, sizeof headers);
    await_done();
    CHECK_STR(said(), "any v id-1");
    finish();
}

static void other_endpoints_are_there_too(void)
{
    static const peri_sink sink = {sizeof sink, NULL, rig_head, rig_chunk,
                                   rig_done};
    begin("local m = p.model 'sim/x' return m");
    peri_request req = {
        .size = sizeof req, .method = "GET", .path = "/v1/models?x=1"};
    got_clear();
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
    await_done();
    CHECK_INT(got.status, 200);
    CHECK(contains(&got.body, "\"sim/x\""));
    req.path = "/nothing";
    got_clear();
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
    await_done();
    CHECK_INT(got.status, 404);
    CHECK_INT(got.outcome, PERI_DONE);
    finish();
}

static void a_body_over_max_body_is_not_taken(void)
{
    peri_options opt = {.max_body = 100};
    char body[101] = {0};
    peri_request req = {.size = sizeof req, .body = body, .body_len = 101};
    rig_open(&opt);
    CHECK_INT(peri_submit(peri, &req, NULL, NULL), PERI_ELIMIT);
    req.body_len = 100;
    CHECK_INT(peri_submit(peri, &req, NULL, NULL), 0);
    turn(3);
    finish();
}

static void a_sink_may_be_absent_or_hold_nothing(void)
{
    peri_sink nothing = {.size = sizeof nothing};
    peri_request req = {
        .size = sizeof req, .body = STREAM, .body_len = strlen(STREAM)};
    begin(OK("a") "return 'a/x'");
    CHECK_INT(peri_submit(peri, &req, NULL, NULL), 0);
    CHECK_INT(peri_submit(peri, &req, &nothing, NULL), 0);
    for (int i = 0; i < 1000 && !contains(&logged, "\"request\""); i++)
        turn(1);
    turn(20);
    CHECK_STR(log_field("request", "outcome"), "answered");
    finish();
}

/* --- cancelling ----------------------------------------------------------- */

static void a_cancel_before_its_turn_is_heard(void)
{
    begin(WAITS);
    submit(WHOLE);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    CHECK_INT(got.heads, 0);
    turn(5);
    CHECK_INT(got.dones, 1);
    finish();
}

static void a_cancel_while_it_waits_is_heard(void)
{
    begin(WAITS);
    submit(WHOLE);
    turn(5);
    CHECK_INT(got.dones, 0);
    peri_cancel(peri, got.id);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    finish();
}

static void a_cancel_inside_a_stream_is_heard(void)
{
    begin(TRICKLES);
    submit(STREAM);
    for (int i = 0; i < 1000 && got.body.n == 0; i++)
        turn(1);
    CHECK_INT(got.status, 200);
    peri_cancel(peri, got.id);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    finish();
}

static void a_cancel_after_the_end_is_ignored(void)
{
    begin(ECHO);
    chat();
    peri_cancel(peri, got.id);
    peri_resume(peri, got.id);
    peri_cancel(peri, 0);
    peri_cancel(peri, 999999);
    turn(5);
    CHECK_INT(got.dones, 1);
    finish();
}

static int cancel_in_chunk(void *user, const char *bytes, size_t len)
{
    (void)user, (void)bytes, (void)len;
    peri_cancel(peri, got.id);
    return PERI_GO;
}

static void a_cancel_from_within_a_callback_is_heard(void)
{
    peri_sink sink = {sizeof sink, NULL, rig_head, cancel_in_chunk, rig_done};
    peri_request req = {
        .size = sizeof req, .body = STREAM, .body_len = strlen(STREAM)};
    begin(TRICKLES);
    got_clear();
    CHECK_INT(peri_submit(peri, &req, &sink, &got.id), 0);
    await_done();
    CHECK_INT(got.outcome, PERI_CANCELLED);
    finish();
}

/* --- pausing -------------------------------------------------------------- */

static int pieces;

static int pause_always(void *user, const char *bytes, size_t len)
{
    (void)user;
    pieces++;
    buf_add(&got.body, (str){bytes, len});
    return PERI_PAUSE;
}

static void a_pause_lasts_until_resume(void)
{
    peri_sink sink = {sizeof sink, NULL, rig_head, pause_always, rig_done};
    peri_request req = {
        .size = sizeof req, .body = STREAM, .body_len = strlen(STREAM)};
    begin("p.provider('b', { sim = { latency = 0, rate = 1000, tokens = 20 } "
          "}) return 'b/x'");
    got_clear();
    pieces = 0;
    CHECK_INT(peri_submit(peri, &req, &sink, &got.id), 0);
    for (int i = 0; i < 1000 && pieces == 0; i++)
        turn(1);
    int before = pieces;
    turn(50);
    CHECK(pieces <= before + 1); /* what was already read may still come */
    CHECK_INT(got.dones, 0);
    for (int i = 0; i < 1000 && got.dones == 0; i++) {
        peri_resume(peri, got.id);
        turn(1);
    }
    CHECK_INT(got.dones, 1);
    CHECK_INT(got.outcome, PERI_DONE);
    CHECK(contains(&got.body, "data: [DONE]"));
    finish();
}

/* --- loops ---------------------------------------------------------------- */

static void on_a_loop_of_the_hosts_it_is_not_ours_to_run(void)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    peri_options opt = {.loop = loop};
    rig_open(&opt);
    CHECK_INT(load(OK("a") "return 'a/x'"), 0);
    CHECK_INT(peri_run(peri), PERI_ESTATE);
    CHECK_INT(peri_start(peri), PERI_ESTATE);
    submit(STREAM);
    for (int i = 0; i < 1000 && got.dones == 0; i++)
        ev_run(loop, EVRUN_ONCE);
    CHECK_STR(said(), "a");
    finish();
    ev_run(loop, EVRUN_NOWAIT);
    CHECK_INT(ev_iteration(loop) > 0, 1);
    ev_loop_destroy(loop);
}

static void note(void *user)
{
    ++*(int *)user;
}

static void what_is_posted_runs_on_the_loop(void)
{
    int ran = 0;
    rig_open(NULL);
    CHECK_INT(peri_post(peri, note, &ran), 0);
    CHECK_INT(ran, 0);
    turn(2);
    CHECK_INT(ran, 1);
    finish();
}

static void addresses_that_make_no_sense_are_refused(void)
{
    int port = 0, other = 0;
    rig_open(NULL);
    CHECK(peri_listen(peri, "nonsense", NULL) < 0);
    CHECK(strlen(peri_error(peri)) > 0);
    CHECK(peri_listen(peri, "127.0.0.1:99999", NULL) < 0);
    CHECK(peri_listen(peri, "", NULL) < 0);
    CHECK_INT(peri_listen(peri, "127.0.0.1:0", &port), 0);
    CHECK(port > 0);
    CHECK_INT(peri_listen(peri, "127.0.0.1:0", &other), 0);
    CHECK(other > 0 && other != port);
    finish();
}

/* --- figures -------------------------------------------------------------- */

static double figure;
static int figures;

static void look(void *user, const peri_metric *m)
{
    figures++;
    CHECK(strncmp(m->name, "perilune_", 9) == 0 && strlen(m->help) > 0);
    if (strcmp(m->name, user) == 0)
        figure = m->value;
}

static double metric(const char *name)
{
    figure = -1;
    CHECK_INT(peri_metrics(peri, look, (void *)(uintptr_t)name), 0);
    return figure;
}

static void dollars_are_counted_and_calls_without_a_price(void)
{
    begin("p.provider('a', { sim = { latency = 0, tokens = 2 } }) "
          "p.prices { ['a/x'] = { input = 0, output = 1000 } } "
          "return 'a/x'");
    chat();
    chat();
    CHECK_NEAR(metric("perilune_cost_usd_total"), 0.004);
    CHECK_NEAR(metric("perilune_calls_unpriced_total"), 0);
    finish();
}

static void the_figures_count(void)
{
    begin(FAILS("b", 503) OK(
        "a") "return function(req) "
             "if req.model == 'bad' then error 'x' end "
             "if req.model == 'no' then return p.refuse(403, 'no') end end");
    CHECK_NEAR(metric("perilune_requests_total"), 0);
    chat();
    ask("{\"model\":\"bad\"," MESSAGES "}");
    ask("{\"model\":\"no\"," MESSAGES "}");
    CHECK_NEAR(metric("perilune_requests_total"), 3);
    CHECK_NEAR(metric("perilune_requests_refused_total"), 1);
    CHECK_NEAR(metric("perilune_requests_failed_total"), 2);
    CHECK_NEAR(metric("perilune_policy_errors_total"), 2);
    CHECK_NEAR(metric("perilune_requests_open"), 0);
    CHECK_INT(load(FAILS("b", 503) OK("a") "return { 'b/x', 'a/x' }"), 0);
    chat();
    CHECK_NEAR(metric("perilune_attempts_total"), 2);
    CHECK_NEAR(metric("perilune_attempts_failed_total"), 1);
    CHECK_NEAR(metric("perilune_reloads_total"), 2);
    CHECK(metric("perilune_completion_tokens_total") > 0);
    CHECK(metric("perilune_latency_seconds_p50") > 0);
    CHECK(figures > 100);
    finish();
}

TESTS(it_opens_with_nothing_said_and_closes,
      a_shorter_struct_is_completed_with_defaults,
      a_longer_struct_of_a_newer_header_is_fine,
      without_memory_nothing_is_opened, codes_and_versions_are_told_in_words,
      a_policy_that_does_not_load_changes_nothing,
      without_a_policy_requests_are_told_so,
      a_text_of_no_bytes_is_an_empty_policy, the_files_of_a_policy_are_told,
      ids_are_never_zero_and_never_the_same,
      callbacks_come_from_the_loop_and_not_from_submit,
      what_is_passed_in_is_copied, other_endpoints_are_there_too,
      a_body_over_max_body_is_not_taken, a_sink_may_be_absent_or_hold_nothing,
      a_cancel_before_its_turn_is_heard, a_cancel_while_it_waits_is_heard,
      a_cancel_inside_a_stream_is_heard, a_cancel_after_the_end_is_ignored,
      a_cancel_from_within_a_callback_is_heard, a_pause_lasts_until_resume,
      on_a_loop_of_the_hosts_it_is_not_ours_to_run,
      what_is_posted_runs_on_the_loop, addresses_that_make_no_sense_are_refused,
      dollars_are_counted_and_calls_without_a_price, the_figures_count)
