/*
** openai_build.c -- the upstream's request: the client's bytes and few edits.
**
** One walk over the top-level members notes where the interesting ones stand
** and cuts out our own control fields together with a comma; then each
** override adds an edit; json_splice writes the result. Which comma goes with
** a member that leaves depends on its neighbours: behind a member that stays
** the cut begins at that member's end, before the first one that stays it
** ends where that one begins.
*/
#include "wire/openai.h"

#include "base/defence.h"
#include "base/err.h"
#include "wire/bound.h"
#include "wire/json.h"

/* Members that are ours, or would route around us at the provider. */
static const char *const control[] = {
    "perilune", "api_key",       "api_base",
    "base_url", "extra_headers", "extra_body",
};

#define MAX_EDITS 16

struct plan {
    struct json_edit edits[MAX_EDITS];
    int n;
    bool crowded;         /* more edits than there can be */
    bool bounded;         /* limits that the client names leave */
    const char *front;    /* behind the opening brace */
    const char *kept_end; /* behind the last member that stays, or NULL */
    const char *last_end; /* behind the last member seen */
    const char *cut_from; /* an unfinished cut at the front, or NULL */
    struct json model, stream, options, messages, limit, new_limit;
    struct buf model_text, system_text, limit_text; /* what is spliced in */
    struct buf talk; /* other messages, with other instructions */
};

static void edit(struct plan *p, const char *from, const char *to, str text)
{
    if (p->n == MAX_EDITS) {
        p->crowded = true;
        return;
    }
    p->edits[p->n++] = (struct json_edit){{from, (size_t)(to - from)}, text};
}

static void replace(struct plan *p, struct json v, str text)
{
    edit(p, v.text.p, v.text.p + v.text.n, text);
}

static bool is_control(str name)
{
    for (size_t i = 0; i < sizeof control / sizeof control[0]; i++)
        if (json_is(name, str_of(control[i])))
            return DEFENCE(control_fields);
    return false;
}

/* The limit of an answer has two names, and a service that knows one of them
** does not obey the other. */
static bool is_limit(str name)
{
    return json_is(name, STR("max_tokens")) ||
           json_is(name, STR("max_completion_tokens"));
}

