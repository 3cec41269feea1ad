/*
** test_ledger.c -- what a ledger promises while nothing kills it.
*/
#include "store/ledger_rig.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "store/ledger/inner.h"

static struct ledger_lease lease, second;

static void reserved_then_settled(void)
{
    rig_open();
    CHECK_INT(reserve(&lease, "ann", 100, 60), 0);
    CHECK_INT(see("ann", 100).reserved, 60);
    CHECK_INT(see("ann", 100).left, 40);
    CHECK_INT(see("bob", 100).left, 100);
    CHECK_INT(settle(&lease, 25), 0);
    CHECK_INT(see("ann", 100).spent, 25);
    CHECK_INT(see("ann", 100).reserved, 0);
    CHECK_INT(counted().leases, 0);
    rig_close();
}

static void who_refused_is_said_and_nothing_was_taken(void)
{
    rig_open();
    struct ledger_line lines[] = {line_of("ann", 100, 60),
                                  line_of("team", 50, 60)};
    CHECK_INT(ledger_reserve(ledger, lines, 2, &lease, &refusal), ERR_LIMIT);
    CHECK_INT(refusal.line, 1);
    CHECK_INT(refusal.view.left, 50);
    CHECK_INT(lease.serial, 0);
    CHECK_INT(see("ann", 100).left, 100);
    CHECK_INT(settle(&lease, 1), ERR_MISSING);
    rig_close();
}

static void a_lease_is_settled_once(void)
{
    rig_open();
    reserve(&lease, "ann", 100, 60);
    CHECK_INT(settle(&lease, 10), 0);
    CHECK_INT(settle(&lease, 10), ERR_MISSING);
    CHECK_INT(ledger_refund(ledger, &lease), ERR_MISSING);
    reserve(&second, "ann", 100, 60); /* in the same cell */
    CHECK_INT(second.cell, lease.cell);
    CHECK_INT(ledger_expire(ledger, &lease), ERR_MISSING);
    CHECK_INT(see("ann", 100).reserved, 60);
    rig_close();
}

static void a_refund_costs_nothing_and_what_expires_all(void)
{
    rig_open();
    reserve(&lease, "ann", 100, 60);
    ledger_refund(ledger, &lease);
    CHECK_INT(see("ann", 100).left, 100);
    reserve(&lease, "ann", 100, 60);
    ledger_expire(ledger, &lease);
    CHECK_INT(see("ann", 100).spent, 60);
    reserve(&lease, "ann", 100, 30);
    CHECK_INT(settle(&lease, LEDGER_UNKNOWN), 0);
    CHECK_INT(see("ann", 100).spent, 90);
    rig_close();
}

static void more_than_the_bound_is_booked_and_counted(void)
{
    rig_open();
    reserve(&lease, "ann", 100, 60);
    settle(&lease, INT64_MAX);
    CHECK_INT(counted().violations, 1);
    CHECK_INT(see("ann", 100).spent, INT64_MAX);
    CHECK_INT(see("ann", INT64_MAX).left, 0);
    CHECK_INT(reserve(&lease, "ann", INT64_MAX, 1), ERR_LIMIT);
    rig_close();
}

static void nonsense_is_refused(void)
{
    rig_open();
    struct ledger_line nine[9];
    for (int i = 0; i < 9; i++)
        nine[i] = line_of("ann", 100, 1);
    CHECK_INT(reserve(&lease, "ann", 100, -1), ERR_INPUT);
    CHECK_INT(ledger_reserve(ledger, nine, 0, &lease, &refusal), ERR_INPUT);
    CHECK_INT(ledger_reserve(ledger, nine, 9, &lease, &refusal), ERR_INPUT);
    CHECK_INT(ledger_reserve(ledger, nine, 8, &lease, &refusal), 0);
    CHECK_INT(ledger_settle(ledger, &lease, (int64_t[]){1, 1}, 2), ERR_INPUT);
    CHECK_INT(ledger_refund(ledger, &lease), 0);
    nine[0].span.slots = PERIOD_SLOTS; /* of a row with a period */
    CHECK_INT(ledger_reserve(ledger, nine, 1, &lease, &refusal), ERR_INPUT);
    rig_close();
}

