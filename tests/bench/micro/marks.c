/*
** marks.c -- what the mark of a client's key costs, in nanoseconds of processor
** time: by itself, and as a ring makes it for each request. Each row is the least
** of several runs; the bar is a microsecond. With a number of times as its argument
** it only shows that it runs.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mac.h"

#define RUNS   7
#define BAR_NS 1000.0

static const unsigned char secret[MAC_KEY] = "a secret of thirty-two bytes, no";
static char text[] = "peri-0123456789abcdef0123456789abcdef0123456789abcdef";
static struct mac_maker *maker;
static struct mac mark;
static long times = 200000;

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void by_itself(void)
{
    mac_of(secret, str_of(text), &mark);
}

static void of_a_ring(void)
{
    mac_make(maker, str_of(text), &mark);
}

static void row(const char *name, void (*once)(void), double bar)
{
    double best = 1e18;
    for (int run = 0; run < RUNS; run++) {
        double from = cpu_ns();
        for (long i = 0; i < times; i++) {
            text[9] = (char)('0' + i % 10);
            once();
        }
        double took = (cpu_ns() - from) / (double)times;
        best = took < best ? took : best;
    }
    printf("%-44s %8.1f ns%s\n", name, best, best > bar ? "  (bar 1000)" : "");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        times = strtol(argv[1], NULL, 10);
    maker = mac_maker_new(secret);
    if (maker == NULL)
        return 1;
    row("mark of a key, by itself", by_itself, 1e9);
    row("mark of a key, as for each request", of_a_ring, BAR_NS);
    mac_maker_free(maker);
    return 0;
}
