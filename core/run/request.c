/*
** request.c -- opening and ending requests, and what they remember.
*/
#include "run/request.h"

#include <lauxlib.h>

#include "base/mem.h"
#include "run/answer.h"
#include "run/filter.h"
#include "run/generation.h"
#include "run/task.h"

#define MOST_STEPS   200 /* words of a path; the further ones are not shown */
#define LONGEST_WORD 128 /* bytes of a name in it */

static struct request *blank(struct runtime *rt)
{
    struct request *r = rt->spare;
    if (r == NULL)
        return mem_zero(sizeof *r);
    rt->spare = r->next;
    *r = (struct request){ 0 };
    return r;
}

static void link_live(struct request *r)
{
    struct runtime *rt = r->rt;
    r->next = rt->live;
    r->at = &rt->live;
    if (r->next != NULL)
        r->next->at = &r->next;
    rt->live = r;
}

static void unlink_live(struct request *r)
{
    *r->at = r->next;
    if (r->next != NULL)
        r->next->at = r->at;
}

struct request *request_open(struct runtime *rt, struct generation *gen,
                             const struct sink *sink)
{
    struct request *r = blank(rt);
    if (r == NULL)
        return NULL;
    r->rt = rt;
    r->serial = ++rt->serial;
    r->gen = gen;
    r->sink = *sink;
    r->last_step = &r->steps;
    r->dialect = &dialect_openai;
    r->co_ref = LUA_NOREF;
    r->started = world_now(rt->world);
    r->deadline = r->started + rt->limits.deadline;
    arena_init(&r->arena);
    generation_keep(gen);
    link_live(r);
    stat_add(&rt->stats.open, 1);
    return r;
}

void request_on_end(struct request *r, struct ending *ending)
{
    ending->next = r->endings;
    r->endings = ending;
}

static void run_endings(struct request *r)
{
    while (r->endings != NULL) {
        struct ending *ending = r->endings;
        r->endings = ending->next;
        ending->run(ending, r);
    }
}

static void release_calls(struct request *r)
{
    for (struct step *s = r->steps; s != NULL; s = s->next) {
        if (s->call == NULL)
            continue;
        call_cancel(s->call);
        call_release(s->call);
        s->call = NULL;
    }
}

static void cancel_calls(struct request *r)
{
    for (struct step *s = r->steps; s != NULL; s = s->next)
        if (s->call != NULL)
            call_cancel(s->call);
}

/* Back on the shelf; the serial makes every handle to it stale. */
static void shelve(struct request *r)
{
    struct runtime *rt = r->rt;
    unlink_live(r);
    stat_add(&rt->stats.open, (uint64_t)-1);
    filtering_close(r->filtering);
    buf_fini(&r->filtered);
    mem_free(r->memory);
    arena_fini(&r->arena);
    generation_release(r->gen);
    r->serial = 0;
    r->next = rt->spare;
    rt->spare = r;
}

void request_finish(struct request *r, enum outcome outcome)
{
    if (r->over)
        return;
    r->over = true;
    r->outcome = outcome == OUTCOME_ANSWERED && r->stopping ? OUTCOME_SHUTDOWN
                                                            : outcome;
    r->ended = world_now(r->rt->world);
    task_end(r);
    if (r->answer != NULL)
        call_detach(r->answer, &r->relay);
    cancel_calls(r);
    r->sink.done(r->sink.user, r->outcome);
    run_endings(r);
    release_calls(r);
    shelve(r);
}

void request_stop(struct request *r, enum outcome outcome)
{
    if (outcome == OUTCOME_SHUTDOWN)
        answer_shutdown(r);
    else
        request_finish(r, outcome);
}

void request_run(struct request *r)
{
    uint64_t serial = r->serial;
    bool outermost = request_enter(r);
    task_begin(r);
    if (r->serial == serial)
        request_leave(r, outermost);
}

/* --- what it remembers ----------------------------------------------------- */

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

void request_fault(struct request *r, const struct fault *fault)
{
    r->fault = *fault;
}

bool request_enter(struct request *r)
{
    if (r->entered != 0)
        return false;
    r->entered = world_now(r->rt->world);
    return true;
}

void request_leave(struct request *r, bool outermost)
{
    if (!outermost)
        return;
    r->inside += world_now(r->rt->world) - r->entered;
    r->entered = 0;
}

nanos request_inside(const struct request *r)
{
    nanos now = r->entered != 0 ? world_now(r->rt->world) : 0;
    return r->inside + (now != 0 ? now - r->entered : 0);
}

void request_drained(struct request *r)
{
    if (r->answer != NULL)
        reader_pause(r->answer, &r->relay, false);
}
