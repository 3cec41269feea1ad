/*
** call.c -- the life of one upstream call: start, timers, cancel, end.
**
** The trick: there is one timer, and it is lazy. Its due time is recomputed
** only when it fires, so a stream that gets an event every few milliseconds
** never touches the heap; it is moved only when a state change brings the
** due time nearer.
*/
#include "net/call/call_inner.h"

#include "base/defence.h"
#include "base/err.h"
#include "base/mem.h"

#define BUSY_RETRY    1   /* seconds until it is worth to ask us again */
#define LONGEST_SHOWN 200 /* bytes of a model's name in messages */
#define TAIL_MAX      (1024 * 1024) /* bytes of one unfinished event */
#define LINGER        NANOS_S /* for the upstream to close after its end */

static void on_due(struct timer *t);
static void on_turn(struct lane_pass *pass);

#define OWNER(member, p) \
    ((struct call *)(void *)((char *)(p)-offsetof(struct call, member)))

static struct call *make(struct world *world, const struct question *ask)
{
    struct call *c = mem_zero(sizeof *c);
    if (c == NULL)
        return NULL;
    c->refs = 1;
    c->ask = *ask;
    c->world = world;
    c->transport = world_transport(world);
    c->started = world_now(world);
    if (ask->bound.each > 0)
        c->tap.spoken.most = bound_output(&ask->bound);
    c->hints = hints_none();
    c->timer.fire = on_due;
    c->pass.go = on_turn;
    arena_init(&c->arena);
    buf_init(&c->request,
             ask->body.n + ask->messages.n + ask->system.n * 6 + 4096);
    buf_init(&c->held, ask->provider->max_reply);
    buf_init(&c->tail, TAIL_MAX);
    provider_keep(ask->provider);
    return c;
}

/* The request's bytes. False when the body cannot be built. */
static bool build(struct call *c)
{
    struct build in = {.body = c->ask.body,
                       .map = c->ask.map,
                       .model = c->ask.model,
                       .system = c->ask.system,
                       .messages = c->ask.messages,
                       .max_tokens = c->ask.max_tokens,
                       .bound = c->ask.bound.each,
                       .limit_as = c->ask.provider->limit_as,
                       .ask_usage = c->ask.provider->ask_usage};
    return c->ask.provider->dialect->build(&in, &c->request) == 0;
}

/* A copy of the provider's headers in which some will differ; the provider's
** own where none does. NULL without memory. */
static struct http_field *fields_of(struct call *c)
{
    const struct provider *p = c->ask.provider;
    size_t size = (size_t)p->headers_n * sizeof *p->headers;
    struct http_field *fields = arena_zero(&c->arena, size);
    if (fields != NULL)
        memcpy(fields, p->headers, size);
    return fields;
}

/* Gateways before us are named in front of our own mark. */
static void name_hops(struct call *c, struct http_field *fields)
{
    for (int i = 0; i < c->ask.provider->headers_n; i++) {
        if (!str_eq(fields[i].name, PROVIDER_VIA))
            continue;
        str all = arena_print(&c->arena, "%.*s, %.*s", STR_ARG(c->ask.hops),
                              STR_ARG(fields[i].value));
        fields[i].value = all.p != NULL ? all : fields[i].value;
    }
}

/* The provider's headers, with the key of this call. NULL without memory. */
static const struct http_field *headers_of(struct call *c)
{
    const struct provider *p = c->ask.provider;
    if (c->ask.hops.n == 0 && c->key == 0)
        return p->headers;
    struct http_field *fields = fields_of(c);
    if (fields == NULL)
        return c->key == 0 ? p->headers : NULL;
    if (c->ask.hops.n > 0)
        name_hops(c, fields);
    if (c->key > 0)
        fields[p->keys.field].value = p->keys.key[c->key].value;
    return fields;
}

