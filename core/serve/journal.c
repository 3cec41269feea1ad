/*
** journal.c -- the end of a request: its line in the log, its counts.
**
** Two endings, run whoever ends the request. The line holds names, numbers
** and the path; never a prompt, never a reply, never a key.
*/
#include "serve/inner.h"

#include <stdio.h>

#include "meter/price/price.h"
#include "run/cost.h"
#include "run/events.h"
#include "run/generation.h"
#include "run/jobs/shown.h"
#include "run/path.h"

#define LONGEST_NAME 256 /* bytes */

static int64_t us(nanos t)
{
    return t / NANOS_US;
}

/* --- the log line ---------------------------------------------------------- */

/* A text that the client chose takes no more room than this. */
static str bounded(str text)
{
    return text.n > LONGEST_NAME ? (str){text.p, LONGEST_NAME} : text;
}

static void put_model(struct buf *line, const struct request *r)
{
    const struct question *ask = r->answer != NULL ? &r->answer->ask : NULL;
    event_text(line, "model_asked", bounded(r->model));
    event_text(line, "provider", ask != NULL ? ask->provider->name : STR_NONE);
    event_text(line, "model", bounded(ask != NULL ? ask->model : STR_NONE));
}

/* Which key of several: its number, never a part of it. */
static void put_key(struct buf *line, const struct request *r)
{
    char number[16];
    if (r->answer == NULL || r->answer->ask.provider->keys.n < 2)
        return;
    snprintf(number, sizeof number, "k%d", r->answer->key + 1);
    event_text(line, "key", str_of(number));
}

/* Who asked, and whether a key of ours says so. */
static void put_client(struct buf *line, const struct request *r)
{
    const struct client_key *key = r->key;
    bool proven = key != NULL && key->user.p != NULL;
    event_text(line, "user", r->user);
    buf_text(line,
             proven ? ",\"user_verified\":true" : ",\"user_verified\":false");
    if (key == NULL)
        return;
    event_text(line, "client_key", key->id);
    event_text(line, "team", key->team);
}

static void put_path(struct buf *line, const struct request *r)
{
    struct buf path;
    buf_init(&path, 8 * 1024);
    request_path(r, &path);
    event_text(line, "path", buf_str(&path));
    buf_fini(&path);
}

/* Null when the provider did not tell. */
static void put_usage(struct buf *line, const struct request *r)
{
    const struct usage *u = r->answer != NULL ? &r->answer->tap.usage : NULL;
    static const char *const names[] = {"prompt_tokens", "completion_tokens",
                                        "cached_tokens"};
    bool known = u != NULL && u->known;
    int64_t counts[3] = {known ? u->prompt : 0, known ? u->completion : 0,
                         known ? u->cached : 0};
    for (int i = 0; i < 3; i++)
        if (known)
            event_int(line, names[i], counts[i]);
        else
            event_text(line, names[i], STR_NONE);
}

static void put_ms(struct buf *line, const char *name, nanos t)
{
    json_put_name(line, str_of(name));
    buf_int(line, t / NANOS_MS);
    buf_byte(line, '.');
    buf_digits(line, t % NANOS_MS / NANOS_US, 3);
}

/* Null when nothing of it is known. */
static void put_cost(struct buf *line, const struct request *r)
{
    struct cost cost = cost_of_request(r);
    if (cost.known == 0 && cost.unknown > 0) {
        event_text(line, "cost_usd", STR_NONE);
    } else {
        json_put_name(line, STR("cost_usd"));
        price_put(line, cost.nano);
    }
    if (cost.estimated > 0)
        buf_text(line, ",\"cost_estimated\":true");
    event_int(line, "calls_unpriced", cost.unknown);
}

/* To the first token of a stream; null when there was none. */
static void put_times(struct buf *line, const struct request *r)
{
    nanos first = r->answer != NULL ? r->answer->first : 0;
    put_ms(line, "latency_ms", r->ended - r->started);
    if (first != 0)
        put_ms(line, "ttft_ms", first - r->started);
    else
        event_text(line, "ttft_ms", STR_NONE);
    event_int(line, "overhead_us", us(request_inside(r)));
    event_int(line, "lua_us", us(r->lua));
}

static const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"answered", "broken", "client_gone",
                                        "shutdown"};
    return names[outcome];
}

static void put_fault(struct buf *line, const struct request *r)
{
    const struct fault *fault = &r->main.fault;
    bool none = fault->kind == FAULT_NONE;
    event_text(line, "fault",
               none ? STR_NONE : str_of(fault_name(fault->kind)));
    if (fault->kind == FAULT_POLICY && r->policy_error != NULL)
        event_text(line, "fault_message", str_of(r->policy_error));
    else if (!none)
        event_text(line, "fault_message",
                   fault->detail.p != NULL ? fault->detail : fault->message);
}

