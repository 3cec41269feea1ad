/*
** test_reply_head.c -- what the lines of a reply's head come to.
**
** Which heads are refused is told by the cases of tests/data/http, whole, and
** by the transports' tests; here is what is read out of those that are not.
*/
#include "wire/reply_head.h"

#include "unit.h"

static enum reply_head_step take(struct reply_head *h, const char *text)
{
    str rest = str_of(text);
    enum reply_head_step step = REPLY_HEAD_MORE;
    reply_head_init(h);
    while (step == REPLY_HEAD_MORE && rest.n > 0) {
        size_t lf = str_find(rest, '\n');
        step = reply_head_line(h, (str){rest.p, lf + 1});
        rest = str_from(rest, lf + 1);
    }
    return step;
}

static void the_body_s_end_is_read_off_the_fields(void)
{
    static const struct {
        const char *head;
        int64_t length;
        bool chunked, close, http10;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", -1, false, false, false},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 0, false, false, false},
        {"HTTP/1.0 200 OK\r\ncontent-length:7\r\n\r\n", 7, false, false, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", -1, true,
         false, false},
        {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", -1, false, false,
         false},
        {"HTTP/1.1 200 OK\r\nConnection: a,\tCLOSE ,b\r\n\r\n", -1, false, true,
         false},
        {"HTTP/1.1 200 OK\r\nConnection: closed\r\n\r\n", -1, false, false,
         false},
        {"HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
         3, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply_head h;
        CHECK_INT(take(&h, cases[i].head), REPLY_HEAD_WHOLE);
        CHECK_INT(h.length, cases[i].length);
        CHECK_INT(h.chunked, cases[i].chunked);
        CHECK_INT(h.close, cases[i].close);
        CHECK_INT(h.http10, cases[i].http10);
        reply_head_fini(&h);
    }
}

static void only_what_begins_as_http_is_waited_for(void)
{
    struct reply_head h;
    reply_head_init(&h);
    CHECK(reply_head_hopeful(&h, STR("")));
    CHECK(reply_head_hopeful(&h, STR("HT")));
    CHECK(reply_head_hopeful(&h, STR("HTTP/1.1 200 O")));
    CHECK(!reply_head_hopeful(&h, STR("h")));
    CHECK(!reply_head_hopeful(&h, STR("SSH-2.0-OpenSSH_9.2")));
    CHECK_INT(reply_head_line(&h, STR("HTTP/1.1 200 OK\r\n")), REPLY_HEAD_MORE);
    CHECK(reply_head_hopeful(&h, STR("x")));
    reply_head_fini(&h);
}

TESTS(the_body_s_end_is_read_off_the_fields,
      only_what_begins_as_http_is_waited_for)
