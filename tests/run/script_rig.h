/*
** script_rig.h -- the whole core on a clock that a test turns, with upstreams
** that do what a script says.
**
** A gateway here is a runtime with its service, as a worker has it; its world
** has virtual time, seeded dice and a transport without sockets. Several may
** share the world, and one may be the upstream of another ("http://gN.test").
**
**     script_begin();
**     struct gateway *g = gateway_open("return 'up/m'");
**     up = (struct upstream){.play = some_play};
**     struct client c;  client_asks(&c, g, WHOLE);  script_pass(NANOS_S);
*/
#ifndef TESTS_RUN_SCRIPT_RIG_H
#define TESTS_RUN_SCRIPT_RIG_H

#include <stdio.h>

#include "base/buf.h"
#include "bind/bind.h"
#include "net/timers.h"
#include "run/runtime.h"
#include "serve/service.h"
#include "unit.h"

#define PRELUDE  "local p = require 'perilune' "
#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define WHOLE    "{\"model\":\"any\"," MESSAGES "}"
#define STREAM   "{\"model\":\"any\",\"stream\":true," MESSAGES "}"
#define CALENDAR (784111776 * NANOS_S) /* its clock begins a second later */
#define LATENCY  NANOS_MS              /* of every step of an upstream */

/* --- the world ------------------------------------------------------------ */

static struct script_world {
    struct world base; /* first */
    struct timers timers;
    nanos now;
    uint64_t dice;
    struct later *first, **last;
    struct buf log;
    struct transport transport;
} script;

static inline nanos script_now(struct world *w)
{
    (void)w;
    return script.now;
}

static inline nanos script_calendar(struct world *w)
{
    (void)w;
    return CALENDAR + script.now;
}

static inline nanos script_cpu(struct world *w)
{
    (void)w;
    return 0;
}

static inline void script_random(struct world *w, void *to, size_t n)
{
    unsigned char *at = to;
    (void)w;
    while (n-- > 0) {
        script.dice = script.dice * UINT64_C(6364136223846793005) + 1442695041;
        *at++ = (unsigned char)(script.dice >> 33);
    }
}

static inline void script_start(struct world *w, struct timer *t, nanos due)
{
    (void)w;
    timers_start(&script.timers, t, due);
}

static inline void script_stop(struct world *w, struct timer *t)
{
    (void)w;
    timers_stop(&script.timers, t);
}

static inline void script_later(struct world *w, struct later *l)
{
    (void)w;
    if (l->queued)
        return;
    l->queued = true;
    l->next = NULL;
    *script.last = l;
    script.last = &l->next;
}

static inline void script_log(struct world *w, str line)
{
    (void)w;
    buf_add(&script.log, line);
    buf_byte(&script.log, '\n');
}

static inline struct transport *script_transport(struct world *w)
{
    (void)w;
    return &script.transport;
}

static inline void script_settle(void)
{
    struct later *l;
    while ((l = script.first) != NULL) {
        script.first = l->next;
        if (script.first == NULL)
            script.last = &script.first;
        l->queued = false;
        l->run(l);
    }
}

/* Let so much time pass; whatever is due happens in order. */
static inline void script_pass(nanos length)
{
    nanos until = script.now + length;
    script_settle();
    while (timers_due(&script.timers) <= until) {
        if (timers_due(&script.timers) > script.now)
            script.now = timers_due(&script.timers);
        struct timer *t = timers_pop(&script.timers, script.now);
        t->fire(t);
        script_settle();
    }
    script.now = until;
}

/* --- upstreams ------------------------------------------------------------ */

/* What an upstream does with one request, all of it after LATENCY. */
struct reply {
    enum exchange_end end; /* how it ends */
    bool unconnected;      /* without a connection: `end`, or it hangs */
    bool hangs;            /* it says all that follows, and then no more */
    int status;            /* 0: no head */
    struct http_field fields[16];
    int fields_n;
    str body, more; /* the second a while behind the first, if present */
};

/* One request that arrived. Lives until script_end. */
struct play {
    struct play *next;
    struct timer timer;
    struct exchange *x; /* NULL: it has ended, or was cancelled */
    bool cancelled, begun;
    str url, key; /* the Authorization that came */
    nanos at;
    struct reply reply;
    struct client *client; /* of the gateway that is the upstream */
};

static struct upstreams {
    /* What to answer; called at every arrival. */
    void (*script)(struct play *);
    struct play *first, **last;
    int arrivals;
    struct arena arena;
} up;

static inline void bridge(struct play *p);

