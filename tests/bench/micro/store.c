/*
** store.c -- what the store costs: rows a second and how long a row takes until
** it is written, for both durabilities; and what a look takes. `make bench-store`
** runs it, in a folder beside the build, on whatever disk that is.
**
** Writers hand in a batch of one row and a count each, and have so many on the
** way at a time: 1 is what a single request waits for, 64 and 512 are what many
** make of it together.
*/
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/batch.h"
#include "store/store.h"

#define VALUE 200 /* bytes: a reservation, a key, a short answer */

static struct store *store;
static double seconds = 1;

static double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* A look waits for nothing, so what it costs is processor time. */
static double worked(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

/* --- writing --------------------------------------------------------------- */

struct put {
    struct batch batch;
    double from;
};

static sem_t room;
static double *waits; /* of each put, in the order they were written */
static int waits_n;

static void written(struct batch *b)
{
    struct put *p = b->user;
    if (b->result != STORE_OK)
        die("a row was not written");
    waits[waits_n++] = now() - p->from;
    batch_fini(b);
    mem_free(p);
    sem_post(&room);
}

static void put(int i)
{
    char key[32], value[VALUE] = {0};
    struct put *p = mem_zero(sizeof *p);
    if (p == NULL)
        die("no memory");
    snprintf(key, sizeof key, "%08x-%d", (unsigned)i * 2654435761u, i);
    batch_init(&p->batch, 1);
    batch_put(&p->batch, STR("rows"), str_of(key), (str){value, VALUE},
              NANOS_NEVER);
    batch_add(&p->batch, STR("counts"), STR("all"), 1, NANOS_NEVER);
    p->batch.done = written;
    p->batch.user = p;
    p->from = now();
    if (store_commit(store, &p->batch) != STORE_OK)
        die("a row was refused");
}

static int longer(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void write_for(const char *durability, int at_a_time)
{
    int i = 0, most = 1 << 22;
    waits = malloc((size_t)most * sizeof *waits);
    waits_n = 0;
    sem_init(&room, 0, (unsigned)at_a_time);
    double from = now();
    for (; now() - from < seconds && i < most; i++) {
        while (sem_wait(&room) != 0)
            continue;
        put(i);
    }
    for (int left = at_a_time; left > 0; left--)
        while (sem_wait(&room) != 0)
            continue;
    double took = now() - from;
    qsort(waits, (size_t)waits_n, sizeof *waits, longer);
    printf("| %s | %d | %.0f | %.0f | %.0f | %.1f |\n", durability, at_a_time,
           i / took, waits[waits_n / 2] * 1e6, waits[waits_n * 99 / 100] * 1e6,
           waits[waits_n - 1] * 1e3);
    free(waits);
    sem_destroy(&room);
}

/* --- looking --------------------------------------------------------------- */

static void see(void *user, const struct row *row)
{
    *(size_t *)user += row->value.n;
}

static void look_for(void)
{
    int n = 0;
    size_t seen = 0;
    double from = worked(), took;
    while ((took = worked() - from) < seconds / 2)
        for (int i = 0; i < 1000; i++, n++) {
            char key[32];
            snprintf(key, sizeof key, "%08x-%d",
                     (unsigned)(n % 5000) * 2654435761u, n % 5000);
            struct store_look look = {.table = STR("rows"),
                                      .key = str_of(key),
                                      .row = see,
                                      .user = &seen};
            store_look(store, &look);
        }
    printf("\na look takes %.0f ns of processor time (%.0f %% were there)\n",
           took / n * 1e9, (double)seen / VALUE / n * 100);
}

/* --- both ------------------------------------------------------------------ */

static void open_in(const char *folder, enum store_durability durability)
{
    struct store_why why;
    struct store_options options = {.path = folder, .durability = durability};
    if (store_open(&store, &options, &why) != STORE_OK)
        die(why.text);
}

int main(int argc, char **argv)
{
    static const int at_a_time[] = {1, 64, 512};
    static const char *const names[] = {"process", "power"};
    const char *folder = argc > 1 ? argv[1] : "build/bench/store.data";
    seconds = argc > 2 ? atof(argv[2]) : 2;
    printf("| durability | on the way | rows/s | median, us | p99, us | "
           "longest, ms |\n|---|---|---|---|---|---|\n");
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < 3; i++) {
            open_in(folder, d == 0 ? STORE_PROCESS : STORE_POWER);
            write_for(names[d], at_a_time[i]);
            store_close(store);
        }
    open_in(folder, STORE_PROCESS);
    look_for();
    store_close(store);
    return 0;
}
