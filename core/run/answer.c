/*
** answer.c -- heads, bodies and error bodies; and the relay.
**
** The relay is a reader of the answer's call: same dialect, so whole events
** go from the upstream to the sink untouched, without Lua and without a copy
** of our own. When the sink is full the relay pauses the call, and so the
** upstream.
*/
#include "run/answer.h"

#include <stdio.h>

#include "base/defence.h"
#include "meter/price/price.h"
#include "run/cost.h"
#include "run/filter.h"
#include "run/generation.h"
#include "run/jobs/shown.h"
#include "run/outcome.h"
#include "run/path.h"
#include "run/task.h"
#include "store/idem.h"

#define HEADERS      20
#define BUDGET_WORTH 60   /* seconds */
#define PATH_SHOWN   1024 /* bytes of the path in a header */

#define OWNER(p) \
    ((struct request *)(void *)((char *)(p)-offsetof(struct request, relay)))

/* --- the head -------------------------------------------------------------- */

struct head {
    struct http_field fields[HEADERS];
    int n;
};

static void head_add(struct head *h, str name, str value)
{
    bool clean = value.p != NULL && http_value_ok(value);
    if (h->n < HEADERS && (clean || !DEFENCE(clean_heads)))
        h->fields[h->n++] = (struct http_field){name, value};
}

/* "openai/gpt-4o-mini", of the call that answers. */
static str model_used(struct request *r)
{
    if (r->answer == NULL)
        return STR_NONE;
    const struct question *ask = &r->answer->ask;
    return arena_join(&r->arena, ask->provider->name, STR("/"), ask->model);
}

static str path_so_far(struct request *r)
{
    struct buf path;
    buf_init(&path, PATH_SHOWN);
    request_path(r, &path);
    str copy = arena_copy(&r->arena, buf_str(&path));
    buf_fini(&path);
    return copy;
}

static void add_quotas(struct request *r, struct head *h)
{
    struct http_field fields[QUOTA_FIELDS];
    const struct quota_reader reader = {
        quota_wants_anthropic(r->fields, r->fields_n),
        world_calendar(r->rt->world)};
    int n = quota_fields(r->quotas, &reader, &r->arena, fields);
    for (int i = 0; i < n; i++)
        head_add(h, fields[i].name, fields[i].value);
}

static void send_head(struct request *r, int status, struct head *h,
                      int64_t length)
{
    r->status = status;
    head_add(h, STR("x-request-id"), r->id);
    head_add(h, STR("request-id"), r->id);
    head_add(h, STR("x-perilune-model"), model_used(r));
    head_add(h, STR("x-perilune-attempts"), arena_int(&r->arena, r->attempts));
    head_add(h, STR("x-perilune-path"), path_so_far(r));
    head_add(h, STR("x-perilune-policy"), str_of(r->gen->version));
    head_add(h, STR("x-perilune-overhead-us"),
             arena_int(&r->arena, request_inside(r) / NANOS_US));
    add_quotas(r, h);
    r->sink.head(r->sink.user, status, h->fields, h->n, length);
}

/* When all of it is known: what every call of a whole reply took has been
** told, or will never be. */
static void add_cost(struct request *r, struct head *h)
{
    char text[32];
    struct buf cost = {.p = text, .cap = sizeof text, .max = sizeof text};
    struct cost sum = cost_of_request(r);
    if (!cost_whole(&sum))
        return;
    price_put(&cost, sum.nano);
    head_add(h, STR("x-perilune-cost-usd"),
             arena_copy(&r->arena, buf_str(&cost)));
}

static void send_whole(struct request *r, int status, struct head *h, str body)
{
    add_cost(r, h);
    send_head(r, status, h, (int64_t)body.n);
    r->sink.chunk(r->sink.user, body);
    request_finish(r, OUTCOME_ANSWERED);
}

static struct head json_head(void)
{
    struct head h = {.n = 0};
    head_add(&h, STR("content-type"), STR("application/json"));
    return h;
}

static struct head stream_head(void)
{
    struct head h = {.n = 0};
    head_add(&h, STR("content-type"), STR("text/event-stream; charset=utf-8"));
    head_add(&h, STR("cache-control"), STR("no-cache"));
    head_add(&h, STR("x-accel-buffering"), STR("no"));
    return h;
}

/* --- errors ---------------------------------------------------------------- */

str answer_error_type(int status)
{
    switch (status) {
    case 401:
        return STR("authentication_error");
    case 403:
        return STR("permission_error");
    case 429:
        return STR("rate_limit_error");
    default:
        return status >= 500 ? STR("server_error")
                             : STR("invalid_request_error");
    }
}

/* What a client is told of another attempt. Whoever retries was retried here
** already, so mostly it is not worth it; `wait`: not before so long. */
struct comeback {
    bool worth;
    nanos wait; /* 0: nobody knows */
};

static const struct comeback no_comeback = {false, 0};

static void send_error(struct request *r, int status, struct comeback again,
                       str body)
{
    struct head h = json_head();
    head_add(&h, STR("x-should-retry"),
             again.worth ? STR("true") : STR("false"));
    if (again.wait > 0)
        head_add(&h, STR("retry-after"),
                 arena_int(&r->arena, (again.wait - 1) / NANOS_S + 1));
    send_whole(r, status, &h, body);
}

