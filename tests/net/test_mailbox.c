/*
** test_mailbox.c -- what other threads want arrives once, in order, and rings.
*/
#include "net/mailbox.h"

#include <poll.h>

#include "unit.h"

static struct mailbox box;
static char ran[16];
static struct nudge again;

static void note(char who)
{
    size_t n = strlen(ran);
    ran[n] = who;
    ran[n + 1] = '\0';
}

static void run_a(struct nudge *n)
{
    (void)n;
    note('a');
}

static void run_b(struct nudge *n)
{
    (void)n;
    note('b');
    mailbox_put(&box, &again);
}

static int rings(void)
{
    struct pollfd p = {.fd = box.bell, .events = POLLIN};
    return poll(&p, 1, 0);
}

static void open_it(void)
{
    CHECK_INT(mailbox_open(&box), 0);
    ran[0] = '\0';
    again = (struct nudge){.run = run_a};
}

static void it_rings_until_it_is_hushed(void)
{
    open_it();
    CHECK_INT(rings(), 0);
    mailbox_put(&box, &again);
    CHECK_INT(rings(), 1);
    mailbox_hush(&box);
    CHECK_INT(rings(), 0);
    mailbox_ring(&box);
    CHECK_INT(rings(), 1);
    mailbox_close(&box);
}

static void what_is_put_in_twice_runs_once(void)
{
    open_it();
    mailbox_put(&box, &again);
    mailbox_put(&box, &again);
    mailbox_run(&box);
    CHECK_STR(str_of(ran), "a");
    mailbox_put(&box, &again);
    mailbox_run(&box);
    CHECK_STR(str_of(ran), "aa");
    mailbox_close(&box);
}

static void they_run_in_order_and_what_they_put_in_has_its_turn_later(void)
{
    struct nudge b = {.run = run_b}, a = {.run = run_a};
    open_it();
    mailbox_put(&box, &b);
    mailbox_put(&box, &a);
    mailbox_run(&box);
    CHECK_STR(str_of(ran), "ba");
    mailbox_run(&box);
    CHECK_STR(str_of(ran), "baa");
    CHECK(mailbox_take(&box) == NULL);
    mailbox_close(&box);
}

TESTS(it_rings_until_it_is_hushed, what_is_put_in_twice_runs_once,
      they_run_in_order_and_what_they_put_in_has_its_turn_later)
