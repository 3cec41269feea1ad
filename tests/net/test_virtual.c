/*
** test_virtual.c -- what a simulated world promises: time, chance, order.
*/
#include "unit.h"

#include "base/err.h"
#include "net/virtual/virtual.h"

static struct world *w;

static void begin_seeded(uint64_t seed)
{
    struct virtual_setup setup = {.seed = seed, .calendar = 1000 * NANOS_S};
    CHECK_INT(virtual_open(&w, &setup), 0);
}

static void begin(void)
{
    begin_seeded(1);
}

static void finish(void)
{
    virtual_close(w);
}

/* --- time ------------------------------------------------------------------ */

/* Things that happen, each a letter. */
static char happened[64];
static nanos times[64];

struct event {
    struct timer timer; /* first */
    struct later later;
    struct nudge nudge;
    struct job job;
    char name;
};

static void note(char name)
{
    size_t n = strlen(happened);
    happened[n] = name;
    happened[n + 1] = '\0';
    times[n] = world_now(w) - VIRTUAL_START;
}

static void on_timer(struct timer *t)
{
    note(((struct event *)t)->name);
}

static void fire_at(struct event *e, char name, nanos due)
{
    *e = (struct event){.timer.fire = on_timer, .name = name};
    timer_start(w, &e->timer, VIRTUAL_START + due);
}

static void time_passes_only_while_nothing_is_to_be_done(void)
{
    struct event a, b;
    happened[0] = '\0';
    begin();
    fire_at(&a, 'a', 600 * NANOS_S);
    fire_at(&b, 'b', 0);
    CHECK(virtual_turn(w));
    CHECK_STR(str_of(happened), "b");
    CHECK(!virtual_turn(w));
    CHECK_INT(world_now(w), VIRTUAL_START);
    CHECK(virtual_advance(w, NANOS_NEVER));
    CHECK_INT(world_now(w), VIRTUAL_START + 600 * NANOS_S);
    CHECK(virtual_turn(w));
    CHECK_STR(str_of(happened), "ba");
    CHECK(!virtual_advance(w, NANOS_NEVER));
    CHECK_INT(world_now(w), VIRTUAL_START + 600 * NANOS_S);
    finish();
}

static void what_is_due_comes_in_its_order_and_at_its_time(void)
{
    struct event e[4];
    happened[0] = '\0';
    begin();
    fire_at(&e[0], 'c', 3 * NANOS_S);
    fire_at(&e[1], 'a', NANOS_S);
    fire_at(&e[2], 'd', 3 * NANOS_S);
    fire_at(&e[3], 'b', 2 * NANOS_S);
    virtual_pass(w, VIRTUAL_START + 10 * NANOS_S);
    CHECK_STR(str_of(happened), "abcd");
    CHECK_INT(times[1], 2 * NANOS_S);
    CHECK_INT(times[3], 3 * NANOS_S);
    CHECK_INT(world_now(w), VIRTUAL_START + 10 * NANOS_S);
    finish();
}

static void the_clock_stands_where_one_let_it_pass_to(void)
{
    struct event a;
    happened[0] = '\0';
    begin();
    fire_at(&a, 'a', 5 * NANOS_S);
    virtual_pass(w, VIRTUAL_START + 4 * NANOS_S);
    CHECK_STR(str_of(happened), "");
    CHECK_INT(world_now(w), VIRTUAL_START + 4 * NANOS_S);
    timer_stop(w, &a.timer);
    virtual_pass(w, VIRTUAL_START + 6 * NANOS_S);
    CHECK_STR(str_of(happened), "");
    finish();
}

static void the_calendar_goes_with_the_clock(void)
{
    begin();
    CHECK_INT(world_calendar(w), 1000 * NANOS_S);
    virtual_pass(w, world_now(w) + 86400 * NANOS_S);
    CHECK_INT(world_calendar(w), 87400 * NANOS_S);
    finish();
}

static void the_stopwatch_runs_while_the_clock_stands(void)
{
    begin();
    nanos now = world_now(w), from = world_stopwatch(w);
    for (int i = 0; i < 1000; i++)
        world_stopwatch(w);
    CHECK(world_stopwatch(w) - from >= NANOS_MS);
    CHECK(world_cpu(w) - from < 2 * NANOS_MS);
    CHECK_INT(world_now(w), now);
    finish();
}

static void two_worlds_have_the_same_stopwatch(void)
{
    nanos read[2];
    for (int run = 0; run < 2; run++) {
        begin_seeded((uint64_t)run);
        for (int i = 0; i < 5000; i++)
            read[run] = world_stopwatch(w);
        finish();
    }
    CHECK_INT(read[0], read[1]);
}

