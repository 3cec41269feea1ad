/*
** limits.c -- what a limit costs a request, in nanoseconds of processor time.
**
** A take is one verdict over a limit with its settling left out; each row is the
** least of several runs. The rows of two threads are what a take costs while
** the other thread does the same: on names of their own, and all on one. With a
** number of times as its argument it only shows that it runs.
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "meter/limit/limiter.h"

#define RUNS   7
#define NAMES  1000
#define BAR_NS 100.0

static struct limiter limiter;
static struct limit_rules rules;
static bool one_name;
static long times = 1000000;

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Takes at 100,000 a second; `first` tells one thread's names from another's. */
static void *takes(void *first)
{
    static const char digits[] = "0123456789";
    char who[12] = "user-000000";
    nanos now = 1000 * NANOS_S;
    who[5] = *(const char *)first;
    for (long i = 0; i < times; i++) {
        struct limit_ticket ticket;
        if (!one_name)
            for (long at = 10, n = i % NAMES; at > 7; at--, n /= 10)
                who[at] = digits[n % 10];
        struct limit_ask ask = {.who = {who, 11}, .tokens = 900};
        ask.now = ask.until = now += 10 * NANOS_US;
        limiter_take(&limiter, &rules, &ask, &ticket);
    }
    return NULL;
}

static void begin(int64_t burst, int parts)
{
    static const uint64_t dice[2] = {3, 4};
    limiter = (struct limiter){.most = 0};
    limiter_init(&limiter);
    limiter_seed(&limiter, dice);
    rules = (struct limit_rules){.n = parts};
    for (int i = 0; i < parts; i++)
        rules.parts[i] = (struct limit_part){
            i == 0 ? COUNT_REQUESTS : COUNT_TOKENS,
            {.n = 100000000, .per = 60 * NANOS_S, .burst = burst}};
}

static double least(int threads)
{
    double best = 1e18;
    for (int run = 0; run < RUNS; run++) {
        pthread_t other;
        double from = cpu_ns();
        if (threads == 2 &&
            pthread_create(&other, NULL, takes, (void *)(uintptr_t) "b") != 0)
            exit(1);
        takes((void *)(uintptr_t) "a");
        if (threads == 2)
            pthread_join(other, NULL);
        double took = (cpu_ns() - from) / (double)(times * threads);
        best = took < best ? took : best;
    }
    return best;
}

static void row(const char *name, int threads)
{
    double ns = least(threads);
    printf("%-44s %8.1f ns%s\n", name, ns,
           threads == 1 && ns > BAR_NS ? "  (bar 100)" : "");
    limiter_fini(&limiter);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        times = strtol(argv[1], NULL, 10);
    begin(0, 1);
    row("take, requests, 1,000 names", 1);
    begin(10000, 1);
    row("take, requests with a burst, 1,000 names", 1);
    begin(0, 2);
    row("take, requests and tokens, 1,000 names", 1);
    begin(0, 1);
    one_name = true;
    row("take, requests, one name", 1);
    one_name = false;
    begin(0, 1);
    row("two threads at once: names of their own", 2);
    begin(0, 1);
    one_name = true;
    row("two threads at once: one name", 2);
    return 0;
}
