/*
** test_server_leaving.c -- clients that read slowly, hang up, or only seem to.
*/
#include "net/http/conn.h"
#include "net/server_rig.h"

/* --- slow readers ---------------------------------------------------------- */

/* Write until it says stop: how many bytes. */
static size_t write_until_full(struct rig *r)
{
    static char piece[10000];
    size_t n = 0;
    bool more = true;
    while (more && n < ((size_t)64 << 20)) {
        more = conn_write(r->held, (str){piece, sizeof piece});
        n += sizeof piece;
        CHECK(conn_waiting(r->held) <= (64 << 10) + 2 * sizeof piece);
        world_step(&r->world);
    }
    CHECK(!more);
    return n;
}

/* The client reads until nothing comes: how many bytes. */
static size_t hear_all(struct rig *r, int fd)
{
    size_t n = 0;
    for (size_t some = 1; some > 0; n += some)
        some = rig_hear(r, fd).n;
    return n;
}

static void a_slow_client_pauses_its_source(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, (int64_t)1 << 40);
    size_t heard = 0, sent = 0;
    for (int i = 1; i < 4; i++) {
        sent += write_until_full(&r);
        world_pass(&r.world, 59 * NANOS_S);
        CHECK_INT(r.drained, i - 1);
        heard += hear_all(&r, client);
        CHECK_INT(r.drained, i);
    }
    CHECK(heard > sent && heard < sent + 300); /* the head is some of it */
    CHECK_INT(r.gone, 0);
    rig_close(&r);
}

static void it_goes_on_below_the_low_water_mark(void)
{
    static const struct server_limits limits = {.high_water = 16 << 20,
                                                .low_water = 8 << 20};
    static char piece[17 << 20];
    struct rig r;
    rig_open(&r, &limits);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, (int64_t)1 << 40);
    while (conn_write(r.held, (str){piece, sizeof piece}))
        ;
    hear_all(&r, client);
    CHECK_INT(r.drained, 1);
    CHECK(r.waiting > 0 && r.waiting <= 8 << 20);
    rig_close(&r);
}

static void a_source_is_not_paused_for_what_the_socket_takes(void)
{
    static const struct server_limits limits = {.high_water = 100};
    static char piece[1000];
    struct rig r;
    rig_open(&r, &limits);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, -1);
    for (int i = 0; i < 10; i++)
        CHECK(conn_write(r.held, (str){piece, sizeof piece}));
    rig_close(&r);
}

/* The sockets' own buffers take some megabytes; ours is larger. */
static void a_reply_that_never_catches_up_needs_no_more_memory(void)
{
    static const struct server_limits limits = {.high_water = 16 << 20,
                                                .low_water = 12 << 20};
    static char piece[1 << 20];
    struct rig r;
    rig_open(&r, &limits);
    r.hold = true;
    int client = rig_connect(&r);
    struct pollfd ear = {.fd = client, .events = POLLIN};
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, -1);
    for (int i = 0; i < 10000 && r.drained < 40; i++) {
        while (!r.held->paused)
            conn_write(r.held, (str){piece, sizeof piece});
        poll(&ear, 1, 10); /* what is unsent may wait for an acknowledgement */
        recv(client, r.ears, RIG_EARS, 0);
        world_step(&r.world);
    }
    CHECK_INT(r.drained, 40);
    CHECK(r.held->out.cap <= 64 << 20);
    rig_close(&r);
}

static void a_reply_there_is_no_memory_for_ends_the_connection(void)
{
    static char piece[100000];
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, -1);
    mem_fail_at(1, 1);
    conn_write(r.held, (str){piece, sizeof piece});
    CHECK_INT(r.gone, 0);
    world_settle(&r.world);
    mem_fail_at(0, 0);
    CHECK_INT(r.gone, 1);
    CHECK(rig_ended(&r, client));
    rig_close(&r);
}

static void a_client_that_takes_nothing_is_gone(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, -1);
    write_until_full(&r);
    world_pass(&r.world, 59 * NANOS_S);
    CHECK_INT(r.gone, 0);
    world_pass(&r.world, NANOS_S);
    CHECK_INT(r.gone, 1);
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void pipelined_bytes_are_held_up_to_a_limit(void)
{
    static char piece[65536];
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    ssize_t n = 1;
    for (int i = 0; i < 1000 && n > 0; i++) {
        world_settle(&r.world);
        n = send(client, piece, sizeof piece, MSG_NOSIGNAL);
    }
    CHECK(n < 0 && errno == EAGAIN); /* we stopped reading */
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_reply(r.held, STR("ok"));
    CHECK(rig_has(rig_hear(&r, client), "okHTTP/1.1 400 "));
    rig_close(&r);
}

/* --- clients that leave ---------------------------------------------------- */

