/*
** test_real.c -- the real world: libev, the system's clocks, threads.
**
** Nothing here measures time; a turn of the loop is given long enough for
** whatever is due at once.
*/
#include "net/real.h"

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/pool.h"
#include "net/sim.h"
#include "net/transport.h"
#include "unit.h"

static struct world *w;
static char trace[256];

static void say(const char *what)
{
    strncat(trace, what, sizeof trace - strlen(trace) - 1);
}

static void open_world(struct ev_loop *loop)
{
    trace[0] = '\0';
    CHECK_INT(real_open(&w, loop, NULL, NULL), 0);
}

/* --- timers --------------------------------------------------------------- */

static void say_a(struct timer *t)
{
    CHECK(world_now(w) >= t->due);
    CHECK(!timer_running(t));
    say("a");
}

static void say_b_and_leave(struct timer *t)
{
    CHECK(world_now(w) >= t->due);
    say("b");
    real_break(w);
}

static void timers_fire_in_order_and_not_early(void)
{
    struct timer a = {.fire = say_a}, b = {.fire = say_b_and_leave};
    open_world(NULL);
    timer_start(w, &b, world_now(w) + 4 * NANOS_MS);
    timer_start(w, &a, world_now(w) + 2 * NANOS_MS);
    real_run(w);
    CHECK_STR(str_of(trace), "ab");
    real_close(w);
}

static void a_stopped_timer_does_not_fire(void)
{
    struct timer a = {.fire = say_a}, b = {.fire = say_b_and_leave};
    open_world(NULL);
    timer_start(w, &a, world_now(w));
    timer_start(w, &b, world_now(w) + NANOS_MS);
    timer_stop(w, &a);
    timer_stop(w, &a);
    real_run(w);
    CHECK_STR(str_of(trace), "b");
    real_close(w);
}

static void a_timer_moved_ahead_fires_ahead(void)
{
    struct timer b = {.fire = say_b_and_leave};
    open_world(NULL);
    timer_start(w, &b, world_now(w) + 3600 * NANOS_S);
    real_step(w, 0);
    timer_start(w, &b, world_now(w));
    real_run(w);
    CHECK_STR(str_of(trace), "b");
    real_close(w);
}

static int rounds;

static void again_and_again(struct timer *t)
{
    if (++rounds < 1000)
        timer_start(w, t, 0);
}

static void read_me(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    ev_io_stop(loop, io);
    say(rounds < 1000 ? "io" : "starved");
}

static void a_timer_that_is_always_due_leaves_room_for_sockets(void)
{
    struct timer t = {.fire = again_and_again};
    ev_io io;
    open_world(NULL);
    rounds = 0;
    ev_io_init(&io, read_me, 1, EV_WRITE);
    ev_io_start(real_loop(w), &io);
    timer_start(w, &t, 0);
    while (rounds < 1000)
        real_step(w, NANOS_S);
    CHECK_STR(str_of(trace), "io");
    real_close(w);
}

/* --- later ---------------------------------------------------------------- */

static struct later one, two, three;

static void run_one(struct later *l)
{
    CHECK(!l->queued);
    say("1");
    world_later(w, &three);
    real_break(w);
}

static void run_two(struct later *l)
{
    (void)l;
    say("2");
}

static void run_three(struct later *l)
{
    (void)l;
    say("3");
}

static void prepare_laters(void)
{
    one = (struct later){.run = run_one};
    two = (struct later){.run = run_two};
    three = (struct later){.run = run_three};
}

static void later_runs_once_in_order_before_the_loop_sleeps(void)
{
    open_world(NULL);
    prepare_laters();
    world_later(w, &one);
    world_later(w, &two);
    world_later(w, &one);
    real_run(w); /* would sleep for ever, were it not for run_one */
    CHECK_STR(str_of(trace), "123");
    real_close(w);
}

static void queue_one(struct timer *t)
{
    (void)t;
    world_later(w, &two);
}

static void later_runs_in_the_turn_it_was_asked_in(void)
{
    struct timer t = {.fire = queue_one};
    open_world(NULL);
    prepare_laters();
    timer_start(w, &t, 0);
    while (timer_running(&t))
        real_step(w, NANOS_S);
    CHECK_STR(str_of(trace), "2");
    real_close(w);
}

