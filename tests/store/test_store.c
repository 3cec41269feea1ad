/*
** test_store.c -- rows: set, counted, looked at, expired, and there again.
*/
#include "store/store_rig.h"

static void a_row_is_there_once_it_is_written(void)
{
    rig_open();
    CHECK(has("a", NULL));
    CHECK_INT(put("a", "one"), STORE_OK);
    CHECK(has("a", "one"));
    CHECK_INT(put("a", "two"), STORE_OK);
    CHECK(has("a", "two"));
    CHECK_INT(drop_key("a"), STORE_OK);
    CHECK_INT(drop_key("a"), STORE_OK);
    CHECK(has("a", NULL));
    rig_close();
}

static void a_row_is_there_after_opening_again(void)
{
    rig_open();
    put("a", "one");
    add("n", 3, NULL);
    reopen();
    CHECK(has("a", "one"));
    CHECK_INT(count_of("n"), 3);
    rig_close();
}

static void an_empty_value_is_a_value(void)
{
    rig_open();
    CHECK_INT(put("a", ""), STORE_OK);
    CHECK(has("a", ""));
    rig_close();
}

static void a_large_value_comes_back_whole(void)
{
    size_t n = 3000001;
    char *large = malloc(n);
    rig_open();
    for (size_t i = 0; large != NULL && i < n; i++)
        large[i] = (char)(i * 31 >> 3);
    CHECK_INT(put_until("a", (str){large, n}, STAY, 0), STORE_OK);
    struct seen seen = look_with((struct store_look){.key = STR("a")});
    CHECK(str_eq(buf_str(&seen.value), (str){large, n}));
    seen_fini(&seen);
    free(large);
    rig_close();
}

static void tables_do_not_see_each_other(void)
{
    struct batch b;
    rig_open();
    put("a", "one");
    batch_init(&b, 0);
    batch_put(&b, STR("other"), STR("a"), STR("two"), STAY);
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
    CHECK(has("a", "one"));
    struct seen seen =
        look_with((struct store_look){.table = STR("other"), .key = STR("a")});
    CHECK_STR(buf_str(&seen.value), "two");
    seen_fini(&seen);
    rig_close();
}

static void keys_are_walked_in_order_within_their_prefix(void)
{
    rig_open();
    const char *keys[] = {"b2", "a", "b1", "c", "b10", "b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put(keys[i], "x");
    struct seen all = look_with((struct store_look){.key = STR(""), .most = 9});
    CHECK_STR(buf_str(&all.keys), "a b b1 b10 b2 c ");
    struct seen some =
        look_with((struct store_look){.key = STR("b"), .most = 2});
    CHECK_STR(buf_str(&some.keys), "b b1 ");
    struct seen rest = look_with(
        (struct store_look){.key = STR("b"), .after = STR("b1"), .most = 9});
    CHECK_STR(buf_str(&rest.keys), "b10 b2 ");
    struct seen none =
        look_with((struct store_look){.key = STR("x"), .most = 9});
    CHECK_INT(none.result, STORE_MISSING);
    seen_fini(&all);
    seen_fini(&some);
    seen_fini(&rest);
    seen_fini(&none);
    rig_close();
}

static void keys_may_be_any_bytes(void)
{
    static const char bytes[] = {0, (char)0xff, '/', '\n', 0};
    char longest[STORE_MOST_KEY + 1];
    struct batch b;
    memset(longest, 'k', sizeof longest);
    rig_open();
    batch_init(&b, 0);
    batch_put(&b, STR("t"), (str){bytes, 5}, STR("x"), 7);
    batch_put(&b, STR("t"), (str){longest, STORE_MOST_KEY}, STR("y"), 7);
    CHECK_INT(store_write(store, &b), STORE_OK);
    batch_fini(&b);
    struct seen seen = look_with((struct store_look){.key = {bytes, 5}});
    CHECK_STR(buf_str(&seen.value), "x");
    seen_fini(&seen);
    CHECK_INT(sweep(8), 2);
    rig_close();
}

static void what_cannot_be_stored_is_refused(void)
{
    char long_key[STORE_MOST_KEY + 1] = {0};
    const struct {
        str table, key;
    } bad[] = {
        {STR("t"), STR("")},    {STR("t"), {long_key, sizeof long_key}},
        {STR(""), STR("k")},    {STR("+expiry"), STR("k")},
        {STR("a/b"), STR("k")}, {STR_NONE, STR("k")},
        {STR("t"), STR_NONE},
    };
    rig_open();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct batch b;
        batch_init(&b, 0);
        batch_put(&b, STR("t"), STR("good"), STR("x"), STAY);
        batch_put(&b, bad[i].table, bad[i].key, STR("x"), STAY);
        CHECK_INT(store_write(store, &b), STORE_INPUT);
        batch_fini(&b);
    }
    CHECK(has("good", NULL));
    rig_close();
}

