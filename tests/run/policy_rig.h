/*
** policy_rig.h -- a policy, a request, and what came of it.
**
** By the public door only: a runtime is opened, a policy text put in force,
** a body submitted, the loop stepped until done. What a test looks at is what
** a client and an operator would see: status, headers, body, path, log.
**
**     begin(OK("a") "return 'a/x'");
**     chat();
**     CHECK_INT(got.status, 200);
**     CHECK_STR(said(), "a");
**     finish();
*/
#ifndef TESTS_RUN_POLICY_RIG_H
#define TESTS_RUN_POLICY_RIG_H

#include "base/buf.h"
#include "perilune.h"
#include "unit.h"
#include "wire/dialect.h"
#include "wire/json.h"

/* Every policy begins with this, on its first line. */
#define PRELUDE "local p = require 'perilune' "

/* Simulated providers: one that says its own name, one with a script. */
#define OK(name)                                     \
    "p.provider('" name "', { sim = { latency = 0, " \
    "rate = 1e6, text = '" name "' } }) "
#define SIM(name, script)                            \
    "p.provider('" name "', { sim = { latency = 0, " \
    "rate = 1e6, text = '" name "', " script " } }) "
#define FAILS(name, status) SIM(name, "fails = " #status)

/* Whole policies: one that waits, one whose stream takes for ever. */
#define WAITS SIM("b", "hangs = true") "return 'b/x'"
#define TRICKLES                                                            \
    "p.provider('b', { sim = { latency = 0, rate = 20, tokens = 4000 } }) " \
    "return p.model { 'b/x', total = '10m' }"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define WHOLE    "{\"model\":\"any\"," MESSAGES "}"
#define STREAM   "{\"model\":\"any\",\"stream\":true," MESSAGES "}"

#define PATIENT_TURNS 3000 /* of at most 10 ms, for what must come at once */

static const char *rig_store = "/tmp/perilune-test-store";
static perilune *peri;
static struct buf logged; /* all lines of the log, each with its newline */

/* What came of the last request. */
static struct got {
    peri_id id;
    int submitted; /* what peri_submit returned */
    int heads, dones, status, outcome;
    struct buf headers; /* "name: value\n" each */
    struct buf body, said;
} got;

/* --- the runtime ---------------------------------------------------------- */

static inline void rig_log(void *user, const char *line, size_t len)
{
    (void)user;
    CHECK(memchr(line, '\n', len) == NULL);
    buf_add(&logged, (str){line, len});
    buf_byte(&logged, '\n');
}

/* Every line is JSON. */
static inline void check_log(void)
{
    struct json_error error;
    for (str rest = buf_str(&logged); rest.n > 0;)
        CHECK(json_check(str_split(&rest, '\n'), &error));
}

static inline void rig_open(const peri_options *given)
{
    peri_options opt = given != NULL ? *given : (peri_options){0};
    opt.size = sizeof opt;
    opt.log = rig_log;
    if (opt.store == NULL)
        opt.store = rig_store;
    buf_init(&logged, 1 << 24);
    got = (struct got){0};
    CHECK_INT(peri_open(&peri, &opt), 0);
}

static inline void got_clear(void)
{
    buf_fini(&got.headers);
    buf_fini(&got.body);
    buf_fini(&got.said);
    got = (struct got){0};
    buf_init(&got.headers, 1 << 16);
    buf_init(&got.body, 1 << 26);
    buf_init(&got.said, 1 << 26);
}

static inline void finish(void)
{
    peri_close(peri);
    got_clear();
    check_log();
    buf_fini(&logged);
}

static inline int load(const char *policy)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_text(&text, PRELUDE);
    buf_text(&text, policy);
    int error = peri_load_text(peri, "P", text.p, text.n);
    buf_fini(&text);
    return error;
}

/* A runtime under this policy, which loads. */
static inline void begin(const char *policy)
{
    rig_open(NULL);
    int loads = load(policy);
    CHECK_INT(loads, 0);
    if (loads != 0)
        printf("#    %s\n", peri_error(peri));
}

/* Takes a policy that does not load: what the author is told. The PRELUDE
** stands on the same line as its first. */
static inline void check_load_error(const char *policy, const char *want,
                                    int line)
{
    rig_open(NULL);
    int error = load(policy);
    if (error != PERI_EPOLICY || strcmp(peri_error(peri), want) != 0) {
        unit_failures++;
        printf("#    line %d: %d '%s'\n#    not '%s'\n", line, error,
               peri_error(peri), want);
    }
    finish();
}
#define CHECK_LOAD_ERROR(policy, want) check_load_error(policy, want, __LINE__)

/* --- a request ------------------------------------------------------------ */

static inline void rig_head(void *user, int status, const peri_header *headers,
                            size_t n)
{
    (void)user;
    got.heads++;
    got.status = status;
    for (size_t i = 0; i < n; i++)
        buf_print(&got.headers, "%s: %s\n", headers[i].name, headers[i].value);
}

