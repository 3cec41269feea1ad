/*
** test_plain_idle.c -- connections that wait, on a clock turned by hand.
*/
#include "mock_upstream.h"

#include <sched.h>

#include "net/plain/plain.h"
#include "test_world.h"

static struct test_world t;
static struct mock mock;
static struct caller caller, other;

#define STEP_UNTIL(what)                                   \
    do {                                                   \
        for (int i_ = 0; i_ < 10000000 && !(what); i_++) { \
            world_step(&t);                                \
            sched_yield();                                 \
        }                                                  \
        CHECK(what);                                       \
    } while (0)

static void serve_hi(struct mock *m)
{
    for (int fd; (fd = mock_accept(m)) >= 0; close(fd)) {
        while (mock_request(m, fd))
            mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        atomic_fetch_add(&m->gone, 1);
    }
}

static void begin(void)
{
    world_open(&t);
    CHECK_INT(plain_open(&over, &t.base, t.loop), 0);
    mock_open(&mock, serve_hi);
    caller_init(&caller, &t.base, mock.port, STR("{}"));
    caller_init(&other, &t.base, mock.port, STR("{}"));
}

static void finish(void)
{
    caller_fini(&caller);
    caller_fini(&other);
    world_run_later(&t);
    plain_close(over);
    over = NULL;
    world_close(&t);
    mock_close(&mock);
}

static void ask(struct caller *c)
{
    c->connected = c->heads = c->ends = 0;
    CHECK_INT(caller_start(c), 0);
    STEP_UNTIL(c->ends == 1);
    CHECK_INT(c->end, EXCHANGE_OK);
}

static void a_connection_is_kept_for_55_seconds_and_no_longer(void)
{
    begin();
    ask(&caller);
    world_pass(&t, 54 * NANOS_S);
    CHECK_INT(atomic_load(&mock.gone), 0);
    ask(&other); /* it has 55 seconds from now */
    world_pass(&t, 54 * NANOS_S);
    CHECK_INT(atomic_load(&mock.gone), 0);
    CHECK_INT(atomic_load(&mock.accepts), 1);
    world_pass(&t, NANOS_S);
    STEP_UNTIL(atomic_load(&mock.gone) == 1);
    finish();
}

static void what_waits_is_closed_with_the_transport(void)
{
    begin();
    ask(&caller);
    finish();
    CHECK_INT(atomic_load(&mock.gone), 1);
}

/* The loop is over when its host has nothing to do. */
static void no_loop_is_kept_alive(void)
{
    begin();
    ask(&caller);
    CHECK(ev_run(t.loop, 0) == 0);
    CHECK_INT(caller_start(&other), 0);
    world_run_later(&t);
    CHECK(ev_run(t.loop, 0) == 0);
    caller_cancel(&other);
    CHECK(ev_run(t.loop, 0) == 0);
    finish();
}

TESTS(a_connection_is_kept_for_55_seconds_and_no_longer,
      what_waits_is_closed_with_the_transport, no_loop_is_kept_alive)
