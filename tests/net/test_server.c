/*
** test_server.c -- requests in, replies out.
*/
#include "net/server_rig.h"

/* --- requests -------------------------------------------------------------- */

static void a_request_gets_its_answer(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "POST /v1/x?y HTTP/1.1\r\nHost: a\r\n"
                    "Content-Length: 5\r\n\r\nhello");
    CHECK_STR(rig_hear(&r, client),
              "HTTP/1.1 200 OK\r\n"
              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain\r\n"
              "Content-Length: 16\r\n\r\nPOST /v1/x hello");
    rig_close(&r);
}

static void a_connection_carries_many_requests(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    for (int i = 0; i < 5; i++) {
        rig_say(client, GET);
        CHECK_STR(rig_body(&r, client), "GET / ");
    }
    CHECK_INT(r.asked, 5);
    CHECK_INT(server_busy(r.server), 1);
    rig_close(&r);
}

static void the_date_goes_on(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, GET);
    CHECK(rig_has(rig_hear(&r, client), "06 Nov 1994 08:49:37 GMT\r\n"));
    world_pass(&r.world, 23 * NANOS_S);
    rig_say(client, GET);
    CHECK(rig_has(rig_hear(&r, client), "06 Nov 1994 08:50:00 GMT\r\n"));
    rig_close(&r);
}

static void pipelined_requests_are_answered_in_order(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
                    "onePOST /2 HTTP/1.1\r\nHost: a\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"
                    "2\r\ntw\r\n1\r\no\r\n0\r\n\r\n"
                    "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    str heard = rig_hear(&r, client);
    CHECK_INT(r.asked, 3);
    CHECK_INT(rig_count(heard, "HTTP/1.1 200 OK"), 3);
    CHECK(rig_has(heard, "POST /1 oneHTTP"));
    CHECK(rig_has(heard, "POST /2 twoHTTP"));
    CHECK_STR(str_from(heard, heard.n - 7), "GET /3 ");
    rig_close(&r);
}

static void a_pipelined_request_waits_for_the_one_before(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET GET);
    world_settle(&r.world);
    CHECK_INT(r.asked, 1);
    rig_reply(r.held, STR("first"));
    CHECK_STR(rig_body(&r, client), "first");
    CHECK_INT(r.asked, 2);
    rig_reply(r.held, STR("second"));
    CHECK_STR(rig_body(&r, client), "second");
    rig_close(&r);
}

static void a_request_may_come_byte_by_byte(void)
{
    static const char fixed[] = "POST /f HTTP/1.1\r\nHost: a\r\n"
                                "Content-Length: 5\r\n\r\nhello";
    static const char chunked[] = "POST /c HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    for (size_t i = 0; i < sizeof fixed - 1; i++) {
        rig_send(client, (str){fixed + i, 1});
        world_step(&r.world);
    }
    CHECK_STR(rig_body(&r, client), "POST /f hello");
    for (size_t i = 0; i < sizeof chunked - 1; i++) {
        rig_send(client, (str){chunked + i, 1});
        world_step(&r.world);
    }
    CHECK_STR(rig_body(&r, client), "POST /c hello");
    rig_close(&r);
}

/* Send all of it, however slowly the server takes it. */
static void send_all(struct rig *r, int fd, str what)
{
    while (what.n > 0) {
        ssize_t n = send(fd, what.p, what.n, MSG_NOSIGNAL);
        if (n > 0)
            what = str_from(what, (size_t)n);
        else if (errno != EAGAIN)
            break;
        world_step(&r->world);
    }
    world_settle(&r->world);
}

static void a_large_body_arrives_whole(void)
{
    struct rig r;
    struct buf body;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    buf_init(&body, SIZE_MAX / 2);
    buf_print(&body, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
              7 * 1000 * 1000);
    size_t head = body.n;
    for (int i = 0; i < 1000 * 1000; i++)
        buf_print(&body, "%06d ", i);
    buf_text(&body, GET);
    send_all(&r, client, buf_str(&body));
    CHECK_INT(r.last.n, 7 * 1000 * 1000 + 6);
    CHECK(r.last.n > 6 && memcmp(r.last.p + 6, body.p + head, 7000000) == 0);
    rig_reply(r.held, STR("done"));
    world_settle(&r.world);
    CHECK_INT(r.asked, 2); /* the GET behind it */
    buf_fini(&body);
    rig_close(&r);
}

