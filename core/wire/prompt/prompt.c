/*
** prompt.c -- walking a request for its texts.
*/
#include "wire/prompt/prompt.h"

#include "base/err.h"
#include "kernel/estimate.h"

#define MESSAGE  3   /* what each costs */
#define NAME     1   /* a name, beside its text */
#define ANSWER   3   /* how the answer begins */
#define TEMPLATE 128 /* most that a model's template adds of its own */

/* Of tools, as the cookbook has it for models of the o200k encoding; those of
** cl100k cost three more for each function. */
#define FUNCTION      7
#define FUNCTION_MORE 3
#define PROPERTIES    3
#define PROPERTY      3
#define CHOICES       (-3)
#define CHOICE        3
#define FUNCTIONS     12

struct count {
    struct tokens *t;
    struct buf scratch; /* decoded texts */
};

static void add_string(struct count *c, struct json v)
{
    buf_clear(&c->scratch);
    str text = json_text(v, &c->scratch);
    if (text.p != NULL)
        tokens_add(c->t, text);
    else if (v.kind == JSON_STRING && c->t->error == 0)
        c->t->error = ERR_MEMORY;
}

static void guess(struct count *c, int64_t n)
{
    c->t->n += n;
    c->t->guessed = true;
}

/* --- messages --------------------------------------------------------------- */

static bool is_text_part(struct json part)
{
    str type = json_get(part, STR("type")).text;
    return type.p != NULL &&
           (json_is(type, STR("text")) || json_is(type, STR("input_text")) ||
            json_is(type, STR("output_text"))) &&
           json_get(part, STR("text")).kind == JSON_STRING;
}

static void add_content(struct count *c, struct json content)
{
    add_string(c, content);
    struct json_walk parts = json_walk(content);
    while (content.kind == JSON_ARRAY && json_next(&parts))
        if (parts.value.kind == JSON_STRING)
            add_string(c, parts.value);
        else if (is_text_part(parts.value))
            add_string(c, json_get(parts.value, STR("text")));
        else if (parts.value.kind == JSON_NUMBER)
            c->t->n++; /* a token by its number */
        else
            guess(c, ESTIMATE_PART);
}

static void add_calls(struct count *c, struct json calls)
{
    struct json_walk w = json_walk(calls);
    while (calls.kind == JSON_ARRAY && json_next(&w)) {
        struct json function = json_get(w.value, STR("function"));
        guess(c, MESSAGE);
        add_string(c, json_get(function, STR("name")));
        add_string(c, json_get(function, STR("arguments")));
    }
}

static void add_message(struct count *c, struct json message)
{
    struct json_walk w = json_walk(message);
    c->t->n += MESSAGE;
    while (message.kind == JSON_OBJECT && json_next(&w)) {
        if (json_is(w.name, STR("content"))) {
            add_content(c, w.value);
        } else if (json_is(w.name, STR("role"))) {
            add_string(c, w.value);
        } else if (json_is(w.name, STR("name"))) {
            add_string(c, w.value);
            c->t->n += w.value.kind == JSON_STRING ? NAME : 0;
        } else if (json_is(w.name, STR("tool_calls"))) {
            add_calls(c, w.value);
        } else if (w.value.kind != JSON_NULL) {
            guess(c, 0);
        }
    }
}

static bool instructs(struct json message)
{
    str role = json_get(message, STR("role")).text;
    return role.p != NULL &&
           (json_is(role, STR("system")) || json_is(role, STR("developer")));
}

static void add_messages(struct count *c, struct json messages, str system)
{
    struct json_walk w = json_walk(messages);
    if (system.p != NULL) {
        c->t->n += MESSAGE;
        tokens_add(c->t, STR("system"));
        tokens_add(c->t, system);
    }
    while (messages.kind == JSON_ARRAY && json_next(&w))
        if (system.p == NULL || !instructs(w.value))
            add_message(c, w.value);
    c->t->n += ANSWER;
}

/* --- tools ------------------------------------------------------------------ */

static void add_to_line(struct count *c, struct json v)
{
    if (v.kind == JSON_STRING)
        json_decode(v, &c->scratch);
}

/* name:description, or name:type:description; no full stop at the end. */
static void add_line(struct count *c, struct json name, struct json type,
                     struct json description)
{
    struct buf *line = &c->scratch;
    buf_clear(line);
    add_to_line(c, name);
    buf_byte(line, ':');
    add_to_line(c, type);
    if (type.kind != JSON_NONE)
        buf_byte(line, ':');
    add_to_line(c, description);
    if (line->n > 0 && line->p[line->n - 1] == '.')
        line->n--;
    if (!buf_ok(line) && c->t->error == 0)
        c->t->error = ERR_MEMORY;
    tokens_add(c->t, buf_str(line));
}

