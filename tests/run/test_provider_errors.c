/*
** test_provider_errors.c -- what providers really send when they fail: each
** row of data/provider_errors.jsonl, played to the whole core.
**
** A row says what the upstream does: `status`, `headers` and a `body` (or
** `text`, `events` and a `tail`), how it ends (`end`; "never": no connection
** comes), or that it `hangs` behind that. And what must come of it: the
** `class`; the `action` ("retry": as often as tries say, "once": one more,
** "next": the next rung at once, "refuse": the ladder ends, "answer": it is
** none, "cancel": we hang up); to a client that has no other rung `client`,
** the status, `code` and `retry_after`; `says` and `hides` are texts that it
** sees and does not. `wait_ms` is what the provider asks to wait.
**
** What happens mid-stream is played twice: before the first token, which is
** what the above speaks of, and behind it: then the client has its 200 and is
** told in an event of the class `then` (or `class`), and nothing is retried.
*/
#include "script_rig.h"

#define ROWS   97
#define TRIES  3
#define SECRET "sk-provider-0123456789"
#define UP                                           \
    "p.provider('up', { url = 'http://up.test/v1', " \
    "key = '" SECRET "' }) p.provider('ok', 'http://ok.test/v1') "
#define ALONE  UP "return p.model { 'up/m', tries = 3 }"
#define LADDER UP "return { p.model { 'up/m', tries = 3 }, 'ok/n' }"

#define TOKEN                                                             \
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":" \
    "\"assistant\",\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n"
#define GOOD                                                          \
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"," \
    "\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}"
#define GOOD_STREAM TOKEN "data: [DONE]\n\n"

static struct error_row {
    struct json json;
    int line;
    bool stream, midway;
    struct reply reply;
    struct buf body;    /* what comes */
    struct buf scratch; /* texts of its fields */
    str class, action;
} row;

static struct client c;
static int row_failures;

/* A text of the row; absent when there is none. */
static str text(const char *name)
{
    return json_text(json_get(row.json, str_of(name)), &row.scratch);
}

static int64_t number(const char *name)
{
    int64_t n = 0;
    json_integer(json_get(row.json, str_of(name)), &n);
    return n;
}

static bool flag(const char *name)
{
    return json_get(row.json, str_of(name)).kind == JSON_TRUE;
}

#define EXPECT(what)                                                           \
    do {                                                                       \
        if (!(what)) {                                                         \
            unit_failures++;                                                   \
            row_failures++;                                                    \
            printf("#    row %d (%.*s: %.*s): %s\n#    status %d %.*s %.*s\n", \
                   row.line, STR_ARG(text("provider")),                        \
                   STR_ARG(text("condition")), #what, c.status, (int)c.head.n, \
                   c.head.p, (int)c.body.n, c.body.p);                         \
        }                                                                      \
    } while (0)

/* --- a row ---------------------------------------------------------------- */

