/*
** fuzz_policy.c -- any text as a policy: loaded, and asked one question.
**
** It loads or it does not, within small limits, and leaves nothing behind. If
** it loads, a request runs through it in a world whose upstreams cannot be
** reached (the simulated ones can). Whatever the policy does: one head, one
** end, header fields that are fields, a JSON body that is JSON, and log lines
** that are one line of JSON each.
*/
#include "fuzz.h"

#include "base/err.h"
#include "bind/bind.h"
#include "net/real.h"
#include "net/transport.h"
#include "serve/service.h"
#include "wire/json.h"

#define TURNS 20 /* of the loop, that a request is given */
#define BODY                            \
    "{\"model\":\"m\",\"stream\":%s,"   \
    "\"messages\":[{\"role\":\"user\"," \
    "\"content\":\"hi \\u00e9 \\\"x\\\"\"}]}"

static struct world *world;

/* --- the world ------------------------------------------------------------- */

static struct transport *inside; /* the real one */

static int start(struct transport *t, struct exchange *x)
{
    (void)t;
    return x->sim != NULL ? inside->ops->start(inside, x) : ERR_SYSTEM;
}

static void cancel(struct transport *t, struct exchange *x)
{
    (void)t;
    inside->ops->cancel(inside, x);
}

static void pause_reading(struct transport *t, struct exchange *x)
{
    (void)t;
    inside->ops->pause(inside, x);
}

static void resume(struct transport *t, struct exchange *x)
{
    (void)t;
    inside->ops->resume(inside, x);
}

static struct transport *lonely(struct world *w)
{
    static const struct transport_ops ops = {start, cancel, pause_reading,
                                             resume};
    static struct transport transport = {&ops};
    (void)w;
    return &transport;
}

static void on_log(void *user, const char *line, size_t n)
{
    struct json_error error;
    (void)user;
    MUST(memchr(line, '\n', n) == NULL);
    MUST(json_check((str){line, n}, &error));
}

static void setup(void)
{
    static struct world_ops ops;
    MUST(real_open(&world, NULL, on_log, NULL) == 0);
    inside = world_transport(world);
    ops = *world->ops;
    ops.transport = lonely;
    world->ops = &ops;
    MUST(setenv("FUZZ_KEY", "sk-fuzz", 1) == 0);
}

/* --- one request ----------------------------------------------------------- */

struct heard {
    int heads, dones, status;
    bool json;
    struct buf body;
};

static void on_head(void *user, int status, const struct http_field *fields,
                    int n, int64_t length)
{
    struct heard *o = user;
    MUST(++o->heads == 1 && o->dones == 0);
    MUST(status >= 200 && status <= 599 && length >= -1);
    o->status = status;
    for (int i = 0; i < n; i++) {
        MUST(http_name_ok(fields[i].name) && http_value_ok(fields[i].value));
        if (str_eq(fields[i].name, STR("content-type")))
            o->json = str_eq(fields[i].value, STR("application/json"));
    }
}

static bool on_chunk(void *user, str bytes)
{
    struct heard *o = user;
    MUST(o->heads == 1 && o->dones == 0);
    buf_add(&o->body, bytes);
    return true;
}

static void on_done(void *user, enum outcome end)
{
    struct heard *o = user;
    struct json_error error;
    MUST(++o->dones == 1);
    MUST(o->heads == 1 || end == OUTCOME_SHUTDOWN);
    if (o->json && end == OUTCOME_ANSWERED)
        MUST(json_check(buf_str(&o->body), &error));
}

static char *body_text(bool stream, size_t *n)
{
    size_t room = sizeof BODY + 8;
    char *text = mem_alloc(room);
    MUST(text != NULL);
    *n = (size_t)snprintf(text, room, BODY, stream ? "true" : "false");
    return text;
}

static void ask(struct service *s, bool stream)
{
    static const struct http_field fields[] = {
        {{"content-type", 12}, {"application/json", 16}},
        {{"x-odd", 5}, {"a \"b\" \xff", 7}},
    };
    struct heard o = {0};
    size_t n;
    char *body = body_text(stream, &n);
    struct arrival a = {.method = STR("POST"),
                        .path = STR("/v1/chat/completions"),
                        .fields = fields,
                        .fields_n = 2,
                        .body = {body, n},
                        .memory = body,
                        .sink = {&o, on_head, on_chunk, on_done}};
    buf_init(&o.body, 1 << 22);
    struct request *r = service_take(s, &a);
    for (int i = 0; r != NULL && i < TURNS && o.dones == 0; i++)
        real_step(world, i < TURNS / 2 ? 0 : NANOS_MS);
    if (o.dones == 0)
        request_stop(r, OUTCOME_SHUTDOWN);
    MUST(o.dones == 1);
    buf_fini(&o.body);
}

/* --- one policy ------------------------------------------------------------ */

static void policy(str in)
{
    struct runtime rt = {0};
    struct service service = {.rt = &rt};
    struct policy_source source = {.name = STR("P"), .text = in};
    MUST(runtime_init(&rt, world, "fuzz") == 0);
    rt.bind = &bind_lua;
    rt.no_inotify = true;
    rt.limits.load_cpu = rt.limits.cpu = 20 * NANOS_MS;
    rt.limits.heap = 8 << 20;
    rt.limits.request_heap = 2 << 20;
    rt.limits.deadline = NANOS_S;
    int error = runtime_load(&rt, &source);
    MUST(error == 0 || error == ERR_POLICY);
    MUST((error == 0) == (rt.current != NULL));
    MUST((error == 0) == (rt.load_error.n == 0));
    if (error == 0) {
        ask(&service, false);
        ask(&service, true);
    }
    real_step(world, 0); /* what was put off to the turn's end */
    runtime_fini(&rt);
}

FUZZ_AFTER(setup, policy)
