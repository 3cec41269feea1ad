/*
** test_once_threads.c -- requests to be run once, of two runtimes with threads of
** their own. Run this under TSan too.
*/
#include "net/folder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "perilune.h"

#define POLICY                      \
    "local p = require 'perilune' " \
    "p.provider('a', { sim = { latency = 0.005, rate = 1e6, tokens = 8 } }) "
#define SHAKY \
    "p.provider('b', { sim = { latency = 0.002, fails = 503, times = 7 } }) "
#define BODY                                                                  \
    "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}" \
    "]}"
#define ROUNDS 12
#define EACH   24

static perilune *peris[2];
static atomic_int ran, replayed, others, dones;

static void on_log(void *user, const char *line, size_t len)
{
    (void)user, (void)line, (void)len;
}

static void on_head(void *user, int status, const peri_header *headers,
                    size_t n)
{
    bool again = false;
    (void)user;
    for (size_t i = 0; i < n; i++)
        again = again || strcmp(headers[i].name, "idempotent-replayed") == 0;
    atomic_fetch_add(status != 200 ? &others : again ? &replayed : &ran, 1);
}

static void on_done(void *user, int outcome)
{
    (void)user, (void)outcome;
    atomic_fetch_add(&dones, 1);
}

static peri_id submit(perilune *peri, int round)
{
    char key[16];
    peri_id id = 0;
    snprintf(key, sizeof key, "k%d", round);
    peri_header header = {"idempotency-key", key};
    peri_sink sink = {.size = sizeof sink, .head = on_head, .done = on_done};
    peri_request req = {.size = sizeof req,
                        .headers = &header,
                        .headers_len = 1,
                        .body = BODY,
                        .body_len = strlen(BODY)};
    CHECK_INT(peri_submit(peri, &req, &sink, &id), 0);
    return id;
}

static void begin(const char *policy)
{
    folder_open();
    peri_options opt = {
        .size = sizeof opt, .log = on_log, .store = folder_path("store")};
    ran = replayed = others = dones = 0;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(peri_open(&peris[i], &opt), 0);
        CHECK_INT(peri_load_text(peris[i], "P", policy, strlen(policy)), 0);
        CHECK_INT(peri_start(peris[i]), 0);
    }
}

static void finish(void)
{
    for (int i = 0; i < 2; i++)
        peri_close(peris[i]);
    folder_close();
}

/* Waits, yielding the core, until `n` requests are done. */
static void await(int n)
{
    struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 30000 && atomic_load(&dones) < n; i++)
        nanosleep(&moment, NULL);
    CHECK_INT(atomic_load(&dones), n);
}

static void of_two_runtimes_one_runs_it(void)
{
    begin(POLICY "return 'a/x'");
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < EACH; i++)
            submit(peris[i % 2], round);
    await(ROUNDS * EACH);
    CHECK_INT(ran, ROUNDS);
    CHECK_INT(replayed, ROUNDS * (EACH - 1));
    finish();
}

static void a_failure_passes_the_turn_on_to_the_other_runtime(void)
{
    begin(POLICY SHAKY "return p.model { 'b/x', breaker = false }");
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < EACH; i++)
            submit(peris[i % 2], round);
    await(ROUNDS * EACH);
    CHECK_INT(ran, ROUNDS);
    CHECK_INT(others + replayed, ROUNDS * (EACH - 1));
    finish();
}

static void whoever_leaves_keeps_nobody_waiting(void)
{
    begin(POLICY "return 'a/x'");
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < EACH; i++) {
            peri_id id = submit(peris[i % 2], round);
            if (i % 3 == 0)
                peri_cancel(peris[i % 2], id);
        }
    await(ROUNDS * EACH);
    CHECK_INT(others, 0);
    CHECK(ran >= ROUNDS);
    finish();
}

/* Requests that wait are ended from where they are. */
static void a_runtime_may_close_while_its_requests_wait_for_another(void)
{
    begin(POLICY "p.provider('c', { sim = { hangs = true } }) return 'c/x'");
    submit(peris[0], 1);
    for (int i = 0; i < EACH; i++)
        submit(peris[i % 2], 1);
    peri_close(peris[1]);
    peri_close(peris[0]);
    CHECK_INT(dones, EACH + 1);
    folder_close();
}

TESTS(of_two_runtimes_one_runs_it,
      a_failure_passes_the_turn_on_to_the_other_runtime,
      whoever_leaves_keeps_nobody_waiting,
      a_runtime_may_close_while_its_requests_wait_for_another)