static void send_shape(struct request *r, int status, struct comeback again,
                       const struct error_shape *e)
{
    struct buf body;
    buf_init(&body, e->message.n * 6 + 4096);
    r->dialect->put_error(&body, e);
    send_error(r, status, again, buf_str(&body));
    buf_fini(&body);
}

void answer_error(struct request *r, int status, const struct error_shape *e)
{
    send_shape(r, status, no_comeback, e);
}

static struct error_shape shape_of(const struct fault *fault)
{
    return (struct error_shape){
        .message = fault->message,
        .type = answer_error_type(fault->status),
        .code = str_of(fault_name(fault->kind)),
    };
}

/* A budget that starts anew tomorrow is nothing for a library to wait for. */
static bool is_worth_it(const struct fault *fault)
{
    return fault->retry_after > 0 &&
           (fault->kind != FAULT_BUDGET || fault->retry_after <= BUDGET_WORTH);
}

void answer_fault(struct request *r, const struct fault *fault)
{
    struct fault none = {.kind = FAULT_NONE,
                         .status = fault_status(FAULT_NONE),
                         .message = STR("The policy gave no answer: every "
                                        "rung was passed over. Try again "
                                        "later or ask another model.")};
    if (fault->kind == FAULT_NONE)
        fault = &none;
    if (fault->body.p != NULL) {
        send_error(r, fault->status, no_comeback, fault->body);
        return;
    }
    struct error_shape e = shape_of(fault);
    if (fault->kind == FAULT_NONE)
        e.code = STR("no_answer");
    struct comeback again = {is_worth_it(fault), fault_comeback(fault)};
    send_shape(r, fault->status, again, &e);
}

static void send_error_event(struct request *r, const struct fault *fault)
{
    struct error_shape e = shape_of(fault);
    struct buf event;
    buf_init(&event, e.message.n * 6 + 4096);
    r->dialect->put_error_event(&event, &e);
    str told =
        buf_ok(&event) ? buf_str(&event) : str_of(r->dialect->no_memory_event);
    r->sink.chunk(r->sink.user, told); /* without it the stream looks whole */
    buf_fini(&event);
}

void answer_shutdown(struct request *r)
{
    struct fault fault = {.kind = FAULT_OVERLOADED,
                          .status = 503,
                          .message = STR("The gateway is shutting down. Try "
                                         "again in a moment.")};
    r->stopping = true;
    if (r->status == 0) {
        answer_fault(r, &fault);
        return;
    }
    if (r->asked.stream)
        send_error_event(r, &fault);
    request_finish(r, OUTCOME_SHUTDOWN);
}

/* --- written --------------------------------------------------------------- */

static str reply_id(struct request *r)
{
    return arena_join(&r->arena, STR("chatcmpl-"), r->id, STR(""));
}

static void send_written(struct request *r, const struct written_reply *w)
{
    struct written words = {
        .id = reply_id(r),
        .model = r->model.p != NULL ? r->model : STR("perilune"),
        .text = {w->text, w->len},
        .created = world_calendar(r->rt->world) / NANOS_S,
        .as = r->asked,
    };
    struct buf body;
    buf_init(&body, w->len * 6 + r->model.n * 24 + 8192);
    r->dialect->put_reply(&body, &words);
    struct head h = r->asked.stream ? stream_head() : json_head();
    send_whole(r, w->status, &h, buf_str(&body));
    buf_fini(&body);
}

/* Where a job is to be found whose state this is. */
static void add_location(struct request *r, struct head *h, str state)
{
    struct buf room;
    buf_init(&room, state.n + 1);
    str id = json_text(json_get(json_of(state), STR("id")), &room);
    r->job_told = arena_copy(&r->arena, id);
    head_add(h, STR("location"),
             arena_join(&r->arena, STR("/v1/jobs/"), r->job_told, STR("")));
    buf_fini(&room);
}

/* A job that is given to a queue: where it is to be found, and when. */
static void send_queued(struct request *r, const struct written_reply *w)
{
    struct head h = json_head();
    add_location(r, &h, (str){w->text, w->len});
    head_add(&h, STR("retry-after"),
             arena_int(&r->arena, (w->wait - 1) / NANOS_S + 1));
    if (w->wished)
        head_add(&h, STR("preference-applied"), STR("respond-async"));
    send_whole(r, w->status, &h, (str){w->text, w->len});
}

void answer_written(struct request *r, const struct written_reply *w)
{
    static const char *const names[] = {"say", "sorry", "refuse"};
    /* else what said it is in the path: the call that was refused, the faq */
    if (!w->raw && w->kind <= WRITTEN_REFUSE)
        request_step(r, str_of(names[w->kind]), "");
    r->sorry = w->kind == WRITTEN_SORRY;
    if (r->job != NULL)
        r->job->sorry = w->kind == WRITTEN_SORRY;
    if (w->kind == WRITTEN_QUEUED) {
        send_queued(r, w);
        return;
    }
    if (w->kind != WRITTEN_REFUSE) {
        send_written(r, w);
        return;
    }
    if (w->raw) {
        send_error(r, w->status, no_comeback, (str){w->text, w->len});
        return;
    }
    struct error_shape e = {
        .message = {w->text, w->len},
        .type = answer_error_type(w->status),
        .code = w->code[0] != '\0' ? str_of(w->code) : STR_NONE,
    };
    send_shape(r, w->status, (struct comeback){w->again, w->wait}, &e);
}

