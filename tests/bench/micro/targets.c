/*
** targets.c -- what is decided before every call, in nanoseconds.
**
** Each row is the least of several runs: this is about our code, and not about
** who else is on the machine. The bar of each is a microsecond. With a number
** of times as its argument it only shows that it runs.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "meter/pick.h"
#include "meter/target.h"

#define RUNS   7
#define GROUP  8
#define BAR_NS 1000.0

static struct target targets[GROUP];
static struct target_rules rules;
static struct pick_turn turn;
static nanos now = 1000 * NANOS_S;
static long chosen[GROUP];

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- what is measured ------------------------------------------------------ */

static void breaker_check(void)
{
    struct breaker_view view;
    bool changed;
    uint64_t ticket = breaker_enter(&targets[0].breaker, &rules.breaker, now,
                                    &view, &changed);
    chosen[0] += ticket != 0;
}

/* All that a call tells its target, from before it to its end. */
static void whole_visit(void)
{
    struct visit v = {
        .target = &targets[0], .rules = rules, .stream = true, .body = 400};
    struct target_news news;
    struct hints hints = hints_none();
    now += NANOS_MS;
    visit_enter(&v, now, &news);
    visit_sent(&v, now);
    visit_heard(&v, &hints, now);
    visit_begun(&v, now + NANOS_MS, 0, &news);
    struct visit_end end = {.sign = VISIT_WELL, .now = now + 2 * NANOS_MS};
    visit_ended(&v, &end, &news);
}

static enum pick_by by;

static void pick(void)
{
    struct candidate of[GROUP];
    uint64_t there = 0;
    for (int i = 0; i < GROUP; i++) {
        struct target_view view;
        target_look(&targets[i], &rules, now, &view);
        of[i] = (struct candidate){.weight = 1,
                                   .busy = view.busy,
                                   .load = view.load,
                                   .share = view.spare,
                                   .name = (uint64_t)i * 77};
        there |= (uint64_t)!view.open << i;
    }
    struct pick p = {.by = by,
                     .of = of,
                     .n = GROUP,
                     .may = there,
                     .key = turn.n,
                     .turn = pick_next_turn(&turn)};
    chosen[pick_one(&p)]++;
}

/* --- measuring ------------------------------------------------------------- */

static int over, times = 200000;

static void row(const char *name, void (*what)(void))
{
    double least = 1e18;
    for (int run = 0; run < RUNS; run++) {
        double from = cpu_ns();
        for (int i = 0; i < times; i++)
            what();
        double each = (cpu_ns() - from) / times;
        least = each < least ? each : least;
    }
    over += least > BAR_NS;
    printf("| %-36s | %7.1f | %6.0f |%s\n", name, least, BAR_NS,
           least > BAR_NS ? " over" : "");
}

static void picks(void)
{
    for (int i = 0; i < PICK_BYS; i++) {
        char name[64];
        by = (enum pick_by)i;
        snprintf(name, sizeof name, "pick of %d, %s", GROUP, pick_name(by));
        row(name, pick);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        times = (int)strtol(argv[1], NULL, 10);
    rules = (struct target_rules){.breaker = breaker_usual};
    for (int i = 0; i < GROUP; i++)
        target_init(&targets[i]);
    printf("| %-36s | %7s | %6s |\n", "before a call", "ns", "bar");
    printf("|%s|%s|%s|\n", "--------------------------------------",
           "---------", "--------");
    row("breaker check", breaker_check);
    row("breaker and figures of a whole call", whole_visit);
    picks();
    for (int i = 0; i < GROUP; i++)
        target_fini(&targets[i]);
    return over != 0 && argc == 1;
}
