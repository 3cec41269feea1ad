/*
** test_plain.c -- our own transport keeps a transport's promises, and one more:
** it says when it is done with the request's body.
*/
#include "transport_cases.h"

#include <sched.h>

static char *body;
static int sents;

static void free_body(struct exchange *x)
{
    CHECK_INT(((struct caller *)x)->connected, 1);
    CHECK_INT(((struct caller *)x)->ends, 0);
    mem_free(body);
    sents++;
}

static void serve_hello_late(struct mock *m)
{
    int fd = mock_accept(m);
    while (mock_request(m, fd)) {
        while (atomic_load(&m->gone) == 0)
            sched_yield();
        mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    close(fd);
}

static void a_body_is_given_back_once_it_is_written(void)
{
    for (size_t n = 1; n <= BIG; n *= BIG) {
        struct exchange_events events = caller_events;
        events.sent = free_body;
        begin(serve_hello_late);
        body = mem_zero(n);
        caller.x.body = (str){body, n};
        caller.x.events = &events;
        sents = 0;
        CHECK_INT(caller_start(&caller), 0);
        TURN_UNTIL(w, sents == 1);
        atomic_store(&mock.gone, 1); /* now it may answer */
        TURN_UNTIL(w, caller.ends == 1);
        CHECK_INT(caller.end, EXCHANGE_OK);
        CHECK_INT(atomic_load(&mock.body_n), n);
        CHECK_INT(sents, 1);
        finish();
    }
}

static void cancel_sent(struct exchange *x)
{
    caller_cancel((struct caller *)x);
}

static void who_hears_that_it_is_written_may_leave(void)
{
    struct exchange_events events = caller_events;
    events.sent = cancel_sent;
    begin(serve_silence);
    caller.x.events = &events;
    CHECK_INT(caller_start(&caller), 0);
    TURN_UNTIL(w, atomic_load(&mock.gone) == 1);
    CHECK_INT(caller.ends, 0);
    finish();
}

TESTS_OF(TRANSPORT_CASES, a_body_is_given_back_once_it_is_written,
         who_hears_that_it_is_written_may_leave)