/* --- once more ------------------------------------------------------------- */

/* The first one's bytes, under a head of this request: it costs nothing. */
void answer_kept(struct request *r, const struct idem_answer *a)
{
    struct head h = a->stream ? stream_head() : json_head();
    head_add(&h, STR("idempotent-replayed"), STR("true"));
    head_add(&h, STR("x-perilune-model"), a->model);
    if (a->status == 202)
        add_location(r, &h, a->body);
    if (a->status >= 400)
        head_add(&h, STR("x-should-retry"), STR("false"));
    if (!a->stream)
        add_cost(r, &h);
    send_head(r, a->status, &h, a->stream ? -1 : (int64_t)a->body.n);
    r->sink.chunk(r->sink.user, a->body);
    request_finish(r, OUTCOME_ANSWERED);
}

/* --- live ------------------------------------------------------------------ */

/* Send; false when it had to be put through a filter that ended the reply. */
static bool send_through(struct request *r, str bytes)
{
    if (r->filtering == NULL) {
        if (!r->sink.chunk(r->sink.user, bytes))
            reader_pause(r->answer, &r->relay, true);
        return true;
    }
    bool raised = false;
    bool goes_on = filtering_put(r->filtering, bytes, &raised);
    struct buf *out = &r->filtered;
    if (out->n > 0 && !r->sink.chunk(r->sink.user, buf_str(out)) && goes_on)
        reader_pause(r->answer, &r->relay, true);
    buf_clear(out);
    if (raised) {
        struct fault fault = {.kind = FAULT_POLICY,
                              .status = fault_status(FAULT_POLICY),
                              .message = STR("the policy's filter failed; the "
                                             "gateway's log says why")};
        send_error_event(r, &fault);
        request_fault(r, &fault);
        request_finish(r, OUTCOME_BROKEN);
    } else if (!goes_on) {
        request_finish(r, OUTCOME_ANSWERED);
    }
    return goes_on && !raised;
}

static void relay_bytes(struct reader *reader, str bytes)
{
    struct request *r = OWNER(reader);
    uint64_t serial = r->serial;
    bool outermost = request_enter(r);
    send_through(r, bytes);
    if (r->serial == serial)
        request_leave(r, outermost);
}

/* A reply that was cut is an answer, and the log says what it lacks. */
static void remember_cut(struct request *r, const struct fault *why)
{
    enum fault_kind kind = r->answer->past ? FAULT_BUDGET : FAULT_TIMEOUT_TOTAL;
    struct fault fault = {
        .kind = kind, .status = fault_status(kind), .message = why->message};
    request_fault(r, &fault);
}

static void relay_end(struct reader *reader, const struct fault *fault)
{
    struct request *r = OWNER(reader);
    if (fault->kind != FAULT_NONE) {
        if (DEFENCE(broken_told))
            send_error_event(r, fault);
        request_fault(r, fault);
    } else if (r->answer->cut) {
        remember_cut(r, fault);
    }
    request_finish(r, fault->kind == FAULT_NONE ? OUTCOME_ANSWERED
                                                : OUTCOME_BROKEN);
}

static void relay_stream(struct request *r)
{
    struct head h = stream_head();
    r->relay.bytes = relay_bytes;
    r->relay.end = relay_end;
    send_head(r, 200, &h, -1);
    struct call *call = r->answer;
    uint64_t serial = r->serial;
    call_keep(call);
    call_attach(call, &r->relay);
    if (r->serial == serial && !r->over)
        call_seal(call);
    call_release(call);
}

/* A whole reply, put through its filter if it has one. */
static void send_reply(struct request *r)
{
    str body = call_held(r->answer);
    bool raised = false;
    if (r->filtering != NULL) {
        filtering_put(r->filtering, body, &raised);
        body = buf_str(&r->filtered);
    }
    if (raised) {
        struct error_shape e = {.message = STR("The policy's filter failed; "
                                               "the gateway's log says why."),
                                .type = STR("server_error"),
                                .code = STR("policy_error")};
        answer_error(r, 500, &e);
        return;
    }
    struct head h = json_head();
    send_whole(r, 200, &h, body);
}

void answer_live(struct request *r, const struct live *live)
{
    r->answer = live->call;
    path_cancel_calls(r, r->answer);
    if (live->filter != NULL) {
        buf_init(&r->filtered, live->call->ask.provider->max_reply);
        r->filtering =
            filtering_open(r, live->filter, r->asked.stream, &r->filtered);
        if (r->filtering == NULL) {
            outcome_no_memory(r);
            return;
        }
    }
    task_end(r); /* `live` lay on its stack */
    if (r->asked.stream)
        relay_stream(r);
    else
        send_reply(r);
}
