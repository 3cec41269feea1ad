/*
** fuzz_splice.c -- editing JSON that must otherwise stay what it was.
**
** Of any object: a splice changes the slice and not a byte beside it; the body
** built for an upstream is JSON, says what was to be changed, and keeps every
** other member to the byte and in its order; what it can take has a bound, or a
** reason why not; a text put in the place of an answer's is read back from there.
** What the edits are follows from the bytes.
*/
#include "fuzz.h"

#include "base/err.h"
#include "wire/bound.h"
#include "wire/dialect.h"
#include "wire/json.h"

#define LARGEST (1 << 20)

static struct buf empty(void)
{
    struct buf b;
    buf_init(&b, LARGEST);
    return b;
}

static struct json checked(const struct buf *b)
{
    struct json_error error;
    MUST(buf_ok(b) && json_check(buf_str(b), &error));
    return json_of(buf_str(b));
}

/* --- splices --------------------------------------------------------------- */

/* Any value of the text, by a number. */
static bool nth_value(struct json v, uint64_t *n, struct json *found)
{
    struct json_walk w = json_walk(v);
    if ((*n)-- == 0) {
        *found = v;
        return true;
    }
    while (json_next(&w))
        if (nth_value(w.value, n, found))
            return true;
    return false;
}

static void one_value_changes(str text, uint64_t n)
{
    static const str instead[] = {
        {"null", 4}, {"[1.0,{}]", 8}, {"\"\\u0000\"", 8}};
    struct json v = json_of(text);
    str to = instead[n % 3];
    if (!nth_value(json_of(text), &n, &v))
        return;
    size_t before = (size_t)(v.text.p - text.p);
    str behind = str_from(text, before + v.text.n);
    struct json_edit edit = {v.text, to};
    struct buf out = empty();
    json_splice(text, &edit, 1, &out);
    checked(&out);
    str said = buf_str(&out);
    MUST(said.n == before + to.n + behind.n);
    MUST(str_eq((str){said.p, before}, (str){text.p, before}));
    MUST(str_starts(str_from(said, before), to));
    MUST(str_eq(str_from(said, before + to.n), behind));
    buf_fini(&out);
}

/* --- the upstream's body --------------------------------------------------- */

static bool is_any(str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (json_is(name, str_of(*names)))
            return true;
    return false;
}

static const char *const control[] = {"perilune", "api_key",       "api_base",
                                      "base_url", "extra_headers", "extra_body",
                                      NULL};
static const char *const changed[] = {"model",      "stream_options",
                                      "max_tokens", "max_completion_tokens",
                                      "messages",   NULL};

/* Members that nobody meant to touch are there, in order, to the byte. */
static void the_rest_stays(struct json from, struct json to)
{
    struct json_walk was = json_walk(from), is = json_walk(to);
    bool more = json_next(&is);
    while (json_next(&was)) {
        if (is_any(was.name, control) || is_any(was.name, changed))
            continue;
        while (more && is_any(is.name, changed))
            more = json_next(&is);
        MUST(more && str_eq(was.name, is.name));
        MUST(str_eq(was.value.text, is.value.text));
        more = json_next(&is);
    }
    while (more) {
        MUST(is_any(is.name, changed));
        more = json_next(&is);
    }
}

static void says_text(struct json v, str want)
{
    struct buf text = empty();
    MUST(v.kind == JSON_STRING);
    json_decode(v, &text);
    MUST(str_eq(buf_str(&text), want));
    buf_fini(&text);
}

static void says_limit(struct json body, const struct build *in)
{
    struct json old = json_get(body, STR("max_tokens"));
    struct json new = json_get(body, STR("max_completion_tokens"));
    int64_t n;
    if (in->max_tokens == 0 || in->bound != 0)
        return;
    MUST(old.kind != JSON_NONE || new.kind != JSON_NONE);
    MUST(old.kind == JSON_NONE ||
         (json_integer(old, &n) && n == in->max_tokens));
    MUST(new.kind == JSON_NONE ||
         (json_integer(new, &n) && n == in->max_tokens));
}

/* One limit, and in the name that the provider knows. */
static void says_bound(struct json body, const struct build *in)
{
    struct json is = json_get(body, in->limit_as);
    int64_t n;
    if (in->bound == 0)
        return;
    MUST(json_integer(is, &n) && n == in->bound);
    str other =
        in->limit_as.n == 10 ? STR("max_completion_tokens") : STR("max_tokens");
    MUST(json_get(body, other).kind == JSON_NONE);
}

