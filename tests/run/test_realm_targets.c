/*
** test_realm_targets.c -- who finds which target, and how many there are.
*/
#include "unit.h"

#include "run/realm/targets.h"

static struct realm *realm;

static void begin(void)
{
    realm = realm_open("/tmp/perilune-test-store");
}

static struct target *asked(int n)
{
    char model[16];
    snprintf(model, sizeof model, "m%d", n);
    return targets_asked(realm, STR("p"), str_of(model));
}

static void one_name_is_one_target_whoever_asks(void)
{
    begin();
    struct target *t = targets_declare(realm, STR("p"), STR("m"));
    CHECK(t != NULL);
    CHECK(targets_declare(realm, STR("p"), STR("m")) == t);
    CHECK(targets_asked(realm, STR("p"), STR("m")) == t);
    CHECK(targets_declare(realm, STR("q"), STR("m")) != t);
    realm_close(realm);
}

static void names_of_clients_take_no_place_of_a_declared_one(void)
{
    begin();
    CHECK(asked(0) != NULL);
    for (int i = 1; i < 3000; i++)
        asked(i);
    CHECK(asked(2999) == NULL); /* it has none, and that is fine */
    CHECK(asked(0) != NULL);
    CHECK(targets_declare(realm, STR("p"), STR("new")) != NULL);
    realm_close(realm);
}

static void a_name_too_long_has_no_target(void)
{
    char model[TARGETS_NAME_MAX];
    memset(model, 'm', sizeof model);
    begin();
    str long_name = {model, sizeof model};
    CHECK(targets_asked(realm, STR("p"), long_name) == NULL);
    CHECK(targets_declare(realm, STR("p"), long_name) == NULL);
    realm_close(realm);
}

TESTS(one_name_is_one_target_whoever_asks,
      names_of_clients_take_no_place_of_a_declared_one,
      a_name_too_long_has_no_target)
