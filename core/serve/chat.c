/*
** chat.c -- POST /v1/chat/completions.
**
** The body is checked once, strictly, and from then on carried as bytes, beside
** a map by which whoever looks for something in it passes over the rest. What
** is wrong with it is said here, in words that help, before any policy runs;
** what only a provider can judge is left to the provider.
*/
#include "serve/inner.h"

#include "run/generation.h"
#include "run/runtime.h"

static struct request *refuse(struct arrival *a, int status, const char *code,
                              str param, str message)
{
    struct error_shape e = {
        .message = message,
        .type =
            status < 500 ? STR("invalid_request_error") : STR("server_error"),
        .param = param,
        .code = str_of(code),
    };
    arrival_error(a, status, &e);
    return NULL;
}

static struct request *refuse_json(struct arrival *a,
                                   const struct json_error *error)
{
    char text[160];
    struct buf message = {.p = text, .cap = sizeof text, .max = sizeof text};
    buf_print(&message,
              "The body is not valid JSON at byte %zu: %s. Send one JSON "
              "object.",
              error->at + 1, error->what);
    return refuse(a, 400, "invalid_json", STR_NONE, buf_str(&message));
}

/* --- what must hold of the body -------------------------------------------- */

struct complaint {
    const char *param;
    const char *message;
};

static bool is_one_of(struct json v, enum json_kind a, enum json_kind b)
{
    return v.kind == JSON_NONE || v.kind == JSON_NULL || v.kind == a ||
           v.kind == b;
}

static const char lookalike_inside[] =
    "A field of a message has the name of another in other letters, and some "
    "providers would take it for that one. Write the name in small letters, or "
    "leave the field out.";

/* The parts of a content: only their names matter here. */
static const char *check_parts(struct json content)
{
    struct json_walk parts = json_walk(content);
    while (content.kind == JSON_ARRAY && json_next(&parts)) {
        struct json_walk w = json_walk(parts.value);
        while (parts.value.kind == JSON_OBJECT && json_next(&w))
            if (lookalike(w.name, lookalike_part) != NULL)
                return lookalike_inside;
    }
    return NULL;
}

static const char *check_message(struct json message)
{
    struct json role = {.kind = JSON_NONE}, content = role;
    if (message.kind != JSON_OBJECT)
        return "Every item of messages must be an object with a role.";
    struct json_walk w = json_walk(message);
    while (json_next(&w)) {
        if (json_is(w.name, STR("role")))
            role = w.value;
        else if (json_is(w.name, STR("content")))
            content = w.value;
        else if (lookalike(w.name, lookalike_message) != NULL)
            return lookalike_inside;
    }
    if (role.kind != JSON_STRING)
        return "Every message needs a role: \"system\", \"user\", "
               "\"assistant\" or \"tool\".";
    if (!is_one_of(content, JSON_STRING, JSON_ARRAY))
        return "The content of a message must be a string or an array of "
               "parts.";
    return check_parts(content);
}

static const char *check_messages(struct json messages)
{
    if (messages.kind == JSON_NONE)
        return "messages is missing: send the conversation as an array of "
               "{\"role\": ..., \"content\": ...}.";
    if (messages.kind != JSON_ARRAY)
        return "messages must be an array.";
    struct json_walk walk = json_walk(messages);
    const char *wrong = "messages must not be empty.";
    while (json_next(&walk))
        if ((wrong = check_message(walk.value)) != NULL)
            return wrong;
    return wrong;
}

/* The members we look at, found in one walk over the body. */
struct members {
    struct json model, messages, stream, stream_options, max_tokens, user;
    const char *taken_for; /* by others: a name that looks like this one */
};

static struct members members_of(struct json root)
{
    struct members m = {.model = {.kind = JSON_NONE}};
    const struct {
        str name;
        struct json *to;
    } wanted[] = {
        {STR("model"), &m.model},
        {STR("messages"), &m.messages},
        {STR("stream"), &m.stream},
        {STR("stream_options"), &m.stream_options},
        {STR("max_tokens"), &m.max_tokens},
        {STR("user"), &m.user},
    };
    struct json_walk walk = json_walk(root);
    while (json_next(&walk)) {
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            if (json_is(walk.name, wanted[i].name))
                *wanted[i].to = walk.value;
        if (m.taken_for == NULL)
            m.taken_for = lookalike(walk.name, lookalike_body);
    }
    return m;
}

