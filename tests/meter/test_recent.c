/*
** test_recent.c -- so many in any period, wherever it begins.
*/
#include "limit_rig.h"

#include "base/mem.h"
#include "meter/limit/recent.h"

static struct recent log_of;

static bool passes(const struct limit_rate *r, int64_t n, nanos now)
{
    recent_drop(&log_of, r, now);
    if (!recent_room(&log_of) || recent_when(&log_of, r, n, now) > now)
        return false;
    recent_take(&log_of, r, n, now);
    return true;
}

static void over(void)
{
    recent_fini(&log_of);
}

static const struct limit_rate ten = {.n = 10, .per = 1000};

static void ten_pass_in_any_period_and_the_eleventh_when_the_first_left(void)
{
    for (int i = 0; i < 10; i++)
        CHECK(passes(&ten, 1, 10 * i));
    CHECK(!passes(&ten, 1, 999));
    CHECK_INT(recent_when(&log_of, &ten, 1, 999), 1000);
    CHECK_INT(recent_when(&log_of, &ten, 3, 999), 1020);
    CHECK(passes(&ten, 1, 1000));
    CHECK(!passes(&ten, 1, 1009));
    over();
}

/* Defect 4 of the guides, its other half: a limit was never filled. */
static void the_limit_is_filled_and_not_missed_by_one(void)
{
    CHECK(passes(&ten, 10, 0));
    CHECK(!passes(&ten, 1, 0));
    over();
}

/* Defect 3 of the guides: two of one size within one second were one member of a
** set, and 95 times the limit passed. */
static void equal_requests_at_one_instant_are_two(void)
{
    const struct limit_rate tokens = {.n = 10000, .per = 60 * NANOS_S};
    int64_t admitted = 0;
    for (int i = 0; i < 6000; i++)
        if (passes(&tokens, 500, i / 100 * NANOS_S))
            admitted += 500;
    CHECK_INT(admitted, 10000);
    over();
}

/* Defect 4 of the guides: the last entry was overwritten, whoever had made it. */
static void everybody_corrects_his_own(void)
{
    struct taken a = recent_take((recent_room(&log_of), &log_of), &ten, 4, 0);
    struct taken b = recent_take((recent_room(&log_of), &log_of), &ten, 4, 500);
    recent_give(&log_of, &ten, &a, 3, 600);
    CHECK_INT(recent_left(&log_of, &ten), 5);
    recent_drop(&log_of, &ten,
                1000); /* a's one unit leaves, and b's four stay */
    CHECK_INT(recent_left(&log_of, &ten), 6);
    recent_give(&log_of, &ten, &a, 1, 1000); /* too late to matter */
    CHECK_INT(recent_left(&log_of, &ten), 6);
    recent_give(&log_of, &ten, &b, 9, 1000);
    CHECK_INT(recent_left(&log_of, &ten), 10);
    over();
}

static void more_than_the_limit_never_passes(void)
{
    CHECK(recent_when(&log_of, &ten, 11, 0) == NANOS_NEVER);
    CHECK(passes(&ten, 10, 0));
    over();
}

static void whoever_waits_is_booked_in_order(void)
{
    CHECK(passes(&ten, 6, 0));
    CHECK(passes(&ten, 4, 100));
    recent_room(&log_of);
    nanos at = recent_when(&log_of, &ten, 5, 200);
    CHECK_INT(at, 1000);
    recent_take(&log_of, &ten, 5, at);
    recent_room(&log_of);
    CHECK_INT(recent_when(&log_of, &ten, 1, 200), 1000); /* nobody overtakes */
    CHECK_INT(recent_when(&log_of, &ten, 3, 200), 1100);
    over();
}

static void a_large_limit_takes_a_kilobyte_and_is_filled_again_in_time(void)
{
    const struct limit_rate r = {.n = 6300, .per = 63000};
    int64_t admitted = 0;
    for (nanos now = 0; now < 10 * r.per; now += 5)
        admitted += passes(&r, 1, now) ? 1 : 0;
    CHECK(log_of.cap <= RECENT_MOST);
    CHECK(admitted <= 10 * r.n && admitted > 10 * r.n * 62 / 64);
    over();
}

