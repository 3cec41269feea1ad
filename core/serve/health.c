/*
** health.c -- is it alive, is it ready, what does it run.
**
** A policy whose newest version does not load is told here as `degraded`,
** with the error; the last good version goes on serving, so this is a 200.
** Targets and breakers are those of all workers.
*/
#include "serve/inner.h"

#include "run/generation.h"
#include "run/jobs/depot.h"
#include "run/realm/budgets.h"
#include "run/realm/limits.h"
#include "run/realm/targets.h"

#define HEALTH_MAX (2048 * 1024)

static void put_text(struct buf *b, const char *name, str value)
{
    json_put_name(b, str_of(name));
    if (value.n > 0)
        json_put_string(b, value);
    else
        buf_text(b, "null");
}

static void put_count(struct buf *b, const char *name,
                      const atomic_uint_fast64_t *count)
{
    json_put_name(b, str_of(name));
    buf_int(b, (int64_t)stat_get(count));
}

static void put_policy(struct buf *b, struct runtime *rt)
{
    const struct generation *g = rt->current;
    buf_text(b, ",\"policy\":{");
    put_text(b, "name", rt->source.name);
    put_text(b, "version", g != NULL ? str_of(g->version) : STR_NONE);
    put_text(b, "error", buf_str(&rt->load_error));
    buf_byte(b, '}');
}

/* The counters are this worker's. */
static void put_counts(struct buf *b, const struct runtime *rt)
{
    const struct stats *s = &rt->stats;
    buf_text(b, ",\"worker\":{");
    put_count(b, "requests", &s->requests);
    put_count(b, "refused", &s->refused);
    put_count(b, "failed", &s->failed);
    put_count(b, "client_gone", &s->client_gone);
    put_count(b, "overloaded", &s->overloaded);
    put_count(b, "open", &s->open);
    put_count(b, "attempts", &s->attempts);
    put_count(b, "policy_errors", &s->policy_errors);
    put_count(b, "reloads", &s->reloads);
    put_count(b, "failed_reloads", &s->reloads_bad);
    json_put_name(b, STR("held_bytes"));
    buf_int(b, (int64_t)rt->hold.used);
    buf_byte(b, '}');
}

/* --- targets --------------------------------------------------------------- */

struct listing {
    struct buf *to;
    nanos now;
    int n;
};

static void put_int(struct buf *b, const char *name, int64_t value)
{
    json_put_name(b, str_of(name));
    buf_int(b, value);
}

static void put_breaker(struct listing *list, str name,
                        const struct breaker_view *breaker)
{
    struct buf *b = list->to;
    buf_text(b, list->n++ > 0 ? ",{" : "{");
    put_text(b, "name", name);
    put_text(b, "state", str_of(targets_state(breaker->state)));
    put_int(b, "failures", breaker->in_row);
    if (breaker->state == BREAKER_OPEN)
        put_int(b, "open_for_ms", breaker->wait / NANOS_MS);
}

static void put_target(void *target, str name, void *user)
{
    static const struct target_rules rules = {.unbroken = false};
    struct listing *list = user;
    struct buf *b = list->to;
    struct target_view view;
    target_look(target, &rules, list->now, &view);
    put_breaker(list, name, &view.breaker);
    put_int(b, "in_flight", view.in_flight);
    put_int(b, "first_p50_ms",
            target_first_quantile(target, 0.5, list->now) / NANOS_MS);
    put_int(b, "first_p95_ms",
            target_first_quantile(target, 0.95, list->now) / NANOS_MS);
    if (view.room.known)
        put_int(b, "headroom_percent", (int64_t)(view.room.share * 100));
    buf_byte(b, '}');
}

static void put_named(void *breaker, str name, void *user)
{
    struct listing *list = user;
    struct breaker_view view;
    breaker_look(breaker, list->now, &view);
    put_breaker(list, name, &view);
    buf_byte(list->to, '}');
}

static void put_targets(struct buf *b, struct runtime *rt)
{
    struct listing list = {.to = b, .now = world_now(rt->world)};
    buf_text(b, ",\"targets\":[");
    targets_each(rt->realm, put_target, &list);
    list.n = 0;
    buf_text(b, "],\"breakers\":[");
    targets_each_breaker(rt->realm, put_named, &list);
    buf_byte(b, ']');
}

/* --- limits ---------------------------------------------------------------- */

/* "requests/60" as "requests/min"; what is not counted in time as it is. */
static void put_amount(struct buf *b, str amount)
{
    static const struct {
        const char *seconds, *word;
    } periods[] = {{"1", "s"},       {"60", "min"},      {"3600", "hour"},
                   {"86400", "day"}, {"604800", "week"}, {"0", NULL}};
    char text[64];
    struct buf said = {.p = text, .cap = sizeof text, .max = sizeof text};
    str unit = str_split(&amount, '/'), burst = amount;
    amount = str_split(&burst, '+');
    buf_add(&said, unit);
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (str_eq(amount, str_of(periods[i].seconds)) &&
            periods[i].word != NULL)
            buf_print(&said, "/%s", periods[i].word);
    json_put_string(b, buf_str(&said));
}

