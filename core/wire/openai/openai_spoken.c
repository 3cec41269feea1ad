/*
** openai_spoken.c -- how much an event or a reply says.
**
** Whatever a delta holds was said, but for what only frames it. Some services
** say one thought under two names: it was had once.
*/
#include "wire/openai.h"

static bool frames(str name)
{
    static const char *const names[] = {"role",  "id",   "type",
                                        "index", "name", "annotations"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_is(name, str_of(names[i])))
            return true;
    return false;
}

static void add(struct spoken *s, struct json v)
{
    if (v.kind == JSON_STRING)
        spoken_add(s, v.text);
    else if (v.kind == JSON_ARRAY || v.kind == JSON_OBJECT)
        spoken_add_other(s, v.text);
}

/* Names and arguments are the model's words, written by who knows whom: the
** service may have set them out anew, so they count as bytes. */
static void add_function(struct spoken *s, struct json function)
{
    static const char *const parts[] = {"name", "arguments"};
    for (size_t i = 0; i < 2; i++) {
        struct json v = json_get(function, str_of(parts[i]));
        if (v.kind != JSON_NONE && v.kind != JSON_NULL)
            spoken_add_other(s, v.text);
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
            spoken_add_other(s, w.value.text);
    }
}

/* The thought in one of its names, the plainest there is. */
static struct json thought_of(struct json said)
{
    static const char *const names[] = {"reasoning_content", "reasoning",
                                        "reasoning_details"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json v = json_get(said, str_of(names[i]));
        if (v.kind != JSON_NONE && v.kind != JSON_NULL)
            return v;
    }
    return (struct json){.kind = JSON_NONE};
}

void openai_spoken(struct spoken *s, struct json said)
{
    struct json_walk w = json_walk(said);
    bool thought = false;
    while (said.kind == JSON_OBJECT && json_next(&w)) {
        if (str_starts(str_from(w.name, 1), STR("reasoning")))
            thought = true;
        else if (json_is(w.name, STR("tool_calls")))
            add_calls(s, w.value);
        else if (json_is(w.name, STR("function_call")))
            add_function(s, w.value);
        else if (!frames(w.name))
            add(s, w.value);
    }
    if (thought)
        add(s, thought_of(said));
}
