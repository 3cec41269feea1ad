/*
** test_keys.c -- several keys of a provider: who is limited is passed over,
** who is refused is told of once, and no key shows anywhere.
*/
#include "script_rig.h"

#define KEY_A "sk-aaaaaaaaaaaaaaaa"
#define KEY_B "sk-bbbbbbbbbbbbbbbb"
#define KEY_C "sk-cccccccccccccccc"
#define POOL                                         \
    "p.provider('up', { url = 'http://up.test/v1', " \
    "keys = { '" KEY_A "', '" KEY_B "', '" KEY_C "' } }) "
#define PAIR                                         \
    "p.provider('up', { url = 'http://up.test/v1', " \
    "keys = { '" KEY_A "', '" KEY_B "' } }) "
#define TEXT(s)          \
    {                    \
        s, sizeof(s) - 1 \
    }
#define MODEL "return 'up/m'"

static struct gateway *g;
static struct client c;

static const char whole[] =
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
    "\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";

/* What each key gets, by its letter; NULL: a good reply. */
static const struct reply *fate[3];

static void by_key(struct play *p)
{
    int i = p->key.n > 10 ? p->key.p[10] - 'a' : 0; /* "Bearer sk-a" */
    static const struct reply good = {
        .status = 200,
        .fields = {{TEXT("content-type"), TEXT("application/json")}},
        .fields_n = 1,
        .body = {whole, sizeof whole - 1}};
    p->reply = fate[i] != NULL ? *fate[i] : good;
}

static const struct reply limited = {
    .status = 429,
    .fields = {{TEXT("retry-after"), TEXT("30")}},
    .fields_n = 1,
    .body = TEXT("{\"error\":{\"message\":\"slow\"}}")};
static const struct reply refused = {
    .status = 401, .body = TEXT("{\"error\":{\"message\":\"" KEY_B "\"}}")};
static const struct reply forbidden = {.status = 403};
static const struct reply spent = {
    .status = 429,
    .body = TEXT("{\"error\":{\"code\":\"insufficient_quota\"}}")};

static void begin(const char *policy)
{
    script_begin();
    fate[0] = fate[1] = fate[2] = NULL;
    g = gateway_open(policy);
    up.script = by_key;
    client_init(&c);
}

static void finish(void)
{
    CHECK(!holds(&script.log, STR("sk-")));
    client_fini(&c);
    gateways_close();
    script_end();
}

static void ask(void)
{
    client_asks(&c, g, WHOLE);
    script_pass(100 * NANOS_MS);
    CHECK(c.done);
    CHECK(!holds(&c.head, STR("sk-")) && !holds(&c.body, STR("sk-")));
}

/* The letters of the keys that came, in order. */
static str used(void)
{
    static char letters[64];
    size_t n = 0;
    for (struct play *p = up.first; p != NULL && n < sizeof letters;
         p = p->next)
        letters[n++] = p->key.p[10];
    return (str){letters, n};
}

/* How often a text stands in the log. */
static int logged(const char *text)
{
    int n = 0;
    str rest = buf_str(&script.log);
    while (rest.p != NULL) {
        str line = str_split(&rest, '\n');
        n += line.n > 0 && memmem(line.p, line.n, text, strlen(text)) != NULL;
    }
    return n;
}

static void keys_take_turns(void)
{
    begin(POOL MODEL);
    for (int i = 0; i < 5; i++)
        ask();
    CHECK_STR(used(), "abcab");
    CHECK_INT(c.status, 200);
    CHECK(holds(&script.log, STR("\"model\":\"m\",\"key\":\"k3\"")));
    finish();
}

static void a_limited_key_gives_way_at_once_and_costs_no_try(void)
{
    begin(POOL MODEL);
    fate[0] = &limited;
    client_asks(&c, g, WHOLE);
    script_pass(3 * LATENCY);
    CHECK_INT(c.status, 200);
    CHECK_STR(used(), "ab");
    CHECK_STR(client_header(&c, "x-perilune-attempts"), "2");
    CHECK_STR(client_header(&c, "x-perilune-path"), "m rate_limited, m ok");
    finish();
}

static void a_limited_key_is_passed_over_until_its_time(void)
{
    begin(PAIR MODEL);
    fate[0] = &limited;
    ask();
    fate[0] = NULL;
    ask();
    ask();
    CHECK_STR(used(), "abbb");
    script_pass(31 * NANOS_S);
    ask();
    ask();
    CHECK_STR(used(), "abbbab");
    finish();
}

static void when_all_are_limited_nobody_is_asked_and_the_first_is_told(void)
{
    begin(PAIR MODEL);
    fate[0] = fate[1] = &limited;
    ask();
    CHECK_INT(c.status, 429);
    CHECK_STR(client_header(&c, "retry-after"), "30");
    script_pass(10 * NANOS_S);
    ask();
    CHECK_STR(used(), "ab");
    CHECK_INT(c.status, 429);
    CHECK_STR(client_header(&c, "x-perilune-attempts"), "0");
    CHECK_STR(client_header(&c, "retry-after"), "20");
    CHECK_STR(client_header(&c, "x-should-retry"), "false");
    finish();
}

static void with_tries_the_first_key_back_is_waited_for(void)
{
    begin(PAIR "return p.model { 'up/m', tries = 2 }");
    fate[0] = fate[1] = &limited;
    client_asks(&c, g, WHOLE);
    script_pass(10 * NANOS_S);
    fate[0] = fate[1] = NULL;
    script_pass(25 * NANOS_S);
    CHECK_INT(c.status, 200);
    CHECK_STR(used(), "aba");
    finish();
}