static void a_hang_up_is_noticed_before_the_reply(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    rig_hang_up(&r, client);
    world_pass(&r.world, 199 * NANOS_MS);
    CHECK_INT(r.gone, 0); /* it may only have said its end */
    world_pass(&r.world, NANOS_MS);
    CHECK_INT(r.gone, 1);
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void a_hang_up_is_noticed_between_two_events(void)
{
    struct http_field type = {STR("Content-Type"), STR("text/event-stream")};
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, &type, 1, -1);
    conn_write(r.held, STR("data: 1\n\n"));
    CHECK(rig_hear(&r, client).n > 0);
    rig_hang_up(&r, client);
    world_pass(&r.world, 199 * NANOS_MS);
    CHECK_INT(r.gone, 0); /* it may only have said its end */
    world_pass(&r.world, NANOS_MS);
    CHECK_INT(r.gone, 1);
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void a_reset_is_noticed_while_writing(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    world_settle(&r.world);
    conn_head(r.held, 200, NULL, 0, -1);
    conn_write(r.held, STR("unread"));
    world_settle(&r.world);
    rig_hang_up(&r, client);
    conn_write(r.held, STR("more")); /* before anybody knows */
    CHECK_INT(r.gone, 0);
    world_settle(&r.world);
    CHECK_INT(r.gone, 1);
    rig_close(&r);
}

static void a_client_that_only_said_its_end_is_answered(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET GET);
    shutdown(client, SHUT_WR);
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_reply(r.held, STR("first"));
    CHECK(str_starts(rig_hear(&r, client), STR("HTTP/1.1 200 ")));
    CHECK_INT(r.asked, 2);
    world_pass(&r.world, 200 * NANOS_MS); /* this one takes its time */
    CHECK_STR(rig_hear(&r, client), "HTTP/1.1 100 Continue\r\n\r\n");
    world_pass(&r.world, 3600 * NANOS_S);
    CHECK_INT(rig_hear(&r, client).n, 0);
    CHECK_INT(r.gone, 0);
    rig_reply(r.held, STR("second"));
    CHECK_STR(rig_body(&r, client), "second");
    CHECK(rig_ended(&r, client));
    CHECK_INT(server_busy(r.server), 0);
    rig_close(&r);
}

static void a_half_closed_stream_hears_a_comment_between_events(void)
{
    struct http_field type = {STR("Content-Type"), STR("text/event-stream")};
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    for (int whole = 0; whole < 2; whole++) {
        int client = rig_connect(&r);
        rig_say(client, GET);
        world_settle(&r.world);
        conn_head(r.held, 200, &type, 1, -1);
        conn_write(r.held, whole ? STR("data: 1\n\n") : STR("data: "));
        rig_hear(&r, client);
        shutdown(client, SHUT_WR);
        CHECK_INT(rig_hear(&r, client).n, 0);
        world_pass(&r.world, 200 * NANOS_MS);
        CHECK_STR(rig_hear(&r, client), whole ? "3\r\n:\n\n\r\n" : "");
        conn_end(r.held);
        CHECK_STR(rig_hear(&r, client), "0\r\n\r\n");
        CHECK(rig_ended(&r, client));
    }
    CHECK_INT(r.gone, 0);
    rig_close(&r);
}

static void half_closed_http10_gets_its_answer_and_no_interim(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, "GET / HTTP/1.0\r\n\r\n");
    shutdown(client, SHUT_WR);
    CHECK_INT(rig_hear(&r, client).n, 0);
    world_pass(&r.world, NANOS_S);
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_reply(r.held, STR("old"));
    CHECK_STR(rig_body(&r, client), "old");
    rig_close(&r);
}

static unsigned events_seen;

static void count_events(struct ev_loop *loop)
{
    events_seen += ev_pending_count(loop);
    ev_invoke_pending(loop);
}

static void a_half_closed_connection_does_not_spin(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    shutdown(client, SHUT_WR);
    world_settle(&r.world);
    ev_set_invoke_pending_cb(r.world.loop, count_events);
    events_seen = 0;
    world_settle(&r.world);
    CHECK_INT(events_seen, 0);
    rig_hang_up(&r, client); /* the counter does count */
    rig_connect(&r);
    world_settle(&r.world);
    CHECK(events_seen > 0);
    rig_close(&r);
}

TESTS(a_slow_client_pauses_its_source, it_goes_on_below_the_low_water_mark,
      a_source_is_not_paused_for_what_the_socket_takes,
      a_reply_that_never_catches_up_needs_no_more_memory,
      a_reply_there_is_no_memory_for_ends_the_connection,
      a_client_that_takes_nothing_is_gone,
      pipelined_bytes_are_held_up_to_a_limit,
      a_hang_up_is_noticed_before_the_reply,
      a_hang_up_is_noticed_between_two_events, a_reset_is_noticed_while_writing,
      a_client_that_only_said_its_end_is_answered,
      a_half_closed_stream_hears_a_comment_between_events,
      half_closed_http10_gets_its_answer_and_no_interim,
      a_half_closed_connection_does_not_spin)
