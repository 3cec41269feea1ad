/*
** perilune.h from many threads: what is marked [any], while the runtime has a
** thread of its own. Run this under TSan too.
*/
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "perilune.h"
#include "unit.h"

#define POLICY                                                            \
    "local p = require 'perilune' "                                       \
    "p.provider('a', { sim = { latency = 0, rate = 1e6, tokens = 8 } }) " \
    "p.provider('b', { sim = { hangs = true } }) "                        \
    "local a, b = p.model 'a/x', p.model 'b/x' "                          \
    "return function(req) "                                               \
    "  if req.model == 'hang' then return b(req) end return a(req) end"
#define BODY(model)                                           \
    "{\"model\":\"" model "\",\"stream\":true,\"messages\":[" \
    "{\"role\":\"user\",\"content\":\"hi\"}]}"

static perilune *peri;
static atomic_int heads, dones, cancelled, stopped, logged;

static void on_log(void *user, const char *line, size_t len)
{
    (void)user, (void)line, (void)len;
    atomic_fetch_add(&logged, 1);
}

static void on_head(void *user, int status, const peri_header *headers,
                    size_t n)
{
    (void)user, (void)headers, (void)n;
    if (status == 200)
        atomic_fetch_add(&heads, 1);
}

static void on_done(void *user, int outcome)
{
    atomic_int *of_this = user;
    if (of_this != NULL)
        atomic_fetch_add(of_this, 1);
    if (outcome == PERI_CANCELLED)
        atomic_fetch_add(&cancelled, 1);
    if (outcome == PERI_STOPPED)
        atomic_fetch_add(&stopped, 1);
    atomic_fetch_add(&dones, 1);
}

static int submit(const char *body, atomic_int *done, peri_id *id)
{
    peri_sink sink = {
        .size = sizeof sink, .user = done, .head = on_head, .done = on_done};
    peri_request req = {
        .size = sizeof req, .body = body, .body_len = strlen(body)};
    return peri_submit(peri, &req, &sink, id);
}

static void begin(void)
{
    peri_options opt = {
        .size = sizeof opt, .log = on_log, .store = "/tmp/perilune-test-store"};
    heads = dones = cancelled = stopped = logged = 0;
    CHECK_INT(peri_open(&peri, &opt), 0);
    CHECK_INT(peri_load_text(peri, "P", POLICY, strlen(POLICY)), 0);
    CHECK_INT(peri_start(peri), 0);
}

/* Waits, yielding the core, until `n` requests are done. */
static void await(int n)
{
    struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 60000 && atomic_load(&dones) < n; i++)
        nanosleep(&moment, NULL);
    CHECK_INT(atomic_load(&dones), n);
}

#define THREADS 4
#define EACH    50

static void *submit_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++)
        if (submit(BODY("any"), NULL, NULL) != 0)
            return peri;
    return NULL;
}

static void run_threads(void *(*work)(void *))
{
    pthread_t threads[THREADS];
    void *failed;
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL);
    }
}

static void many_threads_submit_and_all_are_answered(void)
{
    begin();
    run_threads(submit_many);
    await(THREADS * EACH);
    CHECK_INT(atomic_load(&heads), THREADS * EACH);
    peri_close(peri);
    CHECK_INT(atomic_load(&dones), THREADS * EACH);
}

static void *submit_and_cancel(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        peri_id id;
        if (submit(i & 1 ? BODY("hang") : BODY("any"), NULL, &id) != 0)
            return peri;
        peri_resume(peri, id);
        peri_cancel(peri, id);
        peri_cancel(peri, id - 1);
    }
    return NULL;
}

static void cancels_from_other_threads_end_each_request_once(void)
{
    begin();
    run_threads(submit_and_cancel);
    await(THREADS * EACH);
    CHECK(atomic_load(&cancelled) >= THREADS * EACH / 2);
    peri_close(peri);
    CHECK_INT(atomic_load(&dones), THREADS * EACH);
}

