/*
** test_memory.c -- a store in memory answers as one on a disk does.
*/
#include "unit.h"

#include "store/batch.h"
#include "store/memory.h"

static struct store *store;
static char shown[200];

static enum store_result commit(struct batch *b)
{
    enum store_result result = store_write(store, b);
    batch_fini(b);
    return result;
}

static enum store_result put(const char *table, const char *key,
                             const char *value, nanos expires)
{
    struct batch b;
    batch_init(&b, 5);
    batch_put(&b, str_of(table), str_of(key), str_of(value), expires);
    return commit(&b);
}

static void on_row(void *user, const struct row *row)
{
    (void)user;
    size_t n = strlen(shown);
    snprintf(shown + n, sizeof shown - n, "%.*s=%.*s ", STR_ARG(row->key),
             STR_ARG(row->value));
}

static void on_done(void *user, enum store_result result)
{
    *(enum store_result *)user = result;
}

static const char *look(const char *key, const char *after, int most, nanos now)
{
    enum store_result result = STORE_RESULTS;
    shown[0] = '\0';
    store_look(store, &(struct store_look){.table = STR("t"),
                                           .key = str_of(key),
                                           .after = str_of(after),
                                           .most = most,
                                           .now = now,
                                           .row = on_row,
                                           .done = on_done,
                                           .user = &result});
    CHECK_INT(result, shown[0] == '\0' ? STORE_MISSING : STORE_OK);
    return shown;
}

static void rows_are_set_and_looked_at_in_order(void)
{
    store = store_in_memory(0);
    CHECK_INT(put("t", "b", "2", NANOS_NEVER), STORE_OK);
    put("t", "a1", "1", NANOS_NEVER);
    put("t", "a", "0", NANOS_NEVER);
    put("u", "a", "other", NANOS_NEVER);
    put("t", "b", "3", NANOS_NEVER);
    CHECK_STR(str_of(look("a", NULL, 0, 0)), "a=0 ");
    CHECK_STR(str_of(look("", NULL, 9, 0)), "a=0 a1=1 b=3 ");
    CHECK_STR(str_of(look("a", NULL, 9, 0)), "a=0 a1=1 ");
    CHECK_STR(str_of(look("", "a", 1, 0)), "a1=1 ");
    CHECK_STR(str_of(look("", "a0", 9, 0)), "a1=1 b=3 ");
    CHECK_STR(str_of(look("c", NULL, 0, 0)), "");
    store_close(store);
}

static void what_has_expired_is_not_there(void)
{
    store = store_in_memory(0);
    put("t", "a", "1", 10);
    put("t", "b", "2", 20);
    CHECK_STR(str_of(look("", NULL, 9, 9)), "a=1 b=2 ");
    CHECK_STR(str_of(look("", NULL, 9, 10)), "b=2 ");
    CHECK_STR(str_of(look("a", NULL, 0, 10)), "");
    store_close(store);
}

static void a_batch_is_applied_as_a_whole_or_not_at_all(void)
{
    struct batch b;
    store = store_in_memory(0);
    put("t", "text", "1", NANOS_NEVER);
    batch_init(&b, 5);
    batch_delete(&b, STR("t"), STR("text"));
    batch_add(&b, STR("n"), STR("x"), 4, NANOS_NEVER);
    batch_add(&b, STR("n"), STR("x"), 5, NANOS_NEVER);
    CHECK_INT(store_write(store, &b), STORE_OK);
    CHECK_INT(batch_count(&b, STR("n"), STR("x")), 9);
    batch_fini(&b);
    batch_init(&b, 5);
    batch_put(&b, STR("t"), STR("a"), STR("1"), NANOS_NEVER);
    batch_add(&b, STR("n"), STR("x"), INT64_MAX, NANOS_NEVER);
    CHECK_INT(commit(&b), STORE_COUNTER);
    CHECK_STR(str_of(look("", NULL, 9, 0)), "");
    store_close(store);
}

static void it_takes_so_much_and_no_more(void)
{
    store = store_in_memory(200);
    CHECK_INT(put("t", "a", "1", NANOS_NEVER), STORE_OK);
    CHECK_INT(put("t", "b", "2", NANOS_NEVER), STORE_OK);
    CHECK_INT(put("t", "c", "3", NANOS_NEVER), STORE_FULL);
    CHECK_STR(str_of(look("", NULL, 9, 0)), "a=1 b=2 ");
    store_close(store);
}

TESTS(rows_are_set_and_looked_at_in_order, what_has_expired_is_not_there,
      a_batch_is_applied_as_a_whole_or_not_at_all, it_takes_so_much_and_no_more)