/* Names of limits are the policy's; whom they concern is told to nobody. */
static void put_limit(void *user, const struct limit_view *view)
{
    struct listing *list = user;
    struct buf *b = list->to;
    str rest = view->counts;
    buf_text(b, list->n++ > 0 ? ",{" : "{");
    put_text(b, "name", view->name);
    put_text(b, "each", view->whose);
    buf_text(b, ",\"counts\":[");
    for (int i = 0; rest.n > 0; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_amount(b, str_split(&rest, ' '));
    }
    buf_byte(b, ']');
    put_int(b, "known", view->seen.names);
    put_int(b, "taken", (int64_t)view->seen.taken);
    put_int(b, "refused", (int64_t)view->seen.refused);
    buf_byte(b, '}');
}

static void put_limits(struct buf *b, struct runtime *rt)
{
    struct listing list = {.to = b};
    buf_text(b, ",\"limits\":[");
    limits_each(rt->realm, put_limit, &list);
    buf_byte(b, ']');
}

/* --- budgets --------------------------------------------------------------- */

/* Whose it is spent for is nobody's business here; in nano-dollars, or tokens. */
static void put_budget(void *budget, str name, void *user)
{
    struct listing *list = user;
    struct budget_totals *t = budget;
    struct buf *b = list->to;
    buf_text(b, list->n++ > 0 ? ",{" : "{");
    put_text(b, "name", name);
    put_text(b, "unit",
             atomic_load(&t->dollars) ? STR("nano_usd") : STR("tokens"));
    put_int(b, "spent", atomic_load(&t->spent));
    put_int(b, "refused", atomic_load(&t->refused));
    put_int(b, "bound_violations", atomic_load(&t->violated));
    buf_byte(b, '}');
}

/* Null where no budget was declared, or it cannot be opened. */
static void put_ledger(struct buf *b, struct ledger *ledger)
{
    struct ledger_count count;
    buf_text(b, "],\"ledger\":");
    if (ledger == NULL) {
        buf_text(b, "null");
        return;
    }
    ledger_count(ledger, &count);
    buf_byte(b, '{');
    put_int(b, "rows", count.rows);
    put_int(b, "reserved", count.leases);
    put_int(b, "expired", count.expired);
    buf_byte(b, '}');
}

static void put_budgets(struct buf *b, struct runtime *rt)
{
    struct listing list = {.to = b};
    buf_text(b, ",\"budgets\":[");
    budgets_each(rt->realm, put_budget, &list);
    put_ledger(b, budgets_open(rt->realm));
}

/* Those of all workers; where no queue was ever declared, not there. */
static void put_jobs(struct buf *b, const struct service *s)
{
    int waiting, running;
    if (s->jobs.hand.depot == NULL)
        return;
    depot_count(s->jobs.hand.depot, &waiting, &running);
    buf_text(b, ",\"jobs\":{");
    put_int(b, "waiting", waiting);
    put_int(b, "running", running);
    buf_byte(b, '}');
}

void health_full(struct service *s, struct arrival *a)
{
    struct buf body;
    struct runtime *rt = s->rt;
    runtime_policy(rt);
    bool degraded = rt->load_error.n > 0 || rt->current == NULL;
    buf_init(&body, HEALTH_MAX);
    buf_text(&body,
             degraded ? "{\"status\":\"degraded\"" : "{\"status\":\"ok\"");
    put_text(&body, "perilune", STR(PERI_VERSION_TEXT));
    put_policy(&body, rt);
    put_counts(&body, rt);
    put_targets(&body, rt);
    put_limits(&body, rt);
    put_budgets(&body, rt);
    put_jobs(&body, s);
    buf_byte(&body, '}');
    arrival_json(a, 200, buf_str(&body));
    buf_fini(&body);
}

void health_ready(struct service *s, struct arrival *a)
{
    if (s->draining)
        arrival_json(a, 503, STR("{\"status\":\"draining\"}"));
    else if (runtime_policy(s->rt) == NULL)
        arrival_json(a, 503, STR("{\"status\":\"no policy\"}"));
    else
        arrival_json(a, 200, STR("{\"status\":\"ready\"}"));
}

void health_root(struct service *s, struct arrival *a)
{
    (void)s;
    arrival_json(a, 200,
                 STR("{\"name\":\"perilune\",\"version\":\"" PERI_VERSION_TEXT
                     "\",\"chat\":\"/v1/chat/completions\","
                     "\"models\":\"/v1/models\",\"health\":\"/healthz\"}"));
}