static struct complaint check_body(const struct members *m)
{
    const char *messages = check_messages(m->messages);
    if (m->taken_for != NULL)
        return (struct complaint){
            m->taken_for, "A field has this name in other letters, and some "
                          "providers would take it for this one. Write the "
                          "name in small letters, or leave the field out."};
    if (messages != NULL)
        return (struct complaint){"messages", messages};
    if (m->model.kind != JSON_NONE && m->model.kind != JSON_STRING)
        return (struct complaint){"model", "model must be a string."};
    if (!is_one_of(m->stream, JSON_TRUE, JSON_FALSE))
        return (struct complaint){"stream", "stream must be true or false."};
    if (!is_one_of(m->stream_options, JSON_OBJECT, JSON_OBJECT))
        return (struct complaint){"stream_options",
                                  "stream_options must be an object."};
    if (!is_one_of(m->max_tokens, JSON_NUMBER, JSON_NUMBER))
        return (struct complaint){"max_tokens", "max_tokens must be a number."};
    return (struct complaint){NULL, NULL};
}

/* --- the request ----------------------------------------------------------- */

static bool copy_fields(struct request *r, const struct arrival *a)
{
    size_t n = (size_t)a->fields_n * sizeof *r->fields;
    r->fields = arena_zero(&r->arena, n);
    if (r->fields == NULL)
        return false;
    if (n > 0)
        memcpy(r->fields, a->fields, n);
    r->fields_n = a->fields_n;
    return true;
}

static str text_of(struct request *r, struct json string)
{
    struct buf text;
    buf_init(&text, string.text.n + 1);
    str copy = arena_copy(&r->arena, json_text(string, &text));
    buf_fini(&text);
    return copy;
}

/* The map is on our stack: keep what there is of it. */
static struct json keep(struct request *r, struct json root)
{
    size_t size = json_map_size(root.map);
    struct json_map *map = NULL;
    if (root.map->n > 0)
        map = arena_zero(&r->arena, size);
    if (map != NULL)
        memcpy(map, root.map, size);
    root.map = map;
    return root;
}

static bool fill(struct request *r, struct arrival *a, struct json root,
                 const struct members *m)
{
    r->memory = a->memory;
    a->memory = NULL;
    r->body = a->body;
    r->root = keep(r, root);
    r->asked.stream = m->stream.kind == JSON_TRUE;
    r->asked.usage =
        json_get(m->stream_options, STR("include_usage")).kind == JSON_TRUE;
    r->model = text_of(r, m->model);
    identify_request(r, a, text_of(r, m->user));
    r->hops = hops_before(r, a);
    r->job = a->job;
    return copy_fields(r, a) && (a->caller.key == NULL || r->key != NULL);
}

static struct request *begin(struct service *s, struct arrival *a,
                             struct json root, const struct members *m)
{
    struct generation *g = runtime_policy(s->rt);
    if (g == NULL)
        return refuse(a, 503, "no_policy", STR_NONE,
                      STR("The gateway has no policy that loads; its log says "
                          "why."));
    struct idempotency_key key;
    if (!idempotency_reads(a, g, &key))
        return NULL;
    struct request *r = request_open(s->rt, g, &a->sink);
    if (r == NULL)
        return refuse(a, 503, "no_memory", STR_NONE,
                      STR("The gateway is out of memory. Try again later."));
    bool whole = fill(r, a, root, m) && idempotency_wants(r, a, &key);
    booking_open(s, r);
    journal_open(r);
    if (whole)
        request_run(r);
    else
        request_stop(r, OUTCOME_SHUTDOWN);
    return r;
}

struct request *chat_take(struct service *s, struct arrival *a)
{
    struct json_error error;
    struct json_map map;
    enum away why = admission_ask(s, a->crowded);
    if (why != AWAY_NOT) {
        admission_refuse(a, why);
        return NULL;
    }
    if (a->body.n == 0)
        return refuse(a, 400, "invalid_json", STR_NONE,
                      STR("The body is empty. Send a JSON object with model "
                          "and messages."));
    if (!json_check_map(a->body, &map, &error))
        return refuse_json(a, &error);
    struct json root = json_mapped(a->body, &map);
    if (root.kind != JSON_OBJECT)
        return refuse(a, 400, "invalid_json", STR_NONE,
                      STR("The body must be a JSON object with model and "
                          "messages."));
    struct members members = members_of(root);
    struct complaint wrong = check_body(&members);
    if (wrong.message != NULL)
        return refuse(a, 400, "invalid_request", str_of(wrong.param),
                      str_of(wrong.message));
    return begin(s, a, root, &members);
}
