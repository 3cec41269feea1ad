/*
** transport_cases.h -- what a transport promises, against real loopback sockets.
*/
#ifndef TESTS_NET_TRANSPORT_CASES_H
#define TESTS_NET_TRANSPORT_CASES_H

#include "transport_setting.h"

/* --- replies -------------------------------------------------------------- */

static void serve_hello(struct mock *m)
{
    int fd = mock_accept(m);
    while (mock_request(m, fd))
        mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                      "X-One:  a b \r\nx-two:\r\n\r\nhello");
    close(fd);
}

static void check_hello(struct exchange *x, int status,
                        const struct http_field *fields, int n)
{
    CHECK_INT(n, 3);
    CHECK_STR(fields[1].name, "X-One");
    CHECK_STR(fields[1].value, "a b");
    CHECK_STR(fields[2].value, "");
    caller_head(x, status, fields, n);
}

static void a_reply_comes_back_whole(void)
{
    struct exchange_events events = caller_events;
    events.head = check_hello;
    begin(serve_hello);
    caller.x.events = &events;
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.status, 200);
    CHECK_INT(caller.connected, 1);
    CHECK_STR(buf_str(&caller.body), "hello");
    finish();
}

static void the_request_is_what_was_given_and_no_more(void)
{
    char want[256];
    begin(serve_hello);
    ask(&caller);
    caller_fini(&caller);
    close_world();
    mock_close(&mock);
    snprintf(want, sizeof want,
             "POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
             "Content-Type: application/json\r\n"
             "Authorization: Bearer sk-secret\r\nX-Empty:\r\n"
             "Content-Length: 13\r\n\r\n",
             mock.port);
    CHECK_STR(str_of(mock.head), want);
    CHECK_INT(atomic_load(&mock.body_n), 13);
}

static void what_may_not_be_sent_is_refused_at_once(void)
{
    static const struct http_field bad[] = {
        {{"X", 1}, {"a\r\nB: c", 7}},
        {{"X Y", 3}, {"a", 1}},
        {{"Content-Length", 14}, {"1", 1}},
        {{"transfer-encoding", 17}, {"chunked", 7}},
    };
    begin(serve_hello);
    for (int i = 0; i < 4; i++) {
        caller.x.headers = &bad[i];
        caller.x.headers_n = 1;
        CHECK(caller_start(&caller) != 0);
    }
    caller.x.headers_n = 0;
    caller.x.url = "file:///etc/passwd";
    CHECK(caller_start(&caller) != 0);
    CHECK_INT(caller.ends, 0);
    finish();
}

static void two_exchanges_share_one_connection(void)
{
    struct caller second;
    begin(serve_hello);
    ask(&caller);
    caller_init(&second, w, mock.port, QUESTION);
    ask(&second);
    CHECK_INT(second.end, EXCHANGE_OK);
    CHECK_INT(second.connected, 1);
    CHECK_INT(atomic_load(&mock.accepts), 1);
    CHECK_INT(atomic_load(&mock.requests), 2);
    caller_fini(&second);
    finish();
}

static void serve_chunks(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    mock_send(fd, "3\r\nab");
    mock_send(fd, "c\r\n4;x=y\r\ndefg\r\n");
    mock_send(fd, "0\r\nTrailer: t\r\n\r\n");
    mock_until_gone(m, fd);
}

static void chunks_are_taken_out_of_their_coding(void)
{
    begin(serve_chunks);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.fields_n, 1);
    CHECK_STR(buf_str(&caller.body), "abcdefg");
    finish();
}

static void serve_big(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n");
    mock_flood(m, fd, (long long)BIG);
    mock_until_gone(m, fd);
}

static void eight_megabytes_go_both_ways(void)
{
    char *body = mem_zero(BIG);
    begin(serve_big);
    caller.x.body = (str){body, BIG};
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.body.n, BIG);
    CHECK_INT(atomic_load(&mock.body_n), BIG);
    mem_free(body);
    finish();
}

