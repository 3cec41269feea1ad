/*
** test_sse.c -- events are cut where they end and read as they are meant.
*/
#include "unit.h"
#include "wire/sse.h"

static void an_event_ends_with_an_empty_line(void)
{
    CHECK_INT(sse_complete(STR("")), 0);
    CHECK_INT(sse_complete(STR("data: a")), 0);
    CHECK_INT(sse_complete(STR("data: a\n")), 0);
    CHECK_INT(sse_complete(STR("data: a\n\n")), 9);
    CHECK_INT(sse_complete(STR("data: a\r\n\r\n")), 11);
    CHECK_INT(sse_complete(STR("data: a\r\rb")), 9);
    CHECK_INT(sse_complete(STR("data: a\n\r\nb")), 10);
    CHECK_INT(sse_complete(STR("a\n\nb\n\nc")), 6);
    CHECK_INT(sse_complete(STR("\n")), 1);
    CHECK_INT(sse_complete(STR("\r\n")), 2);
}

static void a_cr_at_the_end_waits_where_its_lf_may_follow(void)
{
    CHECK_INT(sse_complete(STR("data: a\r")), 0);
    CHECK_INT(sse_complete(STR("data: a\r\n\r")), 0);
    CHECK_INT(sse_complete(STR("data: a\n\ndata: b\r\n\r")), 9);
    CHECK_INT(sse_complete(STR("data: a\r\r")), 9);
    CHECK_INT(sse_complete(STR("data: a\n\r")), 9);
    CHECK_INT(sse_complete(STR("\r")), 0);
    CHECK_INT(sse_complete(STR("\rx")), 1);
}

static void events_come_out_in_order_with_their_bytes(void)
{
    str rest =
        STR("event: e\ndata: one\n\n: ping\n\ndata:two\r\n\r\nid: 7\n\n");
    struct sse_event event;
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.bytes, "event: e\ndata: one\n\n");
    CHECK_STR(event.name, "e");
    CHECK_STR(event.data, "one");
    CHECK(!event.many);
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.bytes, ": ping\n\n");
    CHECK(event.data.p == NULL && event.name.p == NULL);
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.data, "two");
    CHECK_STR(event.bytes, "data:two\r\n\r\n");
    CHECK(sse_next(&rest, &event));
    CHECK(event.data.p == NULL);
    CHECK(!sse_next(&rest, &event));
}

static void one_space_after_the_colon_is_no_data(void)
{
    str rest = STR("data:  a \n\ndata\n\ndata:\n\ndatax: b\n\n");
    struct sse_event event;
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.data, " a ");
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.data, "");
    CHECK(sse_next(&rest, &event));
    CHECK_STR(event.data, "");
    CHECK(sse_next(&rest, &event));
    CHECK(event.data.p == NULL);
}

static void many_data_lines_are_joined_by_lf(void)
{
    str rest = STR("data: a\rdata\r\nevent: x\r\ndata: c\n\n");
    struct sse_event event;
    char room[64];
    CHECK(sse_next(&rest, &event));
    CHECK(event.many);
    CHECK_STR(event.data, "a");
    CHECK_STR(event.name, "x");
    CHECK_STR(sse_data(&event, room), "a\n\nc");
}

static void long_lines_are_read_whole(void)
{
    static char text[5000];
    struct sse_event event;
    memset(text, 'x', sizeof text);
    memcpy(text, "data: ", 6);
    memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
    for (size_t n = 500; n < 530; n++) { /* around a stretch's end */
        str rest = {text + sizeof text - n, n};
        CHECK(sse_next(&rest, &event));
        CHECK_INT(event.bytes.n, n);
    }
    str rest = {text, sizeof text};
    CHECK(sse_next(&rest, &event));
    CHECK_INT(event.data.n, sizeof text - 10);
}

/* The plain way: end of the last empty line, reading forward. */
static size_t naive(str s)
{
    size_t last = 0, line = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool cr = s.p[i] == '\r';
        if (!cr && s.p[i] != '\n')
            continue;
        bool empty = i == line;
        if (cr && i + 1 < s.n && s.p[i + 1] == '\n')
            i++;
        else if (cr && i + 1 == s.n &&
                 (i == 0 || (i > 1 && memcmp(s.p + i - 2, "\r\n", 2) == 0)))
            break;
        line = i + 1;
        if (empty)
            last = line;
    }
    return last;
}

static void a_mark_in_front_of_a_stream_is_passed_over(void)
{
    CHECK_STR(sse_unmarked(STR("\xef\xbb\xbf"
                               "data: a\n\n")),
              "data: a\n\n");
    CHECK_STR(sse_unmarked(STR("data: \xef\xbb\xbf\n\n")),
              "data: \xef\xbb\xbf\n\n");
    CHECK_STR(sse_unmarked(STR("\xef\xbb")), "\xef\xbb");
    CHECK_STR(sse_unmarked(STR("\xef\xbb\xbf\xef\xbb\xbf\n")), "\n");
}

static void it_agrees_with_a_plain_reading_of_random_streams(void)
{
    unsigned seed = 12345;
    for (int round = 0; round < 50000; round++) {
        char text[16];
        size_t n = 0;
        for (; n < (size_t)round % sizeof text; n++) {
            seed = seed * 1103515245 + 12345;
            text[n] = "\r\n\r\na:"[(seed >> 16) % 6];
        }
        str in = {text, n};
        CHECK_INT(sse_complete(in), naive(in));

        for (size_t seen = 0; seen <= n; seen++)
            if (sse_complete((str){text, seen}) == 0)
                CHECK_INT(sse_complete_past(in, seen), sse_complete(in));

        str rest = {text, sse_complete(in)};
        struct sse_event event;
        size_t sum = 0;
        while (sse_next(&rest, &event))
            sum += event.bytes.n;
        CHECK_INT(sum, sse_complete(in));
    }
}

TESTS(an_event_ends_with_an_empty_line,
      a_cr_at_the_end_waits_where_its_lf_may_follow,
      events_come_out_in_order_with_their_bytes,
      one_space_after_the_colon_is_no_data, many_data_lines_are_joined_by_lf,
      long_lines_are_read_whole, a_mark_in_front_of_a_stream_is_passed_over,
      it_agrees_with_a_plain_reading_of_random_streams)
