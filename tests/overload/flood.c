/*
** flood.c -- requests at a fixed rate, whatever becomes of them.
**
** The load is open: the n-th request should leave at n / rate, and its time
** counts from there, so a server that stalls is charged for all who would
** have come meanwhile. A refusal (503 with Retry-After) is an outcome like an
** answer and is counted apart; anything else is an error.
**
** A request takes an idle connection or opens a new one, up to a most; when
** there is none it leaves late, and that counts too.
*/
#include "../bench/answer.h"
#include "../bench/body.h"
#include "../bench/samples.h"
#include "../bench/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define GRACE     ((int64_t)30 * 1000000000) /* for the last replies */
#define READ_SIZE 65536

struct link {
    int fd;            /* -1: closed */
    bool busy;         /* a reply is awaited */
    size_t sent;       /* bytes of the request that are out */
    int64_t since;     /* when the request should have left */
    int64_t left;      /* and when it did */
    struct link *next; /* in the pile of idle ones */
    struct answer answer;
};

static struct {
    long port, rate, connections, milliseconds, size;
    bool stream;
} options = {.connections = 4000, .milliseconds = 5000, .size = 1024};

static struct {
    int epoll;
    char *request;
    size_t request_len;
    struct link *links, *idle;
    long links_n, busy, sent, good, refused, errors;
    int64_t began, ended;
    struct samples good_times, refused_times, served_times, late;
} run;

/* --- connections ---------------------------------------------------------- */

static void listen_to(struct link *link, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = link};
    epoll_ctl(run.epoll, how, link->fd, &event);
}

/* It is connecting when this returns. */
static bool dial(struct link *link)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return false;
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(link->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
        errno != EINPROGRESS) {
        close(link->fd);
        link->fd = -1;
        return false;
    }
    listen_to(link, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
    return true;
}

