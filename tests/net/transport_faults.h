/*
** transport_faults.h -- a transport whose upstreams misbehave, and the promise
** that one start is at most one arrival.
*/
#ifndef TESTS_NET_TRANSPORT_FAULTS_H
#define TESTS_NET_TRANSPORT_FAULTS_H

#include <sched.h>

#include "transport_setting.h"

/* --- failing -------------------------------------------------------------- */

static void a_refused_port_is_a_failed_connection(void)
{
    int port;
    begin(serve_silence);
    close(mock_listen(&port));
    caller_fini(&caller);
    caller_init(&caller, w, port, QUESTION);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_CONNECT);
    CHECK_INT(caller.connected, 0);
    CHECK(caller.detail[0] != '\0');
    finish();
}

static void serve_once(struct mock *m, const char *reply)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, reply);
    shutdown(fd, SHUT_WR);
    mock_until_gone(m, fd);
}

static const char *said;

static void serve_said(struct mock *m)
{
    serve_once(m, said);
}

static void each_kind_of_bad_reply_has_its_end(void)
{
    static const struct {
        const char *reply;
        enum exchange_end end;
    } cases[] = {
        {"", EXCHANGE_CLOSED},
        {"HTTP/1.1 2", EXCHANGE_CLOSED},
        {"HTTP/1.1 200 OK\r\nA: b\r\n", EXCHANGE_CLOSED},
        {"HTTP/1.1 100 Continue\r\n\r\n", EXCHANGE_CLOSED},
        {"SSH-2.0-OpenSSH_9.2\r\nhello\r\n", EXCHANGE_PROTOCOL},
        {"<html>garbage</html>\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 20x OK\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", EXCHANGE_BROKEN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
         EXCHANGE_BROKEN},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
         EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nab\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
         EXCHANGE_PROTOCOL},
        {"HTTP/1.1 200 OK\r\n\r\nuntil it closes", EXCHANGE_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said = cases[i].reply;
        begin(serve_said);
        ask(&caller);
        if (caller.end != cases[i].end)
            printf("#    reply %zu ends with %s\n", i, caller.detail);
        CHECK_INT(caller.end, cases[i].end);
        CHECK((caller.detail[0] == '\0') == (caller.end == EXCHANGE_OK));
        CHECK(strstr(caller.detail, "secret") == NULL);
        finish();
    }
}

static void serve_well_then_folded(struct mock *m)
{
    serve_once(m, "HTTP/1.1 204 No\r\nA: b\r\nConnection: close\r\n\r\n");
    serve_once(m, "HTTP/1.1 204 No\r\n folded: where nothing is\r\n\r\n");
}

/* libcurl before 8.1.1 has the folded line continue a line of the reply before
** it on the same handle, whose memory is free by then. */
static void a_head_that_begins_folded_continues_nothing(void)
{
    begin(serve_well_then_folded);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    caller_init(&other, w, mock.port, QUESTION);
    ask(&other);
    CHECK_INT(other.end, EXCHANGE_PROTOCOL);
    caller_fini(&other);
    finish();
}

static void serve_head_of(struct mock *m, const char *before, int times,
                          const char *line)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, before);
    while (times-- > 0 && mock_send(fd, line))
        ;
    mock_send(fd, "\r\n");
    mock_until_gone(m, fd);
}

static void serve_many_fields(struct mock *m)
{
    serve_head_of(m, "HTTP/1.1 204 No\r\n", 201, "A: b\r\n");
}

static void serve_200_fields(struct mock *m)
{
    serve_head_of(m, "HTTP/1.1 204 No\r\n", 200, "A: b\r\n");
}

static void serve_large_fields(struct mock *m)
{
    static char line[1003];
    memset(line, 'a', 1000);
    memcpy(line + 1, ":", 1);
    memcpy(line + 1000, "\r\n", 3);
    serve_head_of(m, "HTTP/1.1 204 No\r\n", 70, line);
}

static void serve_endless_line(struct mock *m)
{
    serve_head_of(m, "HTTP/1.1 204 No\r\nA: ", 40000, "aaaaaaaaaa");
}

