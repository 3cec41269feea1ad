/*
** fuzz_bound.c -- what a call can take at most.
**
** An input is a body. Where it has a bound, that is never below what its prompt
** counts in any vocabulary, whole or message by message; the counted bound lies
** between the two. Other messages and instructions in its place hold to the
** same. The client's own limit is never passed, and no sum is negative.
*/
#include "fuzz.h"

#include "base/err.h"
#include "kernel/rank_rig.h"
#include "wire/bound.h"
#include "wire/prompt/prompt.h"

#define MOST    2048 /* bytes; some countings are dear */
#define ENCODED 3

static struct encoding encodings[ENCODED];

/* In the last a byte is a token: no text is more. */
static void setup(void)
{
    static const char *const samples[] = {
        "the moon is nearer than the sun; {\"role\":\"user\",\"content\":",
        "aaaabaaabbb \\n\\u00e9\xe6\x9c\x88\xf0\x9f\x8c\x99"};
    for (int i = 0; i < ENCODED; i++) {
        struct buf file;
        buf_init(&file, 1 << 20);
        if (i < 2)
            rig_ranks(&file, str_of(samples[i]), 200, 8, (uint64_t)i);
        else
            rig_bytes(&file);
        encodings[i].split = i == 1 ? SPLIT_CL100K : SPLIT_O200K;
        MUST(ranks_read(&encodings[i].ranks, buf_str(&file)) == 0);
        buf_fini(&file);
    }
}

/* Is there nothing in the messages but texts? */
static bool only_texts(struct json messages)
{
    struct json_walk w = json_walk(messages);
    struct tokens t = {.encoding = &encodings[2]};
    if (messages.kind != JSON_ARRAY)
        return false;
    while (json_next(&w))
        if (!prompt_message(w.value, &t))
            return false;
    return t.error == 0;
}

static void of_encoding(const struct bound_ask *ask, const struct bound *b,
                        const struct encoding *e)
{
    struct tokens exact = {.encoding = e}, counted = {.encoding = e};
    struct json talk = ask->messages.p != NULL
                           ? json_of(ask->messages)
                           : json_get(ask->body, STR("messages"));
    int64_t tight = bound_counted(ask, b, &counted);
    MUST(tight <= b->input && tight >= 0);
    if (!only_texts(talk))
        return;
    prompt_count_with(ask->body, talk, ask->system, &exact);
    MUST(exact.error != 0 || exact.n <= b->input);
    MUST(exact.error != 0 || exact.n <= tight);
}

static void bound_holds(struct bound_ask ask)
{
    struct bound b;
    struct bound_why why;
    int rc = bound_of(&ask, &b, &why);
    MUST(rc == 0 || rc == ERR_INPUT);
    if (rc != 0) {
        struct buf said;
        buf_init(&said, 4096);
        MUST(why.kind <= BOUND_KINDS);
        bound_put_why(&why, &said);
        MUST(said.n > 0);
        buf_fini(&said);
        return;
    }
    MUST(b.input >= 0 && b.each > 0 && b.answers > 0 && b.besides >= 0);
    MUST(b.each <= (ask.max_out > 0 ? ask.max_out : BOUND_OUT_MOST));
    MUST(bound_output(&b) >= b.each && bound_output(&b) >= b.answers);
    for (int i = 0; i < ENCODED; i++)
        of_encoding(&ask, &b, &encodings[i]);
}

static void body(str in)
{
    static const struct bound_most all = {
        .said = (1u << BOUND_KINDS) - 1,
        .of = {1000, 2000, 3000, 4000, 5000, 6000, 7000, BOUND_MOST_SAID}};
    struct json_error error;
    char *exact = malloc(in.n + 1); /* so that reading past it is seen */
    MUST(exact != NULL);
    memcpy(exact, in.p, in.n);
    in = (str){exact, in.n};
    if (in.n <= MOST && json_check(in, &error) &&
        json_of(in).kind == JSON_OBJECT) {
        struct bound_ask ask = {.body = json_of(in), .model = STR("up/m")};
        bound_holds(ask);
        ask.most = &all;
        ask.max_out = 300;
        bound_holds(ask);
        ask.system = STR("Answer briefly, about the moon.");
        ask.messages = STR("[{\"role\":\"user\",\"content\":\"the moon?\"}]");
        bound_holds(ask);
    }
    free(exact);
}

FUZZ_AFTER(setup, body)
