/*
** path.c -- a list of steps, most of whose words are asked of their calls.
**
** A call's word changes while it lives (asked, ok, dropped, a fault), so it is
** not written down but read off when somebody wants to see the path.
*/
#include "run/path.h"

#define MOST_STEPS   200 /* words of a path; the further ones are not shown */
#define LONGEST_WORD 128 /* bytes of a name in it */

/* A name as the path shows it: a client's choice can forge no word of it. */
static str plain_name(struct request *r, str name)
{
    str plain = {name.p, name.n < LONGEST_WORD ? name.n : LONGEST_WORD};
    plain = arena_copy(&r->arena, plain);
    char *at = (char *)(uintptr_t)plain.p;
    for (size_t i = 0; i < plain.n; i++)
        if ((unsigned char)at[i] <= ' ' || at[i] == ',' || at[i] == 0x7f)
            at[i] = '_';
    return plain;
}

bool request_step(struct request *r, str name, const char *word,
                  struct call *call)
{
    if (r->steps_n == MOST_STEPS)
        return call == NULL;
    struct step *step = arena_zero(&r->arena, sizeof *step);
    if (step == NULL)
        return false;
    *step = (struct step){plain_name(r, name), word, call, NULL};
    if (call != NULL)
        call_keep(call);
    *r->last_step = step;
    r->last_step = &step->next;
    r->steps_n++;
    return true;
}

/* Once something is said to the client, what was obtained and is not it was
** dropped. */
static const char *word_of(const struct request *r, const struct step *step)
{
    const struct call *c = step->call;
    if (step->word != NULL || c == NULL)
        return step->word;
    if (c->fault.kind != FAULT_NONE)
        return fault_word(c->fault.kind);
    if (c != r->answer && (c->dropped || r->status != 0))
        return "dropped";
    if (c->cut)
        return "cut";
    return call_committed(c) || c->dropped ? "ok" : "asked";
}

void request_path(const struct request *r, struct buf *to)
{
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        const char *word = word_of(r, s);
        buf_add(to, s->name);
        if (word != NULL && *word != '\0') {
            buf_byte(to, ' ');
            buf_text(to, word);
        }
        if (s->next != NULL)
            buf_text(to, ", ");
    }
}

void path_release_calls(struct request *r)
{
    for (struct step *s = r->steps; s != NULL; s = s->next) {
        if (s->call == NULL)
            continue;
        call_cancel(s->call);
        call_release(s->call);
        s->call = NULL;
    }
}

void path_cancel_calls(struct request *r, const struct call *but)
{
    for (struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call != NULL && s->call != but)
            call_cancel(s->call);
}
