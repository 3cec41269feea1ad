/*
** test_target.c -- what is known of a target, by a clock that the test turns.
*/
#include "unit.h"

#include <stdatomic.h>

#include "meter/target.h"

static struct target t;
static struct target_rules rules;
static struct target_view view;
static struct target_news news;
static nanos now;

static void begin(void)
{
    t = (struct target){.in_flight = 0};
    target_init(&t);
    rules = (struct target_rules){.breaker = breaker_usual};
    now = 1000 * NANOS_S;
}

static void end(void)
{
    CHECK_INT(t.in_flight, 0);
    target_fini(&t);
}

static struct visit visit(bool stream)
{
    return (struct visit){.target = &t, .rules = rules, .stream = stream};
}

static enum target_entry enter(struct visit *v)
{
    *v = visit(true);
    return visit_enter(v, now, &news);
}

static void over(struct visit *v, enum visit_sign sign)
{
    struct visit_end end = {.sign = sign, .now = now, .retry_after = -1};
    visit_ended(v, &end, &news);
}

/* A stream whose first token takes so long. */
static void stream(nanos first)
{
    struct visit v;
    CHECK_INT(enter(&v), TARGET_PASSES);
    now += first;
    visit_begun(&v, now, 0, &news);
    over(&v, VISIT_WELL);
}

/* A call that comes to this end after so long. */
static void call(enum visit_sign sign, nanos after)
{
    struct visit v;
    CHECK_INT(enter(&v), TARGET_PASSES);
    now += after;
    over(&v, sign);
}

static struct target_view *look(void)
{
    target_look(&t, &rules, now, &view);
    return &view;
}

/* --- the breaker ----------------------------------------------------------- */

static void failures_open_it_and_limits_do_not(void)
{
    begin();
    for (int i = 0; i < 20; i++) {
        call(VISIT_LIMITED, NANOS_MS);
        call(VISIT_BARRED, NANOS_MS);
        call(VISIT_NOTHING, NANOS_MS);
    }
    CHECK(!look()->open);
    for (int i = 0; i < 5; i++)
        call(VISIT_FAILED, NANOS_MS);
    CHECK(news.changed);
    CHECK_INT(news.breaker.state, BREAKER_OPEN);
    CHECK(look()->open);
    struct visit v;
    CHECK_INT(enter(&v), TARGET_OPEN);
    end();
}

static void open_target(void)
{
    begin();
    for (int i = 0; i < 5; i++)
        call(VISIT_FAILED, NANOS_MS);
}

static void a_client_that_leaves_gives_the_probe_back(void)
{
    struct visit probe, other;
    open_target();
    now += 30 * NANOS_S;
    CHECK_INT(enter(&probe), TARGET_PASSES);
    CHECK(news.changed);
    CHECK_INT(enter(&other), TARGET_OPEN);
    visit_left(&probe, now);
    CHECK_INT(enter(&other), TARGET_PASSES);
    CHECK(!news.changed);
    over(&other, VISIT_WELL);
    CHECK(news.changed);
    CHECK(!look()->open);
    end();
}

static void a_first_token_of_the_probe_closes_it(void)
{
    struct visit probe, other;
    open_target();
    now += 30 * NANOS_S;
    enter(&probe);
    visit_begun(&probe, now, 0, &news);
    CHECK(news.changed);
    CHECK_INT(enter(&other), TARGET_PASSES);
    visit_left(&probe, now);
    visit_left(&other, now);
    end();
}

static void slow_first_tokens_are_failures_if_one_says_so(void)
{
    begin();
    for (int i = 0; i < 10; i++)
        stream(9 * NANOS_S);
    CHECK(!look()->open);
    rules.slow = 8 * NANOS_S;
    for (int i = 0; i < 5; i++)
        stream(9 * NANOS_S);
    CHECK(look()->open);
    end();
}

static void streams_that_break_off_open_it_by_their_share(void)
{
    begin();
    for (int i = 0; i < 20; i++) {
        struct visit v;
        CHECK_INT(enter(&v), TARGET_PASSES);
        visit_begun(&v, now, 0, &news);
        over(&v, VISIT_FAILED);
    }
    CHECK(look()->open);
    end();
}

static void one_without_a_breaker_is_never_open(void)
{
    begin();
    rules.unbroken = true;
    for (int i = 0; i < 50; i++)
        call(VISIT_FAILED, NANOS_MS);
    CHECK(!look()->open);
    end();
}