static void a_client_that_expects_is_told_to_continue(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                    "Expect: 100-continue\r\n\r\n");
    CHECK_STR(rig_hear(&r, client), "HTTP/1.1 100 Continue\r\n\r\n");
    rig_say(client, "hi");
    CHECK_STR(rig_body(&r, client), "POST / hi");
    /* Not when the body is there already, nor for HTTP/1.0. */
    rig_say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                    "Expect: 100-continue\r\n\r\nh");
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_say(client, "iPOST / HTTP/1.0\r\nContent-Length: 2\r\n"
                    "Expect: 100-continue\r\n\r\n");
    CHECK_STR(rig_body(&r, client), "POST / hi");
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_close(&r);
}

static void the_client_has_an_address(void)
{
    struct rig r;
    char to[CONN_PEER];
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    CHECK_STR(conn_peer(r.held, to), "127.0.0.1");
    CHECK(!conn_is_http10(r.held));
    rig_close(&r);
}

/* --- replies --------------------------------------------------------------- */

/* Ask `request` of a handler that holds, and return the conn. */
static struct conn *asked(struct rig *r, int client, const char *request)
{
    r->hold = true;
    rig_say(client, request);
    world_settle(&r->world);
    return r->held;
}

static void what_is_written_in_a_turn_is_one_chunk_and_one_send(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    struct conn *c = asked(&r, client, GET);
    conn_head(c, 200, NULL, 0, -1);
    conn_write(c, STR("one "));
    conn_write(c, STR("two "));
    conn_write(c, STR("three seventeen"));
    CHECK_STR(rig_body(&r, client), "17\r\none two three seventeen\r\n");
    CHECK_INT(rig_segments(client), 1);
    conn_write(c, STR("four"));
    conn_end(c);
    CHECK_STR(rig_hear(&r, client), "4\r\nfour\r\n0\r\n\r\n");
    CHECK_INT(rig_segments(client), 2);
    rig_close(&r);
}

static void a_large_piece_becomes_several_chunks(void)
{
    static const struct server_limits limits = {.high_water = 1 << 20};
    static char piece[100000];
    struct rig r;
    rig_open(&r, &limits);
    int client = rig_connect(&r);
    struct conn *c = asked(&r, client, GET);
    memset(piece, 'x', sizeof piece);
    conn_head(c, 200, NULL, 0, -1);
    conn_write(c, (str){piece, 65534});
    conn_write(c, (str){piece, sizeof piece});
    conn_end(c);
    str body = rig_body(&r, client);
    CHECK_INT(rig_count(body, "x"), 165534);
    CHECK(str_starts(body, STR("ffff\r\nx")));
    CHECK(rig_has(body, "x\r\n86a0\r\nx"));
    CHECK_STR(str_from(body, body.n - 8), "x\r\n0\r\n\r\n");
    rig_close(&r);
}

static void a_reply_to_head_has_no_body(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET);
    str heard = rig_hear(&r, client);
    CHECK_INT(rig_count(heard, "Content-Length: 7\r\n"), 1);
    CHECK(str_starts(rig_after_head(heard), STR("HTTP/1.1 200 OK\r\n")));
    struct conn *c = asked(&r, client, GET);
    conn_head(c, 204, NULL, 0, 0);
    conn_write(c, STR("never seen"));
    conn_end(c);
    heard = rig_hear(&r, client);
    CHECK(str_starts(heard, STR("HTTP/1.1 204 No Content\r\n")));
    CHECK(!rig_has(heard, "Content-Length") && !rig_has(heard, "seen"));
    rig_close(&r);
}

static void http10_gets_no_chunks(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    struct conn *c = asked(&r, client, "GET / HTTP/1.0\r\n\r\n");
    CHECK(conn_is_http10(c));
    conn_head(c, 200, NULL, 0, -1);
    conn_write(c, STR("plain"));
    conn_end(c);
    str heard = rig_hear(&r, client);
    CHECK(rig_has(heard, "Connection: close\r\n"));
    CHECK_STR(rig_after_head(heard), "plain");
    CHECK(rig_ended(&r, client));
    rig_close(&r);
}