/* All keys are away: nobody is asked. */
static void end_keyless(struct call *c)
{
    struct provider *p = c->ask.provider;
    struct fault fault = {.kind = FAULT_RATE_LIMITED,
                          .status = fault_status(FAULT_RATE_LIMITED),
                          .wait = keys_wait(&p->keys, world_now(c->world)),
                          .again = true};
    fault.message = call_told(c, "every key of this provider is away: limited, "
                                 "refused or without credit");
    call_finish(c, &fault);
}

static void send(struct call *c)
{
    struct provider *p = c->ask.provider;
    c->key = keys_choose(&p->keys, c->ask.keys_but, world_now(c->world));
    if (c->key < 0) {
        end_keyless(c);
        return;
    }
    c->exchange = (struct exchange){.events = &call_events,
                                    .url = p->endpoint.p,
                                    .headers = headers_of(c),
                                    .headers_n = p->headers_n,
                                    .body = buf_str(&c->request),
                                    .http2 = p->http2,
                                    .sim = p->sim,
                                    .provider = p->name,
                                    .model = c->ask.model};
    c->state = CALL_CONNECTING;
    c->sent = world_now(c->world);
    c->exchanging = true;
    call_target_sent(c);
    call_keep(c);
    if (c->exchange.headers == NULL ||
        exchange_start(c->transport, &c->exchange) != 0) {
        c->exchanging = false;
        c->ours = true;
        call_end(c, FAULT_SERVER_ERROR, "the call could not be started");
        call_release(c);
    }
}

static void on_turn(struct lane_pass *pass)
{
    struct call *c = OWNER(pass, pass);
    send(c);
    call_arm(c);
}

/* Its turn, or a place in the queue, or none. */
static void enter(struct call *c)
{
    struct lane *lane = c->ask.provider->lane;
    enum lane_entry entry =
        lane != NULL ? lane_enter(lane, &c->pass) : LANE_INSIDE;
    if (entry == LANE_INSIDE)
        send(c);
    else if (entry == LANE_FULL)
        call_end_busy(c, "too many calls wait for this provider (queue)");
}

void call_weigh(struct call *c)
{
    if (c->ask.hold != NULL)
        hold_set(c->ask.hold, &c->share,
                 c->request.cap + c->held.cap + c->tail.cap);
}

/* Is there room for the request's bytes beside what is held already? */
static bool has_room(const struct call *c)
{
    return c->ask.hold == NULL || hold_has(c->ask.hold, c->request.cap);
}

struct call *call_start(struct world *world, const struct question *ask)
{
    struct call *c = make(world, ask);
    if (c == NULL)
        return NULL;
    if (ask->provider->keyless) {
        str why = arena_print(&c->arena, "provider %.*s has no key; set %.*s",
                              STR_ARG(ask->provider->name),
                              STR_ARG(ask->provider->key_name));
        call_end(c, FAULT_AUTH, why.p != NULL ? why.p : "no key");
    } else if (!build(c)) {
        call_end(c, FAULT_BAD_REQUEST, "the request cannot be changed so");
    } else if (!has_room(c)) {
        call_end_busy(c, "no room for the request (max_memory)");
    } else {
        enter(c);
    }
    call_weigh(c);
    call_arm(c);
    return c;
}

void call_keep(struct call *c)
{
    c->refs++;
}

void call_release(struct call *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    timer_stop(c->world, &c->timer);
    call_target_left(c);
    buf_fini(&c->request);
    buf_fini(&c->held);
    buf_fini(&c->tail);
    call_weigh(c);
    provider_release(c->ask.provider);
    arena_fini(&c->arena);
    mem_free(c);
}

static void linger(struct call *c)
{
    struct call **list = c->ask.lingering;
    if (list == NULL || !c->exchanging)
        return;
    c->linger_next = *list;
    c->linger_at = list;
    if (*list != NULL)
        (*list)->linger_at = &c->linger_next;
    *list = c;
}

