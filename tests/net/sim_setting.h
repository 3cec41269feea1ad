/*
** sim_setting.h -- what the tests of the simulated upstream begin with: a
** world whose clock stands still, and a caller that remembers.
*/
#ifndef TESTS_NET_SIM_SETTING_H
#define TESTS_NET_SIM_SETTING_H

#include "base/buf.h"
#include "base/err.h"
#include "net/sim.h"
#include "sim_world.h"
#include "wire/json.h"

#define STREAM                                           \
    "{\"model\":\"gpt-x\",\"stream\":true,\"messages\":" \
    "[{\"role\":\"user\",\"content\":\"Where is the moon?\"}]}"
#define STREAM_USAGE                                           \
    "{\"model\":\"gpt-x\",\"stream\":true,\"stream_options\":" \
    "{\"include_usage\":true},\"messages\":"                   \
    "[{\"role\":\"user\",\"content\":\"Where is the moon?\"}]}"
#define WHOLE                                                \
    "{\"model\":\"gpt-x\",\"messages\":[{\"role\":\"user\"," \
    "\"content\":[{\"type\":\"text\",\"text\":\"Where is the moon?\"}]}]}"

static struct virtual_world v;
static struct transport *t;

struct caller {
    struct exchange x; /* first */
    int connected, heads, pieces, ends, status;
    enum exchange_end end;
    char type[64], retry[16];
    struct buf body;
    nanos head_at, last_at, end_at;
    void (*on_body)(struct caller *);
    void (*on_any)(struct caller *);
};

static inline void connected(struct exchange *x)
{
    struct caller *c = (struct caller *)x;
    c->connected++;
    if (c->on_any != NULL)
        c->on_any(c);
}

static inline void head(struct exchange *x, int status,
                        const struct http_field *f, int n)
{
    struct caller *c = (struct caller *)x;
    CHECK_INT(c->connected, 1);
    c->heads++;
    c->status = status;
    c->head_at = v.now;
    for (int i = 0; i < n; i++) {
        if (str_eq_nocase(f[i].name, STR("content-type")))
            snprintf(c->type, sizeof c->type, "%.*s", STR_ARG(f[i].value));
        if (str_eq_nocase(f[i].name, STR("retry-after")))
            snprintf(c->retry, sizeof c->retry, "%.*s", STR_ARG(f[i].value));
    }
    if (c->on_any != NULL)
        c->on_any(c);
}

static inline void body(struct exchange *x, str bytes)
{
    struct caller *c = (struct caller *)x;
    CHECK(c->heads == 1 && c->ends == 0 && bytes.n > 0);
    c->pieces++;
    c->last_at = v.now;
    buf_add(&c->body, bytes);
    if (c->on_any != NULL)
        c->on_any(c);
    if (c->on_body != NULL)
        c->on_body(c);
}

static inline void done(struct exchange *x, enum exchange_end end, str detail)
{
    struct caller *c = (struct caller *)x;
    CHECK((detail.n == 0) == (end == EXCHANGE_OK));
    c->ends++;
    c->end = end;
    c->end_at = v.now;
}

static const struct exchange_events events = {
    .connected = connected, .head = head, .body = body, .done = done};

/* --- helpers -------------------------------------------------------------- */

static inline void begin(void)
{
    virtual_open(&v);
    CHECK_INT(sim_open(&t, &v.base), 0);
}

static inline void finish(void)
{
    sim_close(t);
    virtual_close(&v);
}

static inline void start(struct caller *c, const struct sim_script *script,
                         const char *text)
{
    memset(c, 0, sizeof *c);
    buf_init(&c->body, (size_t)64 << 20);
    c->x.events = &events;
    c->x.url = "http://sim/v1/chat/completions";
    c->x.body = str_of(text);
    c->x.sim = script;
    CHECK_INT(exchange_start(t, &c->x), 0);
    CHECK_INT(c->connected, 0);
}

static inline void ask(struct caller *c, const struct sim_script *script,
                       const char *text)
{
    start(c, script, text);
    virtual_pass(&v, 3600 * NANOS_S);
    CHECK_INT(c->ends, 1);
}

static inline void drop(struct caller *c)
{
    buf_fini(&c->body);
}

static inline bool holds(const struct caller *c, const char *what)
{
    return memmem(buf_str(&c->body).p, c->body.n, what, strlen(what)) != NULL;
}

static inline int count(const struct caller *c, const char *what)
{
    str rest = buf_str(&c->body);
    const char *at;
    int n = 0;
    while (rest.n > 0 &&
           (at = memmem(rest.p, rest.n, what, strlen(what))) != NULL) {
        rest = str_from(rest, (size_t)(at - rest.p) + strlen(what));
        n++;
    }
    return n;
}

/* Every event's data is JSON or [DONE]; the contents put together. */
static inline void check_events(const struct caller *c, struct buf *said)
{
    str rest = buf_str(&c->body);
    struct json_error error;
    while (rest.n > 0) {
        str line = str_split(&rest, '\n');
        CHECK_INT(str_split(&rest, '\n').n, 0);
        CHECK(str_starts(line, STR("data: ")));
        str data = str_from(line, 6);
        if (str_eq(data, STR("[DONE]")))
            continue;
        CHECK(json_check(data, &error));
        struct json_walk choices =
            json_walk(json_get(json_of(data), STR("choices")));
        while (json_next(&choices)) {
            struct json delta = json_get(choices.value, STR("delta"));
            struct json content = json_get(delta, STR("content"));
            if (content.kind == JSON_STRING)
                json_decode(content, said);
        }
    }
}

static inline bool ends_with(const struct caller *c, const char *what)
{
    size_t n = strlen(what);
    return c->body.n >= n && memcmp(c->body.p + c->body.n - n, what, n) == 0;
}

#endif
