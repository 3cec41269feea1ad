/*
** load.c -- a load generator that measures what the server costs.
**
** Closed loop: each connection sends its next request when the last reply is
** whole; the pressure follows the server. Open loop (--rate): requests have
** fixed times, and a latency counts from the time the request *should* have
** left. A server that stalls makes later requests late, and their wait shows
** (the closed loop would merely have asked less).
**
** Both are one rule, may_send(), applied whenever a connection is idle. The
** first --warm replies are discarded; then the window opens (anew), and the CPU
** time of the watched process tree is read at both its ends.
*/
#include "answer.h"
#include "body.h"
#include "cost.h"
#include "dial.h"
#include "edit.h"
#include "outage.h"
#include "samples.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define GRACE     ((int64_t)30 * 1000000000) /* for a reply to come */
#define TOO_MANY  100                        /* errors: no use going on */
#define READ_SIZE 65536

struct link {
    int fd;
    bool busy;         /* a reply is awaited */
    bool waits_out;    /* epoll tells us when it is writable */
    size_t sent;       /* bytes of the request that are out */
    int64_t since;     /* when the request left, or should have */
    bool started;      /* the body's first byte has been seen */
    bool spoken;       /* and its first token */
    struct link *next; /* in the pile of idle ones */
    struct answer answer;
};

static struct {
    long port, connections, milliseconds, count, most, rate, warm, watch;
    struct body body;
    const char *edit;
} options = {.connections = 64,
             .milliseconds = 2000,
             .body = {.size = 1024, .path = "/v1/chat/completions"}};

static struct {
    int epoll;
    char *request;
    size_t request_len;
    struct link *links, *idle;
    long busy, sent, done, errors;
    bool warming, over;
    int64_t began, ended; /* the window */
    int64_t first_send;   /* the origin of the open loop's times */
    int64_t bytes;        /* of bodies */
    struct cost cost;     /* at the window's start */
    struct samples latency, first_byte, token;
    struct edit edit; /* of the file that changes before every request */
    struct outage outage;
} run = {.outage.sign = " open, "};

/* --- connections ---------------------------------------------------------- */