static void it_is_there_after_closing(void)
{
    rig_open();
    reserve(&lease, "ann", 100, 60);
    settle(&lease, 25);
    reserve(&lease, "bob", 100, 60);
    reopen();
    CHECK_INT(see("ann", 100).spent, 25);
    CHECK_INT(see("bob", 100).spent, 60); /* nobody will settle it */
    CHECK_INT(see("bob", 100).reserved, 0);
    CHECK_INT(counted().expired, 1);
    CHECK_INT(settle(&lease, 0), ERR_MISSING);
    reopen();
    CHECK_INT(counted().expired, 0);
    CHECK_INT(see("bob", 100).spent, 60);
    rig_close();
}

static void without_a_folder_it_lives_in_memory(void)
{
    options = (struct ledger_options){.folder = NULL};
    CHECK_INT(ledger_open(&ledger, &options, &why), STORE_OK);
    CHECK_INT(reserve(&lease, "ann", 100, 60), 0);
    CHECK_INT(see("ann", 100).left, 40);
    CHECK_INT(ledger_sync(ledger), 0);
    shut();
}

static void it_grows_while_it_is_used(void)
{
    char key[16];
    static struct ledger_lease all[3000];
    rig_open();
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "u%d", i);
        CHECK_INT(reserve(&all[i], key, 100, 60), 0);
    }
    CHECK(counted().cells >= 6000);
    for (int i = 0; i < 3000; i++)
        CHECK_INT(settle(&all[i], i % 60), 0);
    reopen();
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "u%d", i);
        CHECK_INT(see(key, 100).spent, i % 60);
    }
    rig_close();
}

static void full_is_an_error_and_no_end(void)
{
    char key[16];
    int rc = 0, n = 0;
    rig_folder();
    options.most = 64 << 10;
    CHECK_INT(open_again(), STORE_OK);
    for (; rc == 0; n++) {
        snprintf(key, sizeof key, "u%d", n);
        rc = reserve(&lease, key, 100, 60);
        if (rc == 0)
            settle(&lease, 60);
    }
    CHECK_INT(rc, ERR_SYSTEM);
    CHECK(n > 200);
    CHECK_INT(see("u0", 100).spent, 60);
    CHECK_INT(reserve(&lease, "u0", 100, 40), 0); /* who has a row goes on */
    CHECK_INT(settle(&lease, 40), 0);
    now += 86400 * NANOS_S * 2; /* their day is over */
    CHECK_INT(reserve(&lease, key, 100, 60), 0);
    CHECK_INT(settle(&lease, 1), 0);
    rig_close();
}

static void users_that_come_once_leave_again(void)
{
    char key[16];
    rig_open();
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "u%d", i);
        CHECK_INT(reserve(&lease, key, 100, 60), 0);
        settle(&lease, 60);
        now += 3600 * NANOS_S;
    }
    CHECK(counted().rows < 100);
    CHECK(counted().cells < 200);
    rig_close();
}

static void users_that_spent_nothing_take_no_room(void)
{
    char key[16];
    rig_folder();
    options.most = 64 << 10;
    CHECK_INT(open_again(), STORE_OK);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "u%d", i);
        CHECK_INT(reserve(&lease, key, 100, 60), 0);
        CHECK_INT(ledger_refund(ledger, &lease), 0);
    }
    rig_close();
}

static void a_lease_may_outlive_its_row(void)
{
    char key[16];
    rig_open();
    CHECK_INT(reserve(&lease, "ann", 100, 60), 0);
    now += 5 * 86400 * NANOS_S;
    for (int i = 0; i < 60; i++) {
        snprintf(key, sizeof key, "u%d", i);
        reserve(&second, key, 100, 7);
        settle(&second, 7);
    }
    CHECK_INT(settle(&lease, 60), 0);
    for (int i = 0; i < 60; i++) {
        snprintf(key, sizeof key, "u%d", i);
        CHECK_INT(see(key, 100).spent, 7);
    }
    rig_close();
}

