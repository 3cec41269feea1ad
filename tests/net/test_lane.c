/*
** The queue in front of a provider: order, limits, and giving up.
*/
#include "net/call/lane.h"

#include "unit.h"

/* One that wants to pass, and what happens to it. */
struct car {
    struct lane_pass pass; /* first */
    int went;              /* how often go() was called */
    int place;             /* in the order of going */
    struct lane *leaves;   /* leaves again from within go() */
};

static int goes;

static void go(struct lane_pass *pass)
{
    struct car *car = (struct car *)pass;
    CHECK(pass->inside && !pass->waiting);
    car->went++;
    car->place = ++goes;
    if (car->leaves != NULL)
        lane_leave(car->leaves, pass);
}

static struct lane *open_lane(struct lane **lanes, int limit)
{
    goes = 0;
    *lanes = NULL;
    struct lane *lane = lane_open(lanes, STR("openai"));
    lane_limit(lane, limit, 0);
    return lane;
}

static struct car car(void)
{
    return (struct car){.pass = {.go = go}};
}

static void a_lane_is_found_again_by_its_name(void)
{
    struct lane *lanes = NULL;
    struct lane *a = lane_open(&lanes, STR("openai"));
    struct lane *b = lane_open(&lanes, STR("open"));
    CHECK(a != NULL && b != NULL && a != b);
    CHECK(lane_open(&lanes, STR("openai")) == a);
    CHECK(lane_open(&lanes, STR("open")) == b);
    lane_free_all(lanes);
}

static void without_a_limit_everybody_passes_at_once(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 0);
    struct car cars[50];
    for (int i = 0; i < 50; i++) {
        cars[i] = car();
        CHECK_INT(lane_enter(lane, &cars[i].pass), LANE_INSIDE);
    }
    CHECK_INT(lane->inside, 50);
    for (int i = 0; i < 50; i++)
        lane_leave(lane, &cars[i].pass);
    CHECK_INT(lane->inside, 0);
    CHECK_INT(goes, 0);
    lane_free_all(lanes);
}

static void those_who_wait_go_in_the_order_they_came(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car();
    CHECK_INT(lane_enter(lane, &a.pass), LANE_INSIDE);
    CHECK_INT(lane_enter(lane, &b.pass), LANE_WAITS);
    CHECK_INT(lane_enter(lane, &c.pass), LANE_WAITS);
    CHECK(b.pass.waiting && !b.pass.inside);
    lane_leave(lane, &a.pass);
    CHECK(b.went == 1 && c.went == 0);
    lane_leave(lane, &b.pass);
    CHECK(c.went == 1);
    lane_leave(lane, &c.pass);
    CHECK_INT(lane->inside, 0);
    CHECK(b.place == 1 && c.place == 2 && a.went == 0);
    lane_free_all(lanes);
}

static void one_who_gives_up_waiting_never_goes(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car(), d = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_enter(lane, &c.pass);
    lane_leave(lane, &c.pass); /* the last: the tail must follow */
    lane_enter(lane, &d.pass);
    lane_leave(lane, &b.pass); /* the first */
    lane_leave(lane, &a.pass);
    CHECK(b.went == 0 && c.went == 0 && d.went == 1);
    lane_leave(lane, &d.pass);
    CHECK_INT(lane_enter(lane, &a.pass), LANE_INSIDE);
    lane_leave(lane, &a.pass);
    lane_free_all(lanes);
}

static void leaving_twice_counts_once(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 2);
    struct car a = car(), b = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_leave(lane, &a.pass);
    lane_leave(lane, &a.pass);
    CHECK_INT(lane->inside, 1);
    lane_leave(lane, &b.pass);
    lane_free_all(lanes);
}

static void a_higher_limit_lets_those_who_wait_go_at_once(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car(), d = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_enter(lane, &c.pass);
    lane_enter(lane, &d.pass);
    lane_limit(lane, 3, 0);
    CHECK(b.went == 1 && c.went == 1 && d.went == 0);
    lane_limit(lane, 0, 0);
    CHECK(d.went == 1);
    lane_free_all(lanes);
}

