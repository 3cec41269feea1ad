/*
** bound.c -- one walk over what is to be asked, adding up.
**
** The body's length is the start: all of it goes upstream, so all of it counts.
** From there a declared maximum is added for each thing that bytes do not
** bound, and the bytes of what stands inline for it go; tools and what the
** template adds come on top. The walk goes on only as long as all it meets is
** known: see known.c for what that is.
*/
#include "wire/bound/inner.h"

#include "base/defence.h"
#include "base/err.h"
#include "wire/prompt/prompt.h"

#define TEMPLATE 256  /* tokens a model's template adds of its own */
#define SYSTEM   64   /* around instructions that are put in */
#define TOOLS    1024 /* what explains tools to a model */
#define SPREAD   4    /* tools are shown indented: tokens for a byte, at most */
#define MARGIN   4    /* tokens for each message that was counted */
#define PER_CENT 2    /* and for a hundred of its tokens */

int64_t bound_add(int64_t a, int64_t b)
{
    return b > INT64_MAX - a ? INT64_MAX : a + b;
}

int64_t bound_times(int64_t a, int64_t b)
{
    return b != 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

/* --- what is declared ------------------------------------------------------- */

const char *bound_name(enum bound_kind kind)
{
    static const char *const names[BOUND_KINDS] = {
        "image", "audio", "video",      "file",
        "tool",  "kept",  "prediction", "other"};
    return names[kind];
}

/* The model's name without who sells it: "openai/gpt-4o" is "gpt-4o". */
static str bare(str model)
{
    for (size_t i = model.n; i > 0; i--)
        if (model.p[i - 1] == '/')
            return str_from(model, i);
    return model;
}

static bool is_of(str model, const char *family)
{
    str rest, name = str_of(family);
    if (!str_starts(model, name))
        return false;
    rest = str_from(model, name.n);
    return rest.n == 0 || rest.p[0] == '-' || rest.p[0] == '.' ||
           rest.p[0] == ':' || rest.p[0] == '@';
}

/* Models that think: all of these in silence, OpenAI's with a limit that has
** another name. */
static const struct family {
    const char *name;
    bool renames;
} families[] = {
    {"o1", true},    {"o3", true},      {"o4", true},
    {"gpt-5", true}, {"gemini", false}, {"grok-4", false},
};

static const struct family *family_of(str model)
{
    str name = bare(model);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (is_of(name, families[i].name))
            return &families[i];
    return NULL;
}

bool bound_hides(str model)
{
    return family_of(model) != NULL;
}

bool bound_renames(str model)
{
    const struct family *f = family_of(model);
    return f != NULL && f->renames;
}

/* Does it search the web whatever it is asked? Searches are charged by the piece,
** beside all tokens. */
static bool searches(str model)
{
    static const str inside[] = {
        {"-search-", 8}, {"deep-research", 13}, {":online", 7}};
    str name = bare(model);
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (name.n > 0 &&
            memmem(name.p, name.n, inside[i].p, inside[i].n) != NULL)
            return true;
    return is_of(name, "sonar") || is_of(name, "compound");
}

/* The largest picture that the makers' own papers allow, rounded up; for the
** first of these that fits. Qwen's papers have the most of the others, 16,384. */
int64_t bound_default(enum bound_kind kind, str model)
{
    static const struct {
        const char *family;
        int64_t tokens;
    } pictures[] = {
        {"gpt-4o-mini", 50000}, {"gpt", 10000}, {"o1", 10000},
        {"o3", 10000},          {"o4", 10000},  {"claude", 10000},
    };
    if (kind != BOUND_IMAGE)
        return BOUND_REFUSE;
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++)
        if (is_of(bare(model), pictures[i].family))
            return pictures[i].tokens;
    return 20000;
}

static int64_t most_of(const struct bound_ask *ask, enum bound_kind kind)
{
    const struct bound_most *most = ask->most;
    if (most != NULL && most->said >> kind & 1)
        return most->of[kind];
    return bound_default(kind, ask->model);
}

void bound_charge(struct sum *s, enum bound_kind kind, str name)
{
    int64_t most = most_of(s->ask, kind);
    s->declared = true;
    if (most < 0)
        bound_fail(s, kind, name);
    else if (kind == BOUND_PREDICTION)
        s->besides = bound_add(s->besides, most);
    else
        s->charged = bound_add(s->charged, most);
}

void bound_fail(struct sum *s, enum bound_kind kind, str name)
{
    if (s->failed)
        return;
    s->failed = true;
    *s->why = (struct bound_why){kind, name};
}

