/*
** tokens.c -- core.tokens and req.tokens.
**
** Counting is C's work and may be long: it looks whether the policy is out of
** time, and stops by itself, since texts that were decoded for it must be given
** back before anything is raised. Reading a vocabulary, which happens once, is not
** the policy's time.
*/
#include "bind/tokens/tokens.h"

#include "base/err.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/realm/tokenizers.h"
#include "run/sandbox.h"
#include "wire/prompt/prompt.h"

static bool goes_on(void *user)
{
    return !allowance_over(user);
}

static const char *why_unusable(int error)
{
    switch (error) {
    case ERR_INPUT:
        return "is no rank file";
    case ERR_LIMIT:
        return "is too large";
    case ERR_MEMORY:
        return "cannot be read now: not enough memory";
    default:
        return "cannot be read";
    }
}

static void tell(struct runtime *rt, enum encoding_name which, int error)
{
    char text[160];
    struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    buf_text(&b, which == ENCODING_O200K ? "o200k_base.tiktoken "
                                         : "cl100k_base.tiktoken ");
    buf_text(&b, why_unusable(error));
    buf_text(&b, "; tokens of its models are estimated");
    event_runtime(rt, "tokenizer_unusable", buf_str(&b));
}

/* The encoding of a model (absent: of those one asks first); NULL when it has
** none, or its vocabulary is not there. */
static const struct encoding *encoding_of(struct generation *g, str model)
{
    struct runtime *rt = g->rt;
    enum encoding_name which =
        model.p != NULL ? tokens_encoding(model) : ENCODING_O200K;
    int error;
    nanos from = world_now(rt->world);
    const struct encoding *e = tokenizers_get(rt->tokenizers, which, &error);
    allowance_excuse(g, world_now(rt->world) - from);
    if (error != 0)
        tell(rt, which, error);
    return e;
}

static struct tokens begin(struct generation *g, str model)
{
    return (struct tokens){
        .encoding = encoding_of(g, model), .look = goes_on, .user = g};
}

static void finish(lua_State *L, const struct tokens *t)
{
    allowance_look(L);
    if (t->error != 0)
        luaL_error(L, "not enough memory to count tokens");
    lua_pushinteger(L, (lua_Integer)t->n);
}

static str model_of(const struct view *v)
{
    return v->model.p != NULL ? v->model : v->request->model;
}

static str text_at(lua_State *L, int arg)
{
    str s = STR_NONE;
    if (!lua_isnoneornil(L, arg))
        s.p = luaL_checklstring(L, arg, &s.n);
    return s;
}

static void count_view(struct tokens *t, const struct view *v)
{
    prompt_count_with(v->request->root, bind_messages(v), v->system, t);
}

void bind_push_tokens(lua_State *L, const struct view *v)
{
    struct tokens t = begin(generation_of(L), model_of(v));
    count_view(&t, v);
    finish(L, &t);
}

int64_t bind_bound_counted(lua_State *L, const struct bound_ask *ask,
                           const struct bound *bound)
{
    struct tokens t = begin(generation_of(L), ask->model);
    int64_t n = bound_counted(ask, bound, &t);
    allowance_look(L);
    return n;
}

/* tokens(text | messages | req, model = nil) -> how many, were they counted? */
static int tokens(lua_State *L)
{
    struct generation *g = generation_of(L);
    str model = text_at(L, 2);
    struct tokens t;
    if (lua_type(L, 1) == LUA_TSTRING) {
        t = begin(g, model);
        tokens_add(&t, text_at(L, 1));
    } else if (lua_istable(L, 1)) {
        struct json messages = json_of(bind_encode(L, 1));
        t = begin(g, model);
        prompt_messages(messages, &t);
    } else {
        const struct view *v = bind_view(L, 1);
        t = begin(g, model.p != NULL ? model : model_of(v));
        count_view(&t, v);
    }
    finish(L, &t);
    lua_pushboolean(L, t.encoding != NULL && !t.guessed);
    return 2;
}

static const luaL_Reg functions[] = {
    {"tokens", tokens},
    {NULL, NULL},
};

void bind_tokens(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
