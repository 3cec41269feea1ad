/*
** sim_reply.c -- the words of a model that does not exist.
**
** The answer is cut into words, each with the white space before it; a word
** is a token. An answer longer than its text says the text again.
*/
#include "net/sim_reply.h"

#include "base/err.h"
#include "wire/json.h"

#define MOST_BYTES    ((size_t)64 << 20) /* of a text */
#define QUOTE_BYTES   60
#define BYTES_A_TOKEN 4

/* --- reading the request -------------------------------------------------- */

/* A well spread number from any two (splitmix64). */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a + (b + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word of `text` from *at on, with the white space before it, and
** behind it too if it is the last. Empty at the end. */
static str next_word(str text, size_t *at)
{
    size_t from = *at, to = from;
    while (to < text.n && is_space(text.p[to]))
        to++;
    while (to < text.n && !is_space(text.p[to]))
        to++;
    size_t rest = to;
    while (rest < text.n && is_space(text.p[rest]))
        rest++;
    *at = rest == text.n ? rest : to;
    return (str){text.p + from, *at - from};
}

static int count_words(str text)
{
    size_t at = 0;
    int n = 0;
    if (str_trim(text).n == 0)
        return 0;
    while (next_word(text, &at).n > 0)
        n++;
    return n;
}

/* The text of a message: a string, or its first part of type text. */
static str text_of(struct json content, struct buf *scratch)
{
    struct json_walk parts = json_walk(content);
    if (content.kind != JSON_ARRAY)
        return json_text(content, scratch);
    while (json_next(&parts)) {
        struct json text = json_get(parts.value, STR("text"));
        if (text.kind == JSON_STRING)
            return json_text(text, scratch);
    }
    return STR_NONE;
}

static str last_question(struct json request, struct buf *scratch)
{
    struct json messages = json_get(request, STR("messages"));
    struct json_walk each = json_walk(messages);
    struct json question = {.kind = JSON_NONE};
    if (messages.kind != JSON_ARRAY)
        return STR_NONE;
    while (json_next(&each)) {
        struct json role = json_get(each.value, STR("role"));
        if (role.kind == JSON_STRING && json_is(role.text, STR("user")))
            question = json_get(each.value, STR("content"));
    }
    return text_of(question, scratch);
}

/* The beginning of `s` on one line, not cut inside a character. */
static void quote(struct buf *out, str s)
{
    size_t n = s.n;
    if (n > QUOTE_BYTES) {
        n = QUOTE_BYTES;
        while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++)
        buf_byte(out, (unsigned char)s.p[i] < 0x20 ? ' ' : s.p[i]);
    if (n < s.n)
        buf_text(out, "...");
}

static void make_up(struct buf *out, struct json request, uint64_t chance)
{
    static const char *const closings[] = {
        "From up here it looks like a fine question.",
        "The moon has heard it and keeps its counsel.",
        "Ask again on the next orbit; it comes round soon.",
        "On the far side there was no one to ask.",
    };
    struct buf scratch;
    buf_init(&scratch, MOST_BYTES);
    str question = str_trim(last_question(request, &scratch));
    buf_text(out, "This is Perilune's simulated model speaking; "
                  "no real one was asked. ");
    if (question.n > 0) {
        buf_text(out, "You said: \"");
        quote(out, question);
        buf_text(out, "\". ");
    }
    buf_text(out, closings[chance % (sizeof closings / sizeof *closings)]);
    buf_fini(&scratch);
}

/* The lower of the two limits a client may give; -1 for none. */
static int64_t token_limit(struct json request)
{
    int64_t limit = -1, n;
    if (json_integer(json_get(request, STR("max_tokens")), &n) && n >= 0)
        limit = n;
    if (json_integer(json_get(request, STR("max_completion_tokens")), &n) &&
        n >= 0 && (limit < 0 || n < limit))
        limit = n;
    return limit;
}

static void measure(struct sim_reply *r, int tokens, int64_t limit)
{
    r->words = count_words(buf_str(&r->text));
    if (r->words > 0 && tokens > 0)
        r->words = tokens;
    r->cut = limit >= 0 && limit < r->words;
    if (r->cut)
        r->words = (int)limit;
}

int sim_reply_init(struct sim_reply *r, const struct sim_script *script,
                   str body, uint64_t number)
{
    struct json_error error;
    *r = (struct sim_reply){.id = mix(script->seed, number)};
    buf_init(&r->text, MOST_BYTES);
    struct json request = {.kind = JSON_NONE};
    if (json_check(body, &error))
        request = json_of(body);
    if (request.kind != JSON_OBJECT)
        return ERR_INPUT;
    struct json options = json_get(request, STR("stream_options"));
    struct json model = json_get(request, STR("model"));
    r->stream = json_get(request, STR("stream")).kind == JSON_TRUE;
    r->usage = json_get(options, STR("include_usage")).kind == JSON_TRUE;
    r->model = model.kind == JSON_STRING ? model.text : STR("\"simulated\"");
    r->prompt = (int64_t)(body.n / BYTES_A_TOKEN) + 1;
    if (script->text.p != NULL)
        buf_add(&r->text, script->text);
    else
        make_up(&r->text, request, mix(script->seed, str_hash(body)));
    measure(r, script->tokens, token_limit(request));
    return buf_ok(&r->text) ? 0 : ERR_MEMORY;
}

void sim_reply_fini(struct sim_reply *r)
{
    buf_fini(&r->text);
}

/* --- writing the reply ---------------------------------------------------- */

/* Append the answer's next word. */
static void put_word(struct sim_reply *r, struct buf *out)
{
    if (r->at == r->text.n) {
        r->at = 0;
        buf_byte(out, ' ');
    }
    buf_add(out, next_word(buf_str(&r->text), &r->at));
}

static void put_usage(const struct sim_reply *r, struct buf *out)
{
    buf_print(out,
              "{\"prompt_tokens\":%lld,\"completion_tokens\":%d,"
              "\"total_tokens\":%lld,"
              "\"prompt_tokens_details\":{\"cached_tokens\":0}}",
              (long long)r->prompt, r->words, (long long)r->prompt + r->words);
}

static void put_opening(const struct sim_reply *r, const char *object,
                        struct buf *out)
{
    buf_print(out,
              "{\"id\":\"chatcmpl-sim-%016llx\",\"object\":\"%s\","
              "\"created\":%lld,\"model\":",
              (unsigned long long)r->id, object, (long long)r->created);
    buf_add(out, r->model);
}

static const char *finish_of(const struct sim_reply *r)
{
    return r->cut ? "\"length\"" : "\"stop\"";
}

/* The delta of event k: who speaks, a word, or nothing more. */
static void put_delta(struct sim_reply *r, int k, struct buf *out)
{
    struct buf word;
    if (k == 0) {
        buf_text(out, "{\"role\":\"assistant\",\"content\":\"\"}");
        return;
    }
    if (k > r->words) {
        buf_text(out, "{}");
        return;
    }
    buf_init(&word, MOST_BYTES);
    put_word(r, &word);
    buf_text(out, "{\"content\":");
    json_put_string(out, buf_str(&word));
    buf_text(out, "}");
    if (!buf_ok(&word))
        out->failed = true;
    buf_fini(&word);
}

int sim_reply_spoken(const struct sim_reply *r)
{
    return 1 + r->words;
}

int sim_reply_events(const struct sim_reply *r)
{
    return sim_reply_spoken(r) + 2 + (r->usage ? 1 : 0);
}

int sim_reply_usage_event(const struct sim_reply *r)
{
    return r->usage ? sim_reply_events(r) - 2 : -1;
}

void sim_reply_event(struct sim_reply *r, int k, struct buf *out)
{
    int finish = sim_reply_spoken(r);
    if (k == sim_reply_events(r) - 1) {
        buf_text(out, "data: [DONE]\n\n");
        return;
    }
    buf_text(out, "data: ");
    put_opening(r, "chat.completion.chunk", out);
    if (k > finish) {
        buf_text(out, ",\"choices\":[],\"usage\":");
        put_usage(r, out);
    } else {
        buf_text(out, ",\"choices\":[{\"index\":0,\"delta\":");
        put_delta(r, k, out);
        buf_text(out, ",\"logprobs\":null,\"finish_reason\":");
        buf_text(out, k == finish ? finish_of(r) : "null");
        buf_text(out, r->usage ? "}],\"usage\":null" : "}]");
    }
    buf_text(out, "}\n\n");
}

void sim_reply_whole(struct sim_reply *r, struct buf *out)
{
    struct buf answer;
    buf_init(&answer, MOST_BYTES);
    for (int k = 0; k < r->words; k++)
        put_word(r, &answer);
    put_opening(r, "chat.completion", out);
    buf_text(out, ",\"choices\":[{\"index\":0,\"message\":"
                  "{\"role\":\"assistant\",\"content\":");
    json_put_string(out, buf_str(&answer));
    buf_text(out, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":");
    buf_text(out, finish_of(r));
    buf_text(out, "}],\"usage\":");
    put_usage(r, out);
    buf_text(out, "}");
    if (!buf_ok(&answer))
        out->failed = true;
    buf_fini(&answer);
}

/* --- errors ---------------------------------------------------------------- */

/* Codes that providers use, and what comes with them. */
static const struct known_error {
    const char *code, *type;
    int status;
    const char *message;
} known_errors[] = {
    {"context_length_exceeded", "invalid_request_error", 400,
     "This model's maximum context length is 8192 tokens, and the messages "
     "have more. Please reduce their length."},
    {"content_filter", "invalid_request_error", 400,
     "The response was filtered due to the prompt triggering the content "
     "management policy."},
    {"invalid_api_key", "invalid_request_error", 401,
     "Incorrect API key provided."},
    {"model_not_found", "invalid_request_error", 404,
     "The model does not exist or you do not have access to it."},
    {"rate_limit_exceeded", "requests", 429,
     "Rate limit reached. Please try again later."},
    {"insufficient_quota", "insufficient_quota", 429,
     "You exceeded your current quota, please check your plan and billing "
     "details."},
    {"server_error", "server_error", 500,
     "The server had an error while processing your request."},
    {"overloaded_error", "overloaded_error", 529, "Overloaded"},
};

static const struct known_error *known_error(str code)
{
    for (size_t i = 0; i < sizeof known_errors / sizeof known_errors[0]; i++)
        if (str_eq(code, str_of(known_errors[i].code)))
            return &known_errors[i];
    return NULL;
}

int sim_reply_status(const struct sim_script *script, bool illegible)
{
    const struct known_error *known = known_error(script->error);
    if (script->fails != 0)
        return script->fails;
    if (script->error.p != NULL)
        return known != NULL ? known->status : 400;
    return illegible ? 400 : 200;
}

static const char *type_of(int status)
{
    return status == 429  ? "requests"
           : status < 500 ? "invalid_request_error"
                          : "server_error";
}

static const char *code_of(int status)
{
    return status == 429   ? "rate_limit_exceeded"
           : status == 401 ? "invalid_api_key"
                           : NULL;
}

void sim_reply_error(int status, str code, struct buf *out)
{
    const struct known_error *known = known_error(code);
    if (code.p == NULL)
        code = str_of(code_of(status));
    buf_text(out, "{\"error\":{\"message\":\"");
    if (known != NULL)
        buf_text(out, known->message);
    else
        buf_print(out,
                  "The simulated upstream fails with %d, as it was told to.",
                  status);
    buf_print(out, "\",\"type\":\"%s\",\"param\":null,\"code\":",
              known != NULL ? known->type : type_of(status));
    if (code.p != NULL)
        json_put_string(out, code);
    else
        buf_text(out, "null");
    buf_text(out, "}}");
}

void sim_reply_error_event(struct buf *out)
{
    buf_text(out, "data: {\"error\":{\"message\":\"The simulated upstream "
                  "fails inside its stream, as it was told to.\",\"type\":"
                  "\"server_error\",\"param\":null,\"code\":null}}\n\n");
}

void sim_reply_garbage(struct buf *out)
{
    buf_text(out, "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
                  "<body><h1>It works!</h1></body></html>\n");
}
