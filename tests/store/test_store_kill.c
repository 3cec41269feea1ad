/*
** test_store_kill.c -- what was acknowledged is there after SIGKILL, at any
** moment: while rows are written, while the map grows, while it is compacted.
**
** A child writes batches of two rows and a count and says over a pipe which was
** acknowledged; it is killed after a time drawn by dice. Then the store must
** open, have all that was said, have each batch whole, and the count of it.
*/
#include "store/store_rig.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static uint64_t dice = 0x9e3779b97f4a7c15u;

static uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

static int rounds(int few)
{
    return getenv("PERILUNE_LONG") != NULL ? few * 20 : few;
}

static char block[9000];

/* Batch number i: two rows, one with a value of varied length, and a count. */
static void fill(struct batch *b, int i)
{
    char key[2][24];
    batch_init(b, 0);
    snprintf(key[0], sizeof key[0], "a%08d", i);
    snprintf(key[1], sizeof key[1], "b%08d", i);
    memset(block, 'a' + i % 26, sizeof block);
    size_t n = (size_t)(i * 37) % sizeof block;
    batch_put(b, STR("t"), str_of(key[0]), (str){block, n},
              i % 3 == 0 ? 1000 : STAY);
    batch_put(b, STR("t"), str_of(key[1]), (str){block, n / 9}, STAY);
    batch_add(b, STR("t"), STR("count"), 1, STAY);
}

static int said[2];

static void acknowledge(struct batch *b)
{
    int i = (int)(intptr_t)b->user;
    if (b->result == STORE_OK && write(said[1], &i, sizeof i) != sizeof i)
        _exit(1);
    batch_fini(b);
    free(b);
}

/* In the child, until it is killed. */
static void write_on(int from)
{
    if (open_again() != STORE_OK)
        _exit(1);
    for (int i = from;; i++) {
        struct batch *b = malloc(sizeof *b);
        fill(b, i);
        b->done = acknowledge;
        b->user = (void *)(intptr_t)i;
        while (store_commit(store, b) == STORE_QUEUE)
            poll(NULL, 0, 1);
    }
}

/* The last batch that was acknowledged before the child was killed. Every other
** time it is killed whenever it may be, opening the store too; else not before
** it has said something. */
static int run_and_kill(void (*fn)(int), int from, useconds_t most)
{
    static unsigned turn;
    int last = from - 1, i;
    CHECK_INT(pipe(said), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        fn(from);
    close(said[1]);
    if (turn++ % 2 == 0 && read(said[0], &i, sizeof i) == sizeof i)
        last = i;
    usleep((useconds_t)roll(most));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(said[0], &i, sizeof i) == sizeof i)
        last = i;
    close(said[0]);
    return last;
}

static bool is_there(char kind, int i, size_t n)
{
    char key[24];
    snprintf(key, sizeof key, "%c%08d", kind, i);
    struct seen seen = look_with((struct store_look){.key = str_of(key)});
    bool whole = seen.result == STORE_OK && seen.value.n == n;
    for (size_t at = 0; whole && at < n; at++)
        whole = seen.value.p[at] == 'a' + i % 26;
    seen_fini(&seen);
    return whole;
}

static bool batch_is_there(int i)
{
    size_t n = (size_t)(i * 37) % sizeof block;
    return is_there('a', i, n) && is_there('b', i, n / 9);
}

/* How many batches the store has; all in order, each whole. */
static int batches_there(int from)
{
    int n = from;
    while (batch_is_there(n))
        n++;
    char key[24];
    snprintf(key, sizeof key, "b%08d", n);
    CHECK(has(key, NULL)); /* none in half */
    CHECK_INT(count_of("count"), n == 0 ? -1 : n);
    return n;
}

static void check_what_is_there(int last)
{
    CHECK_INT(open_again(), STORE_OK);
    if (store == NULL) {
        printf("#    %s\n", why.text);
        return;
    }
    int n = batches_there(0);
    CHECK(n > last);
    if (n <= last)
        printf("#    %d were acknowledged, %d are there\n", last + 1, n);
}

/* Kill, and kill again on what is there, until it is large. */
static void kill_rounds(enum store_durability durability, int times)
{
    void (*const begin)(void) =
        durability == STORE_POWER ? folder_open : folder_open_fast;
    begin();
    options = (struct store_options){.durability = durability};
    int n = 0, total = 0;
    for (int i = 0; i < times; i++) {
        int last = run_and_kill(write_on, n, 40000);
        check_what_is_there(last);
        n = store != NULL ? (int)count_of("count") : 0;
        n = n < 0 ? 0 : n;
        total += last + 1;
        store_close(store);
        store = NULL;
        if (n > 4000) { /* begin anew: it is read whole each time */
            folder_close();
            begin();
            n = 0;
        }
    }
    CHECK(total > 0);
    folder_close();
}

static void what_was_acknowledged_outlives_sigkill(void)
{
    kill_rounds(STORE_PROCESS, rounds(45));
}

static void and_so_it_does_when_each_group_waits_for_the_disk(void)
{
    kill_rounds(STORE_POWER, rounds(5));
}

/* --- growth ---------------------------------------------------------------- */

/* The map begins small, so that it grows all the time. */
static void grow_on(int from)
{
    static char large[300000];
    struct batch b;
    char key[24];
    options.most = (size_t)1 << 30;
    if (open_again() != STORE_OK)
        _exit(1);
    for (int i = from;; i++) {
        snprintf(key, sizeof key, "l%08d", i);
        memset(large, 'a' + i % 26, sizeof large);
        batch_init(&b, 0);
        batch_put(&b, STR("t"), str_of(key), (str){large, sizeof large}, STAY);
        if (store_write(store, &b) != STORE_OK ||
            write(said[1], &i, sizeof i) != sizeof i)
            _exit(1);
        batch_fini(&b);
    }
}

static void growing_may_be_cut_off_at_any_moment(void)
{
    for (int round = 0; round < rounds(6); round++) {
        folder_open_fast();
        options = (struct store_options){.path = NULL};
        int last = run_and_kill(grow_on, 0, 150000);
        CHECK_INT(open_again(), STORE_OK);
        for (int i = 0; i <= last; i++)
            CHECK(is_there('l', i, 300000));
        rig_close();
    }
}

/* --- compaction ------------------------------------------------------------ */

static void compact_on(int from)
{
    uint64_t sizes[2];
    for (int i = from;; i++)
        if (store_compact(folder_path("store"), sizes, &why) != STORE_OK ||
            write(said[1], &i, sizeof i) != sizeof i)
            _exit(1);
}

static void compacting_may_be_cut_off_at_any_moment(void)
{
    struct batch b;
    int compacted = 0;
    folder_open_fast();
    options = (struct store_options){.path = NULL};
    CHECK_INT(open_again(), STORE_OK);
    for (int i = 0; i < 300; i++) {
        fill(&b, i);
        CHECK_INT(store_write(store, &b), STORE_OK);
        batch_fini(&b);
    }
    for (int round = 0; round < rounds(10); round++) {
        store_close(store);
        store = NULL;
        compacted += run_and_kill(compact_on, 0, 30000) + 1;
        check_what_is_there(299);
    }
    CHECK(compacted > 0);
    rig_close();
}

TESTS(what_was_acknowledged_outlives_sigkill,
      and_so_it_does_when_each_group_waits_for_the_disk,
      growing_may_be_cut_off_at_any_moment,
      compacting_may_be_cut_off_at_any_moment)
