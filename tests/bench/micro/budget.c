/*
** budget.c -- a reservation over six budgets and its end, in nanoseconds.
**
** In a file in memory and in one on the disk that the process keeps mapped: the
** same to the processor. Each row is the least of several runs. The bar is a
** microsecond for both together. With a number of times as its argument it only
** shows that it runs.
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/ledger.h"

#define RUNS   9
#define TIERS  6
#define USERS  1000
#define BAR_NS 1000.0

static struct ledger *ledger;
static struct ledger_line lines[USERS][TIERS];
static int users, over, times = 200000;

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Two budgets of a user, one of his team, three of all; one of them rolls. */
static void prepare(void)
{
    static const char *const names[TIERS] = {
        "user-hour", "user-day", "team-day", "hour", "day", "month"};
    static const int shared_by[TIERS] = {1, 1, 10, USERS, USERS, USERS};
    nanos now = 1700000000 * NANOS_S;
    for (int u = 0; u < USERS; u++)
        for (int i = 0; i < TIERS; i++) {
            struct period p = {.unit = i < 5 ? PERIOD_DAY : PERIOD_MONTH,
                               .rolling = i == 0};
            char key[16];
            snprintf(key, sizeof key, "%d", u / shared_by[i]);
            lines[u][i] = (struct ledger_line){
                .id = ledger_id(ledger, str_of(names[i]), str_of(key)),
                .span = period_at(&p, now),
                .limit = INT64_MAX,
                .amount = 5000};
        }
}

static void once(int i)
{
    static const int64_t actual[TIERS] = {900, 900, 900, 900, 900, 900};
    struct ledger_lease lease;
    struct ledger_refusal no;
    if (ledger_reserve(ledger, lines[i % users], TIERS, &lease, &no) == 0)
        ledger_settle(ledger, &lease, actual, TIERS);
}

static void row(const char *name, int of)
{
    double least = 1e18;
    users = of;
    for (int run = 0; run < RUNS; run++) {
        double from = cpu_ns();
        for (int i = 0; i < times; i++)
            once(i);
        double each = (cpu_ns() - from) / times;
        least = each < least ? each : least;
    }
    over += least > BAR_NS;
    printf("| %-44s | %7.1f | %6.0f |%s\n", name, least, BAR_NS,
           least > BAR_NS ? " over" : "");
}

static void with(const char *folder)
{
    struct ledger_options options = {.folder = folder, .dice = {1, 2}};
    struct store_why why;
    if (ledger_open(&ledger, &options, &why) != STORE_OK) {
        printf("%s\n", why.text);
        over++;
        return;
    }
    prepare();
    row(folder == NULL ? "one user, in memory" : "one user, in a file", 1);
    row(folder == NULL ? "1,000 users, in memory" : "1,000 users, in a file",
        USERS);
    ledger_close(ledger);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/perilune-bench-XXXXXX", file[64];
    if (argc > 1)
        times = (int)strtol(argv[1], NULL, 10);
    printf("| %-44s | %7s | %6s |\n", "reserve and settle over six budgets",
           "ns", "bar");
    printf("|%s|%s|%s|\n", "----------------------------------------------",
           "---------", "--------");
    with(NULL);
    if (mkdtemp(folder) != NULL) {
        with(folder);
        snprintf(file, sizeof file, "%s/budgets.map", folder);
        unlink(file);
        rmdir(folder);
    }
    return over != 0 && argc == 1;
}