/* --- counting -------------------------------------------------------------- */

static void counters_count(void)
{
    int64_t sum;
    rig_open();
    CHECK_INT(add("n", 5, &sum), STORE_OK);
    CHECK_INT(sum, 5);
    CHECK_INT(add("n", -7, &sum), STORE_OK);
    CHECK_INT(sum, -2);
    CHECK_INT(count_of("n"), -2);
    rig_close();
}

static void a_count_past_its_end_is_refused_and_changes_nothing(void)
{
    struct batch b;
    rig_open();
    CHECK_INT(add("n", INT64_MAX, NULL), STORE_OK);
    CHECK_INT(add("n", 1, NULL), STORE_COUNTER);
    CHECK_INT(add("low", INT64_MIN, NULL), STORE_OK);
    CHECK_INT(add("low", -1, NULL), STORE_COUNTER);
    batch_init(&b, 0);
    batch_put(&b, STR("t"), STR("beside"), STR("x"), STAY);
    batch_add(&b, STR("t"), STR("n"), 1, STAY);
    CHECK_INT(store_write(store, &b), STORE_COUNTER);
    batch_fini(&b);
    CHECK(has("beside", NULL));
    CHECK_INT(count_of("n"), INT64_MAX);
    CHECK_INT(count_of("low"), INT64_MIN);
    rig_close();
}

static void a_value_is_not_counted(void)
{
    rig_open();
    put("a", "12345678");
    CHECK_INT(add("a", 1, NULL), STORE_COUNTER);
    CHECK(has("a", "12345678"));
    rig_close();
}

static void one_batch_counts_twice_and_does_not_also_set(void)
{
    struct batch b;
    rig_open();
    batch_init(&b, 0);
    batch_add(&b, STR("t"), STR("n"), 2, STAY);
    batch_put(&b, STR("t"), STR("a"), STR("x"), STAY);
    batch_add(&b, STR("t"), STR("n"), 3, STAY);
    CHECK_INT(store_write(store, &b), STORE_OK);
    CHECK_INT(batch_count(&b, STR("t"), STR("n")), 5);
    CHECK_INT(batch_count(&b, STR("t"), STR("a")), 0);
    batch_fini(&b);
    batch_init(&b, 0);
    batch_put(&b, STR("t"), STR("n"), STR("x"), STAY);
    batch_add(&b, STR("t"), STR("n"), 1, STAY);
    CHECK_INT(store_write(store, &b), STORE_INPUT);
    batch_fini(&b);
    CHECK_INT(count_of("n"), 5);
    rig_close();
}

/* --- expiry ---------------------------------------------------------------- */

static void an_expired_row_is_not_there(void)
{
    rig_open();
    put_until("a", STR("x"), 100, 0);
    CHECK(has_at("a", "x", 99));
    CHECK(has_at("a", NULL, 100));
    struct seen seen =
        look_with((struct store_look){.key = STR(""), .most = 9, .now = 100});
    CHECK_INT(seen.rows, 0);
    seen_fini(&seen);
    rig_close();
}

static void expired_rows_go_in_small_steps(void)
{
    struct store_stat stat;
    char key[16];
    rig_open();
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        put_until(key, STR("x"), i < 70 ? 10 : 20, 0);
    }
    int steps = 0, gone = 0, now;
    while ((now = sweep(15)) > 0 && ++steps) {
        CHECK(now <= 32);
        gone += now;
    }
    CHECK_INT(gone, 70);
    CHECK(steps > 1);
    CHECK_INT(store_stat(store, &stat), STORE_OK);
    CHECK_INT(stat.tables[0].rows, 30);
    CHECK_INT(stat.expiring, 30);
    rig_close();
}