static void who_is_forced_passes_and_closes_it_when_all_is_well(void)
{
    open_target();
    struct visit v = visit(true);
    v.forced = true;
    CHECK_INT(visit_enter(&v, now, &news), TARGET_PASSES);
    over(&v, VISIT_FAILED);
    CHECK(look()->open);
    v = visit(true);
    v.forced = true;
    CHECK_INT(visit_enter(&v, now, &news), TARGET_PASSES);
    visit_begun(&v, now, 0, &news);
    CHECK(!look()->open);
    over(&v, VISIT_WELL);
    end();
}

static void a_visit_without_a_target_is_fine(void)
{
    struct visit v = {.target = NULL};
    CHECK_INT(visit_enter(&v, 0, &news), TARGET_PASSES);
    visit_begun(&v, 0, 0, &news);
    over(&v, VISIT_FAILED);
    visit_left(&v, 0);
    CHECK_INT(target_first_quantile(NULL, 0.95, 0), 0);
    target_look(NULL, &rules, 0, &view);
    CHECK(!view.open && !view.full);
}

/* --- how many at a time ---------------------------------------------------- */

static void so_many_at_a_time_and_no_more(void)
{
    struct visit v[3];
    begin();
    rules.concurrency = 2;
    CHECK_INT(enter(&v[0]), TARGET_PASSES);
    CHECK_INT(enter(&v[1]), TARGET_PASSES);
    CHECK(look()->full);
    CHECK_INT(enter(&v[2]), TARGET_FULL);
    over(&v[2], VISIT_WELL); /* it never was inside */
    visit_left(&v[0], now);
    CHECK_INT(enter(&v[2]), TARGET_PASSES);
    over(&v[1], VISIT_WELL);
    over(&v[1], VISIT_WELL);
    over(&v[2], VISIT_WELL);
    end();
}

static int limit(void)
{
    return aimd_limit(&t.aimd);
}

static void as_many_as_it_bears(void)
{
    struct visit v[AIMD_FIRST + 1];
    begin();
    rules.unbroken = true;
    rules.concurrency = TARGET_ADAPTIVE;
    for (int i = 0; i < AIMD_FIRST; i++)
        CHECK_INT(enter(&v[i]), TARGET_PASSES);
    CHECK_INT(enter(&v[AIMD_FIRST]), TARGET_FULL);
    now += NANOS_S;
    for (int i = 0; i < AIMD_FIRST; i++)
        over(&v[i], VISIT_STRAINED); /* all at once: one reason */
    CHECK_INT(limit(), 18);
    call(VISIT_LIMITED, NANOS_S);
    CHECK_INT(limit(), 16);
    call(VISIT_FAILED, NANOS_S);
    CHECK_INT(limit(), 16);
    end();
}

static void it_bears_more_only_while_it_is_nearly_full(void)
{
    struct visit v[AIMD_FIRST];
    begin();
    for (int i = 0; i < 1000; i++)
        stream(NANOS_MS);
    CHECK_INT(limit(), AIMD_FIRST);
    for (int i = 0; i < AIMD_FIRST; i++)
        enter(&v[i]);
    for (int round = 0; round < 3 * AIMD_FIRST; round++)
        stream(NANOS_MS);
    CHECK(limit() >= AIMD_FIRST + 2);
    for (int i = 0; i < AIMD_FIRST; i++)
        visit_left(&v[i], now);
    end();
}

static void it_never_bears_less_than_one(void)
{
    begin();
    for (int i = 0; i < 200; i++)
        call(VISIT_LIMITED, NANOS_S);
    CHECK_INT(limit(), 1);
    end();
}

/* --- what it costs --------------------------------------------------------- */

static void a_slow_one_counts_at_once_and_a_fast_one_little_by_little(void)
{
    begin();
    stream(NANOS_S);
    CHECK_NEAR(look()->load / 1e9, 1);
    stream(4 * NANOS_S);
    CHECK_NEAR(look()->load / 1e9, 4);
    stream(NANOS_S);
    double load = look()->load / 1e9;
    CHECK(load > 3.5 && load < 4);
    now += 60 * NANOS_S;
    CHECK(look()->load / 1e9 < 0.02);
    end();
}

static void each_call_on_its_way_makes_it_dearer(void)
{
    struct visit v;
    begin();
    stream(NANOS_S);
    enter(&v);
    CHECK_NEAR(look()->load / 1e9, 2);
    CHECK_INT(look()->in_flight, 1);
    visit_left(&v, now);
    end();
}

static void an_unknown_one_is_tried_by_one_and_not_by_all(void)
{
    struct visit v;
    begin();
    CHECK(look()->load == 0);
    enter(&v);
    CHECK(look()->load >= 5e9);
    visit_left(&v, now);
    end();
}

