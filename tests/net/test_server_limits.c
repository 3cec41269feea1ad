/*
** test_server_limits.c -- what a server does about clients that are wrong,
** too slow or too many.
*/
#include "net/server_rig.h"

#include <sys/resource.h>

/* --- refusals -------------------------------------------------------------- */

/* What `request` is refused with; the message must hold `says`. */
static void refused(const char *request, int status, const char *says)
{
    static const struct server_limits limits = {.max_body = 10};
    struct rig r;
    rig_open(&r, &limits);
    int client = rig_connect(&r);
    rig_say(client, request);
    str heard = rig_hear(&r, client);
    CHECK_INT(rig_status(heard), status);
    CHECK(rig_has(heard, "Connection: close\r\n"));
    CHECK(rig_has(heard, "Content-Type: application/json\r\n"));
    CHECK(str_starts(rig_after_head(heard), STR("{\"error\":{\"message\":\"")));
    CHECK(rig_has(heard, says));
    CHECK(rig_has(heard, "x-should-retry: false\r\n"));
    CHECK(rig_has(heard, "x-request-id: refused-1\r\n"));
    CHECK(rig_ended(&r, client));
    CHECK_INT(r.asked, 0);
    CHECK_INT(r.refused, 1);
    CHECK_INT(r.refused_with, status);
    rig_close(&r);
}

static void what_is_not_http_is_refused(void)
{
    refused("\x16\x03\x01 hello", 400, "\"code\":\"bad_http_request\"");
    refused("GET / HTTP/1.1\r\n\r\n", 400, "Host header");
    refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1");
    refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", 417,
            "100-continue");
    refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, "
            "chunked\r\n\r\n",
            501, "chunked");
    refused("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405,
            "\r\nAllow: GET, HEAD, POST, OPTIONS\r\n");
}

static void a_body_too_large_is_refused_before_it_comes(void)
{
    refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
            "Expect: 100-continue\r\n\r\n",
            413, "larger than the 10 bytes");
    refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "6\r\nfellow\r\n5\r\n",
            413, "\"code\":\"request_too_large\"");
    refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "7fffffffffffffff\r\n",
            413, "larger than the 10 bytes");
}

static void a_flood_of_headers_is_refused(void)
{
    struct buf flood;
    buf_init(&flood, 1 << 20);
    buf_text(&flood, "GET /");
    for (int i = 0; i < 9000; i++)
        buf_byte(&flood, 'x');
    buf_byte(&flood, '\0');
    refused(flood.p, 414, "target is too long");
    buf_clear(&flood);
    buf_text(&flood, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < HTTP_MAX_FIELDS; i++)
        buf_text(&flood, "a: b\r\n");
    buf_byte(&flood, '\0');
    refused(flood.p, 431, "Send fewer");
    buf_fini(&flood);
}

static void a_good_request_is_answered_before_a_bad_one_is_refused(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET "nonsense\r\n\r\n");
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_reply(r.held, STR("good"));
    str heard = rig_hear(&r, client);
    CHECK(rig_has(heard, "\r\n\r\ngoodHTTP/1.1 400 Bad Request\r\n"));
    CHECK(rig_ended(&r, client));
    rig_close(&r);
}