static void a_clock_set_back_gives_nothing_away(void)
{
    rig_open();
    reserve(&lease, "ann", 100, 60);
    now -= 3600 * 20 * NANOS_S;
    CHECK_INT(reserve(&second, "ann", 100, 60), ERR_LIMIT);
    now -= 86400 * 100 * NANOS_S; /* it had been wrong */
    CHECK_INT(reserve(&second, "ann", 100, 41), ERR_LIMIT);
    CHECK_INT(reserve(&second, "ann", 100, 40), 0);
    CHECK_INT(settle(&lease, 0), 0); /* its bound was booked */
    CHECK_INT(see("ann", 100).left, 0);
    CHECK_INT(settle(&second, 40), 0);
    CHECK_INT(see("ann", 100).spent, 100);
    rig_close();
}

static void keys_do_not_meet(void)
{
    rig_open();
    struct ledger_id a = ledger_id(ledger, STR("ab"), STR("c"));
    struct ledger_id b = ledger_id(ledger, STR("a"), STR("bc"));
    struct ledger_id c = ledger_id(ledger, STR("c"), STR("ab"));
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK(memcmp(&a, &c, sizeof a) != 0);
    CHECK(a.half[0] != a.half[1]);
    rig_close();
}

/* --- who may open it ------------------------------------------------------- */

static void it_is_opened_once(void)
{
    struct ledger *other;
    rig_open();
    CHECK_INT(ledger_open(&other, &options, &why), STORE_BUSY);
    CHECK(other == NULL);
    CHECK(strstr(why.text, "budgets.map") != NULL);
    CHECK_INT(reserve(&lease, "ann", 100, 60), 0);
    rig_close();
}

static void a_child_after_a_fork_is_refused(void)
{
    int status = -1;
    rig_open();
    reserve(&lease, "ann", 100, 60);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(reserve(&second, "ann", 100, 10) == ERR_STATE &&
                      settle(&lease, 1) == ERR_STATE &&
                      ledger_sync(ledger) == ERR_STATE &&
                      see("ann", 100).left == 0
                  ? 0
                  : 1);
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    CHECK_INT(settle(&lease, 1), 0);
    rig_close();
}

static void a_folder_that_is_not_there_is_told(void)
{
    rig_folder();
    options.folder = "/nowhere/at/all";
    CHECK_INT(ledger_open(&ledger, &options, &why), STORE_FOLDER);
    CHECK(strstr(why.text, "/nowhere/at/all/budgets.map") != NULL);
    folder_close();
}

/* --- damage ---------------------------------------------------------------- */

static void fill_some(void)
{
    rig_open();
    for (int i = 0; i < 20; i++) {
        char key[16];
        snprintf(key, sizeof key, "u%d", i);
        reserve(&lease, key, 100, 60);
        if (i % 2 == 0)
            settle(&lease, 30);
    }
    shut();
}

static void flip_bits(off_t at, unsigned char bits)
{
    unsigned char byte;
    int fd = open(folder_path("budgets.map"), O_RDWR);
    CHECK(pread(fd, &byte, 1, at) == 1);
    byte ^= bits;
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    close(fd);
}

static void flip(off_t at)
{
    flip_bits(at, 0x10);
}

static void a_flipped_bit_is_found(void)
{
    fill_some();
    for (off_t at = 0; at < 4096 + 80 * 256 && at < 4096 + 64 * 256;
         at += at < 40 ? 1 : 37) {
        if (at >= 48 && at < 4096) /* the journal, which says none */
            continue;
        flip(at);
        CHECK_INT(open_again(), STORE_DAMAGED);
        CHECK(strstr(why.text, "damaged") != NULL);
        flip(at);
    }
    CHECK_INT(open_again(), STORE_OK);
    rig_close();
}

/* What was undone last is still in the journal: it must not be put back because
** of a bit. */
static void a_journal_that_says_some_by_accident_is_refused(void)
{
    off_t at = offsetof(struct head, undo_n);
    rig_open();
    CHECK_INT(reserve(&lease, "a", 1000, 100), 0);
    CHECK_INT(settle(&lease, 100), 0);
    shut();
    for (int bit = 0; bit < 32; bit++) {
        flip_bits(at + bit / 8, (unsigned char)(1 << bit % 8));
        CHECK_INT(open_again(), STORE_DAMAGED);
        shut();
        flip_bits(at + bit / 8, (unsigned char)(1 << bit % 8));
    }
    CHECK_INT(open_again(), STORE_OK);
    CHECK_INT(see("a", 1000).spent, 100);
    rig_close();
}