/* A bound is above the bytes that are text, and declaring more raises it. */
static void bound_is_one(str text, uint64_t n)
{
    struct bound_most most = {.said = (1u << BOUND_KINDS) - 1};
    struct bound_ask ask = {.body = json_of(text), .model = STR("m")};
    struct bound strict, lax;
    struct bound_why why;
    for (int i = 0; i < BOUND_KINDS; i++)
        most.of[i] = 1000000;
    int error = bound_of(&ask, &strict, &why);
    MUST(error == 0 || (error == ERR_INPUT && why.name.p != NULL));
    ask.most = &most;
    ask.max_out = 1 + (int64_t)(n % 5000);
    if (bound_of(&ask, &lax, &why) != 0) {
        MUST(why.kind == BOUND_KINDS && error != 0);
        return;
    }
    MUST(lax.input > 0 && lax.each > 0 && lax.each <= ask.max_out);
    MUST(lax.answers > 0 && bound_output(&lax) >= lax.each);
    if (error == 0)
        MUST(strict.input <= lax.input && strict.each > 0);
}

static void says_system(struct json body, const struct build *in)
{
    struct json messages = json_get(body, STR("messages"));
    struct json_walk w = json_walk(messages);
    if (in->system.p == NULL)
        return;
    MUST(messages.kind == JSON_ARRAY && json_next(&w));
    says_text(json_get(w.value, STR("content")), in->system);
}

static void says_usage(struct json body, const struct build *in)
{
    struct json options = json_get(body, STR("stream_options"));
    if (in->ask_usage && json_get(body, STR("stream")).kind == JSON_TRUE &&
        options.kind == JSON_OBJECT)
        MUST(json_get(options, STR("include_usage")).kind == JSON_TRUE);
}

static void body_is_built(str text, uint64_t n)
{
    static const str systems[] = {{NULL, 0}, {"Be \"brief\".\n", 12}, {"", 0}};
    struct build in = {.body = text,
                       .model = n & 1 ? STR("gpt") : STR("m\\\"\xe2\x80\xa8"),
                       .system = systems[n / 2 % 3],
                       .max_tokens = n & 8 ? 77 : 0,
                       .bound = n & 64 ? 33 : 0,
                       .limit_as = n & 128 ? STR("max_completion_tokens")
                                           : STR("max_tokens"),
                       .ask_usage = (n & 16) != 0};
    struct buf out = empty();
    int error = dialect_openai.build(&in, &out);
    if (error != 0) {
        MUST(error == ERR_INPUT);
        buf_fini(&out);
        return;
    }
    struct json body = checked(&out);
    struct json_walk w = json_walk(body);
    while (json_next(&w))
        MUST(!is_any(w.name, control));
    says_text(json_get(body, STR("model")), in.model);
    says_limit(body, &in);
    says_bound(body, &in);
    says_system(body, &in);
    says_usage(body, &in);
    the_rest_stays(json_of(text), body);
    buf_fini(&out);
}

/* --- the answer's text ----------------------------------------------------- */

/* The first text of `choice`; false when it has none. */
static bool text_of(str data, int choice, struct buf *text)
{
    int found;
    for (int nth = 0;; nth++) {
        buf_clear(text);
        if (!dialect_openai.content(data, nth, &found, text))
            return false;
        if (found == choice)
            return true;
    }
}

static void answer_is_changed(str data, uint64_t n)
{
    struct buf was = empty(), is = empty(), out = empty();
    int choice = (int)(n % 3);
    str text = n & 4 ? STR("") : STR("x\"\\\n\xf0\x9f\x98\x80");
    bool had = text_of(data, choice, &was);
    dialect_openai.recontent(data, choice, text, &out);
    checked(&out);
    bool has = text_of(buf_str(&out), choice, &is);
    if (had && text.n > 0)
        MUST(has && str_eq(buf_str(&is), text));
    buf_clear(&out);
    dialect_openai.put_cut(&out, data, choice, text);
    MUST(buf_ok(&out));
    buf_fini(&was);
    buf_fini(&is);
    buf_fini(&out);
}

static void error_is_read(str data)
{
    struct upstream_error e;
    struct buf scratch = empty();
    dialect_openai.error_of(data, &e, &scratch);
    buf_fini(&scratch);
}

static void splice(str in)
{
    struct json_error error;
    uint64_t n = str_hash(in);
    error_is_read(in);
    if (!json_check(in, &error))
        return;
    for (int i = 0; i < 4; i++)
        one_value_changes(in, (n >> 8 * i) % 16);
    for (int i = 0; i < 4; i++) {
        body_is_built(in, n >> 8 * i);
        bound_is_one(in, n >> 8 * i);
        answer_is_changed(in, n >> 8 * i);
    }
}

FUZZ(splice)