static void linger_no_more(struct call *c)
{
    if (c->linger_at == NULL)
        return;
    *c->linger_at = c->linger_next;
    if (c->linger_next != NULL)
        c->linger_next->linger_at = c->linger_at;
    c->linger_at = NULL;
}

void call_exchange_over(struct call *c)
{
    linger_no_more(c);
    c->exchanging = false;
    if (c->ask.provider->lane != NULL)
        lane_leave(c->ask.provider->lane, &c->pass);
    buf_fini(&c->request);
    call_weigh(c);
    call_release(c);
}

static void hang_up(struct call *c)
{
    if (c->exchanging) {
        exchange_cancel(c->transport, &c->exchange);
        call_exchange_over(c);
    } else if (c->ask.provider->lane != NULL) {
        lane_leave(c->ask.provider->lane, &c->pass);
    }
}

void call_hang_up_all(struct call **lingering)
{
    while (*lingering != NULL)
        hang_up(*lingering);
}

static void tell_ended(const struct call *c)
{
    if (c->ask.ender != NULL)
        c->ask.ender->ended(c->ask.ender, c);
}

void call_cancel(struct call *c)
{
    if (c->state == CALL_ENDED)
        return;
    c->state = CALL_ENDED;
    c->dropped = true;
    c->ended = world_now(c->world);
    call_guess(c);
    call_target_left(c);
    timer_stop(c->world, &c->timer);
    hang_up(c);
    tell_ended(c);
}

/* --- the end --------------------------------------------------------------- */

/* What the key came to; of several, the first to come back is waited for. */
static void learn_of_key(struct call *c)
{
    struct keys *keys = &c->ask.provider->keys;
    nanos now = world_now(c->world);
    if (c->sent == 0)
        return;
    keys_learn(keys, c->key, &c->fault, now);
    if (keys->n > 1 && c->fault.kind == FAULT_RATE_LIMITED)
        c->fault.wait = keys_wait(keys, now);
}

void call_finish(struct call *c, const struct fault *fault)
{
    if (c->state == CALL_ENDED)
        return;
    call_keep(c);
    c->state = CALL_ENDED;
    c->fault = *fault;
    learn_of_key(c);
    c->ended = world_now(c->world);
    call_guess(c);
    call_target_ended(c);
    tell_ended(c);
    timer_stop(c->world, &c->timer);
    if (fault->kind != FAULT_NONE || (c->cut && DEFENCE(cut_hangs_up)))
        hang_up(c);
    else
        linger(c); /* the upstream has said all; it may close in peace */
    call_arm(c);
    call_deliver_end(c);
    call_changed(c);
    call_release(c);
}

str call_told(struct call *c, const char *why)
{
    str model = c->ask.model;
    model.n = model.n < LONGEST_SHOWN ? model.n : LONGEST_SHOWN;
    str text = arena_print(&c->arena, "%.*s/%.*s: %s",
                           STR_ARG(c->ask.provider->name), STR_ARG(model), why);
    return text.p != NULL ? text : STR("the upstream call failed");
}

void call_end_detailed(struct call *c, enum fault_kind kind, const char *why,
                       str detail)
{
    struct fault fault = {.kind = kind,
                          .status = fault_status(kind),
                          .again = fault_passing(kind),
                          .ran = c->arrived,
                          .firm = true};
    if (kind != FAULT_NONE)
        fault.message = call_told(c, why);
    if (detail.n > 0)
        fault.detail = arena_print(&c->arena, "%.*s (%.*s)",
                                   STR_ARG(fault.message), STR_ARG(detail));
    if (!DEFENCE(addresses_inside))
        fault.message = fault.detail;
    call_finish(c, &fault);
}

/* It may be somebody else who answers there: that is not tried again. */
void call_end_untrusted(struct call *c, const char *why, str detail)
{
    struct fault fault = {.kind = FAULT_NETWORK,
                          .status = fault_status(FAULT_NETWORK),
                          .message = call_told(c, why)};
    fault.detail = arena_print(&c->arena, "%.*s (%.*s)", STR_ARG(fault.message),
                               STR_ARG(detail));
    call_finish(c, &fault);
}

