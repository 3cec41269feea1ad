/*
** test_http_body.c -- bodies, whole and in pieces, and what is no body.
*/
#include "unit.h"
#include "wire/http.h"

static struct http_body chunked(void)
{
    struct http_body b;
    struct http_head head = {.chunked = true, .length = -1};
    http_body_init(&b, &head);
    return b;
}

/* Feed in pieces of `step` bytes: what came of it, and how much was used. */
static int64_t feed(struct http_body *b, str in, size_t step, struct buf *out)
{
    int64_t used = 0;
    while (in.n > 0) {
        str piece = {in.p, in.n < step ? in.n : step};
        int64_t n = http_body_feed(b, piece, out);
        if (n < 0)
            return n;
        used += n;
        if ((size_t)n < piece.n)
            break;
        in = str_from(in, piece.n);
    }
    return used;
}

/* The chunked text has this payload, however it is cut. */
static void accept(const char *z, const char *payload)
{
    str in = str_of(z);
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t cut = 0; cut <= in.n; cut++) {
        struct http_body b = chunked();
        buf_clear(&out);
        CHECK_INT(feed(&b, (str){in.p, cut}, in.n, &out), cut);
        CHECK(cut == in.n || !http_body_done(&b));
        CHECK_INT(feed(&b, str_from(in, cut), in.n, &out), in.n - cut);
        CHECK(http_body_done(&b));
        CHECK_STR(buf_str(&out), payload);
        CHECK_INT(b.seen, strlen(payload));
    }
    struct http_body b = chunked();
    buf_clear(&out);
    CHECK_INT(feed(&b, in, 1, &out), in.n);
    CHECK_STR(buf_str(&out), payload);
    buf_fini(&out);
}

static void refuse(const char *z)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t step = 1; step < 2000; step += 1998) {
        struct http_body b = chunked();
        int64_t result = feed(&b, str_of(z), step, &out);
        if (result != -400)
            printf("#    accepted: %s\n", z);
        CHECK_INT(result, -400);
        CHECK(!http_body_done(&b));
    }
    buf_fini(&out);
}

static void a_length_is_counted_down_and_no_further(void)
{
    struct http_head head = {.length = 5};
    struct http_body b;
    struct buf out;
    buf_init(&out, 100);
    http_body_init(&b, &head);
    CHECK_INT(http_body_feed(&b, STR("abc"), &out), 3);
    CHECK(!http_body_done(&b));
    CHECK_INT(http_body_feed(&b, STR("deGET /"), &out), 2);
    CHECK(http_body_done(&b));
    CHECK_INT(http_body_feed(&b, STR("GET /"), &out), 0);
    CHECK_STR(buf_str(&out), "abcde");
    buf_fini(&out);
}

static void no_length_is_no_body(void)
{
    struct http_body b;
    struct http_head none = {.length = -1}, zero = {.length = 0};
    http_body_init(&b, &none);
    CHECK(http_body_done(&b));
    http_body_init(&b, &zero);
    CHECK(http_body_done(&b));
}

static void chunks_may_be_cut_at_every_byte(void)
{
    accept("0\r\n\r\n", "");
    accept("5\r\nhello\r\n0\r\n\r\n", "hello");
    accept("5\r\nhello\r\n00a\r\n, world...\r\n000\r\n\r\n", "hello, world...");
    accept("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
           "01234567890123456789");
    accept("2\r\n\r\n\r\n0\r\n\r\n", "\r\n");
    accept("0000000000000001\r\nx\r\n0\r\n\r\n", "x");
}

static void extensions_and_trailers_are_read_over(void)
{
    accept("1;a\r\nx\r\n0;b=c\r\n\r\n", "x");
    accept("1 ; a = \"q\\\"; \xc3\xa9\" ;b=1\r\nx\r\n0\r\n\r\n", "x");
    accept("1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Other:\r\n\r\n", "x");
}

static void the_next_request_is_left_alone(void)
{
    struct http_body b = chunked();
    struct buf out;
    buf_init(&out, 100);
    CHECK_INT(http_body_feed(&b, STR("1\r\nx\r\n0\r\n\r\nGET"), &out), 11);
    CHECK(http_body_done(&b));
    buf_fini(&out);
}

