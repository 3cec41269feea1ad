/*
** test_upstreams.c -- what the upstreams of a simulated world promise.
*/
#include "unit.h"

#include "base/buf.h"
#include "net/transport.h"
#include "net/virtual/upstreams.h"
#include "net/virtual/virtual.h"

#define BODY "{\"model\":\"gpt-4o\",\"messages\":[]}"

static struct world *w;

/* One who asks. */
struct caller {
    struct exchange x; /* first */
    int status, ends;
    enum exchange_end end;
    nanos head_at;
    struct buf fields, body;
};

static void connected(struct exchange *x)
{
    (void)x;
}

static void head(struct exchange *x, int status, const struct http_field *f,
                 int n)
{
    struct caller *c = (struct caller *)x;
    c->status = status;
    c->head_at = world_now(w);
    for (int i = 0; i < n; i++)
        buf_print(&c->fields, "%.*s: %.*s\n", STR_ARG(f[i].name),
                  STR_ARG(f[i].value));
}

static void body(struct exchange *x, str bytes)
{
    buf_add(&((struct caller *)x)->body, bytes);
}

static void done(struct exchange *x, enum exchange_end end, str detail)
{
    struct caller *c = (struct caller *)x;
    (void)detail;
    c->ends++;
    c->end = end;
}

static const struct exchange_events events = {
    .connected = connected, .head = head, .body = body, .done = done};

static struct caller c;

static void clear(void)
{
    buf_fini(&c.fields);
    buf_fini(&c.body);
    c = (struct caller){.x.events = &events};
    buf_init(&c.fields, 1 << 16);
    buf_init(&c.body, 1 << 20);
}

static void begin_seeded(uint64_t seed)
{
    struct virtual_setup setup = {.seed = seed};
    CHECK_INT(virtual_open(&w, &setup), 0);
    clear();
}

static void begin(void)
{
    begin_seeded(1);
}

static void finish(void)
{
    virtual_close(w);
    buf_fini(&c.fields);
    buf_fini(&c.body);
}

static void start(const char *provider, const char *model)
{
    clear();
    c.x.provider = str_of(provider);
    c.x.model = str_of(model);
    c.x.body = STR(BODY);
    CHECK_INT(exchange_start(world_transport(w), &c.x), 0);
}

/* A second passes. */
static void ask_of(const char *provider, const char *model)
{
    start(provider, model);
    virtual_pass(w, world_now(w) + NANOS_S);
}

static int ask(void)
{
    ask_of("openai", "gpt-4o");
    return c.status;
}

static void play(const char *name, const struct upstream_act *acts, int n)
{
    struct upstreams *u = virtual_upstreams(w);
    CHECK_INT(upstreams_play(u, str_of(name), acts, n), 0);
}

static void play_one(struct upstream_act act)
{
    play("openai/gpt-4o", &act, 1);
}

static bool says(const char *field)
{
    return memmem(buf_str(&c.fields).p, c.fields.n, field, strlen(field)) !=
           NULL;
}

/* What was counted of the one that is looked for. */
static struct upstream_counts counts;
static const char *looked_for;

static void see(void *user, str name, const struct upstream_counts *it)
{
    (void)user;
    if (str_eq(name, str_of(looked_for)))
        counts = *it;
}

static struct upstream_counts counted(const char *name)
{
    counts = (struct upstream_counts){0};
    looked_for = name;
    upstreams_each(virtual_upstreams(w), see, NULL);
    return counts;
}

/* --------------------------------------------------------------------------- */

static void whoever_is_asked_is_in_good_health(void)
{
    begin();
    CHECK_INT(ask(), 200);
    CHECK(memmem(c.body.p, c.body.n, "I am openai/gpt-4o.", 19) != NULL);
    CHECK_INT(counted("openai/gpt-4o").arrivals, 1);
    finish();
}

static void an_act_is_played_as_often_as_it_says(void)
{
    begin();
    play_one((struct upstream_act){.script = {.fails = 503, .times = 2}});
    CHECK_INT(ask(), 503);
    CHECK_INT(ask(), 503);
    CHECK_INT(ask(), 200);
    CHECK_INT(counted("openai/gpt-4o").arrivals, 3);
    finish();
}

static void the_first_act_that_holds_is_played(void)
{
    begin();
    struct upstream_act acts[] = {{.script = {.fails = 500, .times = 1}},
                                  {.script = {.fails = 502, .times = 1}},
                                  {.script = {.text = STR("well again")}}};
    play("openai/gpt-4o", acts, 3);
    CHECK_INT(ask(), 500);
    CHECK_INT(ask(), 502);
    CHECK_INT(ask(), 200);
    CHECK(memmem(c.body.p, c.body.n, "well again", 10) != NULL);
    finish();
}

static void an_act_holds_in_its_window_of_time(void)
{
    begin();
    nanos now = world_now(w);
    play_one((struct upstream_act){.script.fails = 503,
                                   .from = now + 10 * NANOS_S,
                                   .until = now + 20 * NANOS_S});
    CHECK_INT(ask(), 200);
    virtual_pass(w, now + 10 * NANOS_S);
    CHECK_INT(ask(), 503);
    virtual_pass(w, now + 20 * NANOS_S);
    CHECK_INT(ask(), 200);
    finish();
}