static void serve_interim(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    for (int i = 0; i < 10; i++)
        mock_send(fd, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    mock_send(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    mock_until_gone(m, fd);
}

static void interim_heads_are_swallowed(void)
{
    begin(serve_interim);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.status, 404);
    CHECK_INT(caller.fields_n, 1);
    finish();
}

static void asking_for_http2_in_plain_text_gets_http1(void)
{
    begin(serve_hello);
    caller.x.http2 = true;
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_STR(buf_str(&caller.body), "hello");
    finish();
}

static void set_proxies(const char *url)
{
    static const char *const names[] = {"http_proxy", "https_proxy",
                                        "ALL_PROXY", "all_proxy"};
    for (int i = 0; i < 4; i++)
        if (url != NULL)
            setenv(names[i], url, 1);
        else
            unsetenv(names[i]);
}

static void a_proxy_of_the_environment_never_reads_plain_text(void)
{
    char url[64];
    int port;
    close(mock_listen(&port));
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    set_proxies(url);
    begin(serve_hello);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    set_proxies(NULL);
    finish();
}

/* --- pausing -------------------------------------------------------------- */

static void pause_it(struct caller *c)
{
    caller_pause(c);
}

static void a_paused_exchange_holds_the_upstream_back(void)
{
    begin(serve_big);
    caller.on_body = pause_it;
    CHECK_INT(caller_start(&caller), 0);
    TURN_UNTIL(w, caller.pieces > 0);
    for (int i = 0; i < 50; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(caller.pieces, 1);
    CHECK(atomic_load(&mock.sent) < (long long)BIG);
    caller.on_body = NULL;
    caller_resume(&caller);
    TURN_UNTIL(w, caller.ends > 0);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.body.n, BIG);
    finish();
}

static void pause_and_go_on(struct caller *c)
{
    caller_pause(c);
    if (c->pieces % 2 == 0)
        caller_resume(c);
}

static void pausing_may_be_asked_for_at_any_time(void)
{
    begin(serve_big);
    caller.on_head = pause_it;
    caller.on_body = pause_and_go_on;
    CHECK_INT(caller_start(&caller), 0);
    pause_it(&caller); /* before there is anything to pause */
    for (int i = 0; i < 100000 && caller.ends == 0; i++) {
        real_step(w, NANOS_MS);
        caller_resume(&caller);
    }
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.body.n, BIG);
    finish();
}

/* --- cancelling ----------------------------------------------------------- */

