/*
** perilune.h: limits hold for a host's own requests too.
*/
#include "policy_rig.h"

static int dones;

static void done(void *user, int outcome)
{
    (void)user, (void)outcome;
    dones++;
}

/* One more request, whose answer nobody looks at. */
static peri_id submit_quietly(void)
{
    static const peri_sink sink = {.size = sizeof sink, .done = done};
    peri_request req = {.size = sizeof req, .body = WHOLE};
    peri_id id = 0;
    req.body_len = strlen(req.body);
    CHECK_INT(peri_submit(peri, &req, &sink, &id), 0);
    return id;
}

static void one_request_too_many_gets_a_503_and_the_next_does_not(void)
{
    rig_open(&(peri_options){.max_requests = 2});
    CHECK_INT(load("return function(req) p.sleep '1h' end"), 0);
    dones = 0;
    submit_quietly();
    peri_id second = submit_quietly();
    turn(2);
    chat();
    CHECK_INT(got.status, 503);
    CHECK_STR(header("retry-after"), "1");
    CHECK_STR(header("x-should-retry"), "true");
    CHECK_STR(error_of("code"), "overloaded");
    CHECK_STR(log_field("overloaded", "reason"), "requests");
    CHECK_STR(log_field("overloaded", "in_flight"), "2");
    peri_cancel(peri, second);
    turn(2);
    CHECK_INT(load("return { p.say 'hello' }"), 0);
    chat();
    CHECK_STR(said(), "hello");
    finish();
    CHECK_INT(dones, 2);
}

static void what_was_refused_is_counted_and_told_at_the_close(void)
{
    rig_open(&(peri_options){.max_requests = 1});
    CHECK_INT(load("return function(req) p.sleep '1h' end"), 0);
    submit_quietly();
    turn(2);
    for (int i = 0; i < 5; i++)
        chat();
    CHECK_STR(log_field("overloaded", "requests"), "1"); /* the first */
    peri_close(peri);
    got_clear();
    CHECK_STR(log_field("overloaded", "requests"), "4"); /* the rest */
    check_log();
    got_clear();
    buf_fini(&logged);
}

static void a_body_that_does_not_fit_gets_a_503(void)
{
    rig_open(&(peri_options){.max_memory = 2000});
    CHECK_INT(load("return { p.say 'hello' }"), 0);
    char body[4000];
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                     "\"content\":\"%03000d\"}]}",
                     0);
    CHECK(n > 3000);
    ask(body);
    CHECK_INT(got.status, 503);
    CHECK_STR(log_field("overloaded", "reason"), "memory");
    chat();
    CHECK_STR(said(), "hello");
    finish();
}

TESTS(one_request_too_many_gets_a_503_and_the_next_does_not,
      what_was_refused_is_counted_and_told_at_the_close,
      a_body_that_does_not_fit_gets_a_503)
