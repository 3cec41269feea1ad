/*
** lives.c -- a client, a runtime, and what may happen between the two.
*/
#include "lives.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perilune.h"
#include "upstream.h"

#define PATIENCE 20000 /* turns of the loop, of a millisecond at most */
#define MEND     300   /* turns until what fails from one on is mended */

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define WHOLE    "{\"model\":\"any\"," MESSAGES "}"
#define STREAM   "{\"model\":\"any\",\"stream\":true," MESSAGES "}"

static struct fault_plan plan;
static perilune *peri;
static int port, upstream_port;
static char folder[64], policy_path[96], budgets_path[96];
static int wrongs; /* of this run */

/* What a client got. */
static struct got {
    int fd; /* -1 = none */
    size_t n;
    int ended; /* the answer is whole, or the connection closed */
    char bytes[16384];
} got;

static void wrong(const char *what)
{
    printf("#    %s\n", what);
    wrongs++;
}

/* --- one turn ---------------------------------------------------------------- */

/* What the runtime does is counted, what this test does is not. */
#define TORTURED(call) (fault_mine(1), (call), fault_mine(0))

static int turns; /* since something began to fail */

/* What fails for ever is mended after a while, else nothing could be served. */
static void turn(void)
{
    if (plan.onwards && ++turns == MEND)
        fault_disarm();
    TORTURED(peri_step(peri, 0.001));
}

/* --- a client ------------------------------------------------------------------ */

static void client_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    got = (struct got){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (connect(got.fd, (struct sockaddr *)&to, sizeof to) != 0)
        wrong("the listener takes no connection");
    fcntl(got.fd, F_SETFL, O_NONBLOCK);
}

static void client_close(void)
{
    if (got.fd >= 0)
        close(got.fd);
    got.fd = -1;
}

static void client_send(const char *body)
{
    char text[1024];
    int n = snprintf(text, sizeof text,
                     "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                     "Connection: close\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    (void)!send(got.fd, text, (size_t)n, MSG_NOSIGNAL);
}

static void client_read(void)
{
    ssize_t n =
        recv(got.fd, got.bytes + got.n, sizeof got.bytes - 1 - got.n, 0);
    if (n > 0)
        got.n += (size_t)n;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        got.ended = 1;
    got.bytes[got.n] = '\0';
}

static int got_status(void)
{
    return strncmp(got.bytes, "HTTP/1.1 ", 9) == 0 ? atoi(got.bytes + 9) : 0;
}

/* Turn until the connection has ended. */
static void client_await(void)
{
    for (int i = 0; i < PATIENCE && !got.ended; i++) {
        turn();
        client_read();
    }
    if (!got.ended)
        wrong("a request is stuck");
}

/* A whole request; its status, 0 for a closed connection. */
static int request(const char *body)
{
    client_connect();
    client_send(body);
    client_await();
    client_close();
    int status = got_status();
    if (status != 0 && status != 200 && (status < 400 || status > 599))
        wrong("an answer of an odd status");
    return status;
}

/* A stream that says it is one must have its end. */
static void stream(const char *body)
{
    if (request(body) != 200)
        return;
    if (strstr(got.bytes, "[DONE]") == NULL &&
        strstr(got.bytes, "\"error\"") == NULL &&
        strstr(got.bytes, "\r\n0\r\n") != NULL)
        wrong("a stream that broke looks whole");
}

/* --- a life -------------------------------------------------------------------- */

static char last_line[1024]; /* of the log */

static void log_line(void *user, const char *line, size_t len)
{
    (void)user;
    snprintf(last_line, sizeof last_line, "%.*s", (int)len, line);
}

static void write_file(const char *path, const char *text)
{
    char fresh[128];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
        rename(fresh, path) != 0)
        abort();
}

/* Put a policy into its file. "@" is where the upstream is. */
static void edit(const char *policy)
{
    char text[4096];
    size_t n =
        (size_t)snprintf(text, sizeof text, "local p = require 'perilune'\n");
    for (; *policy != '\0'; policy++)
        if (*policy == '@')
            n += (size_t)snprintf(text + n, sizeof text - n, "%d",
                                  upstream_port);
        else
            text[n++] = *policy;
    text[n] = '\0';
    write_file(policy_path, text);
}

