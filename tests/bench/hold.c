/*
** hold.c -- what an open stream costs in memory.
**
** Streams are opened at a steady pace, and each counts as open from its first
** token on. When all are, events keep flowing for a while, then the watched
** process tree's memory is read, beside what it was before the first. At the
** end all hang up at once, and memory is read once more.
*/
#include "answer.h"
#include "body.h"
#include "cost.h"
#include "dial.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define GRACE ((int64_t)60 * 1000000000) /* for all to be open */

struct stream {
    int fd;
    bool open; /* its first token has come */
    struct answer answer;
};

static struct {
    long port, streams, rate, milliseconds, settle, watch;
    struct body body;
} options = {.streams = 10000,
             .rate = 2000,
             .milliseconds = 3000,
             .settle = 1000,
             .body = {.size = 1024,
                      .path = "/v1/chat/completions",
                      .pace_ms = 3000,
                      .stream = true}};

static struct {
    int epoll;
    char *request;
    size_t request_len;
    struct stream *streams;
    long begun, open, errors;
} run;

static void lose(struct stream *stream, const char *why)
{
    if (run.errors++ == 0)
        fprintf(stderr, "hold: %s (status %d)\n", why, stream->answer.status);
    run.open -= stream->open;
    stream->open = false;
    close(stream->fd);
    stream->fd = -1;
}

static void begin(struct stream *stream)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    answer_begin(&stream->answer);
    stream->fd = dial(options.port);
    if (stream->fd < 0)
        tool_die("hold: stream %ld of %ld", run.begun, options.streams);
    epoll_ctl(run.epoll, EPOLL_CTL_ADD, stream->fd, &event);
    if (write(stream->fd, run.request, run.request_len) !=
        (ssize_t)run.request_len)
        lose(stream, "a request that did not go out at once");
}

static void receive(struct stream *stream)
{
    static char bytes[65536];
    ssize_t n = read(stream->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        lose(stream, "the server closed an open stream");
        return;
    }
    enum answer_state state = answer_feed(&stream->answer, bytes, (size_t)n);
    if (state == ANSWER_BROKEN || state == ANSWER_WHOLE) {
        lose(stream, "a stream that ended, or is not well framed");
        return;
    }
    if (!stream->open && answer_has_token(bytes, (size_t)n)) {
        stream->open = stream->answer.status == 200;
        run.open += stream->open;
    }
}

static void wait_and_handle(int milliseconds)
{
    struct epoll_event events[256];
    int n = epoll_wait(run.epoll, events, 256, milliseconds);
    for (int i = 0; i < n; i++)
        receive(events[i].data.ptr);
}

/* Open what is due by now; false once all have been. */
static bool open_due(int64_t since)
{
    int64_t due = (tool_now() - since) * options.rate / 1000000000;
    while (run.begun < due && run.begun < options.streams)
        begin(&run.streams[run.begun++]);
    return run.begun < options.streams;
}

static void open_all(void)
{
    int64_t since = tool_now();
    while (open_due(since))
        wait_and_handle(1);
    int64_t last = tool_now() + GRACE;
    while (run.open + run.errors < options.streams && tool_now() < last)
        wait_and_handle(10);
}

static void keep_for(int64_t ns)
{
    int64_t last = tool_now() + ns;
    while (tool_now() < last)
        wait_and_handle(10);
}

static void hang_up(void)
{
    for (long i = 0; i < run.begun; i++)
        if (run.streams[i].fd >= 0)
            close(run.streams[i].fd);
}

static long resident(void)
{
    return options.watch > 0 ? cost_of(options.watch).rss_kb : 0;
}

static void read_flags(int argc, char **argv)
{
    const struct tool_flag flags[] = {
        {"--port", "of the server, on 127.0.0.1", .number = &options.port},
        {"--streams", "to hold open (10000)", .number = &options.streams},
        {"--rate", "opened in a second (2000)", .number = &options.rate},
        {"--pace-ms", "between two events (3000)",
         .number = &options.body.pace_ms},
        {"--ms", "to hold them all (3000)", .number = &options.milliseconds},
        {"--settle-ms", "after the hang-up, until memory is read (1000)",
         .number = &options.settle},
        {"--watch", "the process whose memory to read",
         .number = &options.watch},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
}

int main(int argc, char **argv)
{
    read_flags(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    run.request = body_request(&options.body, &run.request_len);
    run.epoll = epoll_create1(0);
    size_t size = (size_t)options.streams * sizeof *run.streams;
    run.streams = tool_grow(NULL, size);
    memset(run.streams, 0, size);

    long before = resident();
    open_all();
    keep_for(options.milliseconds * 1000000);
    long held = run.open, full = resident();
    hang_up();
    keep_for(options.settle * 1000000);
    printf("{\"streams\":%ld,\"errors\":%ld,\"before_kb\":%ld,\"open_kb\":%ld,"
           "\"after_kb\":%ld}\n",
           held, options.streams - held, before, full, resident());
    return held < options.streams;
}
