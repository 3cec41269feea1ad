/*
** upstream.c -- poll, and a buffer for each connection.
*/
#include "upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST  64
#define BYTES 16384

static struct pollfd polled[MOST];
static struct came {
    size_t n;
    char bytes[BYTES];
} came[MOST];
static nfds_t count;
static pid_t child;
static atomic_long *answers; /* shared with the child */

#define EVENT(text)                                                       \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","           \
    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" \
    "\"content\":\"" text "\"},\"finish_reason\":null}]}\n\n"
#define STREAM_HEAD                                          \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" \
    "Transfer-Encoding: chunked\r\n\r\n"

static const char last_event[] =
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
    "\"completion_tokens\":2,\"total_tokens\":3}}\n\ndata: [DONE]\n\n";
static const char whole[] =
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
    "\"assistant\",\"content\":\"hello world\"},\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,"
    "\"total_tokens\":3}}";

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void say_chunk(int fd, const char *text)
{
    char size[24];
    snprintf(size, sizeof size, "%zx\r\n", strlen(text));
    say(fd, size);
    say(fd, text);
    say(fd, "\r\n");
}

static void say_whole(int fd, const char *status, const char *body)
{
    char head[160];
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             status, strlen(body));
    say(fd, head);
    say(fd, body);
}

static void answer(int fd, const char *body)
{
    if (strstr(body, "\"busy\"") != NULL) {
        say_whole(fd, "503 Busy", "{\"error\":{\"message\":\"busy\"}}");
        return;
    }
    atomic_fetch_add(answers, 1);
    if (strstr(body, "\"stream\":true") == NULL) {
        say_whole(fd, "200 OK", whole);
    } else {
        say(fd, STREAM_HEAD);
        say_chunk(fd, EVENT("hello"));
        if (strstr(body, "\"drip\"") != NULL)
            return;
        say_chunk(fd, EVENT(" world"));
        say_chunk(fd, last_event);
        say(fd, "0\r\n\r\n");
    }
}

/* Answer when the request is whole; 0 when there is no room for it. */
static int look(int fd, struct came *c)
{
    c->bytes[c->n] = '\0';
    if (c->bytes[0] != 'P')
        return 0; /* TLS is not spoken here */
    const char *end = strstr(c->bytes, "\r\n\r\n");
    const char *length = strcasestr(c->bytes, "content-length:");
    if (end == NULL || length == NULL)
        return c->n + 1 < BYTES;
    size_t head = (size_t)(end - c->bytes) + 4;
    if (c->n < head + strtoul(length + 15, NULL, 10))
        return c->n + 1 < BYTES;
    answer(fd, end);
    c->n = 0;
    return 1;
}

static void drop(nfds_t i)
{
    close(polled[i].fd);
    polled[i] = polled[--count];
    came[i] = came[count];
}

static void take(void)
{
    int fd = accept(polled[0].fd, NULL, NULL);
    if (fd < 0 || count == MOST) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    polled[count] = (struct pollfd){.fd = fd, .events = POLLIN};
    came[count++].n = 0;
}

static void serve(void)
{
    for (;;) {
        poll(polled, count, -1);
        for (nfds_t i = count - 1; i > 0; i--) {
            if (polled[i].revents == 0)
                continue;
            struct came *c = &came[i];
            ssize_t n =
                recv(polled[i].fd, c->bytes + c->n, BYTES - 1 - c->n, 0);
            c->n += n > 0 ? (size_t)n : 0;
            if (n <= 0 || !look(polled[i].fd, c))
                drop(i);
        }
        if (polled[0].revents != 0)
            take();
    }
}

int upstream_start(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        return 0;
    polled[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    answers = mmap(NULL, sizeof *answers, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answers == MAP_FAILED)
        return 0;
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve();
    }
    close(fd);
    return ntohs(at.sin_port);
}

long upstream_answers(void)
{
    return atomic_load(answers);
}

void upstream_stop(void)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
