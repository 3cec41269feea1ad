/*
** stage.c -- opening the gateway in a simulated world, and playing.
**
** The built-in library is compiled once, and all of it before the first stage:
** a test then costs its own policy and no more, and no test is another one for
** being the first.
*/
#include "tool/stage_inner.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "meter/price/prices.h"
#include "net/virtual/virtual.h"
#include "run/compiled.h"
#include "run/generation.h"
#include "run/realm/budgets.h"
#include "run/realm/limits.h"

#define MOST_LOG   ((size_t)256 << 20)
#define MOST_TURNS 1000000 /* at one instant */

static _Thread_local struct compiled *kept;
static atomic_ulong stages; /* each has a realm of its own */

static const char request_mark[] = ",\"event\":\"request\",\"request_id\"";

/* A request's line is written right after its end was told; a job's is no
** guest's, and has another name behind its event. */
static void on_log(void *user, str line)
{
    struct stage *s = user;
    struct guest *g = s->ended;
    size_t head = line.n < 100 ? line.n : 100;
    if (g != NULL &&
        memmem(line.p, head, request_mark, sizeof request_mark - 1) != NULL) {
        g->line = s->log.n;
        g->line_n = line.n;
        s->ended = NULL;
    }
    buf_add(&s->log, line);
    buf_byte(&s->log, '\n');
}

static int open_parts(struct stage *s, const struct stage_setup *setup)
{
    char store[48];
    struct virtual_setup world = {.seed = setup->seed,
                                  .calendar = setup->calendar,
                                  .log = on_log,
                                  .user = s,
                                  .keys = setup->keys};
    int error = virtual_open(&s->world, &world);
    if (error != 0)
        return error;
    s->rt.compiled = kept;
    kept = NULL;
    if (s->rt.compiled == NULL)
        compiled_all(&s->rt);
    snprintf(store, sizeof store, "simulated:%lu",
             atomic_fetch_add(&stages, 1));
    error = runtime_init(&s->rt, s->world, store);
    if (error != 0)
        return error;
    s->rt.bind = setup->bind;
    s->rt.unwatched = true;
    if (setup->deadline > 0)
        s->rt.limits.deadline = setup->deadline;
    s->library = str_of(setup->library);
    s->service.rt = &s->rt;
    admission_init(&s->service);
    jobs_open(&s->service);
    return 0;
}

/* What an upstream charges: by the prices of the policy in force, and nothing
** where the policy itself simulates it and names none. */
static int64_t bill(void *user, str name, int64_t input, int64_t output)
{
    const struct stage *s = user;
    const struct generation *g = s->rt.current;
    const struct usage usage = {
        .prompt = input, .completion = output, .known = true};
    str model = name, provider = str_split(&model, '/');
    int64_t nano;
    const struct price *price =
        g != NULL ? prices_find(&g->prices, provider, model) : NULL;
    for (const struct provider *p = g != NULL ? g->providers : NULL;
         price == NULL && p != NULL; p = p->next)
        if (p->sim != NULL && str_eq(p->name, provider))
            price = &price_free;
    bool known = price != NULL && price_cost(price, &usage, &nano) == 0;
    return known ? nano : -1;
}

int stage_open(struct stage **out, const struct stage_setup *setup)
{
    struct stage *s = mem_zero(sizeof *s);
    *out = NULL;
    if (s == NULL)
        return ERR_MEMORY;
    buf_init(&s->log, MOST_LOG);
    buf_init(&s->guests, MOST_LOG);
    int error = open_parts(s, setup);
    if (error != 0) {
        stage_close(s);
        return error;
    }
    upstreams_price(virtual_upstreams(s->world), bill, s);
    *out = s;
    return 0;
}

void stage_close(struct stage *s)
{
    if (s == NULL)
        return;
    while (s->rt.live != NULL)
        request_stop(s->rt.live, OUTCOME_SHUTDOWN);
    stage_forget_all(s);
    if (s->service.rt != NULL) {
        jobs_close(&s->service);
        admission_fini(&s->service);
    }
    if (s->rt.world != NULL) {
        kept = s->rt.compiled;
        s->rt.compiled = NULL;
        runtime_fini(&s->rt);
    }
    virtual_close(s->world);
    buf_fini(&s->guests);
    buf_fini(&s->log);
    mem_free(s);
}

void stage_forget_compiled(void)
{
    struct runtime rt = {.compiled = kept};
    kept = NULL;
    compiled_free(&rt);
}

int stage_load(struct stage *s, const struct policy_source *source)
{
    struct policy_source with = *source;
    with.library = s->library;
    return runtime_load(&s->rt, &with);
}

int stage_hit_limits(struct stage *s)
{
    return limits_shut(s->rt.realm);
}

bool stage_empty_budgets(struct stage *s)
{
    return budgets_drain(s->rt.realm);
}

str stage_error(const struct stage *s)
{
    return buf_str(&s->rt.load_error);
}

struct world *stage_world(struct stage *s)
{
    return s->world;
}

str stage_log(const struct stage *s)
{
    return buf_str(&s->log);
}

/* --- playing --------------------------------------------------------------- */

static bool is_done(const struct guest *g)
{
    return g != NULL && g->done;
}

/* All that happens at this instant; false when it does not come to an end. */
static bool play_instant(struct stage *s, const struct guest *g)
{
    for (int turns = 0; turns < MOST_TURNS; turns++)
        if (is_done(g) || !virtual_turn(s->world))
            return true;
    return false;
}

enum stage_pause stage_play(struct stage *s, const struct guest *g, nanos until)
{
    do {
        if (!play_instant(s, g))
            return STAGE_STUCK;
        if (is_done(g))
            return STAGE_DONE;
    } while (virtual_advance(s->world, until));
    return until == NANOS_NEVER ? STAGE_IDLE : STAGE_TIME;
}