static inline void play_end(struct play *p)
{
    struct exchange *x = p->x;
    if (x == NULL || p->reply.hangs)
        return;
    p->x = NULL;
    x->events->done(x, p->reply.end,
                    p->reply.end == EXCHANGE_OK ? STR("") : STR("script"));
}

static inline void play_begin(struct play *p)
{
    struct reply *r = &p->reply;
    struct exchange *x = p->x;
    p->begun = true;
    if (!r->unconnected)
        x->events->connected(x);
    if (p->x != NULL && r->status != 0)
        x->events->head(x, r->status, r->fields, r->fields_n);
    if (p->x != NULL && r->body.n > 0)
        x->events->body(x, r->body);
    if (r->more.p == NULL)
        play_end(p);
    else if (p->x != NULL)
        script_start(&script.base, &p->timer, script.now + LATENCY);
}

static inline void play_on(struct timer *t)
{
    struct play *p = (void *)((char *)t - offsetof(struct play, timer));
    if (p->begun) {
        if (p->reply.more.n > 0)
            p->x->events->body(p->x, p->reply.more);
        play_end(p);
    } else if (p->client == NULL && str_starts(p->url, STR("http://g"))) {
        bridge(p);
    } else {
        play_begin(p);
    }
}

static inline int transport_start(struct transport *t, struct exchange *x)
{
    struct play *p = arena_zero(&up.arena, sizeof *p);
    (void)t;
    *p = (struct play){.timer.fire = play_on, .x = x, .at = script.now};
    p->url = arena_copy(&up.arena, str_of(x->url));
    for (int i = 0; i < x->headers_n; i++)
        if (str_eq_nocase(x->headers[i].name, STR("authorization")))
            p->key = arena_copy(&up.arena, x->headers[i].value);
    x->impl = p;
    *up.last = p;
    up.last = &p->next;
    up.arrivals++;
    if (up.script != NULL)
        up.script(p);
    script_start(&script.base, &p->timer, script.now + LATENCY);
    return 0;
}

static inline void transport_cancel(struct transport *t, struct exchange *x)
{
    struct play *p = x->impl;
    (void)t;
    p->x = NULL;
    p->cancelled = true;
    script_stop(&script.base, &p->timer);
}

static inline void transport_idle(struct transport *t, struct exchange *x)
{
    (void)t;
    (void)x;
}

/* How many arrived at a url that begins so. */
static inline int arrived(const char *url)
{
    int n = 0;
    for (struct play *p = up.first; p != NULL; p = p->next)
        n += str_starts(p->url, str_of(url));
    return n;
}

static inline void script_begin(void)
{
    static const struct world_ops ops = {.now = script_now,
                                         .calendar = script_calendar,
                                         .cpu = script_cpu,
                                         .stopwatch = script_cpu,
                                         .random = script_random,
                                         .timer_start = script_start,
                                         .timer_stop = script_stop,
                                         .later = script_later,
                                         .log = script_log,
                                         .transport = script_transport};
    static const struct transport_ops transport = {
        transport_start, transport_cancel, transport_idle, transport_idle};
    script = (struct script_world){
        .base = {&ops}, .now = NANOS_S, .dice = 1, .transport = {&transport}};
    script.last = &script.first;
    CHECK_INT(timers_init(&script.timers), 0);
    buf_init(&script.log, 1 << 24);
    up = (struct upstreams){.last = &up.first};
    arena_init(&up.arena);
}

static inline void script_end(void)
{
    script_settle();
    timers_fini(&script.timers);
    buf_fini(&script.log);
    arena_fini(&up.arena);
}

/* --- gateways ------------------------------------------------------------- */

struct gateway {
    struct runtime rt;
    struct service service;
};

#define MOST_GATEWAYS 4
static struct gateway *gateways[MOST_GATEWAYS];
static int gateways_n;

/* A worker under this policy; those of one store share what is named. */
static inline struct gateway *worker_open(const char *store, const char *policy)
{
    struct gateway *g = mem_zero(sizeof *g);
    struct buf text;
    CHECK_INT(runtime_init(&g->rt, &script.base, store), 0);
    g->rt.bind = &bind_lua;
    g->service.rt = &g->rt;
    admission_init(&g->service);
    buf_init(&text, 1 << 16);
    buf_text(&text, PRELUDE);
    buf_text(&text, policy);
    struct policy_source source = {.name = STR("P"), .text = buf_str(&text)};
    int error = runtime_load(&g->rt, &source);
    CHECK_INT(error, 0);
    if (error != 0)
        printf("#    %.*s\n", STR_ARG(buf_str(&g->rt.load_error)));
    buf_fini(&text);
    gateways[gateways_n++] = g;
    return g;
}

