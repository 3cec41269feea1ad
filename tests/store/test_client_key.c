/*
** test_client_key.c -- what a client's key says, on the disk and in memory.
*/
#include "unit.h"

#include "store/keys/client_key.h"
#include "store/keys/key_limits.h"

static const struct client_key full = {
    .id = {"key_1", 5},
    .user = {"a\"da", 4},
    .team = {"gold", 4},
    .feature = {"chat", 4},
    .models = {"[\"openai/*\",\"local/llama\"]", 26},
    .metadata = {"{\"note\":\"x\"}", 12},
    .limits = {"[\"60 requests/min\",\"4 concurrent\"]", 34},
    .budgets = {"[\"10 usd/day\"]", 14},
    .admin = true,
    .created = 5,
    .expires = 7,
    .revoked = 6,
};

static bool read_back(const struct client_key *key, struct arena *a,
                      struct client_key *got)
{
    struct buf b;
    buf_init(&b, 4096);
    client_key_write(key, &b);
    bool well = client_key_read(buf_str(&b), a, got);
    buf_fini(&b);
    return well;
}

static void a_record_comes_back_as_it_was(void)
{
    struct arena a;
    struct client_key got;
    arena_init(&a);
    CHECK(read_back(&full, &a, &got));
    CHECK_STR(got.id, "key_1");
    CHECK_STR(got.user, "a\"da");
    CHECK_STR(got.team, "gold");
    CHECK_STR(got.feature, "chat");
    CHECK_STR(got.models, "[\"openai/*\",\"local/llama\"]");
    CHECK_STR(got.metadata, "{\"note\":\"x\"}");
    CHECK_STR(got.limits, "[\"60 requests/min\",\"4 concurrent\"]");
    CHECK_STR(got.budgets, "[\"10 usd/day\"]");
    CHECK_INT(got.rules->n, 2);
    CHECK_INT(got.rules->parts[0].rate.n, 60);
    CHECK_INT(got.rules->parts[0].rate.per, 60 * NANOS_S);
    CHECK_INT(got.rules->parts[1].unit, COUNT_PLACES);
    CHECK(got.admin);
    CHECK_INT(got.created, 5);
    CHECK_INT(got.expires, 7);
    CHECK_INT(got.revoked, 6);
    arena_fini(&a);
}

static void what_a_record_does_not_say_is_absent(void)
{
    struct arena a;
    struct client_key got, bare = {.id = STR("key_2"),
                                   .expires = NANOS_NEVER,
                                   .revoked = NANOS_NEVER};
    arena_init(&a);
    CHECK(read_back(&bare, &a, &got));
    CHECK(got.user.p == NULL && got.team.p == NULL && got.models.p == NULL);
    CHECK(!got.admin);
    CHECK_INT(got.expires, NANOS_NEVER);
    CHECK_INT(got.revoked, NANOS_NEVER);
    arena_fini(&a);
}

/* As the first version wrote it. */
static void a_record_from_before_limits_has_none(void)
{
    struct arena a;
    struct client_key got;
    arena_init(&a);
    CHECK(client_key_read(STR("{\"id\":\"key_1\",\"user\":\"ada\","
                              "\"admin\":true,\"created\":5}"),
                          &a, &got));
    CHECK(got.limits.p == NULL && got.budgets.p == NULL);
    CHECK(got.rules == NULL);
    CHECK(got.admin);
    arena_fini(&a);
}

/* A key whose limits nobody can read would have none: so it is no key. */
static void a_record_with_limits_that_cannot_be_read_is_none(void)
{
    static const char *const bad[] = {
        "{\"id\":\"k\",\"limits\":{}}",
        "{\"id\":\"k\",\"limits\":[\"many\"]}",
        "{\"id\":\"k\",\"limits\":[60]}",
        "{\"id\":\"k\",\"limits\":[\"5 usd/day\"]}",
        "{\"id\":\"k\",\"limits\":[\"5 tokens/month\"]}",
        "{\"id\":\"k\",\"limits\":[\"0 tokens/day\"]}",
        "{\"id\":\"k\",\"budgets\":\"10 usd/day\"}",
        "{\"id\":\"k\",\"budgets\":[\"10 concurrent\"]}",
    };
    struct arena a;
    struct client_key got;
    arena_init(&a);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!client_key_read(str_of(bad[i]), &a, &got));
    arena_fini(&a);
}