/* However long a step takes that nobody counts: some real time is the end. */
static void real_time_ends_what_takes_too_long(void)
{
    struct virtual_setup setup = {.patience = NANOS_MS};
    CHECK_INT(virtual_open(&w, &setup), 0);
    nanos from = world_stopwatch(w), most = 0;
    for (int i = 0; i < 1000000 && most < 1000 * NANOS_S; i++)
        most = world_stopwatch(w) - from;
    CHECK(most >= 1000 * NANOS_S);
    virtual_turn(w); /* another turn has time of its own */
    from = world_stopwatch(w);
    CHECK(world_stopwatch(w) - from < NANOS_S);
    finish();
}

/* --- chance ---------------------------------------------------------------- */

static void throw_dice(uint64_t seed, char dice[40])
{
    begin_seeded(seed);
    world_random(w, dice, 7);
    world_random(w, dice + 7, 33);
    finish();
}

static void the_same_seed_is_the_same_chance(void)
{
    char a[40], b[40], c[40];
    throw_dice(7, a);
    throw_dice(7, b);
    throw_dice(8, c);
    CHECK(memcmp(a, b, sizeof a) == 0);
    CHECK(memcmp(a, c, sizeof a) != 0);
}

static void chance_is_spread(void)
{
    uint64_t bits = 0, all = 0, dice;
    begin_seeded(0);
    for (int i = 0; i < 4096; i++) {
        world_random(w, &dice, sizeof dice);
        bits += (uint64_t)__builtin_popcountll(dice);
        all |= dice;
    }
    CHECK(all == UINT64_MAX);
    CHECK(bits > 4096 * 31 && bits < 4096 * 33);
    finish();
}

/* --- queues ---------------------------------------------------------------- */

static struct event one, two;

static void run_later(struct later *l)
{
    note('l');
    if (l == &one.later)
        world_later(w, &two.later);
}

static void run_nudge(struct nudge *n)
{
    (void)n;
    note('n');
}

static void run_post(void *arg)
{
    note(*(char *)arg);
}

static void work(struct job *j)
{
    (void)j;
    note('w');
}

static void done(struct job *j)
{
    (void)j;
    note('d');
}

static void a_turn_is_posts_jobs_timers_and_what_was_put_off(void)
{
    char post = 'p';
    happened[0] = '\0';
    begin();
    one = two = (struct event){.later.run = run_later,
                               .nudge.run = run_nudge,
                               .job = {.work = work, .done = done}};
    world_later(w, &one.later);
    world_later(w, &one.later);
    world_execute(w, &one.job);
    CHECK_INT(world_post(w, run_post, &post), 0);
    world_nudge(w, &one.nudge);
    world_nudge(w, &one.nudge);
    struct event timer;
    fire_at(&timer, 't', 0);
    CHECK(virtual_turn(w));
    CHECK_STR(str_of(happened), "pnwdtll");
    CHECK(!virtual_turn(w));
    finish();
}

static void what_was_never_heard_is_forgotten_at_the_end(void)
{
    char post = 'p';
    happened[0] = '\0';
    begin();
    CHECK_INT(world_post(w, run_post, &post), 0);
    finish();
    CHECK_STR(str_of(happened), "");
}

/* --- the environment ------------------------------------------------------- */

static void every_key_has_a_value_of_its_own(void)
{
    begin();
    CHECK_STR(str_of(world_env(w, "A_KEY")), "simulated-A_KEY");
    CHECK(strcmp(world_env(w, "A_KEY"), world_env(w, "B_KEY")) != 0);
    finish();
}

static void only_the_keys_that_are_listed_are_there(void)
{
    static const char *const keys[] = {"A_KEY", NULL};
    struct virtual_setup setup = {.keys = keys};
    CHECK_INT(virtual_open(&w, &setup), 0);
    CHECK(world_env(w, "A_KEY") != NULL);
    CHECK(world_env(w, "HOME") == NULL);
    finish();
}

static void without_memory_there_is_no_world(void)
{
    for (int nth = 1; nth < 5; nth++) {
        struct virtual_setup setup = {.seed = 1};
        mem_fail_at(nth, 0);
        int error = virtual_open(&w, &setup);
        mem_fail_at(0, 0);
        if (error == 0)
            finish();
        CHECK(error == 0 || error == ERR_MEMORY);
    }
}

TESTS(time_passes_only_while_nothing_is_to_be_done,
      what_is_due_comes_in_its_order_and_at_its_time,
      the_clock_stands_where_one_let_it_pass_to,
      the_calendar_goes_with_the_clock,
      the_stopwatch_runs_while_the_clock_stands,
      two_worlds_have_the_same_stopwatch, real_time_ends_what_takes_too_long,
      the_same_seed_is_the_same_chance, chance_is_spread,
      a_turn_is_posts_jobs_timers_and_what_was_put_off,
      what_was_never_heard_is_forgotten_at_the_end,
      every_key_has_a_value_of_its_own, only_the_keys_that_are_listed_are_there,
      without_memory_there_is_no_world)
