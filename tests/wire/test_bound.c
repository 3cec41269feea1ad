/*
** test_bound.c -- what a call can take at most, whatever a client writes.
*/
#include "unit.h"

#include "base/err.h"
#include "kernel/rank_rig.h"
#include "wire/bound_rig.h"
#include "wire/prompt/prompt.h"

/* --- the prompt ------------------------------------------------------------- */

static void every_byte_counts_and_the_template_too(void)
{
    const char *json = USER("\"moon\"") "}";
    int64_t n = (int64_t)strlen(json);
    CHECK(bound(json).input > n && bound(json).input < n + 1000);
    const char *longer = USER("\"moon\"") ",\"metadata\":{\"a\":\"bcdefg\"}}";
    CHECK_INT(bound(longer).input - bound(json).input,
              (int64_t)(strlen(longer) - strlen(json)));
}

static void tools_count_more_than_their_bytes(void)
{
    const char *json = USER("\"m\"") "}";
    const char *tools =
        USER("\"m\"") ",\"tools\":[{\"type\":\"function\",\"function\":{"
                      "\"name\":\"f\"}},{\"type\":\"custom\",\"custom\":{"
                      "\"name\":\"g\"}}]}";
    int64_t more = (int64_t)(strlen(tools) - strlen(json));
    CHECK(bound(tools).input - bound(json).input > 3 * more);
    CHECK(bound(USER("\"m\"") ",\"functions\":[{\"name\":\"f\"}]}").input >
          bound(json).input + 1000);
}

static void what_replaces_a_part_counts_in_its_place(void)
{
    const char *json = USER("\"a long question of the client's\"") "}";
    struct bound_ask ask = {.messages = STR("[]")};
    int64_t shorter = bound_with(ask, json).input;
    CHECK(shorter < bound(json).input);
    ask.system = STR("0123456789");
    CHECK(bound_with(ask, json).input >= shorter + 10);
    ask.messages = STR("[{\"role\":\"user\",\"content\":[{\"type\":\"file\","
                       "\"file\":{\"file_id\":\"f\"}}]}]");
    ask.body = body_of(json);
    struct bound b;
    CHECK_INT(bound_of(&ask, &b, &why), ERR_INPUT);
}

static void pictures_are_charged_and_their_data_is_not_text(void)
{
    const char *address = USER("[{\"type\":\"image_url\",\"image_url\":{"
                               "\"url\":\"https://a.b/c.png\"}}]") "}";
    const char *inlined =
        USER("[{\"type\":\"image_url\",\"image_url\":{"
             "\"url\":\"data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
             "}}]") "}";
    int64_t plain = bound(USER("\"\"") "}").input;
    CHECK(bound(address).input >= plain + 20000);
    struct bound_ask claude = {.model = STR("anthropic/claude-sonnet-4-5")};
    CHECK(bound_with(claude, address).input < plain + 11000);
    CHECK(bound(inlined).input < bound(address).input);
    struct bound_ask mini = {.model = STR("openai/gpt-4o-mini-2024-07-18")};
    CHECK(bound_with(mini, address).input >= plain + 50000);
    struct bound_most less = most(BOUND_IMAGE, 2000);
    struct bound_ask ask = {.most = &less};
    CHECK_INT(bound(address).input - bound_with(ask, address).input, 18000);
    struct bound_most none = most(BOUND_IMAGE, BOUND_REFUSE);
    CHECK(refused_with(&none, address));
    CHECK_INT(why.kind, BOUND_IMAGE);
}

static void what_bytes_do_not_bound_is_refused_unless_declared(void)
{
    refuses(USER("[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]") "}",
            BOUND_FILE, "file");
    refuses(USER("[{\"type\":\"input_audio\",\"input_audio\":{"
                 "\"data\":\"AAAA\",\"format\":\"mp3\"}}]") "}",
            BOUND_AUDIO, "input_audio");
    refuses(USER("[{\"type\":\"video_url\",\"video_url\":{"
                 "\"url\":\"https://a\"}}]") "}",
            BOUND_VIDEO, "video_url");
    refuses(USER("\"m\"") ",\"tools\":[{\"type\":\"web_search\"}]}", BOUND_TOOL,
            "web_search");
    refuses(USER("\"m\"") ",\"web_search_options\":{}}", BOUND_TOOL,
            "a search of the provider's");
    refuses(USER("\"m\"") ",\"plugins\":[{\"id\":\"web\"}]}", BOUND_TOOL,
            "a search of the provider's");
    refuses(USER("\"m\"") ",\"previous_response_id\":\"r\"}", BOUND_KEPT,
            "what the provider keeps");
    refuses("{\"messages\":[{\"role\":\"assistant\",\"audio\":{\"id\":\"a\"}"
            "}]}",
            BOUND_KEPT, "audio");
    refuses(USER("\"m\"") ",\"modalities\":[\"text\",\"audio\"]}", BOUND_AUDIO,
            "audio");
    struct bound_most files = most(BOUND_FILE, 5000);
    CHECK(!refused_with(&files, USER("[{\"type\":\"file\",\"file\":{"
                                     "\"file_id\":\"f\"}}]") "}"));
}

