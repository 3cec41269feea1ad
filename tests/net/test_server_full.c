/*
** test_server_full.c -- what a server does when too much comes at once: too
** many connections, too many bytes, a handler that has enough.
*/
#include "net/server_rig.h"

#define UPLOAD(n)                    \
    "POST / HTTP/1.1\r\nHost: a\r\n" \
    "Content-Length: " n "\r\n\r\n"

/* --- connections ----------------------------------------------------------- */

static const struct server_limits two_only = {.max_conns = 2};

static void one_connection_too_many_is_told_so_and_closes(void)
{
    struct rig r;
    rig_open(&r, &two_only);
    rig_connect(&r), rig_connect(&r);
    int three = rig_connect(&r);
    rig_say(three, GET);
    str heard = rig_hear(&r, three);
    CHECK_INT(rig_status(heard), 200); /* the handler decides, and is told */
    CHECK(r.crowded);
    CHECK(rig_has(heard, "Connection: close\r\n"));
    CHECK(rig_ended(&r, three));
    rig_close(&r);
}

static void who_came_too_late_is_served_once_there_is_a_place(void)
{
    struct rig r;
    rig_open(&r, &two_only);
    int one = rig_connect(&r);
    rig_connect(&r);
    int three = rig_connect(&r);
    CHECK_INT(rig_hear(&r, three).n, 0);
    CHECK_INT(server_busy(r.server), 3);
    rig_hang_up(&r, one);
    CHECK_INT(rig_hear(&r, three).n, 0);
    CHECK_INT(server_busy(r.server), 2);
    rig_say(three, GET GET);
    CHECK_INT(rig_count(rig_hear(&r, three), "HTTP/1.1 200"), 2);
    CHECK(!r.crowded);
    rig_close(&r);
}

static void one_too_many_that_says_nothing_goes_soon(void)
{
    static const struct server_limits limits = {.max_conns = 1,
                                                .header_timeout = 2 * NANOS_S};
    struct rig r;
    rig_open(&r, &limits);
    rig_connect(&r);
    int two = rig_connect(&r);
    rig_hear(&r, two);
    world_pass(&r.world, 2 * NANOS_S);
    CHECK(rig_ended(&r, two));
    CHECK_INT(server_busy(r.server), 1);
    rig_close(&r);
}

static void behind_the_spare_places_clients_wait(void)
{
    static const struct server_limits limits = {.max_conns = 1};
    int crowd[SERVER_SPARE + 1];
    struct rig r;
    rig_open(&r, &limits);
    for (int i = 0; i <= SERVER_SPARE; i++) {
        crowd[i] = rig_connect(&r);
        r.clients_n = 0; /* closed below */
    }
    int last = rig_connect(&r);
    rig_say(last, GET);
    CHECK_INT(rig_hear(&r, last).n, 0);
    CHECK_INT(server_busy(r.server), 1 + SERVER_SPARE);
    close(crowd[0]);
    close(crowd[1]);
    CHECK_INT(rig_status(rig_hear(&r, last)), 200);
    for (int i = 2; i <= SERVER_SPARE; i++)
        close(crowd[i]);
    rig_close(&r);
}

/* --- large bodies ---------------------------------------------------------- */

static void a_large_body_is_refused_before_it_comes(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.full = true;
    int client = rig_connect(&r);
    rig_say(client, UPLOAD("100000"));
    str heard = rig_hear(&r, client);
    CHECK_INT(rig_status(heard), 503);
    CHECK(rig_has(heard, "Retry-After: 1\r\n"));
    CHECK(rig_has(heard, "x-should-retry: true\r\n"));
    CHECK(rig_has(heard, "\"code\":\"overloaded\""));
    CHECK(rig_has(heard, "Connection: close\r\n"));
    CHECK_INT(r.refused, 1);
    CHECK_INT(r.asked, 0);
    rig_close(&r);
}

static void who_asks_first_is_not_told_to_go_on(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.full = true;
    int client = rig_connect(&r);
    rig_say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                    "Expect: 100-continue\r\n\r\n");
    CHECK_INT(rig_status(rig_hear(&r, client)), 503);
    rig_close(&r);
}

static void a_small_body_is_read_so_that_the_connection_lives(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.full = true;
    int client = rig_connect(&r);
    rig_say(client, UPLOAD("5"));
    CHECK_INT(rig_hear(&r, client).n, 0);
    rig_say(client, "hello" GET);
    CHECK_INT(rig_count(rig_hear(&r, client), "HTTP/1.1 200"), 2);
    CHECK_INT(r.refused, 0);
    rig_close(&r);
}

/* --- memory ---------------------------------------------------------------- */

/* Send so many bytes of a body. */
static void push(struct rig *r, int client, size_t n)
{
    static char zeros[16384];
    for (size_t some; n > 0; n -= some) {
        some = n < sizeof zeros ? n : sizeof zeros;
        rig_send(client, (str){zeros, some});
        world_settle(&r->world);
    }
}

static void what_bodies_hold_is_counted_and_given_back(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, UPLOAD("50000"));
    push(&r, client, 20000);
    CHECK(r.room.used >= 20000);
    push(&r, client, 30000);
    CHECK_INT(r.asked, 1);
    CHECK(r.room.used >= 50000);
    rig_reply(r.held, STR("thanks"));
    CHECK_INT(rig_status(rig_hear(&r, client)), 200);
    CHECK(r.room.used < 5000);
    rig_close(&r);
}

