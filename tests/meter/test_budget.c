/*
** test_budget.c -- what a tally promises.
*/
#include "unit.h"

#include "meter/budget.h"

static struct tally t;
static struct span at;

static void fresh(int slots)
{
    at = (struct span){.slot = 1000, .ahead = 50, .slots = slots};
    tally_init(&t, &at);
}

static bool reserve(int64_t amount, int64_t limit)
{
    struct budget_line line = {&t, at.slots, limit, amount};
    return budget_reserve(&line, 1) == 1;
}

static void settle(int64_t bound, int64_t actual)
{
    tally_settle(&t, at.slots, at.slot, (int64_t[]){bound, actual});
}

static int64_t used(void)
{
    return tally_used(&t, at.slots);
}

static void go(int64_t by)
{
    at.slot += by;
    tally_enter(&t, &at);
}

static void what_is_reserved_counts_as_spent_until_it_is_settled(void)
{
    fresh(1);
    CHECK(reserve(60, 100));
    CHECK(!reserve(60, 100));
    CHECK_INT(tally_left(&t, 1, 100), 40);
    settle(60, 10);
    CHECK_INT(tally_spent(&t, 1), 10);
    CHECK_INT(tally_reserved(&t, 1), 0);
    CHECK(reserve(90, 100));
    CHECK(!reserve(1, 100));
}

static void the_whole_limit_may_be_used_and_not_one_more(void)
{
    fresh(1);
    CHECK(!reserve(101, 100));
    CHECK(reserve(100, 100));
    CHECK(reserve(0, 100));
    CHECK(!reserve(1, 100));
}

static void limits_at_two_to_the_63_do_not_wrap(void)
{
    fresh(1);
    CHECK(reserve(INT64_MAX - 1, INT64_MAX));
    CHECK(!reserve(2, INT64_MAX));
    CHECK(reserve(1, INT64_MAX));
    CHECK(!reserve(INT64_MAX, INT64_MAX));
    CHECK_INT(used(), INT64_MAX);
    settle(1, INT64_MAX);
    settle(INT64_MAX - 1, INT64_MAX);
    CHECK_INT(used(), INT64_MAX);
    CHECK_INT(tally_left(&t, 1, INT64_MAX), 0);
}

static void two_to_the_53_and_one_are_told_apart(void)
{
    int64_t big = (int64_t)1 << 53;
    fresh(1);
    CHECK(!reserve(big + 1, big));
    CHECK(reserve(big, big + 1));
    CHECK(!reserve(2, big + 1));
    CHECK(reserve(1, big + 1));
}

static void what_is_negative_is_refused(void)
{
    fresh(1);
    CHECK(!reserve(-1, 100));
    CHECK(!reserve(INT64_MIN, 100));
    CHECK(!reserve(1, -5));
    CHECK(reserve(0, -5));
    CHECK_INT(used(), 0);
}

static void more_than_the_bound_is_booked(void)
{
    fresh(1);
    reserve(50, 100);
    settle(50, 500);
    CHECK_INT(used(), 500);
    CHECK_INT(tally_left(&t, 1, 100), 0);
    CHECK(!reserve(0, 100));
}

static void a_lower_limit_rules_at_once_and_a_higher_one_too(void)
{
    fresh(1);
    reserve(80, 100);
    CHECK(!reserve(1, 50));
    CHECK_INT(tally_left(&t, 1, 50), 0);
    CHECK(reserve(20, 1000));
}

static void all_lines_or_none(void)
{
    struct tally other;
    fresh(1);
    tally_init(&other, &at);
    struct budget_line lines[] = {
        {&t, 1, 100, 60}, {&t, 1, 100, 30}, {&other, 1, 10, 11}};
    CHECK_INT(budget_reserve(lines, 3), 2);
    CHECK_INT(used(), 0);
    CHECK_INT(tally_used(&other, 1), 0);
    lines[2].amount = 10;
    CHECK_INT(budget_reserve(lines, 3), 3);
    CHECK_INT(used(), 90);
}

static void lines_of_one_tally_see_each_other(void)
{
    fresh(1);
    struct budget_line lines[] = {{&t, 1, 100, 60}, {&t, 1, 100, 60}};
    CHECK_INT(budget_reserve(lines, 2), 1);
    CHECK_INT(used(), 0);
}

static void a_new_period_begins_empty(void)
{
    fresh(1);
    reserve(100, 100);
    go(1);
    CHECK_INT(used(), 0);
    CHECK(reserve(100, 100));
}

static void what_ends_late_belongs_to_the_period_it_began_in(void)
{
    fresh(1);
    reserve(100, 100);
    go(86400);
    CHECK(reserve(70, 100));
    tally_settle(&t, 1, 1000, (int64_t[]){100, 90});
    CHECK_INT(tally_reserved(&t, 1), 70);
    CHECK_INT(tally_spent(&t, 1), 0);
}

static void a_clock_set_back_a_little_stays_in_the_newer_period(void)
{
    fresh(1);
    reserve(100, 100);
    go(-50);
    CHECK_INT(used(), 100);
    CHECK(!reserve(1, 100));
    at.slot = 1000;
    CHECK_INT(used(), 100);
}

static void a_clock_set_back_far_takes_all_of_it_along(void)
{
    fresh(1);
    reserve(40, 100);
    settle(40, 30);
    reserve(50, 100);
    at.slot -= 51;
    CHECK(tally_enter(&t, &at));
    CHECK_INT(tally_spent(&t, 1), 80);
    CHECK_INT(tally_reserved(&t, 1), 0);
    go(51);
    CHECK_INT(used(), 0);
}

static void a_window_forgets_slot_by_slot(void)
{
    fresh(PERIOD_SLOTS);
    for (int i = 0; i < PERIOD_SLOTS; i++) {
        CHECK(reserve(10, 10 * PERIOD_SLOTS));
        go(1);
        if (i + 1 < PERIOD_SLOTS)
            CHECK_INT(used(), 10 * (i + 1));
    }
    CHECK_INT(used(), 10 * (PERIOD_SLOTS - 1)); /* the first has left */
    go(5);
    CHECK_INT(used(), 10 * (PERIOD_SLOTS - 6));
    go(1000000);
    CHECK_INT(used(), 0);
}

static void in_a_window_what_ends_later_is_booked_where_it_began(void)
{
    fresh(PERIOD_SLOTS);
    reserve(50, 100);
    go(3);
    tally_settle(&t, PERIOD_SLOTS, 1000, (int64_t[]){50, 20});
    CHECK_INT(used(), 20);
    go(PERIOD_SLOTS - 4);
    CHECK_INT(used(), 20);
    go(1);
    CHECK_INT(used(), 0);
    tally_settle(&t, PERIOD_SLOTS, 1000, (int64_t[]){50, 20});
    CHECK_INT(used(), 0);
}

TESTS(what_is_reserved_counts_as_spent_until_it_is_settled,
      the_whole_limit_may_be_used_and_not_one_more,
      limits_at_two_to_the_63_do_not_wrap, two_to_the_53_and_one_are_told_apart,
      what_is_negative_is_refused, more_than_the_bound_is_booked,
      a_lower_limit_rules_at_once_and_a_higher_one_too, all_lines_or_none,
      lines_of_one_tally_see_each_other, a_new_period_begins_empty,
      what_ends_late_belongs_to_the_period_it_began_in,
      a_clock_set_back_a_little_stays_in_the_newer_period,
      a_clock_set_back_far_takes_all_of_it_along, a_window_forgets_slot_by_slot,
      in_a_window_what_ends_later_is_booked_where_it_began)