static void a_file_that_was_cut_short_is_refused(void)
{
    static const off_t sizes[] = {1, 4095, 4096, 4096 + 256, 4096 + 63 * 256};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill_some();
        CHECK_INT(truncate(folder_path("budgets.map"), sizes[i]), 0);
        CHECK_INT(open_again(), STORE_DAMAGED);
        CHECK(strstr(why.text, "cut short") != NULL);
        folder_close();
    }
}

static void what_is_no_ledger_is_refused(void)
{
    char text[8192];
    rig_folder();
    memset(text, 'x', sizeof text);
    int fd = open(folder_path("budgets.map"), O_RDWR | O_CREAT, 0600);
    CHECK(write(fd, text, sizeof text) == sizeof text);
    close(fd);
    CHECK_INT(open_again(), STORE_DAMAGED);
    folder_close();
}

static void without_memory_it_says_so_and_goes_on(void)
{
    for (int n = 1; n < 12; n++) {
        rig_folder();
        mem_fail_at(n, 1);
        enum store_result result = open_again();
        int rc = result == STORE_OK ? reserve(&lease, "ann", 100, 60) : 0;
        mem_fail_at(0, 0);
        CHECK(result == STORE_OK || result == STORE_MEMORY);
        CHECK(rc == 0 || rc == ERR_MEMORY);
        if (result == STORE_OK)
            CHECK_INT(reserve(&lease, "bob", 100, 60), 0);
        rig_close();
    }
}

/* --- power ----------------------------------------------------------------- */

static void with_power_a_settled_lease_is_freed_by_the_sync(void)
{
    rig_folder();
    options.durability = STORE_POWER;
    CHECK_INT(open_again(), STORE_OK);
    reserve(&lease, "ann", 100, 60);
    CHECK_INT(ledger_sync(ledger), 0);
    CHECK_INT(settle(&lease, 20), 0);
    CHECK_INT(settle(&lease, 20), ERR_MISSING);
    CHECK_INT(see("ann", 100).left, 80);
    reserve(&second, "ann", 100, 60);
    CHECK(second.cell != lease.cell);
    settle(&second, 10);
    CHECK_INT(ledger_sync(ledger), 0);
    reopen();
    CHECK_INT(counted().expired, 0);
    CHECK_INT(see("ann", 100).spent, 30);
    reserve(&lease, "ann", 100, 60);
    settle(&lease, 5); /* closing waits for the disk */
    reopen();
    CHECK_INT(see("ann", 100).spent, 35);
    rig_close();
}

static void a_drained_one_has_nothing_left_and_settles_what_was_there(void)
{
    rig_open();
    CHECK_INT(reserve(&lease, "ann", 100, 60), 0);
    ledger_drain(ledger);
    CHECK_INT(see("ann", 100).left, 0);
    CHECK_INT(see("ann", 100).spent, 40); /* and 60 are reserved */
    CHECK_INT(see("bob", 100).spent, 100);
    CHECK_INT(reserve(&second, "bob", 100, 1), ERR_LIMIT);
    CHECK_INT(refusal.view.left, 0);
    CHECK_INT(settle(&lease, 20), 0);
    CHECK_INT(counted().leases, 0);
    rig_close();
}

TESTS(reserved_then_settled, who_refused_is_said_and_nothing_was_taken,
      a_lease_is_settled_once, a_refund_costs_nothing_and_what_expires_all,
      more_than_the_bound_is_booked_and_counted, nonsense_is_refused,
      it_is_there_after_closing, without_a_folder_it_lives_in_memory,
      it_grows_while_it_is_used, full_is_an_error_and_no_end,
      users_that_come_once_leave_again, users_that_spent_nothing_take_no_room,
      a_lease_may_outlive_its_row, a_clock_set_back_gives_nothing_away,
      keys_do_not_meet, it_is_opened_once, a_child_after_a_fork_is_refused,
      a_folder_that_is_not_there_is_told, a_flipped_bit_is_found,
      a_journal_that_says_some_by_accident_is_refused,
      a_file_that_was_cut_short_is_refused, what_is_no_ledger_is_refused,
      without_memory_it_says_so_and_goes_on,
      with_power_a_settled_lease_is_freed_by_the_sync,
      a_drained_one_has_nothing_left_and_settles_what_was_there)
