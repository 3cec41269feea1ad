/*
** test_openai_read.c -- what is learnt from events, replies and errors.
*/
#include "unit.h"
#include "wire/dialect.h"

static const struct dialect *const D = &dialect_openai;

/* The verdict on one event of a stream. */
static int event(struct tap *tap, const char *z, bool usage_asked)
{
    str rest = str_of(z);
    struct sse_event e;
    CHECK(sse_next(&rest, &e));
    CHECK_INT(rest.n, 0);
    return D->event(tap, &e, usage_asked);
}

static int data(struct tap *tap, const char *json)
{
    char z[1024];
    snprintf(z, sizeof z, "data: %s\n\n", json);
    return event(tap, z, false);
}

static void a_first_token_is_something_the_client_can_use(void)
{
    static const char *const yes[] = {
        "{\"content\":\"a\"}",
        "{\"content\":null,\"refusal\":\"no\"}",
        "{\"reasoning_content\":\"h\"}",
        "{\"reasoning\":\"h\"}",
        "{\"tool_calls\":[{\"index\":0}]}",
        "{\"function_call\":{\"name\":\"f\"}}",
    };
    static const char *const no[] = {
        "{\"role\":\"assistant\",\"content\":\"\"}",
        "{}",
        "null",
        "{\"content\":null,\"tool_calls\":[],\"reasoning\":\"\"}",
    };
    char z[256];
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        struct tap tap = {0};
        snprintf(z, sizeof z, "{\"choices\":[{\"delta\":%s}]}", yes[i]);
        CHECK_INT(data(&tap, z), EVENT_RELAY);
        CHECK(tap.first && !tap.terminal && !tap.usage.known);
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct tap tap = {0};
        snprintf(z, sizeof z,
                 "{\"choices\":[{\"delta\":%s,\"finish_reason\":null}]}",
                 no[i]);
        CHECK_INT(data(&tap, z), EVENT_RELAY);
        CHECK(!tap.first);
    }
}

static void a_finish_is_kept_and_is_a_first_token_too(void)
{
    struct tap tap = {0};
    data(&tap, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}");
    CHECK(tap.first);
    data(&tap, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}");
    CHECK_STR(str_of(tap.finish), "length");
    tap = (struct tap){0};
    data(&tap, "{\"choices\":[{\"finish_reason\":"
               "\"a_reason_that_is_too_long_to_keep\"}]}");
    CHECK(tap.first);
    CHECK_STR(str_of(tap.finish), "");
}

static void done_is_the_end(void)
{
    struct tap tap = {0};
    CHECK_INT(data(&tap, "[DONE]"), EVENT_RELAY);
    CHECK(tap.terminal && !tap.first);
    tap.terminal = false;
    CHECK_INT(event(&tap, "data:[DONE] \n\n", false), EVENT_RELAY);
    CHECK(tap.terminal);
}

static void comments_and_pings_are_relayed_and_mean_nothing(void)
{
    struct tap tap = {0};
    CHECK_INT(event(&tap, ": OPENROUTER PROCESSING\n\n", false), EVENT_RELAY);
    CHECK_INT(event(&tap, "\n", false), EVENT_RELAY);
    CHECK_INT(event(&tap, "data:\n\n", false), EVENT_RELAY);
    CHECK_INT(event(&tap, "event: ping\ndata: {\"type\":\"ping\"}\n\n", false),
              EVENT_RELAY);
    CHECK(!tap.first && !tap.terminal && !tap.failed);
}

#define USAGE                                                   \
    "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20," \
    "\"prompt_tokens_details\":{\"cached_tokens\":4},"          \
    "\"completion_tokens_details\":{\"reasoning_tokens\":7}}"