static void read_end(str end)
{
    static const struct {
        const char *name;
        enum exchange_end end;
        bool unconnected;
    } ends[] = {{"resolve", EXCHANGE_RESOLVE, true},
                {"connect", EXCHANGE_CONNECT, true},
                {"untrusted", EXCHANGE_UNTRUSTED, true},
                {"never", EXCHANGE_CONNECT, true},
                {"closed", EXCHANGE_CLOSED, false},
                {"broken", EXCHANGE_BROKEN, false},
                {"limit", EXCHANGE_LIMIT, false}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (str_eq(end, str_of(ends[i].name))) {
            row.reply.end = ends[i].end;
            row.reply.unconnected = ends[i].unconnected;
        }
    row.reply.hangs = flag("hangs") || str_eq(end, STR("never"));
}

static void read_headers(void)
{
    struct json_walk w = json_walk(json_get(row.json, STR("headers")));
    bool typed = false;
    while (json_next(&w)) {
        struct http_field *f = &row.reply.fields[row.reply.fields_n++];
        f->name = (str){w.name.p + 1, w.name.n - 2};
        f->value = json_text(w.value, &row.scratch);
        typed = typed || str_eq(f->name, STR("content-type"));
    }
    if (!typed)
        row.reply.fields[row.reply.fields_n++] = (struct http_field){
            STR("content-type"),
            row.midway ? STR("text/event-stream") : STR("application/json")};
}

static void read_body(void)
{
    struct json_walk w = json_walk(json_get(row.json, STR("events")));
    while (json_next(&w)) {
        json_decode(w.value, &row.body);
        buf_text(&row.body, "\n\n");
    }
    struct json body = json_get(row.json, STR("body"));
    if (body.kind != JSON_NONE)
        buf_add(&row.body, body.text);
    buf_add(&row.body, text("text"));
    buf_add(&row.body, text("tail"));
}

static void read_row(str line)
{
    struct json_error wrong;
    CHECK(json_check(line, &wrong));
    row.json = json_of(line);
    row.reply = (struct reply){.end = EXCHANGE_OK};
    row.midway = json_get(row.json, STR("events")).kind == JSON_ARRAY;
    row.stream = row.midway || flag("stream");
    row.reply.status = row.midway ? 200 : (int)number("status");
    row.class = text("class");
    row.action = text("action");
    read_end(text("end"));
    read_headers();
    read_body();
}

/* --- playing it ----------------------------------------------------------- */

static bool late; /* behind a token */

static void play_row(struct play *p)
{
    static const struct http_field json = {{"content-type", 12},
                                           {"application/json", 16}},
                                   events = {{"content-type", 12},
                                             {"text/event-stream", 17}};
    if (str_starts(p->url, STR("http://ok"))) {
        p->reply =
            (struct reply){.status = 200,
                           .fields = {row.stream ? events : json},
                           .fields_n = 1,
                           .body = row.stream ? STR(GOOD_STREAM) : STR(GOOD)};
        return;
    }
    p->reply = row.reply;
    p->reply.body = late ? STR(TOKEN) : buf_str(&row.body);
    p->reply.more = !late            ? STR_NONE
                    : row.body.n > 0 ? buf_str(&row.body)
                                     : STR("");
}

static bool log_says(const char *name, str value)
{
    char member[128];
    snprintf(member, sizeof member, "\"%s\":\"%.*s\"", name, STR_ARG(value));
    return holds(&script.log, str_of(member));
}

static bool action_is(const char *name)
{
    return str_eq(row.action, str_of(name));
}

/* How often an upstream is asked that does the same every time. */
static int calls(void)
{
    return action_is("retry") ? TRIES : action_is("once") ? 2 : 1;
}

static struct gateway *begin(const char *policy)
{
    script_begin();
    struct gateway *g = gateway_open(policy);
    up.script = play_row;
    client_init(&c);
    client_asks(&c, g, row.stream ? STREAM : WHOLE);
    return g;
}

static void finish(void)
{
    EXPECT(!holds(&c.body, STR(SECRET)) && !holds(&c.head, STR(SECRET)));
    EXPECT(!holds(&script.log, STR("sk-provider")));
    gateways_close();
    client_fini(&c);
    script_end();
}

/* --- what must come of it ------------------------------------------------- */

static void check_texts(void)
{
    str says = text("says"), hides = text("hides");
    EXPECT(says.p == NULL || holds(&c.body, says));
    EXPECT(hides.p == NULL || !holds(&c.body, hides));
}

/* The code of the error that the client got. */
static str code(void)
{
    struct json_error wrong;
    if (!json_check(buf_str(&c.body), &wrong))
        return STR_NONE;
    struct json error = json_get(json_of(buf_str(&c.body)), STR("error"));
    return json_text(json_get(error, STR("code")), &row.scratch);
}

/* The provider's word is waited for, and at most half a second more. */
static void check_wait(void)
{
    nanos wait = number("wait_ms") * NANOS_MS;
    struct play *second = up.first != NULL ? up.first->next : NULL;
    if (wait == 0 || second == NULL)
        return;
    nanos gap = second->at - up.first->at - LATENCY;
    EXPECT(gap >= wait && gap < wait + NANOS_S / 2);
}

/* A client that has no other rung. */
static void alone(void)
{
    begin(ALONE);
    script_pass(130 * NANOS_S);
    EXPECT(c.done);
    EXPECT(arrived("http://up") == calls());
    EXPECT(c.status == number("client"));
    check_texts();
    check_wait();
    bool answered = action_is("answer");
    EXPECT(answered || log_says("fault", row.class));
    EXPECT(answered || text("code").p == NULL || str_eq(code(), text("code")));
    str after = text("retry_after"), got = client_header(&c, "retry-after");
    EXPECT(after.p != NULL ? str_eq(after, got) : got.p == NULL);
    EXPECT(answered ||
           str_eq(client_header(&c, "x-should-retry"), STR("false")));
    finish();
}

/* One that has. */
static void ladder(void)
{
    begin(LADDER);
    script_pass(130 * NANOS_S);
    bool stays = action_is("refuse") || action_is("answer");
    EXPECT(c.done);
    EXPECT(arrived("http://up") == calls());
    EXPECT(arrived("http://ok") == (stays ? 0 : 1));
    EXPECT(c.status == (stays ? number("client") : 200));
    finish();
}

/* One that has had a token already. */
static void behind_a_token(void)
{
    str then = text("then");
    late = true;
    begin(LADDER);
    script_pass(130 * NANOS_S);
    late = false;
    bool answered = action_is("answer");
    EXPECT(c.done && c.status == 200);
    EXPECT(arrived("http://up") == 1 && arrived("http://ok") == 0);
    EXPECT(c.outcome == (answered ? OUTCOME_ANSWERED : OUTCOME_BROKEN));
    EXPECT(answered || log_says("fault", then.p != NULL ? then : row.class));
    EXPECT(answered || holds(&c.body, STR("data: {\"error\":")));
    EXPECT(answered == holds(&c.body, STR("[DONE]")));
    check_texts();
    finish();
}

static void cancelled(void)
{
    late = true;
    begin(ALONE);
    script_pass(100 * NANOS_MS);
    late = false;
    EXPECT(c.status == 200 && !up.first->cancelled);
    request_stop(c.request, OUTCOME_CLIENT_GONE);
    EXPECT(up.first->cancelled && up.arrivals == 1);
    finish();
}

static void play(str line)
{
    buf_init(&row.body, 1 << 16);
    buf_init(&row.scratch, 1 << 16);
    buf_room(&row.scratch, 1 << 15); /* so that texts stay where they are */
    read_row(line);
    if (action_is("cancel")) {
        cancelled();
    } else {
        alone();
        ladder();
        if (row.midway)
            behind_a_token();
    }
    buf_fini(&row.body);
    buf_fini(&row.scratch);
}

static void every_row_comes_to_what_it_must(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *f = fopen("tests/data/provider_errors.jsonl", "r");
    CHECK(f != NULL);
    row.line = row_failures = 0;
    while (f != NULL && (n = getline(&line, &room, f)) > 0) {
        row.line++;
        play(str_trim((str){line, (size_t)n - 1}));
    }
    free(line);
    if (f != NULL)
        fclose(f);
    CHECK_INT(row.line, ROWS);
    CHECK_INT(row_failures, 0);
}

TESTS(every_row_comes_to_what_it_must)
