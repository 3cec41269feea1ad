/*
** test_openai_end.c -- the end of a stream that was cut looks like its events.
*/
#include "unit.h"
#include "wire/dialect.h"
#include "wire/json.h"

static const struct dialect *const D = &dialect_openai;

static void frames(const char *data, const char *want)
{
    struct buf out;
    buf_init(&out, 8192);
    bool has = D->frame(str_of(data), &out);
    CHECK_INT(has, want != NULL);
    CHECK_STR(buf_str(&out), want != NULL ? want : "");
    buf_fini(&out);
}

static void a_frame_says_nothing(void)
{
    frames("{\"id\":\"a\", \"choices\":[{\"delta\":{\"content\":\"x\"}}],"
           "\"model\":\"m\"}",
           "{\"id\":\"a\", \"choices\":[],\"model\":\"m\"}");
    frames("{\"choices\":[1],\"usage\":{\"prompt_tokens\":1}}",
           "{\"choices\":[],\"usage\":null}");
    frames("{\"id\":\"a\"}", NULL);
    frames("", NULL);
}

static const struct usage USED = {
    .prompt = 9, .completion = 2, .cached = 4, .reasoning = 1, .known = true};

#define USED_JSON                                          \
    "{\"prompt_tokens\":9,\"completion_tokens\":2,"        \
    "\"total_tokens\":11,\"prompt_tokens_details\":"       \
    "{\"cached_tokens\":4},\"completion_tokens_details\":" \
    "{\"reasoning_tokens\":1}}"
#define LENGTH(i)    \
    "{\"index\":" #i \
    ",\"delta\":{},\"logprobs\":null,\"finish_reason\":\"length\"}"
#define DONE "data: [DONE]\n\n"

static void ends(const char *frame, uint64_t open, const struct usage *usage,
                 const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    D->put_end(&out, str_of(frame), open, usage);
    CHECK_STR(buf_str(&out), want);
    buf_fini(&out);
}

static void every_open_choice_finishes_with_length(void)
{
    ends("{\"id\":\"a\",\"choices\":[] }", 1, NULL,
         "data: {\"id\":\"a\",\"choices\":[" LENGTH(0) "] }\n\n" DONE);
    ends("{\"choices\":[]}", 6, NULL,
         "data: {\"choices\":[" LENGTH(1) "," LENGTH(2) "]}\n\n" DONE);
}

static void usage_has_an_event_of_its_own(void)
{
    ends("{\"choices\":[],\"usage\":null}", 1, &USED,
         "data: {\"choices\":[" LENGTH(
             0) "],\"usage\":null}\n\n"
                "data: {\"choices\":[],\"usage\":" USED_JSON "}\n\n" DONE);
    ends("{\"choices\":[] }", 0, &USED,
         "data: {\"choices\":[] ,\"usage\":" USED_JSON "}\n\n" DONE);
}

static void what_has_finished_needs_no_more_than_an_end(void)
{
    ends("{\"choices\":[]}", 0, NULL, DONE);
}

static void without_a_frame_it_is_a_plain_chunk(void)
{
    ends(NULL, 1, NULL,
         "data: {\"object\":\"chat.completion.chunk\",\"choices\":[" LENGTH(
             0) "]}\n\n" DONE);
}

/* sixty-four choices at once, and their events pass for a provider's */
static void a_crowd_of_choices_finds_room(void)
{
    struct buf out;
    struct tap tap = {0};
    struct sse_event event;
    buf_init(&out, 1 << 16);
    D->put_end(&out, STR_NONE, UINT64_MAX, &USED);
    CHECK(buf_ok(&out));
    for (str rest = buf_str(&out); sse_next(&rest, &event);)
        CHECK_INT(D->event(&tap, &event, true), EVENT_RELAY);
    CHECK(tap.terminal && tap.usage.known && tap.open == 0);
    CHECK_STR(str_of(tap.finish), "length");
    buf_fini(&out);
}

TESTS(a_frame_says_nothing, every_open_choice_finishes_with_length,
      usage_has_an_event_of_its_own,
      what_has_finished_needs_no_more_than_an_end,
      without_a_frame_it_is_a_plain_chunk, a_crowd_of_choices_finds_room)
