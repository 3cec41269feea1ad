/*
** test_store_full.c -- when there is no room: in the map, on the disk, in the
** queue, in memory. And that it goes on when there is room again.
*/
#include "store/store_rig.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char block[100000];

static enum store_result put_block(int i)
{
    char key[16];
    snprintf(key, sizeof key, "k%05d", i);
    memset(block, 'a' + i % 26, sizeof block);
    return put_until(key, (str){block, sizeof block}, STAY, 0);
}

/* Run a promise in a child; true when it kept it. */
static bool in_child(bool (*fn)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(fn() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Write blocks until one is refused: how many went in. */
static int fill_up(enum store_result *last)
{
    int n = 0;
    while (n < 5000 && (*last = put_block(n)) == STORE_OK)
        n++;
    return n;
}

static bool block_is_whole(int i)
{
    char key[16];
    snprintf(key, sizeof key, "k%05d", i);
    struct seen seen = look_with((struct store_look){.key = str_of(key)});
    memset(block, 'a' + i % 26, sizeof block);
    bool whole = str_eq(buf_str(&seen.value), (str){block, sizeof block});
    seen_fini(&seen);
    return whole;
}

/* --- the map --------------------------------------------------------------- */

static void the_map_grows_while_it_is_read(void)
{
    struct store_stat stat;
    rig_open();
    for (int i = 0; i < 200; i++) {
        CHECK_INT(put_block(i), STORE_OK);
        CHECK(block_is_whole(i / 2));
    }
    CHECK_INT(store_stat(store, &stat), STORE_OK);
    CHECK(stat.map >= 20000000);
    reopen();
    CHECK(block_is_whole(0));
    CHECK_INT(put_block(200), STORE_OK);
    rig_close();
}

/* The group in which the map is found too small is applied twice. */
static void growing_counts_nothing_twice(void)
{
    rig_open();
    for (int i = 0; i < 200; i++) {
        struct batch b;
        int64_t now = i + 1;
        batch_init(&b, 0);
        batch_add(&b, STR("t"), STR("n"), 1, STAY);
        batch_put(&b, STR("blocks"), (str){(char *)&now, sizeof now},
                  (str){block, sizeof block}, STAY);
        CHECK_INT(store_write(store, &b), STORE_OK);
        CHECK_INT(batch_count(&b, STR("t"), STR("n")), now);
        batch_fini(&b);
    }
    CHECK_INT(count_of("n"), 200);
    rig_close();
}

static void it_grows_no_further_than_it_may(void)
{
    enum store_result last;
    folder_open();
    options = (struct store_options){.most = 8 << 20};
    CHECK_INT(open_again(), STORE_OK);
    int n = fill_up(&last);
    CHECK_INT(last, STORE_FULL);
    CHECK(n > 60 && n < 90);
    CHECK(block_is_whole(0) && block_is_whole(n - 1));
    CHECK_INT(put_block(n), STORE_FULL);
    CHECK_INT(put("small", "x"), STORE_OK); /* what fits still goes in */
    rig_close();
}

static void a_full_store_can_be_emptied(void)
{
    enum store_result last;
    char key[16];
    folder_open();
    options = (struct store_options){.most = 4 << 20};
    CHECK_INT(open_again(), STORE_OK);
    int n = fill_up(&last);
    while (put("small", "x") == STORE_OK && put_block(n) == STORE_OK)
        n++;
    for (int i = 0; i < n / 2; i++) {
        snprintf(key, sizeof key, "k%05d", i);
        CHECK_INT(drop_key(key), STORE_OK);
    }
    CHECK_INT(put_block(9000), STORE_OK);
    rig_close();
}

static void expired_rows_make_room(void)
{
    char key[16];
    folder_open();
    options = (struct store_options){.most = 4 << 20};
    CHECK_INT(open_again(), STORE_OK);
    for (int i = 0; i < 200; i++) { /* five times what fits at once */
        snprintf(key, sizeof key, "k%05d", i);
        CHECK_INT(put_until(key, (str){block, sizeof block}, 1000 + i, 985 + i),
                  STORE_OK);
    }
    rig_close();
}

/* What a sweep frees can be used by the next transaction but one. */
static void rows_that_expire_all_at_once_make_room(void)
{
    int n = 0;
    char key[16];
    folder_open();
    options = (struct store_options){.most = 4 << 20};
    CHECK_INT(open_again(), STORE_OK);
    do
        snprintf(key, sizeof key, "k%05d", n++);
    while (put_until(key, (str){block, sizeof block}, 1000, 1) == STORE_OK);
    CHECK_INT(put_until("k", (str){block, sizeof block}, 3000, 2000), STORE_OK);
    rig_close();
}

static void die_reading(void *user, const struct row *row)
{
    (void)user;
    (void)row;
    raise(SIGKILL);
}

/* In a child that was there before the store was opened. */
static void read_and_die(int go)
{
    char byte;
    struct store_look look = {.row = die_reading};
    options.read_only = true;
    if (read(go, &byte, 1) == 1 && open_again() == STORE_OK)
        store_every(store, &look);
    _exit(0);
}

/* What a reader could see is kept for it; not for one that is dead. */
static void a_reader_that_was_killed_holds_nothing(void)
{
    int go[2], status = 0;
    folder_open();
    options = (struct store_options){.most = 4 << 20};
    CHECK_INT(pipe(go), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        read_and_die(go[0]);
    CHECK_INT(open_again(), STORE_OK);
    CHECK_INT(put_block(0), STORE_OK);
    CHECK_INT(write(go[1], "x", 1), 1);
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (int i = 0; i < 200; i++)
        CHECK_INT(put_block(0), STORE_OK);
    close(go[0]);
    close(go[1]);
    rig_close();
}

/* A group that does not fit: those of it that do are written. */
static void one_that_is_too_large_takes_no_other_along(void)
{
    struct batch large, small;
    folder_open();
    options = (struct store_options){.most = 1 << 20};
    CHECK_INT(open_again(), STORE_OK);
    char *value = calloc(1, 2 << 20);
    batch_init(&large, 0);
    batch_put(&large, STR("t"), STR("large"), (str){value, 2 << 20}, STAY);
    batch_init(&small, 0);
    batch_put(&small, STR("t"), STR("small"), STR("x"), STAY);
    CHECK_INT(store_commit(store, &large), STORE_OK);
    CHECK_INT(store_write(store, &small), STORE_OK);
    CHECK_INT(large.result, STORE_FULL);
    CHECK(has("small", "x"));
    batch_fini(&large);
    batch_fini(&small);
    free(value);
    rig_close();
}

/* --- the disk -------------------------------------------------------------- */

/* In a child, files may have so many bytes at most; then more. */
static bool lives_through_a_full_disk(void)
{
    enum store_result last;
    struct rlimit files = {6 << 20, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &files) != 0 || open_again() != STORE_OK)
        return false;
    int n = fill_up(&last);
    bool well = last == STORE_DISK && n > 20 && put_block(n) == STORE_DISK &&
                block_is_whole(0) && block_is_whole(n - 1);
    files.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &files);
    for (int i = n; i < n + 50; i++)
        well = well && put_block(i) == STORE_OK;
    reopen();
    for (int i = 0; i < n + 50; i++)
        well = well && block_is_whole(i);
    store_close(store);
    return well;
}

static void a_file_that_may_not_grow_is_told_and_got_over(void)
{
    for (int power = 0; power <= 1; power++) {
        folder_open();
        options = (struct store_options){.durability = power ? STORE_POWER
                                                             : STORE_PROCESS};
        CHECK(in_child(lives_through_a_full_disk));
        folder_close();
    }
}

static void a_full_disk_is_told_and_got_over(void)
{
    enum store_result last;
    folder_open();
    options = (struct store_options){.path = NULL};
    folder_make("store");
    if (mount("none", folder_path("store"), "tmpfs", 0, "size=4m") != 0) {
        puts("skip a disk that is full # no disk may be mounted here");
        folder_close();
        return;
    }
    CHECK_INT(open_again(), STORE_OK);
    int n = fill_up(&last);
    CHECK_INT(last, STORE_DISK);
    CHECK(n > 20);
    CHECK(block_is_whole(0) && block_is_whole(n - 1));
    CHECK_INT(
        mount("none", folder_path("store"), "tmpfs", MS_REMOUNT, "size=16m"),
        0);
    CHECK_INT(put_block(n), STORE_OK);
    reopen();
    CHECK(block_is_whole(n));
    store_close(store);
    CHECK_INT(umount(folder_path("store")), 0);
    folder_close();
}

/* --- the queue ------------------------------------------------------------- */

static sem_t gate;

static void hold(struct batch *b)
{
    (void)b;
    sem_wait(&gate);
}

static void nothing(struct batch *b)
{
    (void)b;
}

static void a_queue_that_is_full_says_so_and_goes_on(void)
{
    struct batch first, second, third;
    folder_open();
    options = (struct store_options){.queue = 150000};
    CHECK_INT(open_again(), STORE_OK);
    sem_init(&gate, 0, 0);
    struct batch *all[] = {&first, &second, &third};
    for (int i = 0; i < 3; i++) {
        batch_init(all[i], 0);
        batch_put(all[i], STR("t"), STR("k"), (str){block, sizeof block}, STAY);
        all[i]->done = i == 0 ? hold : nothing;
    }
    CHECK_INT(store_commit(store, &first), STORE_OK);
    while (has("k", NULL)) /* the writer has it, and is held in its done */
        continue;
    CHECK_INT(store_commit(store, &second), STORE_OK);
    CHECK_INT(store_commit(store, &third), STORE_QUEUE);
    sem_post(&gate);
    CHECK_INT(put("small", "x"), STORE_OK);
    store_close(store);
    for (int i = 0; i < 3; i++)
        batch_fini(all[i]);
    sem_destroy(&gate);
    folder_close();
}

static void what_was_handed_in_is_written_before_the_store_closes(void)
{
    static struct batch many[200];
    char key[16];
    rig_open();
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%d", i);
        batch_init(&many[i], 0);
        batch_put(&many[i], STR("t"), str_of(key), STR("x"), STAY);
        many[i].done = batch_fini;
        CHECK_INT(store_commit(store, &many[i]), STORE_OK);
    }
    reopen();
    struct seen seen =
        look_with((struct store_look){.key = STR("k"), .most = 999});
    CHECK_INT(seen.rows, 200);
    seen_fini(&seen);
    rig_close();
}

