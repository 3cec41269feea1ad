/*
** request.c -- opening and ending requests, and what they remember.
*/
#include "run/request.h"

#include <lauxlib.h>

#include "base/mem.h"
#include "run/answer.h"
#include "run/filter.h"
#include "run/generation.h"
#include "run/idempotency/once.h"
#include "run/limit/key_limit.h"
#include "run/path.h"
#include "run/task.h"

static struct request *blank(struct runtime *rt)
{
    struct request *r = rt->spare;
    if (r == NULL)
        return mem_zero(sizeof *r);
    rt->spare = r->next;
    *r = (struct request){0};
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
    r->main = task_strand(r);
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

/* Back on the shelf; the serial makes every handle to it stale. */
static void shelve(struct request *r)
{
    struct runtime *rt = r->rt;
    unlink_live(r);
    stat_add(&rt->stats.open, (uint64_t)-1);
    filtering_close(r->filtering);
    buf_fini(&r->filtered);
    buf_fini(&r->gathered);
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
    r->outcome =
        outcome == OUTCOME_ANSWERED && r->stopping ? OUTCOME_SHUTDOWN : outcome;
    r->ended = world_now(r->rt->world);
    task_end(r);
    if (r->answer != NULL)
        call_detach(r->answer, &r->relay);
    path_cancel_calls(r, NULL);
    r->sink.done(r->sink.user, r->outcome);
    run_endings(r);
    path_release_calls(r);
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
    bool passes = key_limit_passes(r);
    if (passes && r->once != NULL)
        once_begin(r);
    else if (passes)
        task_begin(r);
    if (r->serial == serial)
        request_leave(r, outermost);
}

/* --- what it remembers ----------------------------------------------------- */

void request_fault(struct request *r, const struct fault *fault)
{
    strand_fault(&r->main, fault);
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
