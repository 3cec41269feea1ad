/*
** torture.c -- every allocation and every system call fails, one by one.
**
**     torture [-k memory|system] [-o] [-S] [-m MOST] [-f FROM] [-r SCENARIO] [-n N]
**             [-l plain|money]
**
** A scenario is one life of a runtime behind a real socket, with libcurl and
** an upstream in another process. Its part under torture is run once for each
** call that it makes, with that call failing, until one run makes no more. It
** is told well when nobody crashed, every request came to an answer or to a
** closed connection, the next request was served, and after the close no
** block of memory and no descriptor is left.
*/
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gate/loopguard.h"
#include "life.h"

#define MOST_FDS 256
#define RARE     500 /* calls of a dear scenario, where all of others fail */

/* --- one run, and all of them ------------------------------------------------------ */

static int descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < MOST_FDS; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static struct fault_plan plan;
static long calls; /* that the tortured part made */
static int wrongs; /* of this run */

/* Threads of the resolver may end a little later than we. */
static int left_behind(long blocks, int fds)
{
    static const struct timespec moment = {0, 1000000};
    for (int i = 0; i < 300; i++) {
        if (fault_blocks() == blocks && descriptors() == fds)
            return 0;
        nanosleep(&moment, NULL);
    }
    return 1;
}

static long blocks_before;
static int fds_before;

/* Libraries keep what they make once: only what is left each time is lost. */
static int leaks(const struct scenario *s)
{
    for (int i = 0; i < 4; i++) {
        if (!left_behind(blocks_before, fds_before))
            return 0;
        blocks_before = fault_blocks();
        fds_before = descriptors();
        live(s, &plan, &wrongs);
    }
    printf("#    %ld blocks, %d descriptors are left behind\n",
           fault_blocks() - blocks_before, descriptors() - fds_before);
    return 1;
}

static int run(const struct scenario *s)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    wrongs = 0;
    calls = live(s, &plan, &wrongs);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (leaks(s))
        wrongs++;
    blocks_before = fault_blocks();
    fds_before = descriptors();
    double took = (double)(to.tv_sec - from.tv_sec) +
                  (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    if (took > 1 && getenv("SLOW") != NULL) {
        printf("#    took %.1f s\n", took);
        fault_tell();
    }
    if (wrongs > 0) {
        printf("#    %s, n = %ld\n", s->name, plan.n);
        fault_tell();
    }
    return wrongs > 0;
}

struct told {
    long runs, failed, wrong, calls;
};

/* The n-th call fails in every way it can; false when there is no n-th. */
static int torture_nth(const struct scenario *s, struct told *told)
{
    for (plan.how = 0;; plan.how++) {
        told->wrong += run(s);
        told->runs++;
        told->failed += fault_happened();
        if (!fault_happened())
            return plan.n <= calls;
        if (plan.kind == FAULT_MEMORY)
            return 1;
    }
}

/* At most `most` of the calls, spread evenly; 0 = all of them. */
static struct told torture(const struct scenario *s, long from, long most)
{
    struct told told = {0};
    long n = plan.n;
    plan.n = 0;
    for (int i = 0; i < 2; i++) { /* what is made once, for ever, is made */
        told.calls = live(s, &plan, &wrongs);
    }
    blocks_before = fault_blocks();
    fds_before = descriptors();
    if (plan.shorten) {
        told.runs = told.failed = 1;
        told.wrong = run(s);
        return told;
    }
    if (s->rarer > 0)
        most = most > 0 ? (most + s->rarer - 1) / s->rarer : RARE;
    long step = most > 0 ? (told.calls + most - 1) / most : 1;
    plan.n = n != 0 ? n : 1 + from % (step > 0 ? step : 1);
    while (torture_nth(s, &told) && (n == 0 || told.runs < 3))
        plan.n += n == 0 ? step : 0;
    plan.n = n;
    return told;
}

static int report(const struct scenario *s, struct told told)
{
    static const char *const kinds[] = {"", "allocations", "system calls"};
    printf("# %s: %ld %s in a run, failed %ld, in %ld runs\n", s->name,
           told.calls, kinds[plan.kind], told.failed, told.runs);
    int well = told.wrong == 0 && told.failed > 0;
    printf("%s torture %s: %s fail %s\n", well ? "ok  " : "not ok", s->name,
           kinds[plan.kind],
           plan.shorten   ? "short"
           : plan.onwards ? "from one on"
                          : "in turn");
    fflush(stdout);
    return !well;
}

/* Those of a list, or the one of that name. */
static int torture_all(const struct scenario *s, const char *only, long from,
                       long most)
{
    int bad = 0;
    for (; s->name != NULL; s++)
        if (only == NULL || strcmp(only, s->name) == 0)
            bad += report(s, torture(s, from, most));
    return bad;
}

int main(int argc, char **argv)
{
    const char *only = NULL, *list = "";
    long most = 0, from = 0;
    plan.kind = FAULT_MEMORY;
    for (int c; (c = getopt(argc, argv, "k:oSm:f:r:n:l:")) != -1;) {
        switch (c) {
        case 'k':
            plan.kind = optarg[0] == 'm' ? FAULT_MEMORY : FAULT_SYSTEM;
            break;
        case 'o':
            plan.onwards = 1;
            break;
        case 'S':
            plan.shorten = 1;
            break;
        case 'm':
            most = atol(optarg);
            break;
        case 'f':
            from = atol(optarg);
            break;
        case 'r':
            only = optarg;
            break;
        case 'l':
            list = optarg;
            break;
        case 'n':
            plan.n = atol(optarg);
            break;
        default:
            return 2;
        }
    }
    fault_mine(0);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    signal(SIGPIPE, SIG_IGN);
    loopguard_set();
    if (lives_begin() != 0)
        return 1;
    int bad = 0;
    if (list[0] != 'm')
        bad += torture_all(plain_lives, only, from, most);
    if (list[0] != 'p')
        bad += torture_all(money_lives, only, from, most);
    lives_end();
    return bad > 0;
}