static void http10_may_keep_its_connection(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    for (int i = 0; i < 2; i++) {
        rig_say(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        str heard = rig_hear(&r, client);
        CHECK(rig_has(heard, "Connection: keep-alive\r\n"));
        CHECK_STR(rig_after_head(heard), "GET / ");
    }
    rig_close(&r);
}

static void a_client_that_asks_to_close_is_closed(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    "more");
    str heard = rig_hear(&r, client);
    CHECK(rig_has(heard, "Connection: close\r\n"));
    CHECK_STR(rig_after_head(heard), "GET / ");
    CHECK(rig_ended(&r, client));
    rig_hang_up(&r, client);
    world_settle(&r.world);
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void headers_that_break_the_framing_are_dropped(void)
{
    struct http_field fields[] = {
        {STR("Good"), STR("yes")},
        {STR("Bad"), STR("a\r\nInjected: b")},
        {STR("Bad name"), STR("x")},
        {STR("content-LENGTH"), STR("99")},
        {STR("Transfer-Encoding"), STR("gzip")},
    };
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    struct conn *c = asked(&r, client, GET);
    conn_head(c, 200, fields, 5, 2);
    conn_write(c, STR("ok and more than announced"));
    conn_end(c);
    CHECK_STR(rig_hear(&r, client), "HTTP/1.1 200 OK\r\n"
                                    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                    "Good: yes\r\n"
                                    "Content-Length: 2\r\n\r\nok");
    rig_close(&r);
}

static void an_aborted_reply_looks_truncated(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    struct conn *c = asked(&r, client, GET);
    conn_head(c, 200, NULL, 0, -1);
    conn_write(c, STR("half"));
    conn_abort(c);
    CHECK_STR(rig_body(&r, client), "4\r\nhalf\r\n");
    CHECK(rig_ended(&r, client));

    client = rig_connect(&r);
    c = asked(&r, client, GET);
    conn_head(c, 200, NULL, 0, 10); /* fewer follow */
    conn_write(c, STR("half"));
    conn_end(c);
    CHECK_STR(rig_body(&r, client), "half");
    CHECK(rig_ended(&r, client));

    client = rig_connect(&r);
    c = asked(&r, client, "GET / HTTP/1.0\r\n\r\n");
    conn_head(c, 200, NULL, 0, -1);
    CHECK(rig_hear(&r, client).n > 0);
    conn_abort(c);
    CHECK_INT(rig_hear(&r, client).n, 0);
    CHECK(r.reset);
    CHECK_INT(r.gone, 0);
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void without_memory_it_refuses_and_goes_on(void)
{
    struct rig r;
    rig_open(&r, NULL);
    for (int n = 1; n < 25; n++) {
        int client = rig_connect(&r);
        mem_fail_at(n, n % 2);
        rig_say(client, "POST / HTTP/1.1\r\nHost: a\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n"
                        "2\r\nhi\r\n0\r\n\r\n" GET);
        rig_hear(&r, client);
        mem_fail_at(0, 0);
        rig_hang_up(&r, client);
        r.clients_n--;
    }
    int client = rig_connect(&r);
    rig_say(client, GET);
    CHECK_STR(rig_body(&r, client), "GET / ");
    CHECK_INT(server_busy(r.server), 1);
    rig_close(&r);
}

TESTS(a_request_gets_its_answer, the_date_goes_on,
      a_connection_carries_many_requests,
      pipelined_requests_are_answered_in_order,
      a_pipelined_request_waits_for_the_one_before,
      a_request_may_come_byte_by_byte, a_large_body_arrives_whole,
      a_client_that_expects_is_told_to_continue, the_client_has_an_address,
      what_is_written_in_a_turn_is_one_chunk_and_one_send,
      a_large_piece_becomes_several_chunks, a_reply_to_head_has_no_body,
      http10_gets_no_chunks, http10_may_keep_its_connection,
      a_client_that_asks_to_close_is_closed,
      headers_that_break_the_framing_are_dropped,
      an_aborted_reply_looks_truncated, without_memory_it_refuses_and_goes_on)