static void who_is_refused_can_read_why(void)
{
    static const struct server_limits limits = {.max_body = 100000};
    static char body[60000];
    struct rig r;
    rig_open(&r, &limits);
    int client = rig_connect(&r);
    rig_say(client, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 120000"
                    "\r\n\r\n");
    world_settle(&r.world);
    rig_send(client, (str){body, sizeof body}); /* it goes on sending */
    world_settle(&r.world);
    CHECK_INT(rig_status(rig_hear(&r, client)), 413);
    CHECK(r.ended && !r.reset);
    CHECK_INT(server_busy(r.server), 1);
    world_pass(&r.world, NANOS_S); /* it does not say its end */
    CHECK_INT(server_busy(r.server), 0);

    client = rig_connect(&r); /* this one never stops */
    rig_say(client, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 120000"
                    "\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        send(client, body, sizeof body, MSG_NOSIGNAL);
        world_settle(&r.world);
    }
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

/* --- time ------------------------------------------------------------------ */

static void a_head_must_come_in_time(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    world_pass(&r.world, 5 * NANOS_S); /* counts from the first byte */
    rig_say(client, "GET / HTTP/1.1\r\n");
    world_pass(&r.world, 6 * NANOS_S);
    rig_say(client, "Host: a\r\n"); /* does not buy time */
    world_pass(&r.world, 3 * NANOS_S);
    CHECK_INT(rig_hear(&r, client).n, 0);
    world_pass(&r.world, NANOS_S);
    str heard = rig_hear(&r, client);
    CHECK_INT(rig_status(heard), 408);
    CHECK(rig_has(heard, "within 10 s"));
    CHECK(rig_has(heard, "x-should-retry: true\r\n"));
    CHECK_INT(r.took, 10 * NANOS_S);
    CHECK(rig_ended(&r, client));
    rig_close(&r);
}

static void an_idle_connection_is_closed_in_silence(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int fresh = rig_connect(&r), used = rig_connect(&r);
    world_pass(&r.world, 74 * NANOS_S);
    rig_say(used, GET);
    CHECK_STR(rig_body(&r, used), "GET / ");
    world_pass(&r.world, NANOS_S);
    CHECK(rig_ended(&r, fresh));
    CHECK(!rig_ended(&r, used));
    world_pass(&r.world, 73 * NANOS_S);
    CHECK_INT(server_busy(r.server), 1);
    world_pass(&r.world, NANOS_S);
    CHECK(rig_ended(&r, used));
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void a_body_that_drips_is_refused(void)
{
    static char piece[20480];
    struct rig r;
    rig_open(&r, NULL);
    int slow = rig_connect(&r), steady = rig_connect(&r);
    rig_say(slow, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    rig_say(steady, "PUT / HTTP/1.1\r\nHost: a\r\n"
                    "Content-Length: 40960\r\n\r\n");
    rig_send(steady, (str){piece, sizeof piece}); /* worth 20 s */
    for (int i = 0; i < 9; i++) {
        rig_send(slow, (str){piece, 1000});
        world_pass(&r.world, NANOS_S);
        CHECK_INT(rig_hear(&r, slow).n, 0);
    }
    world_pass(&r.world, NANOS_S);
    str heard = rig_hear(&r, slow);
    CHECK_INT(rig_status(heard), 408);
    CHECK(rig_has(heard, "1024 bytes per second"));
    world_pass(&r.world, 9 * NANOS_S);
    rig_send(steady, (str){piece, sizeof piece});
    CHECK_INT(rig_status(rig_hear(&r, steady)), 200);
    rig_close(&r);
}

static void framing_is_not_counted_as_a_body(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "PUT / HTTP/1.1\r\nHost: a\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 9; i++) { /* 1,500 bytes a second, 100 of them body */
        for (int n = 0; n < 100; n++)
            rig_say(client, "1;ab=cdefg\r\nx\r\n");
        world_pass(&r.world, NANOS_S);
        CHECK_INT(rig_hear(&r, client).n, 0);
    }
    world_pass(&r.world, NANOS_S);
    CHECK_INT(rig_status(rig_hear(&r, client)), 408);
    rig_close(&r);
}

static void each_head_has_a_time_of_its_own(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, GET);
    CHECK_STR(rig_body(&r, client), "GET / ");
    world_pass(&r.world, 60 * NANOS_S);
    rig_say(client, GET "GET / HT"); /* the next one has begun */
    CHECK_STR(rig_body(&r, client), "GET / ");
    world_pass(&r.world, 9 * NANOS_S);
    rig_say(client, "TP/1.1\r\nHost: a\r\n");
    CHECK_INT(rig_hear(&r, client).n, 0);
    world_pass(&r.world, NANOS_S);
    CHECK_INT(rig_status(rig_hear(&r, client)), 408);
    CHECK_INT(r.took, 10 * NANOS_S);
    CHECK_INT(r.asked, 2);
    rig_close(&r);
}

static void what_came_early_does_not_pay_for_a_silence(void)
{
    static char piece[50000];
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, "PUT / HTTP/1.1\r\nHost: a\r\n"
                    "Content-Length: 60000\r\n\r\n");
    rig_send(client, (str){piece, sizeof piece});
    for (int i = 0; i < 19; i++) {
        world_pass(&r.world, NANOS_S);
        CHECK_INT(rig_hear(&r, client).n, 0);
    }
    world_pass(&r.world, NANOS_S);
    CHECK_INT(rig_status(rig_hear(&r, client)), 408);
    CHECK_INT(r.took, 20 * NANOS_S);
    rig_close(&r);
}

static void an_empty_line_behind_a_body_begins_no_request(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, GET "\r\n");
    CHECK_STR(rig_body(&r, client), "GET / ");
    world_pass(&r.world, 74 * NANOS_S);
    CHECK(!rig_ended(&r, client));
    rig_say(client, GET);
    CHECK_STR(rig_body(&r, client), "GET / ");
    rig_say(client, "\r\n");
    world_pass(&r.world, 74 * NANOS_S);
    CHECK(!rig_ended(&r, client));
    world_pass(&r.world, NANOS_S);
    CHECK(rig_ended(&r, client)); /* in silence */
    CHECK_INT(r.refused, 0);
    int last = rig_connect(&r);
    rig_say(last, "\r");
    CHECK_INT(rig_hear(&r, last).n, 0);
    server_drain(r.server);
    CHECK(rig_ended(&r, last));
    rig_close(&r);
}