static void a_refused_key_is_away_and_told_of_once(void)
{
    begin(PAIR MODEL);
    fate[1] = &refused;
    for (int i = 0; i < 4; i++)
        ask();
    CHECK_STR(used(), "abaaa");
    CHECK_INT(c.status, 200);
    CHECK(
        holds(&script.log, STR("\"event\":\"key_refused\",\"provider\":\"up\","
                               "\"key\":\"k2\",\"fault\":\"auth\"")));
    buf_clear(&script.log);
    script_pass(600 * NANOS_S);
    ask();
    ask();
    ask();
    CHECK_STR(used(), "abaaabaaa");
    CHECK(!holds(&script.log, STR("key_refused")));
    finish();
}

static void one_key_alone_is_always_asked_and_told_of_once(void)
{
    begin("p.provider('up', { url = 'http://up.test/v1', key = '" KEY_B "' }) "
          "return p.model { 'up/m', tries = 3 }");
    fate[1] = &refused;
    ask();
    ask();
    CHECK_STR(used(), "bb");
    CHECK_INT(c.status, 502);
    CHECK_INT(logged("key_refused"), 1);
    finish();
}

static void a_403_may_be_of_the_model_and_condemns_no_key(void)
{
    begin(PAIR MODEL);
    fate[0] = &forbidden;
    ask();
    fate[0] = NULL;
    ask();
    CHECK_STR(used(), "aba");
    CHECK(!holds(&script.log, STR("key_refused")));
    finish();
}

static void a_key_without_credit_is_away(void)
{
    begin(PAIR MODEL);
    fate[0] = &spent;
    ask();
    fate[0] = NULL;
    ask();
    CHECK_STR(used(), "abb");
    CHECK(holds(&script.log, STR("\"fault\":\"quota_exhausted\"")));
    finish();
}

static void workers_share_what_is_known_of_a_key(void)
{
    script_begin();
    fate[1] = fate[2] = NULL;
    fate[0] = &limited;
    up.script = by_key;
    client_init(&c);
    struct gateway *first = worker_open("/tmp/perilune-two", PAIR MODEL);
    struct gateway *second = worker_open("/tmp/perilune-two", PAIR MODEL);
    g = first;
    ask();
    g = second;
    ask();
    CHECK_STR(used(), "abb");
    finish();
}

static void of_all_workers_one_tells_of_a_refused_key(void)
{
    script_begin();
    fate[0] = fate[2] = NULL;
    fate[1] = &refused;
    up.script = by_key;
    client_init(&c);
    const char *policy =
        "p.provider('up', { url = 'http://up.test/v1', key = '" KEY_B "' }) "
        "return 'up/m'";
    for (int i = 0; i < 3; i++) {
        g = worker_open("/tmp/perilune-two", policy);
        ask();
    }
    CHECK_INT(logged("key_refused"), 1);
    finish();
}

static void a_new_key_is_told_of_anew(void)
{
    script_begin();
    fate[0] = fate[1] = &refused;
    up.script = by_key;
    client_init(&c);
    g = worker_open("/tmp/perilune-two",
                    "p.provider('up', { url = 'http://up.test/v1', "
                    "key = '" KEY_A "' }) return 'up/m'");
    ask();
    ask();
    g = worker_open("/tmp/perilune-two",
                    "p.provider('up', { url = 'http://up.test/v1', "
                    "key = '" KEY_B "' }) return 'up/m'");
    ask();
    CHECK_INT(logged("key_refused"), 2);
    finish();
}

static void attempts_bound_the_keys_too(void)
{
    begin(POOL MODEL);
    g->rt.limits.attempts = 2;
    fate[0] = fate[1] = &limited;
    ask();
    CHECK_STR(used(), "ab");
    CHECK_INT(c.status, 429);
    finish();
}

static void the_same_key_twice_is_one(void)
{
    begin("p.provider('up', { url = 'http://up.test/v1', "
          "keys = { '" KEY_A "', '" KEY_A "', '" KEY_B "' } }) " MODEL);
    for (int i = 0; i < 4; i++)
        ask();
    CHECK_STR(used(), "abab");
    finish();
}

static void no_key_of_the_pool_passes_in_an_error(void)
{
    static const struct reply telling = {
        .status = 400,
        .body = TEXT("{\"error\":{\"message\":\"no: " KEY_C "\"}}")};
    begin(POOL MODEL);
    fate[0] = fate[1] = fate[2] = &telling;
    ask();
    CHECK_INT(c.status, 400);
    finish();
}

TESTS(keys_take_turns, a_limited_key_gives_way_at_once_and_costs_no_try,
      a_limited_key_is_passed_over_until_its_time,
      when_all_are_limited_nobody_is_asked_and_the_first_is_told,
      with_tries_the_first_key_back_is_waited_for,
      a_refused_key_is_away_and_told_of_once,
      one_key_alone_is_always_asked_and_told_of_once,
      a_403_may_be_of_the_model_and_condemns_no_key,
      a_key_without_credit_is_away, workers_share_what_is_known_of_a_key,
      of_all_workers_one_tells_of_a_refused_key, a_new_key_is_told_of_anew,
      attempts_bound_the_keys_too, the_same_key_twice_is_one,
      no_key_of_the_pool_passes_in_an_error)
