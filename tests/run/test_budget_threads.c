/*
** test_budget_threads.c -- one budget, two runtimes with threads of their own. Run
** this under TSan too.
*/
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "perilune.h"
#include "unit.h"

#define POLICY                                                          \
    "local p = require 'perilune' "                                     \
    "p.provider('a', { sim = { latency = 0.002, rate = 1e6, "           \
    "  tokens = 16 } }) "                                               \
    "local d = p.budget('d', { '%d tokens/day', warn = 0.02 }) "        \
    "local all = p.budget('all', '1M tokens/month') "                   \
    "local m = p.model 'a/x' "                                          \
    "return function(req) "                                             \
    "  if req.max_tokens == 1 then "                                    \
    "    return p.say(('%%d'):format(d:spent(req) + d:left(req))) end " \
    "  return all(req) or d(req) or m(req) end"
#define BODY                                                                 \
    "{\"model\":\"any\",\"max_tokens\":16,\"messages\":[{\"role\":\"user\"," \
    "\"content\":\"hi\"}]}"
#define EACH  300
#define LIMIT 9000

static perilune *peris[2];
static atomic_int answered, refused, dones, warned;

static void on_log(void *user, const char *line, size_t len)
{
    (void)user;
    if (memmem(line, len, "budget_warning", 14) != NULL)
        atomic_fetch_add(&warned, 1);
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

static void *submit_many(void *peri)
{
    for (int i = 0; i < EACH; i++)
        submit(peri);
    return NULL;
}

/* Waits, yielding the core, until `n` requests are done. */
static void await(int n)
{
    struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 30000 && atomic_load(&dones) < n; i++)
        nanosleep(&moment, NULL);
    CHECK_INT(atomic_load(&dones), n);
}

/* Each answer is 16 tokens and its prompt about as many, so of 9,000 at least 250
** can be paid, and never more than 281. */
static void two_workers_spend_no_more_than_there_is(void)
{
    char folder[] = "/tmp/perilune-budget-XXXXXX", file[64], policy[1024];
    pthread_t other;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/budgets.map", folder);
    snprintf(policy, sizeof policy, POLICY, LIMIT);
    peri_options opt = {.size = sizeof opt, .log = on_log, .store = folder};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(peri_open(&peris[i], &opt), 0);
        CHECK_INT(peri_load_text(peris[i], "P", policy, strlen(policy)), 0);
        CHECK_INT(peri_start(peris[i]), 0);
    }
    CHECK_INT(pthread_create(&other, NULL, submit_many, peris[1]), 0);
    submit_many(peris[0]);
    pthread_join(other, NULL);
    await(2 * EACH);
    CHECK_INT(answered + refused, 2 * EACH);
    CHECK(answered > 20 && answered <= LIMIT / 32);
    CHECK_INT(warned, 1);
    for (int i = 0; i < 2; i++)
        peri_close(peris[i]);
    unlink(file);
    rmdir(folder);
}

TESTS(two_workers_spend_no_more_than_there_is)