static void a_changed_amount_holds_from_the_next_take(void)
{
    struct limit_rate r = ten;
    CHECK(passes(&r, 10, 0));
    r.n = 12;
    CHECK(passes(&r, 2, 1));
    r.n = 3;
    CHECK(!passes(&r, 1, 999));
    CHECK_INT(recent_left(&log_of, &r), 0);
    CHECK(passes(&r, 1, 1000));
    over();
}

static void amounts_of_2_to_the_63rd_hold(void)
{
    const struct limit_rate huge = {.n = INT64_MAX, .per = NANOS_S};
    CHECK(passes(&huge, INT64_MAX - 1, 0));
    CHECK(passes(&huge, 1, 0));
    CHECK(!passes(&huge, 1, 1));
    recent_take(&log_of, &huge, INT64_MAX, 0); /* an absurd usage */
    CHECK_INT(recent_left(&log_of, &huge), 0);
    CHECK(passes(&huge, INT64_MAX, NANOS_S));
    over();
}

static void a_clock_that_steps_back_gives_nothing_away(void)
{
    CHECK(passes(&ten, 10, 10000));
    CHECK(!passes(&ten, 1, 0));
    CHECK_INT(recent_when(&log_of, &ten, 1, 0), 11000);
    over();
}

static void without_memory_no_more_pass(void)
{
    mem_fail_at(1, 1);
    CHECK(!passes(&ten, 1, 0));
    mem_fail_at(0, 0);
    int admitted = 0;
    for (int i = 0; i < 20; i++) {
        mem_fail_at(i > 1 ? 1 : 0, i > 1);
        admitted += passes(&ten, 1, i) ? 1 : 0;
        mem_fail_at(0, 0);
    }
    CHECK_INT(admitted, 10);
    over();
}

/* --- every window ---------------------------------------------------------- */

static void storm(const struct limit_rate *r)
{
    struct pass list[ARRIVALS];
    struct taken taken[ARRIVALS];
    int n = 0;
    nanos now = 0;
    for (int i = 0; i < ARRIVALS; i++) {
        now += (nanos)dice(5) == 0 ? (nanos)dice(900) : (nanos)dice(40);
        int64_t units = (int64_t)dice((uint64_t)r->n / 3 + 2);
        recent_drop(&log_of, r, now);
        recent_room(&log_of);
        nanos at = recent_when(&log_of, r, units, now);
        if (at == NANOS_NEVER || at > now + (nanos)dice(300))
            continue;
        taken[n] = recent_take(&log_of, r, units, at);
        list[n++] = (struct pass){at, units};
        int back = (int)dice((uint64_t)n);
        if (dice(2) == 0 && list[back].n == taken[back].n) {
            int64_t gift = (int64_t)dice((uint64_t)list[back].n + 1);
            recent_give(&log_of, r, &taken[back], gift, now);
            list[back].n -= gift;
        }
    }
    CHECK(n > 10);
    CHECK_INT(over_period(list, n, r), 0);
    over();
}

static void no_period_of_random_arrivals_has_too_many(void)
{
    for (int round = 0; round < 60; round++) {
        struct limit_rate r = {.n = 1 + (int64_t)dice(round % 2 ? 64 : 5000),
                               .per = 1 + (nanos)dice(2000)};
        storm(&r);
    }
}

TESTS(ten_pass_in_any_period_and_the_eleventh_when_the_first_left,
      the_limit_is_filled_and_not_missed_by_one,
      equal_requests_at_one_instant_are_two, everybody_corrects_his_own,
      more_than_the_limit_never_passes, whoever_waits_is_booked_in_order,
      a_large_limit_takes_a_kilobyte_and_is_filled_again_in_time,
      a_changed_amount_holds_from_the_next_take, amounts_of_2_to_the_63rd_hold,
      a_clock_that_steps_back_gives_nothing_away, without_memory_no_more_pass,
      no_period_of_random_arrivals_has_too_many)
