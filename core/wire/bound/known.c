/*
** known.c -- the members of a body, and what each of them costs.
**
** A list of what is known to cost no more than its bytes, and of what is seen
** to. Whatever is not in it may be a second name for n, a switch for a dearer
** model, or a template that repeats the prompt: there are services for each of
** these, and some match names whatever their case. So it has no bound unless
** the policy says what it may cost.
*/
#include "wire/bound/inner.h"

#include "base/defence.h"

static void see_n(struct sum *s, struct json v)
{
    int64_t n;
    bool whole = json_integer(v, &n) && n >= 0;
    if (v.kind == JSON_NULL)
        return;
    if (whole)
        s->answers = n > 0 ? n : 1;
    else
        bound_fail(s, BOUND_KINDS, STR("n"));
}

/* One that is no number is not obeyed: ours is written in its place. */
static void see_limit(struct sum *s, struct json v)
{
    int64_t n;
    if (json_integer(v, &n) && n > 0 && (s->limit == 0 || n < s->limit))
        s->limit = n;
}

static void see_messages(struct sum *s, struct json v)
{
    s->talk = v;
    if (s->ask->messages.p == NULL) /* else others are asked */
        bound_see_messages(s, v);
}

static void see_functions(struct sum *s, struct json v)
{
    s->tools += (int64_t)v.text.n;
}

static bool is_null(struct json v)
{
    return v.kind == JSON_NULL;
}

static void see_kept(struct sum *s, struct json v)
{
    if (!is_null(v))
        bound_charge(s, BOUND_KEPT, STR("what the provider keeps"));
}

/* A text that is asked, or one that is kept there. */
static void see_input(struct sum *s, struct json v)
{
    if (v.kind == JSON_OBJECT)
        see_kept(s, v);
    else
        bound_see_content(s, v);
}

static void see_search(struct sum *s, struct json v)
{
    if (!is_null(v))
        bound_charge(s, BOUND_TOOL, STR("a search of the provider's"));
}

static void see_audio(struct sum *s, struct json v)
{
    if (!is_null(v))
        bound_charge(s, BOUND_AUDIO, STR("audio"));
}

static void see_prediction(struct sum *s, struct json v)
{
    if (!is_null(v))
        bound_charge(s, BOUND_PREDICTION, STR("prediction"));
}

static bool is_one_of(struct json v, const char *const *words)
{
    for (; v.kind == JSON_STRING && *words != NULL; words++)
        if (json_is(v.text, str_of(*words)))
            return true;
    return false;
}

/* Some services keep the thoughts that they charge for to themselves. */
static void see_thoughts(struct sum *s, struct json v)
{
    static const char *const none[] = {"none", NULL};
    if (!is_null(v) && v.kind != JSON_FALSE && !is_one_of(v, none))
        s->thinks = true;
}

/* Tokens for thoughts. There are services whose limit of an answer does not count
** them, so they come on top. */
static void see_budget(struct sum *s, struct json v)
{
    int64_t n;
    see_thoughts(s, v);
    if (json_integer(v, &n) && n > 0)
        s->besides = bound_add(s->besides, n);
}

/* Those that cost no more than the list says. */
static void see_tier(struct sum *s, struct json v)
{
    static const char *const usual[] = {"auto",      "default",  "flex",
                                        "on_demand", "standard", NULL};
    if (!is_null(v) && !is_one_of(v, usual))
        bound_charge(s, BOUND_OTHER, STR("service_tier"));
}

static void see_modalities(struct sum *s, struct json v)
{
    static const char *const text[] = {"text", NULL};
    static const char *const audio[] = {"audio", NULL};
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_ARRAY && !is_null(v))
        bound_charge(s, BOUND_OTHER, STR("modalities"));
    while (v.kind == JSON_ARRAY && json_next(&w))
        if (is_one_of(w.value, audio))
            bound_charge(s, BOUND_AUDIO, STR("audio"));
        else if (!is_one_of(w.value, text))
            bound_charge(s, BOUND_OTHER, STR("modalities"));
}

