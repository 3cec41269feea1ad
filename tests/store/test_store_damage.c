/*
** test_store_damage.c -- files that are not what was written: garbage, cut off,
** torn by a loss of power, of another version or program.
**
** Each is told before LMDB maps it, or got out of alive.
*/
#include "store/trouble_rig.h"

#include <lmdb.h>

#include "store/lmdb/format.h"

/* --- files ----------------------------------------------------------------- */

static void fill(int rows)
{
    char key[32], value[200];
    struct batch b;
    batch_init(&b, 0);
    for (int i = 0; i < rows; i++) {
        snprintf(key, sizeof key, "key-%06d", i);
        memset(value, 'a' + i % 26, sizeof value);
        batch_put(&b, STR("t"), str_of(key), (str){value, sizeof value}, STAY);
    }
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
}

static void spoil(long at, const void *bytes, size_t n)
{
    int fd = open(folder_path("store/data.mdb"), O_WRONLY);
    CHECK_INT(pwrite(fd, bytes, n, at), n);
    close(fd);
}

static void garbage_in_place_of_a_head_is_told(void)
{
    static const char zeros[PAGE];
    rig_open();
    fill(100);
    rig_close_shut();
    spoil(0, zeros, sizeof zeros);
    refused(STORE_DAMAGED, "not LMDB's");
    folder_write("store/data.mdb", "This is not a database.");
    refused(STORE_DAMAGED, "cut off");
    rig_close();
}

static void a_file_that_was_cut_off_is_told(void)
{
    rig_open();
    fill(1000);
    rig_close_shut();
    struct stat st;
    CHECK_INT(stat(folder_path("store/data.mdb"), &st), 0);
    for (off_t size = st.st_size / 2; size > 0; size = size * 2 / 3) {
        CHECK_INT(truncate(folder_path("store/data.mdb"), size), 0);
        refused(STORE_DAMAGED, "cut off");
    }
    CHECK_INT(truncate(folder_path("store/data.mdb"), 0), 0);
    CHECK_INT(open_again(), STORE_OK); /* an empty file is a new store */
    rig_close();
}