static int open_all(void)
{
    peri_options options = {.size = sizeof options,
                            .store = folder,
                            .log = log_line,
                            .header_timeout = 2};
    port = 0;
    int error = peri_open(&peri, &options);
    if (error == 0)
        error = peri_load(peri, policy_path);
    if (error == 0)
        error = peri_listen(peri, "127.0.0.1:0", &port);
    if (error != 0 && peri != NULL && peri_error(peri)[0] == '\0')
        wrong("a runtime that does not open says not why");
    return error;
}

static void close_all(void)
{
    client_close();
    peri_close(peri);
    peri = NULL;
}

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

/* --- the scenarios --------------------------------------------------------------- */

#define UP      "p.provider('up', { url = 'http://127.0.0.1:@/v1' }) "
#define PATIENT ", first = '3s', total = '4s' } "
#define PLAIN   UP "return p.model { 'up/m'" PATIENT
#define BUDGET                                                        \
    UP "local d = p.budget('d', { '100k tokens/day', each = 'user', " \
       "warn = 1e-6, on_warn = function(w) p.log(w.budget) end }) "   \
       "return { d, p.budget('cap', '50k tokens/request'), "          \
       "p.model { 'up/m'" PATIENT "}"

static void open_it(void)
{
    int error;
    TORTURED(error = open_all());
    if (error < PERI_ESTATE || error > 0)
        wrong("an odd code");
    if (error != 0)
        TORTURED(close_all());
}

static void ask_whole(void)
{
    request(WHOLE);
}

static void ask_stream(void)
{
    stream(STREAM);
}

/* A body that comes in pieces. */
static void ask_large(void)
{
    static char body[200000], head[128];
    size_t fill = plan.shorten ? 4000 : 150000, sent = 0;
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
    client_connect();
    (void)!send(got.fd, head, (size_t)len, MSG_NOSIGNAL);
    for (int i = 0; i < PATIENCE && sent < all && !got.ended; i++) {
        ssize_t some = send(got.fd, body + sent, all - sent, MSG_NOSIGNAL);
        sent += some > 0 ? (size_t)some : 0;
        turn();
        client_read();
    }
    client_await();
    client_close();
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
    client_connect();
    client_send(STREAM);
    for (int i = 0;
         i < PATIENCE && !got.ended && strstr(got.bytes, "hello") == NULL;
         i++) {
        turn();
        client_read();
    }
}

static void abort_stream(void)
{
    start_stream();
    client_close();
    for (int i = 0; i < PATIENCE && requests_open() > 0; i++)
        turn();
    if (requests_open() > 0)
        wrong("a request outlives its client");
}

static void stop_it(void)
{
    client_close();
    TORTURED(peri_stop(peri, 0.02));
    for (int i = 0; i < PATIENCE && !peri_stopped(peri); i++)
        turn();
    if (!peri_stopped(peri))
        wrong("it does not stop");
    close_all();
}

