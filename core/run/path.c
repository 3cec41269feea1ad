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

static struct step *add(struct request *r, str name)
{
    if (r->steps_n == MOST_STEPS)
        return NULL;
    struct step *step = arena_zero(&r->arena, sizeof *step);
    if (step == NULL)
        return NULL;
    step->name = plain_name(r, name);
    *r->last_step = step;
    r->last_step = &step->next;
    r->steps_n++;
    return step;
}

bool request_step(struct request *r, str name, const char *word)
{
    if (r->steps_n == MOST_STEPS)
        return true;
    struct step *step = add(r, name);
    if (step != NULL)
        step->word = word;
    return step != NULL;
}

bool strand_step(struct strand *s, str name, struct call *call)
{
    struct step *step = add(s->request, name);
    if (step == NULL)
        return false;
    step->call = call;
    step->strand = s;
    call_keep(call);
    return true;
}

void path_imposed(struct request *r, const struct call *call, int64_t out)
{
    for (struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call == call)
            s->max_out = out;
}

/* Once something is said to the client, what was obtained and is not it was
** dropped. */
static const char *word_of(const struct request *r, const struct step *step)
{
    const struct call *c = step->call;
    if (step->word != NULL || c == NULL)
        return step->word;
    if (c->ration.refused)
        return "limited"; /* by us: nobody was asked */
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
        if (s->max_out > 0 && s->call != NULL && call_committed(s->call)) {
            buf_text(to, "(max_out=");
            buf_int(to, s->max_out);
            buf_byte(to, ')');
        }
        if (s->next != NULL)
            buf_text(to, ", ");
    }
}

/* Cancel a step's call. One that has not reached its upstream yet was no
** attempt: nobody read it, and nobody charges for it. */
static void cancel(struct request *r, struct step *s)
{
    bool asked = s->call->arrived || s->call->state == CALL_ENDED;
    call_cancel(s->call);
    if (asked)
        return;
    s->word = "unasked";
    r->attempts--;
}

void path_release_calls(struct request *r)
{
    for (struct step *s = r->steps; s != NULL; s = s->next) {
        if (s->call == NULL)
            continue;
        cancel(r, s);
        call_release(s->call);
        s->call = NULL;
    }
}

void path_cancel_calls(struct request *r, const struct call *but)
{
    for (struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call != NULL && s->call != but)
            cancel(r, s);
}

void path_move_calls(const struct strand *from, const struct strand *to)
{
    for (struct step *s = from->request->steps; s != NULL; s = s->next)
        if (s->strand == from)
            s->strand = to;
}

void path_cancel_branch(const struct strand *branch)
{
    for (struct step *s = branch->request->steps; s != NULL; s = s->next) {
        if (s->strand != branch || s->call->fault.kind != FAULT_NONE)
            continue;
        s->word = "cancelled";
        cancel(branch->request, s);
    }
}
