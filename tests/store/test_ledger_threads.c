/*
** test_ledger_threads.c -- several runtimes at one ledger.
*/
#include <pthread.h>
#include <stdatomic.h>

#include "store/ledger_rig.h"

#define THREADS 4
#define BOUND   7
#define ADMIT   100

static _Atomic int admitted, refused;

/* Everybody reserves at once and nobody settles. */
static void *grab(void *user)
{
    struct ledger_lease lease;
    struct ledger_refusal no;
    (void)user;
    for (int i = 0; i < 10 * ADMIT; i++) {
        struct ledger_line lines[] = {
            line_of("all", INT64_MAX, BOUND),
            line_of("ann", ADMIT * BOUND + BOUND - 1, BOUND)};
        int rc = ledger_reserve(ledger, lines, 2, &lease, &no);
        *(rc == 0 ? &admitted : &refused) += 1;
    }
    return NULL;
}

static void all_together(void *(*fn)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, fn, (void *)(intptr_t)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void as_many_as_fit_are_admitted_and_not_one_more(void)
{
    rig_open();
    admitted = refused = 0;
    all_together(grab);
    CHECK_INT(admitted, ADMIT);
    CHECK_INT(refused, THREADS * 10 * ADMIT - ADMIT);
    CHECK_INT(see("all", INT64_MAX).reserved, ADMIT * BOUND);
    CHECK_INT(see("ann", ADMIT * BOUND + BOUND - 1).left, BOUND - 1);
    rig_close();
}

/* Reserve and settle, in a file that grows, under other keys each time. */
static void *work(void *user)
{
    struct ledger_lease lease, second;
    struct ledger_refusal no;
    char key[32];
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "%d-%d", (int)(intptr_t)user, i);
        struct ledger_line lines[] = {line_of("all", INT64_MAX, BOUND),
                                      line_of(key, 2 * BOUND, BOUND)};
        int64_t actual[] = {i % BOUND, i % BOUND};
        if (ledger_reserve(ledger, lines, 2, &lease, &no) != 0 ||
            ledger_reserve(ledger, lines, 2, &second, &no) != 0 ||
            ledger_settle(ledger, &lease, actual, 2) != 0 ||
            (i % 9 == 0 && ledger_sync(ledger) != 0) ||
            ledger_refund(ledger, &second) != 0)
            refused++;
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void)
{
    int64_t each = 0;
    for (int i = 0; i < 500; i++)
        each += i % BOUND;
    for (int power = 0; power < 2; power++) {
        rig_folder();
        options.durability = power ? STORE_POWER : STORE_PROCESS;
        CHECK_INT(open_again(), STORE_OK);
        refused = 0;
        all_together(work);
        CHECK_INT(refused, 0);
        CHECK_INT(see("all", INT64_MAX).spent, THREADS * each);
        CHECK_INT(see("all", INT64_MAX).reserved, 0);
        CHECK_INT(counted().leases, 0);
        reopen();
        CHECK_INT(see("all", INT64_MAX).spent, THREADS * each);
        rig_close();
    }
}

TESTS(as_many_as_fit_are_admitted_and_not_one_more,
      nothing_is_lost_between_threads)
