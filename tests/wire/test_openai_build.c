/*
** test_openai_build.c -- the upstream gets the client's bytes and few edits.
*/
#include "base/err.h"
#include "unit.h"
#include "wire/dialect.h"
#include "wire/json.h"

static const struct build M = {.model = {"m", 1}};

/* The body built as `how` says is `want`, and good JSON. */
static void builds(struct build how, const char *body, const char *want)
{
    struct json_error error;
    struct buf out;
    buf_init(&out, 1 << 16);
    how.body = str_of(body);
    CHECK(json_check(how.body, &error));
    CHECK_INT(dialect_openai.build(&how, &out), 0);
    CHECK_STR(buf_str(&out), want);
    CHECK(json_check(buf_str(&out), &error));
    buf_fini(&out);
}

static void the_model_is_replaced_in_place(void)
{
    builds(M, "{\"model\":\"gpt\"}", "{\"model\":\"m\"}");
    builds(M, " { \"a\" : 1 , \"model\" : \"gpt\" } ",
           " { \"a\" : 1 , \"model\" : \"m\" } ");
    builds(M, "{\"mod\\u0065l\":\"x\\\"y\",\"b\":1.0}",
           "{\"mod\\u0065l\":\"m\",\"b\":1.0}");
    builds(M, "{\"model\":null}", "{\"model\":\"m\"}");
    builds(M, "{\"model\":{\"a\":[1]},\"b\":2}", "{\"model\":\"m\",\"b\":2}");
    struct build how = {.model = STR("a/\"b\"\n")};
    builds(how, "{\"model\":1}", "{\"model\":\"a/\\\"b\\\"\\n\"}");
}

static void an_absent_model_comes_first(void)
{
    builds(M, "{}", "{\"model\":\"m\"}");
    builds(M, "{ }", "{\"model\":\"m\" }");
    builds(M, "{ \"a\":1}", "{\"model\":\"m\", \"a\":1}");
    builds(M, "{\"perilune\":1}", "{\"model\":\"m\"}");
}

static void other_models_are_left_alone(void)
{
    builds(M,
           "{\"a\":{\"model\":\"n\"},\"b\":\"\\\"model\\\":\\\"s\\\"\","
           "\"c\":[{\"model\":1}],\"model\":\"x\",\"Model\":\"y\"}",
           "{\"a\":{\"model\":\"n\"},\"b\":\"\\\"model\\\":\\\"s\\\"\","
           "\"c\":[{\"model\":1}],\"model\":\"m\",\"Model\":\"y\"}");
}

static void numbers_and_empty_things_keep_their_bytes(void)
{
    builds(
        M,
        "{\"model\":\"x\",\"seed\":12345678901234567,\"t\":0.30000000000000004,"
        "\"s\":[],\"o\":{},\"e\":1E2,\"u\":\"\\/\\u00e9\"}",
        "{\"model\":\"m\",\"seed\":12345678901234567,\"t\":0.30000000000000004,"
        "\"s\":[],\"o\":{},\"e\":1E2,\"u\":\"\\/\\u00e9\"}");
}

static void our_own_fields_leave_with_their_comma(void)
{
    builds(M, "{\"perilune\":{\"a\":1},\"model\":1}", "{\"model\":\"m\"}");
    builds(M, "{\"model\":1,\"perilune\":1}", "{\"model\":\"m\"}");
    builds(M, "{\"model\":1 , \"api_key\":\"k\" , \"a\":1}",
           "{\"model\":\"m\" , \"a\":1}");
    builds(M, "{\"api_base\":1,\"base_url\":2,\"model\":3,\"a\":4}",
           "{\"model\":\"m\",\"a\":4}");
    builds(M, "{\"model\":3,\"extra_headers\":{},\"extra_body\":[]}",
           "{\"model\":\"m\"}");
    builds(M, "{\"api_\\u006bey\":1,\"a\":{\"api_key\":2}}",
           "{\"model\":\"m\",\"a\":{\"api_key\":2}}");
    builds(M, "{ \"api_key\":1 , \"api_base\":2 }", "{\"model\":\"m\"  }");
}