/* Any page that can be reached, with anything in it. */
static void a_spoilt_page_is_told_before_it_is_mapped(void)
{
    char junk[64];
    struct stat st;
    uint64_t dice = 88172645463325252u;
    rig_open();
    fill(1000);
    rig_close_shut();
    CHECK_INT(stat(folder_path("store/data.mdb"), &st), 0);
    char *whole = malloc((size_t)st.st_size);
    int fd = open(folder_path("store/data.mdb"), O_RDWR);
    CHECK_INT(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
    int told = 0, rounds = 300;
    for (int i = 0; i < rounds; i++) {
        for (size_t n = 0; n < sizeof junk; n += 8) {
            dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
            memcpy(junk + n, &dice, 8);
        }
        off_t page = (off_t)(dice % (uint64_t)(st.st_size / PAGE)) * PAGE;
        CHECK_INT(pwrite(fd, junk, sizeof junk, page), sizeof junk);
        if (open_again() != STORE_OK)
            told++;
        else
            put("key-000500", "y"); /* whatever comes, it comes back */
        rig_close_shut();
        CHECK_INT(pwrite(fd, whole, (size_t)st.st_size, 0), st.st_size);
        CHECK_INT(ftruncate(fd, st.st_size), 0);
    }
    CHECK(told > rounds / 2);
    close(fd);
    free(whole);
    CHECK_INT(open_again(), STORE_OK);
    rig_close();
}

/* A branch that leads one way only, while the store is open: LMDB aborts. */
static bool spoil_branches(void)
{
    static const unsigned short one_entry = FORMAT_PAGE_HEAD + 2;
    char head[FORMAT_PAGE_HEAD];
    struct page p;
    int spoilt = 0, fd = open(folder_path("store/data.mdb"), O_RDWR);
    for (off_t at = 2 * PAGE; pread(fd, head, sizeof head, at) > 0;
         at += PAGE) {
        format_page(head, &p);
        if (p.kind == FORMAT_BRANCH)
            spoilt += pwrite(fd, &one_entry, 2, at + 12) == 2;
    }
    close(fd);
    return spoilt > 0;
}

static bool a_bad_page_comes_back(void)
{
    struct seen seen;
    if (open_again() != STORE_OK || !spoil_branches())
        return false;
    seen = look_with((struct store_look){.key = STR("key-000500")});
    bool told = seen.result == STORE_DAMAGED;
    seen_fini(&seen);
    told = told && put("key-000500", "y") == STORE_DAMAGED;
    seen = look_with((struct store_look){.key = STR("key-000500")});
    told = told && seen.result == STORE_DAMAGED;
    seen_fini(&seen);
    store_close(store);
    return told && open_again() == STORE_DAMAGED;
}

static bool a_bad_page_is_met_by_the_writer(void)
{
    return open_again() == STORE_OK && spoil_branches() &&
           put("key-000500", "y") == STORE_DAMAGED &&
           put("key-000500", "y") == STORE_DAMAGED &&
           has("key-000500", NULL) == false;
}

static void where_lmdb_would_abort_the_store_is_given_up(void)
{
    rig_open();
    fill(1000);
    rig_close_shut();
    CHECK(in_child(a_bad_page_comes_back));
    rig_close();
    rig_open();
    fill(1000);
    rig_close_shut();
    CHECK(in_child(a_bad_page_is_met_by_the_writer));
    rig_close();
}

static void all_but_that_row_can_be_had(void)
{
    struct seen seen;
    seen_init(&seen);
    struct store_look look = {.row = see_row, .user = &seen};
    CHECK_INT(store_every(store, &look), STORE_DAMAGED);
    CHECK_STR(buf_str(&seen.keys), "b c ");
    seen_fini(&seen);
}

/* A bit falls over in the middle of a value: LMDB cannot see that. */
static void a_value_that_is_not_what_was_written_is_not_believed(void)
{
    rig_open();
    put("b", "x");
    put("a", "a text that is long enough to be found again");
    put("c", "x");
    rig_close_shut();
    char *bytes = malloc(1 << 20);
    int fd = open(folder_path("store/data.mdb"), O_RDWR);
    ssize_t n = pread(fd, bytes, 1 << 20, 0);
    for (ssize_t i = 0; i + 9 < n; i++)
        if (memcmp(bytes + i, "a text th", 9) == 0)
            CHECK_INT(pwrite(fd, "A", 1, i), 1);
    close(fd);
    free(bytes);
    CHECK_INT(open_again(), STORE_OK);
    struct seen seen = look_with((struct store_look){.key = STR("a")});
    CHECK_INT(seen.result, STORE_DAMAGED);
    CHECK_INT(seen.rows, 0);
    seen_fini(&seen);
    all_but_that_row_can_be_had();
    CHECK_INT(put("a", "again"), STORE_OK); /* it may be written over */
    CHECK(has("a", "again"));
    rig_close();
}

/* --- versions -------------------------------------------------------------- */

/* Write the layout's version, or something under another name. */
static void write_raw(const char *table, const char *key, uint32_t number)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {strlen(key), (void *)key}, v = {sizeof number, &number};
    mdb_env_create(&env);
    mdb_env_set_maxdbs(env, 4);
    mkdir(folder_path("store"), 0700);
    CHECK_INT(mdb_env_open(env, folder_path("store"), 0, 0600), 0);
    CHECK_INT(mdb_txn_begin(env, NULL, 0, &txn), 0);
    CHECK_INT(mdb_dbi_open(txn, table, MDB_CREATE, &dbi), 0);
    CHECK_INT(mdb_put(txn, dbi, &k, &v, 0), 0);
    CHECK_INT(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void another_layout_is_refused(void)
{
    rig_open();
    rig_close_shut();
    write_raw("+perilune", "layout", 2);
    refused(STORE_NEWER, "newer than this version");
    write_raw("+perilune", "layout", 0);
    refused(STORE_NEWER, "no version");
    write_raw("+perilune", "layout", 1);
    CHECK_INT(open_again(), STORE_OK);
    rig_close();
}

static void another_programs_file_is_refused(void)
{
    folder_open();
    options = (struct store_options){.path = NULL};
    write_raw("users", "joe", 1);
    refused(STORE_NEWER, "another program's");
    folder_close();
}

/* --- loss of power --------------------------------------------------------- */

/* As if the machine had gone down while the store was open. */
static void lose_power(const char *how)
{
    char line[129] = {0};
    snprintf(line, sizeof line, "process 1 %s 0000-an-earlier-run ", how);
    memset(line + strlen(line), ' ', 128 - strlen(line));
    line[127] = '\n';
    folder_write("store/perilune.lock", line);
}

/* More than is looked at each time, and one page of it not as it was. */
static void tear(void)
{
    struct stat st;
    fill(50000);
    rig_close_shut();
    CHECK_INT(stat(folder_path("store/data.mdb"), &st), 0);
    CHECK(st.st_size > 9 << 20);
    spoil(st.st_size - 20L * PAGE, "torn", 4);
}

static void after_a_loss_of_power_every_page_is_looked_at(void)
{
    rig_open();
    tear();
    lose_power("unsynced");
    refused(STORE_DAMAGED, "copy in its place");
    refused(STORE_DAMAGED, "copy in its place"); /* it is not forgotten */
    rig_close();
}

static void what_waited_for_the_disk_is_not_doubted(void)
{
    rig_open();
    tear();
    lose_power("synced");
    CHECK_INT(open_again(), STORE_OK);
    rig_close();
}

TESTS(garbage_in_place_of_a_head_is_told, a_file_that_was_cut_off_is_told,
      a_spoilt_page_is_told_before_it_is_mapped,
      where_lmdb_would_abort_the_store_is_given_up,
      a_value_that_is_not_what_was_written_is_not_believed,
      another_layout_is_refused, another_programs_file_is_refused,
      after_a_loss_of_power_every_page_is_looked_at,
      what_waited_for_the_disk_is_not_doubted)