static void a_provider_s_acts_are_those_of_its_models(void)
{
    begin();
    struct upstream_act down = {.script.fails = 503}, well = {.from = 0};
    play("openai/*", &down, 1);
    play("openai/gpt-4o-mini", &well, 1);
    CHECK_INT(ask(), 503);
    ask_of("openai", "gpt-4o-mini");
    CHECK_INT(c.status, 200);
    ask_of("anthropic", "claude");
    CHECK_INT(c.status, 200);
    CHECK_INT(counted("openai/gpt-4o").arrivals, 1);
    finish();
}

static void what_the_policy_says_of_its_own_upstreams_holds(void)
{
    struct sim_script own = {.text = STR("my own words")};
    begin();
    start("mine", "any");
    exchange_cancel(world_transport(w), &c.x);
    clear();
    c.x.provider = STR("mine");
    c.x.model = STR("any");
    c.x.body = STR(BODY);
    c.x.sim = &own;
    CHECK_INT(exchange_start(world_transport(w), &c.x), 0);
    virtual_pass(w, world_now(w) + NANOS_S);
    CHECK(memmem(c.body.p, c.body.n, "my own words", 12) != NULL);
    finish();
}

static void an_arrival_is_what_was_read(void)
{
    begin();
    start("openai", "gpt-4o");
    exchange_cancel(world_transport(w), &c.x);
    virtual_pass(w, world_now(w) + NANOS_S);
    CHECK_INT(counted("openai/gpt-4o").arrivals, 0);
    play_one((struct upstream_act){.script.refuses = true});
    ask();
    CHECK_INT(c.end, EXCHANGE_CONNECT);
    CHECK_INT(counted("openai/gpt-4o").arrivals, 0);
    CHECK_INT(counted("openai/gpt-4o").refused, 1);
    play_one((struct upstream_act){.script.hangs = true});
    ask();
    CHECK_INT(counted("openai/gpt-4o").arrivals, 1);
    exchange_cancel(world_transport(w), &c.x);
    finish();
}

static void a_limit_is_told_in_every_head(void)
{
    begin();
    play_one((struct upstream_act){.requests = {10, 60 * NANOS_S},
                                   .tokens = {1000, 60 * NANOS_S}});
    CHECK_INT(ask(), 200);
    CHECK(says("x-ratelimit-limit-requests: 10\n"));
    CHECK(says("x-ratelimit-remaining-requests: 9\n"));
    CHECK(says("x-ratelimit-reset-requests: 6s\n"));
    CHECK(says("x-ratelimit-limit-tokens: 1000\n"));
    CHECK(says("x-ratelimit-remaining-tokens: 99"));
    finish();
}

static void past_its_limit_it_says_when_to_come_again(void)
{
    begin();
    play_one((struct upstream_act){.requests = {2, 60 * NANOS_S}});
    CHECK_INT(ask(), 200);
    CHECK_INT(ask(), 200);
    CHECK_INT(ask(), 429);
    CHECK(says("retry-after: 28\n"));
    CHECK_INT(counted("openai/gpt-4o").limited, 1);
    virtual_pass(w, world_now(w) + 27 * NANOS_S);
    CHECK_INT(ask(), 200);
    finish();
}

static void an_error_has_its_code_and_status(void)
{
    begin();
    play_one(
        (struct upstream_act){.script.error = STR("context_length_exceeded")});
    CHECK_INT(ask(), 400);
    CHECK(memmem(c.body.p, c.body.n, "\"context_length_exceeded\"", 25) !=
          NULL);
    play_one((struct upstream_act){.script.error = STR("insufficient_quota"),
                                   .script.retry_after = 90 * NANOS_S});
    CHECK_INT(ask(), 429);
    CHECK(says("retry-after: 90\n") && !says("retry-after-ms"));
    play_one((struct upstream_act){.script.error = STR("strange_one"),
                                   .script.fails = 418});
    CHECK_INT(ask(), 418);
    CHECK(memmem(c.body.p, c.body.n, "\"strange_one\"", 13) != NULL);
    finish();
}

static void headers_are_added_to_every_head(void)
{
    static const struct http_field field = {{"x-region", 8}, {"moon", 4}};
    begin();
    play_one((struct upstream_act){
        .script = {.headers = &field, .headers_n = 1, .fails = 503}});
    CHECK_INT(ask(), 503);
    CHECK(says("x-region: moon\n"));
    finish();
}

static void latency_is_drawn_from_the_seed(void)
{
    nanos at[3][20];
    for (int run = 0; run < 3; run++) {
        begin_seeded(run < 2 ? 5 : 6);
        play_one((struct upstream_act){.script.latency = 10 * NANOS_MS,
                                       .latency_most = 90 * NANOS_MS});
        for (int i = 0; i < 20; i++) {
            nanos from = world_now(w);
            ask();
            at[run][i] = c.head_at - from;
            CHECK(at[run][i] >= 10 * NANOS_MS && at[run][i] <= 90 * NANOS_MS);
        }
        finish();
    }
    CHECK(memcmp(at[0], at[1], sizeof at[0]) == 0);
    CHECK(memcmp(at[0], at[2], sizeof at[0]) != 0);
    CHECK(at[0][0] != at[0][1]);
}

TESTS(whoever_is_asked_is_in_good_health, an_act_is_played_as_often_as_it_says,
      the_first_act_that_holds_is_played, an_act_holds_in_its_window_of_time,
      a_provider_s_acts_are_those_of_its_models,
      what_the_policy_says_of_its_own_upstreams_holds,
      an_arrival_is_what_was_read, a_limit_is_told_in_every_head,
      past_its_limit_it_says_when_to_come_again,
      an_error_has_its_code_and_status, headers_are_added_to_every_head,
      latency_is_drawn_from_the_seed)