static void cancelled_before_it_began_nothing_happens(void)
{
    begin(serve_silence);
    CHECK_INT(caller_start(&caller), 0);
    caller_cancel(&caller);
    caller_cancel(&caller); /* twice is fine */
    for (int i = 0; i < 20; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(caller.connected + caller.heads + caller.ends, 0);
    CHECK_INT(atomic_load(&mock.requests), 0);
    finish();
}

static void cancelled_before_the_head_the_upstream_sees_it(void)
{
    begin(serve_silence);
    CHECK_INT(caller_start(&caller), 0);
    TURN_UNTIL(w, atomic_load(&mock.requests) == 1);
    caller_cancel(&caller);
    TURN_UNTIL(w, atomic_load(&mock.gone) == 1);
    CHECK_INT(caller.heads + caller.ends, 0);
    finish();
}

static void cancel_it(struct caller *c)
{
    caller_cancel(c);
}

static void cancelled_from_within_its_callbacks_it_falls_silent(void)
{
    for (int i = 0; i < 3; i++) {
        begin(serve_big);
        caller.on_connected = i == 0 ? cancel_it : NULL;
        caller.on_head = i == 1 ? cancel_it : NULL;
        caller.on_body = i == 2 ? cancel_it : NULL;
        CHECK_INT(caller_start(&caller), 0);
        TURN_UNTIL(w, i == 0   ? caller.connected == 1
                      : i == 1 ? caller.heads == 1
                               : caller.pieces == 1);
        if (i > 0)
            TURN_UNTIL(w, atomic_load(&mock.gone) == 1);
        CHECK_INT(caller.ends, 0);
        CHECK(caller.pieces <= 1);
        finish();
    }
}

static void serve_two(struct mock *m)
{
    int a = mock_accept(m), b = mock_accept(m);
    mock_request(m, a);
    mock_request(m, b);
    mock_send(a, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
    mock_send(b, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
    mock_until_gone(m, a);
    mock_until_gone(m, b);
}

static void cancel_both(struct caller *c)
{
    (void)c;
    caller_cancel(&caller);
    caller_cancel(&other);
}

static void one_exchange_may_cancel_another(void)
{
    begin(serve_two);
    caller_init(&other, w, mock.port, QUESTION);
    caller.on_body = other.on_body = cancel_both;
    CHECK_INT(caller_start(&caller), 0);
    CHECK_INT(caller_start(&other), 0);
    TURN_UNTIL(w, atomic_load(&mock.gone) == 2);
    CHECK_INT(caller.pieces + other.pieces, 1);
    CHECK_INT(caller.ends + other.ends, 0);
    caller_fini(&other);
    finish();
}

static void start_other(struct caller *c)
{
    (void)c;
    CHECK_INT(caller_start(&other), 0);
    CHECK_INT(other.connected, 0);
}

static void an_exchange_may_start_another_from_a_callback(void)
{
    begin(serve_many);
    caller_init(&other, w, mock.port, QUESTION);
    caller.on_body = start_other;
    ask(&caller);
    TURN_UNTIL(w, other.ends == 1);
    CHECK_INT(other.end, EXCHANGE_OK);
    caller_fini(&other);
    finish();
}

static void start_and_cancel_other(struct caller *c)
{
    start_other(c);
    caller_cancel(&other);
}

static void started_and_cancelled_within_a_callback_it_never_was(void)
{
    begin(serve_many);
    caller_init(&other, w, mock.port, QUESTION);
    caller.on_body = start_and_cancel_other;
    ask(&caller);
    for (int i = 0; i < 20; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(other.connected + other.ends, 0);
    CHECK_INT(atomic_load(&mock.requests), 1);
    caller_fini(&other);
    finish();
}

/* --- memory --------------------------------------------------------------- */

static void a_refused_allocation_is_an_answer_not_a_crash(void)
{
    for (int n = 1; n < 12; n++) {
        begin(serve_many);
        mem_fail_at(n, 0);
        int rc = caller_start(&caller);
        for (int i = 0; i < 40 && rc == 0 && caller.ends == 0; i++)
            real_step(w, NANOS_MS);
        mem_fail_at(0, 0);
        if (rc == 0)
            caller_cancel(&caller); /* one whose socket went unwatched */
        CHECK(rc == 0 || caller.ends == 0);
        finish();
    }
}

static void many_at_once_all_end(void)
{
    static struct caller all[100];
    begin(serve_many);
    for (int i = 0; i < 100; i++) {
        caller_init(&all[i], w, mock.port, QUESTION);
        CHECK_INT(caller_start(&all[i]), 0);
    }
    for (int i = 0; i < 100; i++) {
        TURN_UNTIL(w, all[i].ends == 1);
        CHECK_INT(all[i].end, EXCHANGE_OK);
        caller_fini(&all[i]);
    }
    CHECK_INT(atomic_load(&mock.requests), 100);
    finish();
}

#define TRANSPORT_CASES                                                     \
    a_reply_comes_back_whole, the_request_is_what_was_given_and_no_more,    \
        what_may_not_be_sent_is_refused_at_once,                            \
        two_exchanges_share_one_connection,                                 \
        chunks_are_taken_out_of_their_coding, eight_megabytes_go_both_ways, \
        interim_heads_are_swallowed,                                        \
        asking_for_http2_in_plain_text_gets_http1,                          \
        a_proxy_of_the_environment_never_reads_plain_text,                  \
        a_paused_exchange_holds_the_upstream_back,                          \
        pausing_may_be_asked_for_at_any_time,                               \
        cancelled_before_it_began_nothing_happens,                          \
        cancelled_before_the_head_the_upstream_sees_it,                     \
        cancelled_from_within_its_callbacks_it_falls_silent,                \
        one_exchange_may_cancel_another,                                    \
        an_exchange_may_start_another_from_a_callback,                      \
        started_and_cancelled_within_a_callback_it_never_was,               \
        a_refused_allocation_is_an_answer_not_a_crash, many_at_once_all_end

#endif