static void a_size_is_hex_digits_alone(void)
{
    refuse("-1\r\n");
    refuse("+1\r\nx\r\n");
    refuse("0x7\r\n");
    refuse(" 5\r\nhello\r\n");
    refuse("5 \r\nhello\r\n");
    refuse("g\r\n");
    refuse("\r\n");
    refuse(";a\r\n");
    refuse("8000000000000000\r\n");
    refuse("ffffffffffffffff\r\n");
    refuse("10000000000000005\r\n");
    refuse("00000000000000001\r\nx\r\n");
}

static void lines_end_in_cr_lf(void)
{
    refuse("5\nhello\r\n0\r\n\r\n");
    refuse("5\rhello");
    refuse("5;a\nhello\r\n");
    refuse("5\r\nhello\n0\r\n\r\n");
    refuse("5\r\nhelloXX0\r\n\r\n");
    refuse("5\r\nhello0\r\n\r\n");
    refuse("5\r\nhello\r\r\n");
    refuse("0\r\n\n");
    refuse("0\r\nX: a\n\r\n");
    refuse("0\r\n\rX");
}

static void extensions_are_of_valid_characters(void)
{
    refuse("1;\r\n");
    refuse("1;a b\r\n");
    refuse("1;a=\r\n");
    refuse("1;a=\"b\r\n");
    refuse("1;a=\"b\"c\r\n");
    refuse("1;a=\x01\r\n");
    refuse("1;a=\"\x01\"\r\n");
    refuse("1a;b{\r\n");
    refuse("1 a\r\n");
    refuse("1;a \r\n"); /* a blank stands before something, or not at all */
    refuse("1;a=b\t\r\n");
}

static void trailers_are_fields_that_frame_nothing(void)
{
    refuse("0\r\nX\r\n");
    refuse("0\r\nX : a\r\n");
    refuse("0\r\n a\r\n");
    refuse("0\r\nContent-Length: 1\r\n");
    refuse("0\r\ntransfer-encoding: chunked\r\n");
    refuse("0\r\nHOST: a\r\n");
    refuse("0\r\nX: \x7f\r\n");
}

/* Feed `each` until it is refused; how often it was not, at most `most`. */
static int repeat(const char *first, const char *each, int most)
{
    struct http_body b = chunked();
    struct buf out;
    int n = 0;
    buf_init(&out, 1 << 20);
    CHECK(http_body_feed(&b, str_of(first), &out) >= 0);
    while (n < most && http_body_feed(&b, str_of(each), &out) >= 0)
        n++;
    buf_fini(&out);
    return n;
}

static void framing_is_bounded(void)
{
    char many[400], line[2 * HTTP_MAX_LINE];
    memset(many, 0, sizeof many);
    memcpy(many, "1;", 2);
    memset(many + 2, 'a', 199);
    memcpy(many + 201, "\r\nx\r\n", 5);
    CHECK_INT(repeat("", many, 2000), 16 * 1024 / 200);
    CHECK_INT(repeat("", "1\r\nx\r\n", 20000), 20000);
    CHECK(repeat("0\r\n", "X-Trailer: some text\r\n", 2000) <= 4096 / 22);

    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    memcpy(line, "1;", 2);
    refuse(line);
    memcpy(line + 300, "\r\n", 3);
    refuse(line);
    memset(line, '0', sizeof line - 1);
    refuse(line);
}

static void a_body_past_its_limit_shows_in_the_buf(void)
{
    struct http_head head = {.length = 5};
    struct http_body b;
    struct buf out;
    buf_init(&out, 4);
    http_body_init(&b, &head);
    CHECK(http_body_feed(&b, STR("hello"), &out) >= 0);
    CHECK(!buf_ok(&out));
    buf_fini(&out);
}

TESTS(a_length_is_counted_down_and_no_further, no_length_is_no_body,
      chunks_may_be_cut_at_every_byte, extensions_and_trailers_are_read_over,
      the_next_request_is_left_alone, a_size_is_hex_digits_alone,
      lines_end_in_cr_lf, extensions_are_of_valid_characters,
      trailers_are_fields_that_frame_nothing, framing_is_bounded,
      a_body_past_its_limit_shows_in_the_buf)
