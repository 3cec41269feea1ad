/*
** test_openai_write.c -- errors and replies made here look like a provider's.
*/
#include "unit.h"
#include "wire/dialect.h"
#include "wire/json.h"

static const struct dialect *const D = &dialect_openai;

static const struct written W = {
    .id = {"chatcmpl-1", 10},
    .model = {"m", 1},
    .text = {"We are \"busy\".\n", 15},
    .created = 1700000000,
};

static void an_error_has_all_four_fields(void)
{
    struct buf out;
    struct error_shape e = {.message = STR("no\nline"), .type = STR("t")};
    buf_init(&out, 1024);
    D->put_error(&out, &e);
    CHECK_STR(buf_str(&out), "{\"error\":{\"message\":\"no\\nline\","
                             "\"type\":\"t\",\"param\":null,\"code\":null}}");
    buf_clear(&out);
    e.code = STR("c");
    e.param = STR("p");
    D->put_error_event(&out, &e);
    CHECK_STR(buf_str(&out),
              "data: {\"error\":{\"message\":\"no\\nline\",\"type\":\"t\","
              "\"param\":\"p\",\"code\":\"c\"}}\n\n");
    buf_fini(&out);
}

static void a_whole_reply_is_a_chat_completion(void)
{
    struct json_error error;
    struct tap tap = {0};
    struct buf out, text;
    int choice;
    buf_init(&out, 4096);
    buf_init(&text, 4096);
    D->put_reply(&out, &W);
    CHECK(json_check(buf_str(&out), &error));
    CHECK_INT(D->whole(&tap, buf_str(&out)), EVENT_RELAY);
    CHECK_STR(str_of(tap.finish), "stop");
    CHECK(tap.usage.known && tap.usage.prompt == 0);
    CHECK(D->content(buf_str(&out), 0, &choice, &text));
    CHECK(str_eq(buf_str(&text), W.text));
    struct json v = json_of(buf_str(&out));
    CHECK_STR(json_get(v, STR("id")).text, "\"chatcmpl-1\"");
    CHECK_STR(json_get(v, STR("object")).text, "\"chat.completion\"");
    CHECK_STR(json_get(v, STR("created")).text, "1700000000");
    CHECK_STR(json_get(v, STR("model")).text, "\"m\"");
    buf_fini(&out);
    buf_fini(&text);
}

/* Write `w` as a stream and read it back: how many events, and the text. */
static int stream(const struct written *w, struct tap *tap, struct buf *text)
{
    struct json_error error;
    struct sse_event event;
    struct buf out;
    int choice, n = 0;
    buf_init(&out, 8192);
    D->put_reply(&out, w);
    CHECK(buf_ok(&out));
    CHECK_INT(sse_complete(buf_str(&out)), out.n);
    for (str rest = buf_str(&out); sse_next(&rest, &event); n++) {
        CHECK_INT(D->event(tap, &event, w->as.usage), EVENT_RELAY);
        if (tap->terminal)
            continue;
        CHECK(json_check(event.data, &error));
        D->content(event.data, 0, &choice, text);
    }
    buf_fini(&out);
    return n;
}

static void a_stream_is_role_text_finish_and_done(void)
{
    struct written w = W;
    struct tap tap = {0};
    struct buf text;
    buf_init(&text, 4096);
    w.as.stream = true;
    CHECK_INT(stream(&w, &tap, &text), 4);
    CHECK(str_eq(buf_str(&text), W.text));
    CHECK(tap.terminal && !tap.usage.known);
    CHECK_STR(str_of(tap.finish), "stop");

    tap = (struct tap){0};
    w.as.usage = true;
    CHECK_INT(stream(&w, &tap, &text), 5);
    CHECK(tap.usage.known);

    w.text = STR("");
    CHECK_INT(stream(&w, &tap, &text), 4);
    buf_fini(&text);
}

static void cuts(const char *data, str text, const char *want)
{
    struct buf out;
    buf_init(&out, 8192);
    D->put_cut(&out, str_of(data), 1, text);
    CHECK_STR(buf_str(&out), want);
    buf_fini(&out);
}

#define CUT "\"logprobs\":null,\"finish_reason\":\"content_filter\"}]"

static void a_stream_that_we_cut_ends_as_its_events_look(void)
{
    cuts("{\"id\":\"a\", \"choices\":[{\"index\":1,\"delta\":{}}],\"x\":1}",
         STR("b\n"),
         "data: {\"id\":\"a\", \"choices\":[{\"index\":1,\"delta\":"
         "{\"content\":\"b\\n\"}," CUT ",\"x\":1}\n\ndata: [DONE]\n\n");
    cuts("{\"usage\":{\"prompt_tokens\":1},\"choices\":[]}", STR(""),
         "data: {\"usage\":null,\"choices\":[{\"index\":1,\"delta\":{}," CUT
         "}\n\ndata: [DONE]\n\n");
    cuts("[DONE]", STR("b"),
         "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}," CUT
         "}\n\ndata: [DONE]\n\n");
}

static void without_memory_a_reply_has_failed(void)
{
    for (int nth = 1; nth <= 3; nth++) {
        struct written w = W;
        struct buf out;
        buf_init(&out, 8192);
        w.as.stream = true;
        mem_fail_at(nth, 1);
        D->put_reply(&out, &w);
        mem_fail_at(0, 0);
        CHECK(!buf_ok(&out));
        buf_fini(&out);
    }
}

TESTS(an_error_has_all_four_fields, a_whole_reply_is_a_chat_completion,
      a_stream_is_role_text_finish_and_done,
      a_stream_that_we_cut_ends_as_its_events_look,
      without_memory_a_reply_has_failed)