/* Every subset of our fields between and around two that stay. */
static void any_mixture_of_fields_leaves_good_json(void)
{
    static const char *const ours[] = {"perilune", "api_key", "api_base",
                                       "base_url", "extra_body"};
    struct build how = M;
    how.max_tokens = 5;
    for (unsigned order = 0; order < 3125; order++) { /* 5 ^ 5 */
        char body[256] = "{";
        size_t n = 1;
        unsigned left = order, ours_at = 0;
        for (int i = 0; i < 5; i++, left /= 5) {
            bool stays = left % 5 < 2;
            n += (size_t)snprintf(body + n, sizeof body - n, "%s\"%s%d\":[1]",
                                  i > 0 ? "," : "",
                                  stays ? "k" : ours[ours_at++], i);
        }
        snprintf(body + n, sizeof body - n, "}");
        struct json_error error;
        struct buf out;
        buf_init(&out, 1024);
        how.body = str_of(body);
        CHECK_INT(dialect_openai.build(&how, &out), 0);
        CHECK(json_check(buf_str(&out), &error));
        buf_fini(&out);
    }
}

static void usage_is_asked_of_streams(void)
{
    struct build how = M;
    how.ask_usage = true;
    builds(how, "{\"model\":1,\"stream\":true}",
           "{\"model\":\"m\",\"stream\":true,"
           "\"stream_options\":{\"include_usage\":true}}");
    builds(how, "{\"stream\":true,\"perilune\":1}",
           "{\"model\":\"m\",\"stream\":true,"
           "\"stream_options\":{\"include_usage\":true}}");
    builds(how, "{\"model\":1,\"stream\":true,\"stream_options\":{}}",
           "{\"model\":\"m\",\"stream\":true,"
           "\"stream_options\":{\"include_usage\":true}}");
    builds(
        how, "{\"model\":1,\"stream_options\":{ \"a\":1},\"stream\":true}",
        "{\"model\":\"m\",\"stream_options\":{\"include_usage\":true, \"a\":1},"
        "\"stream\":true}");
    builds(how,
           "{\"model\":1,\"stream\":true,\"stream_options\":"
           "{\"a\":1,\"include_usage\":false}}",
           "{\"model\":\"m\",\"stream\":true,\"stream_options\":"
           "{\"a\":1,\"include_usage\":true}}");
    builds(how, "{\"model\":1,\"stream\":true,\"stream_options\":null}",
           "{\"model\":\"m\",\"stream\":true,"
           "\"stream_options\":{\"include_usage\":true}}");
    builds(how,
           "{\"model\":1,\"stream\":true,\"stream_options\":"
           "{\"include_usage\" : true}}",
           "{\"model\":\"m\",\"stream\":true,\"stream_options\":"
           "{\"include_usage\" : true}}");
    builds(how, "{\"model\":1,\"stream\":false}",
           "{\"model\":\"m\",\"stream\":false}");
    builds(M, "{\"model\":1,\"stream\":true}",
           "{\"model\":\"m\",\"stream\":true}");
}

static void a_limit_goes_where_the_client_put_it(void)
{
    struct build how = M;
    how.max_tokens = 50;
    builds(how, "{\"model\":1,\"max_tokens\":9000,\"a\":1}",
           "{\"model\":\"m\",\"max_tokens\":50,\"a\":1}");
    builds(how, "{\"model\":1,\"max_completion_tokens\":null}",
           "{\"model\":\"m\",\"max_completion_tokens\":50}");
    builds(how, "{\"model\":1,\"max_tokens\":1,\"max_completion_tokens\":2}",
           "{\"model\":\"m\",\"max_tokens\":50,\"max_completion_tokens\":50}");
    builds(how, "{\"model\":1 }", "{\"model\":\"m\",\"max_tokens\":50 }");
    builds(how, "{}", "{\"model\":\"m\",\"max_tokens\":50}");
}