/* --- post and execute ----------------------------------------------------- */

#define POSTS 200

static int posted[2]; /* the last number seen of each thread */
static int arrived;

struct note {
    int thread, number;
};
static struct note notes[2][POSTS];

static void read_note(void *arg)
{
    const struct note *n = arg;
    CHECK_INT(n->number, posted[n->thread]++);
    if (++arrived == 2 * POSTS)
        real_break(w);
}

static void *post_all(void *arg)
{
    struct note *all = arg;
    for (int i = 0; i < POSTS; i++)
        while (world_post(w, read_note, &all[i]) != 0)
            ;
    return NULL;
}

static void posts_of_any_thread_arrive_in_their_order(void)
{
    pthread_t threads[2];
    open_world(NULL);
    arrived = posted[0] = posted[1] = 0;
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < POSTS; i++)
            notes[t][i] = (struct note){t, i};
    for (int t = 0; t < 2; t++)
        pthread_create(&threads[t], NULL, post_all, notes[t]);
    real_run(w);
    for (int t = 0; t < 2; t++)
        pthread_join(threads[t], NULL);
    CHECK_INT(arrived, 2 * POSTS);
    real_close(w);
}

static void never(void *arg)
{
    (void)arg;
    CHECK(!"posted work ran after close");
}

static void what_was_posted_and_not_run_is_dropped_at_close(void)
{
    open_world(NULL);
    CHECK_INT(world_post(w, never, NULL), 0);
    mem_fail_at(1, 0);
    CHECK(world_post(w, never, NULL) != 0);
    mem_fail_at(0, 0);
    real_close(w);
}

#define JOBS 20

struct task {
    struct job job;
    pthread_t worker;
    bool worked;
};
static struct task tasks[JOBS];
static int done_n;
static pthread_t owner;

static void work(struct job *j)
{
    struct task *t = (struct task *)j;
    t->worked = true;
    t->worker = pthread_self();
}

static void job_done(struct job *j)
{
    struct task *t = (struct task *)j;
    CHECK(t->worked);
    CHECK(!pthread_equal(t->worker, owner));
    CHECK(pthread_equal(pthread_self(), owner));
    if (++done_n == JOBS)
        real_break(w);
}

static void jobs_run_elsewhere_and_are_done_here(void)
{
    open_world(NULL);
    owner = pthread_self();
    done_n = 0;
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = (struct task){.job = {work, job_done, NULL}};
        world_execute(w, &tasks[i].job);
    }
    real_run(w);
    CHECK_INT(done_n, JOBS);
    real_close(w);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int at_gate;

static void wait_at_gate(struct job *j)
{
    (void)j;
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void done_too_late(struct job *j)
{
    (void)j;
    CHECK(!"a job was done after close");
}

static void closing_waits_for_what_is_worked_on_and_drops_the_rest(void)
{
    struct job jobs[5];
    open_world(NULL);
    atomic_store(&at_gate, 0);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 5; i++) {
        jobs[i] = (struct job){wait_at_gate, done_too_late, NULL};
        world_execute(w, &jobs[i]);
    }
    while (atomic_load(&at_gate) < POOL_THREADS)
        real_step(w, NANOS_MS);
    CHECK_INT(atomic_load(&at_gate), POOL_THREADS);
    pthread_mutex_unlock(&gate);
    real_close(w);
}

/* --- clocks, dice, log, borrowed loops ------------------------------------ */

static void clocks_run_forward(void)
{
    open_world(NULL);
    nanos a = world_now(w), c = world_cpu(w);
    CHECK(world_now(w) >= a);
    CHECK(world_cpu(w) >= c && c > 0);
    CHECK(world_calendar(w) > 1600000000 * NANOS_S); /* it is past 2020 */
    real_close(w);
}

static void dice_do_not_repeat(void)
{
    static unsigned char a[6000], b[6000];
    int same = 0;
    open_world(NULL);
    world_random(w, a, sizeof a); /* more than is fetched at once */
    world_random(w, b, sizeof b);
    for (size_t i = 0; i < sizeof a; i++)
        same += a[i] == b[i];
    CHECK(same < 200); /* 23 are expected */
    real_close(w);
}