static void add_property(struct count *c, str name, struct json property)
{
    struct json choices = json_get(property, STR("enum"));
    struct json_walk w = json_walk(choices);
    c->t->n += PROPERTY;
    if (choices.kind == JSON_ARRAY)
        c->t->n += CHOICES;
    while (choices.kind == JSON_ARRAY && json_next(&w)) {
        c->t->n += CHOICE;
        add_string(c, w.value);
    }
    add_line(c, json_of(name), json_get(property, STR("type")),
             json_get(property, STR("description")));
    struct json inner = json_get(property, STR("properties"));
    if (inner.kind == JSON_OBJECT) /* written out as it stands, about */
        tokens_add(c->t, inner.text);
}

static void add_function(struct count *c, struct json function)
{
    struct json properties =
        json_get(json_get(function, STR("parameters")), STR("properties"));
    struct json_walk w = json_walk(properties);
    bool older =
        c->t->encoding != NULL && c->t->encoding->split == SPLIT_CL100K;
    bool any = false;
    c->t->n += FUNCTION + (older ? FUNCTION_MORE : 0);
    add_line(c, json_get(function, STR("name")),
             (struct json){.kind = JSON_NONE},
             json_get(function, STR("description")));
    while (properties.kind == JSON_OBJECT && json_next(&w)) {
        c->t->n += any ? 0 : PROPERTIES;
        any = true;
        add_property(c, w.name, w.value);
    }
}

static void add_tools(struct count *c, struct json tools)
{
    struct json_walk w = json_walk(tools);
    bool any = false;
    while (tools.kind == JSON_ARRAY && json_next(&w)) {
        struct json function = json_get(w.value, STR("function"));
        any = true;
        if (function.kind == JSON_OBJECT)
            add_function(c, function);
        else
            tokens_add(c->t, w.value.text);
    }
    if (any)
        guess(c, FUNCTIONS);
}

/* --- a request --------------------------------------------------------------- */

/* No text is longer than all of them. */
static struct count begin(struct tokens *t, size_t all)
{
    struct count c = {.t = t};
    buf_init(&c.scratch, all + 16);
    return c;
}

void prompt_messages(struct json messages, struct tokens *t)
{
    struct count c = begin(t, messages.text.n);
    add_messages(&c, messages, STR_NONE);
    buf_fini(&c.scratch);
}

bool prompt_message(struct json message, struct tokens *t)
{
    struct count c = begin(t, message.text.n);
    int64_t before = t->n;
    bool guessed = t->guessed;
    t->guessed = false;
    add_message(&c, message);
    buf_fini(&c.scratch);
    bool sure = !t->guessed;
    t->guessed = guessed;
    t->n = sure ? t->n : before;
    return sure;
}

void prompt_count_with(struct json body, struct json messages, str system,
                       struct tokens *t)
{
    struct count c = begin(t, body.text.n + messages.text.n);
    if (messages.kind == JSON_ARRAY) {
        add_messages(&c, messages, system);
    } else {
        add_content(&c, json_get(body, STR("input")));
        add_content(&c, json_get(body, STR("prompt")));
    }
    add_tools(&c, json_get(body, STR("tools")));
    buf_fini(&c.scratch);
}

void prompt_count(struct json body, struct tokens *t)
{
    prompt_count_with(body, json_get(body, STR("messages")), STR_NONE, t);
}

/* --- the bound ---------------------------------------------------------------- */

static bool is_bounded_content(struct json content)
{
    struct json_walk w = json_walk(content);
    while (content.kind == JSON_ARRAY && json_next(&w))
        if (w.value.kind != JSON_STRING && !is_text_part(w.value))
            return false;
    return true;
}

static bool are_functions(struct json tools)
{
    struct json_walk w = json_walk(tools);
    while (tools.kind == JSON_ARRAY && json_next(&w))
        if (json_get(w.value, STR("function")).kind != JSON_OBJECT)
            return false; /* the provider's own: it adds what it finds */
    return true;
}

static bool is_kept_elsewhere(struct json body)
{
    static const char *const names[] = {"previous_response_id", "conversation",
                                        "prompt_id", "web_search_options"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum json_kind kind = json_get(body, str_of(names[i])).kind;
        if (kind != JSON_NONE && kind != JSON_NULL)
            return true;
    }
    return false;
}

int64_t prompt_bound(struct json body)
{
    struct json messages = json_get(body, STR("messages"));
    struct json_walk w = json_walk(messages);
    if (is_kept_elsewhere(body) ||
        !are_functions(json_get(body, STR("tools"))) ||
        !is_bounded_content(json_get(body, STR("input"))))
        return -1;
    while (messages.kind == JSON_ARRAY && json_next(&w)) {
        struct json audio = json_get(w.value, STR("audio"));
        if (!is_bounded_content(json_get(w.value, STR("content"))) ||
            audio.kind == JSON_OBJECT)
            return -1;
    }
    return (int64_t)body.text.n + TEMPLATE;
}