static void what_is_no_record_is_not_read(void)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"id\":\"\"}",
        "{\"id\":1}",
        "{\"id\":\"k\",\"user\":1}",
        "{\"id\":\"k\",\"models\":{}}",
        "{\"id\":\"k\",\"models\":[1]}",
        "{\"id\":\"k\",\"metadata\":[]}",
        "{\"id\":\"k\",\"expires\":\"never\"}",
        "{\"id\":\"k\",\"revoked\":null}",
        "{\"id\":\"k\"} ,",
    };
    struct arena a;
    struct client_key got;
    arena_init(&a);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!client_key_read(str_of(bad[i]), &a, &got));
    CHECK(client_key_read(STR("{\"id\":\"k\"}"), &a, &got));
    arena_fini(&a);
}

static void a_copy_needs_nothing_of_the_first(void)
{
    struct arena a, other;
    struct client_key got;
    arena_init(&a);
    arena_init(&other);
    CHECK(read_back(&full, &a, &got));
    const struct client_key *copy = client_key_copy(&other, &got);
    arena_fini(&a);
    CHECK(copy != NULL);
    CHECK_STR(copy->team, "gold");
    CHECK_STR(copy->models, "[\"openai/*\",\"local/llama\"]");
    arena_fini(&other);
}

static void a_key_holds_until_it_expires_or_is_revoked(void)
{
    struct client_key key = {.expires = 10, .revoked = NANOS_NEVER};
    CHECK(client_key_holds(&key, 9));
    CHECK(!client_key_holds(&key, 10));
    key.revoked = 1;
    CHECK(!client_key_holds(&key, 9));
}

static void a_pattern_has_one_star(void)
{
    CHECK(client_key_fits(STR("openai/gpt"), STR("openai"), STR("gpt")));
    CHECK(!client_key_fits(STR("openai/gpt"), STR("openai"), STR("gpt-4")));
    CHECK(client_key_fits(STR("openai/*"), STR("openai"), STR("gpt-4")));
    CHECK(client_key_fits(STR("openai/ft/*"), STR("openai"), STR("ft/a")));
    CHECK(!client_key_fits(STR("openai/*"), STR("openai2"), STR("gpt")));
    CHECK(!client_key_fits(STR("openai/*"), STR("open"), STR("ai/gpt")));
    CHECK(client_key_fits(STR("*"), STR("any"), STR("thing")));
    CHECK(client_key_fits(STR("*/llama"), STR("local"), STR("llama")));
    CHECK(!client_key_fits(STR("a/b*b"), STR("a"), STR("b")));
    CHECK(client_key_fits(STR("a/b*b"), STR("a"), STR("bb")));
    CHECK(!client_key_fits(STR(""), STR("a"), STR("b")));
}

static void a_list_allows_what_fits_and_no_list_allows_all(void)
{
    struct client_key none = {.id = STR("k"), .models = STR("[]")};
    CHECK(client_key_allows(&full, STR("openai"), STR("gpt")));
    CHECK(client_key_allows(&full, STR("local"), STR("llama")));
    CHECK(!client_key_allows(&full, STR("local"), STR("mistral")));
    CHECK(!client_key_allows(&none, STR("local"), STR("llama")));
    none.models = STR_NONE;
    CHECK(client_key_allows(&none, STR("local"), STR("llama")));
    CHECK(client_key_allows(NULL, STR("local"), STR("llama")));
}

TESTS(a_record_comes_back_as_it_was, what_a_record_does_not_say_is_absent,
      a_record_from_before_limits_has_none,
      a_record_with_limits_that_cannot_be_read_is_none,
      what_is_no_record_is_not_read, a_copy_needs_nothing_of_the_first,
      a_key_holds_until_it_expires_or_is_revoked, a_pattern_has_one_star,
      a_list_allows_what_fits_and_no_list_allows_all)