static void hang_up(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

static void lay_idle(struct link *link)
{
    link->next = run.idle;
    run.idle = link;
}

/* An idle connection, or a place for a new one, or NULL. */
static struct link *free_link(void)
{
    struct link *link = run.idle;
    if (link != NULL) {
        run.idle = link->next;
        return link;
    }
    if (run.links_n == options.connections)
        return NULL;
    link = &run.links[run.links_n++];
    *link = (struct link){.fd = -1};
    return link;
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
    if (run.errors++ < 3)
        fprintf(stderr, "flood: %s (status %d, %zu bytes sent, body %lld)\n",
                why, link->answer.status, link->sent,
                (long long)link->answer.body);
    hang_up(link);
    end_request(link);
}

static bool may_come_again(const struct answer *a)
{
    return strcasestr(a->head, "\nretry-after: ") != NULL &&
           strcasestr(a->head, "\nx-should-retry: true") != NULL;
}

static void whole(struct link *link, int64_t now)
{
    const struct answer *a = &link->answer;
    if (a->status == 503 && may_come_again(a)) {
        run.refused++;
        samples_add(&run.refused_times, now - link->since);
        samples_add(&run.served_times, now - link->left);
    } else if (a->status != 200) {
        fail(link, "neither an answer nor a proper refusal");
        return;
    } else if (options.stream && !answer_ends_with(a, "data: [DONE]\n\n")) {
        fail(link, "a stream without [DONE]");
        return;
    } else {
        run.good++;
        samples_add(&run.good_times, now - link->since);
    }
    if (a->closes)
        hang_up(link);
    end_request(link);
}

/* --- sending and receiving ------------------------------------------------ */

static void push(struct link *link)
{
    while (link->sent < run.request_len) {
        ssize_t n = send(link->fd, run.request + link->sent,
                         run.request_len - link->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return; /* the socket is watched until all is out */
        if (n < 0) {
            fail(link, strerror(errno));
            return;
        }
        link->sent += (size_t)n;
    }
    listen_to(link, EPOLLIN, EPOLL_CTL_MOD);
}

static int64_t next_time(void)
{
    return run.began + run.sent * 1000000000 / options.rate;
}

static bool is_over(int64_t now)
{
    return now - run.began >= options.milliseconds * 1000000;
}

static void start(struct link *link, int64_t now)
{
    link->since = next_time();
    link->left = now;
    link->busy = true;
    link->sent = 0;
    answer_begin(&link->answer);
    samples_add(&run.late, now - link->since);
    run.sent++;
    run.busy++;
    if (link->fd < 0 && !dial(link))
        fail(link, "no connection");
    else
        push(link);
}

static void send_due(void)
{
    int64_t now = tool_now();
    struct link *link;
    while (!is_over(now) && next_time() <= now && (link = free_link()) != NULL)
        start(link, now);
}

static void receive(struct link *link)
{
    static char bytes[READ_SIZE];
    ssize_t n = read(link->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN)
        return;
    if (!link->busy) {
        run.errors += n > 0; /* words nobody asked for; closing is its right */
        hang_up(link);
        return;
    }
    if (n <= 0) {
        fail(link, "the server closed within a reply");
        return;
    }
    enum answer_state state = answer_feed(&link->answer, bytes, (size_t)n);
    if (state == ANSWER_BROKEN)
        fail(link, "a reply that is not well framed");
    else if (state == ANSWER_WHOLE)
        whole(link, tool_now());
}

static void handle(struct link *link, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && link->busy)
        push(link);
    if (link->fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        receive(link);
}

static void turn(void)
{
    struct epoll_event events[256];
    int64_t now = tool_now(), ns = is_over(now) ? 100000000 : next_time() - now;
    ns = ns > 0 ? ns : 0;
    struct timespec most = {ns / 1000000000, ns % 1000000000};
    int n = epoll_pwait2(run.epoll, events, 256, &most, NULL);
    for (int i = 0; i < n; i++)
        handle(events[i].data.ptr, events[i].events);
    send_due();
}

static void run_all(void)
{
    run.began = tool_now();
    while (!is_over(tool_now()))
        turn();
    run.ended = tool_now();
    while (run.busy > 0 && tool_now() < run.ended + GRACE)
        turn();
    run.errors += run.busy;
}

/* --- beginning and end ---------------------------------------------------- */

static void tell(const char *name, struct samples *s)
{
    samples_sort(s);
    printf("\"%s_p50_us\":%.0f,\"%s_p99_us\":%.0f,\"%s_max_us\":%.0f,", name,
           samples_rank(s, 0.5), name, samples_rank(s, 0.99), name,
           samples_rank(s, 1));
}

static void report(void)
{
    double seconds = (double)(run.ended - run.began) / 1e9;
    printf("{\"sent\":%ld,\"good\":%ld,\"refused\":%ld,\"errors\":%ld,",
           run.sent, run.good, run.refused, run.errors);
    printf("\"seconds\":%.3f,\"offered_rps\":%.0f,\"good_rps\":%.1f,"
           "\"connections\":%ld,",
           seconds, (double)run.sent / seconds, (double)run.good / seconds,
           run.links_n);
    tell("good", &run.good_times);
    tell("refused", &run.refused_times);
    tell("served", &run.served_times); /* refused, from when it left */
    tell("late", &run.late);
    printf("\"rate\":%ld}\n", options.rate);
}

static void read_flags(int argc, char **argv)
{
    const struct tool_flag flags[] = {
        {"--port", "of the server, on 127.0.0.1", .number = &options.port},
        {"--rate", "requests per second", .number = &options.rate},
        {"--connections", "at most (4000)", .number = &options.connections},
        {"--ms", "for so long (5000)", .number = &options.milliseconds},
        {"--size", "bytes of the body (1024)", .number = &options.size},
        {"--stream", "ask for streams", .on = &options.stream},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    if (options.rate == 0 || options.connections == 0)
        tool_die("flood: --rate and --connections cannot be 0");
}

int main(int argc, char **argv)
{
    struct rlimit files;
    read_flags(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct body body = {.size = (size_t)options.size,
                        .stream = options.stream,
                        .path = "/v1/chat/completions"};
    run.request = body_request(&body, &run.request_len);
    run.epoll = epoll_create1(0);
    run.links =
        tool_grow(NULL, (size_t)options.connections * sizeof *run.links);
    run_all();
    report();
    return run.errors > 0;
}
