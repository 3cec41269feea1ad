/*
** test_breaker.c -- what a breaker promises, by a clock that the test turns.
*/
#include "unit.h"

#include "meter/breaker.h"

static struct breaker b;
static struct breaker_rules rules;
static struct breaker_view view;
static nanos now;

static void begin(void)
{
    breaker_init(&b);
    rules = breaker_usual;
    now = 1000 * NANOS_S;
}

static uint64_t enter(void)
{
    bool changed;
    return breaker_enter(&b, &rules, now, &view, &changed);
}

static bool tell(uint64_t ticket, enum breaker_sign sign)
{
    struct breaker_word word = {ticket, sign, now, 0};
    return breaker_tell(&b, &rules, &word, &view);
}

/* One call, from its beginning to its end. */
static bool call(enum breaker_sign sign)
{
    return tell(enter(), sign);
}

static void calls(int n, enum breaker_sign sign)
{
    for (int i = 0; i < n; i++)
        call(sign);
}

static void opened(void)
{
    begin();
    calls(5, BREAKER_BAD);
    CHECK_INT(view.state, BREAKER_OPEN);
}

static void a_new_breaker_lets_everybody_pass(void)
{
    begin();
    for (int i = 0; i < 1000; i++)
        CHECK(enter() != 0);
    breaker_fini(&b);
}

static void five_failures_in_a_row_open_it(void)
{
    begin();
    calls(4, BREAKER_BAD);
    CHECK(enter() != 0);
    CHECK(call(BREAKER_BAD));
    CHECK_INT(view.state, BREAKER_OPEN);
    CHECK_INT(enter(), 0);
    CHECK_INT(view.wait, 30 * NANOS_S);
    breaker_fini(&b);
}

static void a_call_that_goes_well_ends_the_row(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        calls(4, BREAKER_BAD);
        call(BREAKER_WELL);
    }
    CHECK(enter() != 0);
    breaker_fini(&b);
}

