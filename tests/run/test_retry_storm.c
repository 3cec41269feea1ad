/*
** test_retry_storm.c -- what many retries do together: they come back apart,
** and they stay a fifth of the load through every layer that retries. Breakers
** would end the storm; here they are off, so that the budget stands alone.
*/
#include "script_rig.h"

#define UP "p.provider('up', 'http://up.test/v1') "

static const char good[] =
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
    "\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";

static struct reply failing(const char *retry_after)
{
    struct reply r = {.status = 503,
                      .body = STR("{\"error\":{\"message\":\"busy\"}}")};
    if (retry_after != NULL)
        r.fields[r.fields_n++] =
            (struct http_field){STR("retry-after"), str_of(retry_after)};
    return r;
}

/* --- coming back apart ---------------------------------------------------- */

#define CROWD 2000
#define SLOT  (10 * NANOS_MS)
#define SLOTS 50 /* in half a second, which is the first bound */

static const char *told; /* Retry-After of the outage */
static nanos down_until;

static void outage(struct play *p)
{
    if (p->at < down_until)
        p->reply = failing(told);
    else
        p->reply = (struct reply){.status = 200, .body = STR_NONE};
    if (p->at >= down_until)
        p->reply.body = str_of(good);
}

/* Everybody asks in one instant, and fails. How much fuller than the mean is
** the fullest slot of those who come again? */
static double peak_over_mean(const char *retry_after, nanos after)
{
    static struct client crowd[CROWD];
    int slot[SLOTS] = {0}, peak = 0, all = 0;
    script_begin();
    struct gateway *g = gateway_open(
        UP "return p.model { 'up/m', tries = 2, breaker = false }");
    up.script = outage;
    told = retry_after;
    down_until = script.now + NANOS_MS;
    nanos from = script.now + after + LATENCY;
    for (int i = 0; i < CROWD; i++) {
        client_init(&crowd[i]);
        client_asks(&crowd[i], g, WHOLE);
    }
    script_pass(10 * NANOS_S);
    for (struct play *p = up.first; p != NULL; p = p->next) {
        int64_t at = (p->at - from) / SLOT;
        if (p->at < down_until)
            continue;
        CHECK(p->at >= from && at < SLOTS);
        slot[at < SLOTS ? at : 0]++;
        all++;
    }
    for (int i = 0; i < SLOTS; i++)
        peak = slot[i] > peak ? slot[i] : peak;
    CHECK_INT(all, CROWD / 5);
    for (int i = 0; i < CROWD; i++) {
        CHECK(crowd[i].done);
        client_fini(&crowd[i]);
    }
    gateways_close();
    script_end();
    return (double)peak * SLOTS / all;
}

static void those_who_failed_together_come_back_apart(void)
{
    double ratio = peak_over_mean(NULL, 0);
    printf("# retries after an outage: peak over mean %.2f in slots of 10 ms\n",
           ratio);
    CHECK(ratio < 3);
}

static void those_who_were_told_one_second_do_too(void)
{
    double ratio = peak_over_mean("1", NANOS_S);
    printf("# the same with one Retry-After for all: %.2f\n", ratio);
    CHECK(ratio < 3);
}

/* --- three layers that retry ---------------------------------------------- */

#define REQUESTS 6000 /* a minute of a hundred a second */
#define EVERY    (10 * NANOS_MS)

/* A client as SDKs are: three tries, unless it is told that there is no use. */
struct sdk {
    struct client client; /* first */
    struct timer timer;
    struct gateway *g;
    int tries;
};

static int asked; /* by all of them */

static void sdk_ask(struct timer *t)
{
    struct sdk *s = (void *)((char *)t - offsetof(struct sdk, timer));
    asked++;
    s->tries++;
    client_asks(&s->client, s->g, WHOLE);
}

static void sdk_done(struct client *c)
{
    struct sdk *s = (struct sdk *)c;
    bool useless = str_eq(client_header(c, "x-should-retry"), STR("false"));
    if (c->status < 429 || s->tries == 3 || useless)
        return;
    script_start(&script.base, &s->timer, script.now + NANOS_S / 2);
}

static void always_down(struct play *p)
{
    p->reply = failing(NULL);
    p->reply.status = up.arrivals % 2 == 0 ? 503 : 429;
}

static void run_clients(struct gateway *g)
{
    static struct sdk all[REQUESTS];
    asked = 0;
    for (int i = 0; i < REQUESTS; i++) {
        all[i] = (struct sdk){.g = g, .timer = {.fire = sdk_ask}};
        client_init(&all[i].client);
        all[i].client.then = sdk_done;
        script_start(&script.base, &all[i].timer, script.now + i * EVERY);
    }
    script_pass(REQUESTS * EVERY + 60 * NANOS_S);
    for (int i = 0; i < REQUESTS; i++) {
        CHECK(all[i].client.done && all[i].client.status >= 429);
        client_fini(&all[i].client);
    }
}

#define OUTER                                  \
    "p.provider('inner', 'http://g1.test/v1')" \
    "return p.model { 'inner/m', tries = 3, breaker = false }"

static void three_layers_of_three_tries_add_a_fifth_and_no_more(void)
{
    script_begin();
    struct gateway *outer = gateway_open(OUTER);
    gateway_open(UP "return p.model { 'up/m', tries = 3, breaker = false }");
    up.script = always_down;
    run_clients(outer);
    double ratio = (double)arrived("http://up") / REQUESTS;
    printf("# three layers, three tries each: %.3f arrivals per request\n",
           ratio);
    CHECK_INT(asked, REQUESTS);
    CHECK_INT(arrived("http://g1"), REQUESTS);
    CHECK(ratio <= 1.2 && ratio > 1.15);
    bridges_close();
    gateways_close();
    script_end();
}

/* Each worker of a gateway has its own requests; the budget is one. */
static void workers_share_the_budget(void)
{
    script_begin();
    const char *policy =
        UP "return p.model { 'up/m', tries = 3, breaker = false }";
    struct gateway *worker[2] = {worker_open("/tmp/perilune-storm", policy),
                                 worker_open("/tmp/perilune-storm", policy)};
    static struct client c[100];
    up.script = always_down;
    for (int i = 0; i < 100; i++) {
        client_init(&c[i]);
        client_asks(&c[i], worker[i % 2], WHOLE);
    }
    script_pass(9 * NANOS_S);
    CHECK_INT(up.arrivals, 120);
    for (int i = 0; i < 100; i++)
        client_fini(&c[i]);
    gateways_close();
    script_end();
}

TESTS(those_who_failed_together_come_back_apart,
      those_who_were_told_one_second_do_too,
      three_layers_of_three_tries_add_a_fifth_and_no_more,
      workers_share_the_budget)