static void close_ends_all_that_is_under_way(void)
{
    static atomic_int done[20];
    begin();
    for (int i = 0; i < 20; i++) {
        done[i] = 0;
        CHECK_INT(submit(BODY("hang"), &done[i], NULL), 0);
    }
    peri_close(peri);
    for (int i = 0; i < 20; i++)
        CHECK_INT(atomic_load(&done[i]), 1);
}

static void add(void *user)
{
    ++*(int *)user; /* on the owner's thread only */
}

static int sum;

static void *post_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++)
        if (peri_post(peri, add, &sum) != 0)
            return peri;
    return NULL;
}

static void posts_run_one_after_another_on_the_owners_thread(void)
{
    begin();
    sum = 0;
    run_threads(post_many);
    CHECK_INT(submit(BODY("any"), NULL, NULL), 0); /* comes after them */
    await(1);
    peri_close(peri);
    CHECK_INT(sum, THREADS * EACH);
}

static void count(void *user, const peri_metric *m)
{
    (void)m;
    ++*(int *)user;
}

static void *read_figures(void *arg)
{
    int n = 0;
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        peri_metrics(peri, count, &n);
        (void)peri_stopped(peri);
        (void)peri_strerror(PERI_ELIMIT);
    }
    return n > 0 ? NULL : peri;
}

static void figures_may_be_read_while_it_runs(void)
{
    begin();
    for (int i = 0; i < 20; i++)
        CHECK_INT(submit(BODY("any"), NULL, NULL), 0);
    run_threads(read_figures);
    await(20);
    peri_close(peri);
}

static void it_cannot_be_started_twice(void)
{
    begin();
    CHECK_INT(peri_start(peri), PERI_ESTATE);
    peri_close(peri);
}

static void stop_from_another_thread_drains_and_ends_the_thread(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    begin();
    for (int i = 0; i < 10; i++)
        CHECK_INT(submit(BODY("any"), NULL, NULL), 0);
    peri_stop(peri, 10);
    for (int i = 0; i < 60000 && !peri_stopped(peri); i++)
        nanosleep(&moment, NULL);
    CHECK_INT(peri_stopped(peri), 1);
    CHECK_INT(atomic_load(&dones), 10);
    CHECK_INT(atomic_load(&heads), 10);
    peri_close(peri);
}

/* What comes after the end of the loop is still told that it is over. */
static void a_request_after_the_stop_is_done_at_the_close(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    begin();
    peri_stop(peri, 0);
    for (int i = 0; i < 60000 && !peri_stopped(peri); i++)
        nanosleep(&moment, NULL);
    CHECK_INT(submit(BODY("any"), NULL, NULL), 0);
    peri_close(peri);
    CHECK_INT(atomic_load(&dones), 1);
    CHECK_INT(atomic_load(&stopped), 1);
}

static void two_runtimes_do_not_know_one_another(void)
{
    begin();
    perilune *first = peri;
    peri_options opt = {.size = sizeof opt,
                        .store = "/tmp/perilune-test-store"};
    CHECK_INT(peri_open(&peri, &opt), 0);
    CHECK_INT(peri_load_text(peri, "P", POLICY, strlen(POLICY)), 0);
    CHECK_INT(peri_start(peri), 0);
    run_threads(submit_many);
    perilune *second = peri;
    peri = first;
    run_threads(submit_many);
    await(2 * THREADS * EACH);
    peri_close(first);
    peri_close(second);
}

TESTS(many_threads_submit_and_all_are_answered,
      cancels_from_other_threads_end_each_request_once,
      close_ends_all_that_is_under_way,
      posts_run_one_after_another_on_the_owners_thread,
      figures_may_be_read_while_it_runs, it_cannot_be_started_twice,
      stop_from_another_thread_drains_and_ends_the_thread,
      a_request_after_the_stop_is_done_at_the_close,
      two_runtimes_do_not_know_one_another)