static void note(struct plan *p, const struct json_walk *w)
{
    const struct {
        const char *name;
        struct json *where;
    } wanted[] = {
        {"model", &p->model},
        {"stream", &p->stream},
        {"stream_options", &p->options},
        {"messages", &p->messages},
        {"max_tokens", &p->limit},
        {"max_completion_tokens", &p->new_limit},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (json_is(w->name, str_of(wanted[i].name)))
            *wanted[i].where = w->value;
}

/* A member that leaves, or one that stays. */
static void pass(struct plan *p, const struct json_walk *w)
{
    const char *end = w->value.text.p + w->value.text.n;
    if (is_control(w->name) || (p->bounded && is_limit(w->name))) {
        if (p->kept_end != NULL)
            edit(p, p->last_end, end, STR(""));
        else if (p->cut_from == NULL)
            p->cut_from = w->name.p;
    } else {
        if (p->cut_from != NULL)
            edit(p, p->cut_from, w->name.p, STR(""));
        p->cut_from = NULL;
        p->kept_end = end;
        note(p, w);
    }
    p->last_end = end;
}

static void survey(struct plan *p, struct json body)
{
    struct json_walk w = json_walk(body);
    p->front = body.text.p + 1;
    while (json_next(&w))
        pass(p, &w);
    if (p->cut_from != NULL)
        edit(p, p->cut_from, p->last_end, STR(""));
}

/* Add members, with their comma in front, behind all that stays. */
static void append(struct plan *p, str members)
{
    const char *at = p->kept_end != NULL ? p->kept_end : p->front;
    edit(p, at, at, members);
}

static void set_model(struct plan *p, str model)
{
    bool absent = p->model.kind == JSON_NONE;
    if (absent)
        buf_text(&p->model_text, "\"model\":");
    json_put_string(&p->model_text, model);
    if (absent && p->kept_end != NULL)
        buf_byte(&p->model_text, ',');
    if (absent)
        edit(p, p->front, p->front, buf_str(&p->model_text));
    else
        replace(p, p->model, buf_str(&p->model_text));
}

static void ask_usage(struct plan *p)
{
    struct json options = p->options;
    if (p->stream.kind != JSON_TRUE)
        return;
    if (options.kind == JSON_NONE) {
        append(p, STR(",\"stream_options\":{\"include_usage\":true}"));
    } else if (options.kind == JSON_NULL) {
        replace(p, options, STR("{\"include_usage\":true}"));
    } else if (options.kind == JSON_OBJECT) {
        struct json include = json_get(options, STR("include_usage"));
        struct json_walk w = json_walk(options);
        const char *inside = options.text.p + 1;
        if (include.kind != JSON_NONE)
            replace(p, include, STR("true"));
        else if (json_next(&w))
            edit(p, inside, inside, STR("\"include_usage\":true,"));
        else
            edit(p, inside, inside, STR("\"include_usage\":true"));
    }
}

/* In whichever of its two names the client used; in both if it used both. */
static void set_limit(struct plan *p, int64_t limit)
{
    bool absent = p->limit.kind == JSON_NONE && p->new_limit.kind == JSON_NONE;
    if (absent)
        buf_text(&p->limit_text, ",\"max_tokens\":");
    buf_int(&p->limit_text, limit);
    str text = buf_str(&p->limit_text);
    if (p->limit.kind != JSON_NONE)
        replace(p, p->limit, text);
    if (p->new_limit.kind != JSON_NONE)
        replace(p, p->new_limit, text);
    if (absent)
        append(p, text);
}

/* What this model's limit is called, where nobody said. */
static str limit_name(const struct build *in)
{
    if (in->limit_as.p != NULL)
        return in->limit_as;
    return bound_renames(in->model) ? STR("max_completion_tokens")
                                    : STR("max_tokens");
}

/* In one name, in the place of all that the client said. */
static void set_bound(struct plan *p, const struct build *in)
{
    if (!DEFENCE(bound_written))
        return;
    buf_byte(&p->limit_text, ',');
    json_put_string(&p->limit_text, limit_name(in));
    buf_byte(&p->limit_text, ':');
    buf_int(&p->limit_text, in->bound);
    append(p, buf_str(&p->limit_text));
}

static bool is_system(struct json message)
{
    struct json role = json_get(message, STR("role"));
    return role.kind == JSON_STRING && (json_is(role.text, STR("system")) ||
                                        json_is(role.text, STR("developer")));
}

/* The edit that puts `system` where the first message's instructions are, or
** before it. */
static struct json_edit instruct(struct json messages, str system,
                                 struct buf *text)
{
    struct json_walk w = json_walk(messages);
    bool any = json_next(&w);
    struct json content = json_get(w.value, STR("content"));
    bool instructed = any && is_system(w.value);
    const char *at = instructed ? w.value.text.p + 1 : messages.text.p + 1;

    if (instructed && content.kind != JSON_NONE) {
        json_put_string(text, system);
        return (struct json_edit){content.text, buf_str(text)};
    }
    buf_text(text,
             instructed ? "\"content\":" : "{\"role\":\"system\",\"content\":");
    json_put_string(text, system);
    buf_text(text, instructed ? "," : any ? "}," : "}");
    return (struct json_edit){{at, 0}, buf_str(text)};
}

/* Other messages stand in the place of the client's; instructions are put into
** whichever are asked. */
static int set_messages(struct plan *p, const struct build *in)
{
    bool others = in->messages.p != NULL;
    struct json messages = others ? json_of(in->messages) : p->messages;
    if (messages.kind != JSON_ARRAY || p->messages.kind == JSON_NONE)
        return ERR_INPUT;
    str talk = in->messages;
    if (in->system.p != NULL) {
        struct json_edit e = instruct(messages, in->system, &p->system_text);
        if (!others) {
            edit(p, e.from.p, e.from.p + e.from.n, e.to);
            return 0;
        }
        json_splice(in->messages, &e, 1, &p->talk);
        talk = buf_str(&p->talk);
    }
    replace(p, p->messages, talk);
    return 0;
}

/* The edits in their order: what stands at the front comes first. */
static int overrides(struct plan *p, const struct build *in)
{
    set_model(p, in->model);
    if (in->ask_usage)
        ask_usage(p);
    if (in->bound > 0)
        set_bound(p, in);
    else if (in->max_tokens > 0)
        set_limit(p, in->max_tokens);
    bool talks = in->system.p != NULL || in->messages.p != NULL;
    int err = talks ? set_messages(p, in) : 0;
    if (err == 0 && p->crowded)
        err = ERR_INPUT;
    if (!buf_ok(&p->model_text) || !buf_ok(&p->system_text) ||
        !buf_ok(&p->limit_text) || !buf_ok(&p->talk))
        err = ERR_LIMIT;
    return err;
}

int openai_build(const struct build *in, struct buf *out)
{
    struct json body = json_mapped(in->body, in->map);
    if (body.kind != JSON_OBJECT)
        return ERR_INPUT;
    struct plan p = {.bounded = in->bound > 0};
    buf_init(&p.model_text, in->model.n * 6 + 64);
    buf_init(&p.system_text, in->system.n * 6 + 64);
    buf_init(&p.limit_text, in->limit_as.n * 6 + 64);
    buf_init(&p.talk, in->messages.n + in->system.n * 6 + 64);
    survey(&p, body);
    int err = overrides(&p, in);
    if (err == 0) {
        json_splice(in->body, p.edits, p.n, out);
        err = buf_ok(out) ? 0 : ERR_LIMIT;
    }
    buf_fini(&p.model_text);
    buf_fini(&p.system_text);
    buf_fini(&p.limit_text);
    buf_fini(&p.talk);
    return err;
}
