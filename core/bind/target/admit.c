/*
** admit.c -- may this target be asked now, and if not, what the author reads.
**
** It comes before the call: a breaker that is open, or a target that has all
** it may have at a time, costs no upstream call and no attempt. The fault says
** `overloaded`, a 503 that tells the client when to come again; the path tells
** the two apart: "gpt-4o open", "gpt-4o full".
**
** Before all that, may the client's key be answered by it? It is asked here,
** where every call passes, so that no policy can forget to.
*/
#include "bind/model.h"

#include "run/path.h"
#include "run/realm/targets.h"

#define SOON 1 /* second, until one of those on their way may have ended */

struct target *model_target(const struct request *r, const struct model *m,
                            str name)
{
    if (str_eq(name, m->name))
        return m->target;
    return targets_asked(r->rt->realm, m->provider->name, name);
}

static int whole_seconds(nanos time)
{
    nanos s = (time + NANOS_S - 1) / NANOS_S;
    return s < 86400 ? (int)s : 86400;
}

static struct fault away(struct request *r, const struct model *m, str name,
                         const char *why)
{
    struct fault fault = {.kind = FAULT_OVERLOADED,
                          .status = fault_status(FAULT_OVERLOADED)};
    fault.message = arena_print(&r->arena, "%.*s/%.*s: %s",
                                STR_ARG(m->provider->name), STR_ARG(name), why);
    return fault;
}

static void say_full(struct request *r, const struct model *m, str name,
                     struct fault *fault)
{
    request_step(r, name, "full");
    *fault = away(r, m, name,
                  "as many calls as it may have are on their way "
                  "(concurrency)");
    fault->retry_after = SOON;
}

static void say_open(struct request *r, const struct model *m, str name,
                     const struct breaker_view *breaker, struct fault *fault)
{
    int seconds = whole_seconds(breaker->wait);
    str why = arena_print(&r->arena,
                          breaker->state == BREAKER_HALF_OPEN
                              ? "it failed too often (breaker); one call finds "
                                "out whether it answers again"
                              : "it failed too often (breaker); asked again in "
                                "%d s",
                          seconds);
    request_step(r, name, "open");
    *fault = away(r, m, name, why.p != NULL ? why.p : "it failed too often");
    fault->retry_after = seconds > 0 ? seconds : 1;
}

/* The client named no such model, so the fault names none. */
static void say_kept(struct request *r, str name, struct fault *fault)
{
    request_step(r, name, "not_allowed");
    *fault = (struct fault){
        .kind = FAULT_NOT_FOUND,
        .status = 403,
        .message = STR("the client's key may not be answered by the models "
                       "that were to be asked"),
    };
}

bool model_admit(struct request *r, const struct model *m, str name,
                 struct visit *v, struct fault *fault)
{
    struct world *world = r->rt->world;
    struct target_news news;
    if (!client_key_allows(r->key, m->provider->name, name)) {
        say_kept(r, name, fault);
        return false;
    }
    v->target = model_target(r, m, name);
    v->rules = m->rules;
    v->stream = r->asked.stream;
    v->body = r->body.n;
    enum target_entry entry = visit_enter(v, world_now(world), &news);
    if (news.changed)
        targets_log(world, m->provider->name, name, &news.breaker);
    if (entry == TARGET_FULL)
        say_full(r, m, name, fault);
    else if (entry == TARGET_OPEN)
        say_open(r, m, name, &news.breaker, fault);
    return entry == TARGET_PASSES;
}
