/*
** test_ledger_kill.c -- SIGKILL at any moment: never free, never lost.
**
** A child reserves and settles over three budgets and says what it does over a
** pipe, before and after. It is killed after a time drawn by dice. Then what is
** spent must lie between all that was certainly spent and all that may have
** been, be the same in each budget of a step, and nothing may be reserved.
*/
#include "store/ledger_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define BOUND 1000
#define TIERS 3

enum word { ASKING, RESERVED, SETTLING, SETTLED };

static const char *const keys[TIERS] = {"user", "team", "all"};
static int said[2];

struct note {
    enum word word;
    int64_t actual;
};

static void say(enum word word, int64_t actual)
{
    struct note note = {word, actual};
    if (write(said[1], &note, sizeof note) != sizeof note)
        _exit(1);
}

static void ask(struct ledger_lease *lease)
{
    struct ledger_line lines[TIERS + 1];
    char other[16];
    for (int i = 0; i < TIERS; i++)
        lines[i] = line_of(keys[i], INT64_MAX, BOUND);
    snprintf(other, sizeof other, "u%d", (int)roll(5000)); /* it grows */
    lines[TIERS] = line_of(other, INT64_MAX, BOUND);
    say(ASKING, 0);
    if (ledger_reserve(ledger, lines, TIERS + 1, lease, &refusal) != 0)
        _exit(1);
    say(RESERVED, 0);
}

static void end(const struct ledger_lease *lease)
{
    int64_t cost = (int64_t)roll(BOUND + 1);
    say(SETTLING, cost);
    if (ledger_settle(ledger, lease, (int64_t[]){cost, cost, cost, cost},
                      TIERS + 1) != 0)
        _exit(1);
    say(SETTLED, cost);
}

/* In the child: two leases overlap. */
static void spend_on(void)
{
    struct ledger_lease lease[2];
    if (open_again() != STORE_OK)
        _exit(1);
    for (;;) {
        ask(&lease[0]);
        ask(&lease[1]);
        end(&lease[roll(2) == 0]);
        struct ledger_lease *rest = NULL;
        for (int i = 0; i < 2; i++)
            if (ledger_refund(ledger, &lease[i]) == 0)
                rest = &lease[i];
        if (rest == NULL)
            _exit(1);
        say(SETTLED, 0);
    }
}

/* What must have been spent, and what may. */
static struct bill {
    int64_t least, most;
    uint64_t notes;
} bill;

static void read_notes(bool began)
{
    struct note note;
    int64_t open = 0, asking = began, settling = -1, done = 0;
    while (read(said[0], &note, sizeof note) == sizeof note) {
        bill.notes++;
        asking = note.word == ASKING;
        open += (note.word == RESERVED) - (note.word == SETTLED);
        settling = note.word == SETTLING ? note.actual : -1;
        done += note.word == SETTLED ? note.actual : 0;
    }
    /* A refund is not announced: where one may be under way, it may be done. */
    bool refunding = note.word == SETTLED && open > 0;
    int64_t sure = open - (settling >= 0) - refunding;
    bill.least += done + sure * BOUND + (settling >= 0 ? settling : 0);
    bill.most += done + (open + asking) * BOUND;
}

/* Kill one, once it has begun to ask, or also while it opens. */
static void run_and_kill(bool wait)
{
    CHECK_INT(pipe(said), 0);
    fflush(stdout);
    uint64_t seed = roll(UINT64_MAX);
    pid_t child = fork();
    if (child == 0) {
        dice_state = seed | 1;
        spend_on();
    }
    close(said[1]);
    struct note first;
    bool began = wait && read(said[0], &first, sizeof first) == sizeof first;
    CHECK(began == wait);
    usleep((useconds_t)roll(3000));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    read_notes(began);
    close(said[0]);
}

static int64_t spent_now(void)
{
    struct ledger_view first = see(keys[0], INT64_MAX);
    for (int i = 0; i < TIERS; i++) {
        struct ledger_view v = see(keys[i], INT64_MAX);
        CHECK_INT(v.reserved, 0);
        CHECK_INT(v.spent, first.spent); /* all of them or none */
    }
    return first.spent;
}

