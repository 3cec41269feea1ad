/*
** test_http.c -- which heads are accepted, and with what others are refused.
*/
#include "unit.h"
#include "wire/http.h"

#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"

static int parse(const char *z)
{
    struct http_head head;
    return http_parse(&head, str_of(z));
}

/* The whole head is needed, and nothing after it is looked at. */
static void accept(const char *z)
{
    struct http_head head;
    str in = str_of(z);
    for (size_t cut = 0; cut < in.n; cut++) {
        char copy[1024]; /* so that sanitizers see a read past the cut */
        memcpy(copy, in.p, cut);
        CHECK_INT(http_parse(&head, (str){copy, cut}), 0);
    }
    if (http_parse(&head, in) != (int)in.n)
        printf("#    refused: %s", z);
    CHECK_INT(http_parse(&head, in), in.n);
}

static void refuse(int status, const char *z)
{
    if (parse(z) != -status)
        printf("#    %d, want %d: %s\n", parse(z), -status, z);
    CHECK_INT(parse(z), -status);
}

static void plain_requests_are_accepted_at_their_last_byte(void)
{
    accept(GET "\r\n");
    accept(POST "Content-Length: 7\r\n\r\n");
    accept(POST "Transfer-Encoding: chunked\r\n\r\n");
    accept(POST "transfer-encoding:CHUNKED\r\n\r\n");
    accept(GET "Content-Length: 0\r\n\r\n");
    accept(GET "Transfer-Encoding: chunked\r\n\r\n");
    accept("GET / HTTP/1.0\r\n\r\n");
    accept("\r\n" GET "\r\n");
    accept("PATCH /a%20b?c=d%2f HTTP/1.1\r\nHost: a\r\n\r\n");
    accept("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    accept("GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n");
    accept(GET "X: \t a\tb \xc3\xa9 \t\r\nY:\r\nZ: a:b\r\n\r\n");
}

static void what_is_found_points_into_the_bytes_given(void)
{
    struct http_head head;
    const char *z = "POST /a/b?c=d HTTP/1.1\r\nHOST: h:80\r\n"
                    "Content-Length: 12\r\nX-A:  1 \r\nx-a: 2\r\n\r\nbody";
    CHECK_INT(http_parse(&head, str_of(z)), strlen(z) - 4);
    CHECK_STR(head.method, "POST");
    CHECK_STR(head.target, "/a/b?c=d");
    CHECK_STR(head.path, "/a/b");
    CHECK_STR(head.query, "c=d");
    CHECK_INT(head.minor, 1);
    CHECK_INT(head.fields_n, 4);
    CHECK_INT(head.length, 12);
    CHECK(!head.chunked && head.keep_alive && !head.expect);
    CHECK_STR(http_field(&head, STR("x-A")), "1");
    CHECK_STR(http_field(&head, STR("host")), "h:80");
    CHECK(http_field(&head, STR("y")).p == NULL);
}

static struct http_head head_of(const char *z)
{
    struct http_head head;
    CHECK_INT(http_parse(&head, str_of(z)), strlen(z));
    return head;
}

static void a_target_has_a_path_whatever_its_form(void)
{
    struct http_head head =
        head_of("GET HTTP://b:1?q HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STR(head.path, "/");
    CHECK_STR(head.query, "q");
    head = head_of("GET https://[::1]/x/y HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STR(head.path, "/x/y");
    CHECK(head.query.p == NULL);
    head = head_of("GET /? HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STR(head.query, "");
    head = head_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_STR(head.path, "*");
}

static void a_request_line_has_three_parts_and_single_spaces(void)
{
    refuse(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n");
    refuse(400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "GET /\r\nHost: a\r\n\r\n");
    refuse(400, "GET\r\n\r\n");
    refuse(400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "\r\n\r\n" GET "\r\n");
    refuse(400, "GET / HTTP/1.1\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/1.1\rHost: a\r\n\r\n");
}

static void a_version_is_1_0_or_1_1(void)
{
    refuse(505, "GET / HTTP/1.9\r\nHost: a\r\n\r\n");
    refuse(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    refuse(505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n");
    refuse(400, "GET / http/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/1\r\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n");
    refuse(400, "GET / HTTP/+.1\r\nHost: a\r\n\r\n");
    refuse(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

static void a_target_is_a_uri(void)
{
    static const char *const bad[] = {
        "a",
        "a/b",
        "/a\x80",
        "/a<",
        "/a\"b",
        "/{a}",
        "/a|b",
        "/a\\b",
        "/a^",
        "/a`",
        "/a#b",
        "/[a]",
        "/%",
        "/%4",
        "/%4g",
        "/a\x01",
        "/a\x7f",
        "*",
        "http:/a",
        "ftp://a/",
        "http://",
        "http:///a",
        "http://u@a/",
        "a:80",
        "http://a:99999/",
        "http://a\\b/",
        "/?a=[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char z[256];
        snprintf(z, sizeof z, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", bad[i]);
        refuse(400, z);
    }
    refuse(405, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n");
    refuse(400, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static const char *const bad_hosts[] = {
    "",
    "a b",
    "a%20b",
    "a,b",
    "a;b",
    "a%2fb",
    "u@a",
    "a:65536",
    "a:-1",
    "a:8o",
    "a:80:80",
    "[::1",
    "::1",
    "[::1]x",
    "[1:2:3]",
    "[]",
    "[g::1]",
    "[1::2::3]",
    "[:::1]",
    "[1:2:3:4:5:6:7::8]",
    "[::1.2.3]",
    "[::1%251]",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    ":80",
    "a,b:c",
    "a%2",
    "a\xc3\xa9",
    "http://a",
    "[12345::]",
    "[1.2.3.4::]",
    "[1:2:3:4:5:6:7:8:]",
};

static const char *const good_hosts[] = {
    "a",
    "a.b-c_d~e",
    "a:80",
    "a:",
    "a:0",
    "a:65535",
    "1.2.3.4:5",
    "[::1]",
    "[::]:443",
    "[1:2:3:4:5:6:7:8]",
    "[::ffff:1.2.3.4]",
    "[1::8]",
    "127.1",
};

static void there_is_one_host_and_it_is_valid(void)
{
    char z[256];
    for (size_t i = 0; i < sizeof good_hosts / sizeof good_hosts[0]; i++) {
        snprintf(z, sizeof z, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
                 good_hosts[i]);
        accept(z);
    }
    for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++) {
        snprintf(z, sizeof z, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
                 bad_hosts[i]);
        refuse(400, z);
    }
    refuse(400, "GET / HTTP/1.1\r\nX: a\r\n\r\n");
    refuse(400, GET "Host: a\r\n\r\n");
    refuse(400, "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n");
}

static void a_field_line_is_a_token_a_colon_and_text(void)
{
    refuse(400, GET "X : a\r\n\r\n");
    refuse(400, GET "X\t: a\r\n\r\n");
    refuse(400, GET "X\r\n\r\n");
    refuse(400, GET ": a\r\n\r\n");
    refuse(400, GET "X{}: a\r\n\r\n");
    refuse(400, GET "X\xc3: a\r\n\r\n");
    refuse(400, GET "X: a\r\n b\r\n\r\n");
    refuse(400, GET "Content-Length: 1\r\n 2\r\n\r\n");
    refuse(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    refuse(400, GET "X: a\rb\r\n\r\n");
    refuse(400, GET "X: a\x01\r\n\r\n");
    refuse(400, GET "X: a\x7f\r\n\r\n");
    refuse(400, GET "X: a\n\r\n");
    refuse(400, GET "X: a\r\n\n");
    refuse(400, GET "X: a\r\r\n\r\n");
    refuse(400, GET "\r\r\n");
    refuse(400, GET "\rX: a\r\n\r\n");
    refuse(400, GET "Content-Length : 7\r\n\r\n");
    refuse(400, GET "Transfer-Encoding : chunked\r\n\r\n");
    struct http_head head;
    CHECK_INT(http_parse(&head, STR(GET "X: a\0b\r\n\r\n")), -400);
}

static void a_length_is_digits_and_comes_once(void)
{
    refuse(400, POST "Content-Length: 7\r\nContent-Length: 7\r\n\r\n");
    refuse(400, POST "Content-Length: 7\r\nContent-Length: 8\r\n\r\n");
    refuse(400, POST "Content-Length: 7,7\r\n\r\n");
    refuse(400, POST "Content-Length: +7\r\n\r\n");
    refuse(400, POST "Content-Length: -1\r\n\r\n");
    refuse(400, POST "Content-Length: 0x7\r\n\r\n");
    refuse(400, POST "Content-Length: 7 7\r\n\r\n");
    refuse(400, POST "Content-Length: 7x\r\n\r\n");
    refuse(400, POST "Content-Length:\r\n\r\n");
    refuse(400, POST "Content-Length: 9223372036854775808\r\n\r\n");
    refuse(400, POST "Content-Length: 18446744073709551623\r\n\r\n");
    CHECK_INT(
        head_of(POST "Content-Length: 9223372036854775807\r\n\r\n").length,
        INT64_MAX);
}

static void the_only_coding_is_chunked_and_alone(void)
{
    refuse(400, POST "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: x\r\nContent-Length: 7\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: xchunked\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: identity\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: gzip\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked, gzip\r\n\r\n");
    refuse(501, POST "Transfer-Encoding: gzip;a=b , Chunked\r\n\r\n");
    refuse(501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked, identity\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked, chunked\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked;a=b\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked,\r\n\r\n");
    refuse(400, POST "Transfer-Encoding:\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: \"chunked\"\r\n\r\n");
    refuse(400, POST "Transfer-Encoding: chunked\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n");
    refuse(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void a_hundred_is_owed_only_where_a_body_waits(void)
{
    CHECK(head_of(POST "Expect: 100-Continue\r\nContent-Length: 7\r\n\r\n")
              .expect);
    CHECK(head_of(POST "Expect: 100-continue\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n")
              .expect);
    CHECK(!head_of(POST "Expect: 100-continue\r\n\r\n").expect);
    CHECK(!head_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                   "Content-Length: 7\r\n\r\n")
               .expect);
    refuse(417, POST "Expect: 200-ok\r\n\r\n");
    refuse(400, POST "Expect: 200-ok\r\nContent-Length: x\r\n\r\n");
}

static void keeping_alive_is_the_default_of_1_1_only(void)
{
    CHECK(head_of(GET "\r\n").keep_alive);
    CHECK(!head_of(GET "Connection: Close\r\n\r\n").keep_alive);
    CHECK(!head_of(GET "Connection: a, close\r\n\r\n").keep_alive);
    CHECK(
        !head_of(GET "Connection: a\r\nConnection: close\r\n\r\n").keep_alive);
    CHECK(head_of(GET "Connection: closed\r\n\r\n").keep_alive);
    CHECK(!head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(
        head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    CHECK(!head_of("GET / HTTP/1.0\r\n"
                   "Connection: keep-alive, close\r\n\r\n")
               .keep_alive);
    refuse(400, GET "Connection: a b\r\n\r\n");
}

/* A request with `n` bytes of `c` between two texts; judged as it grows. */
static int grown(const char *before, char c, size_t n, const char *after)
{
    static char room[256 * 1024];
    struct http_head head;
    size_t at = strlen(before);
    memcpy(room, before, at);
    memset(room + at, c, n);
    at += n;
    memcpy(room + at, after, strlen(after));
    return http_parse(&head, (str){room, at + strlen(after)});
}

static void a_head_has_its_limits(void)
{
    size_t room = HTTP_MAX_HEAD - strlen(GET "X: \r\n\r\n");
    CHECK_INT(grown(GET "X: ", 'a', room, "\r\n\r\n"), HTTP_MAX_HEAD);
    CHECK_INT(grown(GET "X: ", 'a', room + 1, "\r\n\r\n"), -431);
    CHECK_INT(grown(GET "X: ", 'a', 16 * 1024, ""), 0);
    CHECK_INT(grown(GET "X: ", 'a', HTTP_MAX_HEAD, ""), -431);
    CHECK_INT(grown("GET /", 'a', HTTP_MAX_TARGET, " HTTP/1.1"), -414);
    CHECK_INT(grown("GET /", 'a', HTTP_MAX_TARGET, ""), -414);
    CHECK_INT(grown("GET /", 'a', 65536, " HTTP/1.1\r\nHost: a\r\n\r\n"), -414);
    CHECK_INT(grown("GET /", 'a', HTTP_MAX_TARGET - 1, ""), 0);
    CHECK_INT(grown("", 'G', HTTP_MAX_HEAD, ""), -431);
}

static void a_hundred_fields_are_enough(void)
{
    char room[8192];
    size_t at = (size_t)snprintf(room, sizeof room, GET);
    for (int i = 1; i < HTTP_MAX_FIELDS; i++)
        at += (size_t)snprintf(room + at, sizeof room - at, "x: %d\r\n", i);
    size_t full = at;
    snprintf(room + full, sizeof room - full, "\r\n");
    CHECK_INT(parse(room), full + 2);
    snprintf(room + full, sizeof room - full, "y: one more\r\n");
    CHECK_INT(parse(room), -431);
}

static void what_cannot_become_a_request_is_refused_at_once(void)
{
    refuse(400, "\x16\x03\x01");
    refuse(400, "GET /\x01");
    refuse(400, "\n");
    refuse(400, "\rG");
    refuse(400, GET "X: a\rb");
    CHECK_INT(parse("GET"), 0);
    CHECK_INT(parse("\r"), 0);
    CHECK_INT(parse(""), 0);
}

static void nothing_that_could_split_a_message_may_be_sent(void)
{
    CHECK(http_value_ok(STR("a\tb \xc3\xa9")));
    CHECK(http_value_ok(STR("")));
    CHECK(!http_value_ok(STR("a\r")));
    CHECK(!http_value_ok(STR("a\n")));
    CHECK(!http_value_ok(STR("a\0")));
    CHECK(!http_value_ok(STR("\x7f")));
    CHECK(http_name_ok(STR("x-A_1")));
    CHECK(!http_name_ok(STR("")));
    CHECK(!http_name_ok(STR("a b")));
    CHECK(!http_name_ok(STR("a:")));
    CHECK_STR(str_of(http_reason(200)), "OK");
    CHECK_STR(str_of(http_reason(431)), "Request Header Fields Too Large");
    CHECK_STR(str_of(http_reason(599)), "Error");
}

/* Eight bytes are looked at together: a bad one is seen at every place. */
static void a_value_is_judged_alike_byte_by_byte_and_eight_at_a_time(void)
{
    char text[24];
    int wrong = 0;
    for (int c = 0; c < 256; c++) {
        bool good = c == '\t' || (c >= ' ' && c != 0x7f);
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, 'a', sizeof text);
            text[at] = (char)c;
            wrong += http_value_ok((str){text, sizeof text}) != good;
        }
    }
    CHECK_INT(wrong, 0);
}

TESTS(a_value_is_judged_alike_byte_by_byte_and_eight_at_a_time,
      plain_requests_are_accepted_at_their_last_byte,
      what_is_found_points_into_the_bytes_given,
      a_target_has_a_path_whatever_its_form,
      a_request_line_has_three_parts_and_single_spaces, a_version_is_1_0_or_1_1,
      a_target_is_a_uri, there_is_one_host_and_it_is_valid,
      a_field_line_is_a_token_a_colon_and_text,
      a_length_is_digits_and_comes_once, the_only_coding_is_chunked_and_alone,
      a_hundred_is_owed_only_where_a_body_waits,
      keeping_alive_is_the_default_of_1_1_only, a_head_has_its_limits,
      a_hundred_fields_are_enough,
      what_cannot_become_a_request_is_refused_at_once,
      nothing_that_could_split_a_message_may_be_sent)
