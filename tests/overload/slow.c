/*
** slow.c -- clients that take their time, a thousand at once.
**
**     head    a header line that never ends, a byte a second
**     body    a body announced with 100 kB, a byte a second
**     reader  a large stream is asked for, and read a byte a second
**     upload  a body of 64 MB, as fast as the server takes it
**
** The first three are mixed; uploads are alone. Whoever is closed on comes
** back within a second, as an attacker would. All of them run until the time
** is over, and nobody looks at what they are told, save for its status.
*/
#include "../bench/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000000)
#define UPLOAD (64 << 20)
#define BUFFER 4096 /* of a slow reader's socket */

enum role { HEAD, BODY, READER, MIXED, LOADER = MIXED };

struct client {
    int fd; /* -1: comes again soon */
    enum role role;
    bool opened; /* the beginning of its request is out */
    int64_t sent;
};

static struct {
    long port, connections, milliseconds;
    bool upload;
} options = {.connections = 2000, .milliseconds = 10000};

static struct {
    int epoll;
    struct client *clients;
    long connects, closed, refused;
    int64_t uploaded;
} run;

static const char *const openings[] = {
    [HEAD] = "POST /v1/chat/completions HTTP/1.1\r\nhost: slow\r\nx-slow: ",
    [BODY] = "POST /v1/chat/completions HTTP/1.1\r\nhost: slow\r\n"
             "content-length: 100000\r\n\r\n{\"model\":\"",
    [READER] = "POST /v1/chat/completions HTTP/1.1\r\nhost: slow\r\n"
               "content-length: 80\r\n\r\n"
               "{\"model\":\"large\",\"stream\":true,\"messages\":["
               "{\"role\":\"user\",\"content\":\"hello\"}]}  ",
    [LOADER] = "POST /v1/chat/completions HTTP/1.1\r\nhost: slow\r\n"
               "content-length: 67108864\r\n\r\n",
};

static void dial(struct client *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int small = BUFFER;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return;
    if (c->role == READER)
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    c->opened = false;
    c->sent = 0;
    run.connects++;
    connect(c->fd, (struct sockaddr *)&to, sizeof to);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP, .data.ptr = c};
    epoll_ctl(run.epoll, EPOLL_CTL_ADD, c->fd, &event);
}

/* The server has had enough of it; what did it say? */
static void closed(struct client *c)
{
    char said[16];
    ssize_t n = c->role == READER ? 0 : recv(c->fd, said, sizeof said, 0);
    if (n >= 12 && memcmp(said + 9, "503", 3) == 0)
        run.refused++;
    run.closed++;
    close(c->fd);
    c->fd = -1;
}

static void quiet(struct client *c)
{
    struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = c};
    epoll_ctl(run.epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void open_request(struct client *c)
{
    const char *words = openings[c->role];
    c->opened = true;
    send(c->fd, words, strlen(words), MSG_NOSIGNAL);
    if (c->role != LOADER)
        quiet(c);
}

static void upload(struct client *c)
{
    static char zeros[65536];
    ssize_t n = send(c->fd, zeros, sizeof zeros, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        c->sent += n;
        run.uploaded += n;
    }
    if (c->sent >= UPLOAD)
        quiet(c);
}

static void handle(struct client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if ((events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0)
        closed(c);
    else if (!c->opened)
        open_request(c);
    else if (c->role == LOADER)
        upload(c);
}

/* A byte from each, or to each. */
static void tick(void)
{
    char byte = 'a';
    for (long i = 0; i < options.connections; i++) {
        struct client *c = &run.clients[i];
        if (c->fd < 0)
            dial(c);
        else if (c->opened && c->role == READER)
            recv(c->fd, &byte, 1, MSG_DONTWAIT);
        else if (c->opened && c->role != LOADER)
            send(c->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void run_all(void)
{
    struct epoll_event events[256];
    int64_t end = tool_now() + options.milliseconds * 1000000;
    int64_t next = tool_now();
    while (tool_now() < end) {
        int n = epoll_wait(run.epoll, events, 256, 20);
        for (int i = 0; i < n; i++)
            handle(events[i].data.ptr, events[i].events);
        if (tool_now() >= next) {
            tick();
            next += SECOND;
        }
    }
}

static long still_open(void)
{
    long n = 0;
    for (long i = 0; i < options.connections; i++)
        n += run.clients[i].fd >= 0;
    return n;
}

int main(int argc, char **argv)
{
    const struct tool_flag flags[] = {
        {"--port", "of the server, on 127.0.0.1", .number = &options.port},
        {"--connections", "how many (2000)", .number = &options.connections},
        {"--ms", "for so long (10000)", .number = &options.milliseconds},
        {"--upload", "large bodies instead", .on = &options.upload},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    run.epoll = epoll_create1(0);
    run.clients =
        tool_grow(NULL, (size_t)options.connections * sizeof *run.clients);
    for (long i = 0; i < options.connections; i++)
        run.clients[i] = (struct client){
            .fd = -1, .role = options.upload ? LOADER : (enum role)(i % MIXED)};
    run_all();
    printf("{\"connections\":%ld,\"open\":%ld,\"connects\":%ld,"
           "\"closed\":%ld,\"refused\":%ld,\"uploaded_mb\":%ld}\n",
           options.connections, still_open(), run.connects, run.closed,
           run.refused, (long)(run.uploaded >> 20));
    return 0;
}
