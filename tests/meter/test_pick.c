/*
** test_pick.c -- which of several is asked.
*/
#include <math.h>

#include "unit.h"

#include "meter/pick.h"

#define MOST 8

static struct candidate of[MOST];
static struct pick p;
static struct pick_turn turn;
static int got[MOST];

static void begin(enum pick_by by, int n)
{
    p = (struct pick){.by = by, .of = of, .n = n, .may = (1u << n) - 1};
    turn.n = 0;
    for (int i = 0; i < MOST; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        of[i] = (struct candidate){
            .weight = 1, .share = 1, .name = pick_hash(name, 1)};
    }
}

static int next(void)
{
    p.turn = pick_next_turn(&turn);
    return pick_one(&p);
}

static void picks(int n)
{
    memset(got, 0, sizeof got);
    for (int i = 0; i < n; i++)
        got[next()]++;
}

static bool about(int value, int want, int most)
{
    bool near = abs(value - want) <= most;
    if (!near)
        printf("#    %d, not about %d\n", value, want);
    return near;
}

static void where_none_may_be_asked_none_is(void)
{
    for (int by = 0; by < PICK_BYS; by++) {
        begin((enum pick_by)by, 3);
        p.may = 0;
        CHECK_INT(next(), PICK_NONE);
        p.may = 2;
        CHECK_INT(next(), 1);
    }
}

static void round_robin_goes_round(void)
{
    begin(PICK_ROUND_ROBIN, 3);
    CHECK_INT(next(), 0);
    CHECK_INT(next(), 1);
    CHECK_INT(next(), 2);
    CHECK_INT(next(), 0);
}

static void the_work_of_one_that_is_away_falls_to_all_others(void)
{
    begin(PICK_ROUND_ROBIN, 4);
    p.may = 0xb;
    picks(300);
    CHECK_INT(got[0], 100);
    CHECK_INT(got[1], 100);
    CHECK_INT(got[2], 0);
    CHECK_INT(got[3], 100);
}

static void weights_are_shares_of_the_work(void)
{
    begin(PICK_WEIGHTED, 3);
    of[0].weight = 6;
    of[1].weight = 3;
    picks(1000);
    CHECK(about(got[0], 600, 5));
    CHECK(about(got[1], 300, 5));
    CHECK(about(got[2], 100, 5));
    p.may = 6;
    picks(1000);
    CHECK(about(got[1], 750, 5));
    CHECK(about(got[2], 250, 5));
}

static void weighted_turns_are_spread_and_not_in_clumps(void)
{
    begin(PICK_WEIGHTED, 2);
    of[0].weight = 3;
    int last = 0, longest = 0;
    for (int i = 0; i < 1000; i++) {
        last = next() == 0 ? last + 1 : 0;
        longest = last > longest ? last : longest;
    }
    CHECK(longest <= 4);
}

static void the_least_busy_one_is_asked(void)
{
    begin(PICK_LEAST_BUSY, 3);
    of[0].busy = 5;
    of[1].busy = 2;
    of[2].busy = 3;
    CHECK_INT(next(), 1);
    of[0].weight = 4;
    CHECK_INT(next(), 0);
}

static void equals_take_turns(void)
{
    begin(PICK_LEAST_BUSY, 4);
    picks(400);
    for (int i = 0; i < 4; i++)
        CHECK_INT(got[i], 100);
}

static void of_two_the_faster_one_is_asked(void)
{
    begin(PICK_LATENCY, 2);
    of[0].load = 3e9;
    of[1].load = 1e9;
    picks(100);
    CHECK_INT(got[1], 100);
}

static void the_slowest_of_many_is_never_asked_and_the_others_are(void)
{
    begin(PICK_LATENCY, 4);
    for (int i = 0; i < 4; i++)
        of[i].load = i * 1e9;
    picks(6000);
    CHECK(about(got[0], 3000, 200));
    CHECK(about(got[1], 2000, 200));
    CHECK(about(got[2], 1000, 200));
    CHECK_INT(got[3], 0);
}

