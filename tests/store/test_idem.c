/*
** test_idem.c -- answers on the disk: found again, for a while, within bounds.
*/
#include "net/folder.h"

#include <semaphore.h>

#include "store/idem.h"

#define HOUR (3600 * NANOS_S)

static struct idem idem;
static struct store_why why;
static sem_t told;

static const unsigned char chance[MAC_KEY] = "thirty-two bytes of chance ....";
static const unsigned char other[MAC_KEY] = "thirty-two other bytes .........";

static void open_idem(size_t most)
{
    CHECK_INT(idem_open(&idem, folder_path("store"), most, chance, &why), 0);
}

static void begin(size_t most)
{
    folder_open();
    idem = (struct idem){.store = NULL};
    sem_init(&told, 0, 0);
    open_idem(most);
}

static void end(void)
{
    idem_close(&idem);
    sem_destroy(&told);
    folder_close();
}

static struct mac mark_of(int n)
{
    struct mac m = {{(unsigned char)n, (unsigned char)(n >> 8), 7}};
    return m;
}

static void kept(struct idem_row *row)
{
    (void)row;
    sem_post(&told);
}

/* Keep it and wait until that is done. */
static enum store_result keep_body(int n, str body, nanos now, nanos ttl)
{
    struct idem_row row = {.mark = mark_of(n), .kept = kept};
    struct idem_answer a = {.status = 201,
                            .stream = n % 2 == 1,
                            .print = mark_of(n + 1000),
                            .model = STR("up/m"),
                            .body = body};
    enum store_result result = idem_keep(&idem, &row, &a, now, ttl);
    if (result == STORE_OK) {
        sem_wait(&told);
        result = row.batch.result;
    }
    idem_row_fini(&row);
    return result;
}

static bool is_there(int n, nanos now)
{
    struct idem_answer *a = NULL;
    struct mac mark = mark_of(n);
    enum store_result result = idem_find(&idem, &mark, now, &a);
    idem_answer_release(a);
    CHECK((result == STORE_OK) == (a != NULL));
    return a != NULL;
}

static void what_is_kept_is_found_as_it_was(void)
{
    begin(0);
    struct idem_answer *a = NULL;
    struct mac mark = mark_of(3), print = mark_of(1003);
    str body = {"data: \0x\n\n", 10};
    CHECK_INT(keep_body(3, body, 0, HOUR), STORE_OK);
    idem_close(&idem);
    open_idem(0);
    CHECK_INT(idem_find(&idem, &mark, 1, &a), STORE_OK);
    CHECK(a != NULL);
    if (a != NULL) {
        CHECK_INT(a->status, 201);
        CHECK(a->stream);
        CHECK_STR(a->model, "up/m");
        CHECK(str_eq(a->body, body));
        CHECK(mac_eq(&a->print, &print));
    }
    idem_answer_release(a);
    CHECK(!is_there(4, 1));
    end();
}

static void an_answer_is_gone_when_its_time_is_over(void)
{
    begin(0);
    CHECK_INT(keep_body(1, STR("x"), 5 * HOUR, HOUR), STORE_OK);
    CHECK(is_there(1, 6 * HOUR - 1));
    CHECK(!is_there(1, 6 * HOUR));
    end();
}

static void an_empty_body_is_an_answer(void)
{
    begin(0);
    CHECK_INT(keep_body(2, STR(""), 0, HOUR), STORE_OK);
    CHECK(is_there(2, 1));
    end();
}

static void the_secret_is_the_stores_for_good(void)
{
    begin(0);
    CHECK(memcmp(idem.secret, chance, MAC_KEY) == 0);
    idem_close(&idem);
    CHECK_INT(idem_open(&idem, folder_path("store"), 0, other, &why), 0);
    CHECK(memcmp(idem.secret, chance, MAC_KEY) == 0);
    end();
}

/* A row of the answers that nobody of ours wrote. */
static void plant(int n, str value)
{
    struct batch b;
    struct mac mark = mark_of(n);
    batch_init(&b, 0);
    batch_put(&b, STR("answers"), (str){(char *)mark.byte, MAC_BYTES}, value,
              HOUR);
    CHECK_INT(store_write(idem.store, &b), STORE_OK);
    batch_fini(&b);
}

static void a_row_of_another_layout_is_no_answer(void)
{
    char row[60] = {2};
    begin(0);
    plant(1, (str){row, sizeof row});
    CHECK(!is_there(1, 1));
    row[0] = 1;
    plant(2, (str){row, 20});
    CHECK(!is_there(2, 1));
    row[4] = 23; /* a model longer than what is left */
    plant(3, (str){row, sizeof row});
    CHECK(!is_there(3, 1));
    end();
}

/* So many answers of 20 kB, one each second: how many of them were kept. */
static int fill(int n, nanos ttl)
{
    static char body[20000];
    int kept_n = 0;
    for (int i = 0; i < n; i++)
        kept_n += keep_body(i, (str){body, sizeof body}, i * NANOS_S, ttl) ==
                  STORE_OK;
    return kept_n;
}

static void when_it_is_full_those_go_that_would_go_first(void)
{
    begin((size_t)2 << 20);
    CHECK_INT(fill(400, 500 * NANOS_S), 400);
    nanos now = 399 * NANOS_S;
    CHECK(is_there(399, now));
    CHECK(is_there(398, now));
    CHECK(!is_there(0, now));
    int there = 0;
    for (int i = 0; i < 400; i++)
        there += is_there(i, now);
    CHECK(there >= 20);
    end();
}

static void a_long_life_gives_way_too(void)
{
    begin((size_t)2 << 20);
    int kept_n = fill(400, 24 * HOUR);
    CHECK_INT(kept_n, 400);
    CHECK(is_there(399, 399 * NANOS_S));
    CHECK(!is_there(0, 399 * NANOS_S));
    end();
}

static void what_stands_in_the_way_is_told(void)
{
    folder_open();
    folder_make("store");
    folder_write("store/idempotency", "not a folder");
    idem = (struct idem){.store = NULL};
    CHECK(idem_open(&idem, folder_path("store"), 0, chance, &why) != 0);
    CHECK(strstr(why.text, "store/idempotency") != NULL);
    CHECK(idem.store == NULL);
    folder_close();
}

static void one_that_is_used_twice_is_freed_once(void)
{
    struct idem_answer like = {.status = 200, .body = STR("x")};
    struct idem_answer *a = idem_answer_new(&like);
    CHECK(a != NULL && idem_answer_hold(a) == a);
    idem_answer_release(a);
    CHECK_STR(a->body, "x");
    idem_answer_release(a);
    idem_answer_release(NULL);
}

TESTS(what_is_kept_is_found_as_it_was, an_answer_is_gone_when_its_time_is_over,
      an_empty_body_is_an_answer, the_secret_is_the_stores_for_good,
      a_row_of_another_layout_is_no_answer,
      when_it_is_full_those_go_that_would_go_first, a_long_life_gives_way_too,
      what_stands_in_the_way_is_told, one_that_is_used_twice_is_freed_once)
