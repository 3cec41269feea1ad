/*
** openai_read.c -- what an event, a reply or an error says.
**
** An event is checked and then walked once at its top level; only members with
** a meaning here are looked into. One that carries text becomes the mould of
** those to come, which then do not get here. Numbers that cannot be token counts
** make the whole usage unknown: it is better to bill by the reserve than by
** nonsense.
*/
#include "wire/openai.h"

#include "base/mem.h"
#include "wire/json.h"
#include "wire/turns.h"

/* Neither absent, null, false, 0, "", [] nor {}; what SDKs mean by `if`. */
static bool truthy(struct json v)
{
    struct json_walk w = json_walk(v);
    int64_t number;
    switch (v.kind) {
    case JSON_STRING:
        return v.text.n > 2;
    case JSON_NUMBER:
        return !json_integer(v, &number) || number != 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_next(&w);
    default:
        return v.kind == JSON_TRUE;
    }
}

#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

/* The members that a usage may have, and those of its details. A walk for each
** would be as long as all else that is done with a reply. */
enum {
    PROMPT,
    COMPLETION,
    TOTAL,
    OF_PROMPT,
    OF_COMPLETION,
    HIT,
    CREATED,
    COST,
    IS_BYOK,
    OF_COST,
    MEMBERS
};
static const str members[MEMBERS] = {
    [PROMPT] = NAME("prompt_tokens"),
    [COMPLETION] = NAME("completion_tokens"),
    [TOTAL] = NAME("total_tokens"),
    [OF_PROMPT] = NAME("prompt_tokens_details"),
    [OF_COMPLETION] = NAME("completion_tokens_details"),
    [HIT] = NAME("prompt_cache_hit_tokens"),
    [CREATED] = NAME("cache_creation_input_tokens"),
    [COST] = NAME("cost"),
    [IS_BYOK] = NAME("is_byok"),
    [OF_COST] = NAME("cost_details"),
};

enum { CACHED, WRITE, CREATION, DETAILS };
static const str details[DETAILS] = {
    [CACHED] = NAME("cached_tokens"),
    [WRITE] = NAME("cache_write_tokens"),
    [CREATION] = NAME("cache_creation_tokens"),
};

/* A count of tokens: its value, 0 if absent or null, -1 if odd. */
static int64_t count(struct json v)
{
    int64_t n;
    if (v.kind == JSON_NONE || v.kind == JSON_NULL)
        return 0;
    return json_integer(v, &n) ? n : -1;
}

/* The first of these that counts something, else what the second is. */
static int64_t either(struct json first, struct json second)
{
    int64_t n = count(first);
    return n > 0 ? n : count(second);
}

/* What the cache served: OpenAI's details, else what DeepSeek calls a hit. */
static int64_t read_cached(const struct json *usage, const struct json *of)
{
    return either(of[CACHED], usage[HIT]);
}

/* What was stored in it: OpenRouter's name, LiteLLM's, Anthropic's. */
static int64_t read_written(const struct json *usage, const struct json *of)
{
    int64_t n = either(of[WRITE], of[CREATION]);
    return n > 0 ? n : count(usage[CREATED]);
}

/* Dollars; negative when it is no number. */
static double dollars(struct json v)
{
    return v.kind == JSON_NUMBER ? json_double(v) : -1;
}

/* What OpenRouter charges (with one's own key at somebody, that one's charge on
** top), and Perplexity. Negative: it was not said. */
static double read_cost(const struct json *usage)
{
    if (usage[COST].kind == JSON_OBJECT)
        return dollars(json_get(usage[COST], STR("total_cost")));
    double all = dollars(usage[COST]);
    if (all < 0 || usage[IS_BYOK].kind != JSON_TRUE)
        return all;
    double theirs =
        dollars(json_get(usage[OF_COST], STR("upstream_inference_cost")));
    return theirs < 0 ? -1 : all + theirs;
}

static void read_usage(struct tap *tap, struct json usage)
{
    struct json of[MEMBERS], of_prompt[DETAILS];
    json_pick(usage, members, of, MEMBERS);
    if (of[PROMPT].kind != JSON_NUMBER)
        return;
    json_pick(of[OF_PROMPT], details, of_prompt, DETAILS);
    struct usage_told told = {
        .form = USAGE_WITHIN,
        .input = count(of[PROMPT]),
        .output = count(of[COMPLETION]),
        .cached = read_cached(of, of_prompt),
        .write = read_written(of, of_prompt),
        .reasoning =
            count(json_get(of[OF_COMPLETION], STR("reasoning_tokens"))),
        .total = count(of[TOTAL]),
        .cost = read_cost(of),
    };
    told.priced = told.cost >= 0;
    struct usage u = usage_of(&told);
    if (u.known)
        tap->usage = u;
    else
        tap->usage.absurd = true;
}