static void the_one_with_most_room_is_asked(void)
{
    begin(PICK_HEADROOM, 3);
    of[0].share = 0.2;
    of[1].share = 0.9;
    of[2].share = 0.5;
    CHECK_INT(next(), 1);
}

#define KEYS 4000

static int home[KEYS];

static int pick_key(int key)
{
    p.key = pick_hash((const char *)&key, sizeof key);
    return next();
}

static void a_key_stays_where_it_is(void)
{
    begin(PICK_HASH, 4);
    memset(got, 0, sizeof got);
    for (int key = 0; key < KEYS; key++)
        got[home[key] = pick_key(key)]++;
    for (int i = 0; i < 4; i++)
        CHECK(about(got[i], KEYS / 4, KEYS / 40));
    for (int key = 0; key < KEYS; key++)
        CHECK(pick_key(key) == home[key]);
}

static void losing_one_moves_only_its_own_keys(void)
{
    begin(PICK_HASH, 4);
    for (int key = 0; key < KEYS; key++)
        home[key] = pick_key(key);
    memset(got, 0, sizeof got);
    p.may = 0xd;
    int moved = 0;
    for (int key = 0; key < KEYS; key++) {
        int now = pick_key(key);
        moved += home[key] != now && home[key] != 1;
        got[now] += home[key] == 1;
    }
    CHECK_INT(moved, 0);
    CHECK_INT(got[1], 0);
    for (int i = 0; i < 4; i++)
        CHECK(i == 1 || about(got[i], KEYS / 12, KEYS / 40));
}

static void weights_hold_for_keys_too(void)
{
    begin(PICK_HASH, 2);
    of[0].weight = 3;
    memset(got, 0, sizeof got);
    for (int key = 0; key < KEYS; key++)
        got[pick_key(key)]++;
    CHECK(about(got[0], KEYS * 3 / 4, KEYS / 40));
}

static void priority_is_the_order_of_the_list(void)
{
    begin(PICK_PRIORITY, 3);
    CHECK_INT(next(), 0);
    p.may = 6;
    CHECK_INT(next(), 1);
    p.may = 4;
    CHECK_INT(next(), 2);
}

static void ways_have_names(void)
{
    for (int by = 0; by < PICK_BYS; by++)
        CHECK_INT(pick_of(pick_name((enum pick_by)by)), by);
    CHECK_INT(pick_of("price"), PICK_BYS);
}

static void the_cheapest_is_asked_and_of_equals_the_least_loaded(void)
{
    begin(PICK_COST, 4);
    of[0].cost = 300;
    of[1].cost = 200;
    of[2].cost = 200;
    of[3].cost = INFINITY; /* nobody knows */
    of[0].load = 0;
    of[1].load = 5e9;
    of[2].load = 1e9;
    picks(20);
    CHECK_INT(got[2], 20);
    of[1].load = 1e9;
    picks(20);
    CHECK_INT(got[1] + got[2], 20);
    CHECK(about(got[1], 10, 5));
    p.may = 9;
    CHECK_INT(next(), 0);
    p.may = 8;
    CHECK_INT(next(), 3);
    of[3].cost = 0; /* free */
    p.may = 15;
    CHECK_INT(next(), 3);
}

TESTS(the_cheapest_is_asked_and_of_equals_the_least_loaded,
      where_none_may_be_asked_none_is, round_robin_goes_round,
      the_work_of_one_that_is_away_falls_to_all_others,
      weights_are_shares_of_the_work,
      weighted_turns_are_spread_and_not_in_clumps, the_least_busy_one_is_asked,
      equals_take_turns, of_two_the_faster_one_is_asked,
      the_slowest_of_many_is_never_asked_and_the_others_are,
      the_one_with_most_room_is_asked, a_key_stays_where_it_is,
      losing_one_moves_only_its_own_keys, weights_hold_for_keys_too,
      priority_is_the_order_of_the_list, ways_have_names)
