/*
** call_rig.h -- an upstream played by hand, for the tests of calls.
**
** The transport here does nothing by itself: the test says what the upstream
** does (upstream_head, upstream_says, upstream_ends) and looks at what the
** call asked of it. The clock stands still until virtual_pass.
*/
#ifndef TESTS_NET_CALL_RIG_H
#define TESTS_NET_CALL_RIG_H

#include "base/buf.h"
#include "base/err.h"
#include "net/call/call.h"
#include "sim_world.h"

#define CHUNK(delta, finish)                              \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,"     \
    "\"delta\":" delta ",\"finish_reason\":" finish "}]}" \
    "\n\n"
#define ROLE  CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null")
#define HELLO CHUNK("{\"content\":\"Hello\"}", "null")
#define MOON  CHUNK("{\"content\":\" moon\"}", "null")
#define STOP  CHUNK("{}", "\"stop\"")
#define USAGE                                        \
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":" \
    "{\"prompt_tokens\":9,\"completion_tokens\":2,"  \
    "\"total_tokens\":11}}\n\n"
#define DONE "data: [DONE]\n\n"
#define WHOLE                                                       \
    "{\"id\":\"c1\",\"object\":\"chat.completion\",\"choices\":["   \
    "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":" \
    "\"Hello moon\"},\"finish_reason\":\"stop\"}],\"usage\":"       \
    "{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}"

static struct virtual_world v;

/* The last exchange, and what was done to it. */
static struct upstream {
    struct transport base; /* first */
    struct exchange *x;    /* NULL: none is under way */
    int starts, cancels, pauses, resumes;
    bool paused;
    int refuses; /* what exchange_start returns */
} up;

static struct provider *provider;
static struct lane *lanes;
static struct call *call; /* what most tests ask */

/* --- the transport --------------------------------------------------------- */

static inline int rig_start(struct transport *t, struct exchange *x)
{
    (void)t;
    if (up.refuses != 0)
        return up.refuses;
    up.starts++;
    up.x = x;
    up.paused = false;
    return 0;
}

static inline void rig_cancel(struct transport *t, struct exchange *x)
{
    (void)t;
    up.cancels++;
    if (up.x == x)
        up.x = NULL;
}

static inline void rig_pause(struct transport *t, struct exchange *x)
{
    (void)t;
    CHECK(x == up.x && !up.paused);
    up.pauses++;
    up.paused = true;
}

static inline void rig_resume(struct transport *t, struct exchange *x)
{
    (void)t;
    CHECK(x == up.x && up.paused);
    up.resumes++;
    up.paused = false;
}

static inline struct transport *rig_transport(struct world *w)
{
    (void)w;
    return &up.base;
}

/* --- setting up ------------------------------------------------------------ */

static inline void begin(void)
{
    static const struct transport_ops transport_ops = {rig_start, rig_cancel,
                                                       rig_pause, rig_resume};
    static const struct world_ops ops = {.now = virtual_now,
                                         .calendar = virtual_calendar,
                                         .timer_start = virtual_start,
                                         .timer_stop = virtual_stop,
                                         .transport = rig_transport};
    virtual_open(&v);
    v.base.ops = &ops;
    up = (struct upstream){.base = {&transport_ops}};
    provider = provider_new();
    provider->name = STR("mock");
    provider->endpoint = STR("http://mock/v1/chat/completions");
    provider->key_name = STR("MOCK_KEY");
    provider->dialect = &dialect_openai;
    provider->max_reply = 1 << 20;
    lanes = NULL;
    call = NULL;
}

/* Gives the reference of `call` back; once the upstream has had its time to
** close, no timer and no reference may be left. */
static inline void finish(void)
{
    if (call != NULL) {
        call_cancel(call);
        call_release(call);
    }
    virtual_pass(&v, NANOS_S);
    CHECK_INT(provider->refs, 1);
    provider_release(provider);
    lane_free_all(lanes);
    virtual_close(&v);
}

static inline struct question question(bool stream)
{
    return (struct question){
        .provider = provider,
        .patience = {.connect = 2 * NANOS_S,
                     .first = 5 * NANOS_S,
                     .idle = 3 * NANOS_S,
                     .total = 60 * NANOS_S},
        .model = STR("gpt-x"),
        .body = stream ? STR("{\"model\":\"any\",\"stream\":true,"
                             "\"messages\":[]}")
                       : STR("{\"model\":\"any\",\"messages\":[]}"),
        .asked = {.stream = stream},
        .deadline = v.now + 120 * NANOS_S,
    };
}

static inline struct call *ask(bool stream)
{
    struct question q = question(stream);
    return call_start(&v.base, &q);
}

/* --- what the upstream does ------------------------------------------------ */

static inline void upstream_connects(void)
{
    up.x->events->connected(up.x);
}

static inline void upstream_head(int status, const char *type)
{
    struct http_field field = {STR("Content-Type"), str_of(type)};
    upstream_connects();
    up.x->events->head(up.x, status, &field, 1);
}

static inline void upstream_says_bytes(str bytes)
{
    up.x->events->body(up.x, bytes);
}

static inline void upstream_says(const char *text)
{
    upstream_says_bytes(str_of(text));
}

static inline void upstream_ends(enum exchange_end end)
{
    struct exchange *x = up.x;
    up.x = NULL;
    x->events->done(x, end, end == EXCHANGE_OK ? STR("") : STR("it broke"));
}

/* A stream under way: asked, connected, its head is there. */
static inline void begin_stream(void)
{
    begin();
    call = ask(true);
    upstream_head(200, "text/event-stream; charset=utf-8");
}

/* --- one who reads --------------------------------------------------------- */

struct ear {
    struct reader reader; /* first */
    struct buf heard;
    int pieces, ends;
    struct fault fault; /* as it was at the end */
    /* Asked at every piece: what else this reader does. */
    void (*also)(struct ear *);
};

static inline void ear_bytes(struct reader *r, str bytes)
{
    struct ear *ear = (struct ear *)r;
    CHECK(bytes.n > 0 && ear->ends == 0);
    ear->pieces++;
    buf_add(&ear->heard, bytes);
    if (ear->also != NULL)
        ear->also(ear);
}

static inline void ear_end(struct reader *r, const struct fault *fault)
{
    struct ear *ear = (struct ear *)r;
    CHECK(!r->attached);
    ear->ends++;
    ear->fault = *fault;
}

static inline void ear_open(struct ear *ear)
{
    *ear = (struct ear){.reader = {.bytes = ear_bytes, .end = ear_end}};
    buf_init(&ear->heard, 1 << 24);
}

static inline void ear_attach(struct ear *ear)
{
    ear_open(ear);
    call_attach(call, &ear->reader);
}

static inline void ear_close(struct ear *ear)
{
    buf_fini(&ear->heard);
}

/* --- one who waits --------------------------------------------------------- */

struct eye {
    struct watcher watcher; /* first */
    int changes;
};

static inline void eye_changed(struct watcher *w)
{
    ((struct eye *)w)->changes++;
}

static inline void eye_open(struct eye *eye)
{
    *eye = (struct eye){.watcher = {.changed = eye_changed}};
    call_watch(call, &eye->watcher);
}

#define CHECK_FAULT(c, want) \
    CHECK_STR(str_of(fault_name((c)->fault.kind)), want)

#endif