/* --- memory ---------------------------------------------------------------- */

static void without_memory_it_is_not_opened_and_nothing_is_left(void)
{
    rig_open();
    put("a", "x");
    store_close(store);
    bool opened = false;
    for (long n = 1; n < 60 && !opened; n++) {
        mem_fail_at(n, 0);
        enum store_result result = open_again();
        mem_fail_at(0, 0);
        opened = result == STORE_OK;
        CHECK(opened || result == STORE_MEMORY);
    }
    CHECK(opened);
    CHECK(has("a", "x"));
    rig_close();
}

static void a_batch_without_memory_is_refused(void)
{
    struct batch b;
    rig_open();
    batch_init(&b, 0);
    batch_put(&b, STR("t"), STR("a"), STR("x"), STAY);
    mem_fail_at(1, 0);
    batch_put(&b, STR("t"), STR("b"), (str){block, sizeof block}, STAY);
    mem_fail_at(0, 0);
    CHECK_INT(store_write(store, &b), STORE_MEMORY);
    batch_fini(&b);
    CHECK(has("a", NULL));
    rig_close();
}

TESTS(the_map_grows_while_it_is_read, growing_counts_nothing_twice,
      it_grows_no_further_than_it_may, a_full_store_can_be_emptied,
      expired_rows_make_room, rows_that_expire_all_at_once_make_room,
      a_reader_that_was_killed_holds_nothing,
      one_that_is_too_large_takes_no_other_along,
      a_file_that_may_not_grow_is_told_and_got_over,
      a_full_disk_is_told_and_got_over,
      a_queue_that_is_full_says_so_and_goes_on,
      what_was_handed_in_is_written_before_the_store_closes,
      without_memory_it_is_not_opened_and_nothing_is_left,
      a_batch_without_memory_is_refused)