static void a_model_that_searches_unasked_is_a_tool(void)
{
    static const char *const names[] = {
        "gpt-4o-search-preview", "openai/gpt-5-search-api", "sonar-pro",
        "o3-deep-research",      "openai/gpt-4o:online",    "groq/compound"};
    struct bound b;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bound_most tool = most(BOUND_TOOL, 9000);
        struct bound_ask ask = {.body = body_of(USER("\"m\"") "}"),
                                .model = str_of(names[i])};
        CHECK(bound_of(&ask, &b, &why) != 0);
        CHECK_INT(why.kind, BOUND_TOOL);
        ask.most = &tool;
        CHECK_INT(bound_of(&ask, &b, &why), 0);
        CHECK(b.input > 9000);
    }
    bound_with((struct bound_ask){.model = STR("sonaria")}, USER("\"m\"") "}");
}

static void a_prediction_is_charged_as_output_of_every_answer(void)
{
    const char *json = USER("\"m\"") ",\"n\":2,\"prediction\":{\"type\":"
                                     "\"content\",\"content\":\"x\"}}";
    struct bound_most some = most(BOUND_PREDICTION, 300);
    struct bound_ask ask = {.most = &some, .max_out = 100};
    refuses(json, BOUND_PREDICTION, "prediction");
    CHECK_INT(bound_output(&(struct bound){0}), 0);
    struct bound b = bound_with(ask, json);
    CHECK_INT(bound_output(&b), 2 * 100 + 2 * 300);
}

/* A second name for n, a dearer model, a template that repeats the prompt. */
/* DashScope's limit of an answer leaves thoughts out, which have their own. */
static void a_budget_for_thoughts_comes_on_top_of_every_answer(void)
{
    struct bound b = bound(USER("\"m\"") ",\"thinking_budget\":900,"
                                         "\"n\":2,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 2 * (100 + 900));
    CHECK(b.thinks);
    b = bound(USER("\"m\"") ",\"thinking_budget\":-1,\"max_tokens\":100}");
    CHECK_INT(bound_output(&b), 100);
    b = bound(USER("\"m\"") ",\"thinking_budget\":9223372036854775807}");
    CHECK_INT(bound_output(&b), INT64_MAX);
}

static void a_member_nobody_knows_has_no_bound(void)
{
    static const char *const tricks[] = {
        "\"N\":8",
        "\"best_of\":8",
        "\"n_predict\":99999",
        "\"num_predict\":99999",
        "\"max_new_tokens\":99999",
        "\"max_to\xe2\x84\xaa"
        "ens\":99999",
        "\"MAX_TOKENS\":99999",
        "\"models\":[\"the/dearest\"]",
        "\"provider\":{\"order\":[\"the dearest\"]}",
        "\"route\":\"fallback\"",
        "\"speed\":\"fast\"",
        "\"chat_template\":\"{% for i in range(99999) %}x{% endfor %}\"",
        "\"echo\":true",
        "\"options\":{\"num_predict\":99999}",
        "\"service_tier\":\"priority\"",
        "\"modalities\":[\"image\"]",
    };
    struct bound_most lax = most(BOUND_OTHER, 0);
    char json[512];
    for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++) {
        snprintf(json, sizeof json, "%s,%s}", USER("\"m\""), tricks[i]);
        CHECK(refused_with(NULL, json));
        CHECK_INT(why.kind, BOUND_OTHER);
        CHECK(!refused_with(&lax, json));
    }
    CHECK(!refused_with(NULL, USER("\"m\"") ",\"best_of\":null}"));
}

static void a_part_or_message_with_more_in_it_than_its_type_says_neither(void)
{
    refuses(USER("[{\"type\":\"text\",\"text\":\"a\",\"image_url\":"
                 "\"https://a\"}]") "}",
            BOUND_OTHER, "image_url");
    refuses(USER("[{\"image_url\":{\"url\":\"https://a\"}}]") "}", BOUND_OTHER,
            "a part without a type");
    refuses(USER("[{\"type\":\"hologram\"}]") "}", BOUND_OTHER, "hologram");
    refuses("{\"messages\":[{\"role\":\"user\",\"file_ids\":[\"f\"]}]}",
            BOUND_OTHER, "file_ids");
    refuses(USER("[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{"
                 "\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]") "}",
            BOUND_OTHER, "cache_control.ttl");
    CHECK(!refused_with(NULL, USER("[{\"type\":\"text\",\"text\":\"a\","
                                   "\"cache_control\":{\"type\":\"ephemeral\""
                                   "}},\"b\",17]") "}"));
}

