/*
** ledger_rig.h -- a ledger in a folder of the test's own, and short words.
*/
#ifndef TESTS_STORE_LEDGER_RIG_H
#define TESTS_STORE_LEDGER_RIG_H

#include "base/err.h"
#include "net/folder.h"
#include "store/ledger.h"

#define START (1700000000 * NANOS_S)

static struct ledger *ledger;
static struct ledger_options options;
static struct store_why why;
static struct ledger_refusal refusal;
static nanos now = START;

static inline enum store_result open_again(void)
{
    options.folder = folder;
    options.dice[0] = 7;
    options.dice[1] = 9;
    return ledger_open(&ledger, &options, &why);
}

/* A folder in memory, where there is such a place. */
static inline void rig_folder(void)
{
    snprintf(folder, sizeof folder, "/dev/shm/perilune-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        folder_open();
    options = (struct ledger_options){.most = 0};
    now = START;
}

static inline void rig_open(void)
{
    rig_folder();
    CHECK_INT(open_again(), STORE_OK);
}

static inline void shut(void)
{
    ledger_close(ledger);
    ledger = NULL;
}

static inline void rig_close(void)
{
    shut();
    folder_close();
}

static inline void reopen(void)
{
    shut();
    CHECK_INT(open_again(), STORE_OK);
}

/* A budget a day for a key. */
static inline struct ledger_line line_of(const char *key, int64_t limit,
                                         int64_t amount)
{
    struct period day = {.unit = PERIOD_DAY};
    return (struct ledger_line){.id = ledger_id(ledger, STR("b"), str_of(key)),
                                .span = period_at(&day, now),
                                .limit = limit,
                                .amount = amount};
}

static inline int reserve(struct ledger_lease *lease, const char *key,
                          int64_t limit, int64_t amount)
{
    struct ledger_line line = line_of(key, limit, amount);
    return ledger_reserve(ledger, &line, 1, lease, &refusal);
}

static inline int settle(const struct ledger_lease *lease, int64_t actual)
{
    return ledger_settle(ledger, lease, &actual, 1);
}

static inline struct ledger_view see(const char *key, int64_t limit)
{
    struct ledger_view view;
    struct ledger_line line = line_of(key, limit, 0);
    ledger_look(ledger, &line, &view);
    return view;
}

static inline struct ledger_count counted(void)
{
    struct ledger_count count;
    ledger_count(ledger, &count);
    return count;
}

/* --- dice ------------------------------------------------------------------ */

static uint64_t dice_state = 0x9e3779b97f4a7c15u;

static inline uint64_t roll(uint64_t n)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return dice_state % n;
}

/* As many as this, or in `make test-long` as many times more. */
static inline int rounds(int few, int times)
{
    return getenv("PERILUNE_LONG") != NULL ? few * times : few;
}

#endif