void call_end(struct call *c, enum fault_kind kind, const char *why)
{
    call_end_detailed(c, kind, why, STR_NONE);
}

void call_end_cut(struct call *c, const char *why)
{
    struct fault fault = {.kind = FAULT_NONE,
                          .status = fault_status(FAULT_NONE),
                          .message = call_told(c, why)};
    call_finish(c, &fault);
}

void call_end_busy(struct call *c, const char *why)
{
    struct fault fault = {.kind = FAULT_OVERLOADED,
                          .status = 503,
                          .retry_after = BUSY_RETRY,
                          .again = true};
    fault.message = call_told(c, why);
    call_finish(c, &fault);
}

/* --- the timer ------------------------------------------------------------- */

struct due {
    nanos at;
    enum fault_kind kind;
    const char *why;
};

static void sooner(struct due *due, nanos from, nanos wait, struct due other)
{
    if (wait > 0 && from < NANOS_NEVER - wait && from + wait < due->at) {
        other.at = from + wait;
        *due = other;
    }
}

static bool is_under_way(const struct call *c)
{
    return c->state == CALL_CONNECTING || c->state == CALL_ASKED;
}

/* What runs out next. A stream that flows is bounded by `idle`, and by `total`
** only if the policy said so: a long answer is not a failure. */
static struct due next_due(const struct call *c)
{
    const struct patience *p = &c->ask.patience;
    bool flows = c->state == CALL_COMMITTED; /* a stream that has begun */
    struct due due = {flows ? NANOS_NEVER : c->ask.deadline, FAULT_DEADLINE,
                      "the request's deadline passed"};
    if (c->state == CALL_ENDED)
        return (struct due){c->ended + LINGER, FAULT_NONE, ""};
    if (!flows || p->total_holds)
        sooner(
            &due, c->started, p->total,
            (struct due){0, FAULT_TIMEOUT_TOTAL, "not done in time (total)"});
    if (DEFENCE(queue_wait) && c->state == CALL_QUEUED)
        sooner(&due, c->started, c->ask.provider->queue_wait,
               (struct due){0, FAULT_OVERLOADED,
                            "its turn did not come in time (queue_wait)"});
    if (c->state == CALL_CONNECTING)
        sooner(&due, c->sent, p->connect,
               (struct due){0, FAULT_TIMEOUT_CONNECT,
                            "no connection in time (connect)"});
    if (is_under_way(c) && c->ask.asked.stream)
        sooner(&due, c->sent, p->first,
               (struct due){0, FAULT_TIMEOUT_FIRST,
                            "no first token in time (first)"});
    if (c->state == CALL_COMMITTED && !c->held_back)
        sooner(&due, c->last_event, p->idle,
               (struct due){0, FAULT_TIMEOUT_IDLE,
                            "the stream went silent (idle)"});
    return due;
}

void call_arm(struct call *c)
{
    if (c->state == CALL_ENDED && !c->exchanging)
        return;
    nanos at = next_due(c).at;
    if (!timer_running(&c->timer) || at < c->timer.due)
        timer_start(c->world, &c->timer, at);
}

static void on_due(struct timer *t)
{
    struct call *c = OWNER(timer, t);
    struct due due = next_due(c);
    if (due.at > world_now(c->world))
        timer_start(c->world, &c->timer, due.at);
    else if (c->state == CALL_ENDED)
        hang_up(c);
    else if (due.kind == FAULT_OVERLOADED)
        call_end_busy(c, due.why);
    else if (due.kind != FAULT_TIMEOUT_TOTAL || c->state != CALL_COMMITTED ||
             !call_cut(c, due.why))
        call_end(c, due.kind, due.why);
}