static void what_was_reserved_or_settled_outlives_sigkill(void)
{
    uint64_t notes = 0, expired = 0;
    int times = rounds(50, 20);
    int64_t spent = 0;
    rig_folder();
    for (int i = 0; i < times && unit_failures < 10; i++) {
        if (i % 3 == 0)
            bill = (struct bill){.least = spent, .most = spent};
        run_and_kill(i % 2 == 0);
        if (i % 3 != 2) /* the next child finds its leases */
            continue;
        CHECK_INT(open_again(), STORE_OK);
        if (ledger == NULL) {
            printf("#    %s\n", why.text);
            break;
        }
        spent = spent_now();
        expired += counted().expired;
        notes += bill.notes;
        CHECK(spent >= bill.least && spent <= bill.most);
        if (spent < bill.least || spent > bill.most)
            printf("#    spent %ld, not %ld to %ld\n", spent, bill.least,
                   bill.most);
        shut();
    }
    printf("# killed %d times: %lu notes, %lu leases of the dead\n", times,
           notes, expired);
    CHECK(expired > 0);
    folder_close();
}

/* --- cut off where we like ------------------------------------------------- */

#define UNDO_AT 48 /* in the file: how many cells the journal has, a byte */
#define BYTES   UINT32_C(0x01010101) /* that is there four times */

/* The last step's copies are still in the journal. Say that it was cut off, and
** spoil a byte of each of its cells, as if it had come so far. */
static void cut_off(uint32_t n, unsigned spoil)
{
    uint32_t at[TIERS + 1], times = n * BYTES;
    unsigned char byte;
    int fd = open(folder_path("budgets.map"), O_RDWR);
    CHECK(pwrite(fd, &times, sizeof times, UNDO_AT) == sizeof times);
    CHECK(pread(fd, at, n * sizeof *at, UNDO_AT + 4) > 0);
    for (uint32_t i = 0; i < n; i++) {
        off_t where = 4096 + (off_t)at[i] * 256 + (spoil + i * 40) % 256;
        CHECK(pread(fd, &byte, 1, where) == 1);
        byte = (unsigned char)~byte;
        CHECK(pwrite(fd, &byte, 1, where) == 1);
    }
    close(fd);
}

static int over_all(struct ledger_lease *lease)
{
    struct ledger_line lines[TIERS];
    for (int i = 0; i < TIERS; i++)
        lines[i] = line_of(keys[i], INT64_MAX, BOUND);
    return ledger_reserve(ledger, lines, TIERS, lease, &refusal);
}

static void a_reservation_cut_off_anywhere_was_not_made(void)
{
    struct ledger_lease lease;
    for (unsigned spoil = 0; spoil < 256; spoil += 5) {
        rig_open();
        over_all(&lease);
        ledger_expire(ledger, &lease);
        over_all(&lease);
        shut();
        cut_off(TIERS + 1, spoil);
        CHECK_INT(open_again(), STORE_OK);
        if (ledger != NULL) {
            CHECK_INT(spent_now(), BOUND);
            CHECK_INT(counted().expired, 0);
        }
        rig_close();
    }
}

static void a_settlement_cut_off_anywhere_leaves_the_bound(void)
{
    static const int64_t actual[TIERS] = {1, 1, 1};
    struct ledger_lease lease;
    for (unsigned spoil = 0; spoil < 256; spoil += 5) {
        rig_open();
        over_all(&lease);
        ledger_settle(ledger, &lease, actual, TIERS);
        shut();
        cut_off(TIERS + 1, spoil);
        CHECK_INT(open_again(), STORE_OK);
        if (ledger != NULL) {
            CHECK_INT(spent_now(), BOUND);
            CHECK_INT(counted().expired, 1);
        }
        rig_close();
    }
}

static void a_journal_of_nonsense_is_refused(void)
{
    static const uint32_t counts[] = {10, 1000, UINT32_MAX};
    struct ledger_lease lease;
    for (int i = 0; i < 3; i++) {
        rig_open();
        over_all(&lease);
        shut();
        int fd = open(folder_path("budgets.map"), O_RDWR);
        CHECK(pwrite(fd, &counts[i], 4, UNDO_AT) == 4);
        close(fd);
        CHECK_INT(open_again(), STORE_DAMAGED);
        CHECK(strstr(why.text, "journal") != NULL);
        rig_close();
    }
}

TESTS(what_was_reserved_or_settled_outlives_sigkill,
      a_reservation_cut_off_anywhere_was_not_made,
      a_settlement_cut_off_anywhere_leaves_the_bound,
      a_journal_of_nonsense_is_refused)
