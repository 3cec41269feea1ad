/*
** fuzz_http.c -- the same bytes read by us and by two other parsers.
**
** What we take for a request, llhttp and http_parser must take for the same
** request: method, target, fields, body, and where it ends. They refuse less
** than we do, which is no matter: where we refuse, the connection is closed
** and nothing more is read of it. Where they refuse what we take, there must
** be a reason in the table below. Each reason has an example, which is tried
** at the start: one that no longer applies is a failure.
*/
#include "fuzz.h"

#include "http_grammar.h"
#include "http_oracle.h"
#include "wire/http.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max)
    __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max,
                               unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max,
                               unsigned seed)
{
    n = http_mutate(data, n, max, seed, LLVMFuzzerMutate);
    return n > 0 ? n : 1;
}

/* --- how we read them ------------------------------------------------------ */

static struct http_head head; /* of the message looked at last */

static void write_head(struct http_stream *s)
{
    http_stream_begin(s);
    http_stream_line(s, head.method, head.target);
    for (int i = 0; i < head.fields_n; i++) {
        http_stream_name(s, head.fields[i].name);
        http_stream_value(s, head.fields[i].value);
    }
    http_stream_headed(s);
}

/* Read a message at *at, as a connection does. False when it is the last. */
static bool read_message(str in, size_t *at, struct http_stream *s)
{
    struct http_body body;
    int n = http_parse(&head, str_from(in, *at));
    if (n <= 0) {
        s->refused = n < 0;
        return false;
    }
    *at += (size_t)n;
    write_head(s);
    http_body_init(&body, &head);
    int64_t used =
        http_body_feed(&body, str_from(in, *at), &http_stream_last(s)->text);
    if (used < 0) {
        s->refused = true;
        return false;
    }
    *at += (size_t)used;
    if (!http_body_done(&body))
        return false;
    http_stream_end(s, *at);
    return head.keep_alive;
}

static void read_stream(str in, struct http_stream *s)
{
    size_t at = 0;
    while (s->n < HTTP_MESSAGES && read_message(in, &at, s))
        continue;
}

/* --- why they may refuse what we take -------------------------------------- */

struct reason {
    const char *parser, *word; /* who refuses, and its word (NULL: any) */
    const char *why;
    /* Asked of the message, and of the one before it. */
    bool (*applies)(str message);
    const char *example; /* the last message of it is the one refused */
};

#include "http_reasons.h"

/* The i-th message of a stream that we read. */
static str message_of(str in, const struct http_stream *ours, int i)
{
    size_t from = i > 0 ? ours->at[i - 1].end : 0;
    return (str){in.p + from, ours->at[i].end - from};
}

static bool applies(const struct reason *r, str in,
                    const struct http_stream *ours, int i)
{
    return r->applies(message_of(in, ours, i)) ||
           (i > 0 && r->applies(message_of(in, ours, i - 1)));
}

static bool says(const struct reason *r, const char *word)
{
    return r->word == NULL || strcmp(r->word, word) == 0;
}

static bool has_reason(const char *parser, const char *word, str in,
                       const struct http_stream *ours, int i)
{
    for (size_t n = 0; n < sizeof reasons / sizeof reasons[0]; n++) {
        const struct reason *r = &reasons[n];
        if (strcmp(r->parser, parser) == 0 && says(r, word) &&
            applies(r, in, ours, i))
            return true;
    }
    return false;
}

/* --- the comparison -------------------------------------------------------- */

static void show(const char *who, const struct http_stream *s)
{
    fprintf(stderr, "--- %s: %d, %s %s\n", who, s->n,
            s->refused ? "refused" : "", s->why != NULL ? s->why : "");
    for (int i = 0; i < s->n; i++)
        fprintf(stderr, "[%s, ends at %zu]\n%.*s\n",
                s->at[i].complete ? "whole" : "begun", s->at[i].end,
                STR_ARG(buf_str(&s->at[i].text)));
}

static _Noreturn void disagree(const char *what, const char *parser,
                               const struct http_stream *ours,
                               const struct http_stream *theirs)
{
    show("perilune", ours);
    show(parser, theirs);
    fuzz_stop(__FILE__, __LINE__, what);
}

/* Message i, which we took whole. False when they refused it, with reason. */
static bool same_message(str in, int i, const char *parser,
                         const struct http_stream *ours,
                         const struct http_stream *theirs)
{
    const struct http_message *our = &ours->at[i], *their = &theirs->at[i];
    if (i >= theirs->n || !their->complete) {
        if (!theirs->refused)
            disagree("the message is whole", parser, ours, theirs);
        if (!has_reason(parser, theirs->why, in, ours, i))
            disagree("the message is good", parser, ours, theirs);
        return false;
    }
    if (our->end != their->end)
        disagree("the message ends there", parser, ours, theirs);
    if (!str_eq(buf_str(&our->text), buf_str(&their->text)))
        disagree("the message says that", parser, ours, theirs);
    return true;
}

static void compare(str in, const char *parser, const struct http_stream *ours,
                    const struct http_stream *theirs)
{
    for (int i = 0; i < ours->n && ours->at[i].complete; i++)
        if (!same_message(in, i, parser, ours, theirs))
            return;
    /* We wait for more of the last one: so must they. */
    bool waiting =
        !ours->refused && ours->n > 0 &&
        !http_stream_last((struct http_stream *)(uintptr_t)ours)->complete;
    if (waiting && theirs->n >= ours->n && theirs->at[ours->n - 1].complete)
        disagree("more of the message must come", parser, ours, theirs);
}

static void read_by_all(str in, struct http_stream *ours,
                        struct http_stream *llhttp, struct http_stream *joyent)
{
    http_stream_init(ours, in.n);
    http_stream_init(llhttp, in.n);
    http_stream_init(joyent, in.n);
    read_stream(in, ours);
    http_llhttp(in, llhttp);
    http_joyent(in, joyent);
}

static void forget(struct http_stream *a, struct http_stream *b,
                   struct http_stream *c)
{
    http_stream_fini(a);
    http_stream_fini(b);
    http_stream_fini(c);
}

/* Each reason is one still: we take its example, they refuse it. */
static void check_reasons(void)
{
    struct http_stream ours, llhttp, joyent;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const struct reason *r = &reasons[i];
        str in = str_of(r->example);
        read_by_all(in, &ours, &llhttp, &joyent);
        const struct http_stream *theirs =
            strcmp(r->parser, "llhttp") == 0 ? &llhttp : &joyent;
        int last = ours.n - 1;
        if (last < 0 || !ours.at[last].complete || !theirs->refused ||
            !says(r, theirs->why) || !applies(r, in, &ours, last))
            disagree(r->why, r->parser, &ours, theirs);
        forget(&ours, &llhttp, &joyent);
    }
}

static void requests(str in)
{
    struct http_stream ours, llhttp, joyent;
    read_by_all(in, &ours, &llhttp, &joyent);
    compare(in, "llhttp", &ours, &llhttp);
    compare(in, "http_parser", &ours, &joyent);
    forget(&ours, &llhttp, &joyent);
}

FUZZ_AFTER(check_reasons, requests)