/* Does a delta carry something the client can use? */
static bool says_something(struct json delta)
{
    static const char *const matters[] = {
        "content",   "refusal",    "reasoning_content",
        "reasoning", "tool_calls", "function_call",
    };
    struct json_walk w = json_walk(delta);
    while (json_next(&w))
        for (size_t i = 0; i < sizeof matters / sizeof matters[0]; i++)
            if (json_is(w.name, str_of(matters[i])) && truthy(w.value))
                return true;
    return false;
}

static void read_finish(struct tap *tap, struct json reason)
{
    if (reason.kind != JSON_STRING)
        return;
    tap->first = true;
    str text = {reason.text.p + 1, reason.text.n - 2};
    if (tap->finish[0] != '\0' || text.n >= sizeof tap->finish)
        return;
    memcpy(tap->finish, text.p, text.n);
    tap->finish[text.n] = '\0';
}

/* Remember the ids of tool calls; only the first piece of a call has one. */
static void read_ids(struct tap *tap, struct json calls)
{
    struct json_walk w = json_walk(calls);
    while (calls.kind == JSON_ARRAY && json_next(&w)) {
        uint64_t id = turns_id(json_get(w.value, STR("id")));
        if (id != 0 && tap->ids_n < TAP_IDS)
            tap->ids[tap->ids_n++] = id;
    }
}

/* What a delta or a message says; true if a tool call is in it. */
static bool read_said(struct tap *tap, struct json said)
{
    struct json_walk w = json_walk(said);
    bool calls = false;
    if (!tap->first)
        tap->first = says_something(said);
    while (said.kind == JSON_OBJECT && json_next(&w)) {
        bool many = json_is(w.name, STR("tool_calls"));
        if (many)
            read_ids(tap, w.value);
        if (many || json_is(w.name, STR("function_call")))
            calls = calls || truthy(w.value);
    }
    return calls;
}

/* Keep the books on which choices began a tool call, and which are open. */
static void note_choice(struct tap *tap, int64_t number, bool calls, bool over)
{
    if (number < 0 || number > 63) {
        tap->crowded = true;
        return;
    }
    uint64_t bit = (uint64_t)1 << number;
    tap->calls |= calls ? bit : 0;
    tap->open = over ? tap->open & ~bit : tap->open | bit;
}

/* Some services send all that was said so far beside each piece, or at the end:
** of what came before it counts nothing twice. */
static void count_said(struct tap *tap, struct json delta, struct json message,
                       bool first)
{
    if (delta.kind == JSON_OBJECT)
        openai_spoken(&tap->spoken, delta);
    else if (first)
        openai_spoken(&tap->spoken, message);
}

static void read_choice(struct tap *tap, struct json choice, int place,
                        bool first)
{
    struct json_walk member = json_walk(choice);
    struct json delta = {0}, message = {0};
    int64_t number = place;
    bool calls = false, over = false;
    while (choice.kind == JSON_OBJECT && json_next(&member)) {
        if (json_is(member.name, STR("finish_reason"))) {
            read_finish(tap, member.value);
            over = member.value.kind == JSON_STRING;
        } else if (json_is(member.name, STR("index"))) {
            json_integer(member.value, &number);
        } else if (json_is(member.name, STR("delta"))) {
            delta = member.value;
            calls = read_said(tap, delta);
        } else if (json_is(member.name, STR("message"))) {
            message = member.value;
            calls = read_said(tap, message);
        }
    }
    note_choice(tap, number, calls, over);
    count_said(tap, delta, message, first);
}

static void read_choices(struct tap *tap, struct json choices)
{
    struct json_walk w = json_walk(choices);
    bool first = tap->spoken.bytes == 0;
    for (int place = 0; json_next(&w); place++)
        read_choice(tap, w.value, place, first);
}

/* What stood at the top level of an event or a reply. */
struct top {
    struct json choices, usage, error;
    struct json_map map; /* of the text they stand in */
};

/* Check the text and find its parts. False: malformed. */
static bool read_top(str data, struct top *top)
{
    struct json_error ignored;
    top->choices = top->usage = top->error = (struct json){.kind = JSON_NONE};
    if (!json_check_map(data, &top->map, &ignored))
        return false;
    struct json object = json_mapped(data, &top->map);
    if (object.kind != JSON_OBJECT)
        return false;
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        if (json_is(w.name, STR("choices")))
            top->choices = w.value;
        else if (json_is(w.name, STR("usage")) && w.value.kind == JSON_OBJECT)
            top->usage = w.value;
        else if (json_is(w.name, STR("x_groq")) && top->usage.kind == JSON_NONE)
            top->usage = json_get(w.value, STR("usage"));
        else if (json_is(w.name, STR("error")))
            top->error = w.value;
    }
    return true;
}

