/*
** test_realm.c -- what runtimes share by name, and for how long.
*/
#include "net/folder.h"
#include "run/realm/realm.h"

struct counter {
    int n;
};

static int ended;

static void begin(void *thing)
{
    ((struct counter *)thing)->n = 7;
}

static void end(void *thing)
{
    (void)thing;
    ended++;
}

static const struct shared_kind counters = {"counter", sizeof(struct counter),
                                            1000, begin, end};
static const struct shared_kind few = {"few", sizeof(struct counter), 2, NULL,
                                       NULL};

static void a_name_is_one_thing_in_every_runtime(void)
{
    struct realm *one = realm_open("a"), *other = realm_open("a");
    struct counter *c = realm_share(one, &counters, STR("daily"));
    CHECK(c->n == 7);
    CHECK(realm_share(other, &counters, STR("daily")) == c);
    CHECK(realm_share(one, &counters, STR("weekly")) != c);
    realm_close(one);
    realm_close(other);
}

static void another_realm_has_its_own(void)
{
    struct realm *one = realm_open("a"), *other = realm_open("b");
    CHECK(realm_share(one, &counters, STR("x")) !=
          realm_share(other, &counters, STR("x")));
    realm_close(one);
    realm_close(other);
}

static void kinds_do_not_share_names(void)
{
    struct realm *r = realm_open("a");
    void *c = realm_share(r, &counters, STR("x"));
    CHECK(realm_share(r, &few, STR("x")) != c);
    realm_close(r);
}

static void there_are_no_more_than_most(void)
{
    struct realm *r = realm_open("a");
    void *first = realm_share(r, &few, STR("1"));
    CHECK(realm_share(r, &few, STR("2")) != NULL);
    CHECK(realm_share(r, &few, STR("3")) == NULL);
    CHECK(realm_share(r, &few, STR("1")) == first);
    realm_close(r);
}

static void they_die_with_the_realm(void)
{
    struct realm *r = realm_open("a");
    ended = 0;
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        realm_share(r, &counters, str_of(name));
    }
    CHECK(ended == 0);
    realm_close(r);
    CHECK(ended == 500);
}

static void write_down(void *thing, str name, void *user)
{
    (void)thing;
    strncat(user, name.p, name.n);
}

static void each_comes_in_the_order_they_were_made(void)
{
    struct realm *r = realm_open("a");
    char seen[16] = "";
    realm_share(r, &counters, STR("c"));
    realm_share(r, &few, STR("x"));
    realm_share(r, &counters, STR("a"));
    realm_share(r, &counters, STR("b"));
    realm_each(r, &counters, write_down, seen);
    CHECK_STR(str_of(seen), "cab");
    realm_close(r);
}

static void without_memory_there_is_none(void)
{
    struct realm *r = realm_open("a");
    mem_fail_at(1, true);
    CHECK(realm_share(r, &counters, STR("x")) == NULL);
    mem_fail_at(0, false);
    CHECK(realm_share(r, &counters, STR("x")) != NULL);
    realm_close(r);
}

/* --- the store ------------------------------------------------------------- */

static void a_store_is_opened_when_it_is_first_asked_for(void)
{
    struct store_why why;
    folder_open();
    const char *path = folder_path("data");
    struct realm *one = realm_open(path), *other = realm_open(path);
    realm_keep(one, &(struct store_options){.path = path});
    realm_keep(other, &(struct store_options){.path = "another"});
    CHECK(access(folder_path("data"), F_OK) != 0);
    struct store *store = realm_store(one, &why);
    CHECK(store != NULL);
    CHECK(realm_store(other, &why) == store);
    CHECK_INT(access(folder_path("data"), F_OK), 0);
    realm_close(one);
    realm_close(other);
    folder_close();
}

static void a_store_that_could_not_be_opened_is_tried_again(void)
{
    struct store_why why;
    folder_open();
    const char *path = folder_path("data");
    folder_write("data", "a file");
    struct realm *r = realm_open(path);
    realm_keep(r, &(struct store_options){.path = path});
    CHECK(realm_store(r, &why) == NULL);
    CHECK_INT(why.result, STORE_FOLDER);
    folder_remove("data");
    CHECK(realm_store(r, &why) != NULL);
    realm_close(r);
    folder_close();
}

static void a_realm_that_keeps_nothing_has_no_store(void)
{
    struct store_why why;
    struct realm *r = realm_open("simulated:1");
    CHECK(realm_store(r, &why) == NULL);
    CHECK_INT(why.result, STORE_MISSING);
    realm_close(r);
}

TESTS(a_name_is_one_thing_in_every_runtime, another_realm_has_its_own,
      kinds_do_not_share_names, there_are_no_more_than_most,
      they_die_with_the_realm, each_comes_in_the_order_they_were_made,
      without_memory_there_is_none,
      a_store_is_opened_when_it_is_first_asked_for,
      a_store_that_could_not_be_opened_is_tried_again,
      a_realm_that_keeps_nothing_has_no_store)
