/*
** lives.c -- lives in which requests are answered, and nothing is kept.
*/
#include "life.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void note_open(void *user, const peri_metric *m)
{
    if (strcmp(m->name, "perilune_requests_open") == 0)
        *(double *)user = m->value;
}

static double requests_open(void)
{
    double n = 0;
    peri_metrics(peri, note_open, &n);
    return n;
}

/* A body that comes in pieces. */
static void ask_large(void)
{
    static char body[200000], head[128];
    size_t fill = life_plan.shorten ? 4000 : 150000, sent = 0;
    size_t n = (size_t)snprintf(body, sizeof body,
                                "{\"model\":\"any\",\"messages\":[{\"role\":"
                                "\"user\",\"content\":\"");
    memset(body + n, 'x', fill);
    snprintf(body + n + fill, sizeof body - n - fill, "\"}]}");
    size_t all = strlen(body);
    int len = snprintf(head, sizeof head,
                       "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                       "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                       all);
    client_connect(&got, port);
    (void)!send(got.fd, head, (size_t)len, MSG_NOSIGNAL);
    for (int i = 0; i < PATIENCE && sent < all && !got.ended; i++) {
        ssize_t some = send(got.fd, body + sent, all - sent, MSG_NOSIGNAL);
        sent += some > 0 ? (size_t)some : 0;
        turn();
        client_read(&got);
    }
    client_await(&got);
    client_close(&got);
}

static void edit_well(void)
{
    ask_whole();
    edit(PLAIN "-- edited");
}

static void edit_badly(void)
{
    ask_whole();
    edit("return function(");
}

static void start_stream(void)
{
    client_connect(&got, port);
    client_send(&got, CHAT, "", STREAM);
    for (int i = 0;
         i < PATIENCE && !got.ended && strstr(got.bytes, "hello") == NULL;
         i++) {
        turn();
        client_read(&got);
    }
}

static void abort_stream(void)
{
    start_stream();
    client_close(&got);
    for (int i = 0; i < PATIENCE && requests_open() > 0; i++)
        turn();
    if (requests_open() > 0)
        wrong("a request outlives its client");
}

static void stop_it(void)
{
    client_close(&got);
    TORTURED(peri_stop(peri, 0.02));
    for (int i = 0; i < PATIENCE && !peri_stopped(peri); i++)
        turn();
    if (!peri_stopped(peri))
        wrong("it does not stop");
    close_all();
}

static int dones;

static void on_done(void *user, int outcome)
{
    (void)user, (void)outcome;
    dones++;
}

static void submit(const char *body)
{
    peri_sink sink = {.size = sizeof sink, .done = on_done};
    peri_request req = {
        .size = sizeof req, .body = body, .body_len = strlen(body)};
    int error;
    dones = 0;
    TORTURED(error = peri_submit(peri, &req, &sink, NULL));
    for (int i = 0; i < PATIENCE && error == 0 && dones == 0; i++)
        turn();
    if (dones != (error == 0))
        wrong("a submission is not done once");
}

static void submit_both(void)
{
    submit(WHOLE);
    submit(STREAM);
}

const struct scenario plain_lives[] = {
    {"open", PLAIN, nothing, open_it, LIFE_OPENS, 0, NULL},
    {"whole", PLAIN, nothing, ask_whole, 0, 0, NULL},
    {"stream", PLAIN, nothing, ask_stream, 0, 0, NULL},
    {"whole-warm", PLAIN, ask_whole, ask_whole, 0, 0, NULL},
    {"stream-warm", PLAIN, ask_stream, ask_stream, 0, 0, NULL},
    {"large", PLAIN, nothing, ask_large, 0, 0, NULL},
    {"reload", PLAIN, edit_well, ask_whole, 0, 0, NULL},
    {"reload-broken", PLAIN, edit_badly, ask_whole, 0, 0, NULL},
    {"policy-error",
     UP "return function(req) local m = p.model 'up/m' "
        "if #req.messages > 0 then error 'x' end return m(req) end",
     nothing, ask_whole, 0, 0, NULL},
    {"rescue",
     UP "p.rescue { 'up/m', p.sorry 'sorry' } "
        "return function(req) error 'x' end",
     nothing, ask_whole, 0, 0, NULL},
    {"ladder",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "local l = p.filter { { busy, m }, with = function(t) "
        "return t:upper() end } "
        "return function(req) if #req.messages > 0 then p.sleep '0s' end "
        "return l(req:with { max_tokens = 5 }) end",
     nothing, ask_stream, 0, 0, NULL},
    {"race",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "return p.race { p.hedge { busy, m, after = '1s' }, 'up/m', "
        "function() p.sleep '3s' end }",
     nothing, ask_stream, 0, 0, NULL},
    {"balance",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "return p.breaker('b', { p.balance { { busy, weight = 9 }, m, "
        "by = 'hash', key = function(req) return req.text end }, "
        "failures = 1 })",
     nothing, ask_stream, 0, 0, NULL},
    {"read-reply",
     UP "local m = p.model { 'up/m'" PATIENT
        "return function(req) local r = m(req) "
        "return r and p.say(r:text()) or p.sorry 'no' end",
     nothing, ask_whole, 0, 0, NULL},
    {"abort", UP "return p.model { 'up/drip'" PATIENT, nothing, abort_stream, 0,
     0, NULL},
    {"stop", UP "return p.model { 'up/drip'" PATIENT, start_stream, stop_it, 0,
     0, NULL},
    {"close", UP "return p.model { 'up/drip'" PATIENT, start_stream, close_it,
     0, 0, NULL},
    {"submit-sim",
     "p.provider('s', { sim = { latency = 0, rate = 1e6, tokens = 5 } }) "
     "return 's/x'",
     nothing, submit_both, 0, 0, NULL},
    {"submit", PLAIN, nothing, submit_both, 0, 0, NULL},
    {"refused",
     "p.provider('up', { url = 'http://127.0.0.1:1/v1' }) "
     "return { 'up/m', p.sorry 'no' }",
     nothing, ask_whole, 0, 0, NULL},
    {"resolve",
     "p.provider('up', { url = 'http://localhost:@/v1' }) "
     "return p.model { 'up/m'" PATIENT,
     nothing, ask_whole, 0, 0, NULL},
    {"tls",
     "p.provider('up', { url = 'https://127.0.0.1:@/v1' }) "
     "return { p.model { 'up/m'" PATIENT ", p.sorry 'no' }",
     nothing, ask_whole, 0, 4, NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};