/* What the usage of a whole reply says was stored in the provider's cache. */
static int64_t written_of(const char *usage)
{
    struct tap tap = {0};
    char z[512];
    snprintf(z, sizeof z, "{\"choices\":[{}],\"usage\":{%s}}", usage);
    CHECK_INT(D->whole(&tap, str_of(z)), EVENT_RELAY);
    CHECK(tap.usage.known);
    return tap.usage.write;
}

#define COUNTS "\"prompt_tokens\":100,\"completion_tokens\":1"

static void what_a_cache_stored_has_several_names(void)
{
    CHECK_INT(written_of(COUNTS), 0);
    CHECK_INT(written_of(COUNTS ",\"prompt_tokens_details\":"
                                "{\"cache_write_tokens\":40}"),
              40);
    CHECK_INT(written_of(COUNTS ",\"prompt_tokens_details\":"
                                "{\"cached_tokens\":80,"
                                "\"cache_creation_tokens\":40}"),
              20);
    CHECK_INT(written_of(COUNTS ",\"cache_creation_input_tokens\":40"), 40);
    CHECK_INT(written_of(COUNTS ",\"cache_creation_input_tokens\":-4"), 0);
}

static void usage_only_events_are_for_those_who_asked(void)
{
    struct tap tap = {0};
    const char *bare = "data: {\"choices\":[]," USAGE "}\n\n";
    CHECK_INT(event(&tap, bare, false), EVENT_DROP);
    CHECK(tap.usage.known);
    CHECK_INT(tap.usage.prompt, 10);
    CHECK_INT(tap.usage.completion, 20);
    CHECK_INT(tap.usage.cached, 4);
    CHECK_INT(tap.usage.reasoning, 7);
    CHECK_INT(event(&tap, bare, true), EVENT_RELAY);
    CHECK_INT(data(&tap, "{\"choices\":[],\"usage\":null}"), EVENT_RELAY);
    CHECK_INT(data(&tap, "{\"choices\":[],\"prompt_filter_results\":[]}"),
              EVENT_RELAY);
    CHECK_INT(data(&tap, "{\"choices\":[{\"delta\":{}}]," USAGE "}"),
              EVENT_RELAY);
    CHECK_INT(tap.usage.prompt, 10);
}

static struct usage usage(const char *json)
{
    struct tap tap = {0};
    char z[512];
    snprintf(z, sizeof z, "{\"choices\":[],\"usage\":%s}", json);
    data(&tap, z);
    return tap.usage;
}

static void providers_tell_of_caches_in_their_own_ways(void)
{
    struct tap tap = {0};
    CHECK_INT(
        usage("{\"prompt_tokens\":9,\"prompt_cache_hit_tokens\":5}").cached, 5);
    CHECK_INT(usage("{\"prompt_tokens\":12,\"completion_tokens\":2,"
                    "\"total_tokens\":331}")
                  .completion,
              319); /* Gemini and xAI: thoughts are in the total alone */
    data(&tap, "{\"choices\":[{}],\"x_groq\":{\"usage\":"
               "{\"prompt_tokens\":3,\"completion_tokens\":4}}}");
    CHECK_INT(tap.usage.prompt, 3);
    CHECK_INT(tap.usage.completion, 4);
}