/* linkerd2-proxy #4537: whoever refuses fast looks fast. */
static void fast_failures_do_not_make_it_attractive(void)
{
    begin();
    stream(NANOS_S);
    call(VISIT_LIMITED, NANOS_MS);
    CHECK(look()->load >= 5e9);
    CHECK(look()->busy > 0.9);
    for (int i = 0; i < 9; i++)
        call(VISIT_LIMITED, NANOS_MS);
    CHECK(look()->busy > 9.9);
    end();
}

static void what_it_asks_for_makes_it_dearer_still(void)
{
    struct visit v;
    begin();
    enter(&v);
    struct visit_end e = {
        .sign = VISIT_LIMITED, .now = now, .retry_after = 20 * NANOS_S};
    visit_ended(&v, &e, &news);
    CHECK_NEAR(look()->load / 1e9, 25);
    CHECK(look()->rests);
    now += 20 * NANOS_S;
    CHECK(!look()->rests);
    enter(&v);
    e.retry_after = NANOS_NEVER;
    e.now = now;
    visit_ended(&v, &e, &news);
    CHECK_NEAR(look()->load / 1e9, 65);
    now += 300 * NANOS_S;
    CHECK(!look()->rests);
    end();
}

static void a_long_answer_is_not_a_slow_one(void)
{
    begin();
    struct visit v = visit(false);
    visit_enter(&v, now, &news);
    now += 32 * NANOS_S;
    struct visit_end e = {.sign = VISIT_WELL, .now = now, .output = 3200};
    visit_ended(&v, &e, &news);
    CHECK_NEAR(look()->load / 1e9, 0.32);
    end();
}

static void the_wait_for_a_turn_is_not_the_targets(void)
{
    struct visit v;
    begin();
    enter(&v);
    now += 10 * NANOS_S;
    visit_sent(&v, now);
    now += NANOS_S;
    visit_begun(&v, now, 0, &news);
    CHECK_NEAR(look()->load / 1e9, 2); /* itself among them */
    over(&v, VISIT_WELL);
    end();
}

static void first_tokens_and_whole_replies_have_quantiles_of_their_own(void)
{
    begin();
    for (int i = 0; i < 20; i++)
        stream(NANOS_S);
    nanos first = target_first_quantile(&t, 0.95, now);
    CHECK(first > 0.95 * (double)NANOS_S && first < 1.05 * (double)NANOS_S);
    CHECK_INT(target_whole_quantile(&t, 0.95, now), 0);
    end();
}

/* --- several threads ------------------------------------------------------- */

#define THREADS 8
#define MOST    5

static atomic_int inside, most_inside, passed;

static void *one_worker(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        struct visit v = visit(true);
        struct target_news mine;
        if (visit_enter(&v, now, &mine) != TARGET_PASSES)
            continue;
        int n = atomic_fetch_add(&inside, 1) + 1;
        int most = atomic_load(&most_inside);
        while (n > most &&
               !atomic_compare_exchange_weak(&most_inside, &most, n))
            continue;
        visit_begun(&v, now, 0, &mine);
        atomic_fetch_sub(&inside, 1);
        struct visit_end e = {.sign = i % 7 ? VISIT_WELL : VISIT_LIMITED,
                              .now = now};
        visit_ended(&v, &e, &mine);
        atomic_fetch_add(&passed, 1);
    }
    return NULL;
}

static void several_threads_keep_to_one_limit(void)
{
    pthread_t threads[THREADS];
    begin();
    rules.concurrency = MOST;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, one_worker, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(atomic_load(&most_inside) <= MOST);
    CHECK(atomic_load(&passed) > 0);
    end();
}

TESTS(failures_open_it_and_limits_do_not,
      a_client_that_leaves_gives_the_probe_back,
      a_first_token_of_the_probe_closes_it,
      slow_first_tokens_are_failures_if_one_says_so,
      streams_that_break_off_open_it_by_their_share,
      one_without_a_breaker_is_never_open,
      who_is_forced_passes_and_closes_it_when_all_is_well,
      a_visit_without_a_target_is_fine, so_many_at_a_time_and_no_more,
      as_many_as_it_bears, it_bears_more_only_while_it_is_nearly_full,
      it_never_bears_less_than_one,
      a_slow_one_counts_at_once_and_a_fast_one_little_by_little,
      each_call_on_its_way_makes_it_dearer,
      an_unknown_one_is_tried_by_one_and_not_by_all,
      fast_failures_do_not_make_it_attractive,
      what_it_asks_for_makes_it_dearer_still, a_long_answer_is_not_a_slow_one,
      the_wait_for_a_turn_is_not_the_targets,
      first_tokens_and_whole_replies_have_quantiles_of_their_own,
      several_threads_keep_to_one_limit)
