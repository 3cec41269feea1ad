/*
** faq.c -- written answers to questions that are often asked (p.faq).
**
**     [ { "question": "How do I reset my password?",
**         "questions": ["..."], "keywords": ["forgot"], "answer": "..." }, ... ]
**
** The file is read at load: what is wrong with it is said then, with the line
** or the entry where it stands. The answers are Lua's texts, in the user value.
*/
#include "bind/bind.h"

#include "base/err.h"
#include "base/mem.h"
#include "kernel/keywords.h"
#include "run/path.h"
#include "run/strand/strand.h"
#include "run/sandbox.h"
#include "wire/turns.h"

#define FAQ_TYPE "perilune.faq"
#define LONGEST  4096 /* bytes of a message that may be such a question */

static struct keywords *to_faq(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, FAQ_TYPE);
}

static int collect(lua_State *L)
{
    keywords_fini(to_faq(L, 1));
    return 0;
}

/* --- reading the file ------------------------------------------------------ */

/* While an entry is read; `nth` counts from 1. */
struct entry {
    lua_State *L;
    struct keywords *faq;
    int nth, questions;
    struct json answer, question, all, keywords;
};

/* Leave nil and a message about an entry. */
static int wrong(const struct entry *e, const char *what)
{
    lua_pushnil(e->L);
    lua_pushfstring(e->L, "entry %d %s", e->nth, what);
    return 2;
}

/* The text of a string, in memory of Lua's that is pushed. */
static str push_decoded(lua_State *L, struct json string)
{
    char *room = lua_newuserdatauv(L, string.text.n, 0);
    struct buf text = {.p = room, .cap = string.text.n, .max = string.text.n};
    json_decode(string, &text);
    return buf_str(&text);
}

static bool note_member(struct entry *e, const struct json_walk *w)
{
    const struct {
        const char *name;
        struct json *where;
    } known[] = {{"answer", &e->answer},
                 {"question", &e->question},
                 {"questions", &e->all},
                 {"keywords", &e->keywords}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (json_is(w->name, str_of(known[i].name))) {
            *known[i].where = w->value;
            return true;
        }
    return false;
}

static bool is_list_of_texts(struct json v)
{
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_ARRAY)
        return v.kind == JSON_NONE;
    while (json_next(&w))
        if (w.value.kind != JSON_STRING)
            return false;
    return true;
}

/* What is wrong with the entry's members, or NULL. */
static const char *look_at(struct entry *e, struct json v)
{
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_OBJECT)
        return "is no object such as { \"question\": \"...\", \"answer\": "
               "\"...\" }";
    while (json_next(&w))
        if (!note_member(e, &w))
            return "has an unknown name (there are: answer, keywords, "
                   "question, questions)";
    if (e->answer.kind != JSON_STRING || e->answer.text.n == 2)
        return "has no \"answer\" that is a text";
    if (e->question.kind != JSON_NONE && e->question.kind != JSON_STRING)
        return "has a \"question\" that is no text";
    if (!is_list_of_texts(e->all))
        return "has \"questions\" that are no list of texts";
    if (!is_list_of_texts(e->keywords))
        return "has \"keywords\" that are no list of texts";
    return NULL;
}

static int begin_entry(struct entry *e)
{
    struct buf also;
    struct json_walk w = json_walk(e->keywords);
    char *room = lua_newuserdatauv(e->L, e->keywords.text.n + 1, 0);
    also = (struct buf){.p = room,
                        .cap = e->keywords.text.n + 1,
                        .max = e->keywords.text.n + 1};
    while (e->keywords.kind == JSON_ARRAY && json_next(&w)) {
        json_decode(w.value, &also);
        buf_byte(&also, ' ');
    }
    int error = keywords_entry(e->faq, buf_str(&also));
    lua_pop(e->L, 1);
    return error;
}

static int add_question(struct entry *e, struct json question)
{
    if (question.kind != JSON_STRING)
        return 0;
    e->questions++;
    int error = keywords_question(e->faq, push_decoded(e->L, question));
    lua_pop(e->L, 1);
    return error;
}

