/*
** test_plain_idle.c -- connections that wait, on a clock turned by hand.
*/
#include "mock_upstream.h"

#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

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

static void begin(void (*serve)(struct mock *))
{
    world_open(&t);
    CHECK_INT(plain_open(&over, &t.base, t.loop), 0);
    mock_open(&mock, serve);
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
    begin(serve_hi);
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
    begin(serve_hi);
    ask(&caller);
    finish();
    CHECK_INT(atomic_load(&mock.gone), 1);
}

#define MANY 1030

/* Answer when all have asked, so that each has a connection of its own. Then
** `sent` is how many of them were closed. */
static void serve_a_crowd(struct mock *m)
{
    static struct pollfd fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = (struct pollfd){.fd = mock_accept(m), .events = POLLIN};
        mock_request(m, fds[i].fd);
    }
    for (int i = 0; i < MANY; i++)
        mock_send(fds[i].fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    while (atomic_load(&m->sent) < MANY)
        atomic_store(&m->sent, poll(fds, MANY, -1));
    for (int i = 0; i < MANY; i++)
        mock_until_gone(m, fds[i].fd);
}

static int all_ends(const struct caller *all)
{
    int ends = 0;
    for (int i = 0; i < MANY; i++)
        ends += all[i].ends;
    return ends;
}

static void no_more_than_1024_connections_wait(void)
{
    static struct caller all[MANY];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 3 * MANY)
        return; /* they cannot be had here */
    begin(serve_a_crowd);
    for (int i = 0; i < MANY; i++) {
        caller_init(&all[i], &t.base, mock.port, STR("{}"));
        CHECK_INT(caller_start(&all[i]), 0);
    }
    STEP_UNTIL(all_ends(all) == MANY);
    STEP_UNTIL(atomic_load(&mock.sent) >= MANY - 1024);
    CHECK_INT(atomic_load(&mock.sent), MANY - 1024);
    for (int i = 0; i < MANY; i++)
        caller_fini(&all[i]);
    finish();
    CHECK_INT(atomic_load(&mock.gone), MANY);
}

/* The loop is over when its host has nothing to do. */
static void no_loop_is_kept_alive(void)
{
    begin(serve_hi);
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
      what_waits_is_closed_with_the_transport,
      no_more_than_1024_connections_wait, no_loop_is_kept_alive)