/* A gateway of its own. */
static inline struct gateway *gateway_open(const char *policy)
{
    static int number;
    char store[64];
    snprintf(store, sizeof store, "/tmp/perilune-script-%d", number++);
    return worker_open(store, policy);
}

static inline void gateways_close(void)
{
    for (int i = 0; i < gateways_n; i++) {
        struct gateway *g = gateways[i];
        while (g->rt.live != NULL)
            request_stop(g->rt.live, OUTCOME_SHUTDOWN);
        admission_fini(&g->service);
        runtime_fini(&g->rt);
        mem_free(g);
    }
    gateways_n = 0;
}

/* --- clients -------------------------------------------------------------- */

struct client {
    struct buf head, body; /* "name: value\n" each; the body */
    int status;
    bool done;
    enum outcome outcome;
    struct request *request;       /* while it runs */
    void (*then)(struct client *); /* when it is done, or NULL */
    void *of;
};

static inline void client_head(void *user, int status,
                               const struct http_field *fields, int n,
                               int64_t length)
{
    struct client *c = user;
    (void)length;
    c->status = status;
    for (int i = 0; i < n; i++)
        buf_print(&c->head, "%.*s: %.*s\n", STR_ARG(fields[i].name),
                  STR_ARG(fields[i].value));
}

static inline bool client_chunk(void *user, str bytes)
{
    buf_add(&((struct client *)user)->body, bytes);
    return true;
}

static inline void client_done(void *user, enum outcome outcome)
{
    struct client *c = user;
    c->done = true;
    c->outcome = outcome;
    if (c->then != NULL)
        c->then(c);
}

static inline void client_init(struct client *c)
{
    *c = (struct client){.of = NULL};
    buf_init(&c->head, 1 << 16);
    buf_init(&c->body, 1 << 20);
}

static inline void client_fini(struct client *c)
{
    buf_fini(&c->head);
    buf_fini(&c->body);
}

/* Ask; what comes back is in the client, which has been initialised. */
static inline void client_asks(struct client *c, struct gateway *g,
                               const char *body)
{
    size_t n = strlen(body);
    struct arrival a = {.method = STR("POST"),
                        .path = STR("/v1/chat/completions"),
                        .memory = mem_alloc(n + 1),
                        .sink = {c, client_head, client_chunk, client_done}};
    memcpy(a.memory, body, n);
    a.body = (str){a.memory, n};
    buf_clear(&c->head);
    buf_clear(&c->body);
    c->done = false;
    c->status = 0;
    c->request = service_take(&g->service, &a);
}

/* A header that it got; absent when there is none. */
static inline str client_header(const struct client *c, const char *name)
{
    str rest = buf_str(&c->head);
    while (rest.p != NULL) {
        str line = str_split(&rest, '\n');
        size_t colon = str_find(line, ':');
        if (str_eq((str){line.p, colon}, str_of(name)))
            return str_trim(str_from(line, colon + 1));
    }
    return STR_NONE;
}

static inline bool holds(const struct buf *b, str what)
{
    return b->n > 0 && memmem(b->p, b->n, what.p, what.n) != NULL;
}

/* --- a gateway as an upstream --------------------------------------------- */

static inline void bridged(struct client *c)
{
    struct play *p = c->of;
    str rest = buf_str(&c->head);
    p->reply = (struct reply){.status = c->status, .body = buf_str(&c->body)};
    while (rest.p != NULL && p->reply.fields_n < 16) {
        str line = str_split(&rest, '\n');
        size_t colon = str_find(line, ':');
        if (colon < line.n)
            p->reply.fields[p->reply.fields_n++] = (struct http_field){
                {line.p, colon}, str_trim(str_from(line, colon + 1))};
    }
    if (p->x != NULL)
        script_start(&script.base, &p->timer, script.now + LATENCY);
}

/* "http://g1.test/..." is the gateway that was opened second. */
static inline void bridge(struct play *p)
{
    struct client *c = arena_zero(&up.arena, sizeof *c);
    struct gateway *g = gateways[p->url.p[strlen("http://g")] - '0'];
    char body[1024];
    client_init(c);
    c->of = p;
    c->then = bridged;
    p->client = c;
    snprintf(body, sizeof body, "%.*s", STR_ARG(p->x->body));
    client_asks(c, g, body);
}

/* Free what bridges hold; before script_end. */
static inline void bridges_close(void)
{
    for (struct play *p = up.first; p != NULL; p = p->next)
        if (p->client != NULL)
            client_fini(p->client);
}

#endif
