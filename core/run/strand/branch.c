/*
** branch.c -- a list of branches in the order they began, and who is whose.
**
** A request has few, so everything is a walk over its list. A branch that is
** cancelled has no parent any more: nobody finds it but the queue of the
** woken, which unwinds it.
*/
#include "run/strand/branch.h"

#include "base/defence.h"
#include "run/generation.h"
#include "run/path.h"
#include "run/task.h"

bool branch_room(const struct request *r)
{
    return r->branches_n < BRANCHES_MOST || !DEFENCE(branches_most);
}

static struct strand *blank(struct request *r)
{
    struct strand *s = r->spare_branches;
    if (s == NULL)
        return arena_zero(&r->arena, sizeof *s);
    r->spare_branches = s->next;
    return s;
}

static void append(struct request *r, struct strand *branch)
{
    struct strand **at = &r->branches;
    while (*at != NULL)
        at = &(*at)->next;
    branch->next = NULL;
    *at = branch;
    r->branches_n++;
}

struct strand *branch_fork(struct strand *s)
{
    struct request *r = s->request;
    int ref;
    struct strand *branch = blank(r);
    lua_State *co = branch != NULL ? generation_thread(r->gen, &ref) : NULL;
    if (co == NULL)
        return NULL;
    *branch = task_strand(r);
    branch->co = co;
    branch->co_ref = ref;
    branch->state = STRAND_WAITING;
    branch->fault = s->fault;
    branch->budgets = s->budgets;
    branch->undecided = s->undecided;
    branch->parent = s;
    branch->extra = s->extra;
    branch->number = ++r->forked;
    *(struct strand **)lua_getextraspace(co) = branch;
    append(r, branch);
    return branch;
}

struct strand *branch_ended(const struct strand *s)
{
    struct strand *branch = s->request->branches;
    while (branch != NULL &&
           !(branch->parent == s && branch->state == STRAND_ENDED))
        branch = branch->next;
    return branch;
}

bool branch_runs(const struct strand *s)
{
    for (const struct strand *b = s->request->branches; b; b = b->next)
        if (b->parent == s && b->state == STRAND_WAITING)
            return true;
    return false;
}

/* The coroutine of one that raised stays: it has closing variables to run. */
void branch_join(struct strand *branch)
{
    branch->state = STRAND_JOINED;
    if (branch->status != LUA_OK)
        return;
    generation_thread_done(branch->request->gen, branch->co, branch->co_ref,
                           false);
    branch->co = NULL;
}

void branch_keep(struct strand *s, int number)
{
    struct strand *b = s->request->branches;
    while (b != NULL && !(b->parent == s && b->number == number))
        b = b->next;
    if (b == NULL || b->state != STRAND_JOINED)
        return;
    if (b->failed)
        strand_fault(s, &b->fault);
    path_move_calls(b, s);
    branch_free(b);
}

/* --- cancelling ------------------------------------------------------------ */

/* Is it a branch of s, or of one of its branches, ...? */
static bool descends(const struct strand *branch, const struct strand *s)
{
    for (const struct strand *b = branch->parent; b != NULL; b = b->parent)
        if (b == s)
            return true;
    return false;
}

/* The last one of s's whole family, so that no parent goes before its own. */
static struct strand *youngest(const struct strand *s)
{
    struct strand *last = NULL;
    for (struct strand *b = s->request->branches; b != NULL; b = b->next)
        if (descends(b, s))
            last = b;
    return last;
}

/* A cancelled call tells nobody. Who else reads its reply, in another branch,
** must hear of it, or would wait for ever. */
static void wake_readers(const struct request *r)
{
    for (struct strand *b = r->branches; b != NULL; b = b->next)
        if (b->watched != NULL && b->watched->dropped)
            task_wake(b);
}

void branch_prune(struct strand *s)
{
    struct strand *branch;
    while ((branch = youngest(s)) != NULL) {
        if (DEFENCE(losers_hung_up))
            path_cancel_branch(branch);
        branch->parent = NULL;
        s->request->branches_n--;
        task_cancel(branch);
    }
    wake_readers(s->request);
}

void branch_free(struct strand *branch)
{
    struct request *r = branch->request;
    struct strand **at = &r->branches;
    while (*at != branch)
        at = &(*at)->next;
    *at = branch->next;
    if (branch->parent != NULL)
        r->branches_n--;
    branch->next = r->spare_branches;
    r->spare_branches = branch;
}
