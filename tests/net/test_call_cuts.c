/*
** test_call_cuts.c -- what a reader gets of a stream does not depend on where
** the upstream's bytes were cut.
*/
#include "call_rig.h"

/* Five events, with all that may stand between and in them. The client did not
** ask for usage, so that event is taken out; what waits behind the end is never
** passed on. '|' stands for a line's end. */
static const char pattern[] =
    ": hello||"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}||"
    "event: m|id: 7|retry: 5||"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\u00e9\"}}]}||"
    "data: "
    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xe6\x9c\x88\"}}]}"
    "||:ping||||"
    "data: {\"choices\":[{\"index\":0,|data: \"delta\":{\"content\":\"two\"},|"
    "data:\"finish_reason\":\"stop\"}]}||";
static const char usage[] =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
    "\"completion_tokens\":2}}||";
static const char done[] = "data: [DONE]||";

/* The pieces one after the other, with this end for every line. */
static void put(struct buf *b, const char *text, const char *end)
{
    for (; *text != '\0'; text++)
        if (*text == '|')
            buf_text(b, end);
        else
            buf_byte(b, *text);
}

/* Send both pieces and compare what is heard. */
static void hear(str first, str second, str want)
{
    struct ear ear;
    begin_stream();
    ear_attach(&ear);
    if (first.n > 0)
        upstream_says_bytes(first);
    if (second.n > 0 && call->state != CALL_ENDED)
        upstream_says_bytes(second);
    if (!str_eq(buf_str(&ear.heard), want)) {
        printf("#    cut at %zu: heard %zu bytes, not %zu\n", first.n,
               ear.heard.n, want.n);
        CHECK(!"the same");
    }
    CHECK_INT(ear.ends, 1);
    CHECK_INT(ear.fault.kind, FAULT_NONE);
    CHECK(call->tap.terminal && call->tap.usage.prompt == 9);
    CHECK_STR(str_of(call->tap.finish), "stop");
    ear_close(&ear);
    finish();
}

static void every_cut(const char *mark, const char *end)
{
    struct buf sent, want;
    buf_init(&sent, 4096);
    buf_init(&want, 4096);
    buf_text(&sent, mark);
    put(&sent, pattern, end);
    put(&want, pattern, end);
    put(&sent, usage, end);
    put(&sent, done, end);
    put(&want, done, end);
    str text = buf_str(&sent);
    for (size_t cut = 0; cut <= text.n; cut++)
        hear((str){text.p, cut}, str_from(text, cut), buf_str(&want));
    buf_fini(&sent);
    buf_fini(&want);
}

static void lines_that_end_in_lf(void)
{
    every_cut("", "\n");
}

static void lines_that_end_in_cr_lf(void)
{
    every_cut("", "\r\n");
}

static void lines_that_end_in_cr(void)
{
    every_cut("", "\r");
}

static void a_byte_order_mark_is_left_out(void)
{
    every_cut("\xef\xbb\xbf", "\n");
    every_cut("\xef\xbb\xbf", "\r\n");
    every_cut("\xef\xbb\xbf\xef\xbb\xbf", "\n");
}

static void a_mark_hides_no_error(void)
{
    begin_stream();
    upstream_says("\xef\xbb\xbf"
                  "data: {\"error\":{\"code\":\"insufficient_quota\"}}\n\n");
    CHECK_INT(call->state, CALL_ENDED);
    CHECK_FAULT(call, "quota_exhausted");
    finish();
}

/* The whole in as many pieces as there are bytes, of each kind of line. */
static void byte_by_byte(void)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < 3; i++) {
        struct buf sent;
        struct ear ear;
        buf_init(&sent, 4096);
        put(&sent, pattern, ends[i]);
        put(&sent, done, ends[i]);
        begin_stream();
        ear_attach(&ear);
        for (size_t at = 0; at < sent.n && call->state != CALL_ENDED; at++)
            upstream_says_bytes((str){sent.p + at, 1});
        CHECK(str_eq(buf_str(&ear.heard), buf_str(&sent)));
        ear_close(&ear);
        finish();
        buf_fini(&sent);
    }
}

TESTS(lines_that_end_in_lf, lines_that_end_in_cr_lf, lines_that_end_in_cr,
      a_byte_order_mark_is_left_out, a_mark_hides_no_error, byte_by_byte)
