/*
** An upstream that has said its last event and keeps the connection: the
** client must not wait for it, and nobody may stumble over it later.
*/
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy_rig.h"

#define EVENT(delta, finish)                                         \
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" delta \
    ",\"finish_reason\":" finish "}]}\n\n"
#define LAST_WORDS                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" EVENT( \
        "{\"content\":\"moon\"}", "null")                               \
        EVENT("{}", "\"stop\"") "data: [DONE]\n\n"

static int listener, upstream;

/* A runtime whose only model lives behind a socket of the test's own. */
static void begin_upstream(const char *more)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&at, len), 0);
    CHECK_INT(listen(listener, 8), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    char policy[256];
    snprintf(policy, sizeof policy,
             "p.provider('u', { url = 'http://127.0.0.1:%d/v1' %s }) "
             "return 'u/x'",
             ntohs(at.sin_port), more);
    begin(policy);
}

/* Takes the next connection and says all it will ever say. */
static void answer_and_linger(void)
{
    upstream = -1;
    for (int i = 0; i < PATIENT_TURNS && upstream < 0; i++) {
        peri_step(peri, 0.01);
        upstream = accept(listener, NULL, NULL);
    }
    CHECK(upstream >= 0);
    ssize_t n = write(upstream, LAST_WORDS, strlen(LAST_WORDS));
    CHECK_INT(n, strlen(LAST_WORDS));
}

static void the_client_does_not_wait_for_the_upstream_to_close(void)
{
    begin_upstream("");
    submit(STREAM);
    answer_and_linger();
    await_done();
    CHECK_INT(got.outcome, PERI_DONE);
    CHECK_STR(said(), "moon");
    close(upstream);
    for (int i = 0; i < 20; i++)
        peri_step(peri, 0.01);
    finish();
    close(listener);
}

static void a_runtime_closes_while_an_upstream_lingers(void)
{
    begin_upstream("");
    submit(STREAM);
    answer_and_linger();
    await_done();
    finish();
    close(upstream);
    close(listener);
}

static void a_policy_is_replaced_while_an_upstream_lingers(void)
{
    begin_upstream(", concurrency = 1");
    submit(STREAM);
    answer_and_linger();
    await_done();
    CHECK_INT(load("return p.say 'new'"), 0);
    chat();
    CHECK_STR(said(), "new");
    close(upstream);
    for (int i = 0; i < 20; i++)
        peri_step(peri, 0.01);
    finish();
    close(listener);
}

TESTS(the_client_does_not_wait_for_the_upstream_to_close,
      a_runtime_closes_while_an_upstream_lingers,
      a_policy_is_replaced_while_an_upstream_lingers)