static void a_lower_limit_stops_nobody_who_is_inside(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 2);
    struct car a = car(), b = car(), c = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_limit(lane, 1, 0);
    CHECK_INT(lane->inside, 2);
    CHECK_INT(lane_enter(lane, &c.pass), LANE_WAITS);
    lane_leave(lane, &a.pass);
    CHECK_INT(c.went, 0);
    lane_leave(lane, &b.pass);
    CHECK_INT(c.went, 1);
    lane_free_all(lanes);
}

static void nobody_overtakes_those_who_wait(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane->limit = 5; /* room, but not yet admitted */
    CHECK_INT(lane_enter(lane, &c.pass), LANE_WAITS);
    lane_limit(lane, 5, 0);
    CHECK(b.place == 1 && c.place == 2);
    lane_free_all(lanes);
}

static void one_may_leave_from_within_its_turn(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car();
    b.leaves = lane;
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_enter(lane, &c.pass);
    lane_leave(lane, &a.pass);
    CHECK(b.went == 1 && c.went == 1);
    CHECK_INT(lane->inside, 1);
    lane_free_all(lanes);
}

static void a_full_queue_takes_nobody_more(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car(), d = car();
    lane_limit(lane, 1, 2);
    CHECK_INT(lane_enter(lane, &a.pass), LANE_INSIDE);
    CHECK_INT(lane_enter(lane, &b.pass), LANE_WAITS);
    CHECK_INT(lane_enter(lane, &c.pass), LANE_WAITS);
    CHECK_INT(lane_enter(lane, &d.pass), LANE_FULL);
    CHECK(!d.pass.waiting && !d.pass.inside);
    lane_leave(lane, &d.pass); /* it has never entered: nothing to give back */
    CHECK_INT(lane->inside, 1);
    CHECK_INT(lane->waiting, 2);
    lane_leave(lane, &a.pass);
    CHECK(b.went == 1 && lane->waiting == 1);
    CHECK_INT(lane_enter(lane, &d.pass), LANE_WAITS);
    lane_leave(lane, &b.pass);
    lane_leave(lane, &c.pass);
    lane_leave(lane, &d.pass);
    CHECK(lane->inside == 0 && lane->waiting == 0);
    lane_free_all(lanes);
}

static void who_gives_up_makes_room_in_the_queue(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car();
    lane_limit(lane, 1, 1);
    lane_enter(lane, &a.pass);
    CHECK_INT(lane_enter(lane, &b.pass), LANE_WAITS);
    CHECK_INT(lane_enter(lane, &c.pass), LANE_FULL);
    lane_leave(lane, &b.pass);
    CHECK_INT(lane_enter(lane, &c.pass), LANE_WAITS);
    lane_leave(lane, &a.pass);
    CHECK(b.went == 0 && c.went == 1);
    lane_leave(lane, &c.pass);
    lane_free_all(lanes);
}

static void a_shorter_queue_sends_nobody_away_who_waits(void)
{
    struct lane *lanes, *lane = open_lane(&lanes, 1);
    struct car a = car(), b = car(), c = car(), d = car();
    lane_enter(lane, &a.pass);
    lane_enter(lane, &b.pass);
    lane_enter(lane, &c.pass);
    lane_limit(lane, 1, 1);
    CHECK_INT(lane->waiting, 2);
    CHECK_INT(lane_enter(lane, &d.pass), LANE_FULL);
    lane_leave(lane, &a.pass);
    lane_leave(lane, &b.pass);
    CHECK(b.went == 1 && c.went == 1);
    lane_leave(lane, &c.pass);
    lane_free_all(lanes);
}

static void without_memory_there_is_no_lane(void)
{
    struct lane *lanes = NULL;
    mem_fail_at(1, 0);
    CHECK(lane_open(&lanes, STR("openai")) == NULL);
    mem_fail_at(0, 0);
    CHECK(lanes == NULL);
}

TESTS(a_lane_is_found_again_by_its_name,
      without_a_limit_everybody_passes_at_once,
      those_who_wait_go_in_the_order_they_came,
      one_who_gives_up_waiting_never_goes, leaving_twice_counts_once,
      a_higher_limit_lets_those_who_wait_go_at_once,
      a_lower_limit_stops_nobody_who_is_inside, nobody_overtakes_those_who_wait,
      one_may_leave_from_within_its_turn, a_full_queue_takes_nobody_more,
      who_gives_up_makes_room_in_the_queue,
      a_shorter_queue_sends_nobody_away_who_waits,
      without_memory_there_is_no_lane)