static void odd_counts_are_not_believed(void)
{
    static const char *const odd[] = {
        "{\"prompt_tokens\":-1,\"completion_tokens\":5}",
        "{\"prompt_tokens\":5,\"completion_tokens\":-5}",
        "{\"prompt_tokens\":\"5\",\"completion_tokens\":5}",
        "{\"prompt_tokens\":1.5,\"completion_tokens\":5}",
        "{\"prompt_tokens\":9223372036854775808,\"completion_tokens\":5}",
        "{\"prompt_tokens\":9007199254740993,\"completion_tokens\":5}",
        "{\"prompt_tokens\":1e308,\"completion_tokens\":5}",
        "{\"prompt_tokens\":null,\"completion_tokens\":5}",
        "{\"completion_tokens\":5}",
        "{}",
        "[]",
        "7",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        CHECK(!usage(odd[i]).known);
    struct usage u = usage("{\"prompt_tokens\":5,\"completion_tokens\":6,"
                           "\"prompt_tokens_details\":{\"cached_tokens\":50},"
                           "\"completion_tokens_details\":"
                           "{\"reasoning_tokens\":-3}}");
    CHECK(u.known);
    CHECK_INT(u.cached, 5);
    CHECK_INT(u.reasoning, 0);
    u = usage("{\"prompt_tokens\":2147483648,\"prompt_tokens_details\":null}");
    CHECK(u.known);
    CHECK_INT(u.prompt, 2147483648);
}

#define COUNTED "{\"prompt_tokens\":5,\"completion_tokens\":6,"

static void who_says_what_it_charges_is_heard(void)
{
    struct usage u = usage(COUNTED "\"cost\":0.00014}");
    CHECK(u.priced);
    CHECK_INT(u.cost, 140000);
    u = usage(COUNTED "\"cost\":{\"total_cost\":0.006}}"); /* Perplexity */
    CHECK_INT(u.cost, 6000000);
    u = usage(COUNTED "\"cost\":0.001,\"is_byok\":true,\"cost_details\":{"
                      "\"upstream_inference_cost\":0.02}}");
    CHECK_INT(u.cost, 21000000);
    u = usage(COUNTED "\"cost\":0,\"is_byok\":false,\"cost_details\":{"
                      "\"upstream_inference_cost\":0.02}}");
    CHECK(u.priced);
    CHECK_INT(u.cost, 0);
}

static void a_cost_that_is_no_amount_is_not(void)
{
    static const char *const odd[] = {
        "\"cost\":null}",
        "\"cost\":\"0.1\"}",
        "\"cost\":-1}",
        "\"cost\":1e400}",
        "\"cost\":1000}",
        "\"cost\":{}}",
        "\"cost\":0,\"is_byok\":true}",
        "\"cost\":0,\"is_byok\":true,\"cost_details\":{}}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char z[256];
        snprintf(z, sizeof z, "%s%s", COUNTED, odd[i]);
        CHECK(usage(z).known && !usage(z).priced);
    }
}

static void errors_inside_a_stream_are_errors(void)
{
    struct tap tap = {0};
    CHECK_INT(data(&tap, "{\"error\":{\"message\":\"m\"}}"), EVENT_ERROR);
    CHECK(tap.failed);
    CHECK_INT(data(&tap, "{\"error\":\"overloaded\",\"choices\":[]}"),
              EVENT_ERROR);
    CHECK_INT(event(&tap, "event: error\ndata: what\n\n", false), EVENT_ERROR);
    tap.failed = false;
    CHECK_INT(data(&tap, "{\"error\":null,\"choices\":[]}"), EVENT_RELAY);
    CHECK_INT(data(&tap, "{\"error\":\"\",\"choices\":[]}"), EVENT_RELAY);
    CHECK_INT(data(&tap, "{\"error\":{},\"choices\":[]}"), EVENT_RELAY);
    CHECK(!tap.failed);
}

static void garbage_is_malformed(void)
{
    struct tap tap = {0};
    CHECK_INT(data(&tap, "<html>"), EVENT_MALFORMED);
    CHECK_INT(data(&tap, "{\"choices\":[{\"delta\":{\"content\":\"a"),
              EVENT_MALFORMED);
    CHECK_INT(data(&tap, "[1]"), EVENT_MALFORMED);
    CHECK_INT(data(&tap, "{\"a\":1,\"a\":2}"), EVENT_MALFORMED);
    CHECK(!tap.first && !tap.failed);
}

static void data_over_many_lines_is_one_text(void)
{
    struct tap tap = {0};
    const char *z = "data: {\"choices\":\r\ndata: [{\"delta\":\n"
                    "data: {\"content\":\"a\"}}]}\n\n";
    CHECK_INT(event(&tap, z, false), EVENT_RELAY);
    CHECK(tap.first);
    mem_fail_at(1, 0);
    CHECK_INT(event(&tap, z, false), EVENT_MALFORMED);
    mem_fail_at(0, 0);
}

static void a_whole_reply_says_all_at_once(void)
{
    struct tap tap = {0};
    CHECK_INT(
        D->whole(&tap, STR(" {\"choices\":[{\"message\":{\"content\":\"\"},"
                           "\"finish_reason\":\"stop\"}]," USAGE "}\n")),
        EVENT_RELAY);
    CHECK(tap.first && tap.terminal && tap.usage.known);
    CHECK_STR(str_of(tap.finish), "stop");
    CHECK_INT(D->whole(&tap, STR("{\"error\":{\"code\":1}}")), EVENT_ERROR);
    CHECK(tap.failed);
    CHECK_INT(D->whole(&tap, STR("<html></html>")), EVENT_MALFORMED);
    CHECK_INT(D->whole(&tap, STR("")), EVENT_MALFORMED);
    CHECK_INT(D->whole(&tap, STR("{\"ok\":true}")), EVENT_MALFORMED);
}

/* What is read out of an error: "message|type|code". */
static void reads_error(const char *body, const char *want)
{
    struct upstream_error e;
    struct buf scratch, got;
    buf_init(&scratch, 4096);
    buf_init(&got, 4096);
    CHECK(D->error_of(str_of(body), &e, &scratch) == (want[0] != '-'));
    buf_print(&got, "%.*s|%.*s|%.*s", STR_ARG(e.message), STR_ARG(e.type),
              STR_ARG(e.code));
    CHECK_STR(buf_str(&got), want[0] != '-' ? want : "||");
    buf_fini(&scratch);
    buf_fini(&got);
}

static void errors_are_read_in_the_shapes_they_come_in(void)
{
    reads_error("{\"error\":{\"message\":\"a\\\"b\",\"type\":\"t\\u0041\","
                "\"param\":null,\"code\":\"c\\n\"}}",
                "a\"b|tA|c\n");
    reads_error("{\"error\":{\"message\":\"m\",\"code\":null}}", "m||");
    reads_error("{\"error\":{\"message\":\"\\u0061 long message with one "
                "escape, longer than a first allocation\",\"code\":"
                "\"another "
                "one, \\u0062, that needs some room of its own and moves what "
                "is there\"}}",
                "a long message with one escape, longer than a first "
                "allocation||another one, b, that needs some room of its own "
                "and moves what is there");
    reads_error("{\"error\":\"text\"}", "text||");
    reads_error("{\"object\":\"error\",\"message\":\"m\",\"type\":\"t\","
                "\"code\":400}",
                "m|t|400");
    reads_error("{\"detail\":\"Not Found\"}", "Not Found||");
    reads_error("[{\"error\":{\"code\":429,\"message\":\"m\","
                "\"status\":\"RESOURCE_EXHAUSTED\"}}]",
                "m|RESOURCE_EXHAUSTED|429");
    reads_error("<html>", "-");
    reads_error("{\"choices\":[]}", "-");
    reads_error("\"text\"", "-");
    reads_error("", "-");
}

TESTS(a_first_token_is_something_the_client_can_use,
      a_finish_is_kept_and_is_a_first_token_too, done_is_the_end,
      comments_and_pings_are_relayed_and_mean_nothing,
      what_a_cache_stored_has_several_names,
      usage_only_events_are_for_those_who_asked,
      providers_tell_of_caches_in_their_own_ways, odd_counts_are_not_believed,
      who_says_what_it_charges_is_heard, a_cost_that_is_no_amount_is_not,
      errors_inside_a_stream_are_errors, garbage_is_malformed,
      data_over_many_lines_is_one_text, a_whole_reply_says_all_at_once,
      errors_are_read_in_the_shapes_they_come_in)