/* An event that carried one choice's text and nothing else of note is the
** mould of those to come. */
static void learn_mould(struct tap *tap, const struct sse_event *event,
                        const struct top *top)
{
    struct json_walk w = json_walk(top->choices);
    if (event->many || top->usage.kind != JSON_NONE || !json_next(&w))
        return;
    struct json choice = w.value, delta = json_get(choice, STR("delta"));
    struct json text = json_get(delta, STR("content"));
    if (json_next(&w) || text.kind != JSON_STRING || text.text.n <= 2 ||
        json_get(choice, STR("finish_reason")).kind == JSON_STRING)
        return;
    mould_cast(&tap->mould, event->bytes, text.text);
}

static int read_event(struct tap *tap, const struct sse_event *event, str data,
                      bool usage_asked)
{
    struct top top;
    if (!read_top(data, &top))
        return EVENT_MALFORMED;
    if (truthy(top.error)) {
        tap->failed = true;
        return EVENT_ERROR;
    }
    read_usage(tap, top.usage);
    read_choices(tap, top.choices);
    learn_mould(tap, event, &top);
    bool bare = top.choices.kind == JSON_ARRAY && !truthy(top.choices);
    return bare && top.usage.kind == JSON_OBJECT && !usage_asked ? EVENT_DROP
                                                                 : EVENT_RELAY;
}

/* An event whose data is spread over lines. */
static int read_lines(struct tap *tap, const struct sse_event *event,
                      bool usage_asked)
{
    char *joined = mem_alloc(event->bytes.n);
    if (joined == NULL)
        return EVENT_MALFORMED;
    int verdict = read_event(tap, event, sse_data(event, joined), usage_asked);
    mem_free(joined);
    return verdict;
}

int openai_event(struct tap *tap, const struct sse_event *event,
                 bool usage_asked)
{
    if (str_eq(event->name, STR("error"))) {
        tap->failed = true;
        return EVENT_ERROR;
    }
    if (event->data.n == 0 && !event->many)
        return EVENT_RELAY;
    if (str_starts(event->data, STR("[DONE]"))) {
        tap->terminal = true;
        return EVENT_RELAY;
    }
    if (event->many)
        return read_lines(tap, event, usage_asked);
    return read_event(tap, event, event->data, usage_asked);
}

int openai_whole(struct tap *tap, str body)
{
    struct top top;
    if (!read_top(body, &top))
        return EVENT_MALFORMED;
    if (truthy(top.error)) {
        tap->failed = true;
        return EVENT_ERROR;
    }
    if (top.choices.kind != JSON_ARRAY)
        return EVENT_MALFORMED;
    read_usage(tap, top.usage);
    read_choices(tap, top.choices);
    tap->first = true;
    tap->terminal = true;
    return EVENT_RELAY;
}

/* A text, or a number's text: some providers give codes as numbers. */
static str plain(struct json v, struct buf *scratch)
{
    return v.kind == JSON_NUMBER ? v.text : json_text(v, scratch);
}

/* The fields of the innermost object that describes the error. */
static void read_error(struct json object, struct upstream_error *e,
                       struct buf *scratch)
{
    e->message = plain(json_get(object, STR("message")), scratch);
    if (e->message.p == NULL) /* FastAPI */
        e->message = plain(json_get(object, STR("detail")), scratch);
    e->type = plain(json_get(object, STR("type")), scratch);
    if (e->type.p == NULL) /* Gemini: RESOURCE_EXHAUSTED */
        e->type = plain(json_get(object, STR("status")), scratch);
    e->code = plain(json_get(object, STR("code")), scratch);
    e->details = json_get(object, STR("details")).text;
    if (e->details.p == NULL) /* Azure */
        e->details = json_get(object, STR("innererror")).text;
}

bool openai_error_of(str data, struct upstream_error *e, struct buf *scratch)
{
    struct json_error ignored;
    *e = (struct upstream_error){0};
    /* Room for all texts at once: those already read must not move. */
    if (!json_check(data, &ignored) || buf_room(scratch, data.n) == NULL)
        return false;
    struct json top = json_of(data);
    if (top.kind == JSON_ARRAY) { /* Gemini wraps its errors in one */
        struct json_walk w = json_walk(top);
        if (json_next(&w))
            top = w.value;
    }
    struct json error = json_get(top, STR("error"));
    if (error.kind == JSON_STRING)
        e->message = json_text(error, scratch);
    else
        read_error(error.kind == JSON_OBJECT ? error : top, e, scratch);
    return e->message.p != NULL || e->type.p != NULL || e->code.p != NULL;
}