static void a_handler_may_take_its_time(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_pass(&r.world, 1000 * NANOS_S);
    conn_head(r.held, 200, NULL, 0, 4);
    world_pass(&r.world, 1000 * NANOS_S);
    conn_write(r.held, STR("late"));
    conn_end(r.held);
    CHECK_STR(rig_body(&r, client), "late");
    CHECK_INT(r.gone, 0);
    world_pass(&r.world, 74 * NANOS_S); /* only now is it idle */
    CHECK_INT(server_busy(r.server), 1);
    rig_close(&r);
}

/* --- draining, and too many ------------------------------------------------ */

static void draining_lets_replies_finish(void)
{
    struct rig r;
    rig_open(&r, NULL);
    int idle = rig_connect(&r), busy = rig_connect(&r);
    rig_say(idle, GET);
    rig_hear(&r, idle);
    r.hold = true;
    rig_say(busy, GET);
    world_settle(&r.world);
    int waiting = rig_connect(&r); /* in the queue, its request too */
    rig_say(waiting, GET);
    server_drain(r.server);
    CHECK(rig_ended(&r, idle));
    CHECK_INT(server_busy(r.server), 2);
    struct conn *last = r.held;
    CHECK_INT(r.asked, 3);
    rig_reply(last, STR("bye"));
    str heard = rig_hear(&r, waiting);
    CHECK(rig_has(heard, "Connection: close\r\n") && rig_has(heard, "bye"));
    rig_hang_up(&r, waiting);
    world_settle(&r.world);
    CHECK_INT(server_busy(r.server), 1);

    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)r.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int late = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(late, (struct sockaddr *)&to, sizeof to) < 0);
    close(late);
    rig_close(&r);
    CHECK_INT(r.gone, 1); /* the busy one, at server_close */
}

static void without_descriptors_it_pauses_accepting(void)
{
    struct rlimit before, none;
    struct rig r;
    rig_open(&r, NULL);
    int client = rig_connect(&r);
    rig_say(client, GET);
    int next = dup(client);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &none);
    world_settle(&r.world);
    setrlimit(RLIMIT_NOFILE, &before);
    world_pass(&r.world, 99 * NANOS_MS);
    CHECK_INT(server_busy(r.server), 0);
    CHECK_INT(rig_hear(&r, client).n, 0);
    world_pass(&r.world, NANOS_MS);
    CHECK_INT(rig_status(rig_hear(&r, client)), 200);
    rig_close(&r);
}

static void addresses_come_in_several_forms(void)
{
    static const char *const good[] = {"127.0.0.1:0", ":0", "0", "[::]:0",
                                       "localhost:0"};
    static const char *const bad[] = {
        "",        "a:b:c", "127.0.0.1:", ":99999",      "[::1",
        "[::1]80", "x:-1",  "[]:1",       "127.0.0.1:0x"};
    struct rig r;
    int port;
    const char *why = NULL;
    rig_open(&r, NULL);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        port = 0;
        CHECK_INT(server_listen(r.server, str_of(good[i]), &port, &why), 0);
        CHECK(port > 0);
        r.port = port;
        int client = rig_connect(&r);
        rig_say(client, GET);
        CHECK_STR(rig_body(&r, client), "GET / ");
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(server_listen(r.server, str_of(bad[i]), &port, &why) != 0);
    CHECK_INT(server_listen(r.server, STR("192.0.2.1:0"), &port, &why), -4);
    CHECK_STR(str_of(why), "Cannot assign requested address");
    rig_close(&r);
}

TESTS(what_is_not_http_is_refused, a_body_too_large_is_refused_before_it_comes,
      a_flood_of_headers_is_refused,
      a_good_request_is_answered_before_a_bad_one_is_refused,
      who_is_refused_can_read_why, a_head_must_come_in_time,
      an_idle_connection_is_closed_in_silence, a_body_that_drips_is_refused,
      framing_is_not_counted_as_a_body, each_head_has_a_time_of_its_own,
      what_came_early_does_not_pay_for_a_silence,
      an_empty_line_behind_a_body_begins_no_request,
      a_handler_may_take_its_time, draining_lets_replies_finish,
      without_descriptors_it_pauses_accepting, addresses_come_in_several_forms)
