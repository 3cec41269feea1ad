/*
** test_store_threads.c -- many threads on one store: those that write, those
** that look, and a map that grows beneath them.
*/
#include "store/store_rig.h"

#include <pthread.h>
#include <stdatomic.h>

#define WRITERS 3
#define READERS 3
#define BATCHES 120

static atomic_int acknowledged, failed;
static atomic_bool over;

static void count_it(struct batch *b)
{
    atomic_fetch_add(b->result == STORE_OK ? &acknowledged : &failed, 1);
    batch_fini(b);
    mem_free(b);
}

/* Each batch moves one from a counter to another, and leaves a row. */
static void *write_many(void *arg)
{
    static char block[70000];
    int from = (int)(intptr_t)arg * BATCHES;
    for (int i = from; i < from + BATCHES; i++) {
        char key[16];
        struct batch *b = mem_alloc(sizeof *b);
        snprintf(key, sizeof key, "k%06d", i);
        batch_init(b, i);
        batch_add(b, STR("t"), STR("from"), -1, STAY);
        batch_add(b, STR("t"), STR("to"), 1, STAY);
        batch_put(b, STR("blocks"), str_of(key), (str){block, sizeof block},
                  i % 2 == 0 ? STAY : i + 50);
        b->done = count_it;
        while (store_commit(store, b) == STORE_QUEUE)
            continue;
    }
    return NULL;
}

struct balance {
    int64_t sum;
    int rows;
};

static void weigh(void *user, const struct row *row)
{
    struct balance *balance = user;
    balance->sum += row->count;
    balance->rows += row->value.p == NULL;
}

/* A look sees each batch whole: the two counters are always even. */
static void *read_many(void *arg)
{
    int *wrong = arg;
    while (!atomic_load(&over)) {
        struct balance balance = {0, 0};
        struct store_look look = {.table = STR("t"),
                                  .key = STR(""),
                                  .most = 9,
                                  .row = weigh,
                                  .user = &balance};
        store_look(store, &look);
        *wrong += balance.sum != 0 || (balance.rows != 0 && balance.rows != 2);
    }
    return NULL;
}

static void a_batch_is_seen_whole_while_others_write_and_the_map_grows(void)
{
    pthread_t writers[WRITERS], readers[READERS];
    int wrong[READERS] = {0};
    atomic_store(&acknowledged, 0);
    atomic_store(&failed, 0);
    atomic_store(&over, false);
    rig_open();
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_many, &wrong[i]);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, write_many, (void *)(intptr_t)i);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    CHECK_INT(put("last", "x"), STORE_OK);
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
        CHECK_INT(wrong[i], 0);
    }
    CHECK_INT(acknowledged, WRITERS * BATCHES);
    CHECK_INT(failed, 0);
    CHECK_INT(count_of("to"), WRITERS * BATCHES);
    CHECK_INT(count_of("from"), -WRITERS * BATCHES);
    rig_close();
}

static void *open_and_close(void *arg)
{
    int *wrong = arg;
    for (int i = 0; i < 50; i++) {
        struct store *mine;
        struct store_options how = {.path = options.path};
        struct store_why no;
        struct batch b;
        if (store_open(&mine, &how, &no) != STORE_OK) {
            ++*wrong;
            continue;
        }
        batch_init(&b, 0);
        batch_add(&b, STR("t"), STR("opened"), 1, STAY);
        *wrong += store_write(mine, &b) != STORE_OK;
        batch_fini(&b);
        store_close(mine);
    }
    return NULL;
}

static void threads_that_open_and_close_it_share_one(void)
{
    pthread_t threads[4];
    int wrong[4] = {0};
    folder_open();
    char path[128];
    snprintf(path, sizeof path, "%s", folder_path("store"));
    options = (struct store_options){.path = path};
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_and_close, &wrong[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(wrong[i], 0);
    }
    CHECK_INT(open_again(), STORE_OK);
    CHECK_INT(count_of("opened"), 200);
    rig_close();
}

TESTS(a_batch_is_seen_whole_while_others_write_and_the_map_grows,
      threads_that_open_and_close_it_share_one)
