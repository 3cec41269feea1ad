/*
** fuzz_talk.c -- a conversation that is made shorter, and what is read of texts.
**
** Of any list: what is left is JSON, in its order and to the byte; instructions,
** the last question and the last message stay; no piece leaves in part; what
** is said to be left is what is counted. Of any text: words are a set, and a
** limit that was read is fewer than what went past it. Of any event with
** choices: the end in its look is read as a provider's.
*/
#include "fuzz.h"

#include "kernel/keywords.h"
#include "wire/dialect.h"
#include "wire/turns.h"
#include "wire/window.h"

#define LARGEST (1 << 20)

/* --- turns ----------------------------------------------------------------- */

static void pieces_are_whole(const struct turns *t, struct json question)
{
    int64_t tokens = 3;
    for (int i = 0; i < t->n; i++) {
        const struct message *m = &t->at[i];
        MUST(m->piece <= i && t->at[m->piece].piece == m->piece);
        MUST(m->gone == t->at[m->piece].gone);
        MUST(!m->gone || m->role != TURN_SYSTEM || m->piece != i);
        MUST(!m->gone || m->body.text.p != question.text.p);
        tokens += m->gone ? 0 : m->tokens;
    }
    MUST(tokens == t->tokens);
    MUST(t->n == 0 || !t->at[t->n - 1].gone);
}

static void what_is_left_is_the_same(const struct turns *t)
{
    struct buf out;
    struct json_error error;
    buf_init(&out, LARGEST);
    turns_put(t, STR_NONE, &out);
    MUST(buf_ok(&out) && json_check(buf_str(&out), &error));
    struct json_walk w = json_walk(json_of(buf_str(&out)));
    for (int i = 0; i < t->n; i++)
        if (!t->at[i].gone)
            MUST(json_next(&w) && str_eq(w.value.text, t->at[i].body.text));
    MUST(!json_next(&w));
    buf_clear(&out);
    turns_put(t, STR("note"), &out);
    MUST(buf_ok(&out) && json_check(buf_str(&out), &error));
    buf_fini(&out);
}

static void shorten(str in, struct json list)
{
    struct turns t;
    struct arena arena;
    uint64_t ids[8];
    arena_init(&arena);
    if (turns_read(&t, list, &arena)) {
        int64_t most = t.tokens > 0 ? (int64_t)(str_hash(in) % 2000) : 0;
        bool fits = t.tokens <= most;
        int n = turns_drop(&t, most, 1 + (int)(in.n % 3));
        MUST(!fits || n == 0);
        pieces_are_whole(&t, turns_question(list));
        what_is_left_is_the_same(&t);
    }
    int loop = turns_loop(list, ids, 8);
    MUST(loop >= -1 && loop <= 8);
    arena_fini(&arena);
}

/* --- texts ----------------------------------------------------------------- */

static void read_text(str in)
{
    struct words w;
    words_of(&w, in);
    MUST(w.n >= 0 && w.n <= WORDS_MOST);
    for (int i = 1; i < w.n; i++)
        MUST(w.at[i - 1] < w.at[i]);
    struct window limit = window_told(in);
    MUST(limit.asked == 0 || limit.asked > limit.limit);
    MUST(window_aim(limit, 1000) < 1000);
    struct keywords k = {0};
    if (keywords_entry(&k, STR("")) == 0 && keywords_question(&k, in) == 0) {
        MUST(keywords_weigh(&k) == 0);
        MUST(keywords_find(&k, in, 1) == 0);
    }
    keywords_fini(&k);
}

/* --- ends ------------------------------------------------------------------ */

static void end_like(str event)
{
    struct buf frame, out;
    struct tap tap = {0};
    struct sse_event e;
    buf_init(&frame, LARGEST);
    buf_init(&out, LARGEST);
    if (dialect_openai.frame(event, &frame)) {
        dialect_openai.put_end(&out, buf_str(&frame), 5, NULL);
        str rest = buf_str(&out);
        MUST(buf_ok(&out) && sse_next(&rest, &e));
        int verdict = dialect_openai.event(&tap, &e, true);
        MUST(verdict == EVENT_RELAY || verdict == EVENT_ERROR);
        MUST(verdict == EVENT_ERROR || tap.open == 0);
    }
    buf_fini(&frame);
    buf_fini(&out);
}

static void talk(str in)
{
    struct json_error error;
    if (in.n > LARGEST / 16)
        return;
    read_text(in);
    if (!json_check(in, &error))
        return;
    shorten(in, json_of(in));
    if (memchr(in.p, '\n', in.n) == NULL && memchr(in.p, '\r', in.n) == NULL)
        end_like(in);
}

FUZZ(talk)
