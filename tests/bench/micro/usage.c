/*
** usage.c -- what it costs to book who has used what.
**
** An entry is what the end of a request adds to the book, in nanoseconds of
** processor time; each row is the least of several runs. Then what goes on
** elsewhere: writing a thousand rows, and a report over a year of 250 rows a day,
** in milliseconds, in a store in memory where there is such a place. With a
** number of times as its argument it only shows that it runs.
*/
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/usage/book.h"
#include "store/usage/usage.h"

#define RUNS   7
#define DAY    20000
#define CLOCK  ((nanos)DAY * 86400 * NANOS_S)
#define BAR_NS 500.0

static const uint64_t dice[2] = {3, 4};
static struct book book;
static struct store *store;
static long times = 1000000;
static int names_n;

static double ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void add(int day, int user)
{
    char name[16];
    snprintf(name, sizeof name, "user-%06d", user);
    struct book_entry e = {.day = day,
                           .names = {STR("key_3f9a2c81d0"), str_of(name),
                                     STR("gold"), STR("chat"),
                                     STR("openai/gpt-4o-mini")},
                           .proven = 1U << USAGE_USER,
                           .sums = {{1, 0, 1, 0, 900, 120, 0, 0, 207000, 0}}};
    book_add(&book, &e);
}

/* The name is written by hand: snprintf costs more than what is measured. */
static void *adds(void *user)
{
    char name[] = "user-000000";
    struct book_entry e = {.day = DAY,
                           .names = {STR("key_3f9a2c81d0"),
                                     {name, 11},
                                     STR("gold"),
                                     STR("chat"),
                                     STR("openai/gpt-4o-mini")},
                           .sums = {{1, 0, 1, 0, 900, 120, 0, 0, 207000, 0}}};
    for (long i = 0; i < times; i++) {
        long n = i % names_n;
        name[8] = (char)('0' + n / 100);
        name[9] = (char)('0' + n / 10 % 10);
        name[10] = (char)('0' + n % 10);
        book_add(&book, &e);
    }
    return user;
}

static void row(const char *what, int names, int threads)
{
    double best = 1e18;
    names_n = names;
    for (int run = 0; run < RUNS; run++) {
        pthread_t other;
        double from = ns(CLOCK_PROCESS_CPUTIME_ID);
        if (threads == 2 && pthread_create(&other, NULL, adds, NULL) != 0)
            exit(1);
        adds(NULL);
        if (threads == 2)
            pthread_join(other, NULL);
        double took =
            (ns(CLOCK_PROCESS_CPUTIME_ID) - from) / (double)(times * threads);
        best = took < best ? took : best;
    }
    printf("%-44s %8.1f ns%s\n", what, best,
           best > BAR_NS ? "  (bar 500)" : "");
}

/* --- the store ------------------------------------------------------------- */

static bool open_store(char *folder)
{
    struct store_why why;
    if (mkdtemp(folder) == NULL)
        return false;
    struct store_options options = {.path = folder};
    return store_open(&store, &options, &why) == STORE_OK;
}

static void drop_folder(const char *folder)
{
    static const char *const files[] = {"data.mdb", "lock.mdb",
                                        "perilune.lock"};
    char path[100];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static double flush(void)
{
    double from = ns(CLOCK_MONOTONIC);
    if (book_flush(&book, store, CLOCK).result != STORE_OK)
        exit(1);
    return (ns(CLOCK_MONOTONIC) - from) / 1e6;
}

static void write_rows(void)
{
    double least = 1e18;
    for (int run = 0; run < RUNS; run++) {
        for (int user = 0; user < 1000; user++)
            add(DAY, user);
        double took = flush();
        least = took < least ? took : least;
    }
    printf("%-44s %8.1f ms\n", "1,000 rows added to and written", least);
}

static void read_year(int days)
{
    struct buf to;
    struct usage_query q;
    struct store_why why;
    char room[USAGE_WHY], what[64];
    for (int day = 0; day < days; day++) {
        for (int user = 0; user < 250; user++)
            add(DAY - day, user);
        flush();
    }
    usage_query_init(&q, CLOCK, dice);
    q.from = DAY - days;
    usage_query_take(&q, STR("by"), STR("user"), room);
    buf_init(&to, 1 << 24);
    double from = ns(CLOCK_MONOTONIC);
    if (!usage_report(&to, store, &q, USAGE_CSV, &why))
        exit(1);
    snprintf(what, sizeof what, "a report by user over %d days", days);
    printf("%-44s %8.1f ms\n", what, (ns(CLOCK_MONOTONIC) - from) / 1e6);
    buf_fini(&to);
}

int main(int argc, char **argv)
{
    char folder[] = "/dev/shm/perilune-bench-XXXXXX";
    if (argc > 1)
        times = strtol(argv[1], NULL, 10);
    book_init(&book);
    book_setup(&book, 40000, dice);
    row("an entry, one name", 1, 1);
    row("an entry, 1,000 names", 1000, 1);
    row("two threads at once: 1,000 names", 1000, 2);
    if (!open_store(folder))
        return 1;
    flush();
    write_rows();
    read_year(argc > 1 ? 3 : 365);
    store_close(store);
    drop_folder(folder);
    book_fini(&book);
    return 0;
}