static void connect_to(struct link *link)
{
    link->fd = dial(options.port);
    if (link->fd < 0)
        tool_die("load: cannot connect to port %ld", options.port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    epoll_ctl(run.epoll, EPOLL_CTL_ADD, link->fd, &event);
    link->waits_out = false;
}

static void redial(struct link *link)
{
    close(link->fd);
    connect_to(link);
}

static void lay_idle(struct link *link)
{
    link->next = run.idle;
    run.idle = link;
}

static void wait_out(struct link *link, bool on)
{
    if (link->waits_out == on)
        return;
    struct epoll_event event = {.events = EPOLLIN | (on ? EPOLLOUT : 0u),
                                .data.ptr = link};
    link->waits_out = on;
    epoll_ctl(run.epoll, EPOLL_CTL_MOD, link->fd, &event);
}

/* --- what a request comes to ---------------------------------------------- */

static void end_request(struct link *link)
{
    link->busy = false;
    run.busy--;
    lay_idle(link);
}

static void fail(struct link *link, const char *why)
{
    if (run.errors++ == 0)
        fprintf(stderr, "load: %s (status %d, %zu bytes sent, body %lld)\n",
                why, link->answer.status, link->sent,
                (long long)link->answer.body);
    if (run.errors >= TOO_MANY)
        run.over = true;
    redial(link);
    end_request(link);
}

static void open_window(int64_t now)
{
    run.began = now;
    run.cost = options.watch > 0 ? cost_of(options.watch) : run.cost;
    run.done = 0;
    run.bytes = 0;
    run.latency.n = run.first_byte.n = run.token.n = 0;
    run.outage.before.n = 0;
}

static const char *fault_of(const struct link *link)
{
    if (link->answer.status != 200)
        return "a reply that is not 200";
    if (options.body.stream &&
        !answer_ends_with(&link->answer, "data: [DONE]\n\n"))
        return "a stream without [DONE]";
    if (!options.body.stream && !answer_ends_with(&link->answer, "}"))
        return "a reply that is no JSON object";
    return NULL;
}

static void succeed(struct link *link, int64_t now)
{
    run.ended = now;
    run.done++;
    run.bytes += link->answer.body;
    samples_add(&run.latency, now - link->since);
    outage_note(&run.outage, &(struct outage_reply){link->since, now},
                link->answer.head);
    if (link->answer.closes)
        redial(link);
    end_request(link);
    if (run.warming && run.done >= options.warm) {
        run.warming = false;
        open_window(now);
    }
}

/* --- sending -------------------------------------------------------------- */

/* When the next request should leave: in the open loop a given time, else
** at once. */
static int64_t next_time(int64_t now)
{
    if (options.rate == 0)
        return now;
    return run.first_send + run.sent * 1000000000 / options.rate;
}

/* The run ends with its time or count, or when nothing comes back any more. */
static bool is_over(int64_t now)
{
    if (now - run.ended > GRACE)
        run.over = true;
    if (options.count > 0 && run.sent >= options.count + options.warm)
        run.over = true;
    if (options.most > 0 && now - run.first_send >= options.most * 1000000000)
        run.over = true;
    if (options.count == 0 && !run.warming &&
        now - run.began >= options.milliseconds * 1000000)
        run.over = true;
    return run.over;
}

static bool may_send(int64_t now)
{
    return !is_over(now) && next_time(now) <= now;
}

static void push(struct link *link)
{
    while (link->sent < run.request_len) {
        ssize_t n = write(link->fd, run.request + link->sent,
                          run.request_len - link->sent);
        if (n < 0 && errno != EAGAIN) {
            fail(link, "the server closed while we sent");
            return;
        }
        if (n < 0)
            break;
        link->sent += (size_t)n;
    }
    wait_out(link, link->sent < run.request_len);
}

/* Put idle connections to work, as far as the rule allows. */
static void send_due(void)
{
    int64_t now = tool_now();
    if (!run.warming)
        outage_strike(&run.outage, run.began, now);
    while (run.idle != NULL && may_send(now)) {
        struct link *link = run.idle;
        run.idle = link->next;
        if (options.edit != NULL)
            edit_replace(&run.edit);
        link->since = options.rate > 0 ? next_time(now) : tool_now();
        link->busy = true;
        link->started = link->spoken = false;
        link->sent = 0;
        answer_begin(&link->answer);
        run.sent++;
        run.busy++;
        push(link);
    }
}

/* --- receiving ------------------------------------------------------------ */

/* The first byte of a body, and the first token of a stream. */
static void note_firsts(struct link *link, const char *bytes, size_t n,
                        int64_t now)
{
    if (!link->started && link->answer.body > 0) {
        link->started = true;
        samples_add(&run.first_byte, now - link->since);
    }
    if (options.body.stream && !link->spoken && answer_has_token(bytes, n)) {
        link->spoken = true;
        samples_add(&run.token, now - link->since);
    }
}

static void receive(struct link *link)
{
    static char bytes[READ_SIZE];
    ssize_t n = read(link->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN)
        return;
    if (!link->busy) {
        run.errors += n > 0; /* words nobody asked for; closing is its right */
        redial(link);
        return;
    }
    if (n <= 0) {
        fail(link, "the server closed within a reply");
        return;
    }
    enum answer_state state = answer_feed(&link->answer, bytes, (size_t)n);
    int64_t now = tool_now();
    note_firsts(link, bytes, (size_t)n, now);
    if (state == ANSWER_BROKEN)
        fail(link, "a reply that is not well framed");
    else if (state == ANSWER_WHOLE && fault_of(link) != NULL)
        fail(link, fault_of(link));
    else if (state == ANSWER_WHOLE)
        succeed(link, now);
}

static void handle(struct link *link, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && link->busy)
        push(link);
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        receive(link);
    send_due();
}

/* How long to sleep at most, in ns. */
static int64_t patience(int64_t now)
{
    if (options.rate == 0 || run.over || run.idle == NULL)
        return 100 * 1000000;
    int64_t left = next_time(now) - now;
    return left > 0 ? left : 0;
}

static void wait_and_handle(void)
{
    struct epoll_event events[256];
    int64_t ns = patience(tool_now());
    struct timespec most = {ns / 1000000000, ns % 1000000000};
    int n = epoll_pwait2(run.epoll, events, 256, &most, NULL);
    for (int i = 0; i < n; i++)
        handle(events[i].data.ptr, events[i].events);
    send_due();
}