static void write_line(struct ending *ending, struct request *r)
{
    struct buf line;
    (void)ending;
    event_begin(&line, r->rt->world);
    event_text(&line, "event", STR("request"));
    if (r->job != NULL)
        event_text(&line, "job", r->job->id);
    event_text(&line, "request_id", r->id);
    event_text(&line, "session", r->session);
    put_client(&line, r);
    put_model(&line, r);
    put_key(&line, r);
    put_path(&line, r);
    event_int(&line, "attempts", r->attempts);
    event_int(&line, "status", r->status);
    event_text(&line, "outcome", str_of(outcome_name(r->outcome)));
    buf_text(&line, r->asked.stream ? ",\"stream\":true" : ",\"stream\":false");
    put_usage(&line, r);
    put_cost(&line, r);
    put_times(&line, r);
    event_text(&line, "policy_version", str_of(r->gen->version));
    put_fault(&line, r);
    event_send(&line, r->rt->world);
}

/* --- the counts ------------------------------------------------------------ */

static void count_attempts(struct stats *stats, const struct request *r)
{
    for (const struct step *s = r->steps; s != NULL; s = s->next) {
        if (s->call == NULL || s->call->sent == 0)
            continue;
        stat_add(&stats->attempts, 1);
        if (s->call->fault.kind != FAULT_NONE)
            stat_add(&stats->attempts_bad, 1);
    }
}

static void count_cost(struct stats *stats, const struct request *r)
{
    struct cost cost = cost_of_request(r);
    stat_add(&stats->cost, (uint64_t)cost.nano);
    stat_add(&stats->unpriced, (uint64_t)cost.unknown);
    stat_add(&stats->violations, (uint64_t)cost.violations);
}

static void count_answer(struct stats *stats, const struct request *r)
{
    const struct call *c = r->answer;
    if (c == NULL)
        return;
    stat_add(&stats->prompt_tokens, (uint64_t)c->tap.usage.prompt);
    stat_add(&stats->completion_tokens, (uint64_t)c->tap.usage.completion);
    stat_add(&stats->cached_tokens, (uint64_t)c->tap.usage.cached);
    if (c->first != 0)
        histogram_add(&stats->ttft, (uint64_t)us(c->first - r->started));
}

static void count(struct ending *ending, struct request *r)
{
    struct stats *stats = &r->rt->stats;
    (void)ending;
    stat_add(&stats->requests, 1);
    if (r->outcome == OUTCOME_CLIENT_GONE)
        stat_add(&stats->client_gone, 1);
    else if (r->status >= 500 || r->outcome == OUTCOME_BROKEN)
        stat_add(&stats->failed, 1);
    else if (r->status >= 400)
        stat_add(&stats->refused, 1);
    count_attempts(stats, r);
    count_answer(stats, r);
    count_cost(stats, r);
    histogram_add(&stats->latency, (uint64_t)us(r->ended - r->started));
    histogram_add(&stats->overhead, (uint64_t)us(request_inside(r)));
}

void journal_open(struct request *r)
{
    struct ending *line = arena_zero(&r->arena, 2 * sizeof *line);
    if (line == NULL)
        return;
    line[0].run = write_line;
    line[1].run = count;
    request_on_end(r, &line[1]);
    request_on_end(r, &line[0]);
}

/* --- what never became a request ------------------------------------------- */

/* Of a key: its id, if it has one, and a few digits of its mark. */
static void put_caller(struct buf *line, const struct caller *c)
{
    if (c->key != NULL)
        event_text(line, "client_key", c->key->id);
    if (c->trouble == NULL)
        return;
    event_text(line, "key_trouble", str_of(c->trouble));
    if (c->mark[0] != '\0')
        event_text(line, "key_mark", str_of(c->mark));
}

void journal_refused(const struct arrival *a, int status,
                     const struct error_shape *e, str peer)
{
    struct buf line;
    struct runtime *rt = a->service->rt;
    nanos latency = world_now(rt->world) - a->started;
    stat_add(&rt->stats.requests, 1);
    stat_add(status < 500 ? &rt->stats.refused : &rt->stats.failed, 1);
    event_begin(&line, rt->world);
    event_text(&line, "event", STR("refused"));
    event_text(&line, "request_id", a->id);
    event_text(&line, "peer", peer);
    event_text(&line, "method", bounded(a->method));
    event_text(&line, "endpoint", bounded(a->path));
    event_int(&line, "status", status);
    put_caller(&line, &a->caller);
    put_ms(&line, "latency_ms", latency);
    event_text(&line, "fault", e->code);
    event_text(&line, "fault_message", e->message);
    event_send(&line, rt->world);
}
