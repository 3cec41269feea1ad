/*
** test_limit_threads.c -- one limit, two runtimes with threads of their own. Run
** this under TSan too.
*/
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "perilune.h"
#include "unit.h"

#define PROVIDER                    \
    "local p = require 'perilune' " \
    "p.provider('a', { sim = { latency = 0.005, rate = 1e6, tokens = 8 } }) "
#define WAITS \
    PROVIDER  \
    "return { p.limit('t', { '1k tokens/min', wait = '100s' }), 'a/x' }"
#define REFUSES PROVIDER "return { p.limit('r', '25 requests/hour'), 'a/x' }"
#define BODY                                                                  \
    "{\"model\":\"any\",\"max_tokens\":600,\"messages\":[{\"role\":\"user\"," \
    "\"content\":\"hi\"}]}"
#define ROUNDS 5
#define EACH   40

static perilune *peris[2];
static atomic_int answered, refused, dones;

static void on_log(void *user, const char *line, size_t len)
{
    (void)user, (void)line, (void)len;
}

static void on_head(void *user, int status, const peri_header *headers,
                    size_t n)
{
    (void)user, (void)headers, (void)n;
    atomic_fetch_add(status == 200 ? &answered : &refused, 1);
}

static void on_done(void *user, int outcome)
{
    (void)user, (void)outcome;
    atomic_fetch_add(&dones, 1);
}

static void submit(perilune *peri)
{
    peri_sink sink = {.size = sizeof sink, .head = on_head, .done = on_done};
    peri_request req = {
        .size = sizeof req, .body = BODY, .body_len = strlen(BODY)};
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
}

static void begin(const char *policy)
{
    peri_options opt = {.size = sizeof opt,
                        .log = on_log,
                        .store = "/tmp/perilune-test-limit-threads"};
    answered = refused = dones = 0;
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
}

/* Waits, yielding the core, until `n` requests are done. */
static void await(int n)
{
    struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 30000 && atomic_load(&dones) < n; i++)
        nanosleep(&moment, NULL);
    CHECK_INT(atomic_load(&dones), n);
}

/* Two estimates are more than there is in a minute, so the second waits, in the
** other thread, until the first is settled. */
static void who_waits_in_one_thread_moves_up_by_what_ends_in_another(void)
{
    begin(WAITS);
    for (int round = 1; round <= ROUNDS; round++) {
        submit(peris[round % 2]);
        submit(peris[1 - round % 2]);
        await(2 * round);
    }
    CHECK_INT(answered, 2 * ROUNDS);
    finish();
}

static void *submit_many(void *peri)
{
    for (int i = 0; i < EACH; i++)
        submit(peri);
    return NULL;
}

static void both_together_let_pass_what_one_would(void)
{
    pthread_t other;
    begin(REFUSES);
    CHECK_INT(pthread_create(&other, NULL, submit_many, peris[1]), 0);
    submit_many(peris[0]);
    pthread_join(other, NULL);
    await(2 * EACH);
    CHECK_INT(answered, 25);
    CHECK_INT(refused, 2 * EACH - 25);
    finish();
}

static void the_end_may_come_while_some_wait(void)
{
    begin(WAITS);
    for (int i = 0; i < 2; i++)
        submit(peris[i]);
    finish();
    CHECK_INT(dones, 2);
}

TESTS(who_waits_in_one_thread_moves_up_by_what_ends_in_another,
      both_together_let_pass_what_one_would, the_end_may_come_while_some_wait)