/* --- the sum ---------------------------------------------------------------- */

/* What goes upstream as text, in bytes. */
static int64_t bytes_of(const struct sum *s)
{
    const struct bound_ask *ask = s->ask;
    int64_t n = (int64_t)ask->body.text.n + (int64_t)ask->model.n;
    if (ask->messages.p != NULL)
        n += (int64_t)ask->messages.n - (int64_t)s->talk.text.n;
    if (ask->system.p != NULL)
        n += (int64_t)ask->system.n + SYSTEM;
    return n - s->spared + s->tools * (SPREAD - 1);
}

/* No answer has more than is said for the model; a limit that the client names
** may be any number, and is believed up to a point. */
static void set_each(const struct sum *s, struct bound *b)
{
    const struct bound_ask *ask = s->ask;
    int64_t said = ask->max_tokens > 0 ? ask->max_tokens : s->limit;
    int64_t most = ask->max_out > 0 ? ask->max_out
                   : said > 0       ? BOUND_OUT_MOST
                                    : BOUND_OUT;
    b->client_said = said > 0 && said <= most;
    b->each = b->client_said ? said : most;
}

/* The conversation that is asked. */
static struct json talk_of(const struct bound_ask *ask)
{
    return ask->messages.p != NULL ? json_of(ask->messages)
                                   : json_get(ask->body, STR("messages"));
}

static void recall(struct sum *s, const struct bound_seen *seen)
{
    s->thinks = seen->thinks;
    s->tools = seen->tools;
    s->answers = seen->answers;
    s->limit = seen->limit;
}

/* Of the client's own messages, that are part of the body. */
static void see_own(struct sum *s)
{
    struct bound_seen *seen = s->ask->seen;
    if (seen != NULL && seen->known) {
        recall(s, seen);
        return;
    }
    bound_see_body(s, s->ask->body);
    if (seen != NULL && !s->failed && (!s->declared || !DEFENCE(bound_seen)))
        *seen = (struct bound_seen){true, s->thinks, s->tools, s->answers,
                                    s->limit};
}

static void see(struct sum *s)
{
    if (s->ask->messages.p == NULL) {
        see_own(s);
        return;
    }
    bound_see_body(s, s->ask->body);
    bound_see_messages(s, json_of(s->ask->messages));
}

int bound_of(const struct bound_ask *ask, struct bound *bound,
             struct bound_why *why)
{
    struct sum s = {.ask = ask, .why = why, .answers = 1};
    *bound = (struct bound){0};
    *why = (struct bound_why){0};
    if (searches(ask->model))
        bound_charge(&s, BOUND_TOOL, STR("a search of the provider's"));
    see(&s);
    if (s.failed)
        return ERR_INPUT;
    int64_t extra = TEMPLATE + (s.tools > 0 ? TOOLS : 0);
    bound->input = bound_add(bytes_of(&s) + extra, s.charged);
    bound->answers = s.answers;
    bound->thinks = s.thinks || bound_hides(ask->model);
    bound->besides = bound_times(s.besides, s.answers);
    set_each(&s, bound);
    return 0;
}

int64_t bound_output(const struct bound *b)
{
    return bound_add(bound_times(b->each, b->answers), b->besides);
}

/* --- counted ---------------------------------------------------------------- */

/* What counting a text saves beside its bytes, with a margin; negative: not. */
static int64_t saved(size_t bytes, int64_t tokens)
{
    return (int64_t)bytes - tokens - tokens * PER_CENT / 100 - MARGIN;
}

static int64_t save_on_messages(struct json talk, struct tokens *t)
{
    struct json_walk w = json_walk(talk);
    int64_t all = 0;
    while (talk.kind == JSON_ARRAY && t->error == 0 && json_next(&w)) {
        int64_t before = t->n;
        if (!prompt_message(w.value, t))
            continue; /* not all of it is text: it stays bytes */
        int64_t here = saved(w.value.text.n, t->n - before);
        all += here > 0 ? here : 0;
    }
    return all;
}

int64_t bound_counted(const struct bound_ask *ask, const struct bound *bound,
                      struct tokens *t)
{
    if (t->encoding == NULL || t->error != 0)
        return bound->input;
    int64_t all = save_on_messages(talk_of(ask), t);
    if (ask->system.p != NULL) {
        int64_t before = t->n;
        tokens_add(t, ask->system);
        int64_t here = saved(ask->system.n, t->n - before);
        all += here > 0 ? here : 0;
    }
    return t->error == 0 ? bound->input - all : bound->input;
}