static const struct known {
    str name;
    void (*see)(struct sum *, struct json); /* NULL: its bytes are all */
} known[] = {
#define PLAIN(name)                   \
    {                                 \
        {name, sizeof name - 1}, NULL \
    }
#define SEEN(name, see)              \
    {                                \
        {name, sizeof name - 1}, see \
    }
    PLAIN("model"),
    SEEN("messages", see_messages),
    PLAIN("stream"),
    PLAIN("stream_options"),
    SEEN("max_tokens", see_limit),
    SEEN("max_completion_tokens", see_limit),
    SEEN("n", see_n),
    PLAIN("temperature"),
    PLAIN("top_p"),
    SEEN("tools", bound_see_tools),
    PLAIN("tool_choice"),
    PLAIN("parallel_tool_calls"),
    PLAIN("response_format"),
    PLAIN("stop"),
    PLAIN("user"),
    PLAIN("seed"),
    PLAIN("random_seed"),
    PLAIN("frequency_penalty"),
    PLAIN("presence_penalty"),
    PLAIN("repetition_penalty"),
    PLAIN("length_penalty"),
    PLAIN("logit_bias"),
    PLAIN("logprobs"),
    PLAIN("top_logprobs"),
    PLAIN("top_k"),
    PLAIN("top_a"),
    PLAIN("min_p"),
    PLAIN("typical_p"),
    PLAIN("min_tokens"),
    PLAIN("ignore_eos"),
    PLAIN("include_stop_str_in_output"),
    PLAIN("skip_special_tokens"),
    SEEN("reasoning_effort", see_thoughts),
    PLAIN("reasoning_format"),
    SEEN("reasoning", see_thoughts),
    SEEN("include_reasoning", see_thoughts),
    SEEN("thinking", see_thoughts),
    SEEN("enable_thinking", see_thoughts),
    SEEN("thinking_budget", see_budget),
    PLAIN("verbosity"),
    PLAIN("metadata"),
    PLAIN("store"),
    PLAIN("safety_identifier"),
    PLAIN("safe_prompt"),
    PLAIN("prompt_cache_key"),
    PLAIN("prompt_cache_retention"),
    PLAIN("guided_json"),
    PLAIN("guided_regex"),
    PLAIN("guided_choice"),
    PLAIN("guided_grammar"),
    PLAIN("structured_outputs"),
    SEEN("functions", see_functions),
    PLAIN("function_call"),
    SEEN("service_tier", see_tier),
    SEEN("modalities", see_modalities),
    SEEN("audio", see_audio),
    SEEN("prediction", see_prediction),
    SEEN("web_search_options", see_search),
    SEEN("search_parameters", see_search),
    SEEN("plugins", see_search),
    SEEN("previous_response_id", see_kept),
    SEEN("conversation", see_kept),
    SEEN("prompt_id", see_kept),
    SEEN("input", see_input),
    SEEN("prompt", see_input),
    /* Never sent: see control in openai_build.c. */
    PLAIN("perilune"),
    PLAIN("api_key"),
    PLAIN("api_base"),
    PLAIN("base_url"),
    PLAIN("extra_headers"),
    PLAIN("extra_body"),
};

static const struct known *find(str name)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (json_is(name, known[i].name))
            return &known[i];
    return NULL;
}

void bound_see_unknown(struct sum *s, const struct json_walk *w)
{
    str name = {w->name.p + 1, w->name.n - 2};
    if (!is_null(w->value) && DEFENCE(unknown_members))
        bound_charge(s, BOUND_OTHER, name);
}

void bound_see_body(struct sum *s, struct json body)
{
    struct json_walk w = json_walk(body);
    while (!s->failed && json_next(&w)) {
        const struct known *k = find(w.name);
        if (k == NULL)
            bound_see_unknown(s, &w);
        else if (k->see != NULL)
            k->see(s, w.value);
    }
}