static void what_clients_send_every_day_has_a_bound(void)
{
    CHECK(!refused_with(
        NULL,
        USER("\"m\"") ",\"model\":\"gpt-4o\",\"stream\":true,"
                      "\"stream_options\":{\"include_usage\":true},\"seed\":1,"
                      "\"temperature\":0.5,\"top_p\":1,\"stop\":[\"x\"],"
                      "\"response_format\":{\"type\":\"json_object\"},"
                      "\"tool_choice\":\"auto\",\"user\":\"u\","
                      "\"logit_bias\":{},\"reasoning_effort\":\"low\","
                      "\"store\":false,\"service_tier\":\"auto\","
                      "\"modalities\":[\"text\"],\"prompt_cache_key\":\"k\"}"));
    CHECK(!refused_with(
        NULL,
        "{\"messages\":[{\"role\":\"assistant\",\"content\":null,"
        "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":"
        "{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
        "\"tool_call_id\":\"c\",\"content\":\"4\"}]}"));
}

/* Tokens of a body as OpenAI documents them, with a byte for each token. */
static int64_t most_tokens(str json)
{
    struct buf file;
    struct encoding e = {.split = SPLIT_CL100K};
    struct tokens t = {.encoding = &e};
    buf_init(&file, 1 << 16);
    rig_bytes(&file);
    CHECK_INT(ranks_read(&e.ranks, buf_str(&file)), 0);
    prompt_count(json_of(json), &t);
    ranks_fini(&e.ranks);
    buf_fini(&file);
    CHECK_INT(t.error, 0);
    return t.n;
}

/* `piece` a thousand times between `from` and `to`. */
static void is_above_any_count(const char *from, const char *piece,
                               const char *to)
{
    struct buf json;
    buf_init(&json, 1 << 20);
    buf_text(&json, from);
    for (int i = 0; i < 1000; i++)
        buf_print(&json, "%s%s", i > 0 ? "," : "", piece);
    buf_text(&json, to);
    struct bound b;
    struct bound_ask ask = {.body = json_of(buf_str(&json)), .model = STR("m")};
    CHECK_INT(bound_of(&ask, &b, &why), 0);
    CHECK(b.input >= most_tokens(buf_str(&json)));
    buf_fini(&json);
}

static void the_bound_is_above_any_count(void)
{
    is_above_any_count("{\"messages\":[", "{}", "]}");
    is_above_any_count("{\"messages\":[", "{\"name\":\"\"}", "]}");
    is_above_any_count("{\"messages\":[",
                       "{\"role\":\"user\",\"content\":\"moon\"}", "]}");
    is_above_any_count(
        "{\"messages\":[],\"tools\":[",
        "{\"type\":\"function\",\"function\":{\"parameters\":{"
        "\"properties\":{\"a\":{\"enum\":[1,\"\",\"\"]},\"b\":{}}}}}",
        "]}");
    is_above_any_count("{\"messages\":[{\"content\":[", "7", "]}]}");
    is_above_any_count("{\"prompt\":[", "\"a\"", "]}");
}

/* --- counted ---------------------------------------------------------------- */

/* How much counting takes off, each byte being a token or two of them. */
static int64_t taken_off(struct bound_ask ask, const char *json, bool pairs)
{
    struct buf file;
    struct encoding e = {.split = SPLIT_O200K};
    struct tokens t = {.encoding = &e};
    buf_init(&file, 1 << 16);
    rig_bytes(&file);
    if (pairs)
        rig_line(&file, STR("aa"), 256);
    CHECK_INT(ranks_read(&e.ranks, buf_str(&file)), 0);
    struct bound b = bound_with(ask, json);
    ask.body = body_of(json);
    int64_t counted = bound_counted(&ask, &b, &t);
    ranks_fini(&e.ranks);
    buf_fini(&file);
    return b.input - counted;
}