static void instructions_replace_the_first_message_or_precede_it(void)
{
    struct build how = M;
    how.system = STR("be \"kind\"");
    builds(how,
           "{\"model\":1,\"messages\":[{\"role\":\"system\",\"content\":[1]},"
           "{\"role\":\"user\",\"content\":\"a\"}]}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"system\","
           "\"content\":\"be \\\"kind\\\"\"},"
           "{\"role\":\"user\",\"content\":\"a\"}]}");
    builds(how,
           "{\"model\":1,\"messages\":[{\"content\":\"\",\"role\":"
           "\"developer\"}]}",
           "{\"model\":\"m\",\"messages\":[{\"content\":\"be \\\"kind\\\"\","
           "\"role\":\"developer\"}]}");
    builds(how, "{\"model\":1,\"messages\":[{\"role\":\"system\"}]}",
           "{\"model\":\"m\",\"messages\":[{\"content\":\"be \\\"kind\\\"\","
           "\"role\":\"system\"}]}");
    builds(how, "{\"model\":1,\"messages\":[ {\"role\":\"user\"}]}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
           "\"be \\\"kind\\\"\"}, {\"role\":\"user\"}]}");
    builds(how, "{\"messages\":[]}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
           "\"be \\\"kind\\\"\"}]}");
    struct buf out;
    buf_init(&out, 100);
    how.body = STR("{\"messages\":\"hi\"}");
    CHECK_INT(dialect_openai.build(&how, &out), ERR_INPUT);
    how.body = STR("[1]");
    CHECK_INT(dialect_openai.build(&how, &out), ERR_INPUT);
    CHECK_INT(out.n, 0);
    buf_fini(&out);
}

static void other_messages_stand_in_the_place_of_the_clients(void)
{
    struct build how = {.model = STR("m"), .messages = STR("[{\"role\":1}]")};
    builds(how, "{\"model\":\"x\", \"messages\" : [1, 2] ,\"n\":1}",
           "{\"model\":\"m\", \"messages\" : [{\"role\":1}] ,\"n\":1}");
    how.system = STR("be");
    builds(how, "{\"model\":\"x\",\"messages\":[1]}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
           "\"be\"},{\"role\":1}]}");
    how.messages = STR("[{\"role\":\"system\",\"content\":\"old\"}]");
    builds(how, "{\"model\":\"x\",\"messages\":[{\"role\":\"system\"}]}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
           "\"be\"}]}");
}

static void what_does_not_fit_or_has_no_memory_is_an_error(void)
{
    struct build how = M;
    struct buf out;
    buf_init(&out, 10);
    how.body = STR("{\"model\":\"gpt\"}");
    CHECK_INT(dialect_openai.build(&how, &out), ERR_LIMIT);
    buf_fini(&out);
    for (int nth = 1; nth <= 2; nth++) {
        buf_init(&out, 1000);
        mem_fail_at(nth, 0);
        CHECK_INT(dialect_openai.build(&how, &out), ERR_LIMIT);
        mem_fail_at(0, 0);
        CHECK_INT(out.n, 0);
        buf_fini(&out);
    }
}

/* 8 MB of conversation; the model stands first, in the middle, at the end. */
static void a_large_body_keeps_every_other_byte(void)
{
    enum { N = 8 << 20 };
    for (int place = 0; place < 3; place++) {
        struct buf body, out;
        buf_init(&body, N + 1000);
        buf_init(&out, N + 1000);
        buf_text(&body, "{");
        size_t model = 0;
        for (int part = 0; part < 3; part++) {
            if (part == place) {
                buf_text(&body, "\"model\":");
                model = body.n;
                buf_text(&body, "\"old\",");
            }
            buf_print(&body, "\"part%d\":[{\"content\":\"", part);
            for (int i = 0; i < N / 3 / 16; i++)
                buf_text(&body, "\\\"model\\\":[{\\n}");
            buf_text(&body, "\"}],");
        }
        buf_text(&body, "\"end\":0}");
        CHECK(buf_ok(&body));

        struct build how = {.body = buf_str(&body), .model = STR("a-new-one")};
        CHECK_INT(dialect_openai.build(&how, &out), 0);
        size_t rest = body.n - model - strlen("\"old\"");
        CHECK_INT(out.n, body.n - strlen("old") + strlen("a-new-one"));
        CHECK(memcmp(out.p, body.p, model) == 0);
        CHECK(memcmp(out.p + model, "\"a-new-one\"", 11) == 0);
        CHECK(memcmp(out.p + out.n - rest, body.p + body.n - rest, rest) == 0);
        buf_fini(&body);
        buf_fini(&out);
    }
}

TESTS(the_model_is_replaced_in_place, an_absent_model_comes_first,
      other_models_are_left_alone, numbers_and_empty_things_keep_their_bytes,
      our_own_fields_leave_with_their_comma,
      any_mixture_of_fields_leaves_good_json, usage_is_asked_of_streams,
      a_limit_goes_where_the_client_put_it,
      instructions_replace_the_first_message_or_precede_it,
      other_messages_stand_in_the_place_of_the_clients,
      what_does_not_fit_or_has_no_memory_is_an_error,
      a_large_body_keeps_every_other_byte)
