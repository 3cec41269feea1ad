/*
** openai_spoken.c -- how much an event or a reply says.
**
** Whatever a delta holds counts from above, but for what only frames it; from
** below only what is surely the model's own. Some services say one thought under
** two names: it was had once.
*/
#include "wire/openai.h"

static bool is_any(str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (json_is(name, str_of(*names)))
            return true;
    return false;
}

/* A text; or parts of one, as Mistral and OpenRouter have it. */
static void add_text(struct spoken *s, struct json v)
{
    if (v.kind == JSON_STRING)
        spoken_add(s, v.text);
    else if (v.kind == JSON_ARRAY || v.kind == JSON_OBJECT)
        spoken_add_code(s, v.text);
}

static void add_data(struct spoken *s, struct json v)
{
    if (v.kind >= JSON_STRING)
        spoken_add_data(s, v.text);
}

/* The service may have set out the arguments anew. */
static void add_function(struct spoken *s, struct json function)
{
    static const char *const parts[] = {"name", "arguments"};
    for (size_t i = 0; i < 2; i++) {
        struct json v = json_get(function, str_of(parts[i]));
        if (v.kind >= JSON_STRING)
            spoken_add_code(s, v.text);
    }
}

static void add_calls(struct spoken *s, struct json calls)
{
    struct json_walk w = json_walk(calls);
    while (calls.kind == JSON_ARRAY && json_next(&w)) {
        struct json function = json_get(w.value, STR("function"));
        if (function.kind == JSON_OBJECT)
            add_function(s, function);
        else
            add_data(s, w.value);
    }
}

/* The thought in one of its names, the plainest there is. */
static void add_thought(struct spoken *s, struct json said)
{
    static const char *const names[] = {"reasoning_content", "reasoning",
                                        "reasoning_details"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json v = json_get(said, str_of(names[i]));
        if (v.kind >= JSON_STRING) {
            add_text(s, v);
            return;
        }
    }
}

void openai_spoken(struct spoken *s, struct json said)
{
    static const char *const frames[] = {"role", "id",          "type", "index",
                                         "name", "annotations", NULL};
    static const char *const texts[] = {"content", "refusal", NULL};
    static const char *const thoughts[] = {"reasoning_content", "reasoning",
                                           "reasoning_details", NULL};
    struct json_walk w = json_walk(said);
    bool thought = false;
    while (said.kind == JSON_OBJECT && json_next(&w)) {
        if (is_any(w.name, texts))
            add_text(s, w.value);
        else if (is_any(w.name, thoughts))
            thought = true;
        else if (json_is(w.name, STR("tool_calls")))
            add_calls(s, w.value);
        else if (json_is(w.name, STR("function_call")))
            add_function(s, w.value);
        else if (!is_any(w.name, frames))
            add_data(s, w.value);
    }
    if (thought)
        add_thought(s, said);
}
