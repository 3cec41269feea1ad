/*
** start.c -- how long a server takes from its exec to its first answer.
**
** The command is started again and again, each time asked at once and until
** it answers, and ended with SIGTERM. The time counts from just before the
** fork to the last byte of a whole chat reply, so it holds everything that a
** user waits for.
*/
#include "answer.h"
#include "body.h"
#include "dial.h"
#include "samples.h"
#include "tool.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST ((int64_t)30 * 1000000000) /* for one start */
#define NAP  100                        /* us between two attempts */

static struct {
    long port, count, core;
} options = {.count = 5, .core = -1};

/* The words after "--" are the command; NULL when there are none. */
static char **command_of(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL;
        *argc = i;
        return argv + i + 1;
    }
    return NULL;
}

static pid_t begin(char **command)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (options.core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)options.core, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    tool_die("start: %s", command[0]);
}

/* Send the request and read the reply; false if it did not come whole. */
static bool ask(int fd, const char *request, size_t n)
{
    static char bytes[65536];
    struct answer answer;
    answer_begin(&answer);
    if (write(fd, request, n) != (ssize_t)n)
        return false;
    struct pollfd one = {.fd = fd, .events = POLLIN};
    while (poll(&one, 1, 10000) == 1) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        enum answer_state state = answer_feed(&answer, bytes, (size_t)got);
        if (state == ANSWER_WHOLE || state == ANSWER_BROKEN)
            return state == ANSWER_WHOLE && answer.status == 200;
    }
    return false;
}

/* Nanoseconds from the start of the command to its answer. */
static int64_t time_one(char **command, const char *request, size_t n)
{
    int64_t from = tool_now(), now = from;
    bool answered = false;
    pid_t pid = begin(command);
    while (!answered && now - from < MOST) {
        int fd = dial(options.port);
        if (fd >= 0) {
            answered = ask(fd, request, n);
            close(fd);
        } else {
            usleep(NAP);
        }
        now = tool_now();
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    if (!answered)
        tool_die("start: %s does not answer", command[0]);
    return now - from;
}

int main(int argc, char **argv)
{
    struct body body = {.size = 1024, .path = "/v1/chat/completions"};
    struct samples times = {0};
    size_t n;
    char **command = command_of(&argc, argv);
    const struct tool_flag flags[] = {
        {"--port", "where the command will listen", .number = &options.port},
        {"--count", "starts (5)", .number = &options.count},
        {"--core", "the core it is pinned to", .number = &options.core},
        {"--", "then the command itself", .on = &(bool){false}},
        {.name = NULL},
    };
    tool_flags(argc, argv, flags);
    if (command == NULL || command[0] == NULL)
        tool_die("start: no command after --");

    signal(SIGPIPE, SIG_IGN);
    char *request = body_request(&body, &n);
    for (long i = 0; i < options.count; i++)
        samples_add(&times, time_one(command, request, n));
    samples_sort(&times);
    printf("{\"starts\":%zu,\"p50_us\":%.0f,\"min_us\":%.0f,\"max_us\":%.0f}\n",
           times.n, samples_rank(&times, 0.5), samples_rank(&times, 0),
           samples_rank(&times, 1));
}