static void run_all(void)
{
    run.first_send = run.ended = tool_now();
    run.warming = options.warm > 0;
    open_window(run.first_send);
    send_due();
    while (!is_over(tool_now()))
        wait_and_handle();
    int64_t last = tool_now() + GRACE;
    while (run.busy > 0 && run.errors < TOO_MANY && tool_now() < last)
        wait_and_handle();
    run.errors += run.busy + !outage_showed(&run.outage);
}

/* --- beginning and end ---------------------------------------------------- */

static void report(void)
{
    struct cost now = options.watch > 0 ? cost_of(options.watch) : run.cost;
    double seconds = (double)(run.ended - run.began) / 1e9;
    double each = run.done > 0 ? 1.0 / (double)run.done : 0;
    samples_sort(&run.latency);
    samples_sort(&run.first_byte);
    samples_sort(&run.token);
    printf("{\"all\":%ld,\"requests\":%ld,\"errors\":%ld,\"seconds\":%.3f,"
           "\"rps\":%.0f,",
           run.sent, run.done, run.errors, seconds,
           seconds > 0 ? (double)run.done / seconds : 0);
    outage_tell(&run.outage);
    printf("\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f,",
           samples_rank(&run.latency, 0.5), samples_rank(&run.latency, 0.9),
           samples_rank(&run.latency, 0.99), samples_rank(&run.latency, 1));
    printf("\"ttfb_p50_us\":%.0f,\"token_p50_us\":%.0f,\"bytes\":%lld,"
           "\"cpu_us\":%.2f,\"rss_kb\":%ld}\n",
           samples_rank(&run.first_byte, 0.5), samples_rank(&run.token, 0.5),
           (long long)run.bytes, (double)(now.cpu - run.cost.cpu) / 1000 * each,
           now.rss_kb);
}

static void read_flags(int argc, char **argv)
{
    long size = (long)options.body.size;
    const struct tool_flag flags[] = {
        {"--port", "of the server, on 127.0.0.1", .number = &options.port},
        {"--path", "to POST to (/v1/chat/completions)",
         .text = &options.body.path},
        {"--connections", "how many (64)", .number = &options.connections},
        {"--ms", "length of the window (2000)",
         .number = &options.milliseconds},
        {"--count", "this many requests instead", .number = &options.count},
        {"--most", "seconds that --count may take", .number = &options.most},
        {"--rate", "open loop: requests per second; 0 (default) = closed",
         .number = &options.rate},
        {"--warm", "replies to discard before the window (0)",
         .number = &options.warm},
        {"--size", "bytes of the body (1024)", .number = &size},
        {"--file", "send this body instead", .text = &options.body.file},
        {"--stream", "ask for a stream, and expect one",
         .on = &options.body.stream},
        {"--usage", "ask for the stream's usage too",
         .on = &options.body.usage},
        {"--pace-ms", "ask the mock to wait so long between two events",
         .number = &options.body.pace_ms},
        {"--headers", "a file of header lines to send too",
         .text = &options.body.more},
        {"--edit", "save this file anew before every request",
         .text = &options.edit},
        {"--kill", "a process to kill in mid-run: an upstream that goes away",
         .number = &run.outage.pid},
        {"--kill-after", "ms from the window's beginning (0)",
         .number = &run.outage.after},
        {"--stop", "stop it instead: it goes silent", .on = &run.outage.stops},
        {"--sign", "in the head of a reply that did without it (\" open, \")",
         .text = &run.outage.sign},
        {"--watch", "the process whose CPU time and memory to read",
         .number = &options.watch},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    options.body.size = (size_t)size;
}

int main(int argc, char **argv)
{
    read_flags(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    run.request = body_request(&options.body, &run.request_len);
    run.epoll = epoll_create1(0);
    if (options.edit != NULL)
        edit_open(&run.edit, options.edit);

    size_t n = (size_t)options.connections;
    run.links = tool_grow(NULL, n * sizeof *run.links);
    memset(run.links, 0, n * sizeof *run.links);
    for (size_t i = 0; i < n; i++) {
        connect_to(&run.links[i]);
        lay_idle(&run.links[i]);
    }
    run_all();
    report();
    return run.errors > 0;
}