static void remember(void *user, const char *line, size_t len)
{
    CHECK(user == trace);
    say(len == 2 && memcmp(line, "{}", 2) == 0 ? "ok" : "?");
}

static void log_lines_reach_their_function_or_nobody(void)
{
    open_world(NULL);
    world_log(w, STR("{}"));
    real_close(w);
    CHECK_INT(real_open(&w, NULL, remember, trace), 0);
    world_log(w, STR("{}"));
    CHECK_STR(str_of(trace), "ok");
    real_close(w);
}

static void a_borrowed_loop_ends_when_its_host_is_done(void)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct timer far = {.fire = say_a};
    open_world(loop);
    CHECK(real_loop(w) == loop);
    timer_start(w, &far, world_now(w) + 3600 * NANOS_S);
    CHECK(ev_run(loop, 0) == 0);
    timer_stop(w, &far);
    real_close(w);
    CHECK(ev_run(loop, 0) == 0); /* nothing of ours is left on it */
    ev_loop_destroy(loop);
}

static void a_step_waits_for_what_is_due_on_a_borrowed_loop_too(void)
{
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct timer a = {.fire = say_a};
    open_world(loop);
    timer_start(w, &a, world_now(w) + 2 * NANOS_MS);
    for (int i = 0; i < 5 && timer_running(&a); i++)
        real_step(w, NANOS_S);
    CHECK_STR(str_of(trace), "a");
    real_close(w);
    ev_loop_destroy(loop);
}

static void sim_connected(struct exchange *x)
{
    (void)x;
    say("c");
}

static void sim_head(struct exchange *x, int status,
                     const struct http_field *fields, int n)
{
    (void)x, (void)fields, (void)n;
    say(status == 200 ? "h" : "?");
}

static void sim_body(struct exchange *x, str bytes)
{
    (void)x;
    say(bytes.n > 0 ? "b" : "?");
}

static void sim_done(struct exchange *x, enum exchange_end end, str detail)
{
    (void)x, (void)detail;
    say(end == EXCHANGE_OK ? "d" : "?");
}

static void an_exchange_with_a_script_is_simulated(void)
{
    static const struct exchange_events events = {
        .connected = sim_connected,
        .head = sim_head,
        .body = sim_body,
        .done = sim_done,
    };
    struct sim_script script = {.latency = -1};
    struct exchange x = {.events = &events, .body = STR("{}")};
    x.sim = &script; /* and no url to connect to */
    open_world(NULL);
    CHECK_INT(exchange_start(world_transport(w), &x), 0);
    CHECK(x.impl != NULL);
    while (x.impl != NULL)
        real_step(w, NANOS_S);
    CHECK_STR(str_of(trace), "chbd");
    CHECK_INT(exchange_start(world_transport(w), &x), 0);
    exchange_pause(world_transport(w), &x);
    exchange_resume(world_transport(w), &x);
    exchange_cancel(world_transport(w), &x);
    CHECK(x.impl == NULL);
    real_close(w);
}

static void opening_without_memory_leaves_nothing_behind(void)
{
    int n = 0, rc;
    do {
        mem_fail_at(++n, 0);
        w = NULL;
        rc = real_open(&w, NULL, NULL, NULL);
        mem_fail_at(0, 0);
    } while (rc != 0 && n < 50);
    CHECK(n > 3 && n < 50);
    real_close(w);
    real_close(NULL);
}

TESTS(timers_fire_in_order_and_not_early, a_stopped_timer_does_not_fire,
      a_timer_moved_ahead_fires_ahead,
      a_timer_that_is_always_due_leaves_room_for_sockets,
      later_runs_once_in_order_before_the_loop_sleeps,
      later_runs_in_the_turn_it_was_asked_in,
      posts_of_any_thread_arrive_in_their_order,
      what_was_posted_and_not_run_is_dropped_at_close,
      jobs_run_elsewhere_and_are_done_here,
      closing_waits_for_what_is_worked_on_and_drops_the_rest,
      clocks_run_forward, dice_do_not_repeat,
      log_lines_reach_their_function_or_nobody,
      a_borrowed_loop_ends_when_its_host_is_done,
      a_step_waits_for_what_is_due_on_a_borrowed_loop_too,
      an_exchange_with_a_script_is_simulated,
      opening_without_memory_leaves_nothing_behind)