static inline int rig_chunk(void *user, const char *bytes, size_t len)
{
    (void)user;
    CHECK(got.heads == 1 && got.dones == 0);
    buf_add(&got.body, (str){bytes, len});
    return PERI_GO;
}

static inline void rig_done(void *user, int outcome)
{
    (void)user;
    got.dones++;
    got.outcome = outcome;
}

static inline void submit_with(const char *body, const peri_header *headers,
                               size_t n)
{
    static const peri_sink sink = {sizeof sink, NULL, rig_head, rig_chunk,
                                   rig_done};
    peri_request req = {.size = sizeof req,
                        .body = body,
                        .body_len = strlen(body),
                        .headers = headers,
                        .headers_len = n};
    got_clear();
    got.submitted = peri_submit(peri, &req, &sink, &got.id);
    CHECK_INT(got.submitted, 0);
}

static inline void submit(const char *body)
{
    submit_with(body, NULL, 0);
}

/* So many turns of the loop. */
static inline void turn(int n)
{
    for (int i = 0; i < n; i++)
        peri_step(peri, 0.001);
}

/* Turn the loop until the request is done. */
static inline void await_done(void)
{
    for (int i = 0; i < PATIENT_TURNS && got.dones == 0; i++)
        peri_step(peri, 0.01);
    CHECK_INT(got.dones, 1);
}

static inline void ask(const char *body)
{
    submit(body);
    await_done();
}

static inline void chat(void)
{
    ask(WHOLE);
}

static inline void chat_stream(void)
{
    ask(STREAM);
}

/* --- what came of it ------------------------------------------------------ */

static inline bool holds(str text, const char *what)
{
    bool it_does =
        text.n > 0 && memmem(text.p, text.n, what, strlen(what)) != NULL;
    if (!it_does)
        printf("#    not in '%.*s'\n", text.p != NULL ? (int)text.n : 0,
               text.p != NULL ? text.p : "");
    return it_does;
}

static inline bool contains(const struct buf *b, const char *what)
{
    return b->n > 0 && memmem(b->p, b->n, what, strlen(what)) != NULL;
}

/* A header of the reply; absent when there is none. */
static inline str header(const char *name)
{
    str rest = buf_str(&got.headers);
    while (rest.p != NULL) {
        str line = str_split(&rest, '\n');
        size_t colon = str_find(line, ':');
        if (str_eq((str){line.p, colon}, str_of(name)))
            return str_trim(str_from(line, colon + 1));
    }
    return STR_NONE;
}

static inline str path(void)
{
    return header("x-perilune-path");
}

static inline void add_said(str data)
{
    struct json_error error;
    int choice;
    if (data.p == NULL || !json_check(data, &error))
        return;
    for (int nth = 0; dialect_openai.content(data, nth, &choice, &got.said);
         nth++)
        continue;
}

/* What the assistant said, of a stream or a whole reply. */
static inline str said(void)
{
    str body = buf_str(&got.body);
    struct sse_event event;
    buf_clear(&got.said);
    if (str_starts(header("content-type"), STR("text/event-stream")))
        while (sse_next(&body, &event))
            add_said(event.data);
    else
        add_said(body);
    return buf_str(&got.said);
}

/* The error told to the client: a field of it. */
static inline str error_of(const char *field)
{
    struct json_error bad;
    if (!json_check(buf_str(&got.body), &bad))
        return STR_NONE;
    struct json error = json_get(json_of(buf_str(&got.body)), STR("error"));
    buf_clear(&got.said);
    return json_text(json_get(error, str_of(field)), &got.said);
}

/* The text of the last log line of that event that has the field; decoded
** into got.said. */
static inline str log_field(const char *event, const char *field)
{
    str rest = buf_str(&logged), found = STR_NONE;
    while (rest.p != NULL) {
        str line = str_split(&rest, '\n');
        if (line.n == 0)
            continue;
        struct json root = json_of(line);
        if (!json_is(json_get(root, STR("event")).text, str_of(event)))
            continue;
        struct json v = json_get(root, str_of(field));
        buf_clear(&got.said);
        found = v.kind == JSON_STRING ? json_text(v, &got.said) : v.text;
    }
    return found;
}

/* The bug of a policy: what its author is told, and the client is not. */
#define CHECK_POLICY_ERROR(want)                               \
    do {                                                       \
        CHECK_STR(log_field("policy_error", "message"), want); \
        CHECK_INT(got.status, 500);                            \
        CHECK_STR(error_of("code"), "policy_error");           \
    } while (0)

/* One policy, one request that fails in it, one message. */
#define CHECK_RUN_ERROR(policy, want) \
    do {                              \
        begin(policy);                \
        chat();                       \
        CHECK_POLICY_ERROR(want);     \
        finish();                     \
    } while (0)

#endif