static void a_row_that_was_set_again_does_not_go_at_its_old_time(void)
{
    struct store_stat stat;
    rig_open();
    put_until("a", STR("x"), 10, 0);
    put_until("a", STR("y"), 30, 0);
    CHECK_INT(sweep(20), 0);
    CHECK(has_at("a", "y", 20));
    put("a", "z");
    CHECK_INT(sweep(1000), 0);
    CHECK(has_at("a", "z", 1000));
    CHECK_INT(store_stat(store, &stat), STORE_OK);
    CHECK_INT(stat.expiring, 0);
    rig_close();
}

static void a_counter_that_has_expired_begins_anew(void)
{
    struct batch b;
    rig_open();
    batch_init(&b, 0);
    batch_add(&b, STR("t"), STR("n"), 5, 100);
    store_write(store, &b);
    batch_fini(&b);
    batch_init(&b, 50);
    batch_add(&b, STR("t"), STR("n"), 2, 900);
    store_write(store, &b);
    CHECK_INT(batch_count(&b, STR("t"), STR("n")), 7);
    batch_fini(&b);
    CHECK(has_at("n", NULL, 100));
    batch_init(&b, 100);
    batch_add(&b, STR("t"), STR("n"), 1, 200);
    store_write(store, &b);
    CHECK_INT(batch_count(&b, STR("t"), STR("n")), 1);
    batch_fini(&b);
    struct seen seen =
        look_with((struct store_look){.key = STR("n"), .now = 150});
    CHECK_INT(seen.expires, 200);
    seen_fini(&seen);
    rig_close();
}

/* --- what there is --------------------------------------------------------- */

static void it_tells_what_there_is(void)
{
    struct store_stat stat;
    rig_open();
    put("a", "x");
    put_until("b", STR("x"), 10, 0);
    CHECK_INT(store_stat(store, &stat), STORE_OK);
    CHECK_INT(stat.layout, 1);
    CHECK_INT(stat.tables_n, 1);
    CHECK_STR(str_of(stat.tables[0].name), "t");
    CHECK_INT(stat.tables[0].rows, 2);
    CHECK_INT(stat.expiring, 1);
    CHECK(stat.tables[0].bytes >= 4096);
    CHECK(stat.map >= (1 << 24));
    CHECK(stat.used > 0 && stat.used <= stat.file && stat.file < stat.map);
    rig_close();
}

static void sixty_tables_are_the_most(void)
{
    char name[16];
    rig_open();
    for (int i = 0; i <= STORE_MOST_TABLES; i++) {
        struct batch b;
        snprintf(name, sizeof name, "t%d", i);
        batch_init(&b, 0);
        batch_put(&b, str_of(name), STR("a"), STR("x"), STAY);
        CHECK_INT(store_write(store, &b),
                  i < STORE_MOST_TABLES ? STORE_OK : STORE_FULL);
        batch_fini(&b);
    }
    reopen();
    struct seen seen =
        look_with((struct store_look){.table = STR("t59"), .key = STR("a")});
    CHECK_INT(seen.result, STORE_OK);
    seen_fini(&seen);
    rig_close();
}

TESTS(a_row_is_there_once_it_is_written, a_row_is_there_after_opening_again,
      an_empty_value_is_a_value, a_large_value_comes_back_whole,
      tables_do_not_see_each_other,
      keys_are_walked_in_order_within_their_prefix, keys_may_be_any_bytes,
      what_cannot_be_stored_is_refused, counters_count,
      a_count_past_its_end_is_refused_and_changes_nothing,
      a_value_is_not_counted, one_batch_counts_twice_and_does_not_also_set,
      an_expired_row_is_not_there, expired_rows_go_in_small_steps,
      a_row_that_was_set_again_does_not_go_at_its_old_time,
      a_counter_that_has_expired_begins_anew, it_tells_what_there_is,
      sixty_tables_are_the_most)
