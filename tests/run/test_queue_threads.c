/*
** test_queue_threads.c -- one queue, two runtimes with threads of their own: no job
** is done twice. Run this under TSan too.
*/
#include <pthread.h>
#include <stdatomic.h>

#include "net/folder.h"
#include "perilune.h"

#define POLICY                                                            \
    "local p = require 'perilune' local later = p.queue('later', { "      \
    "windows = '1s', at_once = 4 }) return function(req) return req.job " \
    "and p.say 'done' or later(req) end"
#define BODY                                                                   \
    "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" \
    "}"
#define EACH 20

static perilune *peris[2];
static atomic_int given, done, lines;

/* A job's line in the log. */
static void on_log(void *user, const char *line, size_t len)
{
    (void)user;
    if (memmem(line, len, "\"job\":\"job_", 11) != NULL)
        atomic_fetch_add(&lines, 1);
}

static void on_head(void *user, int status, const peri_header *headers,
                    size_t n)
{
    (void)user, (void)headers, (void)n;
    atomic_fetch_add(status == 202 ? &given : &done, 1);
}

static void ask(perilune *peri, const char *method, const char *path)
{
    peri_header async = {"Prefer", "respond-async"};
    peri_sink sink = {.size = sizeof sink, .head = on_head};
    peri_request req = {.size = sizeof req,
                        .method = method,
                        .path = path,
                        .headers = &async,
                        .headers_len = 1,
                        .body = BODY,
                        .body_len = strlen(BODY)};
    CHECK_INT(peri_submit(peri, &req, &sink, NULL), 0);
}

static void until(atomic_int *n, int wanted)
{
    while (atomic_load(n) < wanted)
        usleep(1000);
}

static void no_job_is_done_twice(void)
{
    folder_open();
    peri_options opt = {
        .size = sizeof opt, .log = on_log, .store = folder_path("store")};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(peri_open(&peris[i], &opt), 0);
        CHECK_INT(peri_load_text(peris[i], "P", POLICY, strlen(POLICY)), 0);
        CHECK_INT(peri_start(peris[i]), 0);
    }
    for (int i = 0; i < 2 * EACH; i++)
        ask(peris[i % 2], "POST", "/v1/chat/completions");
    until(&given, 2 * EACH);
    for (int i = 0; i < 50; i++)
        ask(peris[i % 2], "GET", "/healthz");
    until(&lines, 2 * EACH);
    for (int i = 0; i < 2; i++)
        peri_close(peris[i]);
    CHECK_INT(atomic_load(&lines), 2 * EACH);
    folder_close();
}

TESTS(no_job_is_done_twice)
