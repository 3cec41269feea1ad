/*
** talk.c -- messages, their parts, and tools.
**
** A part is what its type says, and has the members its type has: some services
** go by the members alone, so a text with a picture beside it is not known. What
** stands inline as data is charged as the thing it is, not by its bytes.
*/
#include "wire/bound/inner.h"

#include "base/defence.h"

static bool is_one_of(str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (json_is(name, str_of(*names)))
            return true;
    return false;
}

/* Members that are not among `names` are not known. */
static void see_members(struct sum *s, struct json object,
                        const char *const *names)
{
    struct json_walk w = json_walk(object);
    while (!s->failed && json_next(&w))
        if (!is_one_of(w.name, names))
            bound_see_unknown(s, &w);
}

/* What is to be kept for an hour costs more to store than the list says. */
static void see_cache(struct sum *s, struct json holder)
{
    struct json ttl =
        json_get(json_get(holder, STR("cache_control")), STR("ttl"));
    if (ttl.kind != JSON_NONE &&
        !(ttl.kind == JSON_STRING && json_is(ttl.text, STR("5m"))))
        bound_charge(s, BOUND_OTHER, STR("cache_control.ttl"));
}

/* --- parts ------------------------------------------------------------------ */

/* Types of parts, what they are, and where their data may stand. */
static const struct form {
    const char *type;
    enum bound_kind kind; /* BOUND_KINDS: text */
    const char *holder, *data;
} forms[] = {
    {"text", BOUND_KINDS, NULL, NULL},
    {"input_text", BOUND_KINDS, NULL, NULL},
    {"output_text", BOUND_KINDS, NULL, NULL},
    {"refusal", BOUND_KINDS, NULL, NULL},
    {"thinking", BOUND_KINDS, NULL, NULL},
    {"image_url", BOUND_IMAGE, "image_url", "url"},
    {"input_image", BOUND_IMAGE, "image_url", NULL},
    {"image", BOUND_IMAGE, NULL, NULL},
    {"input_audio", BOUND_AUDIO, "input_audio", "data"},
    {"audio_url", BOUND_AUDIO, "audio_url", "url"},
    {"audio", BOUND_AUDIO, NULL, NULL},
    {"video_url", BOUND_VIDEO, "video_url", "url"},
    {"input_video", BOUND_VIDEO, NULL, NULL},
    {"video", BOUND_VIDEO, NULL, NULL},
    {"file", BOUND_FILE, "file", "file_data"},
    {"input_file", BOUND_FILE, "file_data", NULL},
    {"document", BOUND_FILE, NULL, NULL},
};

static const struct form *form_of(str type)
{
    for (size_t i = 0; type.p != NULL && i < sizeof forms / sizeof forms[0];
         i++)
        if (json_is(type, str_of(forms[i].type)))
            return &forms[i];
    return NULL;
}

/* Inline data is not text: what it stands for has been charged. */
static void spare(struct sum *s, const struct form *form, struct json part)
{
    if (form->holder == NULL)
        return;
    struct json v = json_get(part, str_of(form->holder));
    if (v.kind == JSON_OBJECT && form->data != NULL)
        v = json_get(v, str_of(form->data));
    if (v.kind != JSON_STRING)
        return;
    bool inlined = str_starts(str_from(v.text, 1), STR("data:")) ||
                   form->kind == BOUND_AUDIO;
    s->spared += inlined ? (int64_t)v.text.n : 0;
}

static void see_part(struct sum *s, struct json part)
{
    static const char *const texts[] = {
        "type",      "text",     "refusal",       "annotations", "thinking",
        "signature", "logprobs", "cache_control", NULL};
    struct json type = json_get(part, STR("type"));
    const struct form *form = form_of(type.text);
    if (form == NULL) {
        bool named = type.kind == JSON_STRING && type.text.n > 2;
        bound_charge(s, BOUND_OTHER,
                     named ? (str){type.text.p + 1, type.text.n - 2}
                           : STR("a part without a type"));
    } else if (form->kind == BOUND_KINDS) {
        see_members(s, part, texts);
    } else {
        bound_charge(s, form->kind, str_of(form->type));
        spare(s, form, part);
    }
    see_cache(s, part);
}

void bound_see_content(struct sum *s, struct json content)
{
    struct json_walk w = json_walk(content);
    if (content.kind == JSON_OBJECT)
        see_part(s, content);
    while (content.kind == JSON_ARRAY && !s->failed && json_next(&w))
        if (w.value.kind == JSON_OBJECT)
            see_part(s, w.value);
        else if (w.value.kind == JSON_ARRAY)
            bound_see_content(s, w.value); /* texts as numbers of tokens */
}

/* --- messages --------------------------------------------------------------- */

static void see_message(struct sum *s, struct json message)
{
    static const char *const names[] = {"role",          "content",
                                        "name",          "tool_calls",
                                        "tool_call_id",  "refusal",
                                        "function_call", "reasoning_content",
                                        "reasoning",     "reasoning_details",
                                        "annotations",   "prefix",
                                        "partial",       "weight",
                                        "cache_control", NULL};
    struct json_walk w = json_walk(message);
    while (message.kind == JSON_OBJECT && !s->failed && json_next(&w)) {
        if (json_is(w.name, STR("content")))
            bound_see_content(s, w.value);
        else if (json_is(w.name, STR("audio")) && w.value.kind == JSON_OBJECT)
            bound_charge(s, BOUND_KEPT, STR("audio"));
        else if (!is_one_of(w.name, names))
            bound_see_unknown(s, &w);
    }
    see_cache(s, message);
}

void bound_see_messages(struct sum *s, struct json messages)
{
    struct json_walk w = json_walk(messages);
    while (messages.kind == JSON_ARRAY && !s->failed && json_next(&w))
        see_message(s, w.value);
}

/* --- tools ------------------------------------------------------------------ */

/* Does the client run it? */
static bool is_clients(struct json tool)
{
    struct json type = json_get(tool, STR("type"));
    bool function = type.kind == JSON_STRING &&
                    json_is(type.text, STR("function")) &&
                    json_get(tool, STR("function")).kind == JSON_OBJECT;
    bool custom = type.kind == JSON_STRING &&
                  json_is(type.text, STR("custom")) &&
                  json_get(tool, STR("custom")).kind == JSON_OBJECT;
    return function || custom || !DEFENCE(hosted_tools);
}

void bound_see_tools(struct sum *s, struct json tools)
{
    struct json_walk w = json_walk(tools);
    s->tools += (int64_t)tools.text.n;
    while (tools.kind == JSON_ARRAY && !s->failed && json_next(&w)) {
        struct json type = json_get(w.value, STR("type"));
        if (!is_clients(w.value))
            bound_charge(s, BOUND_TOOL,
                         type.kind == JSON_STRING && type.text.n > 2
                             ? (str){type.text.p + 1, type.text.n - 2}
                             : STR("tools"));
        see_cache(s, w.value);
    }
}