#define TEN  "aaaaaaaaaa"
#define MANY TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void counting_makes_it_tighter_and_keeps_a_margin(void)
{
    struct bound_ask ask = {0};
    int64_t off = taken_off(ask, USER("\"" MANY "\"") "}", true);
    CHECK(off > 50 && off < 100);
    CHECK(taken_off(ask, USER("\"" MANY "\"") "}", false) < 30);
    ask.system = STR(MANY);
    CHECK(taken_off(ask, USER("\"" MANY "\"") "}", true) > off + 30);
}

static void what_cannot_be_counted_stays_bytes(void)
{
    struct bound_ask ask = {0};
    CHECK_INT(taken_off(ask,
                        USER("[{\"type\":\"image_url\",\"image_url\":{"
                             "\"url\":\"https://" MANY "\"}}]") "}",
                        true),
              0);
    struct bound b = bound(USER("\"" MANY "\"") "}");
    struct tokens t = {0};
    ask.body = body_of(USER("\"" MANY "\"") "}");
    CHECK_INT(bound_counted(&ask, &b, &t), b.input);
}

/* --- words ------------------------------------------------------------------ */

static void a_refusal_says_what_and_what_to_do(void)
{
    struct buf text;
    buf_init(&text, 1024);
    refuses(USER("\"m\"") ",\"best\\u0001of\":8}", BOUND_OTHER,
            "best\\u0001of");
    bound_put_why(&why, &text);
    CHECK_STR(buf_str(&text),
              "it holds something whose cost is not known here "
              "('best\\u0001of'), and nothing says how many tokens that may "
              "take; leave it out, or let the policy declare most = { other = "
              "TOKENS } for the model");
    buf_clear(&text);
    refuses(USER("\"m\"") ",\"n\":-1}", BOUND_KINDS, "n");
    bound_put_why(&why, &text);
    CHECK_STR(buf_str(&text), "'n' must be a whole number, 1 or more");
    buf_fini(&text);
}

static void thoughts_that_may_not_be_shown_are_known(void)
{
    CHECK(bound_with((struct bound_ask){.model = STR("o3")}, "{}").thinks);
    CHECK(!bound("{\"reasoning_effort\":\"none\",\"thinking\":null}").thinks);
    CHECK(bound("{\"reasoning_effort\":\"low\"}").thinks);
    CHECK(bound("{\"thinking\":{\"type\":\"enabled\"}}").thinks);
    CHECK(bound_hides(STR("o3")));
    CHECK(bound_hides(STR("openai/o4-mini")));
    CHECK(bound_hides(STR("gpt-5.1")));
    CHECK(bound_hides(STR("google/gemini-2.5-pro")));
    CHECK(bound_hides(STR("gemini-flash-latest")));
    CHECK(!bound_hides(STR("gpt-4o")));
    CHECK(!bound_hides(STR("o3x")));
    CHECK(!bound_hides(STR("")));
}

/* The same body for another model. */
static int64_t input_of(struct bound_seen *seen, const char *json,
                        const char *model)
{
    struct bound b;
    struct bound_ask ask = {
        .body = body_of(json), .model = str_of(model), .seen = seen};
    CHECK_INT(bound_of(&ask, &b, &why), 0);
    return b.input * 100 + b.answers * 10 + b.thinks;
}

static void a_body_that_was_seen_has_the_same_bound_for_each_model(void)
{
    const char *plain =
        "{\"n\":2,\"max_tokens\":7,\"thinking\":{},"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}";
    const char *picture =
        USER("[{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}]") "}";
    static const char *const models[] = {"gpt-4o-mini", "claude-3", "gpt-4o"};
    struct bound_seen one = {0}, other = {0};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(input_of(&one, plain, models[i]),
                  input_of(NULL, plain, models[i]));
        CHECK_INT(input_of(&other, picture, models[i]),
                  input_of(NULL, picture, models[i]));
    }
    CHECK(one.known && !other.known);
}

TESTS(a_body_that_was_seen_has_the_same_bound_for_each_model,
      every_byte_counts_and_the_template_too, tools_count_more_than_their_bytes,
      what_replaces_a_part_counts_in_its_place,
      pictures_are_charged_and_their_data_is_not_text,
      what_bytes_do_not_bound_is_refused_unless_declared,
      a_model_that_searches_unasked_is_a_tool,
      a_prediction_is_charged_as_output_of_every_answer,
      a_budget_for_thoughts_comes_on_top_of_every_answer,
      a_member_nobody_knows_has_no_bound,
      a_part_or_message_with_more_in_it_than_its_type_says_neither,
      what_clients_send_every_day_has_a_bound, the_bound_is_above_any_count,
      counting_makes_it_tighter_and_keeps_a_margin,
      what_cannot_be_counted_stays_bytes, a_refusal_says_what_and_what_to_do,
      thoughts_that_may_not_be_shown_are_known)
