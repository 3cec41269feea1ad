/*
** test_retries.c -- what a policy says of retries, and what it and the client
** are told of them.
*/
#include "script_rig.h"

#define UP "p.provider('up', 'http://up.test/v1') "

static const char good[] =
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
    "\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";

static struct client c;
static int fails_with, fails_times;
static const char *wait_said, *again_said; /* x-should-retry */

static void play(struct play *p)
{
    p->reply = (struct reply){.status = 200, .body = str_of(good)};
    if (up.arrivals > fails_times)
        return;
    p->reply.status = fails_with;
    if (wait_said != NULL)
        p->reply.fields[p->reply.fields_n++] =
            (struct http_field){STR("retry-after"), str_of(wait_said)};
    if (again_said != NULL)
        p->reply.fields[p->reply.fields_n++] =
            (struct http_field){STR("x-should-retry"), str_of(again_said)};
}

/* One request under a policy whose upstream fails so often with a status. */
static void ask(const char *policy, int status, int times, const char *wait)
{
    script_begin();
    struct gateway *g = gateway_open(policy);
    fails_with = status;
    fails_times = times;
    wait_said = wait;
    up.script = play;
    client_init(&c);
    client_asks(&c, g, WHOLE);
    script_pass(200 * NANOS_S);
    CHECK(c.done);
}

static void finish(void)
{
    client_fini(&c);
    gateways_close();
    script_end();
}

static void a_policy_may_have_a_kind_tried_again(void)
{
    ask(UP "return p.model { 'up/m', tries = 2 }", 404, 1, NULL);
    CHECK_INT(c.status, 404);
    CHECK_INT(up.arrivals, 1);
    finish();
    ask(UP "return p.model { 'up/m', tries = 2, on = { not_found = 'retry' } }",
        404, 1, NULL);
    CHECK_INT(c.status, 200);
    CHECK_INT(up.arrivals, 2);
    finish();
}

static void a_kind_the_policy_decides_about_is_not_tried_again(void)
{
    ask(UP "return p.model { 'up/m', tries = 3, "
           "on = { rate_limited = 'decline' } }",
        429, 1, "30");
    CHECK_INT(c.status, 429);
    CHECK_INT(up.arrivals, 1);
    finish();
    ask(UP "return p.model { 'up/m', tries = 3, "
           "on = { overloaded = 'refuse' } }",
        503, 1, NULL);
    CHECK_INT(c.status, 503);
    CHECK_INT(up.arrivals, 1);
    finish();
    ask(UP "return p.model { 'up/m', tries = 3, "
           "on = { rate_limited = 'decline' } }",
        503, 1, NULL);
    CHECK_INT(c.status, 200);
    CHECK_INT(up.arrivals, 2);
    finish();
}

static void a_kind_that_is_refused_ends_the_ladder_and_tells_the_wait(void)
{
    ask(UP "p.provider('ok', 'http://ok.test/v1') "
           "return { p.model { 'up/m', on = { rate_limited = 'refuse' } }, "
           "'ok/n' }",
        429, 9, "17");
    CHECK_INT(c.status, 429);
    CHECK_INT(up.arrivals, 1);
    CHECK_STR(client_header(&c, "retry-after"), "17");
    CHECK_STR(client_header(&c, "x-should-retry"), "false");
    finish();
}

static void a_policy_sees_the_wait_in_the_fault(void)
{
    ask(UP "local up = p.model 'up/m' return function(req) return up(req) "
           "or p.say(tostring(req.fault.retry_after)) end",
        429, 9, "2.5");
    CHECK_INT(c.status, 200);
    CHECK(holds(&c.body, STR("2.5")));
    finish();
    ask(UP "local up = p.model 'up/m' return function(req) return up(req) "
           "or p.say(tostring(req.fault.retry_after)) end",
        500, 9, NULL);
    CHECK(holds(&c.body, STR("nil")));
    finish();
}

static void the_providers_word_on_coming_again_is_obeyed(void)
{
    static const struct {
        const char *said;
        int status, arrivals;
    } cases[] = {{"true", 400, 2}, {"false", 503, 1}, {"true", 401, 1},
                 {"true", 402, 1}, {"odd", 503, 2},   {"odd", 400, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        again_said = cases[i].said;
        ask(UP "return p.model { 'up/m', tries = 3 }", cases[i].status, 1,
            NULL);
        CHECK_INT(up.arrivals, cases[i].arrivals);
        CHECK_INT(c.status == 200, cases[i].arrivals == 2);
        finish();
    }
    again_said = NULL;
}

static void a_wait_past_the_deadline_is_not_waited(void)
{
    ask(UP "return p.model { 'up/m', tries = 3 }", 429, 9, "200");
    CHECK_INT(up.arrivals, 1);
    CHECK_STR(client_header(&c, "retry-after"), "200");
    finish();
}

static void a_wait_that_fits_is_waited(void)
{
    ask(UP "return p.model { 'up/m', tries = 3 }", 429, 1, "100");
    CHECK_INT(up.arrivals, 2);
    CHECK_INT(c.status, 200);
    CHECK(up.first->next->at - up.first->at >= 100 * NANOS_S);
    finish();
}

static void a_client_that_leaves_ends_the_wait(void)
{
    script_begin();
    struct gateway *g = gateway_open(UP "return p.model { 'up/m', tries = 3 }");
    fails_with = 429;
    fails_times = 9;
    wait_said = "5";
    up.script = play;
    client_init(&c);
    client_asks(&c, g, WHOLE);
    script_pass(NANOS_S);
    request_stop(c.request, OUTCOME_CLIENT_GONE);
    script_pass(100 * NANOS_S);
    CHECK_INT(up.arrivals, 1);
    finish();
}

TESTS(a_policy_may_have_a_kind_tried_again,
      a_kind_the_policy_decides_about_is_not_tried_again,
      a_kind_that_is_refused_ends_the_ladder_and_tells_the_wait,
      a_policy_sees_the_wait_in_the_fault,
      the_providers_word_on_coming_again_is_obeyed,
      a_wait_past_the_deadline_is_not_waited, a_wait_that_fits_is_waited,
      a_client_that_leaves_ends_the_wait)