static void what_counts_for_nothing_neither_opens_it_nor_ends_the_row(void)
{
    begin();
    calls(100, BREAKER_NOTHING);
    calls(4, BREAKER_BAD);
    calls(100, BREAKER_NOTHING);
    CHECK(enter() != 0);
    call(BREAKER_BAD);
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void half_of_twenty_in_the_window_open_it(void)
{
    begin();
    for (int i = 0; i < 9; i++) {
        call(BREAKER_WELL);
        call(BREAKER_BAD);
    }
    call(BREAKER_WELL);
    CHECK(enter() != 0);
    CHECK(call(BREAKER_BAD));
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void what_left_the_window_counts_no_more(void)
{
    begin();
    for (int i = 0; i < 9; i++) {
        call(BREAKER_WELL);
        call(BREAKER_BAD);
    }
    now += 31 * NANOS_S;
    call(BREAKER_WELL);
    call(BREAKER_BAD);
    CHECK(enter() != 0);
    breaker_fini(&b);
}

static void the_rules_are_those_of_the_moment(void)
{
    begin();
    calls(2, BREAKER_BAD);
    rules.failures = 3;
    call(BREAKER_BAD);
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
    begin();
    rules.failures = 0;
    rules.rate = 0;
    calls(100, BREAKER_BAD);
    CHECK(enter() != 0);
    breaker_fini(&b);
}

static void two_windows_do_not_make_it_forget(void)
{
    begin();
    for (int i = 0; i < 10; i++) {
        rules.window = 60 * NANOS_S;
        call(BREAKER_WELL);
        rules.window = 30 * NANOS_S;
        call(BREAKER_BAD);
    }
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void a_shorter_window_holds_once_the_longer_one_is_empty(void)
{
    begin();
    rules.window = 600 * NANOS_S;
    calls(4, BREAKER_BAD);
    call(BREAKER_WELL);
    now += 601 * NANOS_S;
    rules.window = 10 * NANOS_S;
    for (int i = 0; i < 9; i++) {
        call(BREAKER_BAD);
        call(BREAKER_WELL);
    }
    now += 11 * NANOS_S;
    call(BREAKER_BAD);
    call(BREAKER_WELL);
    call(BREAKER_BAD);
    CHECK(enter() != 0);
    breaker_fini(&b);
}

/* Defect 1 of the guides: half-open lets everybody through. */
static void half_open_lets_one_pass_and_no_other(void)
{
    opened();
    now += 29 * NANOS_S;
    CHECK_INT(enter(), 0);
    now += NANOS_S;
    CHECK(enter() != 0);
    CHECK_INT(view.state, BREAKER_HALF_OPEN);
    for (int i = 0; i < 100; i++)
        CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void a_probe_that_goes_well_closes_it(void)
{
    opened();
    now += 30 * NANOS_S;
    CHECK(call(BREAKER_WELL));
    CHECK_INT(view.state, BREAKER_CLOSED);
    calls(4, BREAKER_BAD);
    CHECK(enter() != 0);
    breaker_fini(&b);
}

/* Defect 1, its other half: after a failed probe five more were needed. */
static void a_probe_that_fails_opens_it_again_at_once(void)
{
    opened();
    now += 30 * NANOS_S;
    CHECK(call(BREAKER_BAD));
    CHECK_INT(view.state, BREAKER_OPEN);
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void a_cancelled_probe_gives_its_right_to_the_next(void)
{
    opened();
    now += 30 * NANOS_S;
    uint64_t probe = enter();
    CHECK_INT(enter(), 0);
    CHECK(!tell(probe, BREAKER_NOTHING));
    CHECK(enter() != 0);
    CHECK_INT(enter(), 0);
    breaker_fini(&b);
}

static void a_lost_probe_loses_its_right_in_time(void)
{
    opened();
    now += 30 * NANOS_S;
    uint64_t lost = enter();
    now += 59 * NANOS_S;
    CHECK_INT(enter(), 0);
    now += NANOS_S;
    uint64_t next = enter();
    CHECK(next != 0);
    CHECK(!tell(lost, BREAKER_WELL)); /* it comes back after all */
    CHECK_INT(enter(), 0);
    CHECK(tell(next, BREAKER_WELL));
    breaker_fini(&b);
}

static void what_began_before_it_opened_says_nothing_afterwards(void)
{
    begin();
    uint64_t old = enter();
    calls(5, BREAKER_BAD);
    CHECK(!tell(old, BREAKER_WELL));
    CHECK_INT(enter(), 0);
    now += 30 * NANOS_S;
    uint64_t probe = enter();
    CHECK(!tell(old, BREAKER_BAD));
    CHECK(tell(probe, BREAKER_WELL));
    breaker_fini(&b);
}

static nanos fail_again(void)
{
    now += view.wait;
    CHECK(call(BREAKER_BAD));
    return view.wait;
}

static void each_time_it_stays_open_twice_as_long_up_to_the_most(void)
{
    opened();
    CHECK_INT(fail_again(), 60 * NANOS_S);
    CHECK_INT(fail_again(), 120 * NANOS_S);
    CHECK_INT(fail_again(), 240 * NANOS_S);
    CHECK_INT(fail_again(), 300 * NANOS_S);
    CHECK_INT(fail_again(), 300 * NANOS_S);
    breaker_fini(&b);
}

static void only_a_calm_makes_the_time_short_again(void)
{
    opened();
    CHECK_INT(fail_again(), 60 * NANOS_S);
    now += view.wait;
    call(BREAKER_WELL);
    now += 299 * NANOS_S;
    calls(5, BREAKER_BAD);
    CHECK_INT(view.wait, 120 * NANOS_S);
    now += view.wait;
    call(BREAKER_WELL);
    now += 300 * NANOS_S;
    calls(5, BREAKER_BAD);
    CHECK_INT(view.wait, 30 * NANOS_S);
    breaker_fini(&b);
}

static void the_dice_lengthen_the_time_by_a_quarter_at_most(void)
{
    begin();
    calls(4, BREAKER_BAD);
    struct breaker_word word = {enter(), BREAKER_BAD, now, UINT32_MAX};
    CHECK(breaker_tell(&b, &rules, &word, &view));
    CHECK(view.wait > 37 * NANOS_S && view.wait <= 37.5 * (double)NANOS_S);
    breaker_fini(&b);
}

static void what_has_begun_well_closes_it_before_it_ends(void)
{
    opened();
    now += 30 * NANOS_S;
    uint64_t ticket = enter();
    CHECK(breaker_begun(&b, &ticket, now));
    CHECK(enter() != 0);
    CHECK(!tell(ticket, BREAKER_BAD)); /* it broke off: the first of a row */
    CHECK_INT(view.in_row, 1);
    breaker_fini(&b);
}

static void who_is_forced_through_can_close_it_and_no_more(void)
{
    opened();
    CHECK(!tell(BREAKER_FORCED, BREAKER_BAD));
    CHECK_INT(view.wait, 30 * NANOS_S);
    CHECK(tell(BREAKER_FORCED, BREAKER_WELL));
    CHECK_INT(view.state, BREAKER_CLOSED);
    breaker_fini(&b);
}

/* --- several threads --------------------------------------------------------- */

#define THREADS 8
#define ROUNDS  300

static pthread_barrier_t together;
static int passed[THREADS];

static void *one_worker(void *arg)
{
    int *mine = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&together);
        struct breaker_view seen;
        bool changed;
        uint64_t ticket = breaker_enter(
            &b, &rules, now + (i + 1) * 400 * NANOS_S, &seen, &changed);
        *mine += ticket != 0;
        pthread_barrier_wait(&together);
        struct breaker_word word = {ticket, BREAKER_BAD,
                                    now + (i + 1) * 400 * NANOS_S, 0};
        if (ticket != 0)
            breaker_tell(&b, &rules, &word, &seen);
    }
    return NULL;
}

static void of_many_threads_that_ask_at_once_one_is_the_probe(void)
{
    pthread_t threads[THREADS];
    int all = 0;
    opened();
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        passed[i] = 0;
        pthread_create(&threads[i], NULL, one_worker, &passed[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += passed[i];
    }
    CHECK_INT(all, ROUNDS);
    pthread_barrier_destroy(&together);
    breaker_fini(&b);
}

TESTS(a_new_breaker_lets_everybody_pass, five_failures_in_a_row_open_it,
      a_call_that_goes_well_ends_the_row,
      what_counts_for_nothing_neither_opens_it_nor_ends_the_row,
      half_of_twenty_in_the_window_open_it, what_left_the_window_counts_no_more,
      the_rules_are_those_of_the_moment, two_windows_do_not_make_it_forget,
      a_shorter_window_holds_once_the_longer_one_is_empty,
      half_open_lets_one_pass_and_no_other, a_probe_that_goes_well_closes_it,
      a_probe_that_fails_opens_it_again_at_once,
      a_cancelled_probe_gives_its_right_to_the_next,
      a_lost_probe_loses_its_right_in_time,
      what_began_before_it_opened_says_nothing_afterwards,
      each_time_it_stays_open_twice_as_long_up_to_the_most,
      only_a_calm_makes_the_time_short_again,
      the_dice_lengthen_the_time_by_a_quarter_at_most,
      what_has_begun_well_closes_it_before_it_ends,
      who_is_forced_through_can_close_it_and_no_more,
      of_many_threads_that_ask_at_once_one_is_the_probe)
