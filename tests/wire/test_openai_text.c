/*
** test_openai_text.c -- the answer's text, read and replaced.
*/
#include "unit.h"
#include "wire/dialect.h"

static const struct dialect *const D = &dialect_openai;

/* All pieces of `data`, as "0:text 1:text ". */
static void says(const char *data, const char *want)
{
    struct buf got, text;
    int choice;
    buf_init(&got, 1024);
    buf_init(&text, 1024);
    for (int nth = 0; D->content(str_of(data), nth, &choice, &text); nth++) {
        buf_print(&got, "%d:%.*s ", choice, STR_ARG(buf_str(&text)));
        buf_clear(&text);
    }
    CHECK_STR(buf_str(&got), want);
    buf_fini(&got);
    buf_fini(&text);
}

static void text_is_found_in_chunks_and_in_replies(void)
{
    says("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\n\"}}]}",
         "0:a\n ");
    says("{\"choices\":[{\"index\":2,\"delta\":{\"content\":\"a\"}},"
         "{\"index\":1,\"delta\":{\"content\":\"b\"}}]}",
         "2:a 1:b ");
    says("{\"choices\":[{\"message\":{\"content\":\"a\"}},"
         "{\"message\":{\"content\":\"b\"}}]}",
         "0:a 1:b ");
    says("{\"choices\":[{\"delta\":{\"content\":\"\"}},"
         "{\"delta\":{\"content\":null}},{\"delta\":{}},{},3,"
         "{\"delta\":{\"content\":\"z\"}}]}",
         "5:z ");
    says("{\"choices\":[]}", "");
    says("{}", "");
    says("[]", "");
}

static void becomes(const char *data, int choice, const char *text,
                    const char *want)
{
    struct buf out;
    buf_init(&out, 1024);
    D->recontent(str_of(data), choice, str_of(text), &out);
    CHECK_STR(buf_str(&out), want);
    buf_fini(&out);
}

static void text_is_replaced_and_nothing_else(void)
{
    becomes("{\"id\":1, \"choices\":[{\"index\":0,\"delta\":{\"content\" : "
            "\"a\"},\"content\":\"x\"}]}",
            0, "b\"",
            "{\"id\":1, \"choices\":[{\"index\":0,\"delta\":{\"content\" : "
            "\"b\\\"\"},\"content\":\"x\"}]}");
    becomes("{\"choices\":[{\"index\":1,\"message\":{\"content\":\"a\"}},"
            "{\"index\":0,\"message\":{\"content\":\"b\"}}]}",
            0, "",
            "{\"choices\":[{\"index\":1,\"message\":{\"content\":\"a\"}},"
            "{\"index\":0,\"message\":{\"content\":\"\"}}]}");
}

static void a_silent_choice_is_given_text(void)
{
    becomes("{\"choices\":[{\"delta\":{}}]}", 0, "a",
            "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}");
    becomes("{\"choices\":[{\"delta\":{\"role\":\"x\"}}]}", 0, "a",
            "{\"choices\":[{\"delta\":{\"content\":\"a\",\"role\":\"x\"}}]}");
    becomes("{\"choices\":[{\"delta\":{\"content\":null}}]}", 0, "a",
            "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}");
}

static void without_text_or_without_the_choice_nothing_changes(void)
{
    static const char *const same[] = {
        "{\"choices\":[{\"delta\":{\"content\":null}}]}",
        "{\"choices\":[{\"delta\":{}}]}",
        "{\"choices\":[{}]}",
        "{\"choices\":[]}",
        "[DONE]",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        becomes(same[i], 0, "", same[i]);
    becomes("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", 1, "b",
            "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}");
}

static void without_memory_the_buf_has_failed(void)
{
    struct buf out;
    buf_init(&out, 1024);
    buf_text(&out, "before");
    mem_fail_at(1, 1);
    D->recontent(STR("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"), 0,
                 STR("b"), &out);
    mem_fail_at(0, 0);
    CHECK(!buf_ok(&out));
    buf_fini(&out);
}

TESTS(text_is_found_in_chunks_and_in_replies, text_is_replaced_and_nothing_else,
      a_silent_choice_is_given_text,
      without_text_or_without_the_choice_nothing_changes,
      without_memory_the_buf_has_failed)