static void a_body_that_finds_no_room_is_refused(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.room.max = 100000;
    int client = rig_connect(&r);
    rig_say(client, UPLOAD("60000"));
    push(&r, client, 59000);
    str heard = rig_hear(&r, client);
    CHECK_INT(rig_status(heard), 503);
    CHECK(rig_has(heard, "Retry-After: 1\r\n"));
    CHECK_INT(r.refused_with, 503);
    CHECK(r.room.used < 5000);
    rig_close(&r);
}

static void chunks_find_no_room_either(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.room.max = 100000;
    int client = rig_connect(&r);
    rig_say(client, "POST / HTTP/1.1\r\nHost: a\r\n"
                    "Transfer-Encoding: chunked\r\n\r\nea60\r\n");
    push(&r, client, 59000);
    CHECK_INT(rig_status(rig_hear(&r, client)), 503);
    CHECK(r.room.used < 5000);
    rig_close(&r);
}

static void many_uploads_leave_room_for_a_small_request(void)
{
    struct rig r;
    int uploads[10];
    rig_open(&r, NULL);
    r.room.max = 400000;
    for (int i = 0; i < 10; i++) {
        uploads[i] = rig_connect(&r);
        rig_say(uploads[i], UPLOAD("60000"));
    }
    for (int turn = 0; turn < 3; turn++)
        for (int i = 0; i < 10; i++) {
            char some[16000] = {0};
            send(uploads[i], some, sizeof some, MSG_NOSIGNAL);
            world_settle(&r.world);
        }
    CHECK(r.refused > 0 && r.refused < 10);
    CHECK(r.room.used <= 300000);
    int small = rig_connect(&r);
    rig_say(small, UPLOAD("5") "hello");
    CHECK_INT(rig_status(rig_hear(&r, small)), 200);
    rig_close(&r);
}

static void when_nothing_fits_a_small_request_is_read_all_the_same(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.room = (struct hold){.max = 1000, .used = 1000};
    int client = rig_connect(&r);
    rig_say(client, GET);
    CHECK_INT(rig_status(rig_hear(&r, client)), 200);
    rig_say(client, UPLOAD("5") "hello");
    CHECK_STR(rig_body(&r, client), "POST / hello");
    r.room.used -= 1000;
    rig_close(&r);
}

static void heads_that_never_end_find_no_room_at_last(void)
{
    struct rig r;
    char flood[12000];
    rig_open(&r, NULL);
    r.room.max = 100000;
    memset(flood, 'a', sizeof flood);
    for (int i = 0; i < 12; i++) {
        int client = rig_connect(&r);
        rig_say(client, "GET / HTTP/1.1\r\nHost: a\r\nx: ");
        rig_send(client, (str){flood, sizeof flood});
        world_settle(&r.world);
    }
    CHECK(r.refused > 0);
    CHECK(r.room.used <= 75000);
    rig_close(&r);
}

static void what_waits_for_a_slow_reader_is_counted(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    int client = rig_connect(&r);
    rig_say(client, GET);
    rig_hear(&r, client);
    char *large = calloc(1, 8 << 20);
    rig_reply(r.held, (str){large, 8 << 20});
    world_settle(&r.world);
    CHECK(r.room.used > 1 << 20);
    CHECK(conn_waiting(r.held) > 7 << 20); /* it is here, not in the system */
    rig_hang_up(&r, client);
    rig_hear(&r, rig_connect(&r));
    CHECK(r.room.used < 5000);
    free(large);
    rig_close(&r);
}

/* Pieces to a client that reads none, until the server says stop. */
static size_t fed(struct rig *r)
{
    static char piece[16 * 1024];
    int client = rig_connect(r);
    rig_say(client, GET);
    rig_hear(r, client);
    size_t before = r->room.used;
    conn_head(r->held, 200, NULL, 0, -1);
    for (int i = 0; i < 1000; i++) {
        if (!conn_write(r->held, (str){piece, sizeof piece}))
            break;
        world_settle(&r->world);
    }
    world_settle(&r->world);
    return r->room.used - before;
}

static void a_slow_reader_of_a_stream_holds_little(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    size_t held = fed(&r);
    CHECK(held > 64 * 1024 && held < 100 * 1024);
    rig_close(&r);
}

static void when_memory_is_short_it_holds_less(void)
{
    struct rig r;
    rig_open(&r, NULL);
    r.hold = true;
    r.room.max = 128 * 1024;
    CHECK(fed(&r) < 48 * 1024);
    rig_close(&r);
}

TESTS(a_slow_reader_of_a_stream_holds_little,
      when_memory_is_short_it_holds_less,
      one_connection_too_many_is_told_so_and_closes,
      who_came_too_late_is_served_once_there_is_a_place,
      one_too_many_that_says_nothing_goes_soon,
      behind_the_spare_places_clients_wait,
      a_large_body_is_refused_before_it_comes,
      who_asks_first_is_not_told_to_go_on,
      a_small_body_is_read_so_that_the_connection_lives,
      what_bodies_hold_is_counted_and_given_back,
      a_body_that_finds_no_room_is_refused, chunks_find_no_room_either,
      many_uploads_leave_room_for_a_small_request,
      when_nothing_fits_a_small_request_is_read_all_the_same,
      heads_that_never_end_find_no_room_at_last,
      what_waits_for_a_slow_reader_is_counted)
