/*
** test_plain_faults.c -- the same, when upstreams misbehave; and one that
** answers and hangs up while it is still being written to.
*/
#include "transport_faults.h"

static void serve_and_reset(struct mock *m)
{
    int fd = mock_accept(m);
    mock_head(m, fd);
    mock_send(fd, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
    close(fd); /* with most of the body unread: a reset */
    atomic_store(&m->gone, 1);
}

static void a_reply_is_heard_before_the_reset_behind_it(void)
{
    char *body = mem_zero(BIG);
    begin(serve_and_reset);
    caller.x.body = (str){body, BIG};
    CHECK_INT(caller_start(&caller), 0);
    TURN_UNTIL(w, caller.connected == 1);
    while (atomic_load(&mock.gone) == 0)
        sched_yield(); /* reply and reset are seen together */
    TURN_UNTIL(w, caller.ends == 1);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.status, 413);
    CHECK_STR(buf_str(&caller.body), "no");
    mem_free(body);
    finish();
}

TESTS_OF(TRANSPORT_FAULTS, a_reply_is_heard_before_the_reset_behind_it)