static void close_it(void)
{
    TORTURED(close_all());
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

static void nothing(void)
{
}

const struct scenario scenarios[] = {
    {"open", PLAIN, nothing, open_it, 1, 0},
    {"budget-open", BUDGET, nothing, open_it, 1, 0},
    {"budget", BUDGET, nothing, ask_whole, 0, 0},
    {"budget-warm", BUDGET, ask_whole, ask_stream, 0, 0},
    {"whole", PLAIN, nothing, ask_whole, 0, 0},
    {"stream", PLAIN, nothing, ask_stream, 0, 0},
    {"whole-warm", PLAIN, ask_whole, ask_whole, 0, 0},
    {"stream-warm", PLAIN, ask_stream, ask_stream, 0, 0},
    {"large", PLAIN, nothing, ask_large, 0, 0},
    {"reload", PLAIN, edit_well, ask_whole, 0, 0},
    {"reload-broken", PLAIN, edit_badly, ask_whole, 0, 0},
    {"policy-error",
     UP "return function(req) local m = p.model 'up/m' "
        "if #req.messages > 0 then error 'x' end return m(req) end",
     nothing, ask_whole, 0, 0},
    {"rescue",
     UP "p.rescue { 'up/m', p.sorry 'sorry' } "
        "return function(req) error 'x' end",
     nothing, ask_whole, 0, 0},
    {"ladder",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "local l = p.filter { { busy, m }, with = function(t) "
        "return t:upper() end } "
        "return function(req) if #req.messages > 0 then p.sleep '0s' end "
        "return l(req:with { max_tokens = 5 }) end",
     nothing, ask_stream, 0, 0},
    {"race",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "return p.race { p.hedge { busy, m, after = '1s' }, 'up/m', "
        "function() p.sleep '3s' end }",
     nothing, ask_stream, 0, 0},
    {"balance",
     UP "local busy = p.model { 'up/busy'" PATIENT
        "local m = p.model { 'up/m'" PATIENT
        "return p.breaker('b', { p.balance { { busy, weight = 9 }, m, "
        "by = 'hash', key = function(req) return req.text end }, "
        "failures = 1 })",
     nothing, ask_stream, 0, 0},
    {"read-reply",
     UP "local m = p.model { 'up/m'" PATIENT
        "return function(req) local r = m(req) "
        "return r and p.say(r:text()) or p.sorry 'no' end",
     nothing, ask_whole, 0, 0},
    {"abort", UP "return p.model { 'up/drip'" PATIENT, nothing, abort_stream, 0,
     0},
    {"stop", UP "return p.model { 'up/drip'" PATIENT, start_stream, stop_it, 0,
     0},
    {"close", UP "return p.model { 'up/drip'" PATIENT, start_stream, close_it,
     0, 0},
    {"submit-sim",
     "p.provider('s', { sim = { latency = 0, rate = 1e6, tokens = 5 } }) "
     "return 's/x'",
     nothing, submit_both, 0, 0},
    {"submit", PLAIN, nothing, submit_both, 0, 0},
    {"refused",
     "p.provider('up', { url = 'http://127.0.0.1:1/v1' }) "
     "return { 'up/m', p.sorry 'no' }",
     nothing, ask_whole, 0, 0},
    {"resolve",
     "p.provider('up', { url = 'http://localhost:@/v1' }) "
     "return p.model { 'up/m'" PATIENT,
     nothing, ask_whole, 0, 0},
    {"tls",
     "p.provider('up', { url = 'https://127.0.0.1:@/v1' }) "
     "return { p.model { 'up/m'" PATIENT ", p.sorry 'no' }",
     nothing, ask_whole, 0, 4},
};
const int scenarios_n = sizeof scenarios / sizeof scenarios[0];

/* --- living one -------------------------------------------------------------- */

/* Afterwards all is well: another policy, a request, an answer. */
static void serve_again(void)
{
    edit(PLAIN "-- again");
    int status = peri != NULL && !peri_stopped(peri) ? request(WHOLE) : 200;
    if (status == 200)
        return;
    wrong("the next request is not served");
    printf("#    but %d: %s\n", status, last_line);
}

long live(const struct scenario *s, const struct fault_plan *it, int *wrongs_of)
{
    plan = *it;
    wrongs = turns = 0;
    unlink(budgets_path); /* each begins with none, and it has to grow */
    edit(s->policy);
    if (!s->opens && open_all() != 0)
        abort();
    s->before();
    turns = 0;
    fault_arm(&plan);
    s->tortured();
    long calls = fault_disarm();
    serve_again();
    close_all();
    *wrongs_of += wrongs;
    return calls;
}

int lives_begin(void)
{
    upstream_port = upstream_start();
    snprintf(folder, sizeof folder, "/tmp/perilune-torture-XXXXXX");
    if (upstream_port == 0 || mkdtemp(folder) == NULL)
        return -1;
    snprintf(policy_path, sizeof policy_path, "%s/policy.lua", folder);
    snprintf(budgets_path, sizeof budgets_path, "%s/budgets.map", folder);
    return 0;
}

void lives_end(void)
{
    upstream_stop();
    unlink(policy_path);
    unlink(budgets_path);
    rmdir(folder);
}