/* Take an entry in; its answer goes into the table at `answers`. What is wrong
** with it, or NULL. */
static const char *take_entry(struct entry *e, struct json v, int answers)
{
    const char *why = look_at(e, v);
    if (why != NULL)
        return why;
    int error = begin_entry(e);
    if (error == ERR_INPUT)
        return "has more than 64 keywords";
    if (error == 0)
        error = add_question(e, e->question);
    struct json_walk w = json_walk(e->all);
    while (error == 0 && e->all.kind == JSON_ARRAY && json_next(&w))
        error = add_question(e, w.value);
    if (error == ERR_MEMORY)
        luaL_error(e->L, "not enough memory");
    if (error == ERR_INPUT)
        return "has a question without a word to look for, or with more than "
               "64";
    if (e->questions == 0)
        return "has no \"question\"";
    str answer = push_decoded(e->L, e->answer);
    lua_pushlstring(e->L, answer.p, answer.n);
    lua_rawseti(e->L, answers, e->nth);
    lua_pop(e->L, 1);
    return NULL;
}

static int bad_json(lua_State *L, str text, const struct json_error *error)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < error->at && i < text.n; i++) {
        column = text.p[i] == '\n' ? 1 : column + 1;
        line += text.p[i] == '\n';
    }
    lua_pushnil(L);
    lua_pushfstring(L, "line %d, column %d: %s", line, column, error->what);
    return 2;
}

static struct keywords *push_faq(lua_State *L)
{
    struct keywords *faq = lua_newuserdatauv(L, sizeof *faq, 1);
    *faq = (struct keywords){0};
    luaL_setmetatable(L, FAQ_TYPE);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    return faq;
}

/* faq(text) -> the answers of a file; or nil and what is wrong with it */
static int new_faq(lua_State *L)
{
    str text;
    struct json_error error;
    text.p = luaL_checklstring(L, 1, &text.n);
    lua_settop(L, 1);
    if (!json_check(text, &error))
        return bad_json(L, text, &error);
    struct json list = json_of(text);
    struct keywords *faq = push_faq(L); /* at 2, its answers at 3 */
    struct json_walk w = json_walk(list);
    int n = 0;
    while (list.kind == JSON_ARRAY && json_next(&w)) {
        struct entry e = {.L = L, .faq = faq, .nth = ++n};
        const char *why = take_entry(&e, w.value, 3);
        if (why != NULL)
            return wrong(&e, why);
    }
    if (n == 0) {
        lua_pushnil(L);
        lua_pushliteral(L, "it is no list of entries such as { \"question\": "
                           "\"...\", \"answer\": \"...\" }");
        return 2;
    }
    if (keywords_weigh(faq) != 0)
        return luaL_error(L, "not enough memory");
    lua_settop(L, 2);
    return 1;
}

/* --- answering ------------------------------------------------------------- */

/* The entry that the last message of the user asks for, or -1: a picture, or a
** long message, asks for none. */
static int find(const struct keywords *faq, const struct view *view,
                double least)
{
    struct json question = turns_question(bind_messages(view));
    if (question.kind == JSON_NONE || question.text.n > LONGEST)
        return -1;
    struct buf text;
    buf_init(&text, LONGEST);
    bool plain = turns_text(question, &text) && buf_ok(&text);
    int entry = plain ? keywords_find(faq, buf_str(&text), least) : -1;
    buf_fini(&text);
    return entry;
}

/* faq_answer(faq, req, min) -> the written answer, or nil and req.fault */
static int answer(lua_State *L)
{
    const struct keywords *faq = to_faq(L, 1);
    struct view *view = bind_view(L, 2);
    int entry = find(faq, view, luaL_checknumber(L, 3));
    request_step(view->request, STR("faq"), entry >= 0 ? "hit" : "miss");
    if (entry < 0) {
        lua_pushnil(L);
        bind_push_fault(L, &bind_strand(L, view->request)->fault);
        return 2;
    }
    str text;
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, entry + 1);
    text.p = luaL_checklstring(L, -1, &text.n);
    bind_push_written(L, WRITTEN_FAQ, text);
    return 1;
}

static const luaL_Reg functions[] = {
    {"faq", new_faq},
    {"faq_answer", answer},
    {NULL, NULL},
};

void bind_faq(lua_State *L)
{
    bind_type(L, &(struct bind_type){.name = FAQ_TYPE, .gc = collect});
    luaL_setfuncs(L, functions, 0);
}