static void serve_interim_flood(struct mock *m)
{
    serve_head_of(m, "", 100000, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void a_head_has_its_limits(void)
{
    static const struct {
        void (*serve)(struct mock *);
        enum exchange_end end;
    } cases[] = {
        {serve_200_fields, EXCHANGE_OK},
        {serve_many_fields, EXCHANGE_LIMIT},
        {serve_large_fields, EXCHANGE_LIMIT},
        {serve_endless_line, EXCHANGE_LIMIT},
        {serve_interim_flood, EXCHANGE_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(cases[i].serve);
        ask(&caller);
        CHECK_INT(caller.end, cases[i].end);
        finish();
    }
}

static void a_server_without_tls_is_a_failed_connection(void)
{
    said = "HTTP/1.1 400 Bad Request\r\n\r\n";
    begin(serve_said);
    memmove(caller.url + 5, caller.url + 4, strlen(caller.url + 4) + 1);
    caller.url[4] = 's';
    CHECK_INT(caller_start(&caller), 0);
    shutdown(mock.listener, SHUT_RDWR);
    TURN_UNTIL(w, caller.ends == 1);
    CHECK_INT(caller.end, EXCHANGE_CONNECT);
    CHECK_INT(caller.connected, 0);
    finish();
}

/* --- one start, one arrival ----------------------------------------------- */

/* Answer one request, read the next one whole and close; then serve those
** that should never come. */
static void serve_and_die(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    mock_request(m, fd);
    close(fd);
    serve_many(m);
}

static void lose_the_second(str body)
{
    begin(serve_and_die);
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    caller_init(&other, w, mock.port, body);
    ask(&other);
    CHECK_INT(other.end, EXCHANGE_CLOSED);
    CHECK_INT(other.connected, 1);
    for (int i = 0; i < 20; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(atomic_load(&mock.requests), 2);
    caller_fini(&other);
    finish();
}

static void a_lost_request_is_not_repeated(void)
{
    lose_the_second(QUESTION);
}

static void a_lost_request_without_a_body_is_not_repeated(void)
{
    lose_the_second(STR(""));
}

static void a_lost_large_request_is_not_repeated(void)
{
    char *body = mem_zero(BIG);
    lose_the_second((str){body, BIG});
    mem_free(body);
}

static void serve_and_die_early(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    mock_head(m, fd);
    close(fd); /* with a part of the body unread: a reset */
    serve_many(m);
}

static void a_request_lost_half_way_is_not_repeated(void)
{
    char *body = mem_zero(BIG);
    begin(serve_and_die_early);
    ask(&caller);
    caller_init(&other, w, mock.port, (str){body, BIG});
    ask(&other);
    CHECK_INT(other.end, EXCHANGE_CLOSED);
    for (int i = 0; i < 20; i++)
        real_step(w, NANOS_MS);
    CHECK_INT(atomic_load(&mock.requests), 1);
    caller_fini(&other);
    mem_free(body);
    finish();
}

static atomic_int closed;

static void serve_then_close_idle(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    close(fd);
    atomic_store(&closed, 1);
    serve_many(m);
}

static void a_connection_closed_while_idle_costs_nothing(void)
{
    atomic_store(&closed, 0);
    begin(serve_then_close_idle);
    ask(&caller);
    TURN_UNTIL(w, atomic_load(&closed) == 1);
    caller_init(&other, w, mock.port, QUESTION);
    ask(&other);
    CHECK_INT(other.end, EXCHANGE_OK);
    CHECK_INT(atomic_load(&mock.requests), 2);
    CHECK_INT(atomic_load(&mock.accepts), 2);
    caller_fini(&other);
    finish();
}

/* --- which connections are used again -------------------------------------- */

static void serve_said_again(struct mock *m)
{
    for (int fd; (fd = mock_accept(m)) >= 0; close(fd))
        while (mock_request(m, fd))
            mock_send(fd, said);
}

static void a_connection_is_used_again_only_where_its_reply_allows(void)
{
    static const struct {
        const char *reply;
        int accepts;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 1},
        {"HTTP/1.1 204 No\r\n\r\n", 1},
        {"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhi\r\n0\r\n\r\n",
         1},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 2},
        {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n"
         "\r\nhi",
         2},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi, and more", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        said = cases[i].reply;
        begin(serve_said_again);
        ask(&caller);
        caller_init(&other, w, mock.port, QUESTION);
        ask(&other);
        CHECK_INT(caller.end, EXCHANGE_OK);
        CHECK_INT(other.end, EXCHANGE_OK);
        CHECK_STR(buf_str(&other.body), strstr(said, "hi") != NULL ? "hi" : "");
        CHECK_INT(atomic_load(&mock.accepts), cases[i].accepts);
        caller_fini(&other);
        finish();
    }
}

static atomic_int speak;

static void serve_a_reply_too_many(struct mock *m)
{
    int fd = mock_accept(m);
    mock_request(m, fd);
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    while (!atomic_load(&speak))
        sched_yield();
    mock_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
    mock_until_gone(m, fd);
    serve_many(m);
}

static void who_speaks_unasked_is_hung_up_on(void)
{
    atomic_store(&speak, 0);
    begin(serve_a_reply_too_many);
    ask(&caller);
    atomic_store(&speak, 1);
    TURN_UNTIL(w, atomic_load(&mock.gone) == 1);
    caller_init(&other, w, mock.port, QUESTION);
    ask(&other);
    CHECK_STR(buf_str(&other.body), "hi");
    CHECK_INT(atomic_load(&mock.accepts), 2);
    caller_fini(&other);
    finish();
}

static void serve_too_soon(struct mock *m)
{
    int fd = mock_accept(m);
    mock_head(m, fd);
    mock_send(fd, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno");
    shutdown(fd, SHUT_WR);
    mock_until_gone(m, fd);
}

static void a_reply_that_does_not_wait_for_the_request_is_heard(void)
{
    char *body = mem_zero(BIG);
    begin(serve_too_soon);
    caller.x.body = (str){body, BIG};
    ask(&caller);
    CHECK_INT(caller.end, EXCHANGE_OK);
    CHECK_INT(caller.status, 413);
    CHECK_STR(buf_str(&caller.body), "no");
    TURN_UNTIL(w, atomic_load(&mock.gone) == 1);
    mem_free(body);
    finish();
}

#define TRANSPORT_FAULTS                                                       \
    a_refused_port_is_a_failed_connection, each_kind_of_bad_reply_has_its_end, \
        a_head_that_begins_folded_continues_nothing, a_head_has_its_limits,    \
        a_server_without_tls_is_a_failed_connection,                           \
        a_lost_request_is_not_repeated,                                        \
        a_lost_request_without_a_body_is_not_repeated,                         \
        a_lost_large_request_is_not_repeated,                                  \
        a_request_lost_half_way_is_not_repeated,                               \
        a_connection_closed_while_idle_costs_nothing,                          \
        a_connection_is_used_again_only_where_its_reply_allows,                \
        who_speaks_unasked_is_hung_up_on,                                      \
        a_reply_that_does_not_wait_for_the_request_is_heard

#endif
